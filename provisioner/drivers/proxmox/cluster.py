"""One Proxmox VE cluster: facts, machines, orders and tasks over its API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from provisioner.drivers.hypervisor import (
    Clone,
    ClusterFacts,
    Destroy,
    FreeVolume,
    GuestReading,
    GuestReport,
    Machine,
    NodeReading,
    Order,
    TaskHandle,
    TaskState,
    TemplateKey,
    TemplateReading,
)
from provisioner.drivers.proxmox import agent, orders, parsing, tasks
from provisioner.drivers.proxmox.connection import Connection, Rejection
from provisioner.errors import ActionNeeded, Refused, Retriable
from provisioner.settings import ClusterSettings
from provisioner.texts import say

_AT_ONCE = 4
_T = TypeVar("_T")
_R = TypeVar("_R")


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
        self._tasks = tasks.Tasks(self._connection)
        self._nodes_of: dict[int, str] = {}

    def close(self) -> None:
        """Give the kept connections back; a later call opens new ones."""
        self._connection.close()

    def facts(self, templates: tuple[TemplateKey, ...] = ()) -> ClusterFacts:
        """What /cluster/resources says, the bridges of each node, and the named templates."""
        rows = self._connection.rows("cluster", "resources")
        nodes = tuple(parsing.node(row) for row in rows if row.get("type") == "node")
        storages = [row for row in rows if row.get("type") == "storage"]
        guests = tuple(parsing.guest(row) for row in rows if row.get("type") in ("qemu", "lxc"))
        online = [node.name for node in nodes if node.online]
        self._check_sight(nodes, storages)
        wanted = [guest for guest in guests if guest.node in online and _asked(guest, templates)]
        bridges = zip(online, _each(self._bridges, online), strict=True)
        return ClusterFacts(
            cluster=self.name,
            read_at=datetime.now(UTC),
            quorate=self._quorate(),
            nodes=nodes,
            storages=tuple(parsing.storage(row) for row in storages),
            guests=guests,
            templates=tuple(
                reading
                for reading in _each(lambda guest: self._template(guest, storages), wanted)
                if reading
            ),
            bridges={node: names for node, names in bridges if names is not None},
        )

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
        rows = self._connection.rows("cluster", "resources", type="vm")
        listed = [row for row in rows if row.get("vmid") == vmid]
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
        rows = self._connection.rows("cluster", "resources", type="storage")
        storages = [parsing.storage(row) for row in rows]
        usable = [s for s in storages if s.active and s.content & {"images", "rootdir"}]
        asked = {(s.name, "" if s.shared else s.node): s.node for s in reversed(usable)}

        def on(place: tuple[str, str]) -> list[tuple[str, str]]:
            node, storage = place
            content = self._connection.rows(
                "nodes", node, "storage", storage, "content", vmid=vmid, content="images"
            )
            return [(node, str(r["volid"])) for r in content if str(r.get("vmid")) == str(vmid)]

        places = [(node, storage) for (storage, _), node in asked.items()]
        return tuple(sorted(volume for found in _each(on, places) for volume in found))

    def clone_task(self, clone: Clone, since: datetime) -> TaskHandle | None:
        """See ``Hypervisor``; Retriable while a running task does not yet say whom it makes."""
        return self._tasks.clone_task(clone, since)

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
            case Destroy():
                return self._destroy(order)
            case FreeVolume():
                call = orders.volume_call(order)
                if not self._is_free(order.vmid):
                    raise orders.volume_in_use(order)
                return tasks.handle(self._send(call), order.node)
            case _:
                return self._simple(order)

    def task(self, handle: TaskHandle) -> TaskState:
        """See ``Hypervisor``. For an HA guest only the request has ended: poll ``machine`` (17)."""
        return self._tasks.state(handle)

    def guest(self, machine: Machine) -> GuestReport:
        """See ``Hypervisor``. While the agent is away the cluster takes three seconds to say so."""
        return agent.guest(self._connection, machine)

    def _simple(self, order: orders.Simple) -> TaskHandle:
        node = self._nodes_of.get(order.vmid, order.node)
        for attempt in (1, 2):
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

    def _destroy(self, order: Destroy) -> TaskHandle:
        machine = self.machine(order.vmid)
        if machine is None:
            return TaskHandle("", order.node)
        orders.check_destroy(order, machine)
        handle = tasks.handle(
            self._send(orders.destroy_call(machine.node, order.vmid)), machine.node
        )
        self._nodes_of.pop(order.vmid, None)
        return handle

    def _send(self, call: orders.Call) -> Any:
        return self._connection.send(call.method, *call.path, **call.data)

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

    def _check_sight(self, nodes: tuple[NodeReading, ...], storages: list[dict[str, Any]]) -> None:
        """Without the rights to see, the listing has no figures and no storages, and no error."""
        online = [node for node in nodes if node.online]
        missing = ""
        if online and not any(node.memory_mb for node in online):
            missing = "(/nodes, Sys.Audit)"
        elif online and not storages:
            missing = "(/storage, Datastore.Audit)"
        if missing:
            rejection = Rejection(403, f"Permission check failed {missing}")
            raise self._connection.failure(rejection, reading=True)

    def _quorate(self) -> bool:
        """Without the right to see it, quorum is assumed: a write will tell."""
        try:
            rows = self._connection.rows("cluster", "status")
        except (ActionNeeded, Retriable):
            return True
        return all(bool(row.get("quorate")) for row in rows if row.get("type") == "cluster")

    def _bridges(self, node: str) -> frozenset[str] | None:
        """None where the node does not tell, which is no reason to fail."""
        try:
            rows = self._connection.rows("nodes", node, "network", type="any_bridge")
        except (ActionNeeded, Refused, Retriable):
            return None
        return frozenset(str(row["iface"]) for row in rows if row.get("iface"))

    def _template(
        self, guest: GuestReading, storages: list[dict[str, Any]]
    ) -> TemplateReading | None:
        there = {row["storage"]: row for row in storages if row["node"] == guest.node}
        try:
            config: Mapping[str, Any] = self._connection.record(
                "nodes", guest.node, "qemu", guest.vmid, "config", current=1
            )
        except (Retriable, Refused):
            return None
        return parsing.template(guest, config, there)


def _asked(guest: GuestReading, keys: tuple[TemplateKey, ...]) -> bool:
    return guest.template and any(
        guest.vmid == key.vmid or (key.tag is not None and key.tag in guest.tags) for key in keys
    )


def _each(work: Callable[[_T], _R], items: Iterable[_T]) -> list[_R]:
    """The results in order, a few at once: one slow node does not hold up the rest."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))
