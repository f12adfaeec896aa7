"""The protocol of one cluster."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from provisioner.drivers.hypervisor.health import ClusterHealth, VmHealth
from provisioner.drivers.hypervisor.orders import Clone, Order, VmOrder
from provisioner.drivers.hypervisor.readings import (
    BackupJob,
    ClusterFacts,
    FirewallReading,
    GuestFacts,
    GuestReport,
    Machine,
    Placed,
    Rights,
    SnapshotReading,
    TemplateKey,
    VolumeReading,
)
from provisioner.drivers.hypervisor.tasks import TaskHandle, TaskState


class Hypervisor(Protocol):
    """One cluster. Every method may raise the four failures of ``errors`` and nothing else.

    Reads raise Retriable (node or network away for the moment), ActionNeeded (token, certificate,
    privilege), never OutcomeUnknown. ``submit`` raises OutcomeUnknown when the call may have been
    carried out, and never repeats a call itself whose outcome it does not know.
    """

    def facts(self, templates: tuple[TemplateKey, ...] = ()) -> ClusterFacts:
        """Capacity, storages, guests and the named templates."""
        ...

    def machine(self, vmid: int) -> Machine | None:
        """The VM on whatever node it is, or None if the cluster has none of that number."""
        ...

    def volumes(self, vmid: int) -> tuple[tuple[str, str], ...]:
        """(node, volume id) of every volume that carries this VMID, on every storage."""
        ...

    def clone_task(self, clone: Clone, since: datetime) -> TaskHandle | None:
        """A clone task of our own token, started since ``since``, that makes ``clone.vmid``."""
        ...

    def submit(self, order: Order) -> TaskHandle:
        """Hand an order to the cluster; returns at once with its task."""
        ...

    def order_task(self, order: VmOrder, since: datetime) -> TaskHandle | None:
        """The newest task of our own token for this order, started since ``since``, on any node.

        For orders whose answer was lost and whose effect cannot be read from the VM (17, 9).
        Raises Retriable when a node that may know it is away.
        """
        ...

    def pending(self, vm: Placed) -> frozenset[str]:
        """Options that take effect only when the VM is restarted (19)."""
        ...

    def snapshots(self, vm: Placed) -> tuple[SnapshotReading, ...]:
        """Its snapshots, oldest first."""
        ...

    def backups(self, vmid: int) -> tuple[VolumeReading, ...]:
        """Backups of that VMID on every storage that answers, newest first."""
        ...

    def stored(self) -> tuple[VolumeReading, ...]:
        """Every disk and backup of every storage that answers."""
        ...

    def firewall(self, vm: Placed) -> FirewallReading:
        """Its firewall as it stands."""
        ...

    def backup_job(self, job: str) -> BackupJob | None:
        """The job of that id, or None."""
        ...

    def pools(self) -> Mapping[str, frozenset[int]]:
        """Pool to the VMIDs in it."""
        ...

    def rights(self) -> Rights:
        """The cluster's version and what the token may do there, in two calls."""
        ...

    def guest_facts(self, vm: Placed) -> GuestFacts:
        """What the system inside says of itself, without executing anything in it."""
        ...

    def guest_file(self, vm: Placed, path: str) -> str | None:
        """A small text file inside the VM; None where there is none.

        Raises Retriable while the agent does not answer.
        """
        ...

    def task(self, handle: TaskHandle) -> TaskState:
        """Where the task is."""
        ...

    def guest(self, vm: Placed) -> GuestReport:
        """What the guest agent of a VM says, without ever executing anything in it."""
        ...

    def health(self) -> ClusterHealth:
        """How the cluster, its nodes and its storages are doing; what a node that is off, or a
        privilege that is missing, keeps from us is in ``untold``."""
        ...

    def vm_health(self, vmid: int) -> VmHealth:
        """How one VM is doing, its agent and what is inside included; executes nothing in it."""
        ...
