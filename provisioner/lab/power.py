"""Power, destruction and migration of VMs, and the guests that boot behind them."""

from __future__ import annotations

import time
from typing import Any

from fakepve.model import PveError, TaskError
from fakepve.qemu import drives_of
from fakepve.routing import die, param_error

from provisioner.lab.base import Values, Vm
from provisioner.lab.cloning import Cloning
from provisioner.lab.guests import Guest, GuestSettings
from provisioner.lab.plan import GIB, LabPlan


class Power(Cloning):
    """Starts and ends VMs; a running one has a ``Guest``."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self.guests: dict[int, Guest] = {}

    # --------------------------------------------------------------- power

    async def _do_start(self, vm: Vm, user: str, p: Values) -> str:
        async def body() -> None:
            await self.checkpoint()
            if vm.template:
                raise TaskError("you can't start a vm if it's a template")
            self._check_lock(vm)
            if vm.status == "running":
                raise TaskError(f"VM {vm.vmid} already running")
            self._memory_for(vm)
            if any("cloudinit" in volume for _, volume, _ in drives_of(vm.config)):
                self.note("generating cloud-init ISO")
            await self.pause(self.plan.times.start)
            self.pvestatd()
            vm.apply_pending()
            self.power_up(vm)
            if self.faults.take("start-half"):
                raise TaskError("start failed: command '/usr/bin/kvm' failed: got timeout")

        return await self.task(vm.node, "qmstart", vm.vmid, user, body, vm=vm, own=True)

    def _memory_for(self, vm: Vm) -> None:
        load = self.node_load(vm.node)
        if load["mem"] + self.vm_memory(vm) * 0.5 > load["maxmem"]:
            self.note("kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory")
            raise TaskError("start failed: QEMU exited with code 1")

    def power_up(self, vm: Vm) -> None:
        """The VM runs from now on and its guest begins to boot."""
        vm.status = vm.qmpstatus = "running"
        vm.started_at = time.time()
        guest = self.guests.get(vm.vmid)
        if guest is None:
            guest = self.guests[vm.vmid] = Guest(vm.vmid, self._guest_settings(), self.faults)
        self.spawn(guest.boot(vm.name, dict(vm.config)))

    def _guest_settings(self) -> GuestSettings:
        return GuestSettings(
            port=self.plan.network.ssh_port,
            boot=self.plan.times.boot * self.time_scale,
            agent_after=self.plan.times.agent_after,
        )

    async def power_down(self, vm: Vm) -> None:
        """The VM stands still; its guest is gone from the network at once."""
        self.pvestatd()
        vm.status = vm.qmpstatus = "stopped"
        vm.apply_pending()
        if vm.vmid in self.guests:
            await self.guests[vm.vmid].halt()

    async def _do_stop(self, vm: Vm, user: str, p: Values) -> str:
        async def body() -> None:
            await self.checkpoint()
            self._check_lock(vm)
            if vm.status == "running":
                await self.pause(self.plan.times.stop)
                await self.power_down(vm)

        return await self.task(vm.node, "qmstop", vm.vmid, user, body, vm=vm, own=True)

    async def _do_shutdown(self, vm: Vm, user: str, p: Values) -> str:
        if vm.status != "running":
            raise die(f"VM {vm.vmid} not running")

        async def body() -> None:
            await self.checkpoint()
            guest = self.guests.get(vm.vmid)
            if guest is None or not guest.agent_up:
                timeout = float(p.get("timeout") or 60)
                await self.pause(timeout)
                if not str(p.get("forceStop", "0")) == "1":
                    raise TaskError("VM quit/powerdown failed - got timeout")
                self.note("VM still running - terminating now with SIGTERM")
            await self.pause(self.plan.times.stop)
            await self.power_down(vm)

        return await self.task(vm.node, "qmshutdown", vm.vmid, user, body, vm=vm, own=True)

    async def _do_reboot(self, vm: Vm, user: str, p: Values) -> str:
        if vm.status != "running":
            raise die(f"VM {vm.vmid} not running")

        async def body() -> None:
            await self.checkpoint()
            await self.pause(self.plan.times.stop)
            await self.power_down(vm)
            self.power_up(vm)

        return await self.task(vm.node, "qmreboot", vm.vmid, user, body, vm=vm, own=True)

    # ------------------------------------------------------------- destroy

    async def _qm_destroy(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        vmid = vm.vmid
        self.need_quorum()
        if v.get("skiplock") and user != "root@pam":
            raise param_error(skiplock="Only root may use this option.")
        self._qm_check_protection(vm, f"can't remove VM {vmid}")
        if vm.status == "running":
            raise PveError(500, f"VM {vmid} is running - destroy failed")

        async def body() -> None:
            await self.checkpoint()
            if not v.get("skiplock"):
                self._check_lock(vm)
            if vm.status == "running":
                raise TaskError(f"VM {vmid} is running - destroy failed")
            volumes = [volume for _, volume, _ in drives_of(vm.config)]
            for volume in volumes:
                if self.children(volume):
                    raise TaskError(f"base volume '{volume}' is still in use by linked cloned")
            await self.pause(self.plan.times.destroy)
            self._forget(vm, volumes, bool(v.get("destroy-unreferenced-disks")))
            if v.get("purge"):
                self.note(f"purging VM {vmid} from related configurations..")
                self.purge(vmid)

        return await self.task(vm.node, "qmdestroy", vmid, user, body, vm=vm, own=True)

    def _forget(self, vm: Vm, volumes: list[str], unreferenced: bool) -> None:
        self.pvestatd()
        snapshots = [d[1] for snap in vm.snapshots.values() for d in drives_of(snap)]
        for volume in (*volumes, *snapshots):
            self._qm_free(volume)
        if unreferenced:
            for sid, store in self.storages.items():
                for name, vol in list(store["volumes"].items()):
                    home = self.home(sid, vm.node)
                    if vol.get("vmid") == vm.vmid and vol.get("node") == home:
                        self._qm_free(f"{sid}:{name}")
        self.vms.remove(vm)
        self.guests.pop(vm.vmid, None)
        self._pool_leave(vm.vmid)
        self._fw()["guests"].pop(vm.vmid, None)
        self.grants = [g for g in self.grants if g[0] != f"/vms/{vm.vmid}"]

    def purge(self, vmid: int) -> None:
        """Take a VM out of the jobs that name it."""

    # ------------------------------------------------------------- migrate

    def _routes_power(self) -> list[Any]:
        return [("POST", "/nodes/{node}/qemu/{vmid}/migrate", self._migrate)]

    async def _migrate(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        target = v["target"]
        self.need_quorum()
        if target not in self.nodes:
            raise die(f"no such cluster node '{target}'")
        if target == vm.node:
            raise param_error(target="target is local node.")
        if vm.status == "running" and not v.get("online"):
            raise die("can't migrate running VM without --online")
        local = [
            volume
            for _, volume, _ in drives_of(vm.config)
            if ":" in volume and not self._store(volume.partition(":")[0]).get("shared")
        ]
        if local and vm.status == "running" and not v.get("with-local-disks"):
            raise die("can't live migrate VM with local disks without with-local-disks option")

        async def body() -> None:
            await self.checkpoint()
            size = sum(int((self.volume(x) or {}).get("data", 0)) for x in local)
            self._qm_lock(vm, "migrate")
            try:
                await self.pause(self.plan.times.migrate + self.plan.times.copy_gib * size / GIB)
            finally:
                self._qm_lock(vm, None)
            self.pvestatd()
            for volume in local:
                if self.children(volume):
                    raise TaskError(f"base volume '{volume}' is still in use by linked cloned")
                record = self.volume(volume)
                if record is not None:
                    record["node"] = target
            vm.node = target
            self.note("migration finished successfully")

        log = [f"starting migration of VM {vm.vmid} to node '{target}' (127.0.0.1)"]
        return await self.task(vm.node, "qmigrate", vm.vmid, user, body, vm=vm, log=log, own=True)
