"""What planning a place in the data centre needs to know of the world, read a moment ago."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provisioner.drivers.network import Intent, Reading
from provisioner.errors import StepFailure
from provisioner.facts.event_wifi import ReadDevices
from provisioner.texts import Message


@dataclass(frozen=True)
class ServerRecord:
    """A server that stands in a rack, as requests that extend or end it need to know it."""

    id: str
    number: str
    """The request that brought it: its mark on the switch."""
    department: str
    name: str
    ended: bool
    """It stands no longer, or its end has begun."""
    ends_at: datetime | None
    """Its end as it is now, earlier extensions included; None is without end."""
    plan: Mapping[str, Any]
    """The plan that brought it, as ``Plan.to_json`` wrote it."""


@dataclass(frozen=True)
class ColocationFacts:
    """The switches of the racks and those on the way to the router, or the server that stands."""

    at: datetime
    readings: Mapping[str, Reading] = field(default_factory=dict)
    silent: Mapping[str, Message] = field(default_factory=dict)
    """Switches that could not be read, and why."""
    answering: Mapping[str, str] = field(default_factory=dict)
    """What answers at addresses that were looked at (``tcp/22``, ``icmp``)."""
    instance: ServerRecord | None = None
    foreign: Sequence[Mapping[str, str]] = ()
    """What others changed on the switches since our last change there (``ChangedOutside``)."""


def read_switches(
    read: ReadDevices, wanted: Mapping[str, Sequence[Intent]]
) -> tuple[dict[str, Reading], dict[str, Message]]:
    """Readings of the switches that answer, and why the others do not.

    Raises the failure of the first one, by name, where none answers.
    """
    found = read(wanted)
    readings = {host: one for host, one in found.items() if isinstance(one, Reading)}
    failures = {host: one for host, one in found.items() if isinstance(one, StepFailure)}
    if failures and not readings:
        raise failures[min(failures)]
    return readings, {host: failure.what for host, failure in failures.items()}
