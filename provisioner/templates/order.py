"""What a new template shall be, where it goes, and what it is made of; pure."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from itertools import count
from typing import Literal

from provisioner.drivers.hypervisor import ClusterFacts, Machine, StorageReading
from provisioner.errors import FieldError, Invalid
from provisioner.texts import Message, say

DiskBus = Literal["scsi", "virtio"]
Algorithm = Literal["sha256", "sha512"]

FIRST_VMID = 9000
"""By custom templates begin here."""
_DIGITS = {"sha256": 64, "sha512": 128}
_FORMATS = {"raw": "raw", "vmdk": "vmdk", "qcow2": "qcow2", "img": "qcow2"}
"""Ending of an image to that of the file; cloud images called .img are qcow2."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TAG = re.compile(r"[a-z0-9_][a-z0-9_+.-]{0,63}")


@dataclass(frozen=True)
class ImageOrder:
    """A template to be made from a cloud image; raises Invalid where a value does not hold."""

    image: str
    """Its key in the catalogue."""
    url: str
    checksum: str
    algorithm: Algorithm
    storage: str
    """Of the template's disk."""
    name: str
    tag: str
    disk_bus: DiskBus = "scsi"
    bridge: str = "vmbr0"
    vlan: int | None = None
    node: str | None = None
    image_storage: str | None = None
    """Where the image is downloaded to."""
    vmid: int | None = None

    def __post_init__(self) -> None:
        errors = []
        if not re.fullmatch(rf"[0-9a-f]{{{_DIGITS[self.algorithm]}}}", self.checksum):
            what = say("must have %(count)s hexadecimal digits", count=_DIGITS[self.algorithm])
            errors.append(FieldError(f"--{self.algorithm}", what))
        if not re.fullmatch(r"https?://[^\s\x00-\x1f\x7f'\"]+", self.url):
            errors.append(FieldError("--url", say("has to begin with https:// or http://")))
        elif self._format is None:
            what = say(
                "must end with %(endings)s; a compressed image has to be unpacked first",
                endings=", ".join(f".{ending}" for ending in _FORMATS),
            )
            errors.append(FieldError("--url", what))
        for option, value, form in (
            ("IMAGE", self.image, _NAME), ("--name", self.name, _NAME), ("--tag", self.tag, _TAG)
        ):  # fmt: skip
            if not form.fullmatch(value):
                errors.append(FieldError(option, say("small letters, digits and hyphens only")))
        if errors:
            raise Invalid(errors)

    @property
    def _format(self) -> str | None:
        path = self.url.partition("?")[0].partition("#")[0]
        return _FORMATS.get(path.rpartition("/")[2].rpartition(".")[2].lower())

    @property
    def file_name(self) -> str:
        """Bears the checksum, so that another image is never taken for this one."""
        return f"{self.image}-{self.checksum[:16]}.{self._format}"

    @property
    def disk(self) -> str:
        return f"{self.disk_bus}0"

    @property
    def mark(self) -> str:
        """The VM's description, by which a half-made one is known to be ours."""
        return f"provisioner: template {self.image} {self.algorithm}:{self.checksum}"

    def made(self, machine: Machine) -> bool:
        """Whether the VM was made for this very image."""
        return machine.description.strip() == self.mark

    def is_whole(self, machine: Machine) -> bool:
        """Whether all that MakeVm sets has been set; the disk comes last in it."""
        drives = [str(value) for value in machine.options.values()]
        return self.disk in machine.disks_gb and any("cloudinit" in drive for drive in drives)

    def options(self, volume: str) -> dict[str, str]:
        """Of the VM that becomes the template; ``volume`` is the downloaded image.

        The processor is one that every x86 server since 2010 has: with PVE's own default the
        distributions of today do not start. Only the network card's model outlives cloning.
        """
        vlan = f",tag={self.vlan}" if self.vlan else ""
        return {
            "name": self.name,
            "description": self.mark,
            "tags": self.tag,
            "ostype": "l26",
            "cpu": "x86-64-v2-AES",
            "cores": "1",
            "memory": "1024",
            "scsihw": "virtio-scsi-single",
            self.disk: f"{self.storage}:0,import-from={volume},discard=on,iothread=1",
            "ide2": f"{self.storage}:cloudinit",
            "boot": f"order={self.disk}",
            "serial0": "socket",
            "vga": "serial0",
            "agent": "enabled=1",
            "net0": f"virtio,bridge={self.bridge}{vlan},firewall=1",
        }


@dataclass(frozen=True)
class Site:
    """Where it is made."""

    node: str
    image_storage: str
    shared: bool
    """The template can be cloned from on every node."""


def choose_site(order: ImageOrder, facts: ClusterFacts) -> Site:
    """The named node or the one with most room; raises Invalid with the line that mends it."""
    online = [node.name for node in facts.nodes if node.online and not node.maintenance]
    if order.node and order.node not in online:
        fault = say("not online; there are: %(nodes)s", nodes=", ".join(online) or "-")
        raise Invalid([FieldError("--node", fault)])
    nodes = [order.node] if order.node else online
    disks = _on(facts, nodes, order.storage, "images")
    if not disks:
        raise Invalid([FieldError("--storage", _cannot(facts, order.storage, "images"))])
    files = _on(facts, nodes, order.image_storage, "import")
    both = [disk for disk in disks if any(file.node == disk.node for file in files)]
    if not both:
        wanted = order.image_storage or _file_storage(facts)
        raise Invalid([FieldError("--image-storage", _cannot(facts, wanted, "import"))])
    disk = max(both, key=lambda storage: (storage.free_gb, storage.node))
    file = max((f for f in files if f.node == disk.node), key=lambda f: (f.shared, f.free_gb))
    return Site(disk.node, file.name, disk.shared)


def choose_vmid(order: ImageOrder, taken: Set[int], ours: tuple[int, int]) -> int:
    """A free number outside the range of the servers. Raises Invalid when the wish is taken."""
    if order.vmid is not None:
        if order.vmid in taken:
            raise Invalid([FieldError("--vmid", say("belongs to another guest of the cluster"))])
        return order.vmid
    low, high = ours
    numbers = (n for n in count(FIRST_VMID) if n not in taken and not low <= n <= high)
    return next(numbers)


def _on(
    facts: ClusterFacts, nodes: list[str], name: str | None, content: str
) -> list[StorageReading]:
    return [
        storage
        for storage in facts.storages
        if storage.active
        and storage.node in nodes
        and content in storage.content
        and name in (None, storage.name)
    ]


def _file_storage(facts: ClusterFacts) -> str:
    files = sorted({s.name for s in facts.storages if s.content & {"iso", "vztmpl", "backup"}})
    return files[0] if files else "STORAGE"


def _cannot(facts: ClusterFacts, name: str, content: str) -> Message:
    present = {kind for s in facts.storages if s.name == name for kind in s.content}
    return say(
        "no storage %(name)s with content `%(content)s` is active there. On one node: %(line)s",
        name=name,
        content=content,
        line=f"pvesm set {name} --content {','.join(sorted(present | {content}))}",
    )
