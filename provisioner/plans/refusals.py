"""Why nothing is planned, as one refusal each: not as asked, no room, other than what was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from provisioner.errors import Conflict
from provisioner.texts import Message, say

NOT_PLANNABLE, NO_CAPACITY, PLAN_CHANGED = "not-plannable", "no-capacity", "plan-changed"


def refuse(what: Message, **where: object) -> NoReturn:
    """It cannot be planned as asked: raise Conflict(``not-plannable``)."""
    raise Conflict(what, slug=NOT_PLANNABLE, extra=where)


def lacks_room(what: Message, **where: object) -> NoReturn:
    """It cannot be planned for want of capacity: raise Conflict(``no-capacity``)."""
    raise Conflict(what, slug=NO_CAPACITY, extra=where)


def check_pinned(pinned: Mapping[str, Any] | None, choices: Mapping[str, Any]) -> None:
    """Raise Conflict(``plan-changed``) when the world now leads to other choices than ``pinned``.

    None: nothing was chosen before.
    """
    if pinned is None or dict(pinned) == choices:
        return
    different = sorted(k for k in {*pinned, *choices} if pinned.get(k) != choices.get(k))
    raise Conflict(
        say(
            "The configuration now leads to other choices than the plan made: %(what)s.",
            what=", ".join(different),
        ),
        slug=PLAN_CHANGED,
        extra={"before": dict(pinned), "after": dict(choices)},
    )
