"""Backups of VMs: vzdump to a storage, restoring one in place or anew, and removing it."""

from __future__ import annotations

import copy
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

from fakepve.lxc import format_size
from fakepve.model import PveError, TaskError
from fakepve.qemu import drives_of, is_cdrom, join_drive, split_drive, with_mac
from fakepve.routing import die, param_error, split_list

from provisioner.lab.base import LabVm, Values, Vm
from provisioner.lab.configuration import CLOUD_INIT_BYTES
from provisioner.lab.inside import Inside
from provisioner.lab.migrating import Migrating
from provisioner.lab.plan import GIB, MIB, LabPlan

_LEFT_OUT = ("lock", "parent", "meta-pending")
_SPARSE = 0.4
"""How big an archive is beside the data on the disks."""


@dataclass(frozen=True)
class Archive:
    """What a backup holds."""

    config: Values
    disks: dict[str, tuple[int, int]]
    """Drive to (size, data) in bytes."""
    firewall: Values | None
    inside: Inside | None


class Backups(Migrating):
    """/nodes/N/vzdump and POST …/qemu with an archive."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self.archives: dict[str, Archive] = {}

    def _routes_backups(self) -> list[Any]:
        dump = "/nodes/{node}/vzdump"
        return [
            ("POST", dump, self._vzdump),
            ("GET", dump + "/extractconfig", self._extract),
        ]

    async def _extract(self, v: Values, user: str) -> str:
        sid, _, volname = v["volume"].partition(":")
        vtype, owner, _ = self._parse_volname(self._store(sid), volname)
        self._check_access(user, sid, vtype, owner, v["volume"])
        archive, record = self.archives.get(v["volume"]), self.volume(v["volume"])
        if archive is None or record is None or record["node"] not in (None, v["node"]):
            raise die(f"volume '{v['volume']}' does not exist")
        shown = {k: str(x).replace("\n", "%0A") for k, x in sorted(archive.config.items())}
        description = shown.pop("description", None)
        lines = [f"#{description}"] if description else []
        return "".join(f"{x}\n" for x in (*lines, *(f"{k}: {x}" for k, x in shown.items())))

    # -------------------------------------------------------------- backup

    async def _vzdump(self, v: Values, user: str) -> str:
        node, storage = v["node"], v.get("storage") or "local"
        self._check_dump(v, user, storage)
        wanted = self.dumped(v)
        mine = [i for i in wanted if (vm := self.vm(i)) is None or vm.node == node]
        others = [i for i in wanted if i not in mine]
        words = " ".join(
            f"--{key} {value}" for key, value in sorted(v.items()) if key not in ("vmid", "node")
        )
        start = f"INFO: starting new backup job: vzdump {v.get('vmid', '')} --node {node} {words}"

        async def body() -> None:
            await self.checkpoint()
            if others:
                self.note("INFO: skip external VMs: " + ", ".join(map(str, others)))
            failed = [i for i in mine if not await self._dump_one(i, v, user, storage)]
            self.note(f"INFO: Backup job finished {'with errors' if failed else 'successfully'}")
            if failed:
                raise TaskError("job errors")

        who = mine[0] if len(wanted) == 1 and mine else ""
        return await self.task(node, "vzdump", who, user, body, log=[start], own=True)

    def _check_dump(self, v: Values, user: str, storage: str) -> None:
        if not (v.get("vmid") or v.get("all") or v.get("pool")):
            raise param_error(vmid="property is missing")
        for option in ("all", "pool", "exclude"):
            if v.get("vmid") and v.get(option):
                raise param_error(**{option: "option conflicts with option 'vmid'"})
        if v.get("pool") and v["pool"] not in self.pools:
            raise die(f"pool '{v['pool']}' does not exist")
        self.require(user, "/storage/" + storage, "Datastore.AllocateSpace")
        if v.get("prune-backups"):
            self.require(user, "/storage/" + storage, "Datastore.Allocate")
        for option in ("bwlimit", "performance", "ionice"):
            if v.get(option) is not None:
                self.require(user, "/", "Sys.Modify")
        store = self._check_enabled(storage, v["node"])
        if "backup" not in split_list(store.get("content")):
            raise die(f"storage '{storage}' does not support backups")

    def dumped(self, v: Values) -> list[int]:
        """The VMs that a backup, or a job, is of."""
        if v.get("vmid"):
            return [int(vmid) for vmid in split_list(v["vmid"])]
        if v.get("pool"):
            return sorted(self.pools.get(v["pool"], ()))
        out = {int(vmid) for vmid in split_list(v.get("exclude"))}
        return sorted(vm.vmid for vm in self.vms if vm.vmid not in out)

    async def _dump_one(self, vmid: int, v: Values, user: str, storage: str) -> bool:
        """One VM of a backup task; False when it failed, its reason in the log."""
        vm = self.vm(vmid)
        self.note(f"INFO: Starting Backup of VM {vmid} (qemu)")
        self.note(time.strftime("INFO: Backup started at %Y-%m-%d %H:%M:%S"))
        try:
            if vm is None:
                raise TaskError(f"unable to find VM '{vmid}'")
            self.require(user, f"/vms/{vmid}", "VM.Backup")
            self.note(
                f"INFO: status = {vm.status}", f"INFO: backup mode: {v.get('mode', 'snapshot')}"
            )
            self.note("INFO: ionice priority: 7", f"INFO: VM Name: {vm.name}")
            async with self.config_lock(vm, "backup"):
                volume = await self._archive(vm, v, storage)
        except (TaskError, PveError) as error:
            self.note(f"ERROR: Backup of VM {vmid} failed - {error}")
            self.note(time.strftime("INFO: Failed at %Y-%m-%d %H:%M:%S"))
            return False
        size = int((self.volume(volume) or {}).get("size", 0)) // MIB
        self.note(f"INFO: archive file size: {size}MB")
        self.note(f"INFO: Finished Backup of VM {vmid} (00:00:04)")
        self.note(time.strftime("INFO: Backup finished at %Y-%m-%d %H:%M:%S"))
        return True

    async def _archive(self, vm: Vm, v: Values, storage: str) -> str:
        disks: dict[str, tuple[int, int]] = {}
        for key, volume, props in drives_of(vm.config, skip_cdrom=True):
            record = self.volume(volume)
            if record is None:
                raise TaskError(f"volume '{volume}' does not exist")
            if props.get("backup") != "0":
                disks[key] = int(record["size"]), int(record["data"])
                self.note(f"INFO: include disk '{key}' '{volume}' {props.get('size', '')}")
        ending = {"zstd": ".zst", "gzip": ".gz", "lzo": ".lzo"}.get(str(v.get("compress")), "")
        when, number = time.time(), 0
        while True:
            stamp = time.strftime("%Y_%m_%d-%H_%M_%S", time.localtime(when + number))
            volname = f"backup/vzdump-qemu-{vm.vmid}-{stamp}.vma{ending}"
            if volname not in self.storages[storage]["volumes"]:
                break
            number += 1  # in the lab's quick time a second may see several
        path = self._volume_path(storage, volname, "backup")
        self.note(f"INFO: creating vzdump archive '{path}'")
        stopped = vm.status != "running"
        if stopped:
            self.note("INFO: starting kvm to execute backup task", "generating cloud-init ISO")
        self.note("INFO: starting backup via QMP command")
        self.note(f"INFO: started backup task '{uuid.uuid4()}'")
        data = sum(data for _, data in disks.values())
        await self.pause((self.plan.times.backup + self.plan.times.backup_gib * data / GIB) / 2)
        self.middle("backup-fails", vmid=vm.vmid)
        size = max(MIB, int(data * _SPARSE))
        total, used = self.space(storage, vm.node)
        if size > total - used:
            raise TaskError("vma_queue_write: write error - No space left on device")
        await self.pause((self.plan.times.backup + self.plan.times.backup_gib * data / GIB) / 2)
        self.note(*_copied(sum(whole for whole, _ in disks.values()), data))
        if stopped:
            self.note("INFO: stopping kvm after backup task")
        guest = self.guests.get(vm.vmid)
        volid = f"{storage}:{volname}"
        self.archives[volid] = Archive(
            {k: x for k, x in vm.config.items() if k not in _LEFT_OUT},
            disks,
            copy.deepcopy(self._fw()["guests"].get(vm.vmid)),
            guest.inside.copy() if guest else None,
        )
        self.storages[storage]["volumes"][volname] = {
            "content": "backup", "format": "vma" + ending, "size": size, "data": size,
            "vmid": vm.vmid, "node": self.home(storage, vm.node), "ctime": int(when + number),
            "subtype": "qemu", **self._notes(vm, v),
        }  # fmt: skip
        return volid

    @staticmethod
    def _notes(vm: Vm, v: Values) -> Values:
        notes: Values = {"protected": True} if v.get("protected") else {}
        if v.get("notes-template"):
            words = {"guestname": vm.name, "vmid": vm.vmid, "node": vm.node, "cluster": ""}
            notes["notes"] = re.sub(
                r"\{\{(\w+)\}\}",
                lambda m: str(words.get(m[1], m[0])),
                str(v["notes-template"]).replace("\\n", "\n").replace("\\\\", "\\"),
            )
        return notes

    def _item(self, name: str, volname: str, vol: Values) -> Values:
        item: Values = super()._item(name, volname, vol)
        if "subtype" in vol:
            item["subtype"] = vol["subtype"]
        return item

    # ------------------------------------------------------------- restore

    async def _qm_create(self, v: Values, user: str) -> str:
        if not v.get("archive"):
            return await self.create_vm(v, user)
        node, vmid, volid = v["node"], int(v["vmid"]), str(v["archive"])
        self.need_quorum()
        emsg = f"unable to restore VM {vmid} -"
        old, pool = self.vm(vmid), v.get("pool")
        self._qm_check_pool(pool)
        may = self.allowed(user, f"/vms/{vmid}", "VM.Allocate") or (
            pool and self.allowed(user, "/pool/" + pool, "VM.Allocate")
        )
        if not may and not (
            old and v.get("force") and self.allowed(user, f"/vms/{vmid}", "VM.Backup")
        ):
            raise PveError(403, "Permission check failed")
        if v.get("storage"):
            self.require(user, "/storage/" + v["storage"], "Datastore.AllocateSpace")
        sid, _, volname = volid.partition(":")
        vtype, owner, _ = self._parse_volname(self._store(sid), volname)
        self._check_access(user, sid, vtype, owner, volid)
        if old is not None:
            self._check_over(old, node, bool(v.get("force")), emsg)

        async def body() -> None:
            await self.checkpoint()
            await self._restore(v, user, volid, emsg)

        return await self.task(node, "qmrestore", vmid, user, body, vm=old, own=True)

    def _check_over(self, old: Vm, node: str, force: bool, emsg: str) -> None:
        if old.node != node or not force:
            raise die(f"{emsg} VM {old.vmid} already exists on node '{old.node}'")
        self._qm_check_protection(old, emsg.removesuffix(" -"))
        self._check_lock(old)
        if old.status == "running":
            raise die(f"{emsg} vm is running")

    async def _restore(self, v: Values, user: str, volid: str, emsg: str) -> None:
        node, vmid = v["node"], int(v["vmid"])
        archive, record = self.archives.get(volid), self.volume(volid)
        if archive is None or record is None or record["node"] not in (None, node):
            raise TaskError(f"volume '{volid}' does not exist")
        vm = self.vm(vmid)
        fresh = vm is None
        if vm is None:
            vm = LabVm(vmid, f"VM {vmid}", node=node)
            vm.config = {}
            self.vms.append(vm)
        if vm.status == "running":
            raise TaskError(f"{emsg} vm is running")
        self.note(f"restore vma archive: zstd -q -d -c {volid}")
        async with self.config_lock(vm, "create"):
            for _, volume, _ in drives_of(vm.config):
                if ":" in volume and self.children(volume):
                    raise TaskError(f"base volume '{volume}' is still in use by linked cloned")
            for _, volume, _ in drives_of(vm.config):
                self._qm_free(volume)  # PVE removes the old disks before it makes the new ones
            made: list[str] = []
            try:
                config = await self._unpack(vm, archive, v, made)
            except (TaskError, PveError) as error:
                for volume in made:
                    self._qm_free(volume)
                if fresh:
                    self.vms.remove(vm)
                raise TaskError(f"{emsg} {error}") from error
            self._fill_in(vm, config, archive, user)
        if v.get("pool"):
            self._pool_join(v["pool"], vmid)
        if v.get("start"):
            self.power_up(vm)

    async def _unpack(self, vm: Vm, archive: Archive, v: Values, made: list[str]) -> Values:
        config = dict(archive.config)
        for key, value in archive.config.items():
            volume, props = split_drive(value) if ":" in str(value) else ("", {})
            sid = v.get("storage") or volume.partition(":")[0]
            if key in archive.disks:
                size, data = archive.disks[key]
                name = self.free_name(sid, vm.node, vm.vmid)
                self.note(f"map '{key}' to '{sid}:{name}' (write zeros = 0)")
            elif is_cdrom(volume, props) and "-cloudinit" in volume:
                size = data = CLOUD_INIT_BYTES
                name = f"vm-{vm.vmid}-cloudinit"
            else:
                continue
            volid = await self.allocate(sid, vm.node, name, vmid=vm.vmid, size=size, data=data)
            made.append(volid)
            await self.pause(self.plan.times.restore_gib * data / GIB)
            self.middle("restore-fails", vmid=vm.vmid)
            config[key] = join_drive(volid, {**props, "size": format_size(size)})
        if v.get("unique"):
            config = {
                k: with_mac(x, fresh=True) if re.fullmatch(r"net\d+", k) else x
                for k, x in config.items()
            }
            config["smbios1"] = f"uuid={uuid.uuid4()}"
        if "vmgenid" in config:
            config["vmgenid"] = str(uuid.uuid4())
        overrides = (
            "archive",
            "storage",
            "force",
            "unique",
            "pool",
            "start",
            "node",
            "vmid",
            "bwlimit",
        )
        config.update({k: x for k, x in v.items() if k not in (*overrides, "live-restore")})
        return config

    def _fill_in(self, vm: Vm, config: Values, archive: Archive, user: str) -> None:
        self.pvestatd()
        vm.config = {**config, "lock": "create"}
        vm.name = config.get("name") or f"VM {vm.vmid}"
        vm.pending, vm.snapshots = {}, {}
        self.kept = {key: x for key, x in self.kept.items() if key[0] != vm.vmid}
        if archive.firewall is not None:
            self._fw()["guests"][vm.vmid] = copy.deepcopy(archive.firewall)
        guest = self.guests.setdefault(vm.vmid, self.new_guest(vm.vmid))
        guest.inside = archive.inside.copy() if archive.inside else Inside()

    async def create_vm(self, v: Values, user: str) -> str:
        """A VM from options alone."""
        return str(await super()._qm_create(v, user))


def _copied(whole: int, data: int) -> tuple[str, str, str]:
    """The lines about what was copied; the speed is a typical one."""
    size, share = whole / GIB, 100 * (1 - data / whole) if whole else 0
    return (
        f"INFO: 100% ({size:.1f} GiB of {size:.1f} GiB) in 3s, read: 682.7 MiB/s, "
        "write: 107.5 MiB/s",
        f"INFO: backup is sparse: {(whole - data) / GIB:.2f} GiB ({share:.0f}%) total zero data",
        f"INFO: transferred {size:.2f} GiB in 3 seconds (682.7 MiB/s)",
    )
