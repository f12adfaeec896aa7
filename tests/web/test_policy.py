"""Every address of the real application, asked by everybody: allowed exactly as the table says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.app import add_routes
from api.policy import PUBLIC, ROUTES, P
from provisioner.people.model import Role
from provisioner.people.policy import POLICY
from tests.web.stage import PEOPLE, Stage

SAFE = {"GET", "HEAD"}
ACCOUNT_ENDS = {("POST", "/sign-out"), ("POST", "/account/sessions/end")}
"""They would sign the walker out."""
SLOW = {
    ("POST", "/topology/look"), ("POST", "/topology/compare"), ("POST", "/api/v1/topology/look"),
    ("GET", "/reports/{month}.pdf"), ("GET", "/api/v1/reports/monthly/{month}.pdf"),
}  # fmt: skip
"""What takes seconds where it is allowed; tests of its own go there."""
FREE = {"/api/v1/openapi.json"}
"""Of the framework: what there is to ask, no record."""


def routes() -> list[tuple[str, str]]:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    add_routes(app)
    return sorted(
        (method, route.path)
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
        if route.path not in FREE
    )


def ruled() -> list[tuple[str, str]]:
    """Those that the table knows; that it knows all is a test of its own."""
    return [route for route in routes() if route in ROUTES]


def test_every_address_stands_in_the_table_and_no_other() -> None:
    found = set(routes())
    assert not found - set(ROUTES), "add these to api/policy.py"
    assert not set(ROUTES) - found, "these are gone; take them out of api/policy.py"


def filled(path: str, who: str) -> str:
    """The address of something that is not there; of figures on officers, those of the own work."""
    path = path.replace("/supervision/{username}", f"/supervision/{who}")
    path = path.replace("{number}", "VPS-2026-9999").replace("{month}", "2026-13")
    return re.sub(r"\{[a-z0-9_]+(:path)?\}", "99999", path)


def ask(client: httpx.Client, method: str, path: str, who: str = "x") -> httpx.Response:
    body: dict[str, Any] = {}
    if method not in SAFE:
        body = {"json": {}} if path.startswith("/api/") else {"data": {"nothing": ""}}
    try:
        return _answer(client, method, filled(path, who), body)
    except httpx.TransportError:  # the server had just closed a connection that was long idle
        return _answer(client, method, filled(path, who), body)


def _answer(client: httpx.Client, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
    with client.stream(method, path, **body) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
    return answer


def outcome(answer: httpx.Response) -> str:
    if answer.status_code == 401:
        return "sign in"
    if answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?"):
        return "sign in"
    return "refused" if answer.status_code == 403 else "allowed"


@pytest.fixture(scope="module")
def browsers(stage: Stage) -> Iterator[dict[str, httpx.Client]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(stage.browser(name)) for name in PEOPLE}


@pytest.mark.parametrize("who", PEOPLE)
def test_people_get_what_their_roles_allow(
    stage: Stage, browsers: dict[str, httpx.Client], who: str
) -> None:
    roles = {Role(role) for role in PEOPLE[who][1]}
    wrong = []
    for method, path in ruled():
        permission = ROUTES[method, path]
        if permission is PUBLIC or (method, path) in ACCOUNT_ENDS:
            continue
        client = stage[who] if path.startswith("/api/") else browsers[who]
        expected = "allowed" if roles & POLICY[permission].roles else "refused"
        if expected == "allowed" and (method, path) in SLOW:
            continue
        answer = ask(client, method, path, who)
        if outcome(answer) != expected:
            wrong.append((method, path, permission, expected, answer.status_code))
    assert not wrong


def test_nobody_gets_the_public_pages_and_no_other(stage: Stage) -> None:
    wrong = []
    with stage.client() as nobody:
        for method, path in ruled():
            expected = "allowed" if ROUTES[method, path] is PUBLIC else "sign in"
            answer = ask(nobody, method, path)
            if path.startswith("/sign-in") and (method, path) != ("GET", "/sign-in"):
                expected = "sign in"  # nothing right was typed
            if outcome(answer) != expected:
                wrong.append((method, path, expected, answer.status_code))
    assert not wrong


SCOPES = (["read"], ["write"], ["file"], ["approve"], ["read", "file"])


@pytest.mark.parametrize("scopes", SCOPES, ids="+".join)
def test_a_token_does_what_its_scopes_say(stage: Stage, scopes: list[str]) -> None:
    """Dewi is technician and approver: her roles allow nearly everything, the scope does not."""
    token = stage.people.create_token("dewi", scopes)
    roles = {Role(role) for role in PEOPLE["dewi"][1]}
    wrong = []
    with stage.client(Authorization=f"Bearer {token}") as client:
        for method, path in ruled():
            permission = ROUTES[method, path]
            if permission is PUBLIC or not path.startswith("/api/"):
                continue
            grant = POLICY[permission]
            needed = {"read"} if method in SAFE else grant.scopes
            may = bool(roles & grant.roles) and not needed.isdisjoint(scopes)
            if may and len(scopes) == 1 and method in SAFE:
                continue  # walked above
            if may and (method, path) in SLOW:
                continue
            answer = ask(client, method, path)
            own = path == "/api/v1/account/tokens" and method == "POST"  # grows no other token
            if outcome(answer) != ("allowed" if may and not own else "refused"):
                wrong.append((method, path, permission, answer.status_code))
    assert not wrong


def test_only_who_may_approve_gets_to_approving() -> None:
    assert POLICY[P.DECIDE].roles == POLICY[P.APPROVE].roles | POLICY[P.APPROVE_SECOND].roles
    assert Role.APPLICANT not in POLICY[P.DECIDE].roles
