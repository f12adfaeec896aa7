"""Plans to take, put back and remove snapshots of a VM; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from provisioner.drivers.hypervisor import SnapshotReading, StorageReading
from provisioner.facts.cloud_vps import carries_mark
from provisioner.plans.model import Change, Plan, Risk
from provisioner.plans.refusals import refuse
from provisioner.services.booking import shown
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting
from provisioner.services.cloud_vps.actions.disks import Disk, disks_of
from provisioner.services.cloud_vps.actions_details import (
    DeleteSnapshotDetails,
    RollbackDetails,
    SnapshotDetails,
)
from provisioner.texts import Message, say

_TAKE_SECONDS, _BACK_SECONDS, _DROP_SECONDS, _BOOT_SECONDS = 10, 30, 20, 60
_NEVER = frozenset({"iscsi", "iscsidirect"})
_OF_FILES = frozenset({"dir", "nfs", "cifs", "cephfs", "glusterfs"})
_LATEST_ONLY = frozenset({"zfspool", "zfs"})


def plan_snapshot(acting: Acting, details: SnapshotDetails) -> Plan:
    """Keep the disks as they are, for as long as the catalogue or the request says."""
    limits, snapshots = acting.offer.snapshots, acting.standing.snapshots
    if any(s.name == details.name for s in snapshots):
        refuse(
            say(
                "%(vm)s has a snapshot named %(name)s already.",
                vm=acting.name,
                name=details.name,
            ),
            pointer="/details/name",
        )
    if len(snapshots) >= limits.per_vm:
        refuse(
            say(
                "%(vm)s has %(count)d snapshots (%(names)s), and %(limit)d is the most. Remove one "
                "first.",
                vm=acting.name,
                count=len(snapshots),
                names=", ".join(s.name for s in snapshots) or "-",
                limit=limits.per_vm,
            )
        )
    _check_storages(acting)
    days = min(details.keep_days or limits.keep_days, limits.keep_days)
    until = (acting.facts.at + timedelta(days=days)).date()
    text = on_vm.note(acting.record, acting.number, details.note or "")
    what = say("snapshot %(name)s of %(vm)s", name=details.name, vm=acting.name)
    step = on_vm.vm_step(
        acting.record,
        "vm.snapshot",
        say("Take the snapshot %(name)s", name=details.name),
        {"name": details.name, "note": text, "keep_days": days},
        changes=[Change(what, None, say("kept for %(days)d days", days=days))],
        undo=say("The snapshot is removed."),
    )
    return acting.plan(
        [step],
        say(
            "Takes the snapshot %(name)s of %(vm)s. It is removed by itself after %(days)d days, "
            "on %(until)s.",
            name=details.name,
            vm=acting.name,
            days=days,
            until=until,
        ),
        _TAKE_SECONDS,
        choices={"snapshot": details.name, "keep_days": days},
        objects={
            **acting.state(power=False),
            f"snapshot {details.name}": None,
        },
        risks=_of_taking(acting),
    )


def plan_rollback(acting: Acting, details: RollbackDetails) -> Plan:
    """Put the VM back to a snapshot."""
    snapshot = _find(acting, details.snapshot)
    newer = [s for s in acting.standing.snapshots if s.taken_at > snapshot.taken_at]
    for storage in _storages(acting):
        if newer and storage.kind in _LATEST_ONLY:
            refuse(
                say(
                    "The storage %(storage)s puts back the newest snapshot only. Remove the newer "
                    "ones first: %(names)s.",
                    storage=storage.name,
                    names=", ".join(s.name for s in newer),
                ),
                pointer="/details/snapshot",
            )
    back = on_vm.vm_step(
        acting.record,
        "vm.rollback",
        say("Put it back to the snapshot %(name)s", name=snapshot.name),
        {"name": snapshot.name, "start": acting.runs},
        changes=[
            Change(
                say("disks and settings of %(vm)s", vm=acting.name),
                say("as they are now"),
                say("as at %(when)s", when=_when(acting, snapshot)),
            )
        ],
        undo=on_vm.NO_WAY_BACK,
    )
    proof = [on_vm.reach(acting.record)] if acting.runs else []
    return acting.plan(
        [back, *proof],
        say(
            "Puts %(vm)s back to the snapshot %(name)s of %(when)s.",
            vm=acting.name,
            name=snapshot.name,
            when=_when(acting, snapshot),
        ),
        _BACK_SECONDS + (_BOOT_SECONDS if acting.runs else 0),
        choices={"snapshot": snapshot.name},
        objects={**acting.state(), **_object(snapshot)},
        risks=_of_rolling_back(acting, snapshot),
    )


def plan_delete_snapshot(acting: Acting, details: DeleteSnapshotDetails) -> Plan:
    """Remove a snapshot of ours."""
    snapshot = _find(acting, details.snapshot)
    if not carries_mark(snapshot.description, acting.record.number):
        refuse(
            say(
                "The snapshot %(name)s was not taken by this program. Whoever took it removes it "
                "on the cluster.",
                name=snapshot.name,
            ),
            pointer="/details/snapshot",
        )
    return acting.plan(
        [on_vm.delete_snapshot(acting.record, snapshot.name)],
        say("Removes the snapshot %(name)s of %(vm)s.", name=snapshot.name, vm=acting.name),
        _DROP_SECONDS,
        choices={"snapshot": snapshot.name},
        objects={**acting.state(power=False), **_object(snapshot)},
        risks=[
            Risk(
                "low",
                say(
                    "Nothing can be put back to %(when)s by it any more. The VM itself stays as "
                    "it is.",
                    when=_when(acting, snapshot),
                ),
            )
        ],
    )


def _find(acting: Acting, name: str) -> SnapshotReading:
    found = next((s for s in acting.standing.snapshots if s.name == name), None)
    if found is None:
        names = ", ".join(s.name for s in acting.standing.snapshots) or "-"
        refuse(
            say(
                "%(vm)s has no snapshot named %(name)s. It has: %(names)s.",
                vm=acting.name,
                name=name,
                names=names,
            ),
            pointer="/details/snapshot",
        )
    return found


def _object(snapshot: SnapshotReading) -> dict[str, object]:
    return {f"snapshot {snapshot.name}": {"taken_at": snapshot.taken_at.isoformat()}}


def _when(acting: Acting, snapshot: SnapshotReading) -> Message:
    return shown(snapshot.taken_at, acting.inventory.office.zone)


def _storages(acting: Acting) -> Iterator[StorageReading]:
    for name in sorted({disk.storage for disk in disks_of(acting.machine).values()}):
        storage = acting.storage(name)
        if storage is not None:
            yield storage


def _check_storages(acting: Acting) -> None:
    for disk in disks_of(acting.machine).values():
        storage = acting.storage(disk.storage)
        fault = _fault(storage, disk, acting.facts.cluster.version) if storage else None
        if fault is not None:
            refuse(fault, storage=disk.storage)


def _fault(storage: StorageReading, disk: Disk, version: str) -> Message | None:
    thick = storage.kind == "lvm" and version.startswith(("7.", "8."))
    raw_file = storage.kind in _OF_FILES and disk.volume.endswith(".raw")
    if storage.kind in _NEVER or thick or raw_file:
        return say(
            "The storage %(storage)s cannot take snapshots of the disk %(disk)s. Back the VM up "
            "instead.",
            storage=storage.name,
            disk=disk.key,
        )
    return None


def _of_taking(acting: Acting) -> list[Risk]:
    risks = [
        Risk(
            "low",
            say(
                "A snapshot lies on the same storage as the disk: it is no backup, and it takes "
                "room while it is kept."
            ),
        )
    ]
    if acting.runs:
        risks.append(
            Risk(
                "low",
                say(
                    "The memory is not kept: put back, the VM starts as after a power cut. "
                    "Databases see to that by themselves; to be sure, stop it first."
                ),
            )
        )
    return risks


def _of_rolling_back(acting: Acting, snapshot: SnapshotReading) -> list[Risk]:
    risks = [
        Risk(
            "high",
            say(
                "Everything that was written in %(vm)s since %(when)s is lost for good.",
                vm=acting.name,
                when=_when(acting, snapshot),
            ),
        ),
        Risk("low", say("Its size and settings of that moment come back too.")),
    ]
    if acting.runs:
        risks.append(
            Risk("medium", say("%(vm)s is switched off and started again.", vm=acting.name))
        )
    if not carries_mark(snapshot.description, acting.record.number):
        risks.append(
            Risk(
                "medium",
                say(
                    "The snapshot %(name)s was not taken by this program; nobody here knows what "
                    "is in it.",
                    name=snapshot.name,
                ),
            )
        )
    return risks
