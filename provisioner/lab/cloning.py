"""Cloning: what is checked first, what a clone under way shows, and how long it takes."""

from __future__ import annotations

import re
import uuid
from copy import deepcopy
from dataclasses import dataclass

from fakepve.lxc import format_size, split_props
from fakepve.model import PveError, TaskError
from fakepve.qemu import CLONE_SKIP, DRIVE_KEY, is_cdrom, join_drive, split_drive, with_mac
from fakepve.routing import die, param_error, split_list

from provisioner.lab.base import LabVm, Values, Vm
from provisioner.lab.configuration import CLOUD_INIT_BYTES, Configuration
from provisioner.lab.plan import GIB, MIB
from provisioner.lab.tasks import DiskLeft

UNDER_WAY = " qmclone temporary file"


@dataclass(frozen=True)
class _Copy:
    """One clone to be made; ``drives`` are key to (volume, options)."""

    source: Vm
    new: Vm
    full: bool
    storage: str | None
    target: str
    config: Values
    drives: dict[str, tuple[str, dict[str, str]]]


class Cloning(Configuration):
    """POST …/clone."""

    async def _qm_clone(self, v: Values, user: str) -> str:
        node, vmid, newid = v["node"], int(v["vmid"]), int(v["newid"])
        pool = v.get("pool")
        self._qm_check_pool(pool)
        self._qm_perm(user, newid, pool, "VM.Allocate")
        target = v.get("target") or node
        if target not in self.nodes:
            raise die(f"no such cluster node '{target}'")
        self.need_quorum()
        source = self.find(node, vmid)
        full = bool(v["full"]) if v.get("full") is not None else not source.template
        self._check_storage(v.get("storage"), node, target)
        for option in ("storage", "format"):
            if v.get(option) and not full:
                raise die(f"parameter '{option}' not allowed for linked clones")
        self._check_lock(source)
        drives = self._drives(source, user, full, v.get("storage"), node, target)
        if self._qm_taken(newid):
            raise die(f"unable to create VM {newid}: config file already exists")
        new = LabVm(newid, f"VM {newid}", node=node)
        new.config = {"lock": "clone", "description": UNDER_WAY}
        new.lock = new.lock_holder = "clone"
        config = self._config_of(source, v)
        copy = _Copy(source, new, full, v.get("storage"), target, config, drives)
        self.pvestatd()
        self.vms.append(new)

        async def body() -> None:
            try:
                await self._carry_out(copy)
            finally:
                self.release(new, "clone")
            if pool:
                self._pool_join(pool, newid)

        log = [f"creating a clone of VM {vmid} with ID {newid}"]
        return await self.task(node, "qmclone", vmid, user, body, log=log, own=True)

    # -------------------------------------------------------------- checks

    def _check_storage(self, storage: str | None, node: str, target: str) -> None:
        if not storage:
            return
        store = self._check_enabled(storage, node)
        if "images" not in split_list(store.get("content")):
            raise param_error(storage=f"storage '{storage}' does not support vm images")
        if target != node and not store.get("shared"):
            raise die(f"can't clone to non-shared storage '{storage}'")

    def _drives(
        self, source: Vm, user: str, full: bool, storage: str | None, node: str, target: str
    ) -> dict[str, tuple[str, dict[str, str]]]:
        found: dict[str, tuple[str, dict[str, str]]] = {}
        shared = True
        for key in sorted(k for k in source.config if DRIVE_KEY.match(k)):
            volume, props = split_drive(source.config[key])
            if ":" not in volume:
                continue
            sid = volume.partition(":")[0]
            shared = shared and bool(self._store(sid).get("shared"))
            if not is_cdrom(volume, props):
                self.require(user, "/storage/" + (storage or sid), "Datastore.AllocateSpace")
                if not full and "base-" not in volume:
                    raise die(f"Linked clone feature is not supported for '{volume}' ({key})")
            found[key] = (volume, props)
        for key in sorted(k for k in source.config if re.fullmatch(r"net\d+", k)):
            self.check_bridge(user, source.config[key])
        if target != node and not shared:
            raise die(f"can't clone VM to node '{target}' (VM uses local storage)")
        return found

    @staticmethod
    def _config_of(source: Vm, v: Values) -> Values:
        config: Values = {}
        for key, value in source.config.items():
            if key in CLONE_SKIP or key.startswith("unused") or DRIVE_KEY.match(key):
                continue
            config[key] = with_mac(value, fresh=True) if re.fullmatch(r"net\d+", key) else value
        config["name"] = v.get("name") or f"Copy-of-VM-{source.config.get('name') or v['vmid']}"
        config.pop("description", None)
        if v.get("description"):
            config["description"] = v["description"]
        elif source.config.get("description"):
            config["description"] = source.config["description"]
        smbios = split_props("x," + str(config.get("smbios1", "")))[1] | {"uuid": str(uuid.uuid4())}
        config["smbios1"] = ",".join(f"{k}={smbios[k]}" for k in sorted(smbios))
        if "vmgenid" in config:
            config["vmgenid"] = str(uuid.uuid4())
        return config

    # ---------------------------------------------------------------- work

    async def _carry_out(self, copy: _Copy) -> None:
        new, made = copy.new, dict[str, str]()
        drives: Values = {}
        try:
            for key in sorted(copy.drives):
                volid = await self._clone_drive(copy, key, *copy.drives[key])
                made[key] = volid
                size = format_size(int((self.volume(volid) or {})["size"]))
                drives[key] = join_drive(volid, {**copy.drives[key][1], "size": size})
            await self.checkpoint()
        except (PveError, TaskError) as error:
            if not isinstance(error, DiskLeft):
                for volid in made.values():
                    self._qm_free(volid)
            self.pvestatd()
            self.vms.remove(new)
            raise TaskError(f"clone failed: {error}") from error
        self.pvestatd()
        new.config = {**copy.config, **drives}
        new.name = new.config["name"]
        new.node = copy.target
        rules = self._fw()["guests"].get(copy.source.vmid)
        if rules is not None:  # a clone has its template's firewall
            self._fw()["guests"][new.vmid] = deepcopy(rules)
        new.lock = None

    async def _clone_drive(self, copy: _Copy, key: str, volume: str, props: dict[str, str]) -> str:
        node, vmid = copy.new.node, copy.new.vmid
        old = self.volume(volume)
        if old is None:
            raise TaskError(f"volume '{volume}' does not exist")
        home = volume.partition(":")[0]
        if volume.rsplit("/", 1)[-1].split(".")[0].endswith("-cloudinit"):
            self.note(f"create full clone of drive {key} ({volume})")
            volid = await self.allocate(
                copy.storage or home,
                node,
                f"vm-{vmid}-cloudinit",
                vmid=vmid,
                size=CLOUD_INIT_BYTES,
                data=CLOUD_INIT_BYTES // 4,
            )
            self.note(f"allocated target volume '{volid}'")
            return volid
        if is_cdrom(volume, props):
            return volume
        sid = (copy.storage or home) if copy.full else home
        name = self.free_name(sid, node, vmid)
        size, data = int(old["size"]), int(old["data"])
        if not copy.full:
            self.note(f"create linked clone of drive {key} ({volume})")
            base = volume.partition(":")[2]
            volid = await self.allocate(
                sid, node, name, vmid=vmid, size=size, data=16 * MIB, parent=base
            )
            await self.pause(self.plan.times.linked_clone)
            return volid
        self.note(f"create full clone of drive {key} ({volume})")
        volid = await self.allocate(sid, node, name, vmid=vmid, size=size, data=data)
        self.note(f"allocated target volume '{volid}'")
        steps = 10
        for step in range(steps + 1):
            share = step / steps
            self.note(
                f"transferred {share * size / GIB:.1f} GiB of {size / GIB:.1f} GiB ({share:.2%})"
            )
            if self.faults.active("storage-full", storage=sid, node=node):
                self._qm_free(volid)
                raise self._no_space(sid, name)
            if step < steps:
                await self.pause(self.plan.times.copy_gib * data / GIB / steps)
        return volid
