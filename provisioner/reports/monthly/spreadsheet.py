"""The monthly report as a spreadsheet: a sheet for each table, with real numbers and dates."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from provisioner.reports.monthly.sheets import Cell, Column, Table
from provisioner.texts import render, say

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTHS = {"text": 28, "record": 16, "count": 12, "percent": 12, "days": 12, "day": 13,
           "moment": 18}  # fmt: skip
_FORBIDDEN = str.maketrans("[]:*?/\\", "       ")


def spreadsheet(
    title: str,
    findings: list[str],
    tables: list[Table],
    made_at: datetime,
    zone: ZoneInfo,
    language: str,
) -> bytes:
    """The workbook (XLSX); the same content gives the same bytes.

    Texts are written as texts, so that none is ever taken for a formula or a link.
    """
    out = io.BytesIO()
    book = Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        },
    )
    book.set_properties(
        {"title": title, "created": made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)}
    )
    styles = _Styles(book)
    first = book.add_worksheet(render(say("Findings"), language))
    first.set_column(0, 0, 110)
    first.write_string(0, 0, title, styles.title)
    for row, finding in enumerate(findings, start=2):
        first.write_string(row, 0, finding, styles.wrapped)
    for table in tables:
        sheet = book.add_worksheet(table.title.translate(_FORBIDDEN)[:31].strip())
        _fill(sheet, table, styles, zone)
    book.close()
    return out.getvalue()


class _Styles:
    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.title: Format = book.add_format({"bold": True, "font_size": 14})
        self.head: Format = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.wrapped: Format = book.add_format({"text_wrap": True, "valign": "top"})
        self.kinds: dict[str, Format] = {
            "count": book.add_format({"num_format": "0"}),
            "percent": book.add_format({"num_format": '0" %"'}),
            "days": book.add_format({"num_format": "0.00"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        }


def _fill(sheet: Worksheet, table: Table, styles: _Styles, zone: ZoneInfo) -> None:
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, _WIDTHS[column.kind])
        sheet.write_string(0, at, column.title, styles.head)
    for line, cells in enumerate(table.rows, start=1):
        for at, (column, cell) in enumerate(zip(table.columns, cells, strict=True)):
            _write(sheet, line, at, column, cell, styles, zone)
    if not table.rows:
        sheet.write_string(1, 0, table.empty, styles.wrapped)


def _write(
    sheet: Worksheet, line: int, at: int, column: Column, cell: Cell, styles: _Styles,
    zone: ZoneInfo,
) -> None:  # fmt: skip
    style = styles.kinds.get(column.kind)
    if cell is None:
        return
    if isinstance(cell, datetime):
        sheet.write_datetime(line, at, _local(cell, column, zone), style)
    elif isinstance(cell, date):
        sheet.write_datetime(line, at, cell, style)
    elif isinstance(cell, str):
        sheet.write_string(line, at, cell, styles.wrapped)
    else:
        sheet.write_number(line, at, cell, style)


def _local(moment: datetime, column: Column, zone: ZoneInfo) -> datetime | date:
    """As the office's clock shows it; spreadsheets know no zones."""
    local = moment.astimezone(zone).replace(tzinfo=None, microsecond=0)
    return local.date() if column.kind == "day" else local
