"""High availability: managed VMs whose tasks end before the work is done, and maintenance mode."""

from __future__ import annotations

import time
from typing import Any

from fakepve.model import PveError, TaskError
from fakepve.routing import die

from provisioner.lab.base import Values, Vm
from provisioner.lab.images import Images


class HighAvailability(Images):
    """/cluster/ha and what it changes of starts, stops and moves."""

    def _routes_high_availability(self) -> list[Any]:
        ha, one = "/cluster/ha/resources", "/cluster/ha/resources/{sid}"
        return [
            ("GET", "/cluster/ha/status/current", self._ha_current),
            ("GET", "/cluster/ha/status/manager_status", self._ha_manager),
            ("GET", ha, self._ha_resources),
            ("POST", ha, self._ha_add),
            ("GET", one, self._ha_resource),
            ("DELETE", one, self._ha_remove),
        ]

    # ------------------------------------------------------------ requests

    async def _do_start(self, vm: Vm, user: str, p: Values) -> str:
        if vm.ha_managed and not vm.template:
            return await self._asked(vm, user, "started")
        return await super()._do_start(vm, user, p)

    async def _do_stop(self, vm: Vm, user: str, p: Values) -> str:
        if vm.ha_managed:
            return await self._asked(vm, user, "stopped")
        return await super()._do_stop(vm, user, p)

    async def _do_shutdown(self, vm: Vm, user: str, p: Values) -> str:
        if vm.ha_managed:
            self._need_running(vm)
            return await self._asked(vm, user, "stopped")
        return await super()._do_shutdown(vm, user, p)

    async def _asked(self, vm: Vm, user: str, state: str) -> str:
        """A task that ends at once; the manager acts a little later (row 17 of the pitfalls)."""
        verb = "start" if state == "started" else "stop"

        async def body() -> None:
            self.note(f"Requesting HA {verb} for VM {vm.vmid}")
            await self.checkpoint()
            vm.ha_state = state
            self.spawn(self._obey(vm, state))

        return await self.task(
            vm.node, "ha" + verb, vm.vmid, user, body, vm=vm, lock=False, own=True
        )

    async def _obey(self, vm: Vm, state: str) -> None:
        await self.pause(self.plan.times.high_availability)
        if vm not in self.vms or vm.ha_state != state:
            return
        if state == "started" and vm.status != "running":
            await super()._do_start(vm, "root@pam", {})
        elif state == "stopped" and vm.status == "running":
            await super()._do_shutdown(vm, "root@pam", {"timeout": 60, "forceStop": 1})

    async def ha_migrate(self, vm: Vm, target: str, mapped: dict[str, str], user: str) -> str:
        async def later() -> None:
            await self.pause(self.plan.times.high_availability)

            async def body() -> None:
                try:
                    await self.move(vm, target, mapped, with_disks=True)
                except (TaskError, PveError) as error:
                    self.note(f"ERROR: migration aborted (duration 00:00:00): {error}")
                    raise TaskError("migration aborted") from error

            await self.task(
                vm.node, "qmigrate", vm.vmid, "root@pam", body, vm=vm, lock=False, own=True
            )

        async def request() -> None:
            self.note(f"Requesting HA migration for VM {vm.vmid} to node {target}")
            self.spawn(later())

        return await self.task(vm.node, "hamigrate", vm.vmid, user, request, vm=vm, lock=False)

    # ----------------------------------------------------------- resources

    def _sid(self, sid: str) -> Vm:
        vm = self.vm(int(sid.rpartition(":")[2])) if sid.rpartition(":")[2].isdecimal() else None
        if vm is None:
            raise die(f"unable to parse service id '{sid}'")
        return vm

    @staticmethod
    def _shown_resource(vm: Vm) -> Values:
        return {"sid": f"vm:{vm.vmid}", "type": "vm", "state": vm.ha_state, "digest": vm.digest()}

    async def _ha_resources(self, v: Values, user: str) -> list[Values]:
        return [self._shown_resource(vm) for vm in self.vms if vm.ha_managed]

    async def _ha_resource(self, v: Values, user: str) -> Values:
        vm = self._sid(v["sid"])
        if not vm.ha_managed:
            raise die(f"no such resource '{v['sid']}'")
        return self._shown_resource(vm)

    async def _ha_add(self, v: Values, user: str) -> None:
        self.need_quorum()
        vm = self._sid(v["sid"])
        if vm.ha_managed:
            raise die(f"resource ID 'vm:{vm.vmid}' already defined")
        vm.ha_state = v.get("state") or "started"
        self.spawn(self._obey(vm, vm.ha_state))

    async def _ha_remove(self, v: Values, user: str) -> None:
        self.need_quorum()
        vm = self._sid(v["sid"])
        if not vm.ha_managed:
            raise die(f"cannot delete service 'vm:{vm.vmid}', not HA managed!")
        vm.ha_state = None

    # -------------------------------------------------------------- status

    def _mode(self, node: str) -> str:
        if not self.node_online(node):
            return "unknown"
        return "maintenance" if self.faults.active("node-maintenance", node=node) else "online"

    def _master(self) -> str:
        return next((n for n in self.nodes if self.node_online(n)), next(iter(self.nodes)))

    async def _ha_manager(self, v: Values, user: str) -> Values:
        now, master = int(time.time()), self._master()
        managed = [vm for vm in self.vms if vm.ha_managed]
        return {
            "lrm_status": {
                node: {
                    "mode": "maintenance" if self._mode(node) == "maintenance" else "active",
                    "results": {},
                    "state": "active"
                    if any(vm.node == node for vm in managed)
                    else "wait_for_agent_lock",
                    "timestamp": now,
                }
                for node in self.nodes
            },
            "manager_status": {
                "master_node": master,
                "node_status": {node: self._mode(node) for node in self.nodes},
                "service_status": {
                    f"vm:{vm.vmid}": {"node": vm.node, "state": vm.ha_state, "uid": str(vm.vmid)}
                    for vm in managed
                },
                "timestamp": now,
            },
            "quorum": {"node": master, "quorate": "1"},
        }

    async def _ha_current(self, v: Values, user: str) -> list[Values]:
        now, master = int(time.time()), self._master()
        stamp = time.strftime("%a %b %d %H:%M:%S %Y", time.localtime(now))
        found: list[Values] = [
            {
                "id": "quorum", "node": master, "quorate": 1, "status": "OK", "type": "quorum",
            },
            {
                "id": "master", "node": master, "status": f"{master} (active, {stamp})",
                "timestamp": now, "type": "master",
            },
        ]  # fmt: skip
        for node in self.nodes:
            mode = {"online": "idle", "maintenance": "maintenance mode"}.get(
                self._mode(node), "old timestamp - dead?"
            )
            found.append(
                {
                    "id": f"lrm:{node}", "node": node, "status": f"{node} ({mode}, {stamp})",
                    "timestamp": now, "type": "lrm",
                }
            )  # fmt: skip
        for vm in self.vms:
            if vm.ha_managed:
                sid = f"vm:{vm.vmid}"
                found.append(
                    {
                        "id": f"service:{sid}", "sid": sid, "node": vm.node, "state": vm.ha_state,
                        "request_state": vm.ha_state, "crm_state": vm.ha_state, "type": "service",
                        "status": f"{sid} ({vm.node}, {vm.ha_state})",
                    }
                )  # fmt: skip
        return found
