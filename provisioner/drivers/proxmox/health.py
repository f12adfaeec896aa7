"""How a cluster is doing, in few calls: what one node keeps from us does not hide the rest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from provisioner.drivers.hypervisor.health import ClusterHealth, FailedTask, NodeHealth
from provisioner.drivers.proxmox import parsing, survey
from provisioner.drivers.proxmox.at_once import each
from provisioner.drivers.proxmox.connection import Connection
from provisioner.errors import ActionNeeded, Refused, Retriable

_T = TypeVar("_T")
_SHOWN = ("pveproxy-ssl.pem", "pve-ssl.pem")
"""What a node's API shows: its own certificate where it was given one, else the cluster's."""
_MOST_TASKS, _MOST_CHARACTERS = 100, 300
_NODES_AT_ONCE = 16
SECONDS = 6.0
"""An answer is waited for so long: a node that hangs is asked over each address, and a check has
twenty seconds."""
_BACK = timedelta(days=1)


class Untold(dict[str, str]):
    """What could not be read and why; ``ask`` puts it there instead of failing."""

    away = False
    """Whether a question got no answer at all, so that the next would only cost time."""

    def ask(self, what: str, question: Callable[[], _T]) -> _T | None:
        """The answer, None where there is none."""
        if self.away:
            return None
        try:
            return question()
        except (ActionNeeded, Refused, Retriable) as failure:
            self[what] = str(failure.what)[:_MOST_CHARACTERS]
            self.away = isinstance(failure, Retriable)
            return None


def health(connection: Connection, rarely: survey.Rarely) -> ClusterHealth:
    """The listing first: whoever does not answer that cannot be asked at all."""
    at = datetime.now(UTC)
    rows = connection.rows("cluster", "resources")
    untold = Untold()
    version = untold.ask(
        "version",
        lambda: rarely.read("version", lambda: str(connection.record("version")["version"])),
    )
    status = untold.ask("quorum", lambda: connection.rows("cluster", "status")) or []
    emptied = survey.maintenance(connection)
    votes = {row["name"]: bool(row.get("online")) for row in status if row.get("type") == "node"}
    listed = [row for row in rows if row.get("type") == "node"]
    asked = each(
        lambda row: _node(connection, row, votes, emptied, at), listed, at_once=_NODES_AT_ONCE
    )
    for _, _, kept in asked:
        untold.update(kept)
    failed = sorted((task for _, tasks, _ in asked for task in tasks), key=lambda t: t.ended_at)
    return ClusterHealth(
        cluster=connection.name,
        at=at,
        version=version or "",
        quorate=all(row.get("quorate") for row in status if row.get("type") == "cluster"),
        nodes=tuple(node for node, _, _ in asked),
        storages=tuple(parsing.storage(row) for row in rows if row.get("type") == "storage"),
        failed=tuple(reversed(failed)),
        untold=untold,
    )


def _node(
    connection: Connection,
    row: Mapping[str, Any],
    votes: Mapping[str, bool],
    emptied: frozenset[str],
    at: datetime,
) -> tuple[NodeHealth, list[FailedTask], Untold]:
    """One node, its failed tasks, and what it does not tell; one that is away is asked once."""
    name = str(row["node"])
    untold = Untold()
    online = votes.get(name, row.get("status") == "online")
    offset = until = tasks = None
    if online:
        offset = untold.ask(f"node {name}", lambda: _clock_offset(connection, name))
        until = untold.ask(f"certificates {name}", lambda: _certificate(connection, name))
        tasks = untold.ask(f"tasks {name}", lambda: _failed(connection, name, at - _BACK))
    if online and not row.get("maxmem"):
        untold.setdefault(f"node {name}", "the cluster's list has no figures of it")
    return (
        NodeHealth(
            name=name,
            online=online,
            maintenance=name in emptied,
            cpu_percent=percent(row.get("cpu"), 1 if row.get("maxcpu") else None),
            memory_percent=percent(row.get("mem"), row.get("maxmem")),
            root_percent=percent(row.get("disk"), row.get("maxdisk")),
            uptime=float(row["uptime"]) if row.get("uptime") else None,
            clock_offset=offset,
            certificate_until=until,
        ),
        tasks or [],
        untold,
    )


def percent(part: object, whole: object) -> float | None:
    """None where either is not told, or there is nothing to share."""
    if not isinstance(part, int | float) or not isinstance(whole, int | float) or not whole:
        return None
    return round(100 * part / whole, 1)


def _clock_offset(connection: Connection, node: str) -> float:
    """PVE tells whole seconds, cut off; half a second is taken for the rest of it."""
    before = time.time()
    told = float(connection.record("nodes", node, "time")["time"])
    return round(told + 0.5 - (before + time.time()) / 2, 1)


def _certificate(connection: Connection, node: str) -> datetime | None:
    rows = connection.rows("nodes", node, "certificates", "info")
    ends = {row.get("filename"): row.get("notafter") for row in rows}
    end = next((ends[name] for name in _SHOWN if name in ends), None)
    return datetime.fromtimestamp(end, UTC) if isinstance(end, int) else None


def _failed(connection: Connection, node: str, since: datetime) -> list[FailedTask]:
    """Each node is asked for its own: the cluster's list has only the last 25 of each."""
    start = int(since.timestamp())
    rows = connection.rows("nodes", node, "tasks", errors=1, since=start, limit=_MOST_TASKS)
    return [
        FailedTask(
            node=node,
            kind=str(row.get("type") or ""),
            id=str(row.get("id") or ""),
            ended_at=datetime.fromtimestamp(int(row.get("endtime") or row["starttime"]), UTC),
            text=str(row["status"])[:_MOST_CHARACTERS],
        )
        for row in rows
        if row.get("status") and not re.match(r"OK$|RUNNING$|WARNINGS:", str(row["status"]))
    ]
