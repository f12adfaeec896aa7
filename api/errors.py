"""Failures as answers: RFC 9457 problems for programs, plain pages for people."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api import language
from api.pages.resume import ask_to_sign_in
from api.pages.trouble import trouble_page
from api.security import is_api
from api.statuses import status_of
from provisioner.catalogue.fields import explain
from provisioner.errors import (
    FieldError,
    Invalid,
    Misconfigured,
    Mistake,
    ProvisionerError,
    Retriable,
    StepFailure,
    Unauthenticated,
)
from provisioner.texts import Message, render, say

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
_TITLES: dict[int, Message] = {
    400: say("The request could not be understood"),
    401: say("Sign-in needed"),
    403: say("Not allowed"),
    404: say("Not found"),
    405: say("This cannot be done here"),
    409: say("Not possible in the present state"),
    413: say("Too large"),
    415: say("Unknown kind of content"),
    422: say("Some answers need to be corrected"),
    429: say("Too many tries"),
    500: say("Something went wrong with us"),
    502: say("A cluster or device did not answer as it should"),
    503: say("Not available at the moment"),
}
_SLUGS = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 400: "bad-request"}
_DETAILS: dict[int, Message] = {
    404: say("There is nothing at this address. Check it, or begin at the list of requests."),
    405: say("This address cannot be used in this way."),
    413: say("The file is larger than the 10 MB that are allowed. Nothing was stored."),
}
_DATABASE_AWAY = say(
    "The database cannot be used at the moment (its disk may be full, or it is busy). Nothing was "
    "changed; try again in a moment, or tell the administrator."
)
_UNEXPECTED = say(
    "An error occurred that we did not expect. It was recorded under the code %(code)s; "
    "please tell it to the technicians."
)


def install(app: FastAPI) -> None:
    """Make the application answer all failures in our forms."""
    app.add_exception_handler(ProvisionerError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(NoConnection, _database_away)
    app.add_exception_handler(Exception, _unexpected)
    logging.getLogger("uvicorn.error").addFilter(_without_traceback)


def answer(
    request: Request,
    status: int,
    slug: str,
    detail: Message,
    errors: Sequence[FieldError] = (),
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """The failure as a problem, or as a page where the address is one of the console."""
    title = _TITLES.get(status, _TITLES[500])
    if not is_api(request):
        return trouble_page(request, status, slug, title, detail)
    reader = language.of_api(request)
    body = {
        **_spoken(extra or {}, reader),
        "type": f"/problems/{slug}",
        "title": render(title, reader),
        "status": status,
        "detail": render(detail, reader),
        "correlation": request.state.correlation,
    }
    if errors:
        body["errors"] = [
            {"pointer": e.pointer, "message": render(e.message, reader)} for e in errors
        ]
    headers = {"Content-Language": reader, "Vary": "Accept-Language"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in {429, 503} and extra and "after" in extra:
        headers["Retry-After"] = str(int(extra["after"]))
    return JSONResponse(body, status, media_type=PROBLEM, headers=headers)


async def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProvisionerError)  # noqa: S101 — what it is registered for
    errors: Sequence[FieldError] = ()
    extra: dict[str, Any] = {}
    if isinstance(error, Mistake):
        extra.update(error.extra)
    if isinstance(error, Invalid):
        errors = error.errors
    if isinstance(error, StepFailure):
        extra = {"kind": error.kind, "meaning": error.meaning, "next": error.next}
    if isinstance(error, Retriable):
        extra["after"] = max(1, round(error.after))
        if "by itself" in error.next.template:  # true of a run, not of a call
            extra["next"] = _AGAIN
    if _wants_sign_in(request, error):
        return await ask_to_sign_in(request)
    if isinstance(error, Misconfigured):
        log.error("misconfigured: %s", error)
    return answer(request, status_of(error), error.slug, error.what, errors, extra)


_AGAIN = say("Nothing was begun. Repeat it in a while; only runs repeat their work by themselves.")


def _wants_sign_in(request: Request, error: ProvisionerError) -> bool:
    """Whether a form of the console came after its session had run out."""
    return (
        isinstance(error, Unauthenticated)
        and error.slug == Unauthenticated.slug
        and request.method == "POST"
        and not is_api(request)
    )


_NO_JSON = say("has to be JSON; send it with the header Content-Type: application/json")


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — what it is registered for
    faults = [FieldError(_pointer(fault["loc"]), _explain(fault)) for fault in error.errors()]
    kind = request.headers.get("content-type", "")
    if [fault["loc"] for fault in error.errors()] == [("body",)] and "json" not in kind:
        faults = [FieldError("", _NO_JSON)]
    return answer(request, 422, "invalid", Invalid(faults).what, faults)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 — what it is registered for
    status = error.status_code
    detail = _DETAILS.get(status, say("%(why)s", why=error.detail))
    return answer(request, status, _SLUGS.get(status, "http"), detail)


async def _database_away(request: Request, error: Exception) -> Response:
    """Full disk, a lock held for long, no connection free, no server: nothing was changed."""
    log.error("%s: the database does not answer: %s", request.state.correlation, _cause(error))
    return answer(request, 503, "database-away", _DATABASE_AWAY, extra={"after": 10})


def _cause(error: Exception) -> str:
    """The database's own words, without the statement and its values."""
    return str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]


async def _unexpected(request: Request, error: Exception) -> Response:
    """Logged without the error's own text, which may carry what someone entered."""
    code = request.state.correlation
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames[-8:]))
    log.error("%s %s: %s at %s", request.method, code, type(error).__name__, places)
    detail = Message(_UNEXPECTED.template, {"code": code})
    return answer(request, 500, "unexpected", detail)


def _without_traceback(record: logging.LogRecord) -> bool:
    """The server would log what ``_unexpected`` leaves out on purpose."""
    return not record.getMessage().startswith("Exception in ASGI application")


def _explain(fault: ErrorDetails) -> Message:
    if fault["type"] == "json_invalid":
        return say("is not proper JSON")
    return explain(fault)


def _pointer(location: Sequence[str | int]) -> str:
    """An RFC 6901 pointer into the body; a faulty query parameter is named ``?name``."""
    place, *rest = location
    if place != "body":
        return "?" + ".".join(str(part) for part in rest)
    parts = (str(part)[:64].replace("~", "~0").replace("/", "~1") for part in rest)
    return "".join(f"/{part}" for part in parts)


def _spoken(value: Any, reader: str) -> Any:
    """The value with its messages in the reader's language."""
    if isinstance(value, Message):
        return render(value, reader)
    if isinstance(value, Mapping):
        return {key: _spoken(inner, reader) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_spoken(inner, reader) for inner in value]
    return value
