"""Which language an answer is written in."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from provisioner.texts import DEFAULT_LANGUAGE, LANGUAGES

COOKIE = "language"
_YEAR = 365 * 24 * 3600


def of_api(request: Request) -> str:
    """By ``Accept-Language``; Indonesian when it names neither of ours."""
    return _accepted(request.headers.get("accept-language", ""))


def of_page(request: Request) -> str:
    """What the reader chose by the switch, else the account's language, else Indonesian."""
    chosen = switched(request) or request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    actor = getattr(request.state, "actor", None)
    return actor.language if actor else DEFAULT_LANGUAGE


def switch(request: Request, chosen: object) -> None:
    """Answer this request in the chosen language, if it is one of ours."""
    if chosen in LANGUAGES:
        request.state.language = chosen


def switched(request: Request) -> str | None:
    """The language that this request switches to, if it does."""
    return getattr(request.state, "language", None)


def remember(response: Response, chosen: str) -> None:
    """Keep the reader's choice in this browser."""
    response.set_cookie(COOKIE, chosen, max_age=_YEAR, samesite="lax")


def _accepted(header: str) -> str:
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
