"""The clock of open requests, and who is told of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner import events, outbox
from provisioner.bootstrap.core import Core, Piece
from provisioner.complaints.model import Complaint
from provisioner.database import Database, now
from provisioner.notices.choosing import NoticeChoices
from provisioner.notices.mail import Mailer
from provisioner.notices.rules import Subject
from provisioner.notices.service import HAPPENED, NOTICE, Notices
from provisioner.notices.wording import Letterhead
from provisioner.notifications import NOTIFY
from provisioner.people.model import Person
from provisioner.requests.deadlines import Deadlines
from provisioner.requests.model import Request

OUTWARD = frozenset({HAPPENED, NOTICE, NOTIFY})
"""Topics of the outbox that wait for other people's servers, and so for nobody else."""
KEPT = timedelta(days=30)
"""How long what was delivered stays on record."""


def deadlines_of(core: Core) -> Piece[Deadlines]:
    """Warnings before a deadline, escalation after it, and what a changed calendar moves."""
    service = Deadlines(core.database, core.inventory)
    return Piece(service, chores=(service.follow_calendar,), watchers=(service.once,))


def notices_of(core: Core) -> Piece[NoticeChoices]:
    """Everybody's choice, and the way from an event to a message."""
    settings, office = core.settings, core.inventory.office
    terms = settings.notifications
    notices = Notices(
        core.database,
        core.secrets,
        Mailer(settings, terms.mail) if terms.mail else None,
        subject_of,
        Letterhead(
            office.short_name or office.name, settings.web.public_url.rstrip("/"), office.zone
        ),
        timedelta(seconds=terms.gather),
    )
    events.listen(core.database, notices.heard)
    return Piece(
        NoticeChoices(core.database, core.secrets, notices, terms.own),
        handlers={HAPPENED: notices.work_out, NOTICE: notices.deliver},
        chores=(lambda: _prune(core.database),),
    )


def subject_of(session: Session, record: str) -> Subject | None:
    """To whom a request, a complaint or a report belongs."""
    if record.startswith("REP-"):
        return Subject()
    if record.startswith("ADU-"):
        complaint = session.scalars(select(Complaint).where(Complaint.number == record)).first()
        return Subject(named=_holders(session, complaint)) if complaint else None
    request = session.scalars(select(Request).where(Request.number == record)).first()
    if request is None:
        return None
    return Subject(request.department_id, request.applicant.get("email"))


def _holders(session: Session, complaint: Complaint) -> Sequence[str]:
    """The officer; a team is told by its officer."""
    officer = session.get(Person, complaint.officer_id) if complaint.officer_id else None
    return [officer.username] if officer else []


def _prune(database: Database) -> None:
    with database.write() as session:
        outbox.prune(session, now() - KEPT)
