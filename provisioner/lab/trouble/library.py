"""All faults of the library, and choosing among them."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.errors import Mistake
from provisioner.lab.trouble.case import Case
from provisioner.lab.trouble.machines import MACHINES
from provisioner.lab.trouble.network import NETWORK
from provisioner.lab.trouble.tampering import TAMPERING
from provisioner.texts import say

LIBRARY: tuple[Case, ...] = (*TAMPERING, *NETWORK, *MACHINES)


def chosen(names: Sequence[str], every: int = 1) -> tuple[Case, ...]:
    """Those of these names, or every so-manieth of all. Raises Mistake for an unknown name."""
    known = {case.name: case for case in LIBRARY}
    for name in names:
        if name not in known:
            raise Mistake(
                say(
                    "There is no fault %(name)s in the library; there are: %(known)s",
                    name=name,
                    known=", ".join(known),
                )
            )
    return tuple(known[name] for name in names) if names else LIBRARY[::every]
