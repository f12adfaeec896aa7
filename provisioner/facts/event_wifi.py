"""What planning an event's WiFi needs to know of the world, read a moment ago."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from provisioner.drivers.network import Intent, Reading
from provisioner.errors import StepFailure

ReadDevices = Callable[[Mapping[str, Sequence[Intent]]], Mapping[str, Reading | StepFailure]]
"""Reads the intents' objects of each host, as ``NetworkPlatform.read`` does, across platforms."""
ChangedOutside = Callable[[Mapping[str, Reading]], Sequence[Mapping[str, str]]]
"""Where the configurations of these readings differ from what we left at our last change, each
``{host, object, before, now}``; nothing for devices that we never changed."""


@dataclass(frozen=True)
class InstanceFacts:
    """An event's WiFi that stands, as requests that extend or end it need to know it."""

    id: str
    number: str
    """The request that made it: its mark on the devices."""
    department: str
    ended: bool
    ends_at: datetime
    """Its end as it is now, earlier extensions included."""
    plan: Mapping[str, Any]
    """The plan that switched it on, as ``Plan.to_json`` wrote it, and as it stands after every
    change (``services.standing``)."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """The details of that request, and over them those of every change."""
    keyed_by: str = ""
    """Number of the request whose passphrase is on the access points now; empty: the first's."""


@dataclass(frozen=True)
class EventWifiFacts:
    """The devices on the way to the event's place, or the instance that an action is about."""

    at: datetime
    readings: Mapping[str, Reading] = field(default_factory=dict)
    air_vlan: int | None = None
    """The VLAN for which access points said whether they can take it: they are asked about one."""
    lead: timedelta = timedelta(0)
    """How long switching on took at that place before; zero where nobody knows."""
    lots: tuple[int, ...] = ()
    """VLANs of the offer's segment that the devices were asked about."""
    instance: InstanceFacts | None = None
    foreign: Sequence[Mapping[str, str]] = ()
    """What others changed on the devices since our last change there (``ChangedOutside``)."""


def read_devices(
    read: ReadDevices, wanted: Mapping[str, Sequence[Intent]]
) -> Mapping[str, Reading]:
    """Every reading; raises the failure of the first device, by name, that could not be read."""
    found = read(wanted)
    readings: dict[str, Reading] = {}
    for host in sorted(wanted):
        answer = found[host]
        if isinstance(answer, StepFailure):
            raise answer
        readings[host] = answer
    return readings
