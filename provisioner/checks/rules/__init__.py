"""From a finding to a cause: rules as data, a file per part of the network; people read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from provisioner.texts import Message

Reach = Literal["here", "device", "beyond", "way", "all"]
"""What a cause can explain, by where that was found: ``here`` the same place (a port and the port
at the other end of its cable count as one), ``device`` anything of the same device, ``beyond``
anything of devices, sites and services that reach the core through that place, ``way`` anything on
the chain from there to the user's end, ``all`` anything in the chain."""


@dataclass(frozen=True)
class Rule:
    """One rule."""

    finding: str
    """The finding that shows the cause: ``port.err_disabled``."""
    cause: Message
    """One sentence for a technician; takes ``%(place)s`` and the finding's values."""
    next: Message
    """What to do, one sentence; takes the same."""
    explains: tuple[str, ...] = ()
    """Findings that come from it; ``port.*`` stands for all of that kind."""
    reach: Reach = "here"
    confidence: Literal["certain", "likely", "symptom"] = "certain"
    """``symptom``: it only shows that something is wrong; nothing that explains it makes the cause
    unknown."""
    along: tuple[str, ...] = ()
    """Findings that have to be there too (anywhere in the chain) for this rule to hold."""
    last: bool = False
    """A cause only where without it nothing is named, or something stays unexplained."""
    remedies: tuple[str, ...] = ()
    """Of ``RemedyOffer.kind``; ``instance.restart`` and the like for actions of an instance."""
