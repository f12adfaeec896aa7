"""What stands after changes: the plan that made it, with what later plans changed; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.drivers.network import Wish
from provisioner.plans.model import Plan, Step
from provisioner.services.wishes import CHANGE

_OF_THE_ACTION = frozenset({"instance", "action"})


def standing(on: Plan, *changes: Plan) -> Plan:
    """The plan ``on`` as if it had made everything that ``changes`` set since, in their order.

    Ending the result takes away all of it: what a change added is wished and claimed as well, and
    what it altered has the newer value, passphrases included (``key_of``). Steps that prove and
    hand over are those of the last.
    """
    for change in changes:
        on = _changed(on, change)
    return on


def _changed(on: Plan, change: Plan) -> Plan:
    newer = {step.key: step for step in change.steps}
    chosen = {k: v for k, v in change.choices.items() if k not in _OF_THE_ACTION}
    return replace(
        on,
        choices={**on.choices, **chosen},
        steps=tuple(
            _merged(step, newer[step.key]) if step.key == CHANGE else newer.get(step.key, step)
            for step in on.steps
        ),
        claims=(*on.claims, *change.claims),
        picture={**on.picture, **change.picture},
    )


def _merged(on: Step, change: Step) -> Step:
    """Wishes of ``on`` with the newer ones in their places, what is new behind them."""
    wishes: dict[str, dict[str, Any]] = {h: _by_key(its) for h, its in on.params["wishes"].items()}
    expected = {h: dict(states) for h, states in on.params["expected"].items()}
    for host, its in change.params["wishes"].items():
        wishes.setdefault(host, {}).update(_by_key(its))
        before = expected.setdefault(host, {})
        expected[host] = {**change.params["expected"][host], **before}
    known = {host for wave in on.params["waves"] for host in wave}
    fresh = ([h for h in wave if h not in known] for wave in change.params["waves"])
    params = {
        **on.params,
        "wishes": {host: list(its.values()) for host, its in wishes.items()},
        "expected": expected,
        "waves": [*(wave for wave in fresh if wave), *on.params["waves"]],
    }
    if "key_of" in change.params:
        params["key_of"] = change.params["key_of"]
    return replace(on, params=params)


def _by_key(wishes: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {Wish.from_json(wish).intent.key: wish for wish in wishes}
