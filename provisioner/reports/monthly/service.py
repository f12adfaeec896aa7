"""Monthly reports: drafted from today's figures, issued and frozen, with their meeting."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.catalogue import Inventory
from provisioner.database import Database, now
from provisioner.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from provisioner.people.model import Person
from provisioner.people.policy import Permission
from provisioner.people.rules import Actor, allows, sees_all
from provisioner.reports.journeys import Month, month_of
from provisioner.reports.monthly import agreed, listing, meeting, papers, words
from provisioner.reports.monthly.figures import MonthCounter
from provisioner.reports.monthly.meeting import MeetingIn, MeetingView
from provisioner.reports.monthly.model import MonthlyReport
from provisioner.reports.monthly.views import Figures
from provisioner.requests.model import Request
from provisioner.texts import say

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_COMPARED = ("services", "departments", "states", "late", "work", "contacts", "letters",
             "complaints")  # fmt: skip
"""What a later query may find otherwise; capacity, anchor and actions are of their moment."""
_M = MonthlyReport
_ISSUE = (_M.id, _M.revision, _M.issued_at, _M.issued_by, _M.reason, _M.figures_sha256,
          _M.pdf_sha256, _M.xlsx_sha256)  # fmt: skip


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class IssueView(_View):
    """One issue of a report; ``sha256`` of its figures (as JSON), its PDF and its spreadsheet."""

    revision: int
    issued_at: datetime
    issued_by: str
    name: str
    reason: str | None
    sha256: dict[str, str]


class MonthView(_View):
    """One line of the list of months. ``state``: in_progress, draft, issued."""

    month: str
    number: str
    state: str
    issue: IssueView | None
    percent: int | None
    """In time; None where nothing was measured, and while it is not issued."""
    received: int | None
    meeting_on: date | None
    open_actions: int


class MonthlyView(_View):
    """One month's report: frozen figures once issued, today's until then."""

    month: str
    number: str
    state: str
    figures: Figures
    issues: list[IssueView]
    """Every issue, the newest first."""
    differs: list[str] | None
    """Parts of the figures that a query of today would give otherwise than they were frozen;
    None unless that was asked for."""
    meeting: MeetingView
    may_issue: bool
    may_meet: bool

    @property
    def issue(self) -> IssueView | None:
        """The one that is shown."""
        return self.issues[0] if self.issues else None


class MonthlyReports:
    """Reads, issues and amends reports; every call is a transaction of its own."""

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        counter: MonthCounter,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database, self._office = database, inventory.office
        self._counter, self._clock = counter, clock

    def months(self, actor: Actor) -> list[MonthView]:
        """Every month since the first request, the newest first. Raises Forbidden."""
        _of_the_office(actor)
        with self._database.read() as session:
            first = session.scalar(select(func.min(Request.submitted_at)))
            month, views = self._this_month, []
            oldest = month_of(first.astimezone(self._office.zone).date()) if first else month
            known, issues = listing.lines(session), dict(_issues(session))
            while month >= oldest:
                line = known.get(str(month), listing.Line())
                views.append(self._line(month, line, issues.get(line.issue)))
                month = month.previous
            return views

    def get(self, actor: Actor, month: str, *, compare: bool = False) -> MonthlyView:
        """The report of a month such as ``2026-10``. Raises NotFound, Forbidden.

        ``compare``: count anew what is frozen, to say where today's records differ.
        """
        _of_the_office(actor)
        with self._database.read() as session:
            return self._view(session, actor, self._month(month), compare)

    def issue(self, actor: Actor, month: str, reason: str | None = None) -> MonthlyView:
        """Freeze the report; once issued, a new revision needs a reason.

        Raises Forbidden, NotFound, Conflict (``month-not-over``, ``already-issued`` by somebody
        else at the same moment), Invalid without a reason.
        """
        if not may_issue(actor):
            raise Forbidden(say("The report is issued by the head of the office."))
        asked = self._month(month)
        if asked >= self._this_month:
            raise Conflict(
                say("The month is not over yet, so its report cannot be issued."),
                slug="month-not-over",
            )
        with self._database.read() as session:
            last = agreed.issued(session, asked)
            figures = self._counter.count(session, asked, self._clock())
        reason = " ".join((reason or "").split())[:500]
        if last is not None and len(reason) < 3:
            raise Invalid(
                [FieldError("/reason", say("say why the report is issued again; it is printed"))]
            )
        revision = 0 if last is None else last + 1
        self._freeze(actor, asked, figures, revision, reason if revision else None)
        return self.get(actor, month)

    def pdf(self, actor: Actor, month: str, revision: int | None = None) -> bytes:
        """The PDF as issued, else that of a draft. Raises NotFound, Forbidden."""
        return self._file(actor, month, revision, "pdf")

    def xlsx(self, actor: Actor, month: str, revision: int | None = None) -> bytes:
        """The spreadsheet as issued, else that of a draft. Raises NotFound, Forbidden."""
        return self._file(actor, month, revision, "xlsx")

    def meet(self, actor: Actor, month: str, given: MeetingIn) -> MonthlyView:
        """Write the meeting down. Raises Forbidden, NotFound, Conflict, Invalid."""
        if not may_meet(actor):
            raise Forbidden(say("Your role does not allow this."))
        asked = self._month(month)
        today = self._clock().astimezone(self._office.zone).date()
        with self._database.allocate() as session:
            meeting.keep(session, actor, asked, given, today)
        return self.get(actor, month)

    def meeting_pdf(self, actor: Actor, month: str) -> bytes:
        """The minutes as a paper. Raises NotFound while nothing is written down, Forbidden."""
        view = self.get(actor, month)
        if not view.meeting.revision:
            raise NotFound(say("Nothing is written down about this meeting yet."))
        return papers.meeting_pdf(view.month, view.meeting, self._office)

    def story(self, actor: Actor, month: str) -> list[events.Happening]:
        """What happened to the report, the oldest first. Raises NotFound, Forbidden."""
        _of_the_office(actor)
        with self._database.read() as session:
            return events.read(session, words.number_of(str(self._month(month))))

    # ------------------------------------------------------------------ inside

    @property
    def _this_month(self) -> Month:
        return month_of(self._clock().astimezone(self._office.zone).date())

    def _month(self, written: str) -> Month:
        found = _MONTH.fullmatch(written)
        month = Month(int(found[1]), int(found[2])) if found else None
        if month is None or month > self._this_month:
            raise NotFound(say("There is no report of %(month)s.", month=written[:20]))
        return month

    def _line(self, month: Month, line: listing.Line, issue: IssueView | None) -> MonthView:
        return MonthView(
            month=str(month),
            number=words.number_of(str(month)),
            state=self._state(month, issue is not None),
            issue=issue,
            percent=line.percent,
            received=line.received,
            meeting_on=line.meeting_on,
            open_actions=line.open_actions,
        )

    def _state(self, month: Month, issued: bool) -> str:
        if issued:
            return "issued"
        return "in_progress" if month >= self._this_month else "draft"

    def _view(self, session: Session, actor: Actor, month: Month, compare: bool) -> MonthlyView:
        issues = _issues(session, month)
        differs = None
        if issues:
            found = select(MonthlyReport.figures).where(MonthlyReport.id == issues[0][0])
            figures = Figures.model_validate(session.scalar(found))
            if compare:
                today = self._counter.count(session, month, self._clock())
                differs = _differences(figures, today)
        else:
            figures = self._counter.count(session, month, self._clock())
        return MonthlyView(
            month=str(month),
            number=words.number_of(str(month)),
            state=self._state(month, bool(issues)),
            figures=figures,
            issues=[view for _, view in issues],
            differs=differs,
            meeting=meeting.view_of(session, month),
            may_issue=may_issue(actor) and month < self._this_month,
            may_meet=may_meet(actor),
        )

    def _file(self, actor: Actor, month: str, revision: int | None, kind: str) -> bytes:
        _of_the_office(actor)
        asked = self._month(month)
        with self._database.read() as session:
            query = select(MonthlyReport).where(MonthlyReport.month == str(asked))
            if revision is not None:
                query = query.where(MonthlyReport.revision == revision)
            row = session.scalars(query.order_by(MonthlyReport.revision.desc()).limit(1)).first()
            if row is not None:
                return bytes(getattr(row, kind))
            if revision is not None:
                raise NotFound(say("There is no such revision of the report."))
            figures = self._counter.count(session, asked, self._clock())
        if kind == "pdf":
            return papers.report_pdf(figures, self._office, None)
        return papers.report_xlsx(figures, self._office, figures.until)

    def _freeze(
        self, actor: Actor, month: Month, figures: Figures, revision: int, reason: str | None
    ) -> None:
        moment = self._clock()
        issue = papers.Issue(moment, actor.name, revision, reason)
        pdf = papers.report_pdf(figures, self._office, issue)
        xlsx = papers.report_xlsx(figures, self._office, moment)
        body = figures.model_dump(mode="json")
        row = MonthlyReport(
            month=str(month),
            revision=revision,
            figures=body,
            figures_sha256=figures_sha256(body),
            pdf=pdf,
            pdf_sha256=hashlib.sha256(pdf).hexdigest(),
            xlsx=xlsx,
            xlsx_sha256=hashlib.sha256(xlsx).hexdigest(),
            issued_by=actor.username,
            issued_at=moment,
            reason=reason,
        )
        text = (
            say("Report issued again as revision %(revision)s: %(reason)s", revision=revision,
                reason=reason)
            if revision else say("Report issued")
        )  # fmt: skip
        try:
            with self._database.write() as session:
                session.add(row)
                session.flush()
                payload = {"text": text.to_json(), "revision": revision, "reason": reason}
                payload |= {"sha256": _sums(row)}
                events.append(
                    session, words.number_of(str(month)), "report:issued",
                    actor=actor.username, payload=payload,
                )  # fmt: skip
        except IntegrityError:
            raise Conflict(
                say("Somebody else has issued this report just now. Load the page again."),
                slug="already-issued",
            ) from None


def may_issue(actor: Actor) -> bool:
    """Whether the person issues reports."""
    return allows(actor, Permission.ISSUE_REPORT)


def may_meet(actor: Actor) -> bool:
    """Whether the person writes meetings down."""
    return allows(actor, Permission.REPORT)


def figures_sha256(figures: dict[str, Any]) -> str:
    """Of the figures as JSON, keys sorted, no spaces."""
    body = json.dumps(figures, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(body.encode()).hexdigest()


def _of_the_office(actor: Actor) -> None:
    if not sees_all(actor):
        raise Forbidden(say("This is looked at by the office only."))


def _sums(row: Any) -> dict[str, str]:
    return {"figures": row.figures_sha256, "pdf": row.pdf_sha256, "xlsx": row.xlsx_sha256}


def _issues(session: Session, month: Month | None = None) -> list[tuple[int | None, IssueView]]:
    """The ids of the issues, of one month or all, with what is told of them, the newest first."""
    query = (
        select(*_ISSUE, Person.name)
        .outerjoin(Person, Person.username == MonthlyReport.issued_by)
        .order_by(MonthlyReport.revision.desc())
    )
    if month is not None:
        query = query.where(MonthlyReport.month == str(month))
    return [
        (
            row.id,
            IssueView(
                revision=row.revision,
                issued_at=row.issued_at,
                issued_by=row.issued_by,
                name=row.name or row.issued_by,
                reason=row.reason,
                sha256=_sums(row),
            ),
        )
        for row in session.execute(query)
    ]


def _differences(frozen: Figures, today: Figures) -> list[str]:
    was, would_be = (figures.model_dump(include=set(_COMPARED)) for figures in (frozen, today))
    return [part for part in _COMPARED if was[part] != would_be[part]]
