"""The whole simulated cluster: what stands at the start, its listeners, and faults of calls."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import ssl
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from fakepve.lxc import random_mac
from fakepve.model import FakeVm
from fakepve.qemu import split_drive
from fakepve.server import error

from provisioner.lab.agent import Agent
from provisioner.lab.base import Values, Vm
from provisioner.lab.configuration import CLOUD_INIT_BYTES
from provisioner.lab.faults import Fault, Faults
from provisioner.lab.guests import no_more
from provisioner.lab.plan import GIB, MIB, LabGuest, LabNode, LabPlan

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_GONE = "connection dropped by the lab"
STRANGER = "not-ours"
CROWD = "crowd"


class LabPve(Agent):
    """One cluster, with a listener and a certificate per node."""

    def __init__(self, plan: LabPlan, faults: Faults) -> None:
        super().__init__(plan, faults)
        self.calls = 0
        self.listening = {}
        self._sites: dict[str, web.TCPSite] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._hidden: dict[int, Vm] = {}
        self._dice = random.Random()  # noqa: S311 - which call is dropped is no secret
        self._extra: dict[int, socket.socket] = {}
        for pool in plan.pools:
            self._pool_join(pool, 0)
            self._pool_leave(0)
        for guest in plan.guests:
            self.stand(guest)
        self.pvestatd()

    # ------------------------------------------------------------ contents

    def stand(self, guest: LabGuest) -> Vm:
        """Put a VM there, disks included, without any task."""
        vm = FakeVm(guest.vmid, guest.name, node=guest.node, template=guest.template)
        word = "base" if guest.template else "vm"
        size = guest.disk_gb * GIB
        share = 0.7 if guest.template else 0.4
        disk = self._put(guest, f"{word}-{guest.vmid}-disk-0", size, int(size * share))
        vm.config = {
            "agent": "1",
            "boot": "order=scsi0",
            "cores": guest.cores,
            "memory": str(guest.memory_mb),
            "meta": "creation-qemu=10.0.13,ctime=1795310559",
            "name": guest.name,
            "net0": f"virtio={random_mac()},bridge={self.plan.network.bridge},firewall=1",
            "ostype": "l26",
            "scsi0": f"{disk},size={guest.disk_gb}G",
            "scsihw": "virtio-scsi-single",
            "serial0": "socket",
            "smbios1": f"uuid={uuid.uuid4()}",
            "vga": "serial0",
            "vmgenid": str(uuid.uuid4()),
        }
        if guest.tags:
            vm.config["tags"] = guest.tags
        if guest.template:
            drive = self._put(guest, f"vm-{guest.vmid}-cloudinit", CLOUD_INIT_BYTES, MIB)
            vm.config.update(ide2=f"{drive},media=cdrom", template=1)
        elif guest.running:
            vm.status = vm.qmpstatus = "running"
            vm.started_at = self.started - 86400
        self.vms.append(vm)
        return vm

    def _put(self, guest: LabGuest, name: str, size: int, data: int) -> str:
        file = self.is_file(guest.storage)
        volname = f"{guest.vmid}/{name}.qcow2" if file else name
        self.storages[guest.storage]["volumes"][volname] = {
            "content": "images",
            "format": "qcow2" if file else "raw",
            "size": size,
            "data": data,
            "vmid": guest.vmid,
            "node": self.home(guest.storage, guest.node),
            "parent": None,
            "ctime": int(self.started),
        }
        return f"{guest.storage}:{volname}"

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
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(cert, key)
            self._contexts[node], self.fingerprints[node] = context, fingerprint
            await self._open(node, port)
        return {node: port for port, node in self.listening.items()}

    @staticmethod
    async def _shut(site: web.TCPSite) -> None:
        server: Any = site._server
        await no_more(server.sockets)
        await site.stop()

    async def _open(self, node: str, port: int) -> None:
        site = web.TCPSite(
            self.runner, self.host, port, ssl_context=self._contexts[node], reuse_address=True
        )
        await site.start()
        self._sites[node] = site
        server: Any = site._server
        self.listening[server.sockets[0].getsockname()[1]] = node

    async def close(self) -> None:
        """Stop listening, halt all guests and end all tasks."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*(guest.halt() for guest in self.guests.values()))
        for server in self._extra.values():
            server.close()
        for node in [n for n in self._sites if self.node_online(n)]:
            await self._shut(self._sites[node])
        if self.runner is not None and self.runner.server is not None:
            for connection in list(self.runner.server.connections):
                if connection.transport is not None:
                    connection.transport.abort()
        await self.stop()
        await asyncio.sleep(0.01)  # the loop needs a turn to let aborted transports go

    # -------------------------------------------------------------- faults

    async def set_fault(self, fault: Fault) -> None:
        """Activate a fault, with what has to happen at once."""
        self.faults.add(fault)
        vmid = fault.options.get("vmid", "")
        match fault.name:
            case "template-gone":
                vm = self.vm(int(vmid))
                if vm is not None:
                    self.vms.remove(vm)
                    self._hidden[vm.vmid] = vm
            case "node-offline":
                for node in [n for n in self.nodes if fault.says(node=n)]:
                    await self._shut(self._sites[node])
            case "node-full":
                for full in [n for n in self.plan.nodes if fault.says(node=n.name)]:
                    self._fill(full)
            case "host-key-changed":
                for guest in [g for g in self.guests.values() if fault.says(vmid=g.vmid)]:
                    await guest.show_other_host_key()
            case "address-answers":
                port = int(fault.options["port"] or self.plan.network.ssh_port)
                address = (fault.options["address"], port)
                self._extra[fault.number] = socket.create_server(address)  # the kernel answers

    def _fill(self, node: LabNode) -> None:
        """Let a guest of somebody else take all memory of the node, visible at once."""
        vmid = next(i for i in range(90001, 100000) if self.vm(i) is None)
        storage = next(n for n in self.storages if "images" in self.storages[n]["content"])
        memory = int(node.memory_gb * 1024)
        self.stand(LabGuest(vmid, CROWD, node.name, storage, memory_mb=memory, disk_gb=1))
        self.pvestatd(now=True)

    async def clear_faults(self, name: str | None = None) -> list[Fault]:
        """Take faults away and undo what they had done."""
        gone = self.faults.remove(name)
        for fault in gone:
            if fault.name == "node-full":
                for vm in [vm for vm in self.vms if vm.name == CROWD]:
                    self._forget(vm, [split_drive(vm.config["scsi0"])[0]], unreferenced=False)
                self.pvestatd(now=True)
            if fault.name == "template-gone":
                self.vms += [self._hidden.pop(v) for v in list(self._hidden)]
            if fault.name == "host-key-changed":
                for guest in self.guests.values():
                    await guest.show_other_host_key()
            if fault.number in self._extra:
                self._extra.pop(fault.number).close()
            if fault.name == "node-offline":
                for port, node in list(self.listening.items()):
                    if fault.says(node=node) and self.node_online(node):
                        await self._open(node, port)
        return gone

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


def _failure(status: int, text: str) -> web.Response:
    answer: web.Response = error(status, text)
    return answer


def _drop(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500, reason=_GONE)
