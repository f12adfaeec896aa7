"""Which disks a VM has, where they lie, and which of them is which; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.drivers.hypervisor import Machine
from provisioner.facts.cloud_vps import VmRecord

SECOND_DISKS = ("scsi1", "scsi2")


@dataclass(frozen=True)
class Disk:
    """One disk: its key, its GiB, its storage and its volume there."""

    key: str
    size_gb: float
    storage: str
    volume: str

    @property
    def linked(self) -> bool:
        """It is a linked clone and needs its template's disk on the same storage."""
        return "base-" in self.volume


def disks_of(machine: Machine) -> dict[str, Disk]:
    """Every disk by its key."""
    found = {}
    for key, size in machine.disks_gb.items():
        storage, _, volume = machine.options.get(key, "").partition(",")[0].partition(":")
        found[key] = Disk(key, size, storage, volume)
    return found


def boot_disk(record: VmRecord, machine: Machine) -> Disk | None:
    """The disk that the template brought, None where the VM has none."""
    found = disks_of(machine)
    key = _of_the_template(record)
    first = next(iter(sorted(found)), None)
    return found.get(key) or (found[first] if first else None)


def second_disk(record: VmRecord, machine: Machine) -> Disk | None:
    """The disk that was added for data, None where there is none."""
    boot = boot_disk(record, machine)
    found = disks_of(machine)
    keys = (key for key in SECOND_DISKS if key in found and (boot is None or key != boot.key))
    return next((found[key] for key in keys), None)


def free_key(machine: Machine) -> str | None:
    """Where a second disk can be put, None where no place is left."""
    used = {*machine.disks_gb, *machine.options}
    return next((key for key in SECOND_DISKS if key not in used), None)


def _of_the_template(record: VmRecord) -> str:
    objects = record.plan.get("objects")
    if isinstance(objects, Mapping):
        for name, state in objects.items():
            if str(name).startswith("template ") and isinstance(state, Mapping):
                return str(state.get("disk", "scsi0"))
    return "scsi0"
