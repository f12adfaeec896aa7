"""The office's calendar over JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from api.almanac import YEARS, Almanac, WhatIf, almanac
from api.security import Person, Services
from provisioner.database import now
from provisioner.worktime import is_working_day

router = APIRouter(prefix="/calendar", tags=["calendar"])
Kind = Literal["holiday", "working"]


@router.get("")
def show_calendar(
    product: Services,
    _actor: Person,
    year: Annotated[int | None, Query(ge=YEARS[0], le=YEARS[-1])] = None,
) -> Almanac:
    """Every day of a year (this one if left out): whether it is worked, when, and why not."""
    office = product.inventory.office
    return almanac(office, year or now().astimezone(office.zone).year)


@router.get("/what-if")
def show_what_if(
    product: Services,
    _actor: Person,
    day: Annotated[date, Query(ge=date(YEARS[0], 1, 1), le=date(YEARS[-1], 12, 31))],
    kind: Kind = "holiday",
) -> WhatIf:
    """The open deadlines that would move if that day were a day off, or worked; nothing moves."""
    works, office = kind == "working", product.inventory.office
    return WhatIf(
        date=day,
        works=works,
        changes=is_working_day(day, office) != works,
        moves=product.desk.deadlines.what_if(day, works=works),
    )
