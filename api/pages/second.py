"""The second of two people: who of the readers is asked to approve a plan that reaches far."""

from __future__ import annotations

from provisioner.approvals.second import FirstApprovalView, may_be_second
from provisioner.bootstrap import Product
from provisioner.people.rules import Actor, sees_all
from provisioner.requests.rules import RequestState
from provisioner.requests.views import RequestView

_APPROVES = {"approve", "approve_own"}


def may_decide(actor: Actor, view: RequestView, first: FirstApprovalView | None) -> bool:
    """Whether the reader may say yes now; who has said it first never says it again."""
    if first is not None:
        return first.by != actor.username and (may_be_second(actor) or approves(view))
    return approves(view)


def approves(view: RequestView) -> bool:
    """Whether the reader may approve the request by role."""
    return bool(_APPROVES & {*view.actions})


def first_of(product: Product, actor: Actor, view: RequestView) -> FirstApprovalView | None:
    """Who has approved the request's plan and waits for a second person."""
    if view.state != RequestState.PLANNED or not sees_all(actor):
        return None
    return product.approvals.first(actor, view.number)
