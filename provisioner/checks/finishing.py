"""The end of a check: its colour, what turned since, the record, and who has to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.checks import store
from provisioner.checks.alerts import Alerts
from provisioner.checks.colours import colour_of
from provisioner.checks.model import Diagnosis, Result
from provisioner.checks.records import Records
from provisioner.checks.tables import CheckRow, CheckState, Purpose
from provisioner.checks.worker import Found
from provisioner.database import Database, now
from provisioner.errors import NotFound
from provisioner.texts import Message, from_json, say


class Finishing:
    """Stores what a check gave, in one commit with all that follows from it."""

    def __init__(self, database: Database, records: Records, alerts: Alerts) -> None:
        self._database, self._records, self._alerts = database, records, alerts

    def __call__(self, id: str, worker: str, found: Found | dict[str, Any]) -> None:
        """Nothing is stored where the check is another worker's by now."""
        numbers = [] if isinstance(found, dict) else self._numbers(found.chain.instances)
        with self._database.allocate() as session:
            row = store.owned(session, id, worker)
            if row is None:
                return
            row.ended_at, row.beat_at, row.worker = now(), None, None
            if isinstance(found, dict):
                row.state, row.failure = CheckState.BROKEN_OFF, found
                self._note(session, row, None)
                if found.get("slug") == NotFound.slug:
                    self._alerts.gone(session, row)
                return
            self._keep(session, row, found)
            store.keep_sightings(session, found.sightings)
            self._note(session, row, found.diagnosis)
            self._alerts.after(session, row, found, numbers)

    def _numbers(self, instances: Sequence[str]) -> list[str]:
        """The requests of what stands on the way."""
        found = (stands.number for id in instances for stands in self._records.stands(instance=id))
        return sorted(set(found))

    @staticmethod
    def _keep(session: Session, row: CheckRow, found: Found) -> None:
        row.state, row.failure = CheckState.DONE, None
        row.results = [each.to_json() for each in found.results]
        row.diagnosis = found.diagnosis.to_json()
        row.colour = colour_of(found.results)
        green, before = store.last(session, row, colour="green"), store.last(session, row)
        row.comparison = {
            "green": green.id if green else None,
            "before": before.id if before else None,
            "red": _turned(row, green, red=True) if green else [],
            "mended": _turned(row, before, red=False) if before else [],
        }

    @staticmethod
    def _note(session: Session, row: CheckRow, found: Diagnosis | None) -> None:
        if row.request_number is None:
            return
        payload = {
            "check": row.id,
            "target": row.target,
            "colour": row.colour,
            "cause": found.first.key if found and found.first else None,
            "text": _told(row, found).to_json(),
        }
        events.append(
            session, row.request_number, "check:finished", actor=row.asked_by, payload=payload
        )


def _turned(row: CheckRow, other: CheckRow, *, red: bool) -> list[list[str]]:
    """What is red here and was not there, or the other way round (check and place)."""
    here, there = _by_place(row.results), _by_place(other.results)
    if red:
        pairs = (
            at for at, passed in here.items() if passed is False and there.get(at) is not False
        )
    else:
        pairs = (at for at, passed in here.items() if passed and there.get(at) is False)
    return [list(at) for at in sorted(pairs)]


def _by_place(results: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], bool | None]:
    found: dict[tuple[str, str], bool | None] = {}
    for each in map(Result.from_json, results):
        at = (each.check, str(each.place))
        found[at] = each.passed if found.get(at, True) is not False else False
    return found


def _told(row: CheckRow, found: Diagnosis | None) -> Message:
    if row.failure is not None:
        return say(
            "Check of %(title)s was broken off: %(what)s",
            title=row.title, what=from_json(row.failure["what"]),
        )  # fmt: skip
    if found is not None and found.first is not None:
        return say("Check of %(title)s: %(cause)s", title=row.title, cause=found.first.text)
    if row.colour == "green" and row.purpose == Purpose.COMPLAINT:
        return say(
            "Check of %(title)s: nothing was found that is wrong. The cause of what was reported "
            "is not known; what was looked at and ruled out is listed.",
            title=row.title,
        )
    if row.colour == "green":
        return say("Check of %(title)s: everything is as it has to be", title=row.title)
    return say("Check of %(title)s: nothing could be proven", title=row.title)
