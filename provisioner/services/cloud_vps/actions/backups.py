"""Plans to back a VM up and to put a backup in its place; pure."""

from __future__ import annotations

from provisioner.drivers.hypervisor import VolumeReading
from provisioner.facts.cloud_vps import carries_mark
from provisioner.plans.model import Change, Plan, Risk
from provisioner.plans.refusals import lacks_room, refuse
from provisioner.services.booking import shown
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting, check_confirmed
from provisioner.services.cloud_vps.actions.disks import boot_disk
from provisioner.services.cloud_vps.actions_details import BackupDetails, RestoreDetails
from provisioner.texts import Phrase, say

_SECONDS, _SECONDS_PER_GB, _BOOT_SECONDS = 30, 4, 60


def plan_backup(acting: Acting, details: BackupDetails) -> Plan:
    """A backup at once, to the storage that the configuration names."""
    name = acting.settings.backup_storage
    if name is None:
        refuse(
            say(
                "No storage for backups is configured for the cluster %(cluster)s "
                "(backup_storage in provisioner.toml).",
                cluster=acting.record.cluster,
            )
        )
    storage = acting.storage(name)
    node = acting.machine.node
    if storage is None or "backup" not in storage.content:
        refuse(
            say(
                "The node %(node)s has no storage %(storage)s that takes backups.",
                node=node,
                storage=name,
            )
        )
    if not storage.active:
        refuse(say("The storage %(storage)s of %(node)s does not answer.", storage=name, node=node))
    if storage.free_gb < 1:
        lacks_room(say("The storage %(storage)s is full.", storage=name), storage=name)
    size = sum(acting.machine.disks_gb.values())
    risks = [Risk("low", say("While it is backed up, its disk is slower."))]
    if storage.free_gb < size:
        risks.append(
            Risk(
                "medium",
                say(
                    "The storage %(storage)s has %(free)d GB left and the disks have %(size)d GB: "
                    "a full one may not fit.",
                    storage=name,
                    free=int(storage.free_gb),
                    size=int(size),
                ),
            )
        )
    return acting.plan(
        [
            on_vm.backup(
                acting.record,
                name,
                on_vm.note(acting.record, acting.number, details.note or ""),
            )
        ],
        say("Backs %(vm)s up to %(storage)s.", vm=acting.name, storage=name),
        _SECONDS + _SECONDS_PER_GB * size,
        choices={"storage": name},
        objects=acting.state(power=False),
        risks=risks,
    )


def plan_restore(acting: Acting, details: RestoreDetails) -> Plan:
    """Put a backup of this VM, made by us since it was made, in its place."""
    check_confirmed(acting, details.confirm)
    backup = _backup(acting, details.backup)
    record, machine, runs = acting.record, acting.machine, acting.runs
    boot = boot_disk(record, machine)
    storage = boot.storage if boot else None
    when = _when(acting, backup)
    steps = []
    if runs:
        steps.append(on_vm.power(record, acting.settings, "stopped"))
    protected = machine.options.get("protection", "0") == "1"
    if protected:  # the cluster restores nothing over a protected VM
        steps.append(on_vm.protect(record, on=False, key="vm.protect.off"))
    steps.append(
        on_vm.vm_step(
            record,
            "vm.restore",
            say("Put the backup of %(when)s in its place", when=when),
            {"volume": backup.volume, "storage": storage, "start": runs},
            changes=[
                Change(
                    say("disks and settings of %(vm)s", vm=acting.name),
                    say("as they are now"),
                    say("as at %(when)s", when=when),
                )
            ],
            undo=on_vm.NO_WAY_BACK,
        )
    )
    if protected:
        steps.append(on_vm.protect(record, on=True, key="vm.protect.on"))
    if runs:
        steps.append(on_vm.reach(record))
    size = sum(machine.disks_gb.values())
    return acting.plan(
        steps,
        say("Puts %(vm)s back to its backup of %(when)s.", vm=acting.name, when=when),
        _SECONDS + _SECONDS_PER_GB * size + (_BOOT_SECONDS if runs else 0),
        choices={"backup": backup.volume, "storage": storage},
        objects={
            **acting.state(protected=protected),
            f"backup {backup.volume}": {
                "made_at": backup.made_at.isoformat() if backup.made_at else None,
                "size_gb": round(backup.size_gb, 2),
            },
        },
        risks=_of_restoring(acting, when),
    )


def _backup(acting: Acting, volume: str) -> VolumeReading:
    """The backup of that name, if it is this VM's own."""
    record = acting.record
    found = next((b for b in acting.standing.backups if b.volume == volume), None)
    if found is None or found.content != "backup" or found.vmid != record.vmid:
        refuse(
            say("%(vm)s has no backup %(volume)s.", vm=acting.name, volume=volume),
            pointer="/details/backup",
        )
    if not carries_mark(found.notes, record.number):
        refuse(
            say(
                "The backup %(volume)s does not carry our mark: it may be of another VM that had "
                "the number %(vmid)s before. It is not restored by this program.",
                volume=volume,
                vmid=record.vmid,
            ),
            pointer="/details/backup",
        )
    if record.made_at is not None and (found.made_at is None or found.made_at < record.made_at):
        refuse(
            say(
                "The backup %(volume)s is older than the VM itself, which was made at %(when)s.",
                volume=volume,
                when=shown(record.made_at, acting.inventory.office.zone),
            ),
            pointer="/details/backup",
        )
    return found


def _when(acting: Acting, backup: VolumeReading) -> Phrase:
    return shown(backup.made_at, acting.inventory.office.zone) if backup.made_at else "?"


def _of_restoring(acting: Acting, when: Phrase) -> list[Risk]:
    risks = [
        Risk(
            "high",
            say(
                "Everything that was written in %(vm)s since %(when)s is lost for good. Back it up "
                "first if that may be needed.",
                vm=acting.name,
                when=when,
            ),
        ),
        Risk("low", say("Its size and settings of that moment come back too.")),
    ]
    if acting.runs:
        risks.append(Risk("medium", say("%(vm)s is off until the backup is back.", vm=acting.name)))
    if acting.standing.snapshots:
        risks.append(
            Risk(
                "high",
                say(
                    "Its snapshots (%(names)s) are lost.",
                    names=", ".join(s.name for s in acting.standing.snapshots),
                ),
            )
        )
    return risks
