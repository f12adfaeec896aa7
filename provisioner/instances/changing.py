"""What a change of a connected site or an event's WiFi leaves in its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.instances.making import Finished
from provisioner.instances.model import Instance
from provisioner.instances.records import CHANGED, CHANGED_BY, KEYED_BY
from provisioner.services.wishes import CHANGE

_NOT_ANSWERS = frozenset({"action", "instance", "reason", "passphrase", "passphrase_given"})


def write_changed(instance: Instance, done: Finished) -> bool:
    """Note what the run has changed; doing it twice is doing it once.

    Returns whether the passphrase is a new one, kept with the change's own request.
    """
    params = next(step.params for step in done.plan.steps if step.key == CHANGE)
    keyed_by = str(params.get("key_of", instance.facts.get(KEYED_BY, instance.request_number)))
    facts = instance.facts
    if done.run.id in facts.get(CHANGED_BY, ()):
        return keyed_by == done.request.number
    answers = {k: v for k, v in done.request.details.items() if k not in _NOT_ANSWERS}
    instance.facts = {
        **facts,
        **_shown(facts, answers),
        CHANGED_BY: [*facts.get(CHANGED_BY, ()), done.run.id],
        CHANGED: {**facts.get(CHANGED, {}), **{k: v for k, v in answers.items() if v is not None}},
        KEYED_BY: keyed_by,
    }
    return keyed_by == done.request.number


def _shown(facts: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The facts that pages show under the names of the answers."""
    named = {"rate_limit_mbps": "mbps"}
    return {
        named.get(name, name): value
        for name, value in answers.items()
        if value is not None and named.get(name, name) in facts
    }
