"""Plans to give a VM another size; pure."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.catalogue import Size
from provisioner.drivers.hypervisor import Machine
from provisioner.plans.capacity import Need, NodeRoom, picture, promises
from provisioner.plans.claims import capacity_scope, further_key
from provisioner.plans.model import Change, Claim, Plan, Risk, Step
from provisioner.plans.refusals import lacks_room, refuse
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting
from provisioner.services.cloud_vps.actions.disks import Disk, boot_disk, free_key, second_disk
from provisioner.services.cloud_vps.actions.power import down_for
from provisioner.services.cloud_vps.actions_details import ResizeDetails
from provisioner.services.cloud_vps.options import sizing
from provisioner.services.cloud_vps.placement import joined
from provisioner.texts import say

_SECONDS, _RESTART_SECONDS = 15, 90


@dataclass(frozen=True)
class _Wanted:
    """The size asked for, beside what the VM has."""

    size: Size
    boot: Disk
    second: Disk | None
    boot_gb: int
    """Never less than it has: disks do not shrink."""
    extra_gb: float


def plan_resize(acting: Acting, details: ResizeDetails) -> Plan:
    """Cores, memory and disks of another size; the node has to have the room."""
    wanted = _wanted(acting, details)
    steps, restart = _steps(acting, wanted)
    if not steps:
        refuse(say("%(vm)s has that size already.", vm=acting.name), pointer="/details/size")
    more = _more(acting, wanted)
    found = acting.rooms()
    node = acting.machine.node
    _check_room(acting, wanted, more, found.get(node))
    proof = [on_vm.reach(acting.record)] if acting.runs else []
    machine = acting.machine
    return acting.plan(
        [*steps, *proof],
        say(
            "Gives %(vm)s the size %(size)s: %(cores)d CPU, %(memory)d MB memory, %(disk)d GB "
            "disk.",
            vm=acting.name,
            size=details.size,
            cores=wanted.size.cores,
            memory=wanted.size.memory_mb,
            disk=wanted.boot_gb + wanted.extra_gb,
        ),
        _SECONDS + (_RESTART_SECONDS if restart else 0),
        choices={"size": details.size, "node": node},
        objects=acting.state(
            cores=machine.cores, memory_mb=machine.memory_mb, disks_gb=dict(machine.disks_gb)
        ),
        claims=_claims(acting, wanted),
        risks=_risks(acting, wanted, restart),
        picture=picture(found, more, wanted.boot.storage, node, {}),
    )


def _wanted(acting: Acting, details: ResizeDetails) -> _Wanted:
    size = acting.offer.sizes.get(details.size)
    if size is None:
        refuse(
            say("The size %(size)s is no longer offered.", size=details.size),
            pointer="/details/size",
        )
    boot, second = boot_disk(acting.record, acting.machine), None
    if boot is None:
        refuse(say("%(vm)s has no disk on the cluster.", vm=acting.name))
    second = second_disk(acting.record, acting.machine)
    has = second.size_gb if second else 0
    extra = details.extra_disk_gb or 0
    if 0 < extra < has:
        refuse(
            say(
                "The second disk of %(vm)s has %(has)g GB, and disks never shrink.",
                vm=acting.name,
                has=has,
            ),
            pointer="/details/extra_disk_gb",
        )
    if extra > acting.offer.extra_disk_gb_max:
        refuse(
            say("A second disk of that size is no longer offered."),
            pointer="/details/extra_disk_gb",
        )
    boot_gb = size.disk_gb if size.disk_gb > boot.size_gb else round(boot.size_gb)
    return _Wanted(size, boot, second, boot_gb, max(extra, has))


def _steps(acting: Acting, wanted: _Wanted) -> tuple[list[Step], bool]:
    """What has to change, and whether a restart is part of it."""
    record, machine, size = acting.record, acting.machine, wanted.size
    options = _differing(machine, size)
    steps = []
    if options:
        before = {k: machine.options[k] for k in options if k in machine.options}
        cpu = say("CPU cores and memory of %(vm)s", vm=acting.name)
        words = say("%(cores)d CPU, %(memory)d MB", cores=machine.cores, memory=machine.memory_mb)
        after = say("%(cores)d CPU, %(memory)d MB", cores=size.cores, memory=size.memory_mb)
        steps.append(
            on_vm.reconfigure(
                record, say("Set its cores and memory"), options, before,
                [Change(cpu, words, after)],
            )
        )  # fmt: skip
    restart = bool(steps) and acting.runs
    if wanted.boot_gb > wanted.boot.size_gb:
        steps.append(_grow(acting, wanted.boot, wanted.boot_gb))
    steps += _second(acting, wanted)
    if restart:
        steps.append(
            on_vm.vm_step(
                record,
                "vm.restart",
                say("Restart it, so that cores and memory take effect"),
                {"seconds": acting.settings.timeouts.shutdown, "only_if_pending": True},
                undo=say("It is not restarted once more: the former size counts from its next."),
            )
        )
    return steps, restart


def _differing(machine: Machine, size: Size) -> dict[str, str]:
    """The options to set; what the cluster leaves out of a configuration has its own default."""
    wanted = sizing(size)
    if "balloon" not in machine.options and wanted["balloon"] == wanted["memory"]:
        del wanted["balloon"]
    has = {"cores": "1", "sockets": "1", **machine.options, "memory": str(machine.memory_mb)}
    return {key: value for key, value in wanted.items() if has.get(key) != value}


def _second(acting: Acting, wanted: _Wanted) -> list[Step]:
    second, size = wanted.second, round(wanted.extra_gb)
    if second is not None:
        return [_grow(acting, second, size, key="vm.grow_disk.2")] if size > second.size_gb else []
    if not size:
        return []
    disk = free_key(acting.machine)
    if disk is None:
        refuse(say("%(vm)s has no place left for a second disk.", vm=acting.name))
    return [
        on_vm.vm_step(
            acting.record,
            "vm.add_disk",
            say("Add a second disk of %(size)d GB", size=size),
            {"disk": disk, "storage": wanted.boot.storage, "size_gb": size},
            changes=[Change(say("disk %(disk)s", disk=disk), None, f"{size} GB")],
            undo=say("The disk stays: an empty disk is not taken away by itself."),
        )
    ]


def _grow(acting: Acting, disk: Disk, size: int, key: str | None = None) -> Step:
    return on_vm.vm_step(
        acting.record,
        "vm.grow_disk",
        say("Grow its disk %(disk)s to %(size)d GB", disk=disk.key, size=size),
        {"disk": disk.key, "size_gb": size},
        key=key,
        changes=[Change(say("disk %(disk)s", disk=disk.key), f"{disk.size_gb:g} GB", f"{size} GB")],
        undo=say("A disk that has grown cannot be made smaller again."),
    )


def _more(acting: Acting, wanted: _Wanted) -> Need:
    """What the node has to have left for it, beyond what the VM has or was promised."""
    machine, size = acting.machine, wanted.size
    sums = promises(acting.ledger, acting.record.cluster).of.get(machine.vmid)
    cores = max(machine.cores, sums.cores if sums else 0)
    memory = max(machine.memory_mb, sums.memory_mb if sums else 0)
    disks = wanted.boot.size_gb + (wanted.second.size_gb if wanted.second else 0)
    return Need(
        cores=max(0, round(size.cores - cores)),
        memory_mb=max(0, round(size.memory_mb - memory)),
        disk_gb=max(0, round(wanted.boot_gb + wanted.extra_gb - disks)),
    )


def _check_room(acting: Acting, wanted: _Wanted, more: Need, room: NodeRoom | None) -> None:
    node = acting.machine.node
    if room is None:
        refuse(say("The node %(node)s of %(vm)s is offline.", node=node, vm=acting.name))
    missing = room.shortages(more, wanted.boot.storage)
    if missing:
        lacks_room(
            say(
                "%(node)s cannot give %(vm)s that size: %(reasons)s. Move it to another node "
                "first, or choose another size.",
                node=node,
                vm=acting.name,
                reasons=joined(missing),
            ),
            nodes=[{"node": node, "why_not": [m.to_json() for m in missing]}],
        )


def _claims(acting: Acting, wanted: _Wanted) -> tuple[Claim, ...]:
    """The difference to what is claimed for the VM so far; smaller than nothing when it shrinks."""
    sums = promises(acting.ledger, acting.record.cluster).of.get(acting.machine.vmid)
    storage = acting.storage(wanted.boot.storage)
    amounts = {
        "cores": wanted.size.cores - (round(sums.cores) if sums else 0),
        "memory_mb": wanted.size.memory_mb - (round(sums.memory_mb) if sums else 0),
        "disk_gb": wanted.boot_gb - (round(sums.disk_gb) if sums else 0),
        "extra_disk_gb": round(wanted.extra_gb) - (round(sums.extra_gb) if sums else 0),
        "storage": wanted.boot.storage,
        "shared": bool(storage and storage.shared),
        "department": acting.record.department,
    }
    scope = capacity_scope(acting.record.cluster, acting.machine.node)
    return (Claim("capacity", scope, further_key(acting.record.vmid, acting.number), amounts),)


def _risks(acting: Acting, wanted: _Wanted, restart: bool) -> list[Risk]:
    risks = []
    if restart:
        risks.append(down_for(acting, say("some minutes")))
    if wanted.size.memory_mb < acting.machine.memory_mb:
        risks.append(
            Risk(
                "medium",
                say(
                    "It gets less memory than it has (%(before)d MB): programs in it may not start "
                    "any more.",
                    before=acting.machine.memory_mb,
                ),
            )
        )
    if wanted.size.disk_gb < wanted.boot.size_gb:
        risks.append(
            Risk(
                "low",
                say("Its disk keeps its %(has)g GB: disks never shrink.", has=wanted.boot.size_gb),
            )
        )
    grows = wanted.boot_gb > wanted.boot.size_gb
    if grows or (wanted.second and wanted.extra_gb > wanted.second.size_gb):
        risks.append(
            Risk("low", say("A disk that has grown cannot be made smaller again.")),
        )
    if grows or wanted.extra_gb:
        risks.append(
            Risk(
                "low",
                say(
                    "The file system inside grows at the next start where cloud-init sees to it; "
                    "a second disk is formatted by its user."
                ),
            )
        )
    return risks
