"""From findings to causes, by rules of this file: readable tables, and what must hold for any."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.checks.diagnosis import diagnose
from provisioner.checks.model import Change, Confidence, Diagnosis, Finding, Place, Result, Weight
from provisioner.checks.rules import Rule
from provisioner.texts import render, say
from tests.unit.chain_world import (
    AP_1,
    AP_2,
    CORE,
    PROBE,
    RING_1,
    RING_2,
    RING_AP,
    ROUTER,
    SCHOOL,
    TRUNK_DOWN,
    TRUNK_UP,
    URL,
    chain,
)

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
NEXT = say("Look at %(place)s.")
BEHIND = ("device.unreachable", "probe.*", "mac.missing")


def rule(finding: str, explains: Sequence[str] = (), reach: str = "beyond", sure: str = "certain",
         along: Sequence[str] = (), last: bool = False) -> Rule:  # fmt: skip
    return Rule(
        finding, say("%(place)s is the cause."), NEXT, tuple(explains), reach,  # type: ignore[arg-type]
        sure, tuple(along), last,  # type: ignore[arg-type]
    )  # fmt: skip


RULES = (
    rule("port.disabled", ("port.down", *BEHIND)),
    rule("port.down", BEHIND, sure="likely", along=("device.unreachable",)),
    rule("port.down", BEHIND),
    rule("device.unreachable", BEHIND),
    rule("trunk.vlan_missing", ("mac.missing", "probe.lease"), "way"),
    rule("scope.exhausted", ("probe.lease",)),
    rule("ap.radio_off", ("probe.join",), "device"),
    rule("dns.dead", ("probe.dns",), "all"),
    rule("device.clock"),
    rule("device.rebooted", ("port.flaps",), "device"),
    rule("node.offline", ("vm.unreachable", "service.down")),
    rule("storage.full", ("vm.paused",)),
    rule("vm.paused", ("vm.unreachable", "service.down")),
    rule("vm.unreachable", ("service.down",), sure="symptom"),
    rule("a.cycle", ("b.cycle",), "all"),
    rule("b.cycle", ("a.cycle",), "all"),
    rule("config.others", ("probe.*",), "way", "likely", last=True),
    rule("probe.lease", sure="symptom"),
    rule("probe.page", sure="symptom"),
)


def port(device: str, name: str) -> Place:
    return Place("port", device, name)


def device(name: str) -> Place:
    return Place("device", name)


UP, DOWN = Place("port", *TRUNK_UP), Place("port", *TRUNK_DOWN)


def red(key: str, place: Place, weight: Weight = "broken", evidence: str = "") -> Result:
    return Result(f"check.{key}", place, AT, evidence, Finding(key, place, {}, weight))


def green(check: str, place: Place) -> Result:
    return Result(check, place, AT, "fine")


def found(*results: Result, target: str = "site:smp-1") -> Diagnosis:
    return diagnose(chain(target), results, (), RULES, {})


def causes(diagnosis: Diagnosis) -> list[tuple[str, str, Confidence]]:
    return [(each.key, str(each.place), each.confidence) for each in diagnosis.causes]


def gone(*names: str) -> list[Result]:
    return [red("device.unreachable", device(name)) for name in names]


TABLE: dict[str, tuple[list[Result], list[tuple[str, str, Confidence]]]] = {
    "nothing is wrong": ([green("port.state", DOWN)], []),
    "a dead switch is named, not all that hangs behind it": (
        gone(SCHOOL, AP_1, AP_2),
        [("device.unreachable", SCHOOL, "certain")],
    ),
    "its port is up all the same: it may only not answer us": (
        [*gone(SCHOOL, AP_1), green("port.state", DOWN)],
        [("device.unreachable", SCHOOL, "likely")],
    ),
    "the port before it is switched off": (
        [*gone(SCHOOL, AP_1), red("port.disabled", DOWN), red("port.down", UP)],
        [("port.disabled", str(DOWN), "certain")],
    ),
    "both ends of a cable tell of it once": (
        [red("port.down", UP), red("port.down", DOWN)],
        [("port.down", str(DOWN), "certain")],
    ),
    "the first rule whose findings are all there counts": (
        [*gone(SCHOOL), red("port.down", DOWN)],
        [("port.down", str(DOWN), "likely")],
    ),
    "two dead access points are two causes": (
        gone(AP_1, AP_2),
        [("device.unreachable", AP_1, "certain"), ("device.unreachable", AP_2, "certain")],
    ),
    "a VLAN missing in the middle explains what the users lack": (
        [red("probe.lease", device(PROBE)), red("trunk.vlan_missing", DOWN),
         red("mac.missing", port(SCHOOL, "Gi1/0/5"))],
        [("trunk.vlan_missing", str(DOWN), "certain")],
    ),
    "two that could each explain it: neither is certain": (
        [red("probe.lease", device(PROBE)), red("trunk.vlan_missing", DOWN),
         red("scope.exhausted", Place("scope", ROUTER, "guests"))],
        [("scope.exhausted", f"{ROUTER}:guests", "likely"),
         ("trunk.vlan_missing", str(DOWN), "likely")],
    ),
    "the same fault twice on one device casts no doubt": (
        [red("ap.radio_off", Place("radio", AP_1, f"radio{n}")) for n in (0, 1)]
        + [red("probe.join", device(AP_1))],
        [("ap.radio_off", f"{AP_1}:radio0", "certain"),
         ("ap.radio_off", f"{AP_1}:radio1", "certain")],
    ),
    "a double fault: both are named, the one nearer to the core first": (
        [red("ap.radio_off", Place("radio", AP_1, "radio0")), red("dns.dead", device(ROUTER)),
         red("probe.dns", device(PROBE))],
        [("dns.dead", ROUTER, "certain"), ("ap.radio_off", f"{AP_1}:radio0", "certain")],
    ),
    "what only hurts comes after what is broken": (
        [red("device.clock", device(ROUTER), "weak"),
         red("ap.radio_off", Place("radio", AP_1, "radio0"))],
        [("ap.radio_off", f"{AP_1}:radio0", "certain"), ("device.clock", ROUTER, "certain")],
    ),
    "a symptom that nothing explains is an unknown cause": (
        [red("probe.page", device(PROBE))],
        [("unknown", PROBE, "unknown")],
    ),
    "several such symptoms are one unknown cause": (
        [red("probe.page", device(PROBE)), red("odd.thing", device(CORE))],
        [("unknown", CORE, "unknown")],
    ),
    "an unknown cause of something broken goes before what only hurts": (
        [red("probe.page", device(PROBE)), red("device.clock", device(ROUTER), "weak")],
        [("unknown", PROBE, "unknown"), ("device.clock", ROUTER, "certain")],
    ),
    "a named cause goes before an unknown one": (
        [red("probe.page", device(PROBE)), red("ap.radio_off", Place("radio", AP_1, "r0"))],
        [("ap.radio_off", f"{AP_1}:r0", "certain"), ("unknown", PROBE, "unknown")],
    ),
    "the router's line to the provider is out: it has no cable of ours, and cuts off everybody": (
        [red("port.down", port(ROUTER, "ether1")), red("probe.page", device(PROBE))],
        [("port.down", f"{ROUTER}:ether1", "certain")],
    ),
    "what somebody else changed is a cause where nothing else is": (
        [red("config.others", device(CORE), "weak")],
        [("config.others", CORE, "likely")],
    ),
    "what somebody else changed is likely what nothing else explains": (
        [red("config.others", device(CORE), "weak"), red("probe.page", device(PROBE)),
         red("device.clock", device(ROUTER), "weak")],
        [("config.others", CORE, "likely"), ("device.clock", ROUTER, "certain")],
    ),
    "what somebody else changed stands behind what is named for sure": (
        [red("config.others", device(CORE), "weak"), red("odd.thing", device(SCHOOL), "weak"),
         red("ap.radio_off", Place("radio", AP_1, "r0"), "weak")],
        [("ap.radio_off", f"{AP_1}:r0", "certain"), ("config.others", CORE, "likely"),
         ("unknown", SCHOOL, "unknown")],
    ),
    "what somebody else changed is no cause beside one that explains all": (
        [red("config.others", device(CORE), "weak"), red("probe.page", device(PROBE)),
         red("port.disabled", DOWN)],
        [("port.disabled", str(DOWN), "certain")],
    ),
    "a user's port has nobody behind it": (
        [red("port.down", port(SCHOOL, "Gi1/0/5")), red("probe.page", device(PROBE))],
        [("port.down", f"{SCHOOL}:Gi1/0/5", "certain"), ("unknown", PROBE, "unknown")],
    ),
    "a device that started anew lets the port flap that it is plugged into": (
        [red("device.rebooted", device(SCHOOL)), red("port.flaps", DOWN)],
        [("device.rebooted", SCHOOL, "certain")],
    ),
    "a ring of rules still ends in a cause": (
        [red("a.cycle", device(AP_1)), red("b.cycle", device(CORE))],
        [("b.cycle", CORE, "certain")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_findings_come_down_to_causes(name: str) -> None:
    results, expected = TABLE[name]
    assert causes(found(*results)) == expected


def test_on_redundant_ways_one_dead_switch_explains_nobody_else() -> None:
    one = found(*gone(RING_1, RING_AP), target="site:ring")
    assert [str(each.place) for each in one.causes] == [RING_1, RING_AP]
    core = found(*gone(CORE, RING_1, RING_2, RING_AP), target="site:ring")
    assert causes(core) == [("device.unreachable", CORE, "certain")]


CLUSTER: dict[str, tuple[list[Result], list[str]]] = {
    "a node that is off explains its VM and the page on it, not the VM of another": (
        [red("node.offline", Place("node", "dc1", "pve1")),
         red("vm.unreachable", Place("vm", "dc1/2001")),
         red("vm.unreachable", Place("vm", "dc1/2002")),
         red("service.down", Place("service", URL))],
        ["node.offline", "unknown"],
    ),
    "a full storage pauses a VM, and its page is away": (
        [red("storage.full", Place("storage", "dc1", "local-lvm")),
         red("vm.paused", Place("vm", "dc1/2001")), red("service.down", Place("service", URL))],
        ["storage.full"],
    ),
    "a VM that does not answer, and nobody knows why": (
        [red("vm.unreachable", Place("vm", "dc1/2001")),
         red("service.down", Place("service", URL))],
        ["unknown"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CLUSTER)
def test_findings_of_a_cluster_come_down_to_causes(name: str) -> None:
    results, expected = CLUSTER[name]
    assert [each.key for each in found(*results, target="cluster:dc1").causes] == expected


def test_a_cause_says_what_it_explains_and_an_unknown_one_what_shows() -> None:
    (cause,) = found(*gone(SCHOOL, AP_2, AP_1)).causes
    assert render(cause.text, "en") == f"{SCHOOL} is the cause."
    assert [each.place.name for each in cause.explains] == [AP_1, AP_2]
    (unknown,) = found(red("odd.thing", device(CORE), evidence="it hums")).causes
    assert "odd.thing (it hums)" in render(unknown.text, "en")
    assert CORE in render(unknown.next, "en")


def test_what_is_in_order_is_told_from_the_user_s_end_a_line_for_each_station() -> None:
    results = [
        green("port.state", DOWN), green("device.reach", device(CORE)),
        green("device.reach", device(AP_1)), red("port.down", port(CORE, "Gi1/0/24")),
        Result("device.reach", device(AP_2), AT, skipped=say("It does not answer.")),
    ]  # fmt: skip
    titles = {"device.reach": say("reachable"), "port.state": say("ports")}
    told = diagnose(chain(), results, (), RULES, titles).ruled_out
    assert [render(each, "en") for each in told] == [
        f"{AP_1}: in order: reachable",
        f"{CORE}: in order: reachable, ports",
    ]


def test_a_check_that_is_red_at_one_port_is_not_in_order_at_its_station() -> None:
    results = [
        green("port.state", DOWN),
        Result("port.state", port(CORE, "Gi1/0/24"), AT, "", Finding("x", device(CORE))),
    ]
    assert not diagnose(chain(), results, (), RULES, {}).ruled_out


def test_changes_are_told_the_newest_first() -> None:
    changes = [
        Change(AT - timedelta(hours=hour), CORE, say("VLAN 401 added")) for hour in (5, 1, 3)
    ]
    told = diagnose(chain(), [], changes, RULES, {}).changes
    assert [(AT - each.at).seconds // 3600 for each in told] == [1, 3, 5]


# ---------------------------------------------------------------- whatever is found

PLACES = (
    device(AP_1), device(AP_2), device(SCHOOL), device(CORE), device(ROUTER), device(PROBE), UP,
    DOWN, port(SCHOOL, "Gi1/0/1"), port(SCHOOL, "Gi1/0/5"), Place("scope", ROUTER, "s"),
    Place("radio", AP_1, "r0"), Place("site", "smp-1"), Place("vlan", CORE, "401"),
    Place("office", ""),
)  # fmt: skip
KEYS = (*{each.finding: 0 for each in RULES}, "odd.thing", "mac.missing", "probe.dns")
weights = st.sampled_from(("broken", "weak"))
reds = st.builds(red, st.sampled_from(KEYS), st.sampled_from(PLACES), weights)
greens = st.builds(green, st.sampled_from(("port.state", "device.reach")), st.sampled_from(PLACES))
many = st.lists(st.one_of(reds, greens), max_size=12)
SITE = chain()


@given(many, st.randoms(use_true_random=False))
def test_the_order_of_results_never_matters(results: list[Result], random: object) -> None:
    shuffled = list(results)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    once = diagnose(SITE, results, (), RULES, {})
    assert diagnose(SITE, shuffled, (), RULES, {}) == once
    assert diagnose(SITE, [*results, *results], (), RULES, {}) == once


@given(many)
def test_every_finding_is_a_cause_or_explained_by_one(results: list[Result]) -> None:
    diagnosis = diagnose(SITE, results, (), RULES, {})
    told = {(each.key, each.place) for cause in diagnosis.causes for each in cause.explains}
    told |= {(each.key, each.place) for each in diagnosis.causes}
    unknown = {each.place for each in diagnosis.causes if each.key == "unknown"}
    ends = {UP: DOWN, DOWN: UP}
    findings = [result.finding for result in results if result.finding]
    for each in (each for each in findings if each.key != "config.others"):
        places = {each.place, ends.get(each.place, each.place)}
        assert any((each.key, place) in told for place in places) or places & unknown


@given(many)
def test_an_unknown_cause_is_never_certain_and_only_one(results: list[Result]) -> None:
    diagnosis = diagnose(SITE, results, (), RULES, {})
    unknown = [each for each in diagnosis.causes if each.key == "unknown"]
    assert len(unknown) <= 1
    assert all(each.confidence == "unknown" for each in unknown)
    sure = {each.finding for each in RULES if each.confidence == "certain"}
    certain = {each.key for each in diagnosis.causes if each.confidence == "certain"}
    assert certain <= sure


@given(many, st.sampled_from(PLACES), weights)
def test_a_child_that_the_first_cause_explains_never_changes_it(
    results: list[Result], place: Place, weight: Weight
) -> None:
    before = diagnose(SITE, results, (), RULES, {}).first
    child = red("mac.missing", place, weight)
    after = diagnose(SITE, [*results, child], (), RULES, {})
    if before is None or after.first is None or before.key == "unknown":
        return
    kept = next(e for e in after.causes if (e.key, e.place) == (before.key, before.place))
    if any(each.key == "mac.missing" and each.place == place for each in kept.explains):
        assert (after.first.key, after.first.place) == (before.key, before.place)
