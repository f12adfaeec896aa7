"""A later end of what stands on devices: nothing changes there, only the books; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from provisioner.plans.model import Change, Plan, Step
from provisioner.plans.refusals import check_pinned, refuse
from provisioner.services.booking import rfc3339, shown
from provisioner.texts import Message, say

EXTEND = "instance.extend"


@dataclass(frozen=True)
class Later:
    """The end that was, and the one that is asked for; ``told`` are both for people."""

    before: datetime
    after: datetime
    told: tuple[Message, Message]


@dataclass(frozen=True)
class Wording:
    """What a service says of it: the step, what changes, and the plan as a whole."""

    title: Message
    changed: Message
    summary: Message


def later_end(
    ends_at: datetime | None,
    until: date,
    zone: tzinfo,
    *,
    endless: Message,
    early: Callable[[Message], Message],
) -> Later:
    """The end of the day ``until`` instead of ``ends_at``.

    Raises Conflict(``not-plannable``): ``endless`` where there is no end to move, ``early`` of the
    present end where the new one is not later.
    """
    if ends_at is None:
        refuse(endless)
    after = datetime.combine(until, time(), zone) + timedelta(days=1)
    if after <= ends_at:
        refuse(early(shown(ends_at, zone)), pointer="/details/until")
    return Later(ends_at, after, (shown(ends_at, zone), shown(after, zone)))


def extension(
    service: str,
    thing: str,
    target: str,
    later: Later,
    wording: Wording,
    choices: Mapping[str, Any],
    pinned: Mapping[str, Any] | None,
) -> Plan:
    """The plan that moves the end of ``choices["instance"]`` and changes no device.

    ``thing`` names it in the digest (``site INT-2026-0001``). Raises Conflict(``plan-changed``).
    """
    before, after = rfc3339(later.before), rfc3339(later.after)
    chosen = {**choices, "ends_at": after}
    check_pinned(pinned, chosen)
    step = Step(
        key=EXTEND,
        kind=EXTEND,
        title=wording.title,
        target=target,
        driver="network",
        params={"instance": choices["instance"], "before": before, "ends_at": after},
        changes=(Change(wording.changed, *later.told),),
        undo=say("The earlier end counts again."),
    )
    return Plan(
        service=service,
        choices=chosen,
        objects={thing: {"ends_at": before}},
        summary=wording.summary,
        steps=(step,),
        claims=(),
        risks=(),
        expected_seconds=1,
    )
