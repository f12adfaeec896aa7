"""Moving VMs between nodes, off or running, with their local disks, and what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from fakepve.model import PveError, TaskError
from fakepve.qemu import drives_of
from fakepve.routing import die, param_error, split_list

from provisioner.lab.base import Values, Vm
from provisioner.lab.plan import GIB
from provisioner.lab.snapshots import Snapshots


class Migrating(Snapshots):
    """…/migrate"""

    def _routes_migrating(self) -> list[Any]:
        one = "/nodes/{node}/qemu/{vmid}/migrate"
        return [("GET", one, self._migrate_check), ("POST", one, self._migrate)]

    def _local(self, vm: Vm) -> list[tuple[str, str]]:
        """(drive, volume) of the disks that only the VM's node has."""
        return [
            (key, volume)
            for key, volume, _ in drives_of(vm.config)
            if ":" in volume and not self._store(volume.partition(":")[0]).get("shared")
        ]

    async def _migrate_check(self, v: Values, user: str) -> Values:
        vm = self.find(v["node"], v["vmid"])
        allowed = [node for node in self.nodes if node != vm.node and self.node_online(node)]
        disks: list[Values] = []
        for key, volume in self._local(vm):
            record = self.volume(volume) or {}
            drive = {"volid": volume, "size": record.get("size", 0), "drivename": key}
            disks.append({**drive, "cdrom": int("-cloudinit" in volume), "is_unused": 0})
        return {
            "running": int(vm.status == "running"),
            "allowed_nodes": [] if vm.status == "running" else allowed,
            "not_allowed_nodes": {},
            "local_disks": disks,
            "local_resources": [],
            "mapped-resources": [],
            "mapped-resource-info": {},
            "has-dbus-vmstate": 0,
        }

    def _check_migrate(self, vm: Vm, v: Values, user: str) -> dict[str, str]:
        """Checks of the call; returns the map of storages ('' for all others)."""
        target = v["target"]
        if target not in self.nodes:
            raise die(f"no such cluster node '{target}'")
        if target == vm.node:
            raise param_error(target="target is local node.")
        self.need_quorum()
        for option in ("force", "migration_type", "migration_network"):
            if v.get(option) and user != "root@pam":
                raise param_error(**{option: "Only root may use this option."})
        if vm.status == "running" and not v.get("online"):
            raise die("can't migrate running VM without --online")
        mapped: dict[str, str] = {}
        for item in split_list(v.get("targetstorage")):
            source, _, other = item.rpartition(":")
            if other == "1":
                continue
            self.require(user, f"/vms/{vm.vmid}", "VM.Config.Disk")
            store = self._check_enabled(other, target)
            self.require(user, "/storage/" + other, "Datastore.AllocateSpace")
            if "images" not in split_list(store.get("content")):
                raise die(f"storage '{other}' does not support vm images")
            mapped[source] = other
        return mapped

    async def _migrate(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        target = v["target"]
        mapped = self._check_migrate(vm, v, user)
        if vm.ha_managed:
            return await self.ha_migrate(vm, target, mapped, user)

        async def body() -> None:
            since = time.monotonic()
            await self.checkpoint()
            try:
                await self.move(vm, target, mapped, bool(v.get("with-local-disks")))
            except (TaskError, PveError) as error:
                self._stamped(f"ERROR: migration aborted (duration 00:00:00): {error}")
                raise TaskError("migration aborted") from error
            lasted = time.strftime("%H:%M:%S", time.gmtime(time.monotonic() - since))
            self._stamped(f"migration finished successfully (duration {lasted})")

        return await self.task(
            vm.node, "qmigrate", vm.vmid, user, body, vm=vm, lock=False, own=True
        )

    async def ha_migrate(self, vm: Vm, target: str, mapped: dict[str, str], user: str) -> str:
        """Let the HA manager move it."""
        raise NotImplementedError

    def _stamped(self, line: str) -> None:
        self.note(time.strftime("%Y-%m-%d %H:%M:%S ") + line)

    async def move(self, vm: Vm, target: str, mapped: dict[str, str], with_disks: bool) -> None:
        """Bring the VM over; a running one runs on. Raises TaskError; then it is where it was."""
        self._check_lock(vm)
        running = vm.status == "running"
        how = "migration of VM" if running else "offline migration of VM"
        self._stamped(f"starting {how} {vm.vmid} to node '{target}' (127.0.0.1)")
        if not self.node_online(target):
            raise TaskError("Can't connect to destination address using public key")
        local = self._local(vm)
        self._movable(vm, (volume for _, volume in local), with_disks)
        if running:
            load = self.node_load(target)
            if load["mem"] + self.vm_memory(vm) * 0.5 > load["maxmem"]:
                raise TaskError("start failed: QEMU exited with code 1")
        async with self.config_lock(vm, "migrate"):
            for _, volume in local:
                await self._copy(volume, target, mapped)
            await self.pause(self.plan.times.migrate)
            self.middle("migrate-fails", vmid=vm.vmid)
            if not self.node_online(target):
                raise TaskError("Can't connect to destination address using public key")
            for _, volume in local:
                self._room(volume, target, mapped)
            self.pvestatd()
            for _, volume in local:
                self._arrive(vm, volume, target, mapped)
            vm.node = target

    @staticmethod
    def _other(volume: str, mapped: dict[str, str]) -> str:
        sid = volume.partition(":")[0]
        return mapped.get(sid, mapped.get("", sid))

    def _room(self, volume: str, target: str, mapped: dict[str, str]) -> Values:
        record = self.volume(volume)
        if record is None:
            raise TaskError(f"volume '{volume}' does not exist")
        sid = self._other(volume, mapped)
        total, used = self.space(sid, target)
        if int(record["data"]) > total - used:
            raise self._no_space(sid, volume.partition(":")[2])
        return record

    async def _copy(self, volume: str, target: str, mapped: dict[str, str]) -> None:
        record = self._room(volume, target, mapped)
        self._stamped(f"copying local disk image '{volume}'")
        await self.pause(self.plan.times.copy_gib * int(record["data"]) / GIB)

    def _arrive(self, vm: Vm, volume: str, target: str, mapped: dict[str, str]) -> None:
        home, _, old = volume.partition(":")
        sid = self._other(volume, mapped)
        record = self.storages[home]["volumes"].pop(old)
        file = self.is_file(sid)
        name = old.rsplit("/", 1)[-1].split(".")[0]
        volname = f"{vm.vmid}/{name}.qcow2" if file else name
        record.update(node=self.home(sid, target), parent=None, format="qcow2" if file else "raw")
        self.storages[sid]["volumes"][volname] = record
        for config in (vm.config, vm.pending, *vm.snapshots.values()):
            for key, value in config.items():
                if isinstance(value, str) and value.split(",")[0] == volume:
                    config[key] = value.replace(volume, f"{sid}:{volname}", 1)

    def _movable(self, vm: Vm, volumes: Iterable[str], with_disks: bool) -> None:
        running = vm.status == "running"
        for volume in volumes:
            why = ""
            if running and not with_disks and "-cloudinit" not in volume:
                why = "can't live migrate attached local disks without with-local-disks option"
            elif self.children(volume):
                why = f"base volume '{volume}' is still in use by linked cloned"
            elif vm.snapshots and running:
                why = "online storage migration not possible if snapshot exists"
            elif vm.snapshots and not self.is_file(volume.partition(":")[0]):
                why = "non-migratable snapshot exists"
            if why:
                raise TaskError(
                    f"Problem found while scanning volumes - can't migrate local disk '{volume}': "
                    f"{why}"
                )
