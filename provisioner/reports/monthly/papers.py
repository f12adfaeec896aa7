"""The monthly report and the minutes of its meeting as printed matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from provisioner import dates
from provisioner.catalogue import Office
from provisioner.printing.sheets import sheet_html, sheet_pdf
from provisioner.reports.monthly import words
from provisioner.reports.monthly.findings import findings
from provisioner.reports.monthly.meeting import MeetingView
from provisioner.reports.monthly.pictures import pictures
from provisioner.reports.monthly.sheets import Cell, Column, tables
from provisioner.reports.monthly.spreadsheet import spreadsheet
from provisioner.reports.monthly.views import Figures
from provisioner.texts import render, say

LANGUAGE = "id"
"""Papers are filed in the office's language."""


@dataclass(frozen=True)
class Issue:
    """That a report was issued: when, by whom, and of a revision which and why."""

    at: datetime
    name: str
    revision: int
    reason: str | None


def report_html(figures: Figures, office: Office, issued: Issue | None) -> str:
    """The report as one page of HTML; without ``issued`` it is marked as a draft."""
    return sheet_html(
        "monthly_report.html",
        office,
        LANGUAGE,
        figures=figures,
        title=report_title(figures.month, LANGUAGE),
        record=words.number_of(figures.month),
        findings=findings(figures, LANGUAGE),
        pictures=pictures(figures, LANGUAGE),
        tables=tables(figures, LANGUAGE),
        written=lambda column, cell: written(column, cell, office, LANGUAGE),
        issued=issued,
        signatory=office.signatory,
    )


def report_pdf(figures: Figures, office: Office, issued: Issue | None) -> bytes:
    """The same as PDF/A."""
    return sheet_pdf(report_html(figures, office, issued))


def report_xlsx(figures: Figures, office: Office, made_at: datetime) -> bytes:
    """Its findings and tables as a spreadsheet."""
    return spreadsheet(
        report_title(figures.month, LANGUAGE),
        [one.text for one in findings(figures, LANGUAGE)],
        tables(figures, LANGUAGE),
        made_at,
        office.zone,
        LANGUAGE,
    )


def meeting_pdf(month: str, meeting: MeetingView, office: Office) -> bytes:
    """The minutes of the meeting."""
    html = sheet_html(
        "meeting_minutes.html",
        office,
        LANGUAGE,
        meeting=meeting,
        month=month_title(month, LANGUAGE),
        record=words.number_of(month),
        signatory=office.signatory,
    )
    return sheet_pdf(html)


def report_title(month: str, language: str) -> str:
    """Such as “Service report of October 2026”."""
    return render(say("Service report of %(month)s", month=month_title(month, language)), language)


def month_title(month: str, language: str) -> str:
    """Such as “October 2026”."""
    return dates.month(date.fromisoformat(f"{month}-01"), language)


def written(column: Column, cell: Cell, office: Office, language: str) -> str:
    """A cell as people read it."""
    if cell is None:
        return "–"
    if isinstance(cell, datetime) and column.kind == "moment":
        return dates.moment(cell, language, office.zone)
    if isinstance(cell, date):
        return dates.plain_day(cell, language, office.zone)
    if isinstance(cell, str):
        return cell
    number = dates.number(round(cell, 2), language)
    return f"{number} %" if column.kind == "percent" else number
