"""Network checks say nothing about what was not read, and never fall over what was."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.checks.catalogue import CATALOGUE, router_gateway
from provisioner.checks.catalogue.device_login import CHECK as LOGIN
from provisioner.checks.model import Result
from provisioner.checks.seen import Seen, Sighting
from provisioner.drivers.network import (
    TOPICS,
    Examination,
    Learned,
    Lease,
    NameResult,
    Neighbor,
    OnAir,
    PingResult,
    PortHealth,
    PowerBudget,
    Radio,
    ScopeHealth,
    Stranger,
    System,
)
from provisioner.drivers.outlook import Reached, Resolved
from provisioner.drivers.probe import ProbeReport
from provisioner.drivers.sessions import failures
from provisioner.errors import StepFailure
from provisioner.texts import say
from tests.unit.network_seen import (
    AP,
    CHAIN,
    CORE,
    DOWN,
    EDGE,
    NOW,
    PROBE,
    ROUTER,
    UP,
    USER,
    healthy,
    spoiled,
)


def test_a_gateway_that_is_there_and_only_answers_no_pings_is_no_finding() -> None:
    pings = tuple(PingResult(a, 3, n) for a, n in (("10.40.1.1", 0), ("1.1.1.1", 3)))
    own = frozenset({"10.40.1.1", "203.0.113.2"})
    [there] = router_gateway.judge(spoiled(ROUTER, pings=pings, own=own))
    assert there.passed
    [gone] = router_gateway.judge(spoiled(ROUTER, pings=pings, own=own - {"10.40.1.1"}))
    assert not gone.passed


NETWORK = {key: module for key, module in CATALOGUE.items() if module.CHECK.topics}
DEVICES = (AP, EDGE, CORE, ROUTER)


def judged(seen: Seen) -> list[Result]:
    return [result for module in CATALOGUE.values() for result in module.judge(seen)]


@pytest.mark.parametrize("key", NETWORK)
def test_a_device_that_is_silent_is_left_out_and_says_why(key: str) -> None:
    failure = failures.unreachable(healthy().hosts[CORE], "timed out")
    silent = replace(healthy(), examined=dict.fromkeys(DEVICES, failure))
    results = list(NETWORK[key].judge(silent))
    assert all(each.passed is None and each.skipped == failure.what for each in results)
    assert {each.place.name for each in results} <= set(DEVICES)


@pytest.mark.parametrize("key", NETWORK)
def test_what_a_device_does_not_tell_is_left_out(key: str) -> None:
    seen = healthy()
    dumb = Examination(CORE, CORE, NOW, untold=dict.fromkeys(TOPICS, "no such command"))
    results = NETWORK[key].judge(replace(seen, examined=dict.fromkeys(DEVICES, dumb)))
    assert not [each for each in results if each.passed is not None]


@pytest.mark.parametrize("key", sorted(NETWORK.keys() - {"dhcp.scope", "wifi.on_air"}))
def test_none_is_no_finding_and_mostly_not_green(key: str) -> None:
    seen = healthy()
    vague = {}
    for device in DEVICES:
        health = seen.health(device)
        assert health
        ports = {name: PortHealth(name, up=True) for name in health.ports}
        vague[device] = Examination(device, device, NOW, ports=ports)
    results = list(NETWORK[key].judge(replace(seen, examined=vague, again={})))
    assert not [each for each in results if each.finding]
    green = {each.check for each in results if each.passed}
    assert green <= {"port.state", "dhcp.rogue", "vlan.path"}


def test_a_session_that_was_cut_misses_nothing_that_was_not_asked_yet() -> None:
    cut = say("the device did not answer in time")
    results = judged(spoiled(ROUTER, scopes=(), arp={}, gateway="", pings=(), names=(), cut=cut))
    found = {each.finding.key for each in results if each.finding}
    assert found == {"device.hangs"}
    assert cut in [each.skipped for each in results]


def test_rubbish_is_one_clear_line() -> None:
    rubbish = Examination(CORE, "", NOW, untold=dict.fromkeys(TOPICS, "could not be read"))
    results = judged(replace(healthy(), examined={CORE: rubbish}))
    (found,) = [each for each in results if each.finding]
    assert (found.check, found.evidence) == (LOGIN.key, "could not be read")


def test_devices_that_were_not_asked_are_not_named() -> None:
    seen = replace(healthy(), examined={}, reached={}, drift={}, probed={}, resolved={})
    assert judged(seen) == []


def test_a_first_look_judges_no_growth() -> None:
    first = replace(healthy(), before={}, again={})
    checks = {each.check for each in judged(first) if each.passed is not None}
    assert not checks & {"port.errors", "port.flaps", "device.uptime"}


# ---------------------------------------------------------------- odd values

ODD_FLOATS = st.none() | st.sampled_from(
    [0.0, -1.0, 85.0, 1e308, math.inf, -math.inf, math.nan, 99.9]
)
ODD_INTS = st.none() | st.sampled_from([0, -1, 1, 110, 4095, 10**18])
TEXTS = st.sampled_from(
    ["", "x", "10.40.1.1", "%(x)s", "%", "\x00é\n", "10.40.1.0/24", "::1", DOWN]
)
WORDS = st.text(max_size=6) | TEXTS
VLANS = st.none() | st.frozensets(st.sampled_from([1, 10, 110, -5]), max_size=3)
PORTS = st.sampled_from([DOWN, UP, USER, "eth0", "ether1", "ether2"])
MOMENTS = st.sampled_from([NOW, NOW - timedelta(days=1), NOW + timedelta(days=1),
                           datetime(1970, 1, 1, tzinfo=UTC)])  # fmt: skip
RATES = ODD_FLOATS
COUNTS = st.dictionaries(PORTS, st.sampled_from([0, 5, -3, 10**18]), max_size=3)


def few(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


PORT = st.builds(
    PortHealth, PORTS, st.booleans(), st.booleans(), WORDS, ODD_INTS,
    st.sampled_from([None, "full", "half"]), TEXTS, st.sampled_from([None, "access", "trunk"]),
    ODD_INTS, VLANS, ODD_INTS, ODD_INTS, ODD_INTS, ODD_INTS, ODD_INTS, RATES, RATES,
    st.sampled_from([None, "on", "off", "searching", "denied", "fault"]), ODD_FLOATS,
    st.sampled_from([None, "forwarding", "blocking", "learning", "broken"]), TEXTS,
    VLANS.map(lambda vlans: vlans or frozenset()),
)  # fmt: skip
SYSTEM = st.builds(
    System, WORDS, WORDS, WORDS, ODD_FLOATS, WORDS, ODD_FLOATS, ODD_FLOATS, ODD_FLOATS,
    ODD_FLOATS, few(WORDS), ODD_FLOATS, st.sampled_from([None, True, False]),
)  # fmt: skip
SCOPE = st.builds(
    ScopeHealth, WORDS, TEXTS, WORDS, ODD_INTS, st.integers(-2, 2), st.integers(-2, 2),
    st.booleans(),
)  # fmt: skip
EXAMINATION = st.builds(
    Examination, st.just(CORE), WORDS, MOMENTS, st.floats(0, 99), st.floats(0, 99), SYSTEM,
    st.lists(PORT, max_size=4).map(lambda ports: {each.port: each for each in ports}),
    st.none() | st.dictionaries(st.sampled_from([1, 110]), WORDS),
    st.none() | st.builds(PowerBudget, ODD_FLOATS.map(lambda x: x or 0.0), st.floats(-1, 400)),
    few(st.builds(Neighbor, PORTS, st.sampled_from([AP, EDGE, CORE, "", "."]), TEXTS,
                  st.sampled_from(["lldp", "cdp"]))),
    few(st.builds(Learned, PORTS, ODD_INTS, WORDS)),
    st.dictionaries(TEXTS, WORDS, max_size=2),
    few(st.builds(Lease, TEXTS, WORDS)),
    few(SCOPE),
    few(st.builds(Stranger, TEXTS, WORDS, TEXTS, ODD_INTS)),
    TEXTS, TEXTS, few(TEXTS),
    few(st.builds(Radio, st.sampled_from(["radio0", ""]), st.booleans(), st.booleans(),
                  st.none(), ODD_INTS, ODD_FLOATS)),
    few(st.builds(OnAir, st.sampled_from(["Tamu", ""]), st.sampled_from(["radio0", ""]),
                  st.booleans(), ODD_INTS, ODD_INTS)),
    few(st.builds(PingResult, TEXTS, st.integers(0, 3), st.integers(0, 3), ODD_FLOATS)),
    few(st.builds(NameResult, WORDS, few(TEXTS), WORDS)),
    st.dictionaries(st.sampled_from(["ports", "names", "system"]), WORDS, max_size=2),
    st.none() | st.just(say("cut")),
)  # fmt: skip
ANSWER = EXAMINATION | st.just(failures.unreachable(healthy().hosts[CORE], "x"))
PROBED = st.builds(
    ProbeReport, st.just(PROBE), st.sampled_from([None, True, False]), WORDS, ODD_INTS,
    st.sampled_from([None, True, False]), TEXTS, TEXTS, few(TEXTS), TEXTS, ODD_FLOATS,
    st.dictionaries(TEXTS, ODD_FLOATS, max_size=2), st.dictionaries(TEXTS, few(TEXTS), max_size=2),
    st.dictionaries(TEXTS, ODD_INTS, max_size=2), ODD_FLOATS, few(TEXTS),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    examined=st.dictionaries(st.sampled_from(DEVICES), ANSWER),
    again=st.dictionaries(st.sampled_from(DEVICES), EXAMINATION, max_size=2),
    before=st.dictionaries(
        st.sampled_from(DEVICES),
        st.builds(Sighting, MOMENTS, ODD_FLOATS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
        max_size=2,
    ),
    reached=st.dictionaries(
        st.sampled_from(DEVICES),
        st.builds(Reached, TEXTS, ODD_FLOATS, st.booleans(),
                  st.dictionaries(st.just(22), ODD_FLOATS)),
    ),
    probed=st.dictionaries(st.just(PROBE), PROBED),
    cidr=TEXTS,
)  # fmt: skip
def test_no_judge_falls_over_odd_values(
    examined: dict[str, Examination | StepFailure],
    again: dict[str, Examination],
    before: dict[str, Sighting],
    reached: dict[str, Reached],
    probed: dict[str, ProbeReport],
    cidr: str,
) -> None:
    net = replace(CHAIN.nets[0], cidr=cidr, resolvers=("9.9.9.9",))
    seen = replace(
        healthy(), chain=replace(CHAIN, nets=(net,)), examined=examined, again=again,
        before=before, reached=reached, probed=probed,
        resolved={"9.9.9.9": Resolved("x", "9.9.9.9", error="REFUSED")},
    )  # fmt: skip
    for result in judged(seen):
        assert Result.from_json(result.to_json()) == result
