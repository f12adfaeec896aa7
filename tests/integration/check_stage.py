"""Checks without a network: real service, worker, schedule and alerts around an examiner whose
findings the test decides."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from provisioner import events
from provisioner.catalogue import Network
from provisioner.checks import store
from provisioner.checks.alerts import Alerts
from provisioner.checks.chaining import chain_of
from provisioner.checks.examining import Examined
from provisioner.checks.finishing import Finishing
from provisioner.checks.ground import Ground
from provisioner.checks.model import (
    Cause,
    Change,
    Check,
    Diagnosis,
    Finding,
    Place,
    RemedyOffer,
    Result,
    Target,
)
from provisioner.checks.records import Compared, Stands
from provisioner.checks.rules import Rule
from provisioner.checks.schedule import CheckSchedule
from provisioner.checks.seen import Sighting
from provisioner.checks.service import CheckService
from provisioner.checks.tables import CheckRow
from provisioner.checks.views import CheckView
from provisioner.checks.worker import CheckWorker
from provisioner.database import Database, now
from provisioner.errors import NotFound
from provisioner.events import Event, Happening
from provisioner.notifications import Notifications
from provisioner.outbox import OutboxRow
from provisioner.people.model import Department, Person, Role
from provisioner.people.rules import Actor
from provisioner.requests.model import Request
from provisioner.settings import CheckSettings
from provisioner.texts import Message, say

SITES = [f"site-{n:02d}" for n in range(1, 21)]
CATALOGUE = {
    key: Check(key, say("Title"), say("Proven"), say("Meaning"), say("Next"))
    for key in ("port.state", "gateway")
}
RULES = (Rule("port.down", say("%(place)s has no link since %(since)s"), say("Look at %(place)s")),)
PORT = Place("port", "sw-core-1", "Gi1/0/24")
VM = "vm-dc1-2000-abc"


def result(finding: str | None = None, place: Place = PORT, **values: Any) -> Result:
    """One result of ``port.state``; the weight may be given."""
    weight = values.pop("weight", "broken")
    found = Finding(finding, place, {"since": "noon", **values}, weight) if finding else None
    return Result("port.state", place, now(), "Gi1/0/24 down" if finding else "up", found)


def diagnosis(*results: Result, offers: tuple[RemedyOffer, ...] = ()) -> Diagnosis:
    """Each finding a cause of its own."""
    found = [each.finding for each in results if each.finding is not None]
    causes = (
        Cause(f.key, f.place, say("no link at %(place)s", place=str(f.place)), say("go there"),
              "certain", remedies=offers)
        for f in found
    )  # fmt: skip
    return Diagnosis(tuple(causes), (say("The rest is in order"),))


@dataclass
class Books:
    """Implements ``Records`` for one VM of dinkes and one of dindik."""

    standing: tuple[Stands, ...] = (
        Stands(VM, "web", "vm", "VPS-2026-0001", "dinkes"),
        Stands("vm-other", "app", "vm", "VPS-2026-0002", "dindik"),
    )

    def stands(self, *, site: str = "", instance: str = "") -> tuple[Stands, ...]:
        return tuple(
            each
            for each in self.standing
            if (not site or each.site == site) and (not instance or each.instance == instance)
        )

    def compare(self, instances: Collection[str], since: datetime) -> Compared:
        return Compared()

    def settings(self, instance: str) -> None:
        return None

    def changes(self, devices: Collection[str], since: datetime) -> tuple[Change, ...]:
        return ()

    def sightings(self, devices: Collection[str]) -> Mapping[str, Sighting]:
        return {}


@dataclass
class Stage:
    """All of it on one database; ``found`` says what is found at a target, green by itself."""

    database: Database
    channels: Sequence[str] = ()
    secret: Callable[[str], str] = str
    found: dict[str, Sequence[Result]] = field(default_factory=dict)
    instances: dict[str, tuple[str, ...]] = field(default_factory=dict)
    books: Books = field(default_factory=Books)
    offers: tuple[RemedyOffer, ...] = ()
    sightings: dict[str, Sighting] = field(default_factory=dict)
    examined: list[str] = field(default_factory=list)
    before: Callable[[str], object] = lambda target: None
    settings: CheckSettings = field(default_factory=CheckSettings)

    def __post_init__(self) -> None:
        titles = {key: {"title": key.title()} for key in SITES}
        self.notices = Notifications(self.channels, self.secret)
        self.network = Network.model_validate({"sites": titles})
        alerts = Alerts(self.notices.announce, "http://office.example/")
        self.finish = Finishing(self.database, self.books, alerts)
        self.worker = self.another_worker()
        self.service = CheckService(
            self.database, self.ground, self.books, CATALOGUE, RULES, self.worker.wake
        )
        self.schedule = CheckSchedule(
            self.database, self.ground, self.books, lambda: [Target("site", s) for s in SITES],
            self.settings, ZoneInfo("Asia/Jakarta"),
        )  # fmt: skip

    def ground(self) -> Ground:
        return Ground(self.network, {}, self.books.stands(), ("dc1",))

    def another_worker(self) -> CheckWorker:
        return CheckWorker(self.database, self, self.finish)

    def examine(
        self, target: Target, checks: Collection[str] | None, tell: Callable[[Message], None]
    ) -> Examined:
        """Implements ``Examines``."""
        tell(say("Looking at %(target)s", target=str(target)))
        self.before(str(target))
        self.examined.append(str(target))
        if target.key == "gone":
            raise NotFound(say("There is no %(target)s.", target=str(target)))
        chain = replace(
            chain_of(target, self.ground()), instances=self.instances.get(str(target), ())
        )
        results = tuple(self.found.get(str(target), [result()]))
        return Examined(
            target, chain, results, diagnosis(*results, offers=self.offers), self.sightings
        )

    def check(self, target: str, **more: Any) -> CheckView:
        """Have it checked by a technician, and see what came of it."""
        view = self.service.start(RINA, target=target, **more)
        self.work()
        return self.service.get(RINA, view.id)

    def work(self) -> None:
        """Make all that is due, and all that is due later tonight."""
        with self.database.write() as session:
            session.execute(update(CheckRow).where(CheckRow.state == "queued").values(due_at=now()))
        while self.worker.once():
            pass

    def rows(self) -> list[CheckRow]:
        with self.database.read() as session:
            return store.find(session, limit=500)[::-1]

    def events(self, number: str) -> list[Happening]:
        with self.database.read() as session:
            return events.read(session, number)

    def sent(self) -> list[str]:
        """The texts on their way to people."""
        with self.database.read() as session:
            query = select(OutboxRow).where(OutboxRow.topic == "notify").order_by(OutboxRow.id)
            return [row.payload["text"] for row in session.scalars(query)]

    def later(self, by: timedelta) -> None:
        """Time passes: everything that is written down happened so much earlier."""
        with self.database.write() as session:
            for row in session.scalars(select(CheckRow)):
                row.asked_at -= by
                row.ended_at = row.ended_at and row.ended_at - by
            for alert in store.alerts(session):
                alert.opened_at -= by
                alert.closed_at = alert.closed_at and alert.closed_at - by

    def lived_since(self, moment: datetime) -> None:
        """The first thing on record happened then."""
        with self.database.write() as session:
            events.append(session, "system", "system:begun")
            session.execute(update(Event).values(at=moment))


def request(database: Database, number: str, details: Mapping[str, Any], **more: Any) -> None:
    """A request of dinkes, by its row."""
    with database.write() as session:
        if session.get(Department, "dinkes") is None:
            session.add(Department(id="dinkes", name="Dinas Kesehatan"))
            session.add(Person(id=3, username="sari", name="Sari", created_at=now(), roles=[]))
            session.flush()
        session.add(
            Request(
                number=number, service=more.pop("service", "cloud_vps"), department_id="dinkes",
                applicant={}, details=dict(details), created_by=3, created_at=now(), pauses=[],
                **more,
            )
        )  # fmt: skip


def actor(id: int, name: str, role: Role, department: str | None = None) -> Actor:
    return Actor(id, name, name.title(), frozenset({role}), department, "en")


RINA = actor(1, "rina", Role.TECHNICIAN)
ARIF = actor(2, "arif", Role.AUDITOR)
SARI = actor(3, "sari", Role.APPLICANT, "dinkes")
TONO = actor(4, "tono", Role.APPLICANT, "dindik")


@contextmanager
def working(*workers: CheckWorker) -> Iterator[None]:
    """The workers' threads run meanwhile."""
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
