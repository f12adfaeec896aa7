"""Far-reaching plans need two people; what others changed on a device needs a reason."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from provisioner.drivers.network import Reading
from provisioner.errors import Conflict, Forbidden, Invalid
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.texts import render
from tests.integration.change_stage import ChangeStage, save_by_hand
from tests.integration.harness import lab_cluster
from tests.integration.wifi_stage import WifiOffice

pytestmark = [
    pytest.mark.xdist_group("event-wifi-second"),
    pytest.mark.timeout(300),
    pytest.mark.parametrize(
        "database_url",
        ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
        indirect=True,
        scope="module",
    ),
]
WHY = "checked with the vendor, it is harmless"


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, certificates: Path, database_url: str | None
) -> Iterator[WifiOffice]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    low = {"[devices]": "[devices]\nsecond_approver_above = 1"}
    with lab_cluster(certificates) as lab, WifiOffice(base, lab, low, database_url) as made:
        people = made.product.people
        for name, role in (("wati", Role.TECHNICIAN), ("joko", Role.HEAD), ("rudi", Role.AUDITOR)):
            people.add_person(name, name.title(), None, [role], None, language="en")
        yield made


def actor(office: WifiOffice, name: str) -> Actor:
    return office.product.people.actor(name)


def planned(office: WifiOffice, days: int, **details: Any) -> tuple[str, str]:
    """A plan for an event in so many days, with the first event network."""
    number = office.ask(starts=days * 86400, **details)
    plan = office.product.plans.make(office.budi, number)
    assert plan.picture["impact"]["second"] is True
    return number, plan.digest


def tags(office: WifiOffice, number: str) -> list[str]:
    return [event.tag for event in office.product.requests.events(office.budi, number)]


def test_two_different_people_one_of_them_senior(office: WifiOffice) -> None:
    number, digest = planned(office, 2)
    approve = office.product.approvals.approve
    with pytest.raises(Forbidden):
        approve(actor(office, "rudi"), number, digest)
    with pytest.raises(Forbidden):
        approve(office.sari, number, digest)
    first = approve(actor(office, "wati"), number, digest, comment="looks right")
    assert (first.run, first.waiting_for) == (None, "approver")
    request = office.request(number)
    assert (request.state, request.run) == ("planned", None)
    kept = office.product.approvals.first(office.budi, number)
    assert kept is not None
    assert (kept.by, kept.comment) == ("wati", "looks right")
    with pytest.raises(Conflict) as again:
        approve(actor(office, "wati"), number, digest)
    assert again.value.slug == "second-approver"
    with pytest.raises(Forbidden) as junior:
        approve(office.budi, number, digest)
    assert junior.value.slug == "second-approver"
    assert render(junior.value.what, "id") != render(junior.value.what, "en")
    done = approve(actor(office, "joko"), number, digest)
    assert done.run is not None
    assert office.request(number).state == "scheduled"
    assert tags(office, number).count("request:first_approval") == 1
    (approved,) = (
        e for e in office.product.requests.events(office.budi, number)
        if e.tag == "request:approved"
    )  # fmt: skip
    assert approved.actor == "joko"
    assert approved.data is not None
    assert approved.data["first"] == "wati"
    assert office.product.approvals.first(office.budi, number) is None


def test_the_first_counts_while_the_plan_stays_and_no_longer(office: WifiOffice) -> None:
    number, digest = planned(office, 3, ssid="Kedua")
    approvals = office.product.approvals
    approvals.approve(office.budi, number, digest)
    assert office.product.plans.make(office.budi, number).digest == digest
    assert approvals.first(office.budi, number) is not None, "the plan is the same"
    save_by_hand(_hands(office), "sw-pendopo-1", "vlan 301", "name Tamu")
    try:
        other = office.product.plans.make(office.budi, number).digest
        assert other != digest
        assert approvals.first(office.budi, number) is None
        with pytest.raises(Conflict) as changed:
            approvals.approve(office.tono, number, digest)
        assert changed.value.slug == "plan-changed"
        waits = approvals.approve(office.tono, number, other)
        assert waits.run is None, "the first to the new plan"
    finally:
        save_by_hand(_hands(office), "sw-pendopo-1", "no vlan 301")
    assert office.product.plans.make(office.budi, number).digest == digest
    assert approvals.first(office.budi, number) is None, "another plan came in between"


def test_neither_of_the_two_may_have_entered_the_request_without_a_reason(
    office: WifiOffice,
) -> None:
    both = Actor(
        office.sari.id, "sari", "Sari", frozenset({Role.APPLICANT, Role.TECHNICIAN}), "dinkes", "en"
    )
    number, digest = planned(office, 4, ssid="Ketiga")
    approve = office.product.approvals.approve
    with pytest.raises(Forbidden) as refused:
        approve(both, number, digest)
    assert refused.value.slug == "own-request"
    approve(actor(office, "joko"), number, digest)
    with pytest.raises(Forbidden) as refused:
        approve(both, number, digest)
    assert refused.value.slug == "own-request"
    assert approve(both, number, digest, override_reason="nobody else is there today").run


def test_what_others_changed_is_shown_and_needs_a_reason(office: WifiOffice) -> None:
    """Through the whole: our change, somebody else's, then a plan that tells it."""
    office.product.start(worker=True)
    number = office.ask(ssid="Pertama", lasts=3600)
    assert "foreign" not in office.product.plans.make(office.budi, number).picture
    _both_approve(office, number)
    _settled(office, number)
    history = office.product.configurations
    (newest, *_) = history.log("sw-pendopo-1")
    assert (newest.number, newest.when) == (number, "after")
    save_by_hand(_hands(office), "sw-pendopo-1", "interface GigabitEthernet1/0/9", "shutdown")
    later = office.ask(ssid="Sesudahnya", lasts=3600)
    plan = office.product.plans.make(office.budi, later)
    (foreign,) = plan.picture["foreign"]
    assert (foreign["host"], foreign["object"]) == (
        "sw-pendopo-1", "interface GigabitEthernet1/0/9",
    )  # fmt: skip
    assert "shutdown" in foreign["now"]
    assert plan.risks[0].level == "high"
    approve = office.product.approvals.approve
    with pytest.raises(Conflict) as refused:
        approve(office.budi, later, plan.digest)
    assert refused.value.slug == "foreign-changes"
    assert refused.value.extra["foreign"] == [foreign]
    with pytest.raises(Invalid):
        approve(office.budi, later, plan.digest, override_reason="ok")
    save_by_hand(_hands(office), "sw-pendopo-1", "interface GigabitEthernet1/0/10", "shutdown")
    _both_approve(office, later, WHY)  # what is not concerned does not stop it
    _settled(office, later)
    reading = office.product.fleet.read({"sw-pendopo-1": ()})["sw-pendopo-1"]
    assert isinstance(reading, Reading)
    texts = {"sw-pendopo-1": reading.configuration}
    assert history.changed_outside(texts) == [], "our change went over it knowingly"


def _hands(office: WifiOffice) -> ChangeStage:
    return cast(ChangeStage, SimpleNamespace(lab=office.devices))


def _both_approve(office: WifiOffice, number: str, reason: str | None = None) -> None:
    digest = office.product.plans.view(office.budi, number).digest
    for who in (office.budi, actor(office, "joko")):
        office.product.approvals.approve(who, number, digest, override_reason=reason)


def _settled(office: WifiOffice, number: str) -> None:
    deadline = time.monotonic() + 120
    while office.request(number).state not in ("done", "attention"):
        assert time.monotonic() < deadline, office.told(number)
        time.sleep(0.1)
    assert office.request(number).state == "done", office.told(number)
