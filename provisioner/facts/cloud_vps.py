"""What planning a cloud VPS needs to know of the world, read a moment ago."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address

from provisioner.drivers.hypervisor import (
    BackupJob,
    ClusterFacts,
    FirewallReading,
    Hypervisor,
    Machine,
    SnapshotReading,
    TemplateKey,
    VolumeReading,
)
from provisioner.drivers.seat import UserSeat

PROBED_PORTS = (22, 80, 443)
"""Ports where a host that took an address by itself most likely answers."""


@dataclass(frozen=True)
class VmRecord:
    """Our record of a VM that stands: what an action on it needs to know."""

    id: str
    number: str
    """The request that made it: its mark."""
    department: str
    name: str
    cluster: str
    vmid: int
    uuid: str
    node: str
    """Where it was last seen."""
    address: str
    user: str
    ssh_port: int
    host_key: str | None
    size: str
    image: str
    state: str
    """``active``, ``suspended``, ``attention`` or ``ended``."""
    ending: bool
    """Its end has begun."""
    ends_at: datetime | None
    remove_at: datetime | None
    """While suspended by its end: when it is removed for good."""
    details: Mapping[str, object]
    """Of the request that made it."""
    plan: Mapping[str, object]
    """The plan that made it, as ``Plan.to_json`` wrote it."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """What later work wrote down: ``snapshots`` (name to ``{"until"}``), ``accepted`` …"""
    wanted: Mapping[str, object] = field(default_factory=dict)
    """What every plan carried out so far adds up to (``drift_wanted``); empty: ``plan`` alone."""
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Differences that a person accepted: a finding's key to what was seen."""
    made_at: datetime | None = None
    """When it was made, or made anew: only backups since then are its own."""


@dataclass(frozen=True)
class Standing:
    """A VM of ours: the record and what the cluster shows for it."""

    record: VmRecord
    machine: Machine | None
    """None when the cluster has no VM of that number; it may be a stranger's."""
    snapshots: tuple[SnapshotReading, ...] = ()
    backups: tuple[VolumeReading, ...] = ()
    pending: frozenset[str] = frozenset()
    firewall: FirewallReading | None = None
    backup_job: BackupJob | None = None
    """The one that the configuration names, if the cluster has it."""

    @property
    def is_ours(self) -> bool:
        """Whether record, SMBIOS UUID and mark agree (DESIGN section 5, ownership).

        A VM without a UUID, and a record without one, match nothing.
        """
        uuid = (self.machine.uuid or "").lower() if self.machine else ""
        return (
            self.machine is not None
            and uuid != ""
            and uuid == self.record.uuid.lower()
            and carries_mark(self.machine.description, self.record.number)
        )


@dataclass(frozen=True)
class CloudVpsFacts:
    """The cluster, and what answers at the addresses that were looked at (``tcp/22``, ``icmp``)."""

    cluster: ClusterFacts
    answering: Mapping[str, str] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    standing: Standing | None = None
    """The VM that an action is about."""


def mark(number: str) -> str:
    """What stands in the description of everything made for a request."""
    return f"provisioner: request {number}"


def carries_mark(description: str, number: str) -> bool:
    """Whether a description says that its object was made for the request."""
    return bool(re.search(re.escape(mark(number)) + r"(?!\d)", description))


def read_facts(
    hypervisor: Hypervisor,
    seat: UserSeat,
    templates: tuple[TemplateKey, ...],
    *,
    addresses: tuple[str, ...] = (),
    ssh_port: int = 22,
) -> CloudVpsFacts:
    """Read the cluster and look whether something answers at ``addresses``.

    Raises the failures of ``errors`` that a look at the world may raise (Retriable, ActionNeeded).
    """
    return CloudVpsFacts(
        cluster=hypervisor.facts(templates), answering=probe(seat, addresses, ssh_port)
    )


def probe(seat: UserSeat, addresses: tuple[str, ...], ssh_port: int) -> dict[str, str]:
    """Address to what answers there; addresses where nothing does are left out."""
    looked = ((address, seat.answers(address, _ports(address, ssh_port))) for address in addresses)
    return {address: answer for address, answer in looked if answer is not None}


def _ports(address: str, ssh_port: int) -> tuple[int, ...]:
    """On the loopback network this machine's own services answer at every address alike."""
    if ip_address(address).is_loopback:
        return (ssh_port,)
    return tuple(dict.fromkeys((ssh_port, *PROBED_PORTS)))
