"""A complaint comes in: by the public form, or entered by the office."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.catalogue import Office
from provisioner.complaints import store
from provisioner.complaints.deadlines import due_of
from provisioner.complaints.files import Kept
from provisioner.complaints.model import Complaint, ComplaintFile
from provisioner.complaints.rules import LETTERBOX, Channel, Class, Kind, Privacy
from provisioner.complaints.views import NewComplaint, Receipt, Told
from provisioner.complaints.words import CHANNELS, KINDS
from provisioner.database import now
from provisioner.errors import FieldError, Invalid, NotFound
from provisioner.people.model import Department
from provisioner.people.rules import Actor
from provisioner.requests.store import take_number
from provisioner.texts import say

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without those that look alike on paper."""
_KEY = re.compile(f"[{_LETTERS}]{{4}}(-[{_LETTERS}]{{4}}){{3}}")


def new_key() -> str:
    """A key to read the answer with: 16 letters, 79 bits, easily copied by hand."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def proper_key(key: str) -> str:
    """The key as it was given out; a new one where it is none of ours."""
    typed = key.strip().lower()
    return typed if _KEY.fullmatch(typed) else new_key()


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.strip().lower().encode()).hexdigest()


def opens(row: Complaint, key: str) -> bool:
    """Whether the key is the complaint's."""
    return bool(row.key_digest) and hmac.compare_digest(row.key_digest or "", digest(key))


def hand_in(
    session: Session, office: Office, told: Told, key: str, actor: Actor | None, file: Kept | None
) -> Receipt:
    """Keep what the public form sent, within an allocating transaction.

    The same form sent twice (its key and its text are known already) is kept once.
    """
    key = proper_key(key)
    before = store.by_digest(session, digest(key))
    if before is not None and (before.text, before.kind) == (told.text, told.kind):
        return _receipt(before, key, office)
    if before is not None:
        key = new_key()
    moment = now()
    row = _row(session, office, told, Channel.WEB, moment, moment)
    row.key_digest = digest(key)
    if actor is not None and told.privacy is not Privacy.ANONYMOUS:
        row.handed_in_by, row.department_id = actor.id, actor.department
        row.reporter = {"name": told.name or actor.name, "contact": told.contact}
    _keep(session, row, LETTERBOX, file)
    return _receipt(row, key, office)


def record(
    session: Session, office: Office, new: NewComplaint, actor: Actor, file: Kept | None
) -> Complaint:
    """Keep what the office enters, within an allocating transaction. Raises Invalid."""
    moment = now()
    received = new.received_at or moment
    faults = []
    if received > moment:
        faults.append(FieldError("/received_at", say("is in the future; check the date")))
    known = new.privacy is not Privacy.ANONYMOUS and new.department
    if known and session.get(Department, new.department) is None:
        faults.append(FieldError("/department", say("is no department's short name")))
    if faults:
        raise Invalid(faults)
    row = _row(session, office, new, new.channel, received, moment)
    row.reference, row.summary, row.recorded_by = new.reference, new.summary, actor.id
    row.department_id = new.department if known else None
    _keep(session, row, actor.username, file)
    return row


def _row(
    session: Session,
    office: Office,
    told: Told,
    channel: Channel,
    received: datetime,
    moment: datetime,
) -> Complaint:
    year = moment.astimezone(office.zone).year
    anonymous = told.privacy is Privacy.ANONYMOUS
    said = {"name": told.name, "contact": told.contact}
    return Complaint(
        number=take_number(session, store.PREFIX, year),
        kind=told.kind,
        channel=channel,
        text=told.text,
        privacy=told.privacy,
        reporter=None if anonymous else said,
        said_request=told.request,
        received_at=received,
        entered_at=moment,
        clock_from=received,
        due_at=due_of(told.kind, None, received, office),
        team=[],
    )


def _keep(session: Session, row: Complaint, who: str, file: Kept | None) -> None:
    session.add(row)
    session.flush()
    if file:
        add_file(session, row, file)
    text = say(
        "%(kind)s received: %(channel)s", kind=KINDS[row.kind], channel=CHANNELS[row.channel]
    )
    events.append(
        session, row.number, "complaint:received", actor=who,
        payload={
            "text": text.to_json(), "kind": row.kind, "channel": row.channel,
            "received_at": row.received_at.isoformat(), "due_at": row.due_at.isoformat(),
            "said": hashlib.sha256(row.text.encode()).hexdigest(),
        },
    )  # fmt: skip


def add_file(session: Session, row: Complaint, file: Kept, answer_id: int | None = None) -> None:
    """Note a file that is on disk already."""
    session.add(
        ComplaintFile(
            complaint_id=row.id, answer_id=answer_id, sha256=file.sha256, name=file.name,
            media_type=file.media_type, bytes=file.bytes, at=now(),
        )
    )  # fmt: skip


def _receipt(row: Complaint, key: str, office: Office) -> Receipt:
    complaint = row.kind == Kind.COMPLAINT
    classes = [one.value for one in Class] if complaint else ["other"]
    return Receipt(
        number=row.number,
        kind=Kind(row.kind),
        key=key,
        received_at=row.received_at,
        classified_by=row.due_at if complaint and row.classification is None else None,
        answers_by={
            one: due_of(row.kind, one if complaint else None, row.received_at, office)
            for one in classes
        },
    )


def wrong_key() -> NotFound:
    """Number and key do not belong together; it is not told which of them is wrong."""
    return NotFound(
        say("Number and key do not belong together. Check both: they stand on your confirmation.")
    )
