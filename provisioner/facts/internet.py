"""What planning a connected site needs to know of the world, read a moment ago."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provisioner.drivers.network import Reading
from provisioner.texts import Message


@dataclass(frozen=True)
class SiteRecord:
    """A site that is connected, as requests that change, extend or end it need to know it."""

    id: str
    number: str
    """The request that connected it: its mark on the devices."""
    department: str
    name: str
    ended: bool
    """It is connected no longer, or its end has begun."""
    ends_at: datetime | None
    """Its end as it is now, earlier extensions included; None is without end."""
    plan: Mapping[str, Any]
    """The plan that connected it as it stands after every change (``standing.standing``)."""
    details: Mapping[str, Any]
    """The details of that request, and over them those of every change."""
    keyed_by: str
    """Number of the request whose passphrase is on the access points now."""


@dataclass(frozen=True)
class InternetFacts:
    """The devices of a site and on its way to the router, or the site that an action is about."""

    at: datetime
    readings: Mapping[str, Reading] = field(default_factory=dict)
    asked: tuple[int, ...] = ()
    """The VLANs that the devices were asked about."""
    silent: Mapping[str, Message] = field(default_factory=dict)
    """Switches of the site that could not be read, and why."""
    instance: SiteRecord | None = None
    foreign: Sequence[Mapping[str, str]] = ()
    """What others changed on the devices since our last change there (``ChangedOutside``)."""
