"""What our sections are called, so that they are found again, and what cannot be written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioner.drivers.openwrt.sections import Section
from provisioner.errors import Refused
from provisioner.texts import Message, say

MARK = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+){1,5}")
PORT = re.compile(r"[a-z][a-z0-9_-]{0,9}")


def base(mark: str) -> str:
    """What the names of all sections of a request begin with."""
    return "prov_" + mark.lower().replace("-", "_")


def named(found: Sequence[Section], name: str) -> list[Section]:
    """The sections called that, or that and more behind an underscore, in the order of files."""
    return [each for each in found if each.name == name or each.name.startswith(f"{name}_")]


def unsayable(what: Message) -> Refused:
    return Refused(
        what,
        meaning=say("The access point cannot be told to do that; nothing was done."),
        next=say("Correct the request, then plan it anew."),
    )
