"""People, departments and the own account as JSON."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.replay import Replaying
from api.security import SESSION_COOKIE, Person, Services
from provisioner.errors import Forbidden
from provisioner.people.model import Role
from provisioner.people.views import DepartmentView, PersonView, SessionView, TokenView
from provisioner.texts import say

router = APIRouter(tags=["people"], route_class=Replaying)
once = APIRouter(tags=["people"])
"""What answers with a secret: kept for ``Idempotency-Key`` it would lie in the database."""


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PersonIn(_In):
    """A new account; its owner chooses a password by the invitation."""

    username: str
    name: str
    roles: list[Role]
    department: str | None = None
    language: Literal["id", "en"] = "id"
    email: str | None = None
    phone: str | None = None


class PersonPatch(_In):
    """What changes; what is left out stays."""

    name: str | None = None
    roles: list[Role] | None = None
    department: str | None = None
    language: Literal["id", "en"] | None = None
    email: str | None = None
    phone: str | None = None
    active: bool | None = None


class OwnPatch(_In):
    """What a person may change of the own account; what is left out stays."""

    name: str | None = None
    language: Literal["id", "en"] | None = None
    email: str | None = None
    phone: str | None = None


class TokenIn(_In):
    """A token to make; no scopes: everything that the person may do."""

    label: str = ""
    scopes: list[Literal["read", "write", "file", "approve"]] = Field(default_factory=list)
    days: Annotated[int, Field(ge=1, le=3660)] = 90


class InvitationOut(BaseModel):
    """A link that sets a password once, within 72 hours."""

    url: str


class TokenOut(BaseModel):
    """The token, shown this once."""

    token: str


@router.get("/people")
def find(
    product: Services,
    _actor: Person,
    q: Annotated[str, Query(max_length=100)] = "",
    role: Role | None = None,
) -> list[PersonView]:
    """Everyone with an account, narrowed by words and role."""
    return product.people.people(q, role or "")


@router.post("/people", status_code=201)
def add(product: Services, actor: Person, body: PersonIn) -> PersonView:
    """Add an account without a password."""
    return product.people.add_person(
        body.username, body.name, None, body.roles, body.department, body.language,
        actor.username, email=body.email, phone=body.phone,
    )  # fmt: skip


@router.get("/people/{username}")
def show(product: Services, _actor: Person, username: str) -> PersonView:
    """One account."""
    return product.people.person(username)


@router.patch("/people/{username}")
def update(product: Services, actor: Person, username: str, body: PersonPatch) -> PersonView:
    """Change an account, close it or open it again."""
    before = product.people.person(username)
    given = body.model_dump(exclude_unset=True, exclude={"active"})
    kept = before.model_dump(include={*PersonPatch.model_fields} - {"active"})
    after = before
    if given:
        after = product.people.update_person(username, **{**kept, **given}, actor=actor.username)
    if body.active is not None and body.active != before.active:
        after = product.people.set_active(username, body.active, actor.username)
    return after


@once.post("/people/{username}/invitation", status_code=201)
def invite(product: Services, actor: Person, username: str) -> InvitationOut:
    """A link with which the person chooses a password; earlier ones end."""
    token = product.people.invite(username, actor.username)
    base = product.settings.web.public_url.rstrip("/")
    return InvitationOut(url=f"{base}/invitation/{token}")


@router.delete("/people/{username}/code", status_code=204)
def end_codes(product: Services, actor: Person, username: str) -> Response:
    """Remove a person's one-time codes."""
    product.people.end_codes(username, actor.username)
    return Response(status_code=204)


@router.get("/departments")
def departments(product: Services, _actor: Person) -> list[DepartmentView]:
    """All departments, by name."""
    return product.people.departments()


@router.post("/departments", status_code=201)
def name_department(product: Services, actor: Person, body: DepartmentView) -> DepartmentView:
    """Add a department, or give one another name."""
    return product.people.add_department(body.id, body.name, actor.username)


@router.get("/account")
def own(product: Services, actor: Person) -> PersonView:
    """The account of the one who asks."""
    return product.people.person(actor.username)


@router.patch("/account")
def update_own(product: Services, actor: Person, body: OwnPatch) -> PersonView:
    """Change the own account."""
    mine = product.people.person(actor.username)
    kept = mine.model_dump(include={*OwnPatch.model_fields})
    given = body.model_dump(exclude_unset=True)
    return product.people.update_own(actor, **{**kept, **given})


@router.get("/account/sessions")
def sessions(request: Request, product: Services, actor: Person) -> list[SessionView]:
    """Where the person is signed in."""
    return product.people.sessions(actor.username, request.cookies.get(SESSION_COOKIE, ""))


@router.delete("/account/sessions/{id}", status_code=204)
def end_session(product: Services, actor: Person, id: str) -> Response:
    """Sign one browser out."""
    product.people.end_session(actor.username, id, actor.username)
    return Response(status_code=204)


@router.get("/account/tokens")
def tokens(product: Services, actor: Person) -> list[TokenView]:
    """The own tokens, revoked ones too; never their secrets."""
    return product.people.tokens(actor.username)


@once.post("/account/tokens", status_code=201)
def create_token(product: Services, actor: Person, body: TokenIn) -> TokenOut:
    """A new token. One with scopes makes none: it would outgrow itself."""
    if actor.scopes:
        raise Forbidden(say("A token with scopes cannot make another one."), slug="scope")
    return TokenOut(
        token=product.people.create_token(
            actor.username, body.scopes, body.days, body.label, actor.username
        )
    )


@router.delete("/account/tokens/{id}", status_code=204)
def revoke_token(product: Services, actor: Person, id: int) -> Response:
    """Make one of the own tokens worthless."""
    product.people.revoke_token(id, actor.username, owner=actor.username)
    return Response(status_code=204)


router.include_router(once)
