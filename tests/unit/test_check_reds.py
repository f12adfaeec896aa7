"""Each network check: red at the right place for what is wrong, and for nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from provisioner.checks.catalogue import CATALOGUE
from provisioner.checks.model import Finding
from provisioner.checks.seen import Seen, Sighting
from provisioner.drivers.network import (
    AccessPort,
    Lease,
    NameResult,
    Neighbor,
    OnAir,
    PingResult,
    PowerBudget,
    Radio,
    Scope,
    ScopeHealth,
    Ssid,
    Stranger,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.outlook import Reached, Resolved
from provisioner.drivers.sessions import failures
from provisioner.services.network_findings import NetworkFinding
from provisioner.texts import say
from tests.unit.network_seen import (
    AP,
    BEFORE,
    CHAIN,
    CORE,
    DOWN,
    EDGE,
    NET,
    NOW,
    PROBE,
    ROUTER,
    UP,
    USER,
    healthy,
    probed,
    silent,
    spoiled,
    with_port,
    with_system,
)

GONE = Reached("10.0.0.1", None, pinged=True, ports={22: None})
THERE = Reached("10.0.0.1", 1.0, pinged=True, ports={22: 1.0})
HOST = healthy().hosts[EDGE]


def findings(seen: Seen) -> list[Finding]:
    judged = (result for module in CATALOGUE.values() for result in module.judge(seen))
    return [result.finding for result in judged if result.finding]


def pings(**received: int) -> tuple[PingResult, ...]:
    of = {"hop": "203.0.113.1", "one": "1.1.1.1", "two": "8.8.8.8", "own": "10.40.1.1"}
    return tuple(PingResult(of[name], 3, count) for name, count in received.items())


def drifted(intent: object) -> Seen:
    found = NetworkFinding(
        "sw-edge x", "missing", EDGE, say("a"), say("b"), say("c"), "-", "high",
        wish=Wish(intent),  # type: ignore[arg-type]
    )  # fmt: skip
    return replace(healthy(), drift={"instance-1": (found,)})


def probe(**fields: object) -> Seen:
    return replace(healthy(), probed={PROBE: probed(**fields)})


def air(**fields: object) -> Seen:
    return spoiled(AP, on_air=(replace(OnAir("Tamu", "radio0", clients=4), **fields),))  # type: ignore[arg-type]


def radio(**fields: object) -> Seen:
    one = Radio("radio0", band="2.4", channel=6)
    seen = spoiled(AP, radios=(replace(one, **fields),))  # type: ignore[arg-type]
    return replace(seen, again={})


def managed(seen: Seen) -> Seen:
    """The network whose trunks are judged is the one with the devices' own addresses."""
    nets = (replace(NET, cidr="10.0.0.0/24", served=False),)
    return replace(seen, chain=replace(CHAIN, nets=nets), probed={})


REDS = {
    "no answer": (silent(AP, failures.unreachable(HOST, "x"), GONE), "device.unreachable", AP),
    "no session": (silent(AP, failures.unreachable(HOST, "x"), THERE), "device.login", AP),
    "port closed": (
        replace(
            silent(AP, None, replace(THERE, ports={22: None})),
            examined={n: h for n, h in healthy().examined.items() if n != AP},
        ),
        "device.login",
        AP,
    ),
    "login refused": (silent(AP, failures.no_login(HOST), THERE), "device.login", AP),
    "key unknown": (silent(AP, failures.strange_key(HOST, "k", False), THERE), "device.login", AP),
    "key": (silent(AP, failures.strange_key(HOST, "k", True), THERE), "device.key_changed", AP),
    "hangs": (silent(AP, failures.unanswered(HOST, "x"), THERE), "device.hangs", AP),
    "cut": (spoiled(CORE, cut=say("ended")), "device.hangs", CORE),
    "slow login": (spoiled(CORE, login_seconds=5.5), "device.slow_login", CORE),
    "cpu": (with_system(CORE, cpu_percent=90.0), "device.cpu", CORE),
    "memory": (with_system(CORE, memory_percent=97.0), "device.memory", CORE),
    "flash": (with_system(CORE, storage_percent=100.0), "device.storage", CORE),
    "hot": (with_system(CORE, temperature=91.0), "device.hot", CORE),
    "alarm": (with_system(CORE, alarms=("fan 1 failed",)), "device.alarm", CORE),
    "rebooted": (with_system(CORE, uptime=120.0), "device.rebooted", CORE),
    "clock": (with_system(CORE, clock_offset=-7200.0), "device.clock", CORE),
    "clock loose": (with_system(CORE, clock_offset=9.0, synchronized=False), "device.clock", CORE),
    "down": (with_port(CORE, DOWN, up=False), "port.down", f"{CORE}:{DOWN}"),
    "disabled": (with_port(CORE, DOWN, enabled=False, up=False), "port.disabled", f"{CORE}:{DOWN}"),
    "user's port off": (
        with_port(EDGE, USER, enabled=False), "port.disabled", f"{EDGE}:{USER}",
    ),
    "err-disabled": (
        with_port(EDGE, USER, disabled_by_fault="loop"), "port.err_disabled", f"{EDGE}:{USER}",
    ),
    "errors": (with_port(CORE, DOWN, in_errors=907), "port.errors", f"{CORE}:{DOWN}"),
    "half": (with_port(CORE, DOWN, duplex="half"), "port.duplex", f"{CORE}:{DOWN}"),
    "collisions": (
        replace(with_port(CORE, DOWN, collisions=50), again={}), "port.duplex", f"{CORE}:{DOWN}",
    ),
    "flaps": (with_port(CORE, DOWN, changes=9), "port.flaps", f"{CORE}:{DOWN}"),
    "full": (with_port(CORE, DOWN, out_bps=9.8e8), "port.saturated", f"{CORE}:{DOWN}"),
    "blocked": (with_port(CORE, DOWN, tree="blocking"), "port.blocked", f"{CORE}:{DOWN}"),
    "vlan blocked": (
        with_port(CORE, DOWN, blocked=frozenset({110})), "port.blocked", f"{CORE}:{DOWN}",
    ),
    "broken tree": (with_port(CORE, DOWN, tree="broken"), "port.tree_broken", f"{CORE}:{DOWN}"),
    "wrong vlan": (with_port(EDGE, USER, untagged=20), "port.wrong_vlan", f"{EDGE}:{USER}"),
    "native": (with_port(CORE, DOWN, untagged=99), "port.native_mismatch", f"{CORE}:{DOWN}"),
    "trunk": (
        with_port(CORE, DOWN, tagged=frozenset({10})), "trunk.vlan_missing", f"{CORE}:{DOWN}",
    ),
    "trunk of management": (
        managed(with_port(CORE, DOWN, tagged=frozenset({10}))),
        "trunk.management_missing",
        f"{CORE}:{DOWN}",
    ),
    "access instead of trunk": (
        with_port(CORE, DOWN, tagged=None, mode="access"), "trunk.vlan_missing", f"{CORE}:{DOWN}",
    ),
    "vlan": (spoiled(CORE, vlans={1: "default"}), "vlan.missing", f"{CORE}:110"),
    "budget": (spoiled(EDGE, power=PowerBudget(370.0, 360.0)), "power.exhausted", EDGE),
    "another neighbour": (
        spoiled(CORE, neighbors=(Neighbor(DOWN, f"{AP}.lan", "eth0", "lldp"),)),
        "path.no_cable",
        f"{CORE}:{DOWN}",
    ),
    "scope used": (
        spoiled(ROUTER, scopes=(ScopeHealth("t", "10.40.1.0/24", size=5, used=5),)),
        "scope.exhausted",
        f"{ROUTER}:10.40.1.0/24",
    ),
    "scope off": (
        spoiled(ROUTER, scopes=(ScopeHealth("t", "10.40.1.0/24", size=5, enabled=False),)),
        "scope.disabled",
        f"{ROUTER}:10.40.1.0/24",
    ),
    "scope gone": (spoiled(ROUTER, scopes=()), "scope.missing", f"{ROUTER}:10.40.1.0/24"),
    "rogue": (
        spoiled(EDGE, strangers=(Stranger("192.168.1.1", "02:66:00:00:00:01", USER, 110),)),
        "dhcp.rogue",
        f"{EDGE}:{USER}",
    ),
    "gateway": (spoiled(ROUTER, pings=pings(own=0, one=3)), "gateway.missing", f"{ROUTER}:110"),
    "hop": (spoiled(ROUTER, pings=pings(hop=0, one=0, two=0)), "internet.gateway", ROUTER),
    "hop by arp": (
        spoiled(ROUTER, pings=pings(one=0), gateway="203.0.113.9"), "internet.gateway", ROUTER,
    ),
    "internet": (spoiled(ROUTER, pings=pings(hop=3, one=0, two=0)), "internet.dead", ROUTER),
    "no route": (
        spoiled(ROUTER, pings=pings(one=0, two=0), gateway="", outside=""), "internet.no_route",
        ROUTER,
    ),
    "lossy": (spoiled(ROUTER, pings=pings(hop=3, one=1, two=2)), "internet.lossy", ROUTER),
    "dns": (spoiled(ROUTER, names=(NameResult("x", (), "timeout"),)), "dns.dead", ROUTER),
    "slow link": (with_port(CORE, DOWN, speed_mbps=10), "port.slow", f"{CORE}:{DOWN}"),
    "out of the bridge": (with_port(EDGE, USER, untagged=0), "port.wrong_vlan", f"{EDGE}:{USER}"),
    "radio": (radio(up=False), "ap.radio_off", f"{AP}:radio0"),
    "radio off": (radio(up=False, enabled=False), "ap.radio_disabled", f"{AP}:radio0"),
    "outside": (with_port(ROUTER, "ether1", up=False), "port.down", f"{ROUTER}:ether1"),
    "channel": (radio(busy_percent=95.0), "ap.jammed", f"{AP}:radio0"),
    "ssid": (air(ssid="Other"), "ap.ssid_missing", f"{AP}:Tamu"),
    "ssid down": (air(up=False), "ap.ssid_missing", f"{AP}:Tamu"),
    "joins": (air(refused=41), "ap.join_fails", f"{AP}:Tamu"),
    "drift": (drifted(Vlan(110, "x")), "config.drift", f"{EDGE}:110"),
    "drift of a trunk": (drifted(TrunkMember(UP, 110)), "config.drift", f"{EDGE}:{UP}"),
    "drift of a port": (drifted(AccessPort(USER, 110, "")), "config.drift", f"{EDGE}:{USER}"),
    "drift of a scope": (
        drifted(Scope("m", 110, "e", "10.40.1.1/24", "10.40.1.2", "10.40.1.9")),
        "config.drift",
        f"{EDGE}:10.40.1.0/24",
    ),
    "drift of an ssid": (
        drifted(Ssid("m", "Tamu", "open", 110, "e", True)), "config.drift", f"{EDGE}:Tamu",
    ),
    "probe silent": (
        replace(healthy(), probed={PROBE: failures.unreachable(HOST, "x")}),
        "probe.unreachable",
        PROBE,
    ),
    "join": (probe(joined=False, leased=None, names={}, pages={}), "probe.join", PROBE),
    "lease": (probe(leased=False, address="", names={}, pages={}), "probe.lease", PROBE),
    "strange lease": (probe(address="192.168.1.9"), "dhcp.rogue", PROBE),
    "gateway of the probe": (
        probe(gateway_ms=None, names={}, pages={}, pings={}), "probe.gateway", PROBE,
    ),
    "names": (probe(names={"a": ()}), "probe.dns", PROBE),
    "page": (probe(pages={"http://x/": None}), "probe.page", PROBE),
    "slow": (probe(mbps=0.2), "probe.slow", PROBE),
    "isolation": (probe(reached=("10.9.9.9",)), "probe.isolation", PROBE),
}  # fmt: skip


def test_what_is_healthy_gives_no_finding() -> None:
    assert findings(healthy()) == []


@pytest.mark.parametrize("name", REDS)
def test_what_is_wrong_is_found_where_it_is(name: str) -> None:
    seen, key, place = REDS[name]
    assert [(each.key, str(each.place)) for each in findings(seen)] == [(key, place)]


def test_collisions_that_have_ceased_are_no_finding() -> None:
    assert findings(with_port(CORE, DOWN, collisions=50)) == []


def test_our_own_machine_does_not_answer_for_a_device() -> None:
    lab = Reached("127.0.0.9", 0.1, pinged=True, ports={22: None}, refused=frozenset({22}))
    seen = silent(AP, failures.unreachable(HOST, "refused"), lab)
    assert [each.key for each in findings(seen)] == ["device.unreachable"]


def test_a_device_that_still_forwards_is_only_not_to_be_managed() -> None:
    seen = silent(EDGE, failures.unreachable(HOST, "x"), GONE)
    assert [(each.key, each.weight) for each in findings(seen)] == [("device.login", "weak")]


@pytest.mark.parametrize("counter", ["in_errors", "changes"])
def test_what_has_ceased_is_no_finding_and_what_may_come_back_is(counter: str) -> None:
    seen = with_port(CORE, DOWN, **{counter: 7000})
    later = replace(seen.again[CORE], at=NOW + timedelta(seconds=3))
    assert findings(replace(seen, again={CORE: later})) == []
    long_ago = {CORE: replace(seen.before[CORE], at=NOW - timedelta(hours=24))}
    assert len(findings(replace(seen, again={CORE: later}, before=long_ago))) == 1


def test_a_router_that_was_cut_short_may_have_a_route_all_the_same() -> None:
    seen = spoiled(ROUTER, pings=pings(one=0, two=0), gateway="", outside="", cut=say("too late"))
    assert sorted(each.key for each in findings(seen)) == ["device.hangs", "internet.dead"]


def test_one_lost_ping_is_no_loss() -> None:
    assert findings(spoiled(ROUTER, pings=pings(own=3, hop=3, one=2))) == []


def test_a_gateway_that_another_device_reaches_is_there() -> None:
    seen = spoiled(EDGE, pings=pings(own=3))
    assert findings(spoiled(ROUTER, seen, pings=pings(own=0, one=3))) == []


def test_the_vlan_by_which_a_silent_device_is_reached_is_missed_on_its_trunk() -> None:
    seen = replace(healthy(), chain=replace(CHAIN, management=10))
    assert findings(seen) == []
    cut = with_port(CORE, DOWN, seen, tagged=frozenset({110}))
    assert findings(cut) == []
    dark = silent(EDGE, failures.unreachable(HOST, "x"), GONE, cut)
    dark = silent(AP, failures.unreachable(HOST, "x"), GONE, dark)
    assert [(each.key, str(each.place)) for each in findings(dark)] == [
        ("device.unreachable", AP),
        ("device.unreachable", EDGE),
        ("trunk.management_missing", f"{CORE}:{DOWN}"),
    ]


def test_power_that_is_denied_is_found_only_where_the_access_point_is_off() -> None:
    lives = with_port(EDGE, DOWN, feeding="denied")
    assert findings(lives) == []
    for feeding, key in (("denied", "port.no_power"), ("fault", "port.power_fault")):
        dead = silent(AP, failures.unreachable(HOST, "x"), GONE)
        dead = with_port(EDGE, DOWN, dead, feeding=feeding, up=False)
        assert [each.key for each in findings(dead)] == [
            "device.unreachable", key, "port.down",
        ]  # fmt: skip


def test_one_cable_that_is_out_is_one_finding_at_the_core() -> None:
    seen = with_port(EDGE, UP, with_port(CORE, DOWN, up=False), up=False)
    assert [str(each.place) for each in findings(seen)] == [f"{CORE}:{DOWN}"]


def test_a_second_way_may_be_blocked() -> None:
    beside = with_port(CORE, DOWN, tree="blocking")
    health = beside.health(EDGE)
    assert health
    ports = {**health.ports, "Gi1/0/23": replace(health.ports[UP], port="Gi1/0/23")}
    known = (*health.neighbors, Neighbor("Gi1/0/23", "sw-other", "1", "lldp"))
    assert findings(spoiled(EDGE, beside, ports=ports, neighbors=known)) == []


def test_a_missing_vlan_is_told_once_and_not_for_each_trunk() -> None:
    seen = with_port(CORE, DOWN, tagged=frozenset({10}))
    assert [each.key for each in findings(spoiled(CORE, seen, vlans={}))] == ["vlan.missing"]


def test_what_is_on_a_port_that_is_not_ours_is_no_finding() -> None:
    assert findings(with_port(EDGE, "Gi1/0/9", enabled=False, disabled_by_fault="loop")) == []


def test_counters_that_began_anew_are_no_growth() -> None:
    before = {CORE: Sighting(BEFORE, errors={DOWN: 10**9}, changes={DOWN: 10**6})}
    assert findings(replace(healthy(), before=before)) == []


def test_a_few_errors_in_a_day_are_no_finding() -> None:
    seen = with_port(CORE, DOWN, in_errors=60, changes=6)
    long_ago = replace(seen.before[CORE], at=NOW - timedelta(days=3))
    assert findings(replace(seen, before={CORE: long_ago})) == []


def test_a_radio_that_only_just_starts_is_no_finding() -> None:
    starting = replace(radio(up=False), again={AP: healthy().examined[AP]})  # type: ignore[dict-item]
    assert findings(starting) == []


def test_a_trunk_that_carries_nothing_has_no_native_vlan_either() -> None:
    dead = silent(EDGE, failures.unreachable(HOST, "x"), GONE)
    cut = with_port(CORE, DOWN, dead, mode="trunk", untagged=99, tagged=frozenset(),
                    native_passes=False)  # fmt: skip
    chain = replace(cut.chain, management=99)
    assert "trunk.management_missing" in {each.key for each in findings(replace(cut, chain=chain))}


def test_a_router_is_at_work_only_where_its_gateways_answer() -> None:
    """Devices of the same network are reached past it."""
    hung = silent(ROUTER, failures.unreachable(HOST, "x"), GONE)
    assert [each.key for each in findings(hung)] == ["device.unreachable"]
    seen = spoiled(EDGE, hung, pings=(PingResult("10.40.1.1", 3, 3),))
    assert [each.key for each in findings(seen)] == ["device.login"]


def test_a_route_that_was_not_told_in_time_is_not_missing() -> None:
    seen = spoiled(
        ROUTER, pings=pings(one=0, two=0), gateway="", outside="", cut=say("too late")
    )  # fmt: skip
    assert {each.key for each in findings(seen)} == {"device.hangs", "internet.dead"}


def test_a_channel_that_is_busy_for_a_moment_only_is_no_finding() -> None:
    assert findings(replace(radio(busy_percent=95.0), again=healthy().again)) == []


def test_a_link_that_is_full_for_a_moment_only_is_no_finding() -> None:
    seen = with_port(CORE, DOWN, out_bps=9.8e8)
    again = healthy().again
    assert findings(replace(seen, again=again)) == []


def test_the_office_alone_does_not_call_a_resolver_dead() -> None:
    silent_one = {"203.0.113.53": Resolved("x", "203.0.113.53", error="timeout")}
    chain = replace(CHAIN, nets=(replace(NET, resolvers=("203.0.113.53",)),))
    seen = replace(healthy(), chain=chain, resolved=silent_one)
    assert findings(seen) == []
    deaf = spoiled(ROUTER, seen, names=(NameResult("x", (), "timeout"),))
    assert {str(each.place) for each in findings(deaf)} == {ROUTER, "203.0.113.53"}


def test_a_stranger_that_is_our_own_router_is_none() -> None:
    assert findings(spoiled(EDGE, strangers=(Stranger("10.40.1.1", "", UP),))) == []


def test_a_gateway_that_ignores_pings_is_no_finding_while_pages_open() -> None:
    assert findings(probe(gateway_ms=None)) == []
    assert findings(spoiled(ROUTER, pings=pings(hop=0, one=3))) == []


def test_an_exhausted_scope_names_a_lease_that_nobody_uses() -> None:
    scopes = (ScopeHealth("t", "10.40.1.0/24", size=2, used=2),)
    leases = tuple(Lease(f"10.40.1.{n}", f"02:00:00:00:00:{n}") for n in (20, 21))
    (found,) = findings(spoiled(ROUTER, scopes=scopes, leases=leases))
    assert found.values["address"] == "10.40.1.21"


def test_other_makes_and_their_native_vlan_one_say_nothing() -> None:
    assert findings(with_port(CORE, UP, with_port(CORE, DOWN), untagged=99)) == []
