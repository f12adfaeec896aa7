"""The own account: profile, password, one-time codes, browsers that are signed in, tokens."""

from __future__ import annotations

import io
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from api import browsers, language
from api.pages.form import Form as Typed
from api.pages.form import faults
from api.pages.frame import Reader, go, page
from api.pages.resume import Sent
from api.security import SESSION_COOKIE, Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.errors import FieldError, Invalid, Mistake, Unauthenticated
from provisioner.people.policy import APPROVERS, SCOPES
from provisioner.people.rules import Actor
from provisioner.people.views import PersonView
from provisioner.texts import Message, say

router = APIRouter(prefix="/account")
SCOPE_WORDS: dict[str, Message] = {
    "read": say("look"),
    "write": say("change everything that the person may change"),
    "file": say("file requests and complaints"),
    "approve": say("approve plans"),
}
_DAYS = ("30", "90", "365")
_DONE: dict[str, Message] = {
    "saved": say("Your details are saved."),
    "password": say("The new password is set. Other browsers are signed out."),
    "codes-ended": say("One-time codes are switched off."),
    "signed-out": say("The browser is signed out."),
    "others": say("All other browsers are signed out."),
    "revoked": say("The token is revoked."),
}


@router.get("")
def show(request: Request, actor: Reader, product: Services, done: str = "") -> Response:
    """Everything on one page."""
    return _show(request, actor, product, done=_DONE.get(done))


@router.post("")
def save(request: Request, actor: Reader, product: Services, sent: Sent) -> Response:
    """Name, e-mail, telephone and language."""
    values = _typed(sent, "name", "email", "phone", "language")
    try:
        product.people.update_own(actor, **values)
    except Invalid as error:
        return _show(request, actor, product, profile=_faulty(values, error), status=422)
    response = go(request, "/account?done=saved")
    language.remember(response, values["language"])
    return response


@router.post("/password")
def change_password(
    request: Request,
    actor: Reader,
    product: Services,
    old: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
    tokens: Annotated[str, Form()] = "",
) -> Response:
    """A new password for who knows the old one."""
    try:
        if password != again:
            raise Invalid([FieldError("/again", say("The two passwords differ."))])
        product.people.change_password(
            actor, old, password, _secret(request), tokens_too=tokens == "end"
        )
    except Mistake as error:
        wrong = error if isinstance(error, Invalid) else Invalid([FieldError("/old", error.what)])
        form = _faulty({"tokens": tokens}, wrong, "old", "password", "again")
        return _show(request, actor, product, password=form, status=_mended(error))
    return go(request, "/account?done=password")


@router.get("/code")
def codes(request: Request, actor: Reader, product: Services) -> Response:
    """Setting one-time codes up."""
    return _codes(request, actor, product)


@router.post("/code")
def set_up(
    request: Request, actor: Reader, product: Services, code: Annotated[str, Form()] = ""
) -> Response:
    """Without a code: a new secret to take over; with one: proof that it was."""
    if not code:
        product.people.begin_codes(actor, _issuer(product))
        return go(request, "/account/code")
    try:
        recovery = product.people.confirm_codes(actor, code[:40])
    except Unauthenticated as error:
        return _codes(request, actor, product, problem=error.what, status=_mended(error))
    return page(request, "account_recovery.html", codes=recovery)


@router.post("/code/end")
def end_codes(
    request: Request, actor: Reader, product: Services, password: Annotated[str, Form()] = ""
) -> Response:
    """Switch one's codes off, which takes the password."""
    try:
        product.people.confirm(actor, password)
    except Unauthenticated as error:
        return _codes(request, actor, product, problem=error.what, status=_mended(error))
    product.people.end_codes(actor.username, actor.username)
    return go(request, "/account?done=codes-ended")


@router.post("/recovery")
def renew_recovery(
    request: Request, actor: Reader, product: Services, password: Annotated[str, Form()] = ""
) -> Response:
    """New recovery codes, shown this once."""
    try:
        product.people.confirm(actor, password)
    except Unauthenticated as error:
        return _codes(request, actor, product, problem=error.what, status=_mended(error))
    return page(request, "account_recovery.html", codes=product.people.renew_recovery(actor))


@router.post("/sessions/end")
def end_session(
    request: Request, actor: Reader, product: Services, id: Annotated[str, Form()] = ""
) -> Response:
    """Sign one browser out, or without an id all others."""
    if id:
        product.people.end_session(actor.username, id, actor.username)
        return go(request, "/account?done=signed-out#sessions")
    product.people.end_others(actor.username, _secret(request), actor.username)
    return go(request, "/account?done=others#sessions")


@router.post("/tokens")
def create_token(request: Request, actor: Reader, product: Services, sent: Sent) -> Response:
    """A token for a program, shown this once."""
    values = _typed(sent, "label", "days")
    scopes = [str(one) for one in sent.getlist("scopes")]
    try:
        if not values["label"]:
            raise Invalid([FieldError("/label", say("Say what it is for."))])
        if not scopes:
            raise Invalid([FieldError("/scopes", say("Choose at least one."))])
        days = int(values["days"]) if values["days"] in _DAYS else 0
        secret = product.people.create_token(
            actor.username, scopes, days, values["label"], actor.username
        )
    except Invalid as error:
        form = _faulty({**values, "scopes": "\n".join(scopes)}, error, "label", "days", "scopes")
        return _show(request, actor, product, token=form, status=422)
    return page(request, "account_token.html", secret=secret, label=values["label"])


@router.post("/tokens/revoke")
def revoke_token(
    request: Request, actor: Reader, product: Services, id: Annotated[int, Form()]
) -> Response:
    """Make one of the own tokens worthless."""
    product.people.revoke_token(id, actor.username, owner=actor.username)
    return go(request, "/account?done=revoked#tokens")


def qr_svg(text: str) -> Markup:
    """The text as a QR code."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=4,
        dark="#000",
        light="#fff",
    )
    return Markup(out.getvalue().decode())  # noqa: S704  drawn by us


def alive(product: Product, username: str) -> list[Any]:
    """A person's tokens that are not revoked."""
    return [one for one in product.people.tokens(username) if one.revoked_at is None]


def profile_of(person: PersonView) -> Typed:
    """What stands in the fields of an account."""
    return Typed(
        {
            "username": person.username,
            "name": person.name,
            "email": person.email or "",
            "phone": person.phone or "",
            "language": person.language,
            "department": person.department or "",
            "roles": "\n".join(person.roles),
        }
    )


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    *,
    profile: Typed | None = None,
    password: Typed | None = None,
    token: Typed | None = None,
    done: Message | None = None,
    status: int = 200,
) -> Response:
    mine = product.people.person(actor.username)
    return page(
        request,
        "account.html",
        status=status,
        person=mine,
        profile=profile or profile_of(mine),
        password_form=password or Typed(),
        token_form=token or Typed({"days": "90", "scopes": "read"}),
        asked=bool(APPROVERS & actor.roles),
        recovery_left=product.people.recovery_left(actor.username) if mine.codes else 0,
        sessions=product.people.sessions(actor.username, _secret(request)),
        tokens=alive(product, actor.username),
        scopes=SCOPE_WORDS,
        scope_names=sorted(SCOPES, key=list(SCOPE_WORDS).index),
        days=[(one, say("%(count)s days", count=one)) for one in _DAYS],
        browser=browsers.in_words,
        done=done,
    )


def _codes(
    request: Request,
    actor: Actor,
    product: Product,
    problem: Message | None = None,
    status: int = 200,
) -> Response:
    begun = product.people.enrolment(actor, _issuer(product))
    return page(
        request,
        "account_code.html",
        status=status,
        person=product.people.person(actor.username),
        begun=begun,
        qr=qr_svg(begun.uri) if begun else None,
        demanded=actor.unproven,
        required=product.people.terms.codes_required and bool(APPROVERS & actor.roles),
        problem=problem,
    )


def _mended(error: Mistake) -> int:
    """The status of a form that is shown again: nobody has to sign in anew for a typing mistake."""
    status = status_of(error)
    return 422 if status == 401 else status


def _issuer(product: Product) -> str:
    office = product.inventory.office
    return (office.short_name or office.name).replace(":", " ")


def _secret(request: Request) -> str:
    return request.cookies.get(SESSION_COOKIE, "")


def _typed(sent: Sent, *names: str) -> dict[str, str]:
    return {name: str(sent.get(name, "")).strip() for name in names}


def _faulty(values: dict[str, str], error: Invalid, *fields: str) -> Typed:
    return Typed(values, faults(error.errors, fields or tuple(values)))
