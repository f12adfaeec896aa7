"""Which remedies a cause is offered, and where one would only do harm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.checks.diagnosis import diagnose
from provisioner.checks.model import Finding, Place, RemedyOffer, Result
from provisioner.checks.offers import offered
from provisioner.checks.rules import Rule
from provisioner.checks.seen import Seen
from provisioner.drivers.network import (
    AccessPort,
    Examination,
    Intent,
    PortHealth,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.services.network_findings import NetworkFinding, Way
from provisioner.texts import say
from tests.unit.chain_world import AP_1, CORE, ROUTER, SCHOOL, chain

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
ALL = (
    "bounce_port", "enable_port", "cycle_power", "drop_lease", "restart_radio", "instance.settle",
    "instance.restart", "instance.delete_snapshot", "instance.resize", "nonsense",
)  # fmt: skip


def offers(
    named: str,
    place: Place,
    /,
    *remedies: str,
    target: str = "site:smp-1",
    drift: Mapping[str, tuple[NetworkFinding, ...]] | None = None,
    examined: Mapping[str, Examination] | None = None,
    **values: Any,
) -> tuple[RemedyOffer, ...]:
    """Of a rule for that finding with these remedies; all there are, if none is named."""
    rule = Rule(named, say("x"), say("y"), remedies=remedies or ALL)
    seen = Seen(AT, chain(target), drift=drift or {}, examined=examined or {})
    results = [Result("check", place, AT, "", Finding(named, place, values))]
    found = diagnose(seen.chain, results, (), (rule,), {})
    (cause,) = offered(found, results, seen, (rule,)).causes
    return cause.remedies


def kinds(found: tuple[RemedyOffer, ...]) -> list[str]:
    return [each.kind for each in found]


def port(device: str, name: str) -> Place:
    return Place("port", device, name)


PORTS = ("bounce_port", "enable_port", "cycle_power")


@pytest.mark.parametrize(
    ("key", "place", "expected"),
    [
        ("port.errors", port(SCHOOL, "Gi1/0/5"), list(PORTS)),
        ("port.errors", port(SCHOOL, "Gi1/0/1"), list(PORTS)),
        ("port.errors", port(SCHOOL, "Gi1/0/24"), ["enable_port"]),
        ("port.errors", port(CORE, "Gi1/0/3"), ["enable_port"]),
        ("port.err_disabled", port(CORE, "Gi1/0/3"), list(PORTS)),
        ("port.err_disabled", port(SCHOOL, "Gi1/0/24"), ["enable_port"]),
        ("port.errors", Place("device", SCHOOL), []),
    ],
    ids=["user's port", "access point's port", "uplink", "port to a switch with others behind",
         "that port, passing nothing", "uplink, passing nothing", "no port"],
)  # fmt: skip
def test_a_port_is_only_cut_where_nobody_else_is_cut_off(
    key: str, place: Place, expected: list[str]
) -> None:
    assert kinds(offers(key, place, *PORTS)) == expected


def test_a_port_s_remedy_names_it() -> None:
    (offer,) = offers("port.err_disabled", port(SCHOOL, "Gi1/0/5"), "bounce_port")
    assert dict(offer.details) == {"device": SCHOOL, "port": "Gi1/0/5"}
    assert offer.key == f"bounce_port {SCHOOL} Gi1/0/5"


@pytest.mark.parametrize(
    ("feeding", "expected"), [("on", ["cycle_power"]), (None, []), ("off", [])]
)
def test_a_device_that_hangs_is_given_power_anew_where_its_port_feeds_it(
    feeding: Any, expected: list[str]
) -> None:
    ports = {"Gi1/0/1": PortHealth("Gi1/0/1", up=True, feeding=feeding)}
    examined = {SCHOOL: Examination(SCHOOL, SCHOOL, AT, ports=ports)}
    found = offers("device.hangs", Place("device", AP_1), "cycle_power", examined=examined)
    assert kinds(found) == expected
    assert [dict(each.details) for each in found] == [
        {"device": SCHOOL, "port": "Gi1/0/1"} for _ in expected
    ]


def test_leases_and_radios() -> None:
    (lease,) = offers("dhcp.rogue", Place("device", ROUTER), "drop_lease", address="10.40.1.9")
    assert dict(lease.details) == {"device": ROUTER, "address": "10.40.1.9"}
    assert not offers("dhcp.rogue", Place("device", ROUTER), "drop_lease")
    (radio,) = offers("ap.radio_off", Place("radio", AP_1, "radio0"), "restart_radio")
    assert dict(radio.details) == {"device": AP_1, "radio": "radio0"}


def drifted(host: str, intent: Intent, *ways: Way) -> NetworkFinding:
    return NetworkFinding(
        f"{host} {intent.key}", "missing", host, "x", "y", "z", "-", "high",
        frozenset(ways or ("restore", "accept")), wish=Wish(intent),
    )  # fmt: skip


TRUNK = drifted(CORE, TrunkMember("Gi1/0/3", 401))
USER = drifted(SCHOOL, AccessPort("Gi1/0/5", 401, "NET-2026-0001"))
TAKEN = drifted(SCHOOL, Vlan(401, "others"), "accept")
DRIFT = {"site-1": (TRUNK, USER, TAKEN)}


@pytest.mark.parametrize(
    ("key", "place", "values", "keys"),
    [
        ("trunk.vlan_missing", port(CORE, "Gi1/0/3"), {"vlan": 401}, [TRUNK.key]),
        ("trunk.vlan_missing", port(CORE, "Gi1/0/3"), {"vlan": 402}, []),
        ("port.wrong_vlan", port(SCHOOL, "Gi1/0/5"), {}, [USER.key]),
        ("port.wrong_vlan", port(SCHOOL, "Gi1/0/6"), {}, []),
        ("vlan.missing", Place("vlan", SCHOOL, "401"), {}, []),
        ("config.drift", Place("device", CORE), {"instance": "site-1", "key": TRUNK.key},
         [TRUNK.key]),
        ("config.drift", Place("device", CORE), {"instance": "site-2", "key": TRUNK.key}, []),
        ("config.drift", Place("device", SCHOOL), {}, [USER.key]),
    ],
    ids=["trunk", "another VLAN", "port", "another port", "taken by others: never overwritten",
         "named", "of another instance", "all of a device"],
)  # fmt: skip
def test_what_our_instance_wants_is_put_back(
    key: str, place: Place, values: dict[str, Any], keys: list[str]
) -> None:
    found = offers(key, place, "instance.settle", drift=DRIFT, **values)
    assert [dict(each.details) for each in found] == [
        {"action": "settle", "instance": "site-1", "how": "restore", "what": keys} for _ in found
    ]
    assert bool(found) == bool(keys)


def test_a_vm_s_actions_are_complete_or_not_offered() -> None:
    vm = Place("vm", "dc1/2001")
    found = offers("vm.snapshot_old", vm, target="cluster:dc1", snapshot="before-update")
    assert [dict(each.details) for each in found if each.kind == "instance"] == [
        {"action": "restart", "instance": "vm-1"},
        {"action": "delete_snapshot", "instance": "vm-1", "snapshot": "before-update"},
    ]
    assert not offers("vm.snapshot_old", vm, "instance.delete_snapshot", target="cluster:dc1")


def test_an_unknown_cause_is_offered_nothing() -> None:
    place = Place("device", CORE)
    results = [Result("check", place, AT, "", Finding("odd", place))]
    seen = Seen(AT, chain())
    (cause,) = offered(diagnose(seen.chain, results, (), (), {}), results, seen, ()).causes
    assert cause.key == "unknown"
    assert cause.remedies == ()
