"""Any Ansible inventory as devices: sources, variables, vault, faults, changes; no secret shown."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from provisioner.drivers.ansible.inventory import Hosts, check_hosts, read_hosts
from provisioner.drivers.network import Host
from provisioner.errors import Misconfigured
from provisioner.settings import AnsibleSettings, Settings

VAULT_PASSWORD = "gembok-kantor"
SWITCH = "switches: {hosts: {sw-1: {ansible_user: u, provisioner_platform: cisco_ios%s}}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "hosts.yml"


def encrypted(text: str) -> str:
    """The text as a vault value, made by Ansible itself."""
    script = (
        "import sys; from ansible.parsing.vault import VaultLib, VaultSecret\n"
        "lib = VaultLib([('default', VaultSecret(sys.argv[1].encode()))])\n"
        "print(lib.encrypt(sys.argv[2]).decode())"
    )
    made = subprocess.run(
        [sys.executable, "-c", script, VAULT_PASSWORD, text],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.strip()


def vault_value(text: str, indent: int) -> str:
    lines = encrypted(text).splitlines()
    return "!vault |\n" + "\n".join(" " * indent + line for line in lines)


def test_the_offices_own_example_is_read() -> None:
    hosts = read_hosts([Path("inventory/hosts.yml").absolute()])
    assert hosts["sw-pendopo-1"] == Host(
        name="sw-pendopo-1",
        platform="cisco_ios",
        groups=frozenset({"switches"}),
        address="10.0.1.2",
        port=22,
        user="provisioner",
        site="pendopo",
    )
    assert hosts["ap-pendopo-2"].user == "root"
    assert hosts["rt-core-1"].groups == {"routers"}


def test_groups_variables_templates_and_vault(tmp_path: Path) -> None:
    folder = tmp_path / "inventory"
    (folder / "group_vars/access_points").mkdir(parents=True)
    (folder / "host_vars").mkdir()
    (folder / "hosts.ini").write_text(
        "[access_points]\nap-1 ansible_port=2201 provisioner_legacy_crypto=yes\nap-2\n"
        "[campus:children]\naccess_points\n[campus:vars]\nsubnet=10.9.8\n"
        "[servers]\nmail-1 ansible_password=belongs-to-somebody-else\n"
    )
    (folder / "more.yaml").write_text("all: {children: {access_points: {hosts: {ap-3: {}}}}}\n")
    (folder / "group_vars/access_points/plain.yml").write_text(
        "provisioner_platform: openwrt\nansible_user: root\n"
        "ansible_host: '{{ subnet }}.{{ inventory_hostname[-1] }}'\n"
        f"ansible_password: {vault_value('rahasia-ap', 2)}\n"
    )
    secrets = encrypted("hidden: rahasia-dua\n")
    (folder / "host_vars/ap-2.yml").write_text(secrets + "\n")
    (folder / "host_vars/ap-3.yml").write_text(
        "ansible_become_password: '{{ hostvars[\"ap-2\"].hidden }}'\n"
        "provisioner_dead_man: best_effort\n"
        "ansible_ssh_private_key_file: keys/ap-3\nprovisioner_aaa: radius-1\n"
    )
    hosts = read_hosts([folder], lambda: VAULT_PASSWORD)
    assert set(hosts) == {"ap-1", "ap-2", "ap-3"}
    assert (hosts["ap-1"].address, hosts["ap-1"].port) == ("10.9.8.1", 2201)
    assert hosts["ap-1"].legacy_crypto
    assert hosts["ap-1"].groups == {"access_points", "campus"}
    assert {host.password for host in hosts.values()} == {"rahasia-ap"}
    assert hosts["ap-3"].become_password == "rahasia-dua"
    assert (hosts["ap-3"].dead_man, hosts["ap-3"].aaa) == ("best_effort", "radius-1")
    assert "rahasia" not in repr(hosts)
    settings = Settings(
        base=tmp_path,
        inventory=[Path("inventory")],
        ansible=AnsibleSettings(vault_password="file:vault"),
    )
    (tmp_path / "vault").write_text(VAULT_PASSWORD + "\n")
    assert Hosts(settings)()["ap-3"].private_key_file == str(tmp_path / "keys/ap-3")

    (fault, *_) = check_hosts([folder], lambda: "another-password")
    assert fault.file.endswith("ap-2.yml") or fault.key.startswith("ap-")
    assert "rahasia" not in str(fault)


def test_a_dynamic_inventory_sees_its_own_environment_but_no_secret_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "netbox"
    script.write_text(
        "#!/bin/sh\necho noise >&2\n"
        'test -n "$SECRET_OF_OURS$ANSIBLE_X$PROVISIONER_X" && exit 3\n'
        'cat <<EOF\n{"switches": {"hosts": ["sw-7"]}, "_meta": {"hostvars": {"sw-7": '
        '{"ansible_host": "$ADDRESS", "ansible_user": "x", '
        '"provisioner_platform": "cisco_ios"}}}}\n'
        "EOF\n"
    )
    script.chmod(0o755)
    for name in ("SECRET_OF_OURS", "ANSIBLE_X", "PROVISIONER_X"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("ADDRESS", "10.1.1.7")
    settings = Settings(
        base=tmp_path,
        inventory=[script],
        ansible=AnsibleSettings(vault_password="env:SECRET_OF_OURS"),
    )
    assert Hosts(settings)()["sw-7"].address == "10.1.1.7"


@pytest.mark.parametrize(
    ("variables", "key", "remedy"),
    [
        ("provisioner_platform: junos", "provisioner_platform", "cisco_ios, linux, mikrotik"),
        ("ansible_port: 70000", "ansible_port", "at most 65535"),
        ("ansible_port: '{{ nowhere }}'", "ansible_port", "cannot be worked out"),
        ("provisioner_dead_man: maybe", "provisioner_dead_man", "'required', 'best_effort'"),
        ("provisioner_legacy_crypto: perhaps", "provisioner_legacy_crypto", "true or false"),
        ("provisioner_site: 'a b'", "provisioner_site", "not written in the form"),
        (
            "provisioner_probe_interface: 'wlan0; id'",
            "provisioner_probe_interface",
            "not written in the form",
        ),
        ("ansible_host: '-oProxyCommand=id'", "ansible_host", "not written in the form"),
        ("ansible_user: '-l root'", "ansible_user", "not written in the form"),
        ("ansible_user: ''", "ansible_user", "is missing"),
        ("ansible_connection: local", "ansible_connection", "by SSH"),
        ("provisioner_deadman: best_effort", "provisioner_deadman", "check its spelling"),
    ],
)
def test_faults_name_file_host_variable_and_remedy(
    file: Path, variables: str, key: str, remedy: str
) -> None:
    given = {"ansible_user": "u", "provisioner_platform": "cisco_ios"}
    given.pop(variables.partition(":")[0], None)
    rest = "".join(f", {name}: {value}" for name, value in given.items())
    file.write_text(f"switches: {{hosts: {{sw-1: {{{variables}{rest}}}}}}}\n")
    (fault,) = check_hosts([file])
    assert (fault.file, fault.key) == (str(file), f"sw-1.{key}")
    assert remedy in str(fault.remedy)


def test_only_a_router_may_be_without_a_platform(file: Path) -> None:
    file.write_text("routers: {hosts: {rt-1: {}}}\nprobes: {hosts: {pi-1: {ansible_user: u}}}\n")
    (fault,) = check_hosts([file])
    assert fault.key == "pi-1.provisioner_platform"
    file.write_text("routers: {hosts: {rt-1: {}}}\n")
    assert read_hosts([file])["rt-1"].platform == ""


def test_a_name_that_is_no_key_a_missing_file_and_no_inventory(tmp_path: Path, file: Path) -> None:
    file.write_text("switches: {hosts: {'sw 1$(id)': {provisioner_platform: cisco_ios}}}\n")
    (fault,) = check_hosts([file])
    assert "rename it" in str(fault)
    (fault,) = check_hosts([tmp_path / "nowhere.yml"])
    assert (fault.file, fault.key) == (str(tmp_path / "nowhere.yml"), "-")
    file.write_text("switches: [\n  ansible_password: rahasia-sekali\n")
    (fault,) = check_hosts([file])
    assert fault.file == str(file)
    assert "rahasia" not in str(fault)
    assert read_hosts([]) == {}


def test_what_yaml_holds_against_a_file_is_told_by_line(tmp_path: Path, file: Path) -> None:
    host = "{ansible_user: u, provisioner_platform: linux}"
    file.write_text(f"switches:\n  hosts:\n    sw-1: {host}\n    sw-1: {host}\n")
    (fault,) = check_hosts([file])
    assert (fault.file, fault.key) == (str(file), "line 4")
    assert "sw-1 is given twice" in str(fault)
    file.write_text("switches:\n\thosts: {}\n")
    (fault,) = check_hosts([file])
    assert fault.key == "line 2"
    file.write_text(f"switches: {{hosts: {{sw-1: {host}}}}}\n")
    folder = tmp_path / "group_vars"
    folder.mkdir(exist_ok=True)
    (folder / "all.yml").write_text("ansible_port: 22\nansible_port: 2222\n")
    (fault,) = check_hosts([file])
    assert (fault.file, fault.key) == (str(folder / "all.yml"), "line 2")


def test_a_dynamic_inventory_that_does_not_run_is_told_apart(tmp_path: Path) -> None:
    script = tmp_path / "dynamic.sh"
    script.write_text("#!/bin/sh\nexit 3\n")
    (fault,) = check_hosts([script])
    assert "chmod +x" in str(fault)
    script.chmod(0o700)
    (fault,) = check_hosts([script])
    assert "--list" in str(fault)


def test_hosts_are_kept_until_a_file_changes_and_shared_by_threads(file: Path) -> None:
    file.write_text(SWITCH % "")
    hosts = Hosts(Settings(base=file.parent, inventory=[file]))
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(hosts())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one is found[0] for one in found)
    file.write_text(SWITCH % ", ansible_host: 10.2.2.2")
    assert hosts()["sw-1"].address == "10.2.2.2"
    variables = file.parent / "group_vars"
    variables.mkdir()
    (variables / "switches.yml").write_text("provisioner_site: kantor\n")
    assert hosts()["sw-1"].site == "kantor"
    file.write_text(SWITCH % ", ansible_port: x")
    with pytest.raises(Misconfigured):
        hosts()


def test_an_inventory_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "slow"
    script.write_text(f"#!/bin/sh\nsetsid sleep 987 &\necho $! > {tmp_path}/pid\nsleep 987\n")
    script.chmod(0o755)
    monkeypatch.setattr("provisioner.drivers.ansible.inventory.READ_SECONDS", 4.0)
    (fault,) = check_hosts([script])
    assert "in time" in str(fault)
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
