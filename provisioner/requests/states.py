"""Changing a request's state: the only way, with its event, within the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import now
from provisioner.errors import Conflict
from provisioner.requests.model import Request
from provisioner.requests.rules import NEXT, RequestState, may_follow
from provisioner.texts import say


def wrong_state(request: Request) -> Conflict:
    """The refusal of a call that the request's state does not allow."""
    return Conflict(
        say(
            "Request %(number)s is in the state “%(state)s”, where this cannot be done. "
            "Load it again to see what can be done now.",
            number=request.number,
            state=say_state(request.state),
        ),
        slug="wrong-state",
        extra={"state": request.state},
    )


def say_state(state: str) -> Any:
    """The state in plain words."""
    return _WORDS[RequestState(state)]


def change_state(
    session: Session,
    request: Request,
    after: RequestState,
    *,
    tag: str,
    actor: str = "system",
    payload: dict[str, Any] | None = None,
    correlation: str | None = None,
) -> None:
    """Move the request to ``after`` and record it as event ``tag``.

    Raises Conflict(``wrong-state``) when ``after`` may not follow.
    """
    before = RequestState(request.state)
    if not may_follow(before, after):
        raise wrong_state(request)
    request.state = after
    if not NEXT[after]:
        request.closed_at = now()
    events.append(
        session,
        request.number,
        tag,
        actor=actor,
        correlation=correlation,
        payload={"before": before, "after": after, **(payload or {})},
    )


_WORDS = {
    RequestState.DRAFT: say("Draft"),
    RequestState.SUBMITTED: say("Submitted"),
    RequestState.NEEDS_INFO: say("Needs information"),
    RequestState.PLANNED: say("Ready to approve"),
    RequestState.APPROVED: say("Approved"),
    RequestState.SCHEDULED: say("Scheduled"),
    RequestState.IN_PROGRESS: say("In progress"),
    RequestState.ATTENTION: say("Needs attention"),
    RequestState.DONE: say("Done"),
    RequestState.REJECTED: say("Rejected"),
    RequestState.CANCELLED: say("Cancelled"),
}
