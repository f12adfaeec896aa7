"""One Proxmox VE cluster: facts, machines, orders and tasks over its API."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from provisioner.drivers.hypervisor import (
    BackUp,
    BackupJob,
    Clone,
    ClusterFacts,
    Destroy,
    Download,
    DropBackup,
    EnsurePool,
    FirewallReading,
    FreeVolume,
    GuestFacts,
    GuestReport,
    JoinBackupJob,
    LeaveBackupJob,
    Machine,
    MakeVm,
    Migrate,
    Order,
    Placed,
    RestoreBackup,
    Rights,
    RollBack,
    SetFirewall,
    SnapshotReading,
    TaskHandle,
    TaskState,
    TemplateKey,
    VmOrder,
    VolumeReading,
)
from provisioner.drivers.hypervisor.health import ClusterHealth, VmHealth
from provisioner.drivers.proxmox import (
    agent,
    backups,
    firewall,
    health,
    health_vm,
    orders,
    parsing,
    safeguards,
    survey,
    tasks,
)
from provisioner.drivers.proxmox.connection import Connection, Rejection
from provisioner.errors import Refused, Retriable
from provisioner.settings import ClusterSettings
from provisioner.texts import say


class ProxmoxCluster:
    """Implements ``Hypervisor``; safe to share between threads.

    ``token_secret`` is asked for each call, so a new secret needs no restart. ``base`` is the
    folder that a relative CA path starts from. Raises Misconfigured when ``verify`` does not hold.
    """

    def __init__(
        self, name: str, settings: ClusterSettings, token_secret: Callable[[], str], base: Path
    ) -> None:
        self.name = name
        self._connection = Connection(name, settings, token_secret, base)
        self._brief = Connection(name, settings, token_secret, base, health.SECONDS)
        self._tasks = tasks.Tasks(self._connection)
        self._nodes_of: dict[int, str] = {}
        self._rarely = survey.Rarely()
        self._jobs = threading.Lock()

    def close(self) -> None:
        """Give the kept connections back; a later call opens new ones."""
        self._connection.close()
        self._brief.close()

    def facts(self, templates: tuple[TemplateKey, ...] = ()) -> ClusterFacts:
        """See ``Hypervisor``. Raises ActionNeeded for a token that sees nothing."""
        found = survey.facts(self._connection, templates, self._rarely)
        for guest in found.guests:  # a place to begin with, which may have changed since
            self._nodes_of.setdefault(guest.vmid, guest.node)
        return found

    def machine(self, vmid: int) -> Machine | None:
        """The VM where it is now; where it was last is asked first.

        Raises Retriable when it exists but only a node that is away can hold it.
        """
        last = self._nodes_of.get(vmid)
        away: list[str] = []
        if found := self._first_machine(vmid, [last] if last else [], away):
            return found
        if self._is_free(vmid):
            self._nodes_of.pop(vmid, None)
            return None
        listed = self._listed(vmid)
        if any(row.get("type") != "qemu" for row in listed):
            return None  # a container
        # The listing lags by ten seconds (30): after it, every node is asked.
        nodes = self._connection.rows("nodes")
        online = [row["node"] for row in nodes if row.get("status") == "online"]
        places = [*(row["node"] for row in listed), *online]
        if found := self._first_machine(vmid, dict.fromkeys(places), away):
            return found
        away += [row["node"] for row in nodes if row["node"] not in online]
        if away:
            raise Retriable(
                say("VM %(vmid)s may be on node %(node)s, which is away.", vmid=vmid, node=away[0]),
                meaning=say("No node that answers has this VM."),
                next=say("It is tried again by itself; the administrator checks the node."),
                after=15,
            )
        return None

    def volumes(self, vmid: int) -> tuple[tuple[str, str], ...]:
        """Storages that are away are left out; a shared one is asked through one node."""
        return backups.volumes(self._connection, vmid)

    def clone_task(self, clone: Clone, since: datetime) -> TaskHandle | None:
        """See ``Hypervisor``; Retriable while a running task does not yet say whom it makes."""
        return self._tasks.clone_task(clone, since)

    def order_task(self, order: VmOrder, since: datetime) -> TaskHandle | None:
        """See ``Hypervisor``. Orders that PVE carries out at once have no task."""
        listed = [str(row["node"]) for row in self._listed(order.vmid)]
        last = self._nodes_of.get(order.vmid, order.node)
        return self._tasks.order_task(order, since, {order.node, last, *listed})

    def pending(self, vm: Placed) -> frozenset[str]:
        """See ``Hypervisor``."""
        rows = self._connection.rows(*_path(vm), "pending")
        return frozenset(str(row["key"]) for row in rows if "pending" in row or row.get("delete"))

    def snapshots(self, vm: Placed) -> tuple[SnapshotReading, ...]:
        """See ``Hypervisor``."""
        rows = self._connection.rows(*_path(vm), "snapshot")
        found = [parsing.snapshot(row) for row in rows if row.get("name") != "current"]
        return tuple(sorted(found, key=lambda snapshot: snapshot.taken_at))

    def backups(self, vmid: int) -> tuple[VolumeReading, ...]:
        """See ``Hypervisor``."""
        return backups.backups(self._connection, vmid)

    def stored(self) -> tuple[VolumeReading, ...]:
        """See ``Hypervisor``; disks of containers count as disks."""
        return backups.stored(self._connection)

    def firewall(self, vm: Placed) -> FirewallReading:
        """See ``Hypervisor``."""
        return firewall.read(self._connection, vm.node, vm.vmid, self._firewall_on)

    def backup_job(self, job: str) -> BackupJob | None:
        """See ``Hypervisor``."""
        return backups.job(self._connection, job)

    def pools(self) -> Mapping[str, frozenset[int]]:
        """See ``Hypervisor``; those that the token may see."""
        return survey.pools(self._connection)

    def rights(self) -> Rights:
        """See ``Hypervisor``."""
        return survey.rights(self._connection)

    def guest_facts(self, vm: Placed) -> GuestFacts:
        """See ``Hypervisor``; everything is empty while the agent does not answer."""
        return agent.facts(self._connection, vm)

    def guest_file(self, vm: Placed, path: str) -> str | None:
        """See ``Hypervisor``."""
        return agent.file(self._connection, vm, path)

    def submit(self, order: Order) -> TaskHandle:
        """See ``Hypervisor``. A VM that moved to another node is followed there.

        Raises VmidTaken for a clone whose VMID exists already: it may be our own earlier clone,
        which its mark or ``clone_task`` tells.
        """
        match order:
            case Clone():
                answer = self._send(orders.clone_call(order))
                self._nodes_of[order.vmid] = order.node
                return tasks.handle(answer, order.template_node)
            case Destroy() | RollBack() | RestoreBackup() | BackUp():
                return self._to_whom_it_means(order)
            case FreeVolume() | DropBackup():
                return self._remove_volume(order)
            case SetFirewall() | EnsurePool() | JoinBackupJob() | LeaveBackupJob():
                return self._at_once(order)
            case Download():
                return tasks.handle(self._send(orders.download_call(order)), order.node)
            case MakeVm():
                return tasks.handle(self._send(orders.make_call(order)), order.node)
            case _:
                return self._simple(order)

    def task(self, handle: TaskHandle) -> TaskState:
        """See ``Hypervisor``. For an HA guest only the request has ended: poll ``machine`` (17)."""
        return self._tasks.state(handle)

    def guest(self, vm: Placed) -> GuestReport:
        """See ``Hypervisor``. While the agent is away the cluster takes three seconds to say so."""
        return agent.guest(self._connection, vm)

    def health(self) -> ClusterHealth:
        """See ``Hypervisor``; fails only where the cluster as a whole cannot be asked."""
        return health.health(self._brief, self._rarely)

    def vm_health(self, vmid: int) -> VmHealth:
        """See ``Hypervisor``. Nodes, figures and backups may be ten seconds old."""
        return health_vm.vm_health(self._brief, self._rarely, vmid, self.machine, self._backups)

    def _backups(self, rows: list[dict[str, Any]]) -> health_vm.Kept:
        """Storages may take their time: a backup server reads each of its indexes."""
        return self._rarely.read("backups", lambda: health_vm.backups(self._connection, rows))

    def _simple(self, order: orders.Simple) -> TaskHandle:
        node = self._nodes_of.get(order.vmid, order.node)
        for attempt in (1, 2):
            if isinstance(order, Migrate) and order.target == node and attempt == 2:
                return TaskHandle("", node)
            call = orders.simple_call(order, node)
            try:
                answer = self._connection.send(call.method, *call.path, raw=True, **call.data)
            except Rejection as rejection:
                if orders.is_already_so(order, rejection.text):
                    return TaskHandle("", node)
                gone = orders.NOT_THERE.search(rejection.text)
                moved = self.machine(order.vmid) if gone and attempt == 1 else None
                if moved is None or moved.node == node:
                    raise self._connection.failure(rejection, reading=False) from None
                node = moved.node
            else:
                return tasks.handle(answer, node)
        raise AssertionError("the second attempt returns or raises")

    def _to_whom_it_means(self, order: Destroy | RollBack | RestoreBackup | BackUp) -> TaskHandle:
        """Orders for which the VM is looked up, and mostly recognised, right before the call."""
        machine = self.machine(order.vmid)
        if machine is None:
            if isinstance(order, Destroy):
                return TaskHandle("", order.node)
            raise _gone(order.vmid)
        safeguards.check(order, machine)
        if isinstance(order, RestoreBackup):
            backups.check_there(self._connection, order, machine.node)
        handle = tasks.handle(self._send(orders.vm_call(order, machine.node)), machine.node)
        if isinstance(order, Destroy):
            self._nodes_of.pop(order.vmid, None)
        return handle

    def _remove_volume(self, order: FreeVolume | DropBackup) -> TaskHandle:
        if isinstance(order, FreeVolume):
            safeguards.check_left_over(order)
            if not self._is_free(order.vmid):
                raise safeguards.volume_in_use(order)
        else:
            safeguards.check_drop(order)
            if not backups.is_there(self._connection, order.volume, order.vmid, order.node):
                return TaskHandle("", order.node)
        return tasks.handle(self._send(orders.volume_call(order)), order.node)

    def _at_once(
        self, order: SetFirewall | EnsurePool | JoinBackupJob | LeaveBackupJob
    ) -> TaskHandle:
        """Orders that PVE carries out while it is called."""
        match order:
            case SetFirewall():
                # Its file could be written without a VM, and would wait for the next of its number.
                firewall.bring_about(self._connection, order, self._node_of(order))
            case EnsurePool():
                survey.ensure_pool(self._connection, order)
            case JoinBackupJob():
                with self._jobs:
                    backups.join(self._connection, order.job, order.vmid, self._pool_of)
            case LeaveBackupJob():
                with self._jobs:
                    backups.leave(self._connection, order.job, order.vmid)
        return TaskHandle("", "")

    def _send(self, call: orders.Call) -> Any:
        return self._connection.send(call.method, *call.path, **call.data)

    def _listed(self, vmid: int) -> list[dict[str, Any]]:
        rows = self._connection.rows("cluster", "resources", type="vm")
        return [row for row in rows if row.get("vmid") == vmid]

    def _firewall_on(self) -> bool | None:
        return self._rarely.read("firewall", lambda: survey.firewall_on(self._connection))

    def _node_of(self, order: VmOrder) -> str:
        """Where the VM is, in one call where it is still where it was. Raises Refused."""
        node = self._nodes_of.get(order.vmid, order.node)
        try:
            self._connection.record("nodes", node, "qemu", order.vmid, "config", raw=True)
        except Rejection as rejection:
            if not orders.NOT_THERE.search(rejection.text):
                raise self._connection.failure(rejection, reading=True) from None
        else:
            return node
        machine = self.machine(order.vmid)
        if machine is None:
            raise _gone(order.vmid)
        return machine.node

    def _pool_of(self, vmid: int) -> str | None:
        return next((row.get("pool") for row in self._listed(vmid)), None)

    def _first_machine(self, vmid: int, nodes: Iterable[str], away: list[str]) -> Machine | None:
        """The VM on the first of the nodes that has it; those that do not answer go to ``away``."""
        for node in nodes:
            try:
                found = self._machine_at(node, vmid)
            except Retriable:
                away.append(node)
                continue
            if found:
                return found
        return None

    def _machine_at(self, node: str, vmid: int) -> Machine | None:
        path = ("nodes", node, "qemu", vmid)
        try:
            config = self._connection.record(*path, "config", raw=True, current=1)
            status = self._connection.record(*path, "status", "current", raw=True)
        except Rejection as rejection:
            if orders.NOT_THERE.search(rejection.text):
                return None
            raise self._connection.failure(rejection, reading=True) from None
        self._nodes_of[vmid] = node
        return parsing.machine(node, config, status)

    def _is_free(self, vmid: int) -> bool:
        """Whether no guest of the cluster, on whatever node, has the number (1)."""
        try:
            self._connection.get("cluster", "nextid", raw=True, vmid=vmid)
        except Rejection as rejection:
            if "already exists" in rejection.text:
                return False
            raise self._connection.failure(rejection, reading=True) from None
        return True


def _path(vm: Placed) -> tuple[object, ...]:
    return ("nodes", vm.node, "qemu", vm.vmid)


def _gone(vmid: int) -> Refused:
    return Refused(
        say("VM %(vmid)s is not there any more.", vmid=vmid),
        meaning=say("The cluster has no VM with this number, so nothing was done."),
        next=say("Plan the request again, so that it is looked up anew."),
    )
