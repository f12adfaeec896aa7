"""What all pages share: templates in the reader's language, dates, assets, the signed-in reader."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from fastapi import Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api import acts, language, navigation, words
from api.pages import called
from api.security import asking, product_of, same_origin
from provisioner import dates
from provisioner.database import now
from provisioner.errors import Unauthenticated
from provisioner.people.rules import Actor
from provisioner.printing import wording
from provisioner.runs.views import StepRunView
from provisioner.texts import Message, render, say

_HERE = Path(__file__).parents[1]


async def visitor(request: Request) -> Actor | None:
    """Who is signed in, if anybody; refuses what another site's page sends."""
    same_origin(request)
    actor = asking(request)
    request.state.actor = actor
    if actor:
        actor = replace(actor, language=language.of_page(request))
        request.state.actor = actor
    return actor


async def reader(request: Request) -> Actor:
    """Who is signed in; raises Unauthenticated, which leads to the sign-in page."""
    actor = await visitor(request)
    if actor is None:
        raise Unauthenticated(say("Please sign in first."))
    return actor


Reader = Annotated[Actor, Depends(reader)]
Visitor = Annotated[Actor | None, Depends(visitor)]


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> Response:
    """The template as a page in the reader's language."""
    tongue, product = language.of_page(request), product_of(request)
    office = product.inventory.office
    text = (
        _environment(tongue, office.zone)
        .get_template(template)
        .render(
            request=request,
            actor=getattr(request.state, "actor", None),
            office=office,
            names=called.Names(product),
            status=status,
            zone=dates.zone_name(now().astimezone(office.zone)),
            **context,
        )
    )
    response = HTMLResponse(text, status, headers={"Content-Language": tongue})
    if language.switched(request):
        language.remember(response, tongue)
    return response


def go(request: Request, path: str) -> Response:
    """Send the browser on; htmx is told to load the page rather than to swap it in."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


@cache
def _environment(language: str, zone: ZoneInfo) -> jinja2.Environment:
    """Templates of one language, whose filters need not ask a page for it each time."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        _=wording.speaking(language), asset=_asset, words=words, acts=acts, navigation=navigation,
        language=language,
    )  # fmt: skip
    environment.filters.update(
        say=partial(_say, language=language, zone=zone),
        day=partial(dates.day, language=language, zone=zone),
        plain_day=partial(dates.plain_day, language=language, zone=zone),
        moment=partial(dates.moment, language=language, zone=zone),
        clock=partial(_clock, zone=zone),
        size=partial(_size, language=language),
        number=partial(dates.number, language=language),
        span=partial(_span, language=language),
        person=called.person, department=called.department, title=called.title,
        iso=_iso, query=_query, last_day=dates.last_day,
        stopwatch=_stopwatch, step_time=_step_time,
    )  # fmt: skip
    return environment


def _say(message: Message | str | datetime | date, language: str, zone: ZoneInfo) -> str:
    if isinstance(message, datetime):
        return dates.moment(message, language, zone)
    if isinstance(message, date):
        return dates.day(message, language, zone)
    return render(message, language)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M:%S}"


def _query(asked: Mapping[str, Any]) -> str:
    """The part of an address behind the question mark; a list stands once for each of its parts."""
    return urlencode(asked, doseq=True)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _size(count: int, language: str) -> str:
    """A file's size in words."""
    if count < 1024 * 1024:
        return f"{dates.number(max(1, round(count / 1024)), language)} KB"
    return f"{dates.number(round(count / 1024 / 1024, 1), language)} MB"


def _span(seconds: float, language: str) -> str:
    """A length of time in words: seconds below a minute, else minutes."""
    if seconds < 60:
        told = say("%(count)s seconds", count=max(1, round(seconds)))
    elif seconds < 600 and round(seconds) % 60:
        minutes, rest = divmod(round(seconds), 60)
        told = say("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    else:
        told = say("%(count)s minutes", count=round(seconds / 60))
    return render(told, language)


def _stopwatch(seconds: float) -> str:
    """Minutes and seconds, as the page's script counts them on."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _step_time(step: StepRunView) -> float | None:
    """Seconds that a step took; None before its end, and when undone, whose end is the undo's."""
    if step.state == "undone" or step.started_at is None or step.ended_at is None:
        return None
    return float((step.ended_at - step.started_at).total_seconds())


@cache
def _asset(name: str) -> str:
    """The address of a static file, which changes with its content."""
    digest = hashlib.sha256((_HERE / "static" / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"
