"""What a new device is to be, as the inventory says it: checked, and without a secret told."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.drivers.ansible.day_zero_data import parsed, scrypt_hash, variables
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.errors import Misconfigured
from provisioner.settings import Settings


def test_values_for_each_dialect() -> None:
    found = parsed(
        "sw-1",
        {
            "day_zero_prefix": "10.99.0.11/24",
            "day_zero_ntp": ["10.0.0.1"],
            "day_zero_password": "rahasia",
            "day_zero_time_zone": "Asia/Kathmandu",
            "ansible_user": "x",
        },
    )
    values = found.values()
    assert values["address_and_mask"] == "10.99.0.11 255.255.255.0"
    assert values["clock"] == "LOCAL 5 45"
    assert values["posix_zone"] == "<+0545>-5:45"
    assert parsed("sw-1", {}).values()["clock"] == "WIB 7 0"
    assert parsed("sw-1", {}).values()["posix_zone"] == "WIB-7"
    assert "rahasia" not in f"{values} {found!r}"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ntp", ["satu"]),
        ("domain", "a b"),
        ("uplink", "Gi1/0/1; reload"),
        ("vlan", 5000),
        ("time_zone", "Mars/Kutub"),
        ("prefix", "10.0.0.300/24"),
    ],
)
def test_a_fault_names_host_and_variable_and_no_value(variable: str, value: object) -> None:
    with pytest.raises(Misconfigured) as caught:
        parsed("sw-1", {f"day_zero_{variable}": value})
    assert f"sw-1.day_zero_{variable}" in str(caught.value)
    assert str(value) not in str(caught.value)


def test_any_inventory_gives_them_lists_too(tmp_path: Path) -> None:
    (tmp_path / "hosts.ini").write_text(
        "[switches]\nsw-1 ansible_user=u provisioner_platform=cisco_ios day_zero_vlan=99\n"
    )
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/switches.yml").write_text(
        "day_zero_ntp: [10.0.0.1, '{{ second }}']\nsecond: 10.0.0.2\n"
    )
    hosts = Hosts(Settings(base=tmp_path, inventory=[tmp_path / "hosts.ini"]))
    found = parsed("sw-1", hosts.variables(variables())["sw-1"])
    assert [str(address) for address in found.ntp] == ["10.0.0.1", "10.0.0.2"]
    assert found.vlan == 99


def test_the_secret_of_ios_is_salted() -> None:
    one, other = scrypt_hash("rahasia"), scrypt_hash("rahasia")
    assert one != other
    assert [len(part) for part in one.split("$")] == [0, 1, 14, 43]
