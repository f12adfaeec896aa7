"""What is done with a complaint, each within the caller's transaction, with its event."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.catalogue import Office
from provisioner.complaints import store
from provisioner.complaints.deadlines import due_of
from provisioner.complaints.files import Kept
from provisioner.complaints.model import (
    Complaint,
    ComplaintAnswer,
    ComplaintFile,
    ComplaintLink,
)
from provisioner.complaints.receiving import add_file
from provisioner.complaints.rules import (
    Kind,
    State,
    after,
    allows,
    erasable,
    may_erase,
    may_handle,
    may_link,
    outcomes,
)
from provisioner.complaints.views import Answer, Assign, Classify, Close, LinkTo, Reopen
from provisioner.complaints.words import CHANNELS, CLASSES, OUTCOMES, STATES
from provisioner.database import now
from provisioner.errors import Conflict, FieldError, Forbidden, Invalid
from provisioner.events import Event, EventPayload
from provisioner.people.rules import Actor
from provisioner.texts import Message, say

_PERSONAL = frozenset({"reason", "said"})
"""Keys of payloads that may hold what the reporter said."""


def take(
    session: Session, actor: Actor, number: str, action: str, revision: int | None = None
) -> Complaint:
    """The complaint, locked, if the actor may do that now.

    Raises NotFound, Forbidden, Conflict: ``wrong-state``, or ``changed-meanwhile`` when it is not
    the revision that the person looked at.
    """
    if not (may_link(actor) if action == "link" else may_handle(actor)):
        raise Forbidden(say("Your role does not allow this."))
    row = store.by_number(session, number, lock=True)
    if row.erased_at or not allows(Kind(row.kind), State(row.state), action):
        raise wrong_state(row)
    if revision is not None and revision != row.revision:
        raise Conflict(
            say(
                "Somebody else changed %(number)s meanwhile. Nothing was done; look at it again.",
                number=row.number,
            ),
            slug="changed-meanwhile",
        )
    return row


def wrong_state(row: Complaint) -> Conflict:
    """The refusal of what the state does not allow."""
    return Conflict(
        say(
            "%(number)s is in the state “%(state)s”, where this cannot be done.",
            number=row.number, state=STATES[row.state],
        ),
        slug="wrong-state",
        extra={"state": row.state},
    )  # fmt: skip


def classify(
    session: Session, actor: Actor, row: Complaint, wanted: Classify, office: Office
) -> None:
    """Give it its class, from which its due date follows. Raises Invalid."""
    before = row.classification
    if before is not None and before != wanted.classification and not wanted.reason:
        raise Invalid(
            [FieldError("/reason", say("another class needs a reason; it stands on the timeline"))]
        )
    row.classification = wanted.classification
    row.summary = wanted.summary or row.summary
    row.state = after(State(row.state), "classify")
    row.due_at = due_of(row.kind, row.classification, row.clock_from, office)
    named = CLASSES[wanted.classification]
    text = say("Classified: %(what)s", what=named)
    if before is not None:
        text = say("Classified anew: %(what)s", what=named)
    _tell(
        session, actor, row, "classified", text, reason=wanted.reason, before=before,
        after=wanted.classification, due_at=row.due_at.isoformat(),
    )  # fmt: skip


def assign(session: Session, actor: Actor, row: Complaint, wanted: Assign, office: Office) -> None:
    """Name who answers for it. Raises Invalid."""
    role = office.complaints.officer_role
    chosen = next((p for p in store.officers(session, role) if p.username == wanted.officer), None)
    if chosen is None:
        raise Invalid([FieldError("/officer", say("is nobody who handles complaints"))])
    row.officer_id, row.team = chosen.id, list(dict.fromkeys(wanted.team))
    row.state = after(State(row.state), "assign")
    text = say("Assigned to %(officer)s", officer=chosen.name)
    _tell(session, actor, row, "assigned", text, officer=chosen.username, team=row.team)


def begin(session: Session, actor: Actor, row: Complaint) -> None:
    """Work on it has begun."""
    row.state = after(State(row.state), "begin")
    _tell(session, actor, row, "in-progress", say("Work on it has begun"))


def answer(
    session: Session, actor: Actor, row: Complaint, given: Answer, file: Kept | None, office: Office
) -> None:
    """Keep the answer that was given. Raises Invalid."""
    moment = now()
    today = moment.astimezone(office.zone).date()
    day = given.day or today
    if day > today or day < row.received_at.astimezone(office.zone).date():
        raise Invalid([FieldError("/day", say("must be between the receipt and today"))])
    one = ComplaintAnswer(
        complaint_id=row.id, text=given.text, channel=given.channel, day=day, by=actor.id, at=moment
    )
    session.add(one)
    session.flush()
    if file:
        add_file(session, row, file, one.id)
    row.state = after(State(row.state), "answer")
    # noon of an earlier day: its hour is not known
    then = datetime.combine(day, time(12), office.zone)
    row.answered_at = moment if day == today else max(row.clock_from, then)
    text = say("Answered: %(channel)s", channel=CHANNELS[given.channel])
    _tell(session, actor, row, "answered", text, channel=given.channel, day=day.isoformat())


def close(session: Session, actor: Actor, row: Complaint, wanted: Close) -> None:
    """End it. Raises Invalid."""
    if wanted.outcome not in outcomes(Kind(row.kind), State(row.state)):
        raise Invalid([FieldError("/outcome", say("is not how this can end"))])
    row.state = after(State(row.state), "close")
    row.closed_at, row.outcome = now(), wanted.outcome
    row.answered_at = row.answered_at or row.closed_at
    text = say("Closed: %(outcome)s", outcome=OUTCOMES[wanted.outcome])
    _tell(session, actor, row, "closed", text, outcome=wanted.outcome)


def reopen(session: Session, actor: Actor, row: Complaint, wanted: Reopen, office: Office) -> None:
    """It is not settled: the clock of its class begins anew."""
    row.state = after(State(row.state), "reopen")
    row.clock_from = now()
    row.answered_at = row.closed_at = row.outcome = None
    row.due_at = due_of(row.kind, row.classification, row.clock_from, office)
    _tell(
        session, actor, row, "reopened", say("Reopened"), reason=wanted.reason,
        due_at=row.due_at.isoformat(),
    )  # fmt: skip


def link(session: Session, actor: Actor, row: Complaint, wanted: LinkTo) -> None:
    """Note what it has to do with; once is enough."""
    known = {(one.kind, one.target) for one in store.links(session, [row])}
    if (wanted.kind, wanted.target) in known:
        return
    session.add(
        ComplaintLink(complaint_id=row.id, kind=wanted.kind, target=wanted.target, at=now())
    )
    row.said_request = None if row.said_request == wanted.target else row.said_request
    text = say("Linked with request %(number)s", number=wanted.target)
    if wanted.kind == "check":
        text = say("Linked with a check")
    _tell(session, actor, row, "linked", text, kind=wanted.kind, target=wanted.target)


def erase(session: Session, actor: Actor, number: str, office: Office) -> list[str]:
    """Take the reporter's personal data out, for good; returns the files that nothing names now.

    What stays: number, kind, channel, dates, class, officer, the office's summary and the chain of
    events. Raises NotFound, Forbidden, Conflict.
    """
    if not may_erase(actor):
        raise Forbidden(say("Your role does not allow this."))
    row = store.by_number(session, number, lock=True)
    moment = now()
    before = moment - timedelta(days=office.complaints.retention_days)
    if row.erased_at or not erasable(State(row.state), row.closed_at, before):
        raise wrong_state(row)
    row.text, row.reporter, row.said_request, row.key_digest = "", None, None, None
    row.department_id = row.handed_in_by = row.reference = None
    row.erased_at = moment
    for given in store.answers(session, [row]):
        given.text = ""
    hashes = {file.sha256 for file in store.files(session, [row])}
    session.execute(delete(ComplaintFile).where(ComplaintFile.complaint_id == row.id))
    _forget_payloads(session, row)
    _tell(session, actor, row, "erased", say("Personal data of the reporter was erased"))
    used = select(ComplaintFile.sha256).where(ComplaintFile.sha256.in_(hashes))
    return sorted(hashes - set(session.scalars(used)))


def _forget_payloads(session: Session, row: Complaint) -> None:
    """What may hold the reporter's words; the chain of hashes stays whole."""
    payloads = session.scalars(
        select(EventPayload)
        .join(Event, Event.id == EventPayload.event_id)
        .where(Event.record == row.number)
    )
    for one in payloads:
        if not _PERSONAL.isdisjoint(one.payload):
            session.delete(one)


def _tell(
    session: Session, actor: Actor, row: Complaint, what: str, text: Message, **more: Any
) -> None:
    payload = {key: value for key, value in more.items() if value is not None}
    session.flush()
    events.append(
        session, row.number, f"complaint:{what}", actor=actor.username,
        payload={"text": text.to_json(), **payload},
    )  # fmt: skip
