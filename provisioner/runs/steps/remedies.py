"""The step that carries out a remedy on one device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.database import now
from provisioner.errors import ActionNeeded, OutcomeUnknown, StepFailure
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.runs.steps.transaction import LINE
from provisioner.services.troubleshooting.acceptance import REMEDY_DONE
from provisioner.services.troubleshooting.details import RemedyDetails
from provisioner.texts import say


class RemedyDevice:
    """Once, and never blindly again: a session that ended midway asks a person first."""

    def apply(self, context: Context) -> Done | Wait:
        device = str(context.params["device"])
        blocked = context.devices.take([device])
        if blocked is not None:
            return Wait(
                LINE, say("Waits for its turn: %(number)s is at work there", number=blocked)
            )
        try:
            return self._once(context, device)
        finally:
            context.devices.give_back()

    def _once(self, context: Context, device: str) -> Done:
        if context.memory.get("begun"):  # the program ended meanwhile
            context.remember({"begun": None})
            raise _perhaps_done(device)
        order = RemedyDetails.model_validate({**context.params, "action": "remedy"}).order()
        context.devices.check()
        context.remember({"begun": now().isoformat()})
        done = context.fleet.remedy({device: order})[device]
        if isinstance(done, StepFailure):
            context.remember({"begun": None})
            raise _perhaps_done(device, done.log) if isinstance(done, OutcomeUnknown) else done
        proof = Proof(REMEDY_DONE, context.step.target, True, context.step.title, now())
        return Done(True, diff=done.transcript.splitlines(), evidence=[proof.to_json()])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        """Nothing is set up otherwise than before."""
        return Done(False)


def _perhaps_done(device: str, log: Sequence[str] = ()) -> ActionNeeded:
    """A person decides: what is only unknown would be tried again by itself."""
    return ActionNeeded(
        say("Whether %(device)s has done it is not known: it was broken off.", device=device),
        meaning=say("Nothing that is set up was changed; the port or radio may be off."),
        next=say("Look at the device. Choose retry to do it once more."),
        log=log,
    )
