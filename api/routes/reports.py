"""Monthly reports and supervision over JSON; PDF and spreadsheet as they were issued."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.replay import Replaying
from api.security import Person, Services
from provisioner.people.rules import Actor
from provisioner.reports.monthly.findings import findings
from provisioner.reports.monthly.meeting import MeetingIn
from provisioner.reports.monthly.service import MonthlyView, MonthView
from provisioner.reports.monthly.spreadsheet import MEDIA_TYPE as XLSX
from provisioner.reports.supervision import SupervisionView

router = APIRouter(tags=["reports"], route_class=Replaying)
Revision = Annotated[int | None, Query(ge=0, le=1000)]


class Issuing(BaseModel):
    """Of a revision: why."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = Field(None, max_length=500)


class ReportOut(MonthlyView):
    """The report with its findings in the reader's language."""

    findings: list[str]


@router.get("/reports/monthly")
def months(product: Services, actor: Person) -> list[MonthView]:
    """Every month since the first request, the newest first."""
    return product.desk.monthly.months(actor)


@router.get("/reports/monthly/{month}.pdf")
def pdf(product: Services, actor: Person, month: str, revision: Revision = None) -> Response:
    """The PDF as issued, or that of a draft."""
    return document(product.desk.monthly.pdf(actor, month, revision), month, "pdf")


@router.get("/reports/monthly/{month}.xlsx")
def xlsx(product: Services, actor: Person, month: str, revision: Revision = None) -> Response:
    """The spreadsheet as issued, or that of a draft."""
    return document(product.desk.monthly.xlsx(actor, month, revision), month, "xlsx")


@router.get("/reports/monthly/{month}")
def show(product: Services, actor: Person, month: str, compare: bool = False) -> ReportOut:
    """One month: frozen figures once issued, today's until then; ``compare``: where they differ."""
    return _out(actor, product.desk.monthly.get(actor, month, compare=compare))


@router.post("/reports/monthly/{month}/issue")
def issue(
    product: Services,
    actor: Person,
    month: str,
    body: Annotated[Issuing, Body()] = Issuing(),  # noqa: B008  a constant
) -> ReportOut:
    """Freeze the month's report, or issue it again with a reason."""
    return _out(actor, product.desk.monthly.issue(actor, month, body.reason))


@router.put("/reports/monthly/{month}/meeting")
def meet(product: Services, actor: Person, month: str, body: MeetingIn) -> ReportOut:
    """Write down the meeting about the report."""
    return _out(actor, product.desk.monthly.meet(actor, month, body))


@router.get("/supervision")
def supervision(product: Services, actor: Person, month: str | None = None) -> SupervisionView:
    """What each officer did and how fast; who does not lead sees only the own work."""
    return product.desk.supervision.view(actor, month)


def document(data: bytes, month: str, kind: str) -> Response:
    """A report's file, to be kept under its own name."""
    name = f'attachment; filename="laporan-{month}.{kind}"'
    media_type = "application/pdf" if kind == "pdf" else XLSX
    return Response(data, media_type=media_type, headers={"Content-Disposition": name})


def _out(actor: Actor, view: MonthlyView) -> ReportOut:
    said = [one.text for one in findings(view.figures, actor.language)]
    return ReportOut(findings=said, **dict(view))
