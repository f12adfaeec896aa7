"""The lab's cluster above fakepve: plan, clock, faults and the answers that several parts share."""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.parse
from collections.abc import Coroutine
from typing import Any

from aiohttp import web
from fakepve.model import FakeVm, PveError
from fakepve.server import FakePve, params

from provisioner.lab.faults import Faults
from provisioner.lab.plan import LabPlan

# What fakepve keeps of a VM; it ships no types.
Vm = Any
Values = dict[str, Any]
LOCK_WAIT = 10.0
"""Seconds that a real cluster waits for the lock of a VM or a storage."""


async def form(request: web.Request) -> Values:
    """The parameters of a write, those that are given empty too (fakepve leaves these out)."""
    found: Values = await params(request)
    if request.content_type == "application/x-www-form-urlencoded":
        body = (await request.read()).decode()
        given = urllib.parse.parse_qsl(body, keep_blank_values=True)
        found.update({key: value for key, value in given if not value})
    return found


class LabVm(FakeVm):  # type: ignore[misc]  # fakepve is untyped
    """A VM whose digest changes with pending changes too, as that of its file does."""

    def digest(self) -> str:
        text = json.dumps([self.config, self.pending, self.snapshots], sort_keys=True, default=str)
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Base(FakePve):  # type: ignore[misc]  # fakepve is untyped
    """One simulated cluster; other modules of this package add a subject each by subclassing."""

    def __init__(self, plan: LabPlan, faults: Faults) -> None:
        super().__init__(user="root@pam", password=plan.root_password, host="127.0.0.1", port=0)
        self.plan = plan
        self.faults = faults
        self.time_scale = 1 / plan.speed
        self.lock_wait = max(LOCK_WAIT, plan.least_patience * plan.speed)
        self.cluster_name = plan.name
        self.version = plan.version
        self.release_version = ".".join(plan.version.split(".")[:2])
        self.old = int(plan.version.split(".")[0]) < 9
        """PVE 8: one privilege VM.Monitor instead of those of the guest agent."""
        self.acl: Values = {}
        self.nodes = {node.name: {"online": True} for node in plan.nodes}
        self.max_requests = 2000
        self._background: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run ``work`` beside the requests until it ends or the lab stops."""
        _ = self.begin(work)

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """As ``spawn``; what it returns can be cancelled."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def node_online(self, node: str) -> bool:
        away = ("node-offline", "node-gone")
        return not any(self.faults.active(name, node=node) for name in away)

    def quorate_now(self) -> bool:
        online = sum(self.node_online(node) for node in self.nodes)
        return not self.faults.active("no-quorum") and 2 * online > len(self.nodes)

    def need_quorum(self) -> None:
        if not self.quorate_now():
            raise PveError(500, "cluster not ready - no quorum?")

    def _token_secret(self, request: web.Request) -> tuple[str, str] | None:
        header = request.headers.get("Authorization", "")
        if not header.startswith("PVEAPIToken="):
            return None
        token, _, secret = header.removeprefix("PVEAPIToken=").partition("=")
        return token, secret
