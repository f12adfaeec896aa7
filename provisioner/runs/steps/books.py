"""Steps that change our own books alone: when an instance ends, and what it accepts as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from provisioner.database import now
from provisioner.runs.steps.base import Context, Done, Proof, Wait

_UNTIL = {"wifi.extend": "wifi.until", "instance.extend": "instance.until"}
"""By kind of step: the check that proves it."""
_FACTS = {"adopt": "adopt", "accept": "accepted"}
"""What a step says to where the instance's facts keep it."""


class ProlongInstance:
    """The instance stands until a later moment."""

    def apply(self, context: Context) -> Done | Wait:
        instance = str(context.params["instance"])
        if "before" not in context.memory:
            before = context.endings.ends_at(instance)
            context.remember({"before": before.isoformat() if before else ""})
        context.endings.prolong(instance, _wished(context))
        return Done(True)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        """The end as it stands in the books now."""
        instance = str(context.params["instance"])
        ends_at = context.endings.ends_at(instance)
        shown = ends_at.isoformat() if ends_at else "-"
        check = _UNTIL[context.step.kind]
        return [Proof(check, instance, ends_at == _wished(context), shown, now()).to_json()]

    def undo(self, context: Context) -> Done | Wait:
        before = context.memory.get("before")
        if before is None:
            return Done(False)
        moment = datetime.fromisoformat(before) if before else None
        context.endings.prolong(str(context.params["instance"]), moment)
        return Done(True)


class NoteOnInstance:
    """The record of the instance says what is there: adopted, or accepted as it is."""

    def apply(self, context: Context) -> Done | Wait:
        params = context.params
        values = {fact: params[key] for key, fact in _FACTS.items() if key in params}
        before = context.endings.note(str(context.params["instance"]), values)
        if "before" not in context.memory:
            context.remember({"before": dict(before)})
        return Done(True)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ({"instance": context.params["instance"]},)

    def undo(self, context: Context) -> Done | Wait:
        before = context.memory.get("before")
        if before is None:
            return Done(False)
        context.endings.note(str(context.params["instance"]), before)
        return Done(True)


def _wished(context: Context) -> datetime | None:
    wished = context.params["ends_at"]
    return datetime.fromisoformat(wished) if wished else None
