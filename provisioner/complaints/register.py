"""The printed register of complaints of a month: page, PDF and CSV from the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from provisioner import dates
from provisioner.catalogue import Office
from provisioner.complaints.rules import Kind, Privacy
from provisioner.complaints.service import ComplaintService
from provisioner.complaints.store import Filter
from provisioner.complaints.views import ComplaintView
from provisioner.complaints.words import ANONYMOUS, CHANNELS, CLASSES, ERASED, HIDDEN, KINDS, STATES
from provisioner.people.rules import Actor
from provisioner.printing.sheets import sheet_html
from provisioner.texts import Message, Phrase, render, say
from provisioner.worktime import working_days_between

COLUMNS: Sequence[Message] = (
    say("No."), say("Received"), say("Channel"), say("Reporter"), say("Matter"), say("Class"),
    say("Officer"), say("Due"), say("Answered"), say("Working days"), say("State"),
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True)
class Entry:
    """One line of the register; ``late``: answered after it was due, or due and unanswered."""

    number: str
    received: date
    channel: Phrase
    reporter: Phrase
    matter: str
    sort: Phrase
    officer: str
    due: date
    answered: date | None
    days: int | None
    state: Phrase
    late: bool


@dataclass(frozen=True)
class Register:
    """What was received within a month."""

    month: date
    """Its first day."""
    entries: Sequence[Entry]
    office: Office

    def html(self, language: str, printed: datetime) -> str:
        """The register as a page that prints as it is."""
        return sheet_html(
            "complaint_register.html", self.office, language, register=self, columns=COLUMNS,
            month=dates.month(self.month, language), printed=printed,
        )  # fmt: skip

    def csv(self, language: str) -> bytes:
        """For a spreadsheet: UTF-8 with its mark; nothing in it is taken for a formula."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([render(column, language) for column in COLUMNS])
        for one in self.entries:
            cells = (
                one.number, one.received, one.channel, one.reporter, one.matter, one.sort,
                one.officer, one.due, one.answered or "",
                "" if one.days is None else one.days, one.state,
            )  # fmt: skip
            writer.writerow([_cell(cell, language) for cell in cells])
        return out.getvalue().encode("utf-8-sig")


def register_of(
    service: ComplaintService, actor: Actor, office: Office, month: date, moment: datetime
) -> Register:
    """The register of the month that begins on that day, by receipt, as the actor may see it."""
    following = (month + timedelta(days=32)).replace(day=1)
    span = Filter(
        first=datetime.combine(month, time(), office.zone),
        until=datetime.combine(following, time(), office.zone),
    )
    views = service.find(actor, span)
    return Register(month, [_entry(one, office, moment) for one in reversed(views)], office)


def _entry(view: ComplaintView, office: Office, moment: datetime) -> Entry:
    received = view.received_at.astimezone(office.zone).date()
    answered = view.answered_at.astimezone(office.zone).date() if view.answered_at else None
    sort: Phrase = KINDS[view.kind]
    if view.kind is Kind.COMPLAINT:
        sort = CLASSES[view.classification] if view.classification else "–"
    return Entry(
        number=view.number,
        received=received,
        channel=CHANNELS[view.channel],
        reporter=_reporter(view),
        matter=view.summary,
        sort=sort,
        officer=view.officer_name or "–",
        due=view.due_at.astimezone(office.zone).date(),
        answered=answered,
        days=max(0, working_days_between(received, answered, office)) if answered else None,
        state=STATES[view.state],
        late=(view.answered_at or moment) > view.due_at,
    )


def _reporter(view: ComplaintView) -> Phrase:
    """On paper a secret name is secret from everybody."""
    if view.reporter.shown == "erased":
        return ERASED
    if view.privacy is Privacy.ANONYMOUS:
        return ANONYMOUS
    if view.privacy is Privacy.CONFIDENTIAL:
        return HIDDEN
    named = [view.reporter.name, view.reporter.department_name]
    return ", ".join(one for one in named if one) or "–"


def _cell(value: object, language: str) -> str:
    text = render(value, language) if isinstance(value, Message) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
