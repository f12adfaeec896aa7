"""Ports and devices under the names that platforms and protocols give them."""

from __future__ import annotations

import pytest

from provisioner.checks.judging import same_device
from provisioner.checks.seen import Seen
from provisioner.topology.names import Names, port
from tests.unit.network_seen import CHAIN, NOW


@pytest.mark.parametrize(
    ("told", "full"),
    [
        ("Gi1/0/1", "GigabitEthernet1/0/1"),
        ("Gig 1/0/1", "GigabitEthernet1/0/1"),
        ("gigabitethernet1/0/1", "GigabitEthernet1/0/1"),
        ("Te1/1/4", "TenGigabitEthernet1/1/4"),
        ("Twe1/0/1", "TwentyFiveGigE1/0/1"),
        ("Tw1/0/1", "TwoGigabitEthernet1/0/1"),
        ("Fas 0/24", "FastEthernet0/24"),
        ("GigabitEthernet0/0.99", "GigabitEthernet0/0.99"),
        ("bridge/ether5", "ether5"),
        ("bridge1/sfp-sfpplus1", "sfp-sfpplus1"),
        ("ether5", "ether5"),
        ("eth0@if4", "eth0"),
        ("lan1", "lan1"),
        ("00:0c:42:aa:bb:01", ""),
        ("000c.42aa.bb01", ""),
        ("", ""),
    ],
)
def test_a_port_has_one_full_name(told: str, full: str) -> None:
    assert port(told) == full


def test_a_device_is_found_by_what_it_calls_itself() -> None:
    names = Names(["sw-core-1", "rt.core", "ap-1"], {"Aula AP": "ap-1"}, {"10.9.9.7": "sw-core-1"})
    assert names.device("SW-Core-1.banyumas.go.id") == "sw-core-1"
    assert names.device("sw-core-1(FOC1234X0AB)") == "sw-core-1"
    assert names.device("rt.core") == "rt.core"
    assert names.device("rt.core.banyumas.go.id") == "rt.core"
    assert names.device("aula ap") == "ap-1"
    assert names.device("", "10.9.9.7") == "sw-core-1"
    assert names.device("SEP0011223344") is None
    assert names.device("", "") is None


@pytest.mark.parametrize(
    ("told", "name", "same"),
    [
        ("sw.aula", "sw.aula", True),
        ("SW.aula.kampus.example", "sw.aula", True),
        ("sw", "sw.aula", True),
        ("sw.pasar", "sw.aula", False),
        ("sw-1", "sw-10", False),
    ],
)
def test_a_neighbour_with_dots_in_its_name_is_taken_for_no_other(
    told: str, name: str, same: bool
) -> None:
    assert same_device(Seen(NOW, CHAIN), told, name) is same
