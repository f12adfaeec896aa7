"""Signing in and out, the language switch and the shortcuts' switch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import language
from api.pages.frame import Visitor, page
from api.security import SESSION_COOKIE, Services, set_session
from api.statuses import status_of
from provisioner.errors import Unauthenticated
from provisioner.texts import LANGUAGES

router = APIRouter()
_YEAR = 365 * 24 * 3600


@router.get("/sign-in")
def sign_in_page(request: Request, actor: Visitor, next: str = "/") -> Response:
    """The form; somebody signed in is sent on."""
    if actor:
        return RedirectResponse(local(next), 303)
    return page(request, "sign_in.html", next=local(next), username="", problem=None)


@router.post("/sign-in")
def sign_in(
    request: Request,
    _visitor: Visitor,
    product: Services,
    username: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Check name and password; right, the browser gets its session."""
    address = request.client.host if request.client else ""
    try:
        secret, _ = product.people.sign_in(username.strip(), password, address)
    except Unauthenticated as error:
        return page(
            request, "sign_in.html", status=status_of(error), next=local(next),
            username=username[:64], problem=error.what,
        )  # fmt: skip
    response = RedirectResponse(local(next), 303)
    set_session(request, response, secret)
    return response


@router.post("/sign-out")
def sign_out(request: Request, _visitor: Visitor, product: Services) -> Response:
    """End this browser's session."""
    product.people.sign_out(request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


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


def local(path: str) -> str:
    """The path if it is one of this site, else the start page: nobody is led elsewhere."""
    good = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if good else "/"
