"""From a cloud image to a template: download to a storage, VM with imported disk, conversion."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

from aiohttp import web
from fakepve.lxc import format_size, to_base
from fakepve.model import PveError, TaskError
from fakepve.qemu import (
    CREATE_ONLY,
    DRIVE_KEY,
    NEW_DISK,
    boot_order,
    drives_of,
    join_drive,
    split_drive,
    with_mac,
)
from fakepve.routing import die, param_error, split_list
from fakepve.server import USER, ok, params

from provisioner.lab.base import LabVm, Values, Vm
from provisioner.lab.plan import GIB
from provisioner.lab.walls import Walls

_ENDINGS = {
    "iso": r"\.(?:iso|img)$",
    "vztmpl": r"\.tar\.(?:gz|xz|zst|bz2)$",
    "import": r"\.(?:ova|ovf|qcow2|raw|vmdk)$",
}


class Images(Walls):
    """Downloads, VMs from options alone, and templates."""

    def _routes_images(self) -> list[Any]:
        return [("GET", "/nodes/{node}/query-url-metadata", self._metadata)]

    async def _metadata(self, v: Values, user: str) -> Values:
        image = next((i for i in self.plan.images if i.url == v["url"]), None)
        if image is None:
            raise die("invalid server response: '404 Not Found'")
        name = image.url.rpartition("/")[2]
        size = int(image.size_gb * GIB)
        return {"filename": name, "mimetype": "application/octet-stream", "size": size}

    # ------------------------------------------------------------ download

    async def _download_url(self, request: web.Request) -> Any:
        name, node, user = request.match_info["storage"], request.match_info["node"], request[USER]
        p = self._verify(request, await params(request))
        info = self.resolve(request, "").methods["POST"]
        self.check_permissions(user, info.get("permissions"), p)
        store = self._active_store(name, node)
        content, file_name = p["content"], p["filename"]
        if content not in split_list(store.get("content")):
            raise die(f"storage '{name}' is not configured for content-type '{content}'")
        if not self.is_file(name):
            raise die(f"can't upload to storage type '{store['type']}', not a file based storage!")
        if "/" in file_name or not re.search(_ENDINGS[content], file_name):
            raise param_error(filename="invalid filename or wrong extension")
        if bool(p.get("checksum")) != bool(p.get("checksum-algorithm")):
            missing = "checksum-algorithm" if p.get("checksum") else "checksum"
            given = "checksum" if p.get("checksum") else "checksum-algorithm"
            raise param_error(**{missing: f"missing property - '{given}' requires this property"})

        async def body() -> None:
            await self.checkpoint()
            await self._fetch(name, node, p)

        return ok(await self.task(node, "download", file_name, user, body, own=True))

    async def _fetch(self, sid: str, node: str, p: Values) -> None:
        volname = f"{p['content']}/{p['filename']}"
        path = self._volume_path(sid, volname, p["content"])
        self.note(f"downloading {p['url']} to {path}")
        image = next((i for i in self.plan.images if i.url == p["url"]), None)
        checksum, algorithm = p.get("checksum"), str(p.get("checksum-algorithm"))
        there = self.storages[sid]["volumes"].get(volname)
        if there is not None and there["node"] == self.home(sid, node):
            if not checksum:
                raise TaskError(f"refusing to override existing file '{path}'")
            got = there["image"].checksum(algorithm)
            if got != checksum.lower():
                raise TaskError(f"mismatch (got '{got}' != expect '{checksum}'), aborting")
            self.note("OK, got correct file already, no need to download")
            return
        if image is None or self.faults.active("download-fails"):
            self.note("HTTP request sent, awaiting response... 404 Not Found")
            raise TaskError(
                f"download failed: command '/usr/bin/wget --progress=dot:giga -O {path}.tmp "
                f"{p['url']}' failed: exit code 8"
            )
        size = int(image.size_gb * GIB)
        total, used = self.space(sid, node)
        if size > total - used:
            raise TaskError(f"write failed: {path}.tmp: No space left on device")
        await self.pause(self.plan.times.download_gib * image.size_gb)
        if checksum:
            got = image.checksum(algorithm)
            if got != checksum.lower():
                self.note("calculating checksum...")
                raise TaskError(f"checksum mismatch: got '{got}' != expect '{checksum}'")
            self.note("calculating checksum...OK, checksum verified")
        self.storages[sid]["volumes"][volname] = {
            "content": p["content"], "format": p["filename"].rsplit(".", 1)[-1], "size": size,
            "data": size, "node": self.home(sid, node), "ctime": int(time.time()), "image": image,
        }  # fmt: skip
        self.note(f"download of '{p['url']}' to '{path}' finished")

    # -------------------------------------------------------------- create

    async def create_vm(self, v: Values, user: str) -> str:
        node, vmid, pool = v["node"], int(v["vmid"]), v.get("pool")
        self.need_quorum()
        self._qm_check_pool(pool)
        if not self.allowed(user, f"/vms/{vmid}", "VM.Allocate") and not (
            pool and self.allowed(user, "/pool/" + pool, "VM.Allocate")
        ):
            raise PveError(403, "Permission check failed")
        options = {k: x for k, x in v.items() if k not in CREATE_ONLY}
        self._check_options_of(vmid, pool, node, options, user)
        emsg = f"unable to create VM {vmid} -"
        other = self.vm(vmid)
        if other is not None:
            raise die(f"{emsg} VM {vmid} already exists on node '{other.node}'")
        vm = LabVm(vmid, f"VM {vmid}", node=node)
        vm.config = {}
        self._qm_lock(vm, "create")
        self.pvestatd()
        self.vms.append(vm)

        async def body() -> None:
            try:
                await self.checkpoint()
                await self._make(vm, options)
            except (PveError, TaskError) as error:
                self.vms.remove(vm)
                raise TaskError(f"{emsg} {error}") from error
            if pool:
                self._pool_join(pool, vmid)
            if v.get("start"):
                self.power_up(vm)

        return await self.task(node, "qmcreate", vmid, user, body, vm=vm, own=True)

    def _check_options_of(
        self, vmid: int, pool: str | None, node: str, options: Values, user: str
    ) -> None:
        for key, value in sorted(options.items()):
            cdrom = "media=cdrom" in str(value) and ":cloudinit" not in str(value)
            need = "VM.Config.CDROM" if cdrom else self._config_priv(key)
            if need == "root" and user != "root@pam":
                raise PveError(403, f"only root can set '{key}' config")
            if need != "root":
                self._qm_perm(user, vmid, pool, need)
            if re.fullmatch(r"net\d+", key):
                self.check_bridge(user, str(value))
                options[key] = with_mac(value)
            if not DRIVE_KEY.match(key):
                continue
            volume, props = split_drive(value)
            sid = volume.partition(":")[0]
            if NEW_DISK.match(volume) or volume.endswith(":cloudinit"):
                self._check_enabled(sid, node)
                self._qm_image_store(sid, user)
            if props.get("import-from"):
                source, _, name = props["import-from"].partition(":")
                vtype, owner, _ = self._parse_volname(self._store(source), name)
                self._check_access(user, source, vtype, owner, props["import-from"])

    async def _make(self, vm: Vm, options: Values) -> None:
        config = dict(options)
        made: list[str] = []
        try:
            for key in sorted(k for k in options if DRIVE_KEY.match(k)):
                volume, props = split_drive(options[key])
                if props.get("import-from"):
                    config[key] = await self._import(vm, key, volume.partition(":")[0], props)
                else:
                    config[key] = await self._new_drive(vm, key, str(options[key]))
                made.append(split_drive(config[key])[0])
        except (PveError, TaskError):
            for volid in made:
                self._qm_free(volid)
            raise
        config.setdefault("meta", f"creation-qemu=10.0.13,ctime={int(time.time())}")
        order = config.get("boot") or boot_order(config)
        config.update({"boot": order} if order else {})
        config.setdefault("smbios1", f"uuid={uuid.uuid4()}")
        if str(config.get("vmgenid", "1")) == "1":
            config["vmgenid"] = str(uuid.uuid4())
        if config.get("tags"):
            tags = {t.lower() for t in re.split(r"[;, ]+", str(config["tags"])) if t}
            config["tags"] = ";".join(sorted(tags))
        self.pvestatd()
        vm.config, vm.lock = config, None
        vm.name = config.get("name") or f"VM {vm.vmid}"

    async def _import(self, vm: Vm, key: str, sid: str, props: dict[str, str]) -> str:
        source = props.pop("import-from")
        record = self.volume(source)
        if record is None or record["node"] not in (None, vm.node):
            raise TaskError(f"volume '{source}' does not exist")
        size, data = record["image"].disk_gb * GIB, int(record["size"])
        self.note(f"importing disk '{source}' to VM {vm.vmid} ..")
        name = self.free_name(sid, vm.node, vm.vmid)
        volid = await self.allocate(sid, vm.node, name, vmid=vm.vmid, size=size, data=data)
        await self.pause(self.plan.times.copy_gib * data / GIB)
        self.note(f"{key}: successfully created disk '{volid}'")
        return str(join_drive(volid, {**props, "size": format_size(size)}))

    # ------------------------------------------------------------ template

    async def _qm_template(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        self._check_lock(vm)
        self.need_quorum()
        if vm.snapshots:
            raise die("unable to create template, because VM contains snapshots")
        if vm.template and not v.get("disk"):
            raise die("you can't convert a template to a template")
        if vm.status == "running":
            raise die("you can't convert a VM to template if VM is running")

        async def body() -> None:
            await self.checkpoint()
            await self.pause(self.plan.times.config)
            self.pvestatd()
            vm.template, vm.config["template"] = True, 1
            for key, volume, props in drives_of(vm.config, skip_cdrom=True):
                sid, _, name = volume.partition(":")
                volumes = self.storages[sid]["volumes"]
                if v.get("disk") in (None, key) and name in volumes:
                    volumes[to_base(name)] = volumes.pop(name)
                    vm.config[key] = join_drive(f"{sid}:{to_base(name)}", props)

        return await self.task(vm.node, "qmtemplate", vm.vmid, user, body, vm=vm, own=True)
