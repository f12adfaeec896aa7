"""Which state of a request may follow which, and who may do what in each; pure."""

from __future__ import annotations

from enum import StrEnum

from provisioner.people.rules import (
    Actor,
    may_approve,
    may_file,
    may_operate,
    may_plan,
    may_review,
)


class RequestState(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    NEEDS_INFO = "needs_info"
    PLANNED = "planned"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    ATTENTION = "attention"
    DONE = "done"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


S = RequestState

NEXT: dict[RequestState, frozenset[RequestState]] = {
    S.DRAFT: frozenset({S.SUBMITTED, S.CANCELLED}),
    S.SUBMITTED: frozenset({S.NEEDS_INFO, S.PLANNED, S.REJECTED, S.CANCELLED}),
    S.NEEDS_INFO: frozenset({S.SUBMITTED, S.REJECTED, S.CANCELLED}),
    S.PLANNED: frozenset(
        {S.PLANNED, S.NEEDS_INFO, S.APPROVED, S.ATTENTION, S.REJECTED, S.CANCELLED}
    ),
    S.APPROVED: frozenset({S.SCHEDULED, S.IN_PROGRESS, S.PLANNED, S.ATTENTION}),
    S.SCHEDULED: frozenset({S.IN_PROGRESS, S.PLANNED, S.ATTENTION, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.DONE, S.PLANNED, S.ATTENTION}),
    S.ATTENTION: frozenset({S.IN_PROGRESS, S.PLANNED, S.REJECTED, S.CANCELLED}),
    S.DONE: frozenset(),
    S.REJECTED: frozenset(),
    S.CANCELLED: frozenset(),
}
"""The one table of request states; a state that nothing follows is final."""

OPEN = frozenset(state for state, following in NEXT.items() if following)
EDITABLE = frozenset({S.DRAFT, S.NEEDS_INFO})
PLANNABLE = frozenset({S.SUBMITTED, S.PLANNED, S.ATTENTION})
"""In ``attention`` only once its run has ended; the plan service looks."""


def may_follow(before: RequestState, after: RequestState) -> bool:
    """Whether ``after`` may follow ``before``."""
    return after in NEXT[before]


def actions(
    actor: Actor, state: RequestState, *, department: str, own: bool, busy: bool
) -> list[str]:
    """What someone may do with a request now, in the order of the screen's buttons.

    ``own``: they entered it themselves, so they approve it only with a written reason
    (``approve_own``). ``busy``: a run of it has not ended.
    """
    found: list[str] = []
    if may_file(actor, department) and state in EDITABLE:
        found += ["update", "attach_letter", "submit"]
    if may_plan(actor) and state in PLANNABLE and not busy:
        found.append("plan")
    if may_approve(actor) and state is S.PLANNED:
        found.append("approve_own" if own else "approve")
    if may_review(actor) and S.NEEDS_INFO in NEXT[state]:
        found.append("return")
    if may_review(actor) and S.REJECTED in NEXT[state] and not busy:
        found.append("reject")
    if may_file(actor, department) and S.CANCELLED in NEXT[state] and not busy:
        found.append("cancel")
    if may_operate(actor) and busy:
        found += ["retry", "stop"] if state is S.ATTENTION else ["stop"]
    return found
