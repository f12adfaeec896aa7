"""Accounts and departments, for the administrator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from api import browsers
from api.pages.account import SCOPE_WORDS, alive, profile_of
from api.pages.form import Form as Typed
from api.pages.form import faults
from api.pages.frame import Reader, go, page
from api.pages.resume import Sent
from api.security import Services
from api.statuses import status_of
from provisioner.bootstrap import Product
from provisioner.errors import Conflict, FieldError, Invalid, NotFound
from provisioner.people.model import Role
from provisioner.texts import Message, say

router = APIRouter(prefix="/people")
_FIELDS = ("username", "name", "roles", "department", "email", "phone", "language")
_DONE: dict[str, Message] = {
    "saved": say("The account is saved."),
    "closed": say("The account is closed: nobody signs in with it and its tokens have ended."),
    "opened": say("The account is open again."),
    "codes-ended": say("The one-time codes are removed; the person signs in by password alone."),
    "signed-out": say("The person is signed out everywhere."),
    "revoked": say("The token is revoked."),
    "department": say("The department is saved."),
}
_ROWS = 200


@router.get("")
def show(
    request: Request,
    _actor: Reader,
    product: Services,
    q: str = "",
    role: str = "",
    done: str = "",
) -> Response:
    """Who has an account, narrowed by words and role."""
    return _list(request, product, q=q, role=role, done=_DONE.get(done))


@router.get("/new")
def new(request: Request, _actor: Reader, product: Services) -> Response:
    """The form of a new account."""
    return _new(request, product, Typed({"language": "id"}))


@router.post("")
def add(request: Request, actor: Reader, product: Services, sent: Sent) -> Response:
    """Add an account; the answer shows the link with which its owner chooses a password."""
    values = _typed(sent)
    try:
        person = product.people.add_person(
            values["username"], values["name"], None, values["roles"].split(),
            values["department"] or None, values["language"], actor.username,
            email=values["email"], phone=values["phone"],
        )  # fmt: skip
    except (Invalid, Conflict, NotFound) as error:
        return _new(request, product, _faulty(values, error), status_of(error))
    return _invited(request, product, person.username, actor.username)


@router.post("/departments")
def name_department(
    request: Request,
    actor: Reader,
    product: Services,
    id: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Add an OPD, or give one another name."""
    try:
        product.people.add_department(id.strip(), name, actor.username)
    except Invalid as error:
        form = Typed({"id": id, "name": name}, faults(error.errors, ("id", "name")))
        return _list(request, product, department=form, status=422)
    return go(request, "/people?done=department#departments")


@router.get("/{username}")
def show_one(
    request: Request, _actor: Reader, product: Services, username: str, done: str = ""
) -> Response:
    """One account."""
    return _one(request, product, username, done=_DONE.get(done))


@router.post("/{username}")
def save(request: Request, actor: Reader, product: Services, username: str, sent: Sent) -> Response:
    """Change an account."""
    values = _typed(sent) | {"username": username}
    product.people.person(username)
    try:
        product.people.update_person(
            username, name=values["name"], roles=values["roles"].split(),
            department=values["department"] or None, language=values["language"],
            email=values["email"], phone=values["phone"], actor=actor.username,
        )  # fmt: skip
    except (Invalid, Conflict, NotFound) as error:
        form = _faulty(values, error)
        return _one(request, product, username, form=form, status=status_of(error))
    return go(request, f"/people/{username}?done=saved")


@router.post("/{username}/active")
def set_active(
    request: Request,
    actor: Reader,
    product: Services,
    username: str,
    active: Annotated[str, Form()] = "",
) -> Response:
    """Close the account, or open it again."""
    opened = active == "yes"
    try:
        product.people.set_active(username, opened, actor.username)
    except Conflict as error:
        return _one(request, product, username, problem=error.what, status=status_of(error))
    return go(request, f"/people/{username}?done={'opened' if opened else 'closed'}")


@router.post("/{username}/invite")
def invite(request: Request, actor: Reader, product: Services, username: str) -> Response:
    """A link with which the person chooses a password, shown this once."""
    return _invited(request, product, username, actor.username)


@router.post("/{username}/code/end")
def end_codes(request: Request, actor: Reader, product: Services, username: str) -> Response:
    """Remove the one-time codes of someone whose telephone is gone."""
    product.people.end_codes(username, actor.username)
    return go(request, f"/people/{username}?done=codes-ended")


@router.post("/{username}/sessions/end")
def end_sessions(request: Request, actor: Reader, product: Services, username: str) -> Response:
    """Sign the person out everywhere."""
    product.people.end_others(username, actor=actor.username)
    return go(request, f"/people/{username}?done=signed-out")


@router.post("/{username}/tokens/revoke")
def revoke_token(
    request: Request,
    actor: Reader,
    product: Services,
    username: str,
    id: Annotated[int, Form()],
) -> Response:
    """Make one of the person's tokens worthless."""
    product.people.revoke_token(id, actor.username, owner=username)
    return go(request, f"/people/{username}?done=revoked")


def _list(
    request: Request,
    product: Product,
    *,
    q: str = "",
    role: str = "",
    department: Typed | None = None,
    done: Message | None = None,
    status: int = 200,
) -> Response:
    found = product.people.people(q[:100], role)
    return page(
        request,
        "people.html",
        status=status,
        people=found[:_ROWS],
        more=max(0, len(found) - _ROWS),
        departments=product.people.departments(),
        department_form=department or Typed(),
        filter=Typed({"q": q, "role": role}),
        roles=[(str(one), one) for one in Role],
        done=done,
    )


def _new(request: Request, product: Product, form: Typed, status: int = 200) -> Response:
    return page(
        request, "person_new.html", status=status, form=form, roles=list(Role),
        departments=[(one.id, one.name) for one in product.people.departments()],
    )  # fmt: skip


def _one(
    request: Request,
    product: Product,
    username: str,
    *,
    form: Typed | None = None,
    problem: Message | None = None,
    done: Message | None = None,
    status: int = 200,
) -> Response:
    person = product.people.person(username)
    return page(
        request,
        "person.html",
        status=status,
        person=person,
        form=form or profile_of(person),
        roles=list(Role),
        departments=[(one.id, one.name) for one in product.people.departments()],
        sessions=product.people.sessions(username),
        tokens=alive(product, username),
        scopes=SCOPE_WORDS,
        browser=browsers.in_words,
        problem=problem,
        done=done,
    )


def _invited(request: Request, product: Product, username: str, actor: str) -> Response:
    token = product.people.invite(username, actor)
    link = f"{product.settings.web.public_url.rstrip('/')}/invitation/{token}"
    return page(request, "person_invited.html", username=username, link=link)


def _typed(sent: Sent) -> dict[str, str]:
    values = {name: str(sent.get(name, "")).strip() for name in _FIELDS if name != "roles"}
    return values | {"roles": "\n".join(str(one) for one in sent.getlist("roles"))}


def _faulty(values: dict[str, str], error: Invalid | Conflict | NotFound) -> Typed:
    """A name that is taken stands beside the name, the last administrator beside the roles."""
    if isinstance(error, Invalid):
        return Typed(values, faults(error.errors, _FIELDS))
    places = {"username-taken": "/username", "last-administrator": "/roles"}
    place = places.get(error.slug, "/department")
    return Typed(values, faults([FieldError(place, error.what)], _FIELDS))
