"""The office's year: days off, other hours, and what one more day off would move."""

from __future__ import annotations

from datetime import date, timedelta

from babel.dates import format_date
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.almanac import YEARS, WhatIf, almanac
from api.pages.form import Fault
from api.pages.frame import Reader, page
from api.security import Services
from provisioner import dates
from provisioner.bootstrap import Product
from provisioner.catalogue.office import WEEKDAYS
from provisioner.database import now
from provisioner.texts import say
from provisioner.worktime import is_working_day, year_without_holidays

router = APIRouter()
_MONDAY = date(2026, 1, 5)
SHOWN = 100
"""Deadlines that are listed; of more only the count is told."""

KINDS = {
    "public": say("national holiday"),
    "leave": say("collective leave"),
    "local": say("the office's own day off"),
    "extra": say("worked all the same"),
}
MARKS = {"public": "L", "leave": "C", "local": "D", "extra": "K"}
"""What stands in a day's cell, so that colour is not needed; the legend says what they mean."""


@router.get("/calendar")
def show_calendar(
    request: Request,
    actor: Reader,
    product: Services,
    year: str = "",
    day: str = "",
    kind: str = "holiday",
) -> Response:
    """A year, and with ``day`` what making it a day off (or worked) would move."""
    office = product.inventory.office
    today = now().astimezone(office.zone).date()
    asked, fault = _date(day)
    shown = int(year) if year.isascii() and year.isdigit() and int(year) in YEARS else None
    shown = shown or (asked.year if asked else today.year)
    return page(
        request,
        "calendar.html",
        year=almanac(office, shown),
        years=YEARS,
        today=today,
        month_names=[dates.month(date(shown, n, 1), actor.language) for n in range(1, 13)],
        weekdays=[
            format_date(_MONDAY + timedelta(days=n), "EEE", locale=actor.language) for n in range(7)
        ],
        days_of_week=[
            (key, format_date(_MONDAY + timedelta(days=n), "EEEE", locale=actor.language))
            for n, key in enumerate(WEEKDAYS)
        ],
        kinds=KINDS,
        marks=MARKS,
        lacking=year_without_holidays(today),
        answer=_what_if(product, asked, works=kind == "working") if asked else None,
        asked={"day": day, "kind": kind},
        errors=[fault] if fault else [],
        most=SHOWN,
        file=product.settings.office,
    )


def _what_if(product: Product, day: date, *, works: bool) -> WhatIf:
    return WhatIf(
        date=day,
        works=works,
        changes=is_working_day(day, product.inventory.office) != works,
        moves=product.desk.deadlines.what_if(day, works=works),
    )


def _date(text: str) -> tuple[date | None, Fault | None]:
    if not text:
        return None, None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        return None, Fault("day", say("Date"), say("must be a date written as YYYY-MM-DD"))
    return found, None
