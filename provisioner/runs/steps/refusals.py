"""Why a change of devices does not go on, in words: what, what it means, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.drivers.network import Reading
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable, StepFailure
from provisioner.texts import Message, from_json, render, say

NOT_BEGUN = say("Nothing was changed on any device.")
TAKEN_BACK = say("Everything was taken back; no device holds a part of the change.")
PASSING = (Retriable.kind, OutcomeUnknown.kind)
"""Failures that may be gone at the next try."""
_GRAVITY = (Refused, ActionNeeded, OutcomeUnknown, Retriable)


def worst(failures: Mapping[str, StepFailure]) -> StepFailure:
    """The gravest of several failures, by who must act."""
    return min(failures.values(), key=lambda failure: _GRAVITY.index(_kind(failure)))


def changed_meanwhile(changed: Sequence[Message]) -> StepFailure:
    """Somebody changed what the plan counts on."""
    return Refused(
        say("Someone changed this since the plan was made: %(what)s", what=_joined(changed)),
        meaning=NOT_BEGUN,
        next=say("Look why it was changed. Then make a new plan, which takes it into account."),
    )


def other_host(reading: Reading) -> StepFailure:
    """The device calls itself otherwise than the inventory does."""
    return ActionNeeded(
        say(
            "The device at the address of %(host)s calls itself %(name)s.",
            host=reading.host,
            name=reading.hostname,
        ),
        meaning=say("It may be another device. Nothing was changed on any device."),
        next=say("Correct the address in the inventory, or the device's hostname; then retry."),
        who="administrator",
    )


def strange_timer(reading: Reading) -> StepFailure:
    """Someone else's change is on trial there."""
    return ActionNeeded(
        say("On %(host)s somebody else's timed change is running: %(whose)s",
            host=reading.host, whose=reading.pending or "-"),
        meaning=say(
            "The device takes that change back by itself, and ours with it. Nothing was changed."
        ),
        next=say("Have that change confirmed or taken back, then choose retry."),
    )  # fmt: skip


def no_timer(reading: Reading) -> StepFailure:
    """A timer is required there and cannot be armed."""
    return ActionNeeded(
        say("%(host)s: %(why)s", host=reading.host, why=reading.no_timer or ""),
        meaning=say(
            "Without a timer the device could stay cut off after a mistake. Nothing was changed."
        ),
        next=say(
            "Set it up on the device, or allow changes without it by provisioner_dead_man: "
            "best_effort in the inventory; then choose retry."
        ),
        who="administrator",
    )


def no_answer(failures: Mapping[str, StepFailure]) -> dict[str, StepFailure]:
    """The same failures; of those that may pass, that it was after the change."""
    silent = sorted(host for host, failure in failures.items() if failure.kind in PASSING)
    told = [failures[host] for host in silent]
    failure = Retriable(
        say("No answer after the change: %(hosts)s", hosts=", ".join(silent)),
        meaning=TAKEN_BACK,
        next=say("Nothing to do: it is tried again by itself."),
        log=[line for each in told for line in (render(each.what, "en"), *each.log)],
        after=5,
    )
    return {**failures, **dict.fromkeys(silent, failure)}


def lost(host: str) -> StepFailure:
    """A device took the lines, and neither they nor its timer are there any more."""
    return Retriable(
        say("%(host)s has lost the change: it restarted, or its timer ended.", host=host),
        meaning=TAKEN_BACK,
        next=say("Nothing to do: it is tried again by itself."),
        after=5,
    )


def not_as_wished(unmet: Sequence[Message]) -> StepFailure:
    """A device took the lines and is not as it should be."""
    return Refused(
        say("After the change it is not as planned: %(what)s", what=_joined(unmet)),
        meaning=TAKEN_BACK,
        next=say("Look at the device; then make a new plan."),
    )


def too_slow() -> StepFailure:
    """The timers were about to fire before everything was proven."""
    return Retriable(
        say("The devices answered so slowly that their timers would have ended first."),
        meaning=TAKEN_BACK,
        next=say("It is tried again by itself. If it happens again, raise timer_minutes."),
        after=10,
    )


def not_taken_back(failures: Mapping[str, StepFailure]) -> StepFailure:
    """A timer must have fired, but nobody could look, or take back where there was none."""
    grave = worst(failures)
    meaning = say(
        "The other devices are as before. Whether this one took the change back is not known."
    )
    if isinstance(grave, Retriable):
        return ActionNeeded(
            say("No answer, although its timer must have ended: %(hosts)s",
                hosts=", ".join(sorted(failures))),
            meaning=meaning,
            next=say(
                "Look at the device on site; once it answers, choose retry, which looks first."
            ),
            log=grave.log,
        )  # fmt: skip
    who = grave.who if isinstance(grave, ActionNeeded) else "technician"
    return ActionNeeded(grave.what, meaning=meaning, next=grave.next, log=grave.log, who=who)


def unfinished(failures: Mapping[str, StepFailure]) -> StepFailure:
    """Decided, and some devices could not be brought to hold and save it yet."""
    grave = worst(failures)
    log = tuple(grave.log)
    meaning = say(
        "The change is proven and stays on the others. Not saved yet: %(hosts)s",
        hosts=", ".join(sorted(failures)),
    )
    if grave.kind in PASSING:
        again = say("Nothing to do: it is tried again by itself.")
        return Retriable(grave.what, meaning=meaning, next=again, log=log, after=5)
    who = grave.who if isinstance(grave, ActionNeeded) else "technician"
    mend = say("Look at the device; then choose retry, which goes on from there.")
    return ActionNeeded(grave.what, meaning=meaning, next=mend, log=log, who=who)


def interrupted() -> StepFailure:
    """The process ended in the middle."""
    return Retriable(
        say("Begins again after an interruption"),
        meaning=TAKEN_BACK,
        next=say("Nothing to do: it is tried again by itself."),
    )


def too_many_breaks() -> StepFailure:
    """The process ended in the middle again and again."""
    return ActionNeeded(
        say("The program was interrupted several times in the middle of this change."),
        meaning=TAKEN_BACK,
        next=say("Look why the service does not stay up, then choose retry."),
        who="administrator",
    )


def after_taking_back(because: Mapping[str, Any], *, outlasted: bool) -> StepFailure:
    """The failure that led to taking everything back, as it stands now that this is done.

    ``outlasted``: some device answered again only after its timer had fired; then it was our own
    change that had cut the way.
    """
    kind = str(because["kind"])
    what, log = from_json(because["what"]), tuple(because["log"])
    if kind in PASSING and outlasted:
        return Refused(
            say("The change cut the way to its own device. %(what)s", what=what),
            meaning=say(
                "The device took it back by itself when its timer ended; no device holds a "
                "part of the change."
            ),
            next=say("Look at the plan: it takes away what the device is managed by."),
            log=log,
        )
    if kind in PASSING:
        return Retriable(
            what, meaning=TAKEN_BACK, next=say("Nothing to do: it is tried again by itself."),
            log=log, after=5,
        )  # fmt: skip
    following = from_json(because["next"])
    if kind == Refused.kind:
        return Refused(what, meaning=TAKEN_BACK, next=following, log=log)
    who = str(because.get("who", "technician"))
    return ActionNeeded(what, meaning=TAKEN_BACK, next=following, log=log, who=who)


def _kind(failure: StepFailure) -> type[StepFailure]:
    return next(kind for kind in _GRAVITY if isinstance(failure, kind))


def _joined(texts: Sequence[Message]) -> Message:
    """Several texts as one, the first five of them."""
    one, *rest = texts[:5]
    for other in rest:
        one = say("%(one)s; %(other)s", one=one, other=other)
    more = len(texts) - 5
    return say("%(one)s; and %(more)s more", one=one, more=more) if more > 0 else one
