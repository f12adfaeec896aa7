"""The step that takes away from devices what a plan had put there; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioner.drivers.network import Intent, Wish
from provisioner.plans.model import Change, Step
from provisioner.services.device_objects import told
from provisioner.services.wishes import CHANGE
from provisioner.texts import Message

Removed = Mapping[str, Sequence[Intent]]
"""What goes, by host, in the order of removing."""


def removal(on: Step, removed: Removed, title: Message, key_of: str | None = None) -> Step:
    """Remove it in the waves of ``on``, the step that put it there.

    A device that is silent is passed over and cleaned when it answers. ``key_of``: whose passphrase
    holds, unless a change gave another, since taking a removal back needs it.
    """
    put = on.params
    waves = ([host for host in wave if host in removed] for wave in put["waves"])
    params = {
        "mark": put["mark"],
        "wishes": absent(removed),
        "expected": {h: dict.fromkeys(i.key for i in its) for h, its in removed.items()},
        "waves": [wave for wave in waves if wave],
        "tolerant": True,
    }
    if key_of is not None:
        params["key_of"] = put.get("key_of", key_of)
    return Step(
        key=CHANGE,
        kind=CHANGE,
        title=title,
        target=on.target,
        driver=on.driver,
        params=params,
        changes=tuple(
            Change(name, standing, None)
            for host, its in removed.items()
            for name, standing in (told(host, i) for i in its)
        ),
    )


def absent(removed: Removed) -> dict[str, list[dict[str, object]]]:
    """The wishes that none of it stands, as a step's params carry them."""
    return {h: [Wish(i, present=False).to_json() for i in its] for h, its in removed.items()}
