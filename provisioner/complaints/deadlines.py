"""When a complaint is due, and the warnings before and after; may be repeated at will."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.catalogue import Office
from provisioner.complaints import store
from provisioner.complaints.model import Complaint
from provisioner.complaints.rules import UNANSWERED, Kind
from provisioner.database import Database, now
from provisioner.people.model import Person
from provisioner.texts import Message, say
from provisioner.worktime import Remaining, due_at, remaining

log = logging.getLogger(__name__)


def days_of(kind: str, classification: str | None, office: Office) -> int:
    """Working days to the answer, or to the classification while that is missing."""
    days = office.complaints.days_for(kind, classification)
    return office.complaints.classify_working_days if days is None else days


def due_of(kind: str, classification: str | None, since: datetime, office: Office) -> datetime:
    """When the next thing has to be done, counted from the receipt; aware, UTC."""
    return due_at(since, days_of(kind, classification, office), office)


def stands(complaint: Complaint, moment: datetime, office: Office) -> Remaining:
    """How the deadline stands."""
    days = days_of(complaint.kind, complaint.classification, office)
    return remaining(moment, complaint.clock_from, days, office)


class Deadlines:
    """Looks at all that is unanswered and tells once of each due date."""

    def __init__(self, database: Database, office: Office) -> None:
        self._database = database
        self._office = office

    def once(self, moment: datetime | None = None) -> int:
        """Tell what is due soon and what is overdue; returns how much was told."""
        at = moment or now()
        with self._database.read() as session:
            waiting = [one.id for one in store.unanswered(session) if self._tells(one, at)]
        return sum(self._tell(id, at) for id in waiting)

    def _tells(self, complaint: Complaint, moment: datetime) -> str | None:
        """The event that is still to be told."""
        due = complaint.due_at
        if complaint.state not in UNANSWERED or complaint.overdue_for == due:
            return None
        if moment > due:
            return "complaint:overdue"
        if complaint.warned_for == due:
            return None
        used = stands(complaint, moment, self._office).used
        return "complaint:due-soon" if used >= self._office.escalation.warn_at else None

    def _tell(self, id: int, moment: datetime) -> bool:
        with self._database.write() as session:
            complaint = session.get_one(Complaint, id, with_for_update=True)
            tag = self._tells(complaint, moment)
            if tag is None:
                return False
            if tag == "complaint:overdue":
                complaint.overdue_for = complaint.due_at
            else:
                complaint.warned_for = complaint.due_at
            self._append(session, complaint, tag)
            return True

    def _append(self, session: Session, complaint: Complaint, tag: str) -> None:
        officer = session.get(Person, complaint.officer_id) if complaint.officer_id else None
        late = tag == "complaint:overdue"
        payload = {
            "text": _text(complaint, late=late).to_json(),
            "due_at": complaint.due_at.isoformat(),
            "officer": officer.username if officer else None,
            "to": "head" if late else "officer",
        }
        events.append(session, complaint.number, tag, payload=payload)
        log.info("complaint %s: %s", complaint.number, tag)


def _text(complaint: Complaint, *, late: bool) -> Message:
    unclassified = complaint.kind == Kind.COMPLAINT and complaint.classification is None
    if unclassified and late:
        return say("Not classified in time; the head is told")
    if unclassified:
        return say("Has to be classified soon")
    if late:
        return say("Not answered in time; the head is told")
    return say("Has to be answered soon")
