"""Configuration of VMs: by task or at once, cloud-init checks, new disks, growing a disk."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import asyncssh
from aiohttp import web
from fakepve.lxc import format_size
from fakepve.model import TaskError
from fakepve.qemu import DRIVE_KEY, NEW_DISK, drives_of, is_cdrom, join_drive, split_drive, with_mac
from fakepve.routing import die, split_list
from fakepve.server import USER, ok, params

from provisioner.lab.base import Values, Vm, form
from provisioner.lab.capacity import Capacity
from provisioner.lab.plan import GIB, MIB

CLOUD_INIT = re.compile(
    r"^(ipconfig\d+|ciuser|cipassword|cicustom|citype|ciupgrade|sshkeys|nameserver|searchdomain)$"
)
_AT_ONCE = re.compile(rf"{CLOUD_INIT.pattern}|^(net\d+|shares|vmstatestorage)$")
"""What a running VM takes at once besides name, notes and tags (hotplug: network,disk,usb)."""
_SIZE = {"K": 1024, "M": MIB, "G": GIB, "T": 1024 * GIB, "": 1}
CLOUD_INIT_BYTES = 4 * MIB


def size_of(text: str) -> int:
    """Bytes of a size as PVE writes it (2G, 4M, 1073741824)."""
    number, unit = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", text).groups()  # type: ignore[union-attr]
    return int(float(number) * _SIZE[unit])


def check_keys(encoded: str) -> None:
    """Refuse what `ssh-keygen -l` would refuse."""
    for line in unquote(encoded).splitlines():
        if line.strip():
            try:
                asyncssh.import_public_key(line)
            except asyncssh.KeyImportError:
                raise die("SSH public key validation error") from None


class Configuration(Capacity):
    """What a VM is told to be."""

    def _config_priv(self, key: str) -> Any:
        if CLOUD_INIT.match(key):
            return "VM.Config.Cloudinit"
        return super()._config_priv(key)

    async def wait_for_lock(self, vm: Vm) -> None:
        """Wait for the VM's configuration lock as a write does, up to ten seconds."""
        await self.acquire(vm, "write")
        self.release(vm, "write")

    def _check_write(self, vm: Vm, user: str, p: Values) -> None:
        self.need_quorum()
        if p.get("digest") and p["digest"] != vm.digest():
            raise die("checksum mismatch (file change by other user?)")
        if p.get("sshkeys"):
            check_keys(p["sshkeys"])
        for key, value in p.items():
            bridge = re.search(r"bridge=([^,]+)", str(value)) if key.startswith("net") else None
            if bridge:
                self.check_bridge(user, str(value))

    def check_bridge(self, user: str, net: str) -> None:
        """SDN.Use on the bridge of a network card, and on its VLAN where it names one."""
        bridge = re.search(r"bridge=([^,]+)", net)
        if bridge is None:
            return
        tag = re.search(r"(?:^|,)tag=(\d+)", net)
        path = f"/sdn/zones/localnetwork/{bridge[1]}" + (f"/{tag[1]}" if tag else "")
        self.require(user, path, "SDN.Use")

    async def _new_drive(self, vm: Vm, key: str, value: str) -> str:
        volume, props = split_drive(value)
        asked = NEW_DISK.match(volume)
        sid = volume.partition(":")[0]
        if volume.endswith(":cloudinit"):
            volid = await self.allocate(
                sid,
                vm.node,
                f"vm-{vm.vmid}-cloudinit",
                vmid=vm.vmid,
                size=CLOUD_INIT_BYTES,
                data=CLOUD_INIT_BYTES,
            )
            return str(join_drive(volid, {**props, "media": "cdrom"}))
        if asked is None or not asked[1] or is_cdrom(volume, props):
            return value
        size = int(float(asked[2]) * GIB)
        name = self.free_name(sid, vm.node, vm.vmid)
        volid = await self.allocate(sid, vm.node, name, vmid=vm.vmid, size=size, data=0)
        return str(join_drive(volid, {**props, "size": format_size(size)}))

    async def _apply_config(self, vm: Vm, user: str, p: Values) -> None:
        """Raises PveError for what is refused, TaskError for what a storage refuses."""
        updates = dict(p)
        for key, value in p.items():
            if re.fullmatch(r"net\d+", key):
                old = re.search(r"([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})", vm.config.get(key, ""))
                if old and not re.search(r"([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})", str(value)):
                    value = re.sub(r"^(\w+)", rf"\1={old[1]}", str(value), count=1)
                updates[key] = with_mac(value)
            elif DRIVE_KEY.match(key):
                self.require(user, f"/vms/{vm.vmid}", "VM.Config.Disk")
                updates[key] = await self._new_drive(vm, key, str(value))
            elif key == "tags":
                tags = {t.lower() for t in re.split(r"[;, ]+", str(value)) if t}
                updates[key] = ";".join(sorted(tags))
        self.pvestatd()
        dropped = [k for k in split_list(p.get("delete")) if DRIVE_KEY.match(k) and k in vm.config]
        freed = [k for k in split_list(p.get("delete")) if k.startswith("unused")]
        volumes = {k: split_drive(vm.config[k])[0] for k in (*dropped, *freed) if k in vm.config}
        new = {key for key in updates if DRIVE_KEY.match(key) and key not in vm.config}
        await super()._apply_config(vm, user, updates)
        self._plug(vm, new | set(dropped) | set(freed))
        for key, volume in volumes.items():
            if key in freed or volume.endswith("cloudinit") or "-cloudinit." in volume:
                self._qm_free(volume)
            elif ":" in volume and not is_cdrom(volume, {}):
                self.unused(vm, volume)

    def _plug(self, vm: Vm, drives: set[str]) -> None:
        """Let a running VM have at once what PVE plugs or writes at once; drop empty changes."""
        for key, value in list(vm.pending.items()):
            now = vm.config.get(key)
            hot = _AT_ONCE.match(key) or (key in drives and not key.startswith("ide"))
            if hot or (value is None and now is None) or str(value) == str(now):
                del vm.pending[key]
                if hot and value is not None:
                    vm.config[key] = value
                elif hot:
                    vm.config.pop(key, None)

    @staticmethod
    def unused(vm: Vm, volume: str) -> None:
        """A disk that no drive holds any more stays with its VM."""
        vm.config[next(k for i in range(256) if (k := f"unused{i}") not in vm.config)] = volume

    async def _config_get(self, request: web.Request) -> Any:
        vm = self._vm(request, "VM.Audit")
        p = self._verify(request, await params(request))
        if p.get("snapshot"):
            if p["snapshot"] not in vm.snapshots:
                raise die(f"snapshot '{p['snapshot']}' does not exist")
            return ok({**vm.snapshots[p["snapshot"]], "digest": vm.digest()})
        config = dict(vm.config)
        if not p.get("current"):
            config.update({k: x for k, x in vm.pending.items() if x is not None})
            config = {k: x for k, x in config.items() if vm.pending.get(k, x) is not None}
        if "memory" in config:
            config["memory"] = str(config["memory"])
        if "cipassword" in config:
            config["cipassword"] = "*" * 10
        return ok({**config, "digest": vm.digest()})

    async def _config_write(self, request: web.Request) -> tuple[Vm, str, Values]:
        verified = self._verify(request, await form(request))
        vm = self._vm(request)
        user = request[USER]
        info = self.resolve(request, "").methods[request.method]
        self.check_permissions(user, info.get("permissions"), verified)
        p = {k: v for k, v in verified.items() if k not in ("node", "vmid", "background_delay")}
        try:
            await self.wait_for_lock(vm)
        except TaskError as error:
            raise die(str(error)) from error
        self.find(vm.node, vm.vmid)
        self._check_write(vm, user, p)
        return vm, user, p

    async def _config_put(self, request: web.Request) -> Any:
        vm, user, p = await self._config_write(request)
        try:
            await self._apply_config(vm, user, p)
        except TaskError as error:
            raise die(str(error)) from error
        return ok()

    async def _config_post(self, request: web.Request) -> Any:
        vm, user, p = await self._config_write(request)

        async def body() -> None:
            shown = {k: "<hidden>" if k == "cipassword" else v for k, v in sorted(p.items())}
            self.note(f"update VM {vm.vmid}: " + " ".join(f"-{k} {v}" for k, v in shown.items()))
            await self.checkpoint()
            await self.pause(self.plan.times.config)
            if vm not in self.vms:
                where = f"nodes/{vm.node}/qemu-server/{vm.vmid}.conf"
                raise TaskError(f"Configuration file '{where}' does not exist")
            await self._apply_config(vm, user, p)

        return ok(await self.task(vm.node, "qmconfig", vm.vmid, user, body, own=True))

    async def _pending(self, request: web.Request) -> Any:
        vm = self._vm(request, "VM.Audit")
        items: list[Values] = [{"key": "digest", "value": vm.digest()}]
        for key in sorted({*vm.config, *vm.pending}):
            item: Values = {"key": key}
            if key in vm.config:
                item["value"] = "*" * 10 if key == "cipassword" else vm.config[key]
            if key in vm.pending:
                new = vm.pending[key]
                item.update({"delete": 1} if new is None else {"pending": new})
            items.append(item)
        return ok(items)

    # ---------------------------------------------------------- cloud-init

    def _routes_configuration(self) -> list[Any]:
        one = "/nodes/{node}/qemu/{vmid}"
        return [
            ("PUT", one + "/resize", self._resize),
            ("GET", one + "/cloudinit", self._cloud_init_list),
            ("PUT", one + "/cloudinit", self._cloud_init_again),
            ("GET", one + "/cloudinit/dump", self._cloud_init_dump),
        ]

    async def _cloud_init_list(self, v: Values, user: str) -> list[Values]:
        config = self.find(v["node"], v["vmid"]).config
        shown = ("cipassword", "citype", "ciuser", "nameserver", "searchdomain", "sshkeys")
        return [{"key": key, "value": config[key]} for key in shown if key in config]

    async def _cloud_init_again(self, v: Values, user: str) -> None:
        self.find(v["node"], v["vmid"])

    async def _cloud_init_dump(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        return cloud_config(vm.name, vm.config) if v["type"] == "user" else ""

    # --------------------------------------------------------------- disks

    async def _resize(self, v: Values, user: str) -> str:
        vm = self.find(v["node"], v["vmid"])
        self.need_quorum()
        disk, asked = v["disk"], v["size"]

        async def body() -> None:
            await self.checkpoint()
            if v.get("digest") and v["digest"] != vm.digest():
                raise TaskError("checksum mismatch (file change by other user?)")
            self._check_lock(vm)
            found = {key: (volume, props) for key, volume, props in drives_of(vm.config)}
            if disk not in found:
                raise TaskError(f"disk '{disk}' does not exist")
            volume, props = found[disk]
            if is_cdrom(volume, props):
                raise TaskError("you can't resize a cdrom")
            record = self.volume(volume)
            if record is None:
                raise TaskError(f"volume '{volume}' does not exist")
            sid = volume.partition(":")[0]
            self.require(user, "/storage/" + sid, "Datastore.AllocateSpace")
            old = int(record["size"])
            new = old + size_of(asked[1:]) if asked.startswith("+") else size_of(asked)
            if new < old:
                raise TaskError("shrinking disks is not supported")
            if new == old:
                return
            if self.faults.active("storage-full", storage=sid, node=vm.node):
                raise self._no_space(sid, volume.partition(":")[2])
            await self.pause(self.plan.times.resize)
            self.pvestatd()
            record["size"] = new
            vm.config[disk] = join_drive(volume, {**props, "size": format_size(new)})
            self.note(
                "Image resized."
                if self.is_file(sid)
                else f"  Logical volume pve/{volume.partition(':')[2]} successfully resized."
            )

        return await self.task(vm.node, "resize", vm.vmid, user, body, vm=vm, own=True)


def cloud_config(name: str, config: Values) -> str:
    """The user-data that PVE makes of a configuration."""
    lines = ["#cloud-config", f"hostname: {name}", "manage_etc_hosts: true", f"fqdn: {name}"]
    if config.get("ciuser"):
        lines.append(f"user: {config['ciuser']}")
    if config.get("cipassword"):
        lines.append("password: **********")
    keys = [k for k in unquote(config.get("sshkeys", "")).splitlines() if k.strip()]
    if keys:
        lines += ["ssh_authorized_keys:", *(f"  - {key}" for key in keys)]
    lines += ["chpasswd:", "  expire: False", "users:", "  - default"]
    if str(config.get("ciupgrade", 1)) != "0":
        lines.append("package_upgrade: true")
    return "\n".join(lines) + "\n"
