"""The guest agent's answers and refusals, before, during and after the boot."""

from __future__ import annotations

import re
from typing import Any

from fakepve import agent as guest_agent
from fakepve.model import PveError

from provisioner.lab.base import Values
from provisioner.lab.jobs import Jobs


class Agent(Jobs):
    """/nodes/N/qemu/V/agent/…"""

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
        if command == "network-get-interfaces":
            mac = re.search(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", vm.config.get("net0", ""))
            return {"result": guest.interfaces(mac[0] if mac else "BC:24:11:00:00:00")}
        if command == "get-host-name":
            return {"result": {"host-name": guest.name}}
        if command == "file-read":
            text = guest.file(values["file"])
            if text is None:
                raise PveError(
                    500,
                    f"Agent error: failed to open file '{values['file']}' (mode: 'r'): "
                    "No such file or directory",
                )
            return {"bytes-read": len(text.encode()), "content": text}
        if command == "exec-status":
            return {"exited": 0}
        vm.agent = vm.agent or {}
        return guest_agent.result(vm, command, values)
