"""How one VM is doing: what many VMs share is read once for all that are asked about at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.drivers.hypervisor import (
    GuestFacts,
    GuestReport,
    Machine,
    SnapshotReading,
    VolumeReading,
)
from provisioner.drivers.hypervisor.health import VmHealth
from provisioner.drivers.proxmox import agent, parsing
from provisioner.drivers.proxmox.at_once import each
from provisioner.drivers.proxmox.connection import Connection, Rejection
from provisioner.drivers.proxmox.health import Untold, percent
from provisioner.drivers.proxmox.orders import NOT_THERE
from provisioner.drivers.proxmox.survey import Rarely
from provisioner.errors import ActionNeeded, Refused, Retriable

Rows = list[dict[str, Any]]
Kept = tuple[list[VolumeReading], str]
"""The backups of all VMs, and which storage did not tell its own."""


def vm_health(
    connection: Connection,
    rarely: Rarely,
    vmid: int,
    find: Callable[[int], Machine | None],
    backups: Callable[[Rows], Kept],
) -> VmHealth:
    """``find`` looks on every node, for a VM that is not where the listing has it."""
    rows = rarely.read("resources", lambda: connection.rows("cluster", "resources"))
    try:
        read = None if _node_off(rows, vmid) else _look(connection, rows, vmid, find)
    except Retriable:
        if not _node_off(connection.rows("cluster", "resources"), vmid):
            raise
        read = None
    if read is None:  # the kept listing may be the one from before the node came back
        rows = connection.rows("cluster", "resources")
        if node := _node_off(rows, vmid):
            why = f"node {node} is off"
            return VmHealth(vmid, None, node_online=False, untold={"machine": why})
        read = _look(connection, rows, vmid, find)
    if read is None:
        return VmHealth(vmid, None)
    machine, status = read
    untold = Untold()
    report, inside = _inside(connection, machine, untold)
    snapshots = Untold()
    taken = snapshots.ask("snapshots", lambda: _snapshots(connection, machine))
    kept, missing = backups(rows)
    untold |= snapshots
    if missing:
        untold["backups"] = missing
    own = [volume for volume in kept if volume.vmid == vmid]
    return VmHealth(
        vmid=vmid,
        machine=machine,
        state=str(status.get("qmpstatus") or ""),
        working=_working(connection, machine, untold) if machine.lock else "",
        report=report,
        inside=inside,
        snapshots=taken or (),
        backups=tuple(sorted(own, key=lambda v: v.made_at or parsing.EPOCH, reverse=True)),
        cpu_percent=percent(status.get("cpu"), 1) if machine.power == "running" else None,
        memory_percent=percent(status.get("mem") or None, status.get("maxmem")),
        uptime=float(status["uptime"]) if status.get("uptime") else None,
        untold=untold,
    )


def _look(
    connection: Connection, rows: Rows, vmid: int, find: Callable[[int], Machine | None]
) -> tuple[Machine, Mapping[str, Any]] | None:
    """Where the listing has it, else wherever it is."""
    listed = _listed(rows, vmid)
    read = _read(connection, str(listed["node"]), vmid) if listed else None
    found = find(vmid) if read is None else None
    return _read(connection, found.node, vmid) if found else read


def _listed(rows: Rows, vmid: int) -> Mapping[str, Any] | None:
    found = (row for row in rows if row.get("type") == "qemu" and row.get("vmid") == vmid)
    return next(found, None)


def _node_off(rows: Rows, vmid: int) -> str:
    """The node that it is on, where that is off; '' otherwise."""
    listed = _listed(rows, vmid)
    off = {r["node"] for r in rows if r.get("type") == "node" and r.get("status") != "online"}
    return str(listed["node"]) if listed and listed["node"] in off else ""


def _read(connection: Connection, node: str, vmid: int) -> tuple[Machine, Mapping[str, Any]] | None:
    """Its configuration and state; None where that node has no such VM."""
    path = ("nodes", node, "qemu", vmid)
    try:
        config = connection.record(*path, "config", raw=True, current=1)
        status = connection.record(*path, "status", "current", raw=True)
    except Rejection as rejection:
        if NOT_THERE.search(rejection.text):
            return None
        raise connection.failure(rejection, reading=True) from None
    return parsing.machine(node, config, status), status


def _inside(
    connection: Connection, machine: Machine, untold: Untold
) -> tuple[GuestReport | None, GuestFacts | None]:
    """A silent agent costs the cluster three seconds, so it is not asked twice."""
    if machine.power != "running" or not parsing.has_agent(machine.options.get("agent")):
        return None, None
    report = untold.ask("agent", lambda: agent.heard(connection, machine))
    if report is None or not report.answering:
        return report, None
    inside = untold.ask("agent", lambda: agent.facts(connection, machine, ("get-fsinfo",)))
    return report, inside


def _working(connection: Connection, machine: Machine, untold: Untold) -> str:
    """A backup of several VMs is one task without a number, so it is known by the lock."""
    tasks = untold.ask(
        "tasks", lambda: connection.rows("nodes", machine.node, "tasks", source="active")
    )
    for task in tasks or ():
        whole = task.get("type") == "vzdump" and machine.lock == "backup"
        if whole or task.get("id") == str(machine.vmid):
            return str(task.get("type"))
    return ""


def _snapshots(connection: Connection, machine: Machine) -> tuple[SnapshotReading, ...]:
    rows = connection.rows("nodes", machine.node, "qemu", machine.vmid, "snapshot")
    found = [parsing.snapshot(row) for row in rows if row.get("name") != "current"]
    return tuple(sorted(found, key=lambda snapshot: snapshot.taken_at))


def backups(connection: Connection, rows: Rows) -> Kept:
    """Every backup, one call for each storage; one that does not tell is named."""
    storages = [parsing.storage(row) for row in rows if row.get("type") == "storage"]
    wanted = [s for s in storages if "backup" in s.content]
    if not wanted:
        return [], "no storage for backups is to be seen"
    places = {(s.name, "" if s.shared else s.node): s for s in reversed(wanted) if s.active}
    silent = {s.name for s in wanted if (s.name, "" if s.shared else s.node) not in places}

    def on(place: tuple[str, str]) -> list[VolumeReading]:
        node, storage = places[place].node, place[0]
        try:
            found = connection.rows("nodes", node, "storage", storage, "content", content="backup")
        except (ActionNeeded, Refused, Retriable):
            silent.add(storage)
            return []
        return [parsing.volume(node, row) for row in found if row.get("content") == "backup"]

    kept = [volume for found in each(on, places) for volume in found]
    return kept, f"storage {', '.join(sorted(silent))} does not answer" if silent else ""
