"""What planning asks of a cluster: capacity, storages, guests, templates, pools and rights."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from provisioner.drivers.hypervisor import (
    ClusterFacts,
    EnsurePool,
    GuestReading,
    NodeReading,
    Rights,
    TemplateKey,
    TemplateReading,
)
from provisioner.drivers.proxmox import parsing
from provisioner.drivers.proxmox.at_once import each
from provisioner.drivers.proxmox.connection import Connection, Rejection
from provisioner.errors import ActionNeeded, Refused, Retriable

_T = TypeVar("_T")


class Rarely:
    """What changes rarely, asked anew once it is as old as the cluster's own listing may be (30).

    Safe to share between threads: those that want the same at the same time ask once, and share
    the failure too. What could not be read is not kept.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Any, float]] = {}
        self._under_way: dict[str, Future[Any]] = {}

    def read(self, key: str, reader: Callable[[], _T]) -> _T:
        """What the reader gave a moment ago, or gives now."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and time.monotonic() - kept[1] < self._seconds:
                return cast(_T, kept[0])
            others = self._under_way.get(key)
            mine: Future[_T] = Future()
            if others is None:
                self._under_way[key] = mine
        if others is not None:
            return cast(_T, others.result())
        try:
            found = reader()
        except BaseException as error:
            self._end(key, None)
            mine.set_exception(error)
            raise
        self._end(key, found)
        mine.set_result(found)
        return found

    def _end(self, key: str, found: object) -> None:
        with self._lock:
            del self._under_way[key]
            if found:
                self._kept[key] = (found, time.monotonic())


def facts(
    connection: Connection, templates: tuple[TemplateKey, ...], rarely: Rarely
) -> ClusterFacts:
    """What /cluster/resources says, the bridges of each node, and the named templates."""
    rows = connection.rows("cluster", "resources")
    emptied = maintenance(connection)
    nodes = tuple(parsing.node(row, emptied) for row in rows if row.get("type") == "node")
    storages = [row for row in rows if row.get("type") == "storage"]
    guests = tuple(parsing.guest(row) for row in rows if row.get("type") in ("qemu", "lxc"))
    online = [node.name for node in nodes if node.online]
    _check_sight(connection, nodes, storages)
    wanted = [guest for guest in guests if guest.node in online and _asked(guest, templates)]
    bridges = each(
        lambda node: rarely.read(f"bridges of {node}", lambda: _bridges(connection, node)), online
    )
    readings = each(lambda guest: _template(connection, guest, storages), wanted)
    return ClusterFacts(
        cluster=connection.name,
        read_at=datetime.now(UTC),
        quorate=_quorate(connection),
        nodes=nodes,
        storages=tuple(parsing.storage(row) for row in storages),
        guests=guests,
        templates=tuple(reading for reading in readings if reading),
        bridges={
            node: names for node, names in zip(online, bridges, strict=True) if names is not None
        },
        version=rarely.read("version", lambda: _version(connection)),
        firewall_on=rarely.read("firewall", lambda: firewall_on(connection)),
    )


def firewall_on(connection: Connection) -> bool | None:
    """Of the whole cluster; None where it does not tell."""
    try:
        options = connection.record("cluster", "firewall", "options")
    except (ActionNeeded, Refused, Retriable):
        return None
    return str(options.get("enable", 0)) not in ("", "0")


def pools(connection: Connection) -> Mapping[str, frozenset[int]]:
    """The pools that the token sees, also those without members."""
    names = [str(row["poolid"]) for row in connection.rows("pools")]
    guests = connection.rows("cluster", "resources", type="vm")
    members = [
        (row["pool"], int(row["vmid"])) for row in guests if row.get("pool") and "vmid" in row
    ]
    return {
        name: frozenset(vmid for pool, vmid in members if pool == name)
        for name in dict.fromkeys([*names, *(pool for pool, _ in members)])
    }


def ensure_pool(connection: Connection, order: EnsurePool) -> None:
    """A pool that is there needs no right to make one."""
    if any(row.get("poolid") == order.pool for row in connection.rows("pools")):
        return
    try:
        connection.send("POST", "pools", raw=True, poolid=order.pool, comment=order.comment)
    except Rejection as rejection:
        if "already exists" not in rejection.text:
            raise connection.failure(rejection, reading=False) from None


def rights(connection: Connection) -> Rights:
    """What the cluster says of our own token."""
    version = connection.record("version")
    found: dict[str, Mapping[str, Any]] = connection.record("access", "permissions")
    return Rights(
        version=str(version.get("version") or ""),
        paths={path: frozenset(held) for path, held in found.items()},
        not_below={
            path: here
            for path, held in found.items()
            if (here := frozenset(name for name, below in held.items() if not int(below)))
        },
    )


def _asked(guest: GuestReading, keys: tuple[TemplateKey, ...]) -> bool:
    return guest.template and any(
        guest.vmid == key.vmid or (key.tag is not None and key.tag in guest.tags) for key in keys
    )


def _check_sight(
    connection: Connection, nodes: tuple[NodeReading, ...], storages: list[dict[str, Any]]
) -> None:
    """Without the rights to see, the listing has no figures and no storages, and no error."""
    online = [node for node in nodes if node.online]
    missing = ""
    if online and not any(node.memory_mb for node in online):
        missing = "(/nodes, Sys.Audit)"
    elif online and not storages:
        missing = "(/storage, Datastore.Audit)"
    if missing:
        rejection = Rejection(403, f"Permission check failed {missing}")
        raise connection.failure(rejection, reading=True)


def _quorate(connection: Connection) -> bool:
    """Without the right to see it, quorum is assumed: a write will tell."""
    try:
        rows = connection.rows("cluster", "status")
    except (ActionNeeded, Retriable):
        return True
    return all(bool(row.get("quorate")) for row in rows if row.get("type") == "cluster")


def maintenance(connection: Connection) -> frozenset[str]:
    """None where there is no HA or the token may not see it."""
    try:
        status = connection.record("cluster", "ha", "status", "manager_status")
    except (ActionNeeded, Refused, Retriable):
        return frozenset()
    return parsing.in_maintenance(status)


def _version(connection: Connection) -> str:
    try:
        return str(connection.record("version").get("version") or "")
    except (ActionNeeded, Refused, Retriable):
        return ""


def _bridges(connection: Connection, node: str) -> frozenset[str] | None:
    """None where the node does not tell, which is no reason to fail."""
    try:
        rows = connection.rows("nodes", node, "network", type="any_bridge")
    except (ActionNeeded, Refused, Retriable):
        return None
    return frozenset(str(row["iface"]) for row in rows if row.get("iface"))


def _template(
    connection: Connection, guest: GuestReading, storages: list[dict[str, Any]]
) -> TemplateReading | None:
    there = {row["storage"]: row for row in storages if row["node"] == guest.node}
    try:
        config: Mapping[str, Any] = connection.record(
            "nodes", guest.node, "qemu", guest.vmid, "config", current=1
        )
    except (Retriable, Refused):
        return None
    return parsing.template(guest, config, there)
