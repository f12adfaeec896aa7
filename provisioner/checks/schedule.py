"""Checks that nobody asks for: every night, after each hand-over, and while something is broken."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, time, timedelta, tzinfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from provisioner.checks import store
from provisioner.checks.chaining import chain_of
from provisioner.checks.ground import Ground
from provisioner.checks.model import Target
from provisioner.checks.records import Records
from provisioner.checks.tables import Purpose
from provisioner.database import Database, now
from provisioner.errors import NotFound
from provisioner.events import Event
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.settings import CheckSettings

GAP = timedelta(seconds=30)
"""Between two checks of a night at most; ``NIGHT`` is enough for all of them."""
NIGHT = timedelta(hours=2)
AGAIN = timedelta(hours=1)
"""Where something is broken, it is looked again so long after the last look."""
_LATE = timedelta(days=7)
"""A hand-over that is longer ago is not checked for the first time any more."""


class CheckSchedule:
    """What is due, found by comparing the books with the time; harmless to repeat.

    However long the product was down, a night is made up for once.
    """

    def __init__(
        self,
        database: Database,
        ground: Callable[[], Ground],
        records: Records,
        targets: Callable[[], Iterable[Target]],
        settings: CheckSettings,
        zone: tzinfo,
    ) -> None:
        """``targets``: those of every night; ``zone``: that of the office's hours."""
        self._database, self._ground, self._records = database, ground, records
        self._targets, self._settings, self._zone = targets, settings, zone

    def once(self) -> None:
        """Everything that is due now."""
        self.nightly()
        self.after_handover()
        self.again()

    def nightly(self) -> None:
        """Every target, where that has not been done since the hour last struck.

        Spread over the night, so that devices on the way of many are not overrun.
        """
        due = self._struck()
        if due is None:
            return
        with self._database.read() as session:
            missing = self._missing(session, due)
        if not missing:
            return
        gap = min(GAP, NIGHT / len(missing))
        begin = now()
        self._ask(missing, Purpose.NIGHTLY, due, [begin + gap * i for i in range(len(missing))])

    def after_handover(self) -> None:
        """What a request made, once, some hours after it was handed over."""
        latest = now() - timedelta(hours=self._settings.after_handover_hours)
        with self._database.read() as session:
            rows = session.scalars(
                select(Request).where(
                    Request.state == RequestState.DONE,
                    Request.instance_id.is_not(None),
                    Request.closed_at <= latest,
                    Request.closed_at >= latest - _LATE,
                )
            ).all()
            known = store.handed_over(session, [row.number for row in rows])
        for row in rows:
            if row.number not in known:
                self._handed_over(row)

    def again(self) -> None:
        """One target of each open cause that was not looked at for a while."""
        if not self._settings.nightly:
            return
        since = now() - AGAIN
        with self._database.read() as session:
            wanted: list[Target] = []
            for alert in store.open_alerts(session):
                fresh = store.looked_at(session, list(alert.targets), since)
                wanted += [_target(each) for each in sorted(set(alert.targets) - fresh)][:1]
        self._ask(list(dict.fromkeys(wanted)), Purpose.AGAIN, since)

    # ------------------------------------------------------------------ inside

    def _struck(self) -> datetime | None:
        """When the hour struck last; None where it strikes for nobody."""
        if not self._settings.nightly:
            return None
        local = now().astimezone(self._zone)
        today = datetime.combine(local.date(), time(self._settings.hour), self._zone)
        return today if today <= local else today - timedelta(days=1)

    def _missing(self, session: Session, due: datetime) -> list[Target]:
        first = session.scalar(select(func.min(Event.at)))
        if first is None or first > due:
            return []  # set up since: no night was missed
        known = store.by_itself(session, due)
        return [each for each in self._targets() if str(each) not in known]

    def _ask(
        self,
        targets: Collection[Target],
        purpose: str,
        since: datetime,
        moments: Iterable[datetime] = (),
    ) -> None:
        if not targets:
            return
        ground = self._ground()
        found = {each: _title(each, ground) for each in targets}
        if (
            purpose == Purpose.AGAIN
        ):  # what is gone is looked for once more, which closes its causes
            found = {each: title or str(each) for each, title in found.items()}
        titles = {each: title for each, title in found.items() if title is not None}
        if not titles:
            return
        at = iter(moments)
        with self._database.allocate() as session:  # two workers' clocks never ask for one twice
            known = store.by_itself(session, since)
            for target, title in titles.items():
                if str(target) not in known:
                    own = self._own(target)
                    store.add(session, target, title, purpose, due_at=next(at, None), **own)

    def _own(self, target: Target) -> dict[str, str]:
        """Of an instance: on whose record it is told, and who may see it."""
        if target.kind != "instance":
            return {}
        stands = next(iter(self._records.stands(instance=target.key)), None)
        if stands is None:
            return {}
        return {
            "number": stands.number,
            "instance": stands.instance,
            "department": stands.department,
        }

    def _handed_over(self, row: Request) -> None:
        target = Target("instance", str(row.instance_id))
        title = _title(target, self._ground())
        if title is None or not self._records.stands(instance=target.key):
            return
        with self._database.allocate() as session:
            if not store.handed_over(session, [row.number]):
                store.add(
                    session, target, title, Purpose.HANDOVER, number=row.number,
                    instance=target.key, department=row.department_id,
                )  # fmt: skip


def _title(target: Target, ground: Ground) -> str | None:
    """None where it is not there any more."""
    try:
        return chain_of(target, ground).title
    except NotFound:
        return None


def _target(text: str) -> Target:
    kind, _, key = text.partition(":")
    return Target(kind, key)  # type: ignore[arg-type]
