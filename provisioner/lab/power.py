"""Power, destruction and migration of VMs, and the guests that boot behind them."""

from __future__ import annotations

import time
from typing import Any

from fakepve.model import PveError, TaskError
from fakepve.qemu import drives_of
from fakepve.routing import param_error

from provisioner.lab.base import Values, Vm
from provisioner.lab.cloning import Cloning
from provisioner.lab.guests import Guest, GuestSettings, Wall
from provisioner.lab.plan import LabPlan


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
            self._check_lock(vm, ("backup",))
            if vm.status == "running":
                raise TaskError(f"VM {vm.vmid} already running")
            self._memory_for(vm)
            self._check_drives(vm)
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
            guest = self.guests[vm.vmid] = self.new_guest(vm.vmid)
        self.spawn(guest.boot(vm.name, dict(vm.config)))

    def new_guest(self, vmid: int) -> Guest:
        return Guest(vmid, self._guest_settings(), self.faults, lambda: self.wall(vmid))

    def wall(self, vmid: int) -> Wall:
        """What the firewall in front of a guest does with connections to its SSH port."""
        return "open"

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
        self._need_running(vm)
        force = str(p.get("forceStop", "0")) in ("1", "true")

        async def body() -> None:
            await self.checkpoint()
            self._check_lock(vm)
            await self._halt(vm, float(p.get("timeout") or 60), force)

        return await self.task(vm.node, "qmshutdown", vm.vmid, user, body, vm=vm, own=True)

    async def _halt(self, vm: Vm, patience: float, force: bool) -> None:
        """Ask the guest to switch itself off; one that has not booted or hangs does not hear."""
        guest = self.guests.get(vm.vmid)
        booting = guest is not None and not guest.agent_up
        still = vm.qmpstatus != "running"
        deaf = booting or still or self.faults.active("deaf", vmid=vm.vmid)
        needed = self.plan.times.shutdown
        if deaf or needed > patience:
            await self.pause(patience)
            if not force:
                raise TaskError("VM quit/powerdown failed - got timeout")
            self.note("VM still running - terminating now with SIGTERM")
        else:
            await self.pause(needed)
        await self.power_down(vm)

    async def _do_reboot(self, vm: Vm, user: str, p: Values) -> str:
        self._need_running(vm)

        async def body() -> None:
            await self.checkpoint()
            self._check_lock(vm)
            await self._halt(vm, float(p.get("timeout") or 60), force=False)
            self._check_drives(vm)
            self.power_up(vm)

        return await self.task(vm.node, "qmreboot", vm.vmid, user, body, vm=vm, own=True)

    def _check_drives(self, vm: Vm) -> None:
        for _, volume, _ in drives_of(vm.config, skip_cdrom=True):
            if ":" in volume and self.volume(volume) is None:
                raise TaskError(f"volume '{volume}' does not exist")

    # ------------------------------------------------------------- destroy

    async def _qm_destroy(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        vmid = vm.vmid
        self.need_quorum()
        if v.get("skiplock") and user != "root@pam":
            raise param_error(skiplock="Only root may use this option.")
        self._qm_check_protection(vm, f"can't remove VM {vmid}")
        if not v.get("purge") and vm.ha_managed:
            raise PveError(
                500,
                f"unable to remove VM {vmid} - used in HA resources and purge parameter not set.",
            )
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
                    mine = vol.get("vmid") == vm.vmid and vol["content"] == "images"
                    if mine and vol.get("node") == home:
                        self._qm_free(f"{sid}:{name}")
        self.vms.remove(vm)
        self.guests.pop(vm.vmid, None)
        self._pool_leave(vm.vmid)
        self._fw()["guests"].pop(vm.vmid, None)
        self.grants = [g for g in self.grants if g[0] != f"/vms/{vm.vmid}"]

    def purge(self, vmid: int) -> None:
        """Take a VM out of the jobs that name it."""
