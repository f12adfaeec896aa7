"""Snapshots of VMs: taken, listed, rolled back to and deleted, with what is inside the guest."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fakepve.model import TaskError
from fakepve.qemu import SNAPSHOT_SKIP, drives_of, split_drive
from fakepve.routing import die

from provisioner.lab.base import Values, Vm
from provisioner.lab.configuration import size_of
from provisioner.lab.inside import Inside
from provisioner.lab.plan import LabPlan
from provisioner.lab.power import Power


class Snapshots(Power):
    """…/snapshot; what stood inside a guest comes back with a rollback."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self.kept: dict[tuple[int, str], Inside] = {}
        """(VMID, snapshot) to the inside of the guest then."""

    @asynccontextmanager
    async def config_lock(self, vm: Vm, word: str) -> AsyncIterator[None]:
        """Hold PVE's own lock of a VM; a node that dies leaves it there."""
        self._check_lock(vm)
        self._qm_lock(vm, word)
        try:
            yield
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._qm_lock(vm, None)
            raise
        self._qm_lock(vm, None)

    # ---------------------------------------------------------------- take

    async def _qm_snapshot(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        name = v["snapname"]
        if name.lower() in ("current", "pending"):
            raise die(f"unable to use snapshot name '{name.lower()}' (reserved name)")
        self.need_quorum()

        async def body() -> None:
            await self.checkpoint()
            if vm.template:
                raise TaskError("you can't take a snapshot if it's a template")
            self._check_lock(vm)
            if name in vm.snapshots:
                raise TaskError(f"snapshot name '{name}' already used")
            if not self._qm_can_snapshot(vm.config):
                raise TaskError("snapshot feature is not available")
            async with self.config_lock(vm, "snapshot"):
                await self._take(vm, name, str(v.get("description") or ""))

        return await self.task(
            vm.node, "qmsnapshot", vm.vmid, user, body, vm=vm, lock=False, own=True
        )

    async def _take(self, vm: Vm, name: str, description: str) -> None:
        skipped = {*SNAPSHOT_SKIP}
        snap = {
            key: value
            for key, value in vm.config.items()
            if key not in skipped and not key.startswith("unused")
        }
        snap.update(snapstate="prepare", snaptime=int(time.time()))
        if description:
            snap["description"] = description
        vm.snapshots[name] = snap
        guest = self.guests.get(vm.vmid)
        if vm.status == "running" and not (guest and guest.agent_up) and vm.config.get("agent"):
            self.note(
                f"QEMU Guest Agent is not running - VM {vm.vmid} qga command 'guest-ping' failed "
                "- got timeout"
            )
        try:
            await self.pause(self.plan.times.snapshot)
            self.middle("snapshot-fails", vmid=vm.vmid)
            for key, volume, _ in drives_of(vm.config, skip_cdrom=True):
                self._snapshot_drive(vm, key, volume, name)
        except TaskError:
            del vm.snapshots[name]
            raise
        del snap["snapstate"]
        vm.config["parent"] = name
        if guest is not None:
            self.kept[vm.vmid, name] = guest.inside.copy()

    def _snapshot_drive(self, vm: Vm, key: str, volume: str, name: str) -> None:
        sid, _, volname = volume.partition(":")
        file = self.is_file(sid)
        if self.faults.active("storage-full", storage=sid, node=vm.node):
            if not file:
                raise self._no_space(sid, f"snap_{volname}_{name}")
            path = self._volume_path(sid, volname, "images")
            self.note(
                f"qemu-img: Could not create snapshot '{name}': -28 (No space left on device)"
            )
            raise TaskError(
                f"command '/usr/bin/qemu-img snapshot -c {name} {path}' failed: exit code 1"
            )
        if vm.status == "running":
            self.note(f"snapshotting 'drive-{key}' ({volume})")
            if file:
                self.note("internal qemu snapshot")
        if not file:
            self.note(f'  Logical volume "snap_{volname}_{name}" created.')

    # -------------------------------------------------------------- delete

    async def _qm_snapshot_delete(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        name = v["snapname"]
        self.need_quorum()

        async def body() -> None:
            await self.checkpoint()
            if name not in vm.snapshots:
                raise TaskError(f"snapshot '{name}' does not exist")
            async with self.config_lock(vm, "snapshot-delete"):
                vm.snapshots[name]["snapstate"] = "delete"
                await self.pause(self.plan.times.snapshot)
                parent = vm.snapshots.pop(name).get("parent")
                self.kept.pop((vm.vmid, name), None)
                for other in (*vm.snapshots.values(), vm.config):
                    if other.get("parent") == name:
                        other.pop("parent")
                        other.update({"parent": parent} if parent else {})

        return await self.task(
            vm.node, "qmdelsnapshot", vm.vmid, user, body, vm=vm, lock=False, own=True
        )

    # ------------------------------------------------------------ rollback

    async def _qm_rollback(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        name = v["snapname"]
        if v.get("start"):
            self.require(user, f"/vms/{vm.vmid}", "VM.PowerMgmt")
        self.need_quorum()

        async def body() -> None:
            await self.checkpoint()
            if vm.template:
                raise TaskError("you can't rollback if vm is a template")
            snap = vm.snapshots.get(name)
            if snap is None:
                raise TaskError(f"snapshot '{name}' does not exist")
            if snap.get("snapstate"):
                raise TaskError(
                    f"unable to rollback to incomplete snapshot (snapstate = {snap['snapstate']})"
                )
            async with self.config_lock(vm, "rollback"):
                if vm.status == "running":
                    await self.power_down(vm)
                await self.pause(self.plan.times.snapshot)
                self._put_back(vm, name, snap)
            if v.get("start"):
                self.power_up(vm)

        return await self.task(
            vm.node, "qmrollback", vm.vmid, user, body, vm=vm, lock=False, own=True
        )

    def _put_back(self, vm: Vm, name: str, snap: Values) -> None:
        self.pvestatd()
        there = {split_drive(value)[0] for _, value in sorted(snap.items()) if ":" in str(value)}
        left = [volume for _, volume, _ in drives_of(vm.config) if volume not in there]
        kept = {
            key: value
            for key, value in vm.config.items()
            if key in ("description", "lock") or key.startswith("unused")
        }
        hidden = ("snapstate", "snaptime", "description", "parent")
        vm.config = {k: x for k, x in snap.items() if k not in hidden} | kept
        vm.config.update(parent=name)
        if "vmgenid" in vm.config:
            vm.config["vmgenid"] = str(uuid.uuid4())
        vm.pending = {}
        vm.name = vm.config.get("name") or f"VM {vm.vmid}"
        for volume in left:
            self.unused(vm, volume)
        for _, volume, props in drives_of(vm.config, skip_cdrom=True):
            record = self.volume(volume)
            if record is not None and props.get("size"):
                record["size"] = size_of(props["size"])
        guest, inside = self.guests.get(vm.vmid), self.kept.get((vm.vmid, name))
        if guest is not None and inside is not None:
            guest.inside = inside.copy()
        elif guest is not None:
            guest.inside = Inside()

    def _forget(self, vm: Vm, volumes: list[str], unreferenced: bool) -> None:
        super()._forget(vm, volumes, unreferenced)
        self.kept = {key: x for key, x in self.kept.items() if key[0] != vm.vmid}
