"""Forms and plans of the service troubleshooting: a look, and the few remedies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from provisioner.catalogue import Catalogue, Inventory, Network, Office
from provisioner.database import now
from provisioner.drivers.network import (
    BouncePort,
    CyclePower,
    DropLease,
    EnablePort,
    Remedied,
    Remedy,
    RestartRadio,
)
from provisioner.errors import (
    ActionNeeded,
    Conflict,
    Invalid,
    OutcomeUnknown,
    Refused,
    StepFailure,
)
from provisioner.plans.claims import HeldClaim, Ledger
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.remedies import RemedyDevice
from provisioner.services.booking import Bookings
from provisioner.services.troubleshooting.details import (
    RemedyDetails,
    TroubleDetails,
    parse_details,
)
from provisioner.services.troubleshooting.planner import (
    RemedySight,
    TroubleSight,
    plan_diagnosis,
    plan_remedy,
)
from provisioner.texts import say
from tests.unit.internet_world import REGENCY

OFFERED = {"services": {"troubleshooting": {"sla_working_days": 1, "letters": []}}}

FAULT = {"target": "site:smp-1", "symptom": "no_internet", "description": "Internet mati"}
BOUNCE = {"action": "remedy", "remedy": "bounce_port", "device": "sw-smp-1",
          "port": "GigabitEthernet1/0/1"}  # fmt: skip


def inventory(offered: dict[str, Any] = OFFERED) -> Inventory:
    return Inventory(
        catalogue=Catalogue.model_validate(offered),
        network=Network.model_validate(REGENCY),
        office=Office.model_construct(time_zone="Asia/Jakarta"),
    )


def faults(details: dict[str, Any], *, complete: bool = True) -> set[str]:
    with pytest.raises(Invalid) as refused:
        parse_details(details, inventory(), complete=complete)
    return {error.pointer for error in refused.value.errors}


def test_a_fault_is_told_in_three_answers() -> None:
    told = parse_details(FAULT, inventory())
    assert isinstance(told, TroubleDetails)
    assert told.target == "site:smp-1"


def test_where_it_is_not_offered_it_cannot_be_asked_for() -> None:
    with pytest.raises(Invalid):
        parse_details(FAULT, inventory({"services": {}}))


def test_every_gap_is_told_at_once() -> None:
    assert faults({}) == {"/details/target", "/details/symptom", "/details/description"}
    parse_details({}, inventory(), complete=False)


@pytest.mark.parametrize("target", ["site:nowhere", "place:nowhere", "house:smp-1"])
def test_a_place_that_is_not_there_is_refused_at_once(target: str) -> None:
    assert faults({**FAULT, "target": target}) == {"/details/target"}


@pytest.mark.parametrize("target", ["a b", "site:smp-1\n", "x" * 400, "", 7])
def test_a_target_is_one_word(target: object) -> None:
    assert "/details/target" in faults({**FAULT, "target": target})


@pytest.mark.parametrize(
    ("details", "order"),
    [
        (BOUNCE, BouncePort("GigabitEthernet1/0/1")),
        ({**BOUNCE, "remedy": "enable_port"}, EnablePort("GigabitEthernet1/0/1")),
        ({**BOUNCE, "remedy": "cycle_power"}, CyclePower("GigabitEthernet1/0/1")),
        (
            {"action": "remedy", "remedy": "drop_lease", "device": "rt-1", "address": "10.4.1.9"},
            DropLease("10.4.1.9"),
        ),
        ({"action": "remedy", "remedy": "restart_radio", "device": "ap-1"}, RestartRadio("")),
    ],
)
def test_each_remedy_is_one_order(details: dict[str, Any], order: object) -> None:
    told = parse_details(details, inventory())
    assert isinstance(told, RemedyDetails)
    assert told.order() == order


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"port": None}, "/details/port"),
        ({"port": "Gi1/0/1\nreload"}, "/details/port"),
        ({"port": "Gi1/0/1; reload"}, "/details/port"),
        ({"device": "-rf"}, "/details/device"),
        ({"remedy": "reload"}, "/details/remedy"),
        ({"action": "reload"}, "/details/action"),
        ({"remedy": "drop_lease"}, "/details/address"),
        ({"address": "1.2.3.4/24"}, "/details/address"),
        ({"passphrase": "x"}, "/details/passphrase"),
    ],
)
def test_what_is_no_remedy_is_refused(changed: dict[str, Any], pointer: str) -> None:
    assert pointer in faults({**BOUNCE, **changed})


def test_a_look_changes_nothing() -> None:
    told = parse_details(FAULT, inventory())
    assert isinstance(told, TroubleDetails)
    plan = plan_diagnosis(told, TroubleSight("site:smp-1", "SMP Negeri 1", ("sw-smp-1",)))
    assert [step.kind for step in plan.steps] == ["checks.diagnose"]
    assert [step.changes for step in plan.steps] == [()]
    assert plan.claims == ()


def remedy(**sight: Any) -> Any:
    told = parse_details({**BOUNCE, "check": "chk-1"}, inventory())
    assert isinstance(told, RemedyDetails)
    return plan_remedy(told, RemedySight(known=True, **sight))


def test_a_remedy_is_followed_by_the_check_that_was_red() -> None:
    plan = remedy(leads_on=("ap-smp-1",))
    assert [step.kind for step in plan.steps] == ["device.remedy", "checks.again"]
    assert plan.steps[1].params == {"check": "chk-1"}
    assert plan.risks[0].level == "medium"
    assert "ap-smp-1" in str(plan.risks[0].text)


def test_others_may_plan_on_a_device_that_a_remedy_waits_for() -> None:
    (claim,) = remedy().claims
    held = HeldClaim(claim.kind, claim.scope, claim.key, "TRB-2026-0001", amounts=claim.amounts)
    begun = Bookings(Ledger((held,)), frozenset()).begun(claim.scope, now())
    assert begun == {claim.key}


def test_a_device_never_cuts_itself_off() -> None:
    with pytest.raises(Conflict) as refused:
        remedy(to_core=True)
    assert refused.value.slug == "not-plannable"


def test_another_choice_is_another_plan() -> None:
    plan = remedy()
    told = parse_details({**BOUNCE, "port": "GigabitEthernet1/0/2"}, inventory())
    assert isinstance(told, RemedyDetails)
    with pytest.raises(Conflict) as refused:
        plan_remedy(told, RemedySight(known=True), plan.choices)
    assert refused.value.slug == "plan-changed"


class _Seat:
    """A run at a device: the step's memory lasts, the device answers what the test says."""

    def __init__(self, answer: Remedied | StepFailure | Exception) -> None:
        self.answer, self.asked = answer, 0
        self.memory: dict[str, Any] = {}
        self.params = {**BOUNCE}
        self.step = plan_remedy(
            RemedyDetails.model_validate(BOUNCE), RemedySight(known=True)
        ).steps[0]
        self.devices = self.fleet = self

    def remember(self, values: Mapping[str, Any]) -> None:
        self.memory |= values

    def take(self, devices: Sequence[str]) -> None: ...
    def give_back(self) -> None: ...
    def check(self) -> None: ...

    def remedy(self, orders: Mapping[str, Remedy]) -> dict[str, Remedied | StepFailure]:
        self.asked += 1
        if isinstance(self.answer, Exception) and not isinstance(self.answer, StepFailure):
            raise self.answer
        return dict.fromkeys(orders, self.answer)


def _carry_out(seat: _Seat) -> Done | Wait:
    return RemedyDevice().apply(cast(Context, seat))


def test_a_remedy_of_unknown_outcome_asks_a_person_and_is_done_again_only_then() -> None:
    seat = _Seat(OutcomeUnknown(say("cut"), meaning=say(""), next=say(""), log=("shutdown",)))
    with pytest.raises(ActionNeeded) as met:
        _carry_out(seat)
    assert met.value.log == ("shutdown",)
    seat.answer = Remedied("done")
    assert isinstance(_carry_out(seat), Done)
    assert seat.asked == 2


def test_a_program_that_ended_in_the_middle_of_a_remedy_asks_a_person() -> None:
    seat = _Seat(RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        _carry_out(seat)
    seat.answer = Remedied("done")
    with pytest.raises(ActionNeeded):
        _carry_out(seat)
    assert seat.asked == 1
    assert isinstance(_carry_out(seat), Done)


def test_a_remedy_that_is_refused_was_not_done() -> None:
    refused = Refused(say("no such port"), meaning=say(""), next=say(""))
    seat = _Seat(refused)
    for _ in range(2):
        with pytest.raises(Refused):
            _carry_out(seat)
    assert seat.asked == 2
