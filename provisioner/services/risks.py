"""Risks that plans of several services share, in the reader's words; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provisioner.drivers.network import Host, Reading
from provisioner.plans.model import Risk
from provisioner.texts import say

_ORDER = {"high": 0, "medium": 1, "low": 2}


def gravest_first(*risks: Risk) -> tuple[Risk, ...]:
    """The same risks, the gravest first."""
    return tuple(sorted(risks, key=lambda risk: _ORDER[risk.level]))


def without_timer(
    changed: Iterable[str], readings: Mapping[str, Reading], hosts: Mapping[str, Host]
) -> Iterator[Risk]:
    """Of the devices that are changed: which cannot take a change back by themselves."""
    for name in changed:
        reason = readings[name].no_timer
        if reason is not None:
            yield Risk(
                "high",
                say(
                    "%(device)s cannot take the change back by itself: %(why)s. If the connection "
                    "to it is lost midway, somebody has to go there.",
                    device=name,
                    why=reason,
                ),
            )
        elif hosts[name].dead_man == "best_effort":
            yield Risk(
                "high",
                say(
                    "%(device)s is entered as one whose timer is not to be relied on "
                    "(best_effort). If the connection to it is lost midway, somebody may have to "
                    "go there.",
                    device=name,
                ),
            )
