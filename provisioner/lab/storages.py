"""Storages with space, per node or shared, whose allocations queue for the storage's lock."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fakepve.model import PveError, TaskError
from fakepve.storage import spec_of

from provisioner.lab.base import LOCK_WAIT, Values
from provisioner.lab.plan import GIB, LabPlan, LabStorage
from provisioner.lab.tasks import Tasks

_OPTIONS: dict[str, Values] = {
    "dir": {"type": "dir", "path": "/var/lib/vz"},
    "lvmthin": {"type": "lvmthin", "vgname": "pve", "thinpool": "data"},
    "nfs": {"type": "nfs", "server": "192.0.2.50", "export": "/srv/images", "shared": 1},
}


class Storages(Tasks):
    """What stands on which storage of which node, and how much is free there."""

    def _parse_volname(self, store: Values, volname: str) -> Any:
        """A linked clone on a file storage is named after its base: what counts is the rest."""
        linked = re.match(r"\d+/base-[^/]+/(\d+/[^/]+)$", volname)
        return super()._parse_volname(store, linked[1] if linked else volname)

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self._plans: dict[str, LabStorage] = {s.name: s for s in plan.storages}
        self._locks: dict[tuple[str, str | None], asyncio.Lock] = {}
        self.storages = {}
        for storage in plan.storages:
            options: Values = {**_OPTIONS[storage.kind], "content": storage.content}
            if storage.kind == "nfs":
                options["path"] = "/mnt/pve/" + storage.name
            if storage.kind != "lvmthin":
                options["prune-backups"] = "keep-all=1"
            options.update(active=1, files=set(), volumes={})
            self.storages[storage.name] = options

    def is_file(self, sid: str) -> bool:
        return bool(spec_of(self.storages[sid])["files"])

    def home(self, sid: str, node: str) -> str | None:
        """The node whose disks hold the storage; None for a shared one."""
        return None if self.storages[sid].get("shared") else node

    def volume(self, volid: str) -> Values | None:
        """The record of a volume: size, data (bytes really taken), vmid, node, parent."""
        sid, _, name = volid.partition(":")
        found: Values | None = self.storages.get(sid, {}).get("volumes", {}).get(name)
        return found

    def space(self, sid: str, node: str) -> tuple[int, int]:
        """(total, used) bytes of the storage as that node sees it."""
        plan = self._plans.get(sid)
        total = int((plan.size_gb if plan else 100) * GIB)
        if self.faults.active("storage-full", storage=sid, node=node):
            return total, total
        home = self.home(sid, node)
        volumes = self.storages[sid].get("volumes", {}).values()
        used = sum(int(v.get("data", v.get("size", 0))) for v in volumes if v.get("node") == home)
        return total, min(total, used)

    def _status_item(self, name: str, node: str, formats: bool = False) -> Values:
        item: Values = super()._status_item(name, node, formats)
        if item["active"]:
            total, used = self.space(name, node)
            item.update(total=total, used=used, avail=total - used)
        return item

    def _storage_resource(self, node: str, name: str) -> Values | None:
        item: Values | None = super()._storage_resource(node, name)
        if item is not None:
            total, used = self.space(name, node)
            item.update(disk=used, maxdisk=total)
            if self.faults.active("storage-away", storage=name, node=node):
                item.update(disk=0, maxdisk=0, status="unknown")
        return item

    async def _content_list(self, v: Values, user: str) -> list[Values]:
        sid = v["storage"]
        if self.faults.active("storage-away", storage=sid, node=v["node"]):
            raise PveError(500, f"storage '{sid}' is not online")
        home = self.home(sid, v["node"])
        found: list[Values] = await super()._content_list(v, user)
        return [
            item for item in found if (self.volume(item["volid"]) or {"node": home})["node"] == home
        ]

    def _item(self, name: str, volname: str, vol: Values) -> Values:
        item: Values = super()._item(name, volname, vol)
        if vol["content"] == "images" and self.is_file(name):
            item.update(used=int(vol.get("data", 0)), parent=vol.get("parent"))
        return item

    # ------------------------------------------------------------ allocation

    @asynccontextmanager
    async def _locked(self, sid: str, node: str) -> AsyncIterator[None]:
        home = self.home(sid, node)
        refusal = (
            f"cfs-lock 'storage-{sid}' error: got lock request timeout"
            if home is None
            else f"can't lock file '/var/lock/pve-manager/pve-storage-{sid}' - got timeout"
        )
        if self.faults.take("storage-busy", storage=sid):
            await self.pause(LOCK_WAIT)
            raise TaskError(refusal)
        lock = self._locks.setdefault((sid, home), asyncio.Lock())
        try:
            await asyncio.wait_for(lock.acquire(), self.lock_wait * self.time_scale)
        except TimeoutError:
            raise TaskError(refusal) from None
        try:
            yield
        finally:
            lock.release()

    def _no_space(self, sid: str, name: str) -> TaskError:
        if self.is_file(sid):
            path = self._volume_path(sid, name, "images")
            return TaskError(
                f"unable to create image: qemu-img: {path}: Could not resize image: "
                "No space left on device"
            )
        return TaskError(
            f"lvcreate 'pve/{name}' error:   Cannot create new thin volume, free space in "
            "thin pool pve/data reached threshold."
        )

    async def allocate(
        self, sid: str, node: str, name: str, *, vmid: int, size: int, data: int, parent: str = ""
    ) -> str:
        """Make a volume under the storage's lock and return its id.

        ``name`` is without folder and ending (vm-2001-disk-0). Raises TaskError with the
        cluster's own words when the lock is not to be had or the space is not there.
        """
        file = self.is_file(sid)
        fmt = "qcow2" if file else "raw"
        volname = f"{vmid}/{name}.{fmt}" if file else name
        if parent and file:
            volname = f"{parent}/{volname}"
        async with self._locked(sid, node):
            total, used = self.space(sid, node)
            if data > total - used:
                raise self._no_space(sid, name)
            await self.pause(self.plan.times.allocate)
            self.storages[sid]["volumes"][volname] = {
                "content": "images",
                "format": fmt,
                "size": size,
                "data": data,
                "vmid": vmid,
                "node": self.home(sid, node),
                "parent": f"../{parent}" if parent and file else None,
                "ctime": int(time.time()),
            }
        return f"{sid}:{volname}"

    def free_name(self, sid: str, node: str, vmid: int) -> str:
        """The next free vm-N-disk-M of the storage."""
        taken = {
            volname.rsplit("/", 1)[-1].split(".")[0]
            for volname, vol in self.storages[sid]["volumes"].items()
            if vol.get("node") == self.home(sid, node)
        }
        return next(n for i in range(100) if (n := f"vm-{vmid}-disk-{i}") not in taken)

    def children(self, volid: str) -> list[str]:
        """Volumes whose base this one is (LVM-thin keeps no such bond)."""
        sid, _, name = volid.partition(":")
        return [
            f"{sid}:{volname}"
            for volname, vol in self.storages.get(sid, {}).get("volumes", {}).items()
            if vol.get("parent") == f"../{name}"
        ]
