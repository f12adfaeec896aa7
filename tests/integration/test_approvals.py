"""Approvals at the same instant, on both databases and on a real lab cluster."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from provisioner.approvals.model import Approval
from provisioner.errors import Conflict, Forbidden, Invalid
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.runs.model import Run
from tests.integration.harness import Office


def _approve_at_once(office: Office, number: str, digest: str) -> list[object]:
    barrier = threading.Barrier(2)

    def approve(actor: Actor) -> object:
        barrier.wait()
        try:
            return office.product.approvals.approve(actor, number, digest).run
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(approve, (office.budi, office.tono)))


def test_two_technicians_approve_the_same_plan_at_the_same_instant(office: Office) -> None:
    numbers = [office.file() for _ in range(3)]
    for number in numbers:
        plan = office.product.plans.make(office.budi, number)
        answers = _approve_at_once(office, number, plan.digest)
        (refused,) = (a for a in answers if isinstance(a, Conflict))
        (run,) = (a for a in answers if isinstance(a, str))
        assert refused.slug == "wrong-state"
        assert office.request(number).run == run
    with office.product.database.read() as session:
        runs = session.scalars(select(Run.plan_id).where(Run.number.in_(numbers))).all()
        approved = session.scalars(select(Approval.plan_id).where(Approval.plan_id.in_(runs))).all()
    assert len(runs) == 3
    assert sorted(approved) == sorted(runs)
    office.carry_out(run)
    office.assert_fulfilled(number)


def test_forty_requests_planned_and_approved_by_eight_threads(office: Office) -> None:
    """No VMID, address or capacity twice, none refused without cause; a sample runs to its end."""
    numbers = [office.file() for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(office.approve, numbers))
    assert len(set(ids)) == 40
    claims = [row for number in numbers for row in office.reservations(number)]
    assert {row.state for row in claims} == {"reserved"}
    assert len(claims) == 4 * 40
    assert len({(row.kind, row.scope, row.key) for row in claims}) == 4 * 40
    chosen = [office.choices(number) for number in numbers]
    assert len({c["vmid"] for c in chosen}) == 40
    assert len({c["address"] for c in chosen}) == 40
    assert len({c["node"] for c in chosen}) > 1, "capacity that is only reserved counts"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(office.carry_out, ids[:4]))
    vms = [office.assert_fulfilled(number) for number in numbers[:4]]
    assert len({vm["vmid"] for vm in vms}) == 4
    assert len({vm["guest"]["address"] for vm in vms}) == 4


def test_an_older_plan_cannot_be_approved(office: Office) -> None:
    number = office.file()
    first = office.product.plans.make(office.budi, number)
    office.lab.fault("node-full", node=office.choices(number)["node"])
    second = office.product.plans.make(office.budi, number)
    assert second.digest != first.digest
    with pytest.raises(Conflict) as refused:
        office.product.approvals.approve(office.budi, number, first.digest)
    assert refused.value.slug == "plan-changed"
    assert refused.value.extra["digest"] == second.digest
    assert refused.value.extra["difference"]
    assert office.request(number).run is None


def test_nobody_approves_their_own_request_without_a_written_reason(office: Office) -> None:
    both = Actor(
        office.sari.id, "sari", "Sari", frozenset({Role.APPLICANT, Role.TECHNICIAN}), "dinkes", "en"
    )
    number = office.file()
    digest = office.product.plans.make(office.budi, number).digest
    approve = office.product.approvals.approve
    with pytest.raises(Forbidden) as refused:
        approve(both, number, digest)
    assert refused.value.slug == "own-request"
    with pytest.raises(Invalid):
        approve(both, number, digest, override_reason="urgent")
    with pytest.raises(Forbidden):
        approve(office.sari, number, digest, override_reason="nobody else is there today")
    approve(both, number, digest, override_reason="nobody else is there today")
    event = office.product.requests.events(office.budi, number)[-2]
    assert event.tag == "request:approved"
    assert event.data is not None
    assert event.data["override_reason"] == "nobody else is there today"
