"""Steps that look: the checks of a fault, and once more after a remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.checks.model import Result
from provisioner.errors import ActionNeeded, NotFound
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.services.troubleshooting.acceptance import REMEDY_HELPED
from provisioner.texts import say

_EVERY = 1.0
_UNPROVEN = say("The remedy was carried out; whether it has helped cannot be proven.")
_LOOK = say("Have the place checked anew, then stop this run.")


class Diagnose:
    """Checks along the way; what they find is the result, whatever it is."""

    def apply(self, context: Context) -> Done | Wait:
        id = context.memory.get("check")
        if id is None:
            id = context.checks.begin(
                str(context.params["target"]), purpose="asked", request=context.number
            )
            context.remember({"check": id})
        outcome = context.checks.outcome(str(id))
        if outcome is None:
            return Wait(_EVERY, say("Checks along the way"))
        if outcome.diagnosis is None:
            context.remember({"check": None})
            raise _broken_off()
        proofs = [_proof(each).to_json() for each in outcome.results if each.skipped is None]
        return Done(False, evidence=[*proofs, {"diagnosis": str(id)}])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(False)


class CheckAgain:
    """What was red where a remedy was proposed is green now."""

    def apply(self, context: Context) -> Done | Wait:
        id = context.memory.get("check")
        if id is None:
            try:
                id = context.checks.again(str(context.params["check"]))
            except NotFound as error:  # the check was pruned, or what it looked at has ended
                raise ActionNeeded(error.what, meaning=_UNPROVEN, next=_LOOK) from error
            context.remember({"check": id})
        outcome = context.checks.outcome(str(id))
        if outcome is None:
            return Wait(_EVERY, say("Checks again what was red"))
        context.remember({"check": None})  # a retry looks anew
        if outcome.diagnosis is None:
            raise _broken_off()
        first = outcome.diagnosis.first
        if first is not None:
            raise ActionNeeded(
                say("The fault is still there: %(cause)s", cause=first.text),
                meaning=say("The remedy was carried out and has not helped, or not yet."),
                next=first.next,
                log=[f"{r.check} {r.place}: {r.evidence}" for r in outcome.results if r.finding],
            )
        proofs = [_proof(each).to_json() for each in outcome.results if each.skipped is None]
        helped = Proof(REMEDY_HELPED, context.step.target, True, str(id), outcome.ended_at)
        return Done(False, evidence=[helped.to_json(), *proofs])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(False)


def _proof(result: Result) -> Proof:
    return Proof(
        result.check, str(result.place), result.finding is None, result.evidence, result.at
    )


def _broken_off() -> ActionNeeded:
    return ActionNeeded(
        say("The checks were broken off before they came to an end."),
        meaning=say("Nothing is known; nothing was changed."),
        next=say("Choose retry: they are made anew."),
    )
