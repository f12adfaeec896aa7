"""Scopes, the way out, names and strangers, as the driver reads them from the lab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.drivers.network.examination import Inquiry, NameResult, PingResult, Stranger
from tests.contract.ios_examining import LEAF, examined
from tests.contract.ios_stage import Stage, as_router, staged

FREE = "GigabitEthernet1/0/9"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("ios")) as made:
        yield made


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    yield shared
    shared.lab.clear()


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("router")) as made:
        as_router(made)
        made.type(
            "vlan 40",
            "interface vlan 40",
            "ip address 10.40.1.1 255.255.255.0",
            "ip dhcp excluded-address 10.40.1.1 10.40.1.10",
            "ip dhcp pool TAMU",
            "network 10.40.1.0 255.255.255.0",
            "default-router 10.40.1.1",
            "ip route 0.0.0.0 0.0.0.0 192.0.2.1",
            "ip name-server 192.0.2.53",
        )
        leaf = made.lab.device(LEAF)
        leased = {"10.40.1.20": "00a1.b2c3.d4e5", "10.40.1.21": "00a1.b2c3.d4e6"}
        made.lab.call(lambda: leaf.leased.update(leased))  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def routing(router: Stage) -> Iterator[Stage]:
    yield router
    router.lab.clear()


OUTSIDE = Inquiry(frozenset({"addresses"}), ("192.0.2.1", "198.51.100.9"), ("portal.example",))


def test_a_healthy_router(routing: Stage) -> None:
    found = examined(routing, LEAF, OUTSIDE)
    (scope,) = found.scopes
    assert (scope.name, scope.network, scope.interface, scope.vlan) == (
        "TAMU", "10.40.1.0/24", "Vlan40", 40,
    )  # fmt: skip
    assert (scope.size, scope.used, scope.enabled) == (244, 2, True)
    assert [lease.address for lease in found.leases] == ["10.40.1.20", "10.40.1.21"]
    assert (found.gateway, found.resolvers) == ("192.0.2.1", ("192.0.2.53",))
    assert found.pings == tuple(PingResult(each, 3, 3, 2.0) for each in OUTSIDE.pings)
    assert found.names == (NameResult("portal.example", ("198.51.100.80",)),)
    assert (found.untold, found.ports) == ({}, {})


def test_an_empty_scope_and_a_dead_server(routing: Stage) -> None:
    routing.lab.fault("scope-empty", host=LEAF, network="10.40.1.0/24")
    (scope,) = examined(routing, LEAF).scopes
    assert (scope.size, scope.used) == (244, 244)
    routing.lab.fault("dhcp-dead", host=LEAF)
    (scope,) = examined(routing, LEAF).scopes
    assert not scope.enabled


@pytest.mark.parametrize(
    ("fault", "received"),
    [("internet-dead", [3, 0]), ("gateway-dead", [0, 0]), ("internet-lossy", [3, 1])],
)
def test_the_way_out(routing: Stage, fault: str, received: list[int]) -> None:
    routing.lab.fault(fault, host=LEAF)
    found = examined(routing, LEAF, OUTSIDE)
    assert [each.received for each in found.pings] == received
    assert [each.ms is None for each in found.pings] == [not each for each in received]


def test_names_that_are_not_resolved(routing: Stage) -> None:
    routing.lab.fault("dns-dead", host=LEAF)
    (found,) = examined(routing, LEAF, OUTSIDE).names
    assert found.addresses == ()
    assert "Unrecognized host" in found.error


def test_what_is_no_address_and_no_name_is_not_sent(routing: Stage) -> None:
    routing.lab.forget()
    strange = Inquiry(frozenset(), ("192.0.2.1\nreload", "::1", ""), ("a b", "x\nreload", "-x|y"))
    found = examined(routing, LEAF, strange)
    assert set(found.untold) == {"pings", "names"}
    assert found.pings == ()
    assert not [line for line in routing.lab.lines(LEAF) if "ping" in line or "reload" in line]


def test_a_switch_without_resolvers_cannot_be_asked_for_names(stage: Stage) -> None:
    found = examined(stage, inquiry=Inquiry(frozenset(), names=("portal.example",)))
    assert set(found.untold) == {"names"}


def test_a_stranger_that_answers_dhcp(stage: Stage) -> None:
    stage.lab.fault("rogue-dhcp", host=LEAF, port=FREE, vlan=110)
    found = examined(stage, LEAF)
    assert found.strangers == (Stranger(mac="02:66:6f:6f:00:01", port=FREE, vlan=110),)
