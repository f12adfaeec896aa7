"""From what is seen to the cause: the rules of the network, on what a fault really looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.checks.catalogue import CATALOGUE
from provisioner.checks.diagnosis import diagnose
from provisioner.checks.model import Diagnosis
from provisioner.checks.seen import Seen
from provisioner.drivers.network import (
    NameResult,
    OnAir,
    PingResult,
    PowerBudget,
    Radio,
    ScopeHealth,
    Stranger,
    TrunkMember,
    Wish,
)
from provisioner.drivers.sessions import failures
from provisioner.services.network_findings import NetworkFinding
from provisioner.texts import say
from tests.unit.network_seen import (
    AP,
    CHAIN,
    CORE,
    DOWN,
    EDGE,
    PROBE,
    ROUTER,
    UP,
    healthy,
    probed,
    silent,
    spoiled,
    with_port,
)
from tests.unit.test_check_reds import GONE, HOST, pings

LOST = {"names": {"kominfo.go.id": ()}, "pages": {"http://x/": None}}


def diagnosed(seen: Seen) -> Diagnosis:
    return diagnose(seen.chain, [r for module in CATALOGUE.values() for r in module.judge(seen)])


def dark(seen: Seen, *devices: str) -> Seen:
    """Nothing of these devices, nor of the probe behind them."""
    for device in devices:
        seen = silent(device, failures.unreachable(HOST, "timed out"), GONE, seen)
    return replace(seen, probed={PROBE: failures.unreachable(HOST, "timed out")})


def at_the_seat(seen: Seen, **fields: object) -> Seen:
    return replace(seen, probed={PROBE: probed(**fields)})


def without_lease(seen: Seen) -> Seen:
    return at_the_seat(seen, leased=False, address="", names={}, pages={}, pings={})


def drifted(seen: Seen) -> Seen:
    found = NetworkFinding(
        "k", "missing", CORE, say("a"), say("b"), say("c"), "-", "high",
        wish=Wish(TrunkMember(DOWN, 110)),
    )  # fmt: skip
    return replace(seen, drift={"instance-1": (found,)})


def unpowered() -> Seen:
    seen = with_port(EDGE, DOWN, feeding="denied", up=False)
    return dark(spoiled(EDGE, seen, power=PowerBudget(370.0, 365.0)), AP)


def silent_radio() -> Seen:
    radios = (Radio("radio0", up=False, band="2.4"),)
    seen = spoiled(AP, radios=radios, on_air=(OnAir("Tamu", "radio0", up=False),))
    seen = replace(seen, again={})
    return at_the_seat(seen, joined=False, leased=None, names={}, pages={})


CASES = {
    "cable out": (dark(with_port(CORE, DOWN, up=False), EDGE, AP), "port.down", CORE),
    "port off": (
        dark(with_port(CORE, DOWN, enabled=False, up=False), EDGE, AP), "port.disabled", CORE,
    ),
    "err-disabled": (
        dark(with_port(CORE, DOWN, disabled_by_fault="loop", up=False), EDGE, AP),
        "port.err_disabled",
        CORE,
    ),
    "loop": (dark(with_port(CORE, DOWN, tree="blocking"), EDGE, AP), "port.blocked", CORE),
    "native": (
        with_port(CORE, DOWN, with_port(EDGE, UP, tree="broken"), untagged=99, tree="broken"),
        "port.native_mismatch",
        CORE,
    ),
    "changed by others": (
        replace(at_the_seat(healthy(), **LOST), outside={EDGE: (), CORE: ("vlan 7: + shutdown",)}),
        "config.others", CORE,
    ),
    "power": (unpowered(), "power.exhausted", EDGE),
    "short": (
        dark(with_port(EDGE, DOWN, feeding="fault", up=False), AP), "port.power_fault", EDGE,
    ),
    "device dead": (dark(healthy(), AP), "device.unreachable", AP),
    "management": (
        dark(
            with_port(
                CORE, DOWN, replace(healthy(), chain=replace(CHAIN, management=10)),
                tagged=frozenset({110}),
            ),
            EDGE,
            AP,
        ),
        "trunk.management_missing",
        CORE,
    ),
    "trunk": (
        drifted(without_lease(with_port(CORE, DOWN, tagged=frozenset({10})))),
        "trunk.vlan_missing",
        CORE,
    ),
    "scope": (
        without_lease(spoiled(ROUTER, scopes=(ScopeHealth("t", "10.40.1.0/24", size=2, used=2),))),
        "scope.exhausted",
        ROUTER,
    ),
    "rogue": (
        at_the_seat(
            spoiled(EDGE, strangers=(Stranger("192.168.1.1", "", DOWN),)),
            address="192.168.1.7", gateway_ms=None, **LOST,
        ),
        "dhcp.rogue",
        EDGE,
    ),
    "next hop": (
        at_the_seat(
            spoiled(
                ROUTER, pings=pings(own=3, hop=0, one=0),
                names=(NameResult("x", (), "timeout"),),
            ),
            pings={"1.1.1.1": None}, **LOST,
        ),
        "internet.gateway",
        ROUTER,
    ),
    "internet": (
        at_the_seat(
            spoiled(
                ROUTER, pings=pings(own=3, hop=3, one=0),
                names=(NameResult("x", (), "timeout"),),
            ),
            **LOST,
        ),
        "internet.dead",
        ROUTER,
    ),
    "names": (
        at_the_seat(spoiled(ROUTER, names=(NameResult("x", (), "SERVFAIL"),)), **LOST),
        "dns.dead",
        ROUTER,
    ),
    "full": (
        at_the_seat(with_port(CORE, DOWN, in_bps=9.9e8), mbps=0.1), "port.saturated", CORE,
    ),
    "duplex": (
        at_the_seat(with_port(CORE, DOWN, duplex="half", in_errors=900), mbps=0.1),
        "port.duplex",
        CORE,
    ),
    "radio": (silent_radio(), "ap.radio_off", AP),
    "isolation": (at_the_seat(healthy(), reached=("10.9.9.9",)), "probe.isolation", PROBE),
    "nothing explains it": (without_lease(healthy()), "unknown", PROBE),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_first_cause_is_the_right_one_and_the_only_one(name: str) -> None:
    seen, key, place = CASES[name]
    causes = [each for each in diagnosed(seen).causes if not each.key.startswith("probe.un")]
    assert [(each.key, each.place.name) for each in causes] == [(key, place)]


def test_two_faults_are_two_causes() -> None:
    seen = dark(with_port(EDGE, DOWN, up=False), AP)
    seen = spoiled(ROUTER, seen, pings=(PingResult("1.1.1.1", 3, 0), PingResult("10.40.1.1", 3, 3)))
    assert {each.key for each in diagnosed(seen).causes} == {"port.down", "internet.dead"}


def test_what_is_healthy_has_no_cause_and_much_is_ruled_out() -> None:
    found = diagnosed(healthy())
    assert found.causes == ()
    assert len(found.ruled_out) >= 5
