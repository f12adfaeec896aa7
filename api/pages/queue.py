"""The start page: what waits for whom, the search, and filters that people gave a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import Reader, go, page
from api.pages.holder import Holder, holder_of
from api.security import Services
from provisioner.approvals.second import FirstApprovalView
from provisioner.bootstrap import Product
from provisioner.complaints.store import NUMBER
from provisioner.errors import NotFound
from provisioner.finding.filters import Choice
from provisioner.finding.queue import Waiting
from provisioner.people.rules import Actor, sees_all
from provisioner.requests.present import sentence
from provisioner.requests.rules import RequestState as State
from provisioner.requests.store import PREFIXES
from provisioner.requests.views import RequestView
from provisioner.texts import Message, say

router = APIRouter()
TITLES = {
    "attention": say("Needs attention"),
    "mine": say("Waiting for my decision"),
    "begins": say("Begins within 24 hours"),
    "soon": say("Due today or tomorrow"),
    "rest": say("Everything else"),
    "own": say("To be completed by you"),
    "office": say("With the office"),
    "finished": say("Finished"),
}
_FIGURES = ("attention", "mine", "begins", "soon")
"""Groups whose number stands on top; that of what begins only where there is one."""


@dataclass(frozen=True)
class Last:
    """What happened last to a request."""

    text: Message
    actor: str
    at: datetime


@router.get("/")
def queue(
    request: Request,
    actor: Reader,
    product: Services,
    q: str = "",
    state: str = "",
    service: str = "",
    department: str = "",
    overdue: str = "",
    group: str = "",
    cursor: str | None = None,
) -> Response:
    """Four groups for the office, three for a department; one group; or what filters find.

    Who looks for the number of a complaint is led to it.
    """
    if NUMBER.fullmatch(sought := q.strip().upper()) and _is_shown(product, actor, sought):
        return go(request, f"/complaints/{sought}")
    choice = Choice(
        q=q.strip()[:100],
        state=state if state in list(State) else "",
        service=service if service in PREFIXES else "",
        department=department[:40] if sees_all(actor) else "",
        overdue=bool(overdue),
    )
    context: dict[str, Any] = {
        "choice": choice,
        "office_reader": sees_all(actor),
        "departments": product.people.departments() if sees_all(actor) else [],
        "department_name": _department(product, actor),
        "services": list(PREFIXES),
        "saved": [
            (one, f"/?{urlencode(one.query)}") for one in product.desk.finding.filters.of(actor)
        ],
        "titles": TITLES,
        "found": None,
    }
    if choice.chosen():
        context |= _found(product, actor, choice, cursor)
    else:
        context |= _waiting(product, actor, group)
    return page(request, "queue.html", **context)


@router.post("/filters")
def save_filter(
    request: Request,
    actor: Reader,
    product: Services,
    name: Annotated[str, Form()] = "",
    q: Annotated[str, Form()] = "",
    state: Annotated[str, Form()] = "",
    service: Annotated[str, Form()] = "",
    department: Annotated[str, Form()] = "",
    overdue: Annotated[str, Form()] = "",
) -> Response:
    """Give the filters a name, to come back to them with one click."""
    choice = Choice(
        q=q[:100], state=state[:40], service=service[:40], department=department[:40],
        overdue=bool(overdue),
    )  # fmt: skip
    product.desk.finding.filters.save(actor, name, choice)
    return go(request, f"/?{urlencode(choice.chosen())}")


@router.post("/filters/{id}/delete")
def remove_filter(request: Request, actor: Reader, product: Services, id: int) -> Response:
    """Forget a name."""
    product.desk.finding.filters.remove(actor, id)
    return go(request, "/")


def _is_shown(product: Product, actor: Actor, complaint: str) -> bool:
    try:
        product.desk.complaints.get(actor, complaint)
    except NotFound:
        return False
    return True


def _found(product: Product, actor: Actor, choice: Choice, cursor: str | None) -> dict[str, Any]:
    found = product.requests.list(
        actor, state=choice.state or None, service=choice.service or None,
        department=choice.department or None, q=choice.q or None, overdue=choice.overdue,
        cursor=cursor,
    )  # fmt: skip
    return {
        "found": found,
        "older": f"/?{urlencode(choice.chosen() | {'cursor': found.next})}",
        "first_page": cursor is None,
        "firsts": {},
        "to_review": set(),
        **_beside(product, actor, found.items, {}),
    }


def _waiting(product: Product, actor: Actor, only: str) -> dict[str, Any]:
    queue = product.desk.finding.queue
    alone = only if only in TITLES else None
    waiting = queue.waiting(actor, alone)
    counts = {group.key: group.count for group in waiting.groups}
    shown = [view for group in waiting.groups for view in group.items]
    return {
        "waiting": waiting,
        "unfinished": product.desk.asking.forms.unfinished(actor),
        "only": alone,
        "figures": [
            (key, TITLES[key], counts.get(key, 0))
            for key in _FIGURES
            if key != "begins" or counts.get(key)
        ],
        "strip": queue.strip() if sees_all(actor) else None,
        "heading": _heading(waiting),
        "firsts": waiting.firsts,
        "to_review": waiting.to_review,
        **_beside(product, actor, shown, waiting.firsts),
    }


def _heading(waiting: Waiting) -> Message | None:
    """What waits, for the title of the page: the first group that asks something of the reader."""
    asking = ("attention", "mine", "own", "begins", "soon")
    first = next((one for one in waiting.groups if one.key in asking), None)
    return say("%(count)s: %(what)s", count=first.count, what=TITLES[first.key]) if first else None


def _beside(
    product: Product,
    actor: Actor,
    views: Iterable[RequestView],
    firsts: Mapping[str, FirstApprovalView],
) -> dict[str, Any]:
    """Of each request what happened last, and who holds it."""
    shown = list(views)
    last = product.desk.finding.queue.last_events(actor, [view.number for view in shown])
    holders: dict[str, Holder | None] = {
        view.number: holder_of(actor, view, None, firsts.get(view.number)) for view in shown
    }
    return {
        "last": {n: Last(sentence(one), one.actor, one.at) for n, one in last.items()},
        "holders": holders,
    }


def _department(product: Product, actor: Actor) -> str:
    if not actor.department or sees_all(actor):
        return ""
    names = {one.id: one.name for one in product.people.departments()}
    return names.get(actor.department, actor.department)
