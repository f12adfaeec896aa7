"""What a simulated switch is told on its first day, and shows again afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.plan import tree
from tests.lab.devices import told

SWITCH = "sw-001"
HASH = "0123456789ABCDEF0123456789ABCDEF"


@pytest.fixture
def lab() -> Iterator[DeviceLab]:
    with running_lab(tree(1)) as made:
        yield made


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["no ip http server", "ip http secure-server"], ["no ip http server"]),
        (["ip name-server 10.10.10.1"], ["ip name-server 10.10.10.1"]),
        (["clock timezone WIB 7 0"], ["clock timezone WIB 7 0"]),
        (["logging host 10.10.10.9"], ["logging host 10.10.10.9"]),
        (
            ["line vty 0 15", "transport input ssh", "login local", "exec-timeout 10 0"],
            ["line vty 0 15", " transport input ssh", " login local", " exec-timeout 10 0"],
        ),
        (
            ["ip ssh pubkey-chain", "username provisioner", f"key-hash ssh-rsa {HASH} kantor"],
            [
                "ip ssh pubkey-chain",
                " username provisioner",
                f"   key-hash ssh-rsa {HASH} kantor",
            ],
        ),
    ],
)
def test_it_is_shown_as_it_was_told_once(
    lab: DeviceLab, lines: list[str], shown: list[str]
) -> None:
    for _ in range(2):
        assert "%" not in told(lab, SWITCH, "conf t", *lines)
    running = lab.configuration(SWITCH)
    assert "\n".join(shown) + "\n" in running
    assert running.count(shown[-1]) == 1


def test_a_key_is_made_and_told_of(lab: DeviceLab) -> None:
    assert "[OK]" in told(lab, SWITCH, "conf t", "crypto key generate rsa modulus 3072")
    answer = told(lab, SWITCH, "conf t", "ip ssh version 2", "end", "show ip ssh")
    assert "SSH Enabled - version 2.0" in answer
    assert "Modulus Size : 3072 bits" in answer
