"""Orders as calls of the API."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from provisioner.drivers.hypervisor import (
    BackUp,
    Clone,
    Configure,
    Destroy,
    Download,
    DropBackup,
    DropSnapshot,
    FreeVolume,
    GrowDisk,
    MakeTemplate,
    MakeVm,
    Migrate,
    PowerOff,
    PowerOn,
    Restart,
    RestoreBackup,
    RollBack,
    Shutdown,
    TakeSnapshot,
    WriteGuestFile,
)

Simple = (
    Configure
    | GrowDisk
    | PowerOn
    | PowerOff
    | Shutdown
    | Restart
    | TakeSnapshot
    | DropSnapshot
    | Migrate
    | WriteGuestFile
    | MakeTemplate
)
"""Orders to a VM that stands, each one call, sent to wherever the VM is now."""

_CLOUD_INIT = re.compile(r"ciuser|cipassword|sshkeys|ipconfig\d+|nameserver|searchdomain")
_ALREADY_SO = {
    PowerOn: re.compile(r"already running"),
    PowerOff: re.compile(r"VM \d+ (is )?not running"),
    Shutdown: re.compile(r"VM \d+ (is )?not running"),
    DropSnapshot: re.compile(r"snapshot '[^']*' does not exist"),
    Migrate: re.compile(r"target is local node"),
    MakeTemplate: re.compile(r"can't convert a template to a template"),
}
NOT_THERE = re.compile(
    r"Configuration file '[^']*' does not exist|unable to find configuration file for VM"
)
_NOTES = 500
"""PVE takes 1024 characters; escaping may double ours."""


@dataclass(frozen=True)
class Call:
    """One call; ``data`` may hold secrets."""

    method: str
    path: tuple[object, ...]
    data: dict[str, Any] = field(default_factory=dict, repr=False)


def clone_call(order: Clone) -> Call:
    """A linked clone takes no storage, and only another node is named as target (12, 13)."""
    data: dict[str, Any] = {
        "newid": order.vmid,
        "name": order.name,
        "description": order.description,
        "full": int(order.kind == "full"),
    }
    if order.kind == "full" and order.storage:
        data["storage"] = order.storage
    if order.node != order.template_node:
        data["target"] = order.node
    if order.pool:
        data["pool"] = order.pool
    return Call("POST", ("nodes", order.template_node, "qemu", order.template, "clone"), data)


def simple_call(order: Simple, node: str) -> Call:
    """The call on the node where the VM is now."""
    machine = ("nodes", node, "qemu", order.vmid)
    match order:
        case Configure():
            return Call("POST", (*machine, "config"), _configuration(order))
        case GrowDisk():
            # An absolute size: repeating it changes nothing (20).
            size = {"disk": order.disk, "size": f"{order.size_gb}G"}
            return Call("PUT", (*machine, "resize"), size)
        case PowerOn():
            return Call("POST", (*machine, "status", "start"))
        case PowerOff():
            return Call("POST", (*machine, "status", "stop"))
        case Shutdown():
            patience = {"timeout": order.seconds, "forceStop": 1}
            return Call("POST", (*machine, "status", "shutdown"), patience)
        case Restart():
            return Call("POST", (*machine, "status", "reboot"), {"timeout": order.seconds})
        case TakeSnapshot():
            what = {"snapname": order.name, "description": order.description, "vmstate": 0}
            return Call("POST", (*machine, "snapshot"), what)
        case DropSnapshot():
            return Call("DELETE", (*machine, "snapshot", order.name))
        case Migrate():
            return Call("POST", (*machine, "migrate"), _migration(order))
        case WriteGuestFile():
            return Call("POST", (*machine, "agent", "file-write"), _file(order))
        case MakeTemplate():
            return Call("POST", (*machine, "template"))


def is_already_so(order: Simple, text: str) -> bool:
    """Whether a refusal says that the wanted state is there."""
    pattern = _ALREADY_SO.get(type(order))
    return bool(pattern and pattern.search(text))


def vm_call(order: Destroy | RollBack | RestoreBackup | BackUp, node: str) -> Call:
    """The call on the node where the VM has just been seen."""
    machine = ("nodes", node, "qemu", order.vmid)
    match order:
        case Destroy():
            # Out of its pool, its jobs and HA, with disks that its configuration forgot (16).
            return Call("DELETE", machine, {"purge": 1, "destroy-unreferenced-disks": 1})
        case RollBack():
            return Call("POST", (*machine, "snapshot", order.name, "rollback"))
        case RestoreBackup():
            return Call("POST", ("nodes", node, "qemu"), _restoring(order))
        case BackUp():
            return Call("POST", ("nodes", node, "vzdump"), _backing_up(order))


def volume_call(order: FreeVolume | DropBackup) -> Call:
    """Remove a volume; the name has been checked."""
    storage = order.volume.partition(":")[0]
    return Call("DELETE", ("nodes", order.node, "storage", storage, "content", order.volume))


def download_call(order: Download) -> Call:
    """The node itself fetches the image and compares its checksum before it is there."""
    data = {
        "url": order.url,
        "content": "import",
        "filename": order.file_name,
        "checksum": order.checksum,
        "checksum-algorithm": order.algorithm,
    }
    return Call("POST", ("nodes", order.node, "storage", order.storage, "download-url"), data)


def make_call(order: MakeVm) -> Call:
    """A VM that takes nothing from a template."""
    return Call("POST", ("nodes", order.node, "qemu"), {"vmid": order.vmid, **order.options})


def _configuration(order: Configure) -> dict[str, Any]:
    data: dict[str, Any] = {**order.options, **order.secret}
    if "sshkeys" in data:
        lines = [line.strip() for line in str(data["sshkeys"]).splitlines()]
        # PVE wants it encoded once by us, before the client encodes the form (24).
        data["sshkeys"] = quote("\n".join(line for line in lines if line), safe="")
    if any(_CLOUD_INIT.fullmatch(key) for key in data):
        data.setdefault("ciupgrade", 0)  # PVE's default upgrades all packages at first boot (22)
    if order.delete:
        data["delete"] = ",".join(order.delete)
    if order.digest:
        data["digest"] = order.digest
    return data


def _backing_up(order: BackUp) -> dict[str, Any]:
    """Without ``remove``: a backup that we make never removes older ones of others."""
    data: dict[str, Any] = {
        "vmid": order.vmid,
        "storage": order.storage,
        "mode": "snapshot",
        "compress": "zstd",
        "remove": 0,
        "notes-template": _notes(order.notes),
    }
    if order.protected:
        data["protected"] = 1
    return data


def _restoring(order: RestoreBackup) -> dict[str, Any]:
    """Over the VM that stands there, which keeps its MAC address and UUID."""
    data: dict[str, Any] = {"vmid": order.vmid, "archive": order.volume, "force": 1}
    if order.storage:
        data["storage"] = order.storage
    return data


def _migration(order: Migrate) -> dict[str, Any]:
    data: dict[str, Any] = {"target": order.target}
    if order.online:
        data["online"] = 1
    if order.local_disks:
        data["with-local-disks"] = 1
    if order.storage:
        data["targetstorage"] = order.storage
    return data


def _file(order: WriteGuestFile) -> dict[str, Any]:
    if order.content.isascii():
        return {"file": order.path, "content": order.content}
    # PVE's own encoding takes characters for bytes.
    encoded = base64.b64encode(order.content.encode()).decode()
    return {"file": order.path, "content": encoded, "encode": 0}


def _notes(text: str) -> str:
    """The notes as vzdump's template: its escapes and ``{{variables}}`` taken literally."""
    plain = text.strip()[:_NOTES].replace("{{", "{ {")
    return plain.replace("\\", "\\\\").replace("\n", "\\n")
