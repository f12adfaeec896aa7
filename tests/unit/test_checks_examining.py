"""One examination whole: judged, left out with the reason, kept when a judge stumbles."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest

from provisioner.catalogue import Network
from provisioner.checks.catalogue import CATALOGUE, CheckModule, check, standard
from provisioner.checks.examining import Examiner
from provisioner.checks.model import Check, Finding, Place, Result, Target
from provisioner.checks.rules import Rule
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination, Inquiry, PortHealth, System
from provisioner.errors import NotFound, StepFailure
from provisioner.texts import render, say
from tests.unit.chain_world import AP_1, AP_2, CAMPUS, CORE, ROUTER, SCHOOL
from tests.unit.checks_eyes import AT, Devices, World, silent, well

GONE = Rule("device.unreachable", say("%(place)s is gone: %(why)s."), say("Go."))


@dataclass
class Judge:
    """A check that says what it is told to say of each device."""

    CHECK: Check
    odd: BaseException | None = None

    def judge(self, seen: Seen) -> Iterator[Result]:
        place = Place("device", CORE)
        yield Result(self.CHECK.key, place, AT, "fine")
        if self.odd:
            raise self.odd


@dataclass
class Silence:
    """Tells of devices that do not answer."""

    CHECK: ClassVar[Check] = Check(
        "reach", say("t"), say("p"), say("m"), say("n"), needs=frozenset({"reach"})
    )

    def judge(self, seen: Seen) -> Iterator[Result]:
        for name, each in seen.reached.items():
            place = Place("device", name)
            if each.ports.get(22) is None:
                yield Result("reach", place, AT, "-", Finding("device.unreachable", place))


def ports_check(key: str = "ports") -> Check:
    return Check(key, say("t"), say("p"), say("m"), say("n"), topics=frozenset({"ports"}))


def examiner(world: World, *judges: CheckModule) -> Examiner:
    found: Mapping[str, CheckModule] = {each.CHECK.key: each for each in judges}
    return Examiner(
        world.looker(), world.books, lambda: Network.model_validate(CAMPUS), world.hosts, ("dc1",),
        world.settings, found, (GONE,),
    )  # fmt: skip


def test_a_judge_that_stumbles_over_odd_data_costs_its_own_result_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    made = examiner(world, Judge(ports_check("odd"), ValueError("no number: 'x'")),
                    Judge(ports_check()))  # fmt: skip
    with caplog.at_level(logging.ERROR):
        found = made.examine(Target("device", CORE))
    assert [(each.check, each.passed) for each in found.results] == [
        ("odd", True), ("odd", None), ("ports", True),
    ]  # fmt: skip
    skipped = found.results[1].skipped
    assert skipped is not None
    assert "no number" in render(skipped, "en")
    assert "cannot judge" in caplog.text


def test_a_mistake_of_ours_in_a_judge_is_not_hidden() -> None:
    made = examiner(World(), Judge(ports_check(), TypeError("ours")))
    with pytest.raises(TypeError):
        made.examine(Target("device", CORE))


def test_what_could_not_be_read_is_left_out_with_the_reason() -> None:
    def answer(name: str, inquiry: Inquiry, turn: int) -> Examination | StepFailure:
        untold = replace(well(name, inquiry), untold={"ports": "no such command"})
        return {AP_1: silent("nobody"), AP_2: untold}.get(name, well(name, inquiry))

    world = World(devices=Devices(answer), dark={SCHOOL})
    found = examiner(world, Judge(ports_check())).examine(Target("site", "smp-1"))
    why = {
        each.place.name: render(each.skipped, "en")
        for each in found.results
        if each.skipped is not None
    }
    assert why == {
        AP_1: "nobody: no",
        AP_2: "It does not tell: no such command",
        SCHOOL: "It does not answer.",
    }
    assert [each.place.name for each in found.results if each.passed] == [CORE]


def test_from_a_dead_switch_to_the_cause_with_changes_on_the_way() -> None:
    found = examiner(World(dark={SCHOOL}), Silence()).examine(Target("site", "smp-1"))
    (cause,) = found.diagnosis.causes
    assert (cause.key, cause.place) == ("device.unreachable", Place("device", SCHOOL))
    assert render(cause.text, "en") == f"{SCHOOL} is gone: -."
    assert len(found.diagnosis.changes) == 1


def test_what_is_kept_are_the_latest_counters_and_what_was_not_asked_before() -> None:
    def answer(name: str, inquiry: Inquiry, turn: int) -> Examination:
        errors = {1: 5, 2: 9}[turn]
        port = PortHealth("Gi1/0/24", up=True, in_errors=errors, changes=2)
        return replace(
            well(name, inquiry), ports={"Gi1/0/24": port}, system=System(uptime=100.0 * turn)
        )

    world = World(devices=Devices(answer))
    found = examiner(world, Judge(ports_check())).examine(Target("device", CORE))
    kept = found.sightings[CORE]
    assert (kept.errors, kept.changes, kept.uptime) == ({"Gi1/0/24": 9}, {"Gi1/0/24": 2}, 100.0)
    assert set(found.sightings) == {CORE, ROUTER}


def test_a_name_that_nobody_has_is_not_found() -> None:
    with pytest.raises(NotFound):
        examiner(World()).target("nobody")
    with pytest.raises(NotFound):
        check("no.such")


# ---------------------------------------------------------------- the product's own checks


def test_every_check_says_what_it_is_and_is_found_by_its_key() -> None:
    assert {each.key for each in standard()} <= set(CATALOGUE)
    for key, module in CATALOGUE.items():
        about = module.CHECK
        assert about.key == key
        assert all(render(text, "id") for text in (about.title, about.proves, about.meaning))
        assert 0 < about.limit <= 120
