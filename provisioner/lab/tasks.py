"""Tasks as a real node shows them: token names, log shape, sources, and failures on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from typing import Any

from aiohttp import web
from fakepve.model import PveError, TaskError
from fakepve.routing import param_error
from fakepve.server import USER, ok, params

from provisioner.lab.accounts import Accounts
from provisioner.lab.base import Values, Vm

_current: ContextVar[Values] = ContextVar("lab_task")


class DiskLeft(TaskError):  # type: ignore[misc]  # fakepve is untyped
    """A failure after which the cluster does not free what it had made."""


class Tasks(Accounts):
    """Runs the cluster's tasks; bodies of ours call ``checkpoint`` where they can be broken."""

    def note(self, *lines: str) -> None:
        """Add lines to the log of the task that is running."""
        _current.get()["log"].extend(lines)

    async def checkpoint(self) -> None:
        """Where the faults ``task-slow`` and ``task-fails`` strike."""
        kind = _current.get()["type"]
        slow = self.faults.active("task-slow", type=kind)
        if slow:
            await self.pause(float(slow.options["seconds"]))
        self._no_write(_current.get())
        fault = self.faults.take("task-fails", type=kind)
        if fault:
            raise (DiskLeft if fault.options["leave"] else TaskError)(fault.options["text"])

    def middle(self, name: str, **asked: object) -> None:
        """Where a fault that is named after a kind of work breaks it off in its middle."""
        fault = self.faults.take(name, **asked)
        if fault:
            raise TaskError(fault.options["text"])

    def _no_write(self, record: Values) -> None:
        """Without quorum /etc/pve is read-only, also for a task that runs already."""
        if self.faults.active("no-quorum"):
            where = f"/etc/pve/nodes/{record['node']}/qemu-server/{record['id']}.conf.tmp"
            raise TaskError(f"unable to open file '{where}.{record['pid']}' - Permission denied")

    def break_off(self, node: str) -> None:
        """The node dies: what runs there ends without a word and leaves what it had done."""
        for record in self.tasklog:
            if record["node"] == node and record["status"] == "running":
                record["work"].cancel()

    async def task(
        self,
        node: str,
        ttype: str,
        tid: object,
        user: str,
        body: Callable[[], Awaitable[str | None]],
        vm: Vm = None,
        lock: bool = True,
        log: Iterable[str] = (),
        own: bool = False,
    ) -> str:
        """Start a task and return its UPID; ``own`` bodies make their own checkpoints."""
        upid, pid, start = self._upid(node, ttype, tid, user)
        record: Values = {
            "upid": upid,
            "node": node,
            "pid": pid,
            "pstart": pid * 7,
            "starttime": start,
            "type": ttype,
            "id": str(tid),
            "user": user,
            "status": "running",
            "log": list(log),
            "clock": time.monotonic(),
        }
        self.tasks[upid] = record
        self.tasklog.append(record)
        record["work"] = self.begin(self._run(record, body, vm if lock else None, own))
        return str(upid)

    async def _run(
        self, record: Values, body: Callable[[], Awaitable[str | None]], vm: Vm, own: bool
    ) -> None:
        _current.set(record)
        status = "OK"
        try:
            if vm is not None:
                await self.acquire(vm, record["upid"])
            try:
                if not own:
                    await self.checkpoint()
                text = await body()
                self.note(*(text or "").splitlines())
            finally:
                if vm is not None:
                    self.release(vm, record["upid"])
        except (TaskError, PveError) as error:
            status = str(error)
        except asyncio.CancelledError:
            record.update(exitstatus="unexpected status", endtime=int(time.time()))
            record.update(status="stopped")
            raise
        record["log"].append("TASK OK" if status == "OK" else f"TASK ERROR: {status}")
        record["seconds"] = time.monotonic() - record["clock"]
        record.update(exitstatus=status, endtime=int(time.time()), status="stopped")

    def _task_view(self, task: Values, listing: bool = False) -> Values:
        view = {k: v for k, v in task.items() if k not in ("log", "clock", "seconds", "work")}
        user, _, token = task["user"].partition("!")
        view["user"] = user
        if token:
            view["tokenid"] = token
        if listing:
            view["status"] = view.pop("exitstatus", "RUNNING")
        else:
            view.pop("endtime", None)
        return view

    def _get_task(self, request: web.Request) -> Any:
        upid = request.match_info["upid"]
        if upid not in self.tasks:
            raise param_error(upid="no such task")
        return super()._get_task(request)

    async def _task_list(self, request: web.Request) -> web.Response:
        p = self._verify(request, await params(request))
        node, user = request.match_info["node"], request[USER]
        audit = self.allowed(user, "/nodes/" + node, "Sys.Audit")
        source = p.get("source", "archive")
        found = [
            self._task_view(t, listing=True)
            for t in reversed(self.tasklog)
            if t["node"] == node
            and (audit or self._task_owner(user, t))
            and source in ("all", "active" if t["status"] == "running" else "archive")
            and p.get("vmid") in (None, int(t["id"]) if t["id"].isdecimal() else 0)
            and p.get("typefilter") in (None, t["type"])
            and p.get("userfilter", "") in t["user"]
            and t["starttime"] >= p.get("since", 0)
            and t["starttime"] <= p.get("until", t["starttime"])
        ]
        if p.get("errors"):
            found = [t for t in found if t["status"] not in ("OK", "RUNNING")]
        start = p.get("start", 0)
        page = found[start : start + (p.get("limit", 50) or len(found))]
        return web.json_response({"data": page, "total": len(found)})

    async def _task_log(self, request: web.Request) -> web.Response:
        p = self._verify(request, await params(request))
        lines = self._get_task(request)["log"]
        start = p.get("start", 0)
        page = [{"n": n, "t": line} for n, line in enumerate(lines, 1)]
        return web.json_response(
            {"data": page[start : start + (p.get("limit", 50) or len(page))], "total": len(lines)}
        )

    async def _task_status(self, request: web.Request) -> web.Response:
        self._verify(request, await params(request))
        answer: web.Response = ok(self._task_view(self._get_task(request)))
        return answer
