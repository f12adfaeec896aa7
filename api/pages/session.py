"""Signing in and out, invitations, the language switch and the shortcuts' switch."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import language
from api.pages.form import Form as Typed
from api.pages.form import faults
from api.pages.frame import Visitor, page
from api.pages.resume import Kept, Sent, kept_in, local, sign_in_form
from api.security import (
    KNOWN_COOKIE,
    PENDING_COOKIE,
    SESSION_COOKIE,
    Services,
    address_of,
    set_known,
    set_pending,
    set_session,
)
from api.statuses import status_of
from provisioner.errors import FieldError, Invalid, NotFound, Unauthenticated
from provisioner.people.signing_in import CodeNeeded, SignedIn
from provisioner.texts import LANGUAGES, Message, say

__all__ = ["local", "router"]

router = APIRouter()
_YEAR = 365 * 24 * 3600


@router.get("/sign-in")
def sign_in_page(request: Request, actor: Visitor, next: str = "/") -> Response:
    """The form; somebody signed in is sent on."""
    if actor:
        return RedirectResponse(local(next), 303)
    return sign_in_form(request, next=next)


@router.post("/sign-in")
def sign_in(
    request: Request,
    _visitor: Visitor,
    product: Services,
    sent: Sent,
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Check name and password; right, the browser gets its session or is asked for a code."""
    kept = kept_in(sent)
    try:
        found = product.people.sign_in(
            username.strip(), password, address_of(request), _browser(request),
            request.cookies.get(KNOWN_COOKIE, ""),
        )  # fmt: skip
    except Unauthenticated as error:
        return sign_in_form(
            request, status=status_of(error), next=next, username=username[:64],
            problem=error.what, kept=kept,
        )  # fmt: skip
    if isinstance(found, CodeNeeded):
        if kept:
            response = _code_page(request, next, kept=kept)
        else:
            response = RedirectResponse(f"/sign-in/code?next={quote(local(next))}", 303)
        set_pending(request, response, found.pending)
        return response
    return _enter(request, found, next, kept)


@router.get("/sign-in/code")
def code_page(request: Request, _visitor: Visitor, product: Services, next: str = "/") -> Response:
    """The second page; without a password before, the first one."""
    if not product.people.pending(request.cookies.get(PENDING_COOKIE, "")):
        return RedirectResponse(f"/sign-in?next={quote(local(next))}", 303)
    return _code_page(request, next)


@router.post("/sign-in/code")
def enter_code(
    request: Request,
    _visitor: Visitor,
    product: Services,
    sent: Sent,
    code: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Check the one-time code; right, the browser gets its session."""
    kept = kept_in(sent)
    pending = request.cookies.get(PENDING_COOKIE, "")
    try:
        found = product.people.enter_code(
            pending, code[:40], address_of(request), _browser(request)
        )
    except Unauthenticated as error:
        if error.slug == "sign-in-again":
            return sign_in_form(request, status=401, next=next, problem=error.what, kept=kept)
        return _code_page(request, next, error.what, kept, status_of(error))
    response = _enter(request, found, next, kept)
    response.delete_cookie(PENDING_COOKIE)
    return response


@router.post("/sign-out")
def sign_out(request: Request, _visitor: Visitor, product: Services) -> Response:
    """End this browser's session."""
    product.people.sign_out(request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.get("/invitation/{token}")
def invitation(request: Request, _visitor: Visitor, product: Services, token: str) -> Response:
    """Where an invited person chooses a password; looking does not use the link up."""
    try:
        username = product.people.invited(token)
    except NotFound as error:
        return _invitation(request, None, status=410, problem=error.what)
    return _invitation(request, username)


@router.post("/invitation/{token}")
def accept(
    request: Request,
    _visitor: Visitor,
    product: Services,
    token: str,
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Set the password, then sign in with it."""
    username = None
    try:
        username = product.people.invited(token)
        if password != again:
            raise Invalid([FieldError("/again", say("The two passwords differ."))])
        product.people.accept(token, password)
    except NotFound as error:
        return _invitation(request, None, status=410, problem=error.what)
    except Invalid as error:
        return _invitation(request, username, status=422, errors=error.errors)
    return sign_in_form(request, username=username)


@router.post("/language")
def choose_language(
    _visitor: Visitor,
    language_: Annotated[str, Form(alias="language")] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Remember the reader's language in this browser."""
    response = RedirectResponse(local(back), 303)
    if language_ in LANGUAGES:
        language.remember(response, language_)
    return response


@router.post("/keys")
def switch_keys(
    _visitor: Visitor, keys: Annotated[str, Form()] = "on", back: Annotated[str, Form()] = "/"
) -> Response:
    """Switch the single-key shortcuts on or off in this browser (WCAG 2.1.4)."""
    response = RedirectResponse(local(back), 303)
    response.set_cookie(
        "keys", "off" if keys == "off" else "on", max_age=_YEAR, samesite="lax", httponly=True
    )
    return response


def _enter(request: Request, found: SignedIn, next: str, kept: Kept | None) -> Response:
    if kept:
        request.state.actor = found.actor
        response = page(request, "sign_in_resume.html", kept=kept)
    else:
        response = RedirectResponse(local(next), 303)
    set_session(request, response, found.secret)
    set_known(request, response, found.actor.username)
    return response


def _code_page(
    request: Request,
    next: str,
    problem: Message | None = None,
    kept: Kept | None = None,
    status: int = 200,
) -> Response:
    return page(
        request, "sign_in_code.html", status=status, next=local(next), problem=problem, kept=kept
    )


def _invitation(
    request: Request,
    username: str | None,
    status: int = 200,
    problem: Message | None = None,
    errors: tuple[FieldError, ...] = (),
) -> Response:
    form = Typed({}, faults(errors, ("password", "again")))
    return page(
        request, "invitation.html", status=status, username=username, problem=problem, form=form
    )


def _browser(request: Request) -> str:
    return request.headers.get("user-agent", "")
