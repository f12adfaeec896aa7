"""All that was read for one chain before anything is judged; values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from provisioner.checks.chain import Chain
from provisioner.drivers.hypervisor.health import ClusterHealth, VmHealth
from provisioner.drivers.network import Examination, Host
from provisioner.drivers.outlook import Fetched, Reached, Resolved
from provisioner.drivers.probe import ProbeReport
from provisioner.errors import StepFailure
from provisioner.services.cloud_vps.drift import Finding as VmFinding
from provisioner.services.network_findings import NetworkFinding


@dataclass(frozen=True)
class Sighting:
    """What is kept of a device's last examination, so that the next one can tell what has changed.

    Counters are of ports by name.
    """

    at: datetime
    uptime: float | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    collisions: Mapping[str, int] = field(default_factory=dict)
    drops: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    """Clients turned away, by SSID."""


@dataclass(frozen=True)
class Seen:
    """What was read. A device that is in none of the mappings was not asked."""

    at: datetime
    chain: Chain
    hosts: Mapping[str, Host] = field(default_factory=dict)
    reached: Mapping[str, Reached] = field(default_factory=dict)
    """By device, or by ``cluster/vmid`` of a VM."""
    examined: Mapping[str, Examination | StepFailure] = field(default_factory=dict)
    again: Mapping[str, Examination] = field(default_factory=dict)
    """A second look a few seconds later, where counters or rates needed one."""
    before: Mapping[str, Sighting] = field(default_factory=dict)
    """The last look at a device before this one."""
    drift: Mapping[str, tuple[NetworkFinding, ...]] = field(default_factory=dict)
    """By instance: what is not on its devices as it has to be; empty where all is. An instance
    that could not be compared is not in it."""
    outside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By device that was compared: what somebody else has changed there lately, line by line."""
    clusters: Mapping[str, ClusterHealth | StepFailure] = field(default_factory=dict)
    vms: Mapping[str, VmHealth | StepFailure] = field(default_factory=dict)
    """By ``cluster/vmid``."""
    settings: Mapping[str, tuple[VmFinding, ...] | StepFailure] = field(default_factory=dict)
    """By ``cluster/vmid`` of a VM whose settings were compared with our record: the differences."""
    fetched: Mapping[str, Fetched] = field(default_factory=dict)
    """By URL."""
    resolved: Mapping[str, Resolved] = field(default_factory=dict)
    """By resolver's address, as asked from the office."""
    probed: Mapping[str, ProbeReport | StepFailure] = field(default_factory=dict)

    def health(self, device: str) -> Examination | None:
        """The examination of a device that answered."""
        found = self.examined.get(device)
        return found if isinstance(found, Examination) else None
