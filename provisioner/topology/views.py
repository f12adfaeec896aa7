"""Differences between network.yml and the devices as callers see them, in their language."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from provisioner.texts import render
from provisioner.topology.differences import Comparison


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class DifferenceView(_View):
    """One difference; ``enter`` and ``remove`` are lines under ``links`` of network.yml."""

    key: str
    kind: str
    ends: list[str]
    text: str
    enter: str | None
    remove: list[str]
    sure: bool


class UncheckedView(_View):
    """A cable of network.yml of which nobody can say whether it is there."""

    link: str
    why: str


class SilentView(_View):
    """A device that could not be asked."""

    device: str
    what: str
    next: str


class TopologyView(_View):
    """The last look at all devices; ``looked_at`` is None where nobody ever looked."""

    looked_at: datetime | None
    cables: int
    agreed: int
    differences: list[DifferenceView]
    unchecked: list[UncheckedView]
    silent: list[SilentView]


def difference_views(found: Comparison, language: str) -> list[DifferenceView]:
    """The differences in that language."""
    return [
        DifferenceView(
            key=one.key,
            kind=one.kind,
            ends=[":".join(end) for end in one.ends],
            text=render(one.text, language),
            enter=one.enter,
            remove=list(one.remove),
            sure=one.sure,
        )
        for one in found.differences
    ]


def unchecked_views(found: Comparison, language: str) -> list[UncheckedView]:
    """The cables that could not be checked, in that language."""
    return [
        UncheckedView(
            link=" – ".join(":".join(end) for end in one.link), why=render(one.why, language)
        )
        for one in found.unchecked
    ]
