"""What is due is found by comparing table and time: looks ahead, starts, ends, and what is late."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from provisioner.database import now
from provisioner.instances.ending import Endings
from provisioner.instances.making import EVENT_WIFI
from provisioner.instances.model import Instance
from provisioner.plans.record import PlanRecord
from provisioner.requests.views import RequestPatch
from provisioner.runs import store as runs
from provisioner.runs.model import Run
from provisioner.runs.schedule import Schedule
from provisioner.services.event_wifi.ending import off_plan
from tests.integration.harness import lab_cluster
from tests.integration.wifi_stage import WifiOffice

pytestmark = [pytest.mark.xdist_group("event-wifi"), pytest.mark.timeout(300)]
STARTS = itertools.count(30 * 3600, 4 * 3600)
"""In seconds from now; each event has a time of its own, the networks are few."""


@pytest.fixture(scope="module")
def database_url() -> None:
    """The queries are the same on both; runs on PostgreSQL are tested elsewhere."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[WifiOffice]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    with lab_cluster(certificates) as lab, WifiOffice(base, lab) as made:
        yield made


class Clockwork:
    """The worker's clock, by hand; ``queue`` is what it has put in line."""

    def __init__(self, office: WifiOffice) -> None:
        self.office = office
        self.queue: list[str] = []
        plans, database = office.product.plans, office.product.database
        self._schedule = Schedule(database, self._enqueue, plans.replan_pinned)
        self._endings = Endings(database, self._enqueue, {EVENT_WIFI: off_plan})

    def _enqueue(self, session: Any, run_id: str, attempt: int, partition: str) -> None:
        self.queue.append(run_id)

    def tick(self) -> None:
        self._schedule.once()
        self._endings.once()

    def move(self, run_id: str, **times: datetime | None) -> None:
        """As if the time had jumped: what lay ahead lies elsewhere now."""
        with self.office.product.database.write() as session:
            run = runs.get(session, run_id)
            for name, moment in times.items():
                setattr(run, name, moment)

    def row(self, run_id: str) -> Run:
        with self.office.product.database.read() as session:
            return runs.get(session, run_id)


@pytest.fixture
def clock(office: WifiOffice) -> Clockwork:
    return Clockwork(office)


def scheduled(office: WifiOffice) -> tuple[str, str]:
    """An approved event that begins the day after tomorrow: its number and its run."""
    number = office.ask(starts=next(STARTS), lasts=7200, ssid=uuid4().hex[:12])
    run = office.approve(number)
    assert office.request(number).state == "scheduled"
    return number, run


def test_looks_a_day_and_an_hour_before_then_begins(office: WifiOffice, clock: Clockwork) -> None:
    number, run = scheduled(office)
    first = clock.row(run).look_at
    starts_at = datetime.fromisoformat(office.request(number).details["starts_at"])
    assert first == starts_at - timedelta(hours=24)
    clock.tick()
    assert clock.row(run).look_at == first
    clock.move(run, look_at=now())
    clock.tick()
    assert "run:looked" in office.story(number)
    assert clock.queue == []
    clock.move(run, begin_at=now() - timedelta(minutes=40))  # the product was down meanwhile
    clock.tick()
    assert clock.queue == [run]
    clock.tick()
    assert clock.queue == [run]


def test_what_concerns_it_was_changed_by_hand(office: WifiOffice, clock: Clockwork) -> None:
    number, run = scheduled(office)
    port = "GigabitEthernet1/0/2"
    switch = office.devices.device("sw-pendopo-1")
    interface = switch.running.interfaces[port]  # type: ignore[attr-defined]
    before = interface.mode
    office.devices.call(lambda: setattr(interface, "mode", "access"))
    try:
        clock.move(run, look_at=now())
        clock.tick()
        assert office.request(number).state == "planned", office.told(number)
        assert "GigabitEthernet1/0/2" in str(office.run(run).difference)
        assert [r.expires_at for r in office.reservations(number)] != [None]
        with office.product.database.write() as session:  # nobody answers until it begins
            request = office.product.plans.view(office.budi, number)
            assert request.digest
            record = session.get_one(PlanRecord, clock.row(run).plan_id)
            body = dict(record.body)
            body["choices"] = {**body["choices"], "starts_at": now().isoformat()}
            record.body = body
        clock.tick()
        assert office.request(number).state == "attention"
        assert "request:escalated" in office.story(number)
        assert clock.queue == []
    finally:
        office.devices.call(lambda: setattr(interface, "mode", before))


def test_an_event_that_is_over_is_not_switched_on(office: WifiOffice, clock: Clockwork) -> None:
    number, run = scheduled(office)
    with office.product.database.write() as session:
        record = session.get_one(PlanRecord, clock.row(run).plan_id)
        over = (now() - timedelta(minutes=1)).isoformat()
        record.body = {**record.body, "choices": {**record.body["choices"], "ends_at": over}}
    clock.move(run, begin_at=now() - timedelta(hours=3))
    clock.tick()
    assert clock.queue == []
    assert office.run(run).state == "stopped"
    assert office.run(run).reason == "too-late"
    assert office.request(number).state == "attention"
    assert office.reservations(number) == []


def test_a_scheduled_run_is_stopped_by_a_person(office: WifiOffice, clock: Clockwork) -> None:
    number, run = scheduled(office)
    office.product.runs.stop(office.budi, run)
    assert office.run(run).state == "stopped"
    clock.move(run, begin_at=now())
    clock.tick()
    assert clock.queue == []
    assert office.product.requests.cancel(office.sari, number, "Acara batal").state == "cancelled"
    assert office.reservations(number) == []


def test_ends_once_although_the_clock_jumps_to_and_fro(
    office: WifiOffice, clock: Clockwork
) -> None:
    number = office.ask(ssid="Lompat")
    office.carry_out(office.approve(number))
    instance = office.instance(number)

    def move_end(moment: datetime) -> None:
        with office.product.database.write() as session:
            session.get_one(Instance, instance.id).expires_at = moment

    clock.tick()
    assert clock.queue == []
    move_end(now() - timedelta(days=400))
    clock.tick()
    (ending,) = clock.queue
    move_end(now() + timedelta(days=1))
    clock.tick()
    assert clock.queue == [ending]
    assert office.carry_out(ending).state == "succeeded"
    move_end(now() - timedelta(days=1))
    clock.tick()
    assert clock.queue == [ending]
    assert office.instance(number).state == "ended"
    assert all("Lompat" not in heard for heard in office.announced().values())
    assert office.request(number).state == "done"


def test_the_poster_is_there_before_the_event(office: WifiOffice) -> None:
    number, _ = scheduled(office)
    office.product.outbox.deliver_due()
    handover = office.product.reports.get(office.sari, number).handover
    assert handover is not None
    assert handover.url is not None
    token = handover.url.rpartition("/")[2]
    assert office.product.handovers.owner(token) == number
    assert office.product.posters.has(number)
    (passphrase,) = office.product.handovers.open(token).values()
    poster = office.product.posters.make(number, passphrase)
    assert any(passphrase in str(value) for _, value in poster.rows)
    office.product.outbox.deliver_due()
    with office.product.database.read() as session:
        kept = office.product.secrets.find(session, "event_wifi.passphrase", number)
    assert kept is not None
    assert office.product.secrets.get(kept) == passphrase


def test_a_key_given_before_is_forgotten_by_an_open_network(office: WifiOffice) -> None:
    details = {
        "event": "Bazar", "place": "aula-pendopo", "ssid": "Bazar", "security": "wpa2-personal",
        "starts_at": "2027-01-04T08:00:00+07:00", "ends_at": "2027-01-04T16:00:00+07:00",
        "expected_users": 9, "isolate_clients": True,
    }  # fmt: skip
    number = office.submit({**details, "passphrase": "rahasia sekali"})
    assert office.request(number).details["passphrase_given"] is True
    office.product.requests.send_back(office.budi, number, "Jaringan terbuka saja")
    patch = RequestPatch(details={**details, "security": "open"})
    office.product.requests.update(office.sari, number, patch)
    assert office.request(number).details["passphrase_given"] is False
    with office.product.database.read() as session:
        assert office.product.secrets.find(session, "event_wifi.passphrase", number) is None
