"""The start page: what waits for whom, and the search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.pages.frame import Reader, page
from api.pages.second import first_of, may_decide
from api.security import Services
from api.words import starts_at
from provisioner.approvals.second import FirstApprovalView
from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.people.rules import Actor, sees_all
from provisioner.requests.rules import RequestState as State
from provisioner.requests.views import RequestView
from provisioner.texts import Message, say

router = APIRouter()
_EACH = 60
"""How many requests of one state the queue shows; the rest is found by the search."""


@dataclass(frozen=True)
class Group:
    """Requests under one heading; ``more`` is a state of which there are still others."""

    key: str
    title: Message
    items: list[RequestView]
    more: str | None = None
    figure: bool = False


@router.get("/")
def queue(
    request: Request,
    actor: Reader,
    product: Services,
    q: str = "",
    state: str = "",
    cursor: str | None = None,
) -> Response:
    """Four groups for the office, three for a department; or what a search finds."""
    q = q.strip()[:100]
    state = state if state in list(State) else ""
    office_reader = sees_all(actor)
    context: dict[str, Any] = {
        "q": q, "state": state, "office_reader": office_reader,
        "department_name": _department(product, actor), "found": None, "to_review": set(),
        "firsts": {},
    }  # fmt: skip
    if q or state:
        context["found"] = product.requests.list(
            actor, state=state or None, q=q or None, cursor=cursor
        )
        return page(request, "queue.html", **context)
    groups = _for_office(product, actor) if office_reader else _for_department(product, actor)
    shown = [view for group in groups for view in group.items]
    firsts = _firsts(product, actor, shown)
    done = product.requests.list(actor, state=State.DONE, limit=1).items if not shown else []
    return page(
        request,
        "queue.html",
        **{
            **context,
            "groups": groups,
            "to_review": {v.number for v in shown if _decides(v) or v.number in firsts},
            "firsts": firsts,
            "running": sum(v.state == State.IN_PROGRESS for v in shown),
            "last_done": done[0] if done else None,
        },
    )


def _department(product: Product, actor: Actor) -> str:
    names = {one.id: one.name for one in product.people.departments()}
    return names.get(actor.department or "", actor.department or "")


def _for_office(product: Product, actor: Actor) -> list[Group]:
    attention, _ = _of(product, actor, State.ATTENTION)
    rest: list[RequestView] = []
    more = None
    for state in (
        State.SUBMITTED, State.PLANNED, State.IN_PROGRESS, State.APPROVED, State.SCHEDULED,
        State.NEEDS_INFO, State.DRAFT,
    ):  # fmt: skip
        found, cut = _of(product, actor, state)
        rest += found
        more = more or (state if cut else None)
    firsts = _firsts(product, actor, rest)
    mine = [v for v in rest if _mine(actor, v, firsts.get(v.number))]
    others = [view for view in rest if view not in mine]
    begins = sorted((v for v in others if _begins_soon(v)), key=_begin)
    others = [view for view in others if not _begins_soon(view)]
    soon = [view for view in others if _soon(view)]
    return [
        Group("attention", say("Needs attention"), _by_due(attention), figure=True),
        Group("mine", say("Waiting for my decision"), _by_due(mine), figure=True),
        Group("begins", say("Begins within 24 hours"), begins, figure=bool(begins)),
        Group("soon", say("Due today or tomorrow"), _by_due(soon), figure=True),
        Group("rest", say("Everything else"), [v for v in others if not _soon(v)], more),
    ]


def _for_department(product: Product, actor: Actor) -> list[Group]:
    mine, under_way = [], []
    for state in (State.NEEDS_INFO, State.DRAFT):
        mine += _of(product, actor, state)[0]
    for state in (
        State.SUBMITTED, State.PLANNED, State.APPROVED, State.SCHEDULED, State.IN_PROGRESS,
        State.ATTENTION,
    ):  # fmt: skip
        under_way += _of(product, actor, state)[0]
    done = product.requests.list(actor, state=State.DONE, limit=10)
    return [
        Group("mine", say("To be completed by you"), mine),
        Group("soon", say("With the office"), _by_due(under_way)),
        Group("rest", say("Finished"), list(done.items), State.DONE if done.next else None),
    ]


def _of(product: Product, actor: Actor, state: State) -> tuple[list[RequestView], bool]:
    found = product.requests.list(actor, state=state, limit=_EACH)
    return list(found.items), found.next is not None


def _decides(view: RequestView) -> bool:
    """Whether the reader is the one who takes the next step."""
    return view.state != State.ATTENTION and not {"plan", "approve", "approve_own"}.isdisjoint(
        view.actions
    )


def _mine(actor: Actor, view: RequestView, first: FirstApprovalView | None) -> bool:
    """Whether it waits for the reader; also as the second of two people."""
    return _decides(view) if first is None else may_decide(actor, view, first)


def _firsts(
    product: Product, actor: Actor, views: Iterable[RequestView]
) -> dict[str, FirstApprovalView]:
    """Number of each request whose plan one of two people has approved, and who that was."""
    found = ((view.number, first_of(product, actor, view)) for view in views)
    return {number: first for number, first in found if first is not None}


def _soon(view: RequestView) -> bool:
    left = view.working_days_left
    return left is not None and left <= 1 and view.state != State.NEEDS_INFO


def _begins_soon(view: RequestView) -> bool:
    """An event of today or tomorrow, whoever has to act on it."""
    begin = starts_at(view)
    return begin is not None and begin - now() < timedelta(hours=24)


def _begin(view: RequestView) -> datetime:
    return starts_at(view) or now()


def _by_due(views: Iterable[RequestView]) -> list[RequestView]:
    """The most urgent first."""
    dated = [view for view in views if view.due_at]
    return sorted(dated, key=lambda view: str(view.due_at)) + [v for v in views if not v.due_at]
