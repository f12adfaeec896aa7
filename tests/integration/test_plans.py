"""The plan service on real databases: holds, the ledger, re-planning and many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import ActionNeeded, Conflict, Forbidden, NotFound
from provisioner.plans import store
from provisioner.plans.record import Reservation, ReservationState
from provisioner.plans.service import PlanService
from provisioner.requests.rules import RequestState
from provisioner.services.cloud_vps.planning import CloudVpsPlanning
from provisioner.texts import say
from tests.integration.plans_office import APPLICANT, TECHNICIAN, Office
from tests.unit import plans_world as world


class SmallOffice(Office):
    """On a cluster and a seat that the test changes as it likes."""

    def __init__(self, database: Database) -> None:
        self.cluster = world.SmallCluster()
        self.seat = world.SmallSeat()
        super().__init__(database, self.cluster, self.seat)


@pytest.fixture
def office(database: Database) -> SmallOffice:
    return SmallOffice(database)


@pytest.fixture
def one(sqlite_database: Database) -> SmallOffice:
    """Where one database is as good as two."""
    return SmallOffice(sqlite_database)


def test_a_plan_is_made_held_and_told(office: SmallOffice) -> None:
    number = office.ask()
    made = office.plans.make(TECHNICIAN, number)
    assert made.digest == office.plan(number).digest
    assert made == office.plans.view(TECHNICIAN, number)
    assert [(r.kind, r.key, r.state) for r in office.rows()] == [
        ("vmid", "2000", "hold"), ("address", "10.10.10.100", "hold"),
        ("name", "host-1", "hold"), ("capacity", "2000", "hold"),
    ]  # fmt: skip
    assert {r.expires_at for r in office.rows()} == {made.holds_until}
    assert timedelta(hours=23) < made.holds_until - now() <= timedelta(hours=24)
    assert office.request(number).state == RequestState.PLANNED
    with office.database.read() as session:
        last = events.read(session, number)[-1]
    assert (last.tag, last.actor) == ("request:planned", "tono")
    assert last.payload is not None
    assert last.payload["digest"] == made.digest


def test_texts_come_in_the_readers_language(one: SmallOffice) -> None:
    number = one.ask()
    english = one.plans.make(TECHNICIAN, number)
    local = one.plans.view(replace(TECHNICIAN, language="id"), number)
    assert english.steps[6].title == "Switch it on"
    assert local.steps[6].title != english.steps[6].title
    assert local.digest == english.digest


def test_planning_again_replaces_the_holds_and_the_plan(office: SmallOffice) -> None:
    number = office.ask()
    first = office.plans.make(TECHNICIAN, number)
    second = office.plans.make(TECHNICIAN, number)
    assert first.id != second.id
    assert first.digest == second.digest
    assert len(office.rows()) == 4
    assert {r.plan_id for r in office.rows()} == {second.id}


def test_who_may_not_and_what_is_not_there(one: SmallOffice) -> None:
    number = one.ask()
    with pytest.raises(Forbidden):
        one.plans.make(APPLICANT, number)
    with pytest.raises(NotFound):
        one.plans.make(TECHNICIAN, "VPS-2026-9999")
    with pytest.raises(NotFound, match="has no plan"):
        one.plans.view(TECHNICIAN, number)
    for state, busy in ((RequestState.DRAFT, False), (RequestState.ATTENTION, True)):
        one.move(number, state, busy)
        with pytest.raises(Conflict) as refused:
            one.plans.make(TECHNICIAN, number)
        assert refused.value.slug == "wrong-state"
    assert one.rows() == []


def test_a_service_nobody_brings_is_said_to_be_so(one: SmallOffice) -> None:
    number = one.ask()
    with pytest.raises(Conflict, match="cannot be planned by the program yet"):
        PlanService(one.database, {}).make(TECHNICIAN, number)


def test_a_failed_attempt_keeps_the_earlier_plan(
    office: SmallOffice,
) -> None:
    number = office.ask()
    made = office.plans.make(TECHNICIAN, number)
    office.cluster.now = world.cluster(quorate=False)
    with pytest.raises(Conflict, match="no quorum"):
        office.plans.make(TECHNICIAN, number)
    assert office.record(number).id == made.id
    assert len(office.rows(ReservationState.HOLD)) == 4


def test_a_stranger_at_the_address_is_passed_over_and_remembered(office: SmallOffice) -> None:
    office.seat.strangers = {"10.10.10.100": "tcp/22", "10.10.10.101": "icmp"}
    number = office.ask()
    made = office.plans.make(TECHNICIAN, number)
    assert office.plan(number).choices["address"] == "10.10.10.102"
    assert sum("was passed over" in risk.text for risk in made.risks) == 2
    assert [r.key for r in office.rows(ReservationState.QUARANTINE)] == [
        "10.10.10.100",
        "10.10.10.101",
    ]
    office.seat.asked.clear()
    office.plans.make(TECHNICIAN, office.ask(2))
    assert office.seat.asked == ["10.10.10.103"]
    with office.database.read() as session:
        tags = [e.tag for e in events.read(session, number)]
    assert tags == ["request:planned"]


def test_a_range_full_of_strangers_is_given_up(one: SmallOffice) -> None:
    one.seat.strangers = {f"10.10.10.{i}": "tcp/80" for i in range(100, 200)}
    number = one.ask()
    with pytest.raises(Conflict, match="8 choices in a row") as refused:
        one.plans.make(TECHNICIAN, number)
    assert refused.value.slug == "no-capacity"
    assert one.request(number).state == RequestState.SUBMITTED
    assert one.rows(ReservationState.HOLD) == []


def test_a_look_that_fails_leaves_nothing_behind(one: SmallOffice) -> None:
    class Blind(world.SmallSeat):
        def answers(self, address: str, ports: tuple[int, ...]) -> str | None:
            raise ActionNeeded(say("no network"), meaning=say("-"), next=say("-"))

    number = one.ask()
    planning = CloudVpsPlanning(
        world.INVENTORY, {"dc1": world.SETTINGS}, {"dc1": one.cluster}, Blind(),
        lambda: world.OFFICE_KEY,
    )  # fmt: skip
    with pytest.raises(ActionNeeded):
        PlanService(one.database, {"cloud_vps": planning}).make(TECHNICIAN, number)
    assert one.rows() == []
    assert one.request(number).state == RequestState.SUBMITTED


def test_expired_holds_are_dead(office: SmallOffice) -> None:
    short = PlanService(office.database, {"cloud_vps": office.planning}, hold_for=timedelta(0))
    number = office.ask()
    with pytest.raises(Conflict):  # they ran out before the plan could be shown
        short.make(TECHNICIAN, number)
    other = office.ask(2)
    office.plans.make(TECHNICIAN, other)
    assert office.plan(other).choices["vmid"] == 2000
    with office.database.write() as session:
        for row in session.scalars(select(Reservation)):
            row.expires_at = now() - timedelta(seconds=1)
    with pytest.raises(Conflict, match="has run out") as refused:
        office.approve(other)
    assert refused.value.slug == "plan-changed"
    third = office.ask(3)
    office.plans.make(TECHNICIAN, third)
    assert office.plan(third).choices["vmid"] == 2000


def test_holds_become_reservations_and_holds_again(office: SmallOffice) -> None:
    number = office.ask()
    office.plans.make(TECHNICIAN, number)
    office.approve(number)
    assert {(r.state, r.expires_at) for r in office.rows()} == {("reserved", None)}
    with pytest.raises(Conflict) as refused:
        office.approve(number)
    assert refused.value.slug == "plan-changed"
    with pytest.raises(Conflict) as refused:
        office.plans.make(TECHNICIAN, number)
    assert refused.value.slug == "wrong-state"
    until = now() + timedelta(hours=24)
    with office.database.write() as session:
        store.hold_again(session, store.by_id(session, office.record(number).id), until)
    assert {(r.state, r.expires_at) for r in office.rows()} == {("hold", until)}
    assert office.record(number).holds_until == until


def test_what_a_vm_used_rests_after_its_release(office: SmallOffice) -> None:
    number = office.ask()
    office.plans.make(TECHNICIAN, number)
    office.approve(number)
    moment = now()
    with office.database.write() as session:
        store.give_to_instance(session, office.request(number).id, "i1")
        store.release(session, office.request(number).id, moment)
    assert [(r.kind, r.state, r.instance_id, r.expires_at) for r in office.rows()] == [
        ("vmid", "quarantine", None, moment + store.VMID_REST),
        ("address", "quarantine", None, moment + timedelta(hours=24)),
    ]
    office.move(number, RequestState.ATTENTION)
    office.plans.make(TECHNICIAN, number)
    choices = office.plan(number).choices
    assert (choices["vmid"], choices["address"]) == (2001, "10.10.10.101")


def test_what_was_never_used_is_free_at_once(one: SmallOffice) -> None:
    number = one.ask()
    one.plans.make(TECHNICIAN, number)
    one.approve(number)
    with one.database.write() as session:
        store.release(session, one.request(number).id, now(), address_used=False, vmid_used=False)
    assert one.rows() == []


def test_a_closed_request_gives_its_holds_back(office: SmallOffice) -> None:
    number = office.ask()
    office.plans.make(TECHNICIAN, number)
    request_id = office.request(number).id
    office.plans.forget(request_id)
    assert len(office.rows()) == 4, "it has gone on meanwhile"
    office.move(number, RequestState.REJECTED)
    for _ in range(2):
        office.plans.forget(request_id)
    assert office.rows() == []
    with pytest.raises(NotFound):
        office.plans.view(TECHNICIAN, number)


Change = Callable[[SmallOffice], None]


def _stranger_at_the_address(office: SmallOffice) -> None:
    office.seat.strangers = {"10.10.10.100": "tcp/22"}


def _template_gone(office: SmallOffice) -> None:
    office.cluster.now = world.cluster(templates=world.cluster().templates[:1])


def _node_full(office: SmallOffice) -> None:
    office.cluster.now = world.cluster(
        guests=tuple(world.guest(v, "pve2") for v in range(100, 122))
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_stranger_at_the_address, "Something answers at the address 10.10.10.100"),
        (_template_gone, "is not on the cluster"),
        (_node_full, "not enough memory"),
    ],
)
def test_a_changed_world_is_noticed_before_anything_is_done(
    one: SmallOffice, change: Change, reason: str
) -> None:
    number = one.ask()
    one.plans.make(TECHNICIAN, number)
    one.approve(number)
    before = [(r.kind, r.key, r.state) for r in one.rows()]
    plan = one.plan(number)
    assert one.plans.replan_pinned(number, plan) is None
    change(one)
    found = one.plans.replan_pinned(number, plan)
    assert found is not None
    assert reason in str(found.reason)
    assert [(r.kind, r.key, r.state) for r in one.rows()] == before


def test_a_touched_object_shows_only_the_difference(one: SmallOffice) -> None:
    number = one.ask()
    one.plans.make(TECHNICIAN, number)
    templates = tuple(replace(t, name="debian-13.2") for t in world.cluster().templates)
    one.cluster.now = world.cluster(templates=templates)
    found = one.plans.replan_pinned(number, one.plan(number))
    assert found is not None
    rows = found.view("en")["rows"]
    assert {"what": "template 9002: name", "before": "debian-13", "after": "debian-13.2"} in rows


def test_two_technicians_plan_the_same_request_at_once(office: SmallOffice) -> None:
    number = office.ask()

    def make(_: int) -> str:
        try:
            return office.plans.make(TECHNICIAN, number).id
        except Conflict as conflict:
            return conflict.slug

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(make, range(8)))
    ids = [outcome for outcome in outcomes if len(outcome) == 32]
    assert ids
    assert set(outcomes) - set(ids) <= {"plan-changed"}
    assert {r.plan_id for r in office.rows()} == {office.record(number).id}
    assert len(office.rows()) == 4


def test_forty_requests_by_eight_threads(office: SmallOffice) -> None:
    """No VMID, address or capacity twice, and none refused as long as there is room."""
    office.seat.strangers = {"10.10.10.105": "tcp/22", "10.10.10.120": "icmp"}
    numbers = [office.ask(i, size="small") for i in range(40)]

    def make(number: str) -> str:
        return office.plans.make(TECHNICIAN, number).id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(make, numbers))
    assert len(set(ids)) == 40
    plans = [office.plan(number) for number in numbers]
    assert sorted(p.choices["vmid"] for p in plans) == list(range(2000, 2040))
    addresses = {p.choices["address"] for p in plans}
    assert len(addresses) == 40
    assert addresses.isdisjoint(office.seat.strangers)
    assert len({p.choices["node"] for p in plans}) == 3


def test_the_last_places_go_to_as_many_as_fit_and_not_one_more(office: SmallOffice) -> None:
    nodes = tuple(
        replace(n, memory_mb=5 * 4096, memory_used_mb=0) for n in world.cluster().nodes
    )  # with 10 % kept back, four VMs each
    office.cluster.now = world.cluster(nodes=nodes)
    numbers = [office.ask(i) for i in range(15)]

    def make(number: str) -> str:
        try:
            return office.plans.make(TECHNICIAN, number).id
        except Conflict as conflict:
            return conflict.slug

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(make, numbers))
    assert outcomes.count("no-capacity") == 3
    assert len(set(outcomes)) == 13
    with office.database.read() as session:
        scopes = Counter(
            session.scalars(select(Reservation.scope).where(Reservation.kind == "capacity"))
        )
    assert scopes == {"dc1/pve1": 4, "dc1/pve2": 4, "dc1/pve3": 4}
