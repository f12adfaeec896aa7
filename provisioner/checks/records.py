"""What the checks need to know of our own books; implemented where the instances are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from provisioner.checks.chain import Net, VmPoint
from provisioner.checks.model import Change
from provisioner.checks.seen import Sighting
from provisioner.services.cloud_vps.drift import Finding
from provisioner.services.network_findings import NetworkFinding


@dataclass(frozen=True)
class Stands:
    """One instance that stands, as far as checks are concerned."""

    instance: str
    name: str
    kind: str
    """``vm``, ``site``, ``event_wifi``, ``colocation``."""
    number: str
    department: str
    site: str = ""
    """The site where it is, '' for a VM."""
    place: str = ""
    net: Net | None = None
    vm: VmPoint | None = None
    urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compared:
    """What devices hold, beside what our books say of it."""

    drift: Mapping[str, tuple[NetworkFinding, ...]] = field(default_factory=dict)
    """By instance: what is otherwise than it was set up; empty where nothing is."""
    outside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By device that was compared: the lines that somebody else has changed lately, each with the
    section that it is in; empty where nobody has."""


class Records(Protocol):
    """Our books; every method reads the database only, but for ``compare``."""

    def stands(self, *, site: str = "", instance: str = "") -> tuple[Stands, ...]:
        """What stands at that site, or that instance; without either, everything."""
        ...

    def compare(self, instances: Collection[str], since: datetime) -> Compared:
        """Read the devices of these network instances and compare; one that could not be compared
        whole, or that a run is at work on, is left out. What others changed is kept in the
        configuration history; seen for the first time before ``since`` it is not told."""
        ...

    def settings(self, instance: str) -> tuple[Finding, ...] | None:
        """Read the settings of this VM on its cluster and compare them with our record; None where
        a run is at work on it. Raises as the driver does."""
        ...

    def changes(self, devices: Collection[str], since: datetime) -> tuple[Change, ...]:
        """What was changed on these devices since then, the newest first: by our runs, and by
        others as far as the configuration history tells."""
        ...

    def sightings(self, devices: Collection[str]) -> Mapping[str, Sighting]:
        """The last look at each device."""
        ...
