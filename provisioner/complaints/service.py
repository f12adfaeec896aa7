"""What people do with complaints: hand in, record, handle, look, answer, erase."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.catalogue import Office
from provisioner.complaints import handling, receiving, store
from provisioner.complaints.figures import ComplaintFigures, figures
from provisioner.complaints.files import Attachment, ComplaintFiles, Kept
from provisioner.complaints.model import Complaint, ComplaintFile
from provisioner.complaints.present import complaint_views, event_view, outlook
from provisioner.complaints.rules import Privacy, may_record, may_see
from provisioner.complaints.store import Filter
from provisioner.complaints.views import (
    Answer,
    Assign,
    Classify,
    Close,
    ComplaintView,
    EventView,
    LinkTo,
    NewComplaint,
    Outlook,
    Receipt,
    Reopen,
    Told,
)
from provisioner.database import Database, now
from provisioner.errors import Forbidden, NotFound
from provisioner.people.model import Department
from provisioner.people.rules import Actor, sees_all
from provisioner.texts import say


class ComplaintService:
    """Complaints, suggestions and appreciation. Every method is one transaction.

    All raise NotFound for what the caller may not see, Forbidden for what the role does not allow,
    Conflict(``wrong-state``) for what the state does not, and Invalid for fields.
    """

    def __init__(self, database: Database, office: Office, files: ComplaintFiles) -> None:
        self._database = database
        self._office = office
        self._files = files

    # what comes in

    def hand_in(
        self, told: Told, key: str, actor: Actor | None = None, file: Attachment | None = None
    ) -> Receipt:
        """What the public form sent; ``key`` is the one that the form was given out with.

        ``actor`` is forgotten where the reporter is anonymous.
        """
        kept = self._take_in(file, anonymous=told.privacy is Privacy.ANONYMOUS)
        with self._database.allocate() as session:
            return receiving.hand_in(session, self._office, told, key, actor, kept)

    def record(
        self, actor: Actor, new: NewComplaint, file: Attachment | None = None
    ) -> ComplaintView:
        """What came over the counter, by telephone, on paper, through SP4N-LAPOR."""
        if not may_record(actor):
            raise Forbidden(say("Your role does not allow this."))
        kept = self._take_in(file, anonymous=new.privacy is Privacy.ANONYMOUS)
        with self._database.allocate() as session:
            row = receiving.record(session, self._office, new, actor, kept)
            return self._view(session, actor, row)

    # looking

    def get(self, actor: Actor, number: str) -> ComplaintView:
        """One of them."""
        with self._database.read() as session:
            return self._view(session, actor, self._seen(session, actor, number))

    def find(
        self,
        actor: Actor,
        chosen: Filter | None = None,
        *,
        before: str = "",
        limit: int | None = None,
    ) -> list[ComplaintView]:
        """Those that the actor may see, newest receipt first; ``before``: after that number's."""
        own = None if sees_all(actor) else (actor.id, actor.department)
        with self._database.read() as session:
            last = self._seen(session, actor, before) if before else None
            rows = store.find(session, chosen or Filter(), of=own, before=last, limit=limit)
            return complaint_views(session, actor, rows, self._office, now())

    def events(self, actor: Actor, number: str, after: int = 0) -> list[EventView]:
        """Its timeline, oldest first."""
        with self._database.read() as session:
            self._seen(session, actor, number)
            found = events.read(session, number, after)
        return [event_view(actor, one, actor.language) for one in found]

    def file(self, actor: Actor, number: str, id: int) -> tuple[bytes, str, str]:
        """The cleaned copy of a file, its media type and name."""
        with self._database.read() as session:
            return self._file(session, self._seen(session, actor, number), id)

    def linked_to(self, actor: Actor, kind: str, target: str) -> list[str]:
        """Numbers of the complaints linked to a request or a check; for the office only."""
        if not sees_all(actor):
            return []
        with self._database.read() as session:
            return store.linked_to(session, kind, target)

    def officers(self) -> list[tuple[str, str]]:
        """(user name, name) of the people a complaint can be assigned to."""
        with self._database.read() as session:
            role = self._office.complaints.officer_role
            return [(p.username, p.name) for p in store.officers(session, role)]

    def departments(self) -> list[tuple[str, str]]:
        """(short name, name) of every department, by name."""
        with self._database.read() as session:
            rows = session.query(Department).order_by(Department.name)
            return [(row.id, row.name) for row in rows]

    # without an account

    def outlook(self, number: str, key: str) -> Outlook:
        """What the holder of the key may read."""
        with self._database.read() as session:
            return outlook(session, self._opened(session, number, key))

    def outlook_file(self, number: str, key: str, id: int) -> tuple[bytes, str, str]:
        """A file of an answer, for the holder of the key."""
        with self._database.read() as session:
            return self._file(session, self._opened(session, number, key), id)

    # handling

    def classify(self, actor: Actor, number: str, wanted: Classify) -> ComplaintView:
        """Give it its class, from which its due date follows."""
        with self._taken(actor, number, "classify", wanted.revision) as (session, row):
            handling.classify(session, actor, row, wanted, self._office)
            return self._view(session, actor, row)

    def assign(self, actor: Actor, number: str, wanted: Assign) -> ComplaintView:
        """Name the officer and the team."""
        with self._taken(actor, number, "assign", wanted.revision) as (session, row):
            handling.assign(session, actor, row, wanted, self._office)
            return self._view(session, actor, row)

    def begin(self, actor: Actor, number: str) -> ComplaintView:
        """Work on it has begun."""
        with self._taken(actor, number, "begin") as (session, row):
            handling.begin(session, actor, row)
            return self._view(session, actor, row)

    def answer(
        self, actor: Actor, number: str, given: Answer, file: Attachment | None = None
    ) -> ComplaintView:
        """Keep the answer that was given to the reporter."""
        with self._taken(actor, number, "answer"):
            pass  # refused before a file is kept
        kept = self._take_in(file, anonymous=False)
        with self._taken(actor, number, "answer") as (session, row):
            handling.answer(session, actor, row, given, kept, self._office)
            return self._view(session, actor, row)

    def close(self, actor: Actor, number: str, wanted: Close) -> ComplaintView:
        """End it."""
        with self._taken(actor, number, "close") as (session, row):
            handling.close(session, actor, row, wanted)
            return self._view(session, actor, row)

    def reopen(self, actor: Actor, number: str, wanted: Reopen) -> ComplaintView:
        """It is not settled after all."""
        with self._taken(actor, number, "reopen") as (session, row):
            handling.reopen(session, actor, row, wanted, self._office)
            return self._view(session, actor, row)

    def link(self, actor: Actor, number: str, wanted: LinkTo) -> ComplaintView:
        """Say which request or check it has to do with; that these exist is the caller's to say."""
        with self._taken(actor, number, "link") as (session, row):
            handling.link(session, actor, row, wanted)
            return self._view(session, actor, row)

    def erase(self, actor: Actor, number: str) -> ComplaintView:
        """Take the reporter's personal data out, for good, once retention has ended."""
        with self._database.write() as session:
            unused = handling.erase(session, actor, number, self._office)
            view = self._view(session, actor, store.by_number(session, number))
        for sha256 in unused:
            self._files.remove(sha256)
        return view

    def figures(self, session: Session, first: date, last: date) -> ComplaintFigures:
        """For the monthly report: days of the office's zone, both included."""
        return figures(session, first, last, self._office)

    @contextmanager
    def _taken(
        self, actor: Actor, number: str, action: str, revision: int | None = None
    ) -> Iterator[tuple[Session, Complaint]]:
        with self._database.write() as session:
            yield session, handling.take(session, actor, number, action, revision)

    def _take_in(self, file: Attachment | None, *, anonymous: bool) -> Kept | None:
        return self._files.take_in(file, anonymous=anonymous) if file and file.data else None

    def _view(self, session: Session, actor: Actor, row: Complaint) -> ComplaintView:
        session.flush()
        [view] = complaint_views(session, actor, [row], self._office, now())
        return view

    def _seen(self, session: Session, actor: Actor, number: str) -> Complaint:
        row = store.by_number(session, number)
        own = row.handed_in_by == actor.id
        privacy = Privacy(row.privacy)
        if not may_see(actor, privacy=privacy, department=row.department_id, own=own):
            raise NotFound(store.no_such_complaint(number))
        return row

    @staticmethod
    def _opened(session: Session, number: str, key: str) -> Complaint:
        known = store.NUMBER.fullmatch(number.strip().upper())
        row = known and store.by_digest(session, receiving.digest(key))
        if not row or row.number != number.strip().upper():
            raise receiving.wrong_key()
        return row

    def _file(self, session: Session, row: Complaint, id: int) -> tuple[bytes, str, str]:
        found = session.get(ComplaintFile, id) if id < 2**31 else None
        if found is None or found.complaint_id != row.id:
            raise NotFound(say("There is no such file."))
        return self._files.cleaned(found.sha256), found.media_type, found.name
