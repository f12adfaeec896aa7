"""Hundreds of devices in groups, so that what is read of them never lies in memory at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

GROUP = 50
"""As many as are asked at the same time unless the settings say otherwise."""


def in_groups(names: Iterable[str], size: int = GROUP) -> Iterator[list[str]]:
    """The names in their order, ``size`` at a time."""
    rest = iter(names)
    while group := list(islice(rest, size)):
        yield group
