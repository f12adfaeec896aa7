"""The guest agent's answers and refusals, before, during and after the boot."""

from __future__ import annotations

import base64
import re
from typing import Any

from aiohttp import web
from fakepve import agent as guest_agent
from fakepve.model import PveError
from fakepve.server import USER, ok

from provisioner.lab.ailing import Ailing
from provisioner.lab.base import Values, form
from provisioner.lab.guests import Guest


class Agent(Ailing):
    """/nodes/N/qemu/V/agent/…"""

    async def _agent(self, request: web.Request) -> Any:
        match = self.resolve(request, "")
        if match is None or request.method not in match.methods:
            raise PveError(501, f"Method '{request.method} {request.path}' not implemented")
        given = await form(request)
        return ok(await self.answer(request, match, given, request[USER], self._agent_call))

    async def _agent_call(self, match: Any, values: Values) -> Any:
        vm = self.find(values["node"], values["vmid"])
        command = match.template.rsplit("/", 1)[1]
        configured = re.split(r"[,=]", str(vm.config.get("agent", "0")).replace("enabled=", ""))
        if configured[0] != "1":
            raise PveError(500, "No QEMU guest agent configured")
        if vm.status != "running":
            raise PveError(500, f"VM {vm.vmid} is not running")
        guest = self.guests.get(vm.vmid)
        silent = self.faults.active("agent-silent", vmid=vm.vmid)
        if guest is None or not guest.agent_up or silent:
            await self.pause(self.plan.times.refusal)
            raise PveError(500, "QEMU guest agent is not running")
        if self.stands_still(vm) or self.faults.active("agent-dead", vmid=vm.vmid):
            await self.pause(self.plan.times.refusal)
            raise PveError(500, f"VM {vm.vmid} qga command 'guest-ping' failed - got timeout")
        mac = re.search(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", vm.config.get("net0", ""))
        match command:
            case "network-get-interfaces":
                return {"result": guest.interfaces(mac[0] if mac else "BC:24:11:00:00:00")}
            case "get-host-name":
                return {"result": {"host-name": guest.name}}
            case "get-fsinfo":
                full = self.faults.active("guest-disk-full", vmid=vm.vmid)
                return {"result": [_root(guest, float(full.options["percent"]) if full else None)]}
            case "file-read":
                return _read(guest, values["file"])
            case "file-write":
                return _write(guest, values)
            case "exec-status":
                return {"exited": 0}
        vm.agent = vm.agent or {}
        return guest_agent.result(vm, command, values)


def _read(guest: Guest, path: str) -> Values:
    text = guest.file(path)
    if text is None:
        raise _cannot_open(path, "r")
    return {"bytes-read": len(text.encode()), "content": text}


def _write(guest: Guest, values: Values) -> None:
    """Content comes plain, or as base64 by the caller's own hand with encode=0."""
    text = str(values["content"])
    if not values.get("encode", 1):
        text = base64.b64decode(text).decode()
    if not guest.inside.write(values["file"], text):
        raise _cannot_open(values["file"], "wb")


def _cannot_open(path: str, mode: str) -> PveError:
    return PveError(
        500,
        f"Agent error: failed to open file '{path}' (mode: '{mode}'): No such file or directory",
    )


def _root(guest: Guest, percent: float | None) -> Values:
    """The root file system, grown at the last boot to its disk, and how full it is said to be."""
    whole = guest.inside.disk
    used = 313954304 if percent is None else int(whole * 0.9 * percent / 100)
    return {
        "disk": [
            {
                "bus": 0,
                "bus-type": "scsi",
                "dev": "/dev/sda2",
                "pci-controller": {"bus": 1, "domain": 0, "function": 0, "slot": 1},
                "serial": "0QEMU_QEMU_HARDDISK_drive-scsi0",
                "target": 0,
                "unit": 0,
            }
        ],
        "mountpoint": "/",
        "name": "sda2",
        "total-bytes": int(whole * 0.9),
        "total-bytes-privileged": int(whole * 0.95),
        "type": "ext4",
        "used-bytes": used,
    }
