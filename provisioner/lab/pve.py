"""The whole simulated cluster: what stands at the start, its listeners, and faults of calls."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from fakepve.certs import make_cert
from fakepve.server import error

from provisioner.lab.base import Values
from provisioner.lab.faults import Fault, Faults
from provisioner.lab.guests import no_more
from provisioner.lab.mishaps import Mishaps
from provisioner.lab.plan import LabGuest, LabPlan

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_GONE = "connection dropped by the lab"
STRANGER = "not-ours"


class LabPve(Mishaps):
    """One cluster, with a listener and a certificate per node."""

    def __init__(self, plan: LabPlan, faults: Faults) -> None:
        super().__init__(plan, faults)
        self.calls = 0
        self.listening = {}
        self._sites: dict[str, web.TCPSite] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._own: dict[str, tuple[Path, Path, str]] = {}
        self._dice = random.Random()  # noqa: S311 - which call is dropped is no secret
        for pool in plan.pools:
            self._pool_join(pool, 0)
            self._pool_leave(0)
        for guest in plan.guests:
            self.stand(guest)
        self.pvestatd()

    # ----------------------------------------------------------- listening

    def _build_app(self) -> web.Application:
        app: web.Application = super()._build_app()
        app.middlewares.insert(0, self._lab)
        return app

    async def listen(self, certificates: dict[str, tuple[Path, Path, str]]) -> dict[str, int]:
        """Listen for every node with its (certificate, key, fingerprint); returns the ports."""
        self.runner = web.AppRunner(self._build_app(), access_log=None, shutdown_timeout=0.2)
        await self.runner.setup()
        ports = [*self.plan.ports, *([0] * len(self.nodes))]
        for node, port in zip(self.nodes, ports, strict=False):
            cert, key, fingerprint = certificates[node]
            self._contexts[node] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._own[node] = (cert, key, fingerprint)
            self._show(node, *self._own[node])
            await self.open(node, port)
        return {node: port for port, node in self.listening.items()}

    async def shut(self, node: str) -> None:
        site: Any = self._sites[node]
        await no_more(site._server.sockets)
        await site.stop()

    async def open(self, node: str, port: int) -> None:
        site = web.TCPSite(
            self.runner, self.host, port, ssl_context=self._contexts[node], reuse_address=True
        )
        await site.start()
        self._sites[node] = site
        server: Any = site._server
        self.listening[server.sockets[0].getsockname()[1]] = node

    def _show(self, node: str, cert: Path, key: Path, fingerprint: str) -> None:
        self._contexts[node].load_cert_chain(cert, key)
        self.fingerprints[node] = fingerprint

    def show_certificates(self) -> None:
        for node, own in self._own.items():
            changed = self.faults.active("certificate-changed", node=node)
            if changed and self.fingerprints[node] == own[2]:
                with tempfile.TemporaryDirectory() as where:
                    cert, key, der = make_cert(where, node, (node,))
                    self._show(node, Path(cert), Path(key), fingerprint_of(der))
            elif not changed and self.fingerprints[node] != own[2]:
                self._show(node, *own)
            else:
                continue
            self._cut(node)

    def _cut(self, node: str | None = None) -> None:
        """End the connections to a node, or all."""
        server: Any = self.runner.server
        for connection in list(server.connections):
            transport = connection.transport
            if transport is None:
                continue
            there = transport.get_extra_info("sockname")
            if node is None or (there and self.listening.get(there[1]) == node):
                transport.abort()

    async def close(self) -> None:
        """Stop listening, halt all guests and end all tasks."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*(guest.halt() for guest in self.guests.values()))
        for server in self._extra.values():
            server.close()
        for node in [n for n in self._sites if self.node_online(n)]:
            await self.shut(node)
        if self.runner is not None and self.runner.server is not None:
            self._cut()
        await self.stop()
        await asyncio.sleep(0.01)  # the loop needs a turn to let aborted transports go

    @web.middleware
    async def _lab(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.node_online(self.local_node(request)):
            return _drop(request)
        self.calls += 1
        refused = await self.refuse_token(request)
        if refused is not None:
            return refused
        self.pvestatd()
        answer = await self._broken_before(request)
        if answer is not None:
            return answer
        response = await handler(request)
        if request.method != "GET" and re.search("/firewall/|/config$", request.path):
            concerned = re.search(r"/qemu/(\d+)", request.path)
            self.changed_rules(int(concerned[1]) if concerned else None)
        return self._broken_after(request, response)

    async def _broken_before(self, request: web.Request) -> web.StreamResponse | None:
        method, path = request.method, request.path
        slow = self.faults.active("slow")
        if slow:
            await self.pause(float(slow.options["seconds"]))
        flaky = self.faults.active("flaky")
        if flaky and self._dice.random() < float(flaky.options["rate"]):
            return _drop(request)
        wrong = self._striking("error", path, method=method)
        if wrong:
            return _failure(int(wrong.options["status"]), wrong.options["text"])
        node = re.match(r"/api2/\w+/nodes/([^/]+)", path)
        if node and node[1] not in self.nodes:
            return _failure(
                500,
                f"hostname lookup '{node[1]}' failed - failed to get address info for: {node[1]}: "
                "Temporary failure in name resolution",
            )
        if node and not self.node_online(node[1]):
            return _failure(595, "No route to host")
        vmid = re.search(r"/qemu/(\d+)", path)
        if method != "GET" and vmid and self._striking("lock-timeout", path):
            conf = f"/var/lock/qemu-server/lock-{vmid[1]}.conf"
            return _failure(500, f"can't lock file '{conf}' - got timeout")
        locked = re.search(r"/(pools)(?:/|$)|/qemu/(\d+)/firewall/|/(cluster)/firewall/", path)
        if method != "GET" and locked and not self.quorate_now():
            what = "file-user_cfg" if locked[1] else f"firewall-{locked[3] or 'vm-' + locked[2]}"
            return _failure(500, f"cfs-lock '{what}' error: no quorum!")
        if method != "GET" and self._striking("post-lost", path):
            return _drop(request)
        if path.endswith("/clone") and method == "POST":
            return await self._stranger(request)
        return None

    def _striking(self, name: str, path: str, **asked: object) -> Fault | None:
        """A fault whose option ``path`` is the end of this call's path, one strike used up."""
        for fault in self.faults:
            wanted = fault.options.get("path", "")
            if fault.name == name and path.endswith(wanted) and fault.says(**asked):
                return self.faults.take(name, path=wanted, **asked)
        return None

    async def _stranger(self, request: web.Request) -> web.StreamResponse | None:
        fault = self.faults.take("vmid-stranger")
        if fault is None:
            return None
        form: Values = (
            dict(await request.post())
            if request.content_type != "application/json"
            else await request.json()
        )
        node = next(iter(self.nodes))
        storage = next(n for n in self.storages if "images" in self.storages[n]["content"])
        self.stand(LabGuest(int(str(form["newid"])), STRANGER, node, storage))
        return None if fault.options["when"] == "before" else _drop(request)

    def _broken_after(
        self, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        if request.method == "GET" or response.status != 200:
            return response
        if request.path.endswith("/clone") and self.faults.take("clone-596"):
            return _failure(596, "Connection timed out")
        if self._striking("post-dropped", request.path):
            return _drop(request)
        return response


def fingerprint_of(der: bytes) -> str:
    """SHA-256 of a certificate as PVE writes it."""
    return hashlib.sha256(der).digest().hex(":").upper()


def _failure(status: int, text: str) -> web.Response:
    answer: web.Response = error(status, text)
    return answer


def _drop(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500, reason=_GONE)
