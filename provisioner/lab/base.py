"""The lab's cluster above fakepve: plan, clock, faults and the answers that several parts share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiohttp import web
from fakepve.model import PveError
from fakepve.server import FakePve

from provisioner.lab.faults import Faults
from provisioner.lab.plan import LabPlan

# What fakepve keeps of a VM; it ships no types.
Vm = Any
Values = dict[str, Any]
LOCK_WAIT = 10.0
"""Seconds that a real cluster waits for the lock of a VM or a storage."""


class Base(FakePve):  # type: ignore[misc]  # fakepve is untyped
    """One simulated cluster; other modules of this package add a subject each by subclassing."""

    def __init__(self, plan: LabPlan, faults: Faults) -> None:
        super().__init__(user="root@pam", password=plan.root_password, host="127.0.0.1", port=0)
        self.plan = plan
        self.faults = faults
        self.time_scale = 1 / plan.speed
        self.lock_wait = max(LOCK_WAIT, plan.least_patience * plan.speed)
        self.cluster_name = plan.name
        self.version, self.release_version = "9.1.8", "9.1"
        self.acl: Values = {}
        self.nodes = {node.name: {"online": True} for node in plan.nodes}
        self.max_requests = 2000
        self._background: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run ``work`` beside the requests until it ends or the lab stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def node_online(self, node: str) -> bool:
        return not self.faults.active("node-offline", node=node)

    def need_quorum(self) -> None:
        online = sum(self.node_online(node) for node in self.nodes)
        if self.faults.active("no-quorum") or 2 * online <= len(self.nodes):
            raise PveError(500, "cluster not ready - no quorum?")

    def _token_secret(self, request: web.Request) -> tuple[str, str] | None:
        header = request.headers.get("Authorization", "")
        if not header.startswith("PVEAPIToken="):
            return None
        token, _, secret = header.removeprefix("PVEAPIToken=").partition("=")
        return token, secret
