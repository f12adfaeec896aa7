"""The cluster's tasks: where one is, what its end means, and which one made a VM."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from proxmoxer.tools import Tasks as Upid

from provisioner.drivers.hypervisor import (
    BackUp,
    Clone,
    Configure,
    DropBackup,
    DropSnapshot,
    GrowDisk,
    Migrate,
    PowerOff,
    PowerOn,
    Restart,
    RestoreBackup,
    RollBack,
    Shutdown,
    TakeSnapshot,
    TaskHandle,
    TaskState,
    VmOrder,
)
from provisioner.drivers.proxmox.at_once import each
from provisioner.drivers.proxmox.connection import Connection, Rejection
from provisioner.drivers.proxmox.failures import from_text
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable
from provisioner.texts import say

_TAIL, _LINE = 20, 500
_LOG_LINES = 5000
_UNKNOWN_SECONDS = 15.0
"""So long a task that the node does not know (yet) counts as running (pitfall 10)."""

_CLOCK_SECONDS = 5
"""How far a node's clock may be behind ours."""

_NOT_THERE = re.compile(r"no such task|unable to parse worker upid")
_VAGUE = re.compile(r"job errors|migration aborted|migration problems|.*failed: exit code \d+")
_NO_ROOM = re.compile(r"No space left on device|out of space|quota exceeded")
_CAUSE = re.compile(r"ERROR: (?:Backup of VM \d+ failed - |migration aborted(?: \([^)]*\))?: )(.+)")
_WANTED_STATES = {
    "qmstart": re.compile(r"already running"),
    "qmstop": re.compile(r"not running"),
    "qmshutdown": re.compile(r"not running"),
    "qmdestroy": re.compile(r"does not exist|unable to find configuration file"),
    "qmdelsnapshot": re.compile(r"^snapshot '[^']*' does not exist"),
    "qmtemplate": re.compile(r"can't convert a template to a template"),
}
_TASK_TYPES: Mapping[type, frozenset[str]] = {
    Configure: frozenset({"qmconfig"}),
    GrowDisk: frozenset({"resize"}),
    PowerOn: frozenset({"qmstart", "hastart"}),
    PowerOff: frozenset({"qmstop", "hastop"}),
    Shutdown: frozenset({"qmshutdown", "hastop"}),
    Restart: frozenset({"qmreboot"}),
    TakeSnapshot: frozenset({"qmsnapshot"}),
    RollBack: frozenset({"qmrollback"}),
    DropSnapshot: frozenset({"qmdelsnapshot"}),
    Migrate: frozenset({"qmigrate", "hamigrate"}),
    BackUp: frozenset({"vzdump"}),
    RestoreBackup: frozenset({"qmrestore"}),
    DropBackup: frozenset({"imgdel"}),
}
"""The tasks that an order becomes; for HA guests the wish that is passed on (17)."""


def handle(answer: Any, node: str) -> TaskHandle:
    """The task of an answer, which is its UPID, or nothing where the call was done at once."""
    if not isinstance(answer, str) or not answer.startswith("UPID:"):
        return TaskHandle("", node)
    return TaskHandle(answer, _upid(answer).get("node", node))


class Tasks:
    """The tasks of one cluster."""

    def __init__(self, connection: Connection, unknown_seconds: float = _UNKNOWN_SECONDS) -> None:
        self._connection, self._unknown_seconds = connection, unknown_seconds
        self._missed: dict[str, float] = {}

    def state(self, task: TaskHandle) -> TaskState:
        """Where the task is. Raises OutcomeUnknown when the node keeps not knowing it."""
        if not task.id:
            return TaskState("ok", exit="OK")
        try:
            status = self._connection.record(
                "nodes", task.node, "tasks", task.id, "status", raw=True
            )
        except Rejection as rejection:
            if not _NOT_THERE.search(rejection.text):
                raise self._connection.failure(rejection, reading=True) from None
            return self._not_there(task)
        self._missed.pop(task.id, None)
        if status.get("status") != "stopped":
            return TaskState("running")
        exit_ = str(status.get("exitstatus") or "unexpected status")
        if exit_ == "OK" or _is_wanted(task, exit_):
            return TaskState("ok", exit=exit_)
        log = self._tail(task)
        if re.fullmatch(r"WARNINGS: \d+", exit_):
            return TaskState("ok", exit=exit_, warnings=True, log=log)
        exit_ = self._connection.masked(_cause(exit_, log))
        log = (f"{task.id} (node {task.node})", *log)  # by this it is found in the task list
        failure = from_text(exit_, cluster=self._connection.name, log=log)
        return TaskState("failed", exit=exit_, log=log, failure=failure)

    def clone_task(self, clone: Clone, since: datetime) -> TaskHandle | None:
        """The newest clone task of our token since then whose log names the new VMID (pitfall 9).

        Raises Retriable while a task has not yet written whom it makes.
        """
        node = clone.template_node
        rows = self._connection.rows(
            "nodes",
            node,
            "tasks",
            typefilter="qmclone",
            vmid=clone.template,
            since=int(since.timestamp()) - _CLOCK_SECONDS,
            source="all",
            limit=500,
        )
        pending = False
        for row in sorted(rows, key=lambda row: -int(row.get("starttime") or 0)):
            upid = str(row.get("upid"))
            if not self._is_ours(upid, clone, since):
                continue
            named = self._clones(node, upid)
            if named == (clone.template, clone.vmid):
                return TaskHandle(upid, node)
            pending = pending or (named is None and "endtime" not in row)
        if pending:
            raise Retriable(
                say("A clone on node %(node)s has only just begun.", node=node),
                meaning=say("The cluster does not tell yet which VM it makes."),
                next=say("Nothing to do: it is looked at again by itself."),
                after=1,
            )
        return None

    def order_task(
        self, order: VmOrder, since: datetime, may_know: Collection[str]
    ) -> TaskHandle | None:
        """The newest task of our token for the order, on any node.

        Raises Retriable when one of ``may_know`` is away and no other has it.
        """
        types = _TASK_TYPES.get(type(order))
        if types is None:
            return None
        id_ = str(order.vmid)
        if isinstance(order, DropBackup):
            id_ += "@" + order.volume.partition(":")[0]
        away: list[str] = []
        nodes = [str(row["node"]) for row in self._connection.rows("nodes")]
        found = [
            upid
            for upids in each(lambda node: self._started(node, id_, since, away), nodes)
            for upid in upids
            if self._is_own(upid, types, id_, since)
        ]
        if found:
            newest = max(found, key=lambda upid: int(_upid(upid)["starttime"]))
            return handle(newest, order.node)
        if missing := sorted(set(away) & set(may_know)):
            raise Retriable(
                say("Node %(node)s, which may know the task, is away.", node=missing[0]),
                meaning=say("Whether the order was carried out cannot be told at the moment."),
                next=say("It is tried again by itself; the administrator checks the node."),
                after=15,
            )
        return None

    def _started(self, node: str, id_: str, since: datetime, away: list[str]) -> list[str]:
        """Tasks with that id on a node; one that does not answer goes to ``away``."""
        start = int(since.timestamp()) - _CLOCK_SECONDS
        only = {"vmid": id_} if id_.isdigit() else {"typefilter": "imgdel"}
        try:
            rows = self._connection.rows(
                "nodes", node, "tasks", since=start, source="all", limit=500, **only
            )
        except Retriable:
            away.append(node)
            return []
        return [str(row.get("upid")) for row in rows]

    def _is_ours(self, upid: str, clone: Clone, since: datetime) -> bool:
        return self._is_own(upid, frozenset({"qmclone"}), str(clone.template), since)

    def _is_own(self, upid: str, types: frozenset[str], id_: str, since: datetime) -> bool:
        task = _upid(upid)
        return (
            task.get("type") in types
            and task["id"] == id_
            and task["starttime"] >= int(since.timestamp()) - _CLOCK_SECONDS
            # decode_upid cuts the token off the user: compare the field itself
            and upid.split(":")[7] == self._connection.token_id
        )

    def _clones(self, node: str, upid: str) -> tuple[int, int] | None:
        for line in self._log(node, upid, 10):
            if found := re.search(r"creating a clone of VM (\d+) with ID (\d+)", line):
                return int(found[1]), int(found[2])
        return None

    def _tail(self, task: TaskHandle) -> tuple[str, ...]:
        try:
            lines = self._log(task.node, task.id, _LOG_LINES)
        except (ActionNeeded, Refused, Retriable):
            return ()  # the task's own word matters more than its log
        return tuple(self._connection.masked(line)[:_LINE] for line in lines[-_TAIL:])

    def _log(self, node: str, upid: str, limit: int) -> list[str]:
        rows = self._connection.rows("nodes", node, "tasks", upid, "log", start=0, limit=limit)
        return [str(row.get("t") or "") for row in sorted(rows, key=lambda row: int(row["n"]))]

    def _not_there(self, task: TaskHandle) -> TaskState:
        now = time.monotonic()
        if now - self._missed.setdefault(task.id, now) < self._unknown_seconds:
            return TaskState("running")
        del self._missed[task.id]
        raise OutcomeUnknown(
            say("Node %(node)s does not know the task %(task)s.", node=task.node, task=task.id),
            meaning=say("Its end can no longer be read; what it did may or may not be done."),
            next=say("Look at the VM itself before anything is repeated."),
        )


def _upid(text: str) -> dict[str, Any]:
    try:
        decoded: dict[str, Any] = Upid.decode_upid(text)
    except (AssertionError, ValueError):
        return {}
    return decoded


def _cause(exit_: str, log: Sequence[str]) -> str:
    """What the log says went wrong, where the end of the task only says that something did."""
    if not _VAGUE.fullmatch(exit_):
        return exit_
    full = next((line.strip() for line in log if _NO_ROOM.search(line)), "")
    causes = [full, *(found[1].strip() for line in log if (found := _CAUSE.search(line)))]
    return next((f"{exit_}: {cause}" for cause in causes if cause), exit_)


def _is_wanted(task: TaskHandle, exit_: str) -> bool:
    """Whether the task failed only because what it wants was so already."""
    wanted = _WANTED_STATES.get(str(_upid(task.id).get("type")))
    return bool(wanted and wanted.search(exit_))
