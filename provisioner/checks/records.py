"""What the checks need to know of our own books; implemented where the instances are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from provisioner.checks.chain import Net, VmPoint
from provisioner.checks.model import Change
from provisioner.checks.seen import Sighting
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


class Records(Protocol):
    """Our books; every method reads the database only, but for ``drift``."""

    def stands(self, *, site: str = "", instance: str = "") -> tuple[Stands, ...]:
        """What stands at that site, or that instance; without either, everything."""
        ...

    def drift(self, instances: Collection[str]) -> Mapping[str, tuple[NetworkFinding, ...]]:
        """Read the devices of these network instances and compare; one that could not be compared
        whole, or that a run is at work on, is left out."""
        ...

    def changes(self, devices: Collection[str], since: datetime) -> tuple[Change, ...]:
        """What was changed on these devices since then, the newest first: by our runs, and by
        others as far as the configuration history tells."""
        ...

    def sightings(self, devices: Collection[str]) -> Mapping[str, Sighting]:
        """The last look at each device."""
        ...
