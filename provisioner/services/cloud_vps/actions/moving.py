"""Plans to move a VM to another node; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.plans.capacity import Need, NodeRoom, picture
from provisioner.plans.claims import capacity_scope, further_key
from provisioner.plans.model import Change, Claim, Plan, Risk
from provisioner.plans.refusals import lacks_room, refuse
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting
from provisioner.services.cloud_vps.actions.disks import Disk, boot_disk, disks_of
from provisioner.services.cloud_vps.actions_details import MoveDetails
from provisioner.services.cloud_vps.placement import joined
from provisioner.texts import Message, say

_SHARED_SECONDS, _SECONDS_PER_GB = 30, 5


@dataclass(frozen=True)
class _Load:
    """What has to be moved: the VM's size, its local disks, and where they lie."""

    need: Need
    disks: Sequence[Disk]
    local: bool
    storage: str
    """Where its boot disk lies."""


def plan_move(acting: Acting, details: MoveDetails) -> Plan:
    """To the node asked for, else to the one with most left; a running VM goes on running."""
    load = _load(acting)
    _check_disks(acting, load)
    found = acting.rooms()
    wanted = details.node if acting.pinned is None else str(acting.pinned["node"])
    reasons = {
        name: _why_not(acting, load, room)
        for name, room in found.items()
        if name != acting.machine.node
    }
    target = _chosen(acting, load, found, reasons, wanted)
    storage = _storage_there(acting, load, target)
    shared = not load.local
    amounts = {
        "cores": load.need.cores,
        "memory_mb": load.need.memory_mb,
        "disk_gb": load.need.disk_gb,
        "storage": storage or load.storage,
        "shared": shared,
        "department": acting.record.department,
        "moving": True,
    }
    step = on_vm.vm_step(
        acting.record,
        "vm.migrate",
        say("Move it to %(target)s", target=target),
        {"target": target, "storage": storage},
        changes=[Change(say("node of %(vm)s", vm=acting.name), acting.machine.node, target)],
        undo=say("It is moved back."),
    )
    proof = [on_vm.reach(acting.record)] if acting.runs else []
    scope = capacity_scope(acting.record.cluster, target)
    return acting.plan(
        [step, *proof],
        say(
            "Moves %(vm)s from %(source)s to %(target)s. It keeps its address and its disks.",
            vm=acting.name,
            source=acting.machine.node,
            target=target,
        ),
        _SHARED_SECONDS + (0 if shared else _SECONDS_PER_GB * load.need.disk_gb),
        choices={"from": acting.machine.node, "node": target, "storage": storage},
        objects=acting.state(
            node=acting.machine.node, disks={d.key: d.storage for d in load.disks}
        ),
        claims=[
            Claim("capacity", scope, further_key(acting.record.vmid, acting.number), amounts)
        ],
        risks=_risks(acting, load, found[target]),
        picture=picture(
            found, load.need, storage or load.storage, target,
            {name: why for name, why in reasons.items() if why},
        ),
    )  # fmt: skip


def _load(acting: Acting) -> _Load:
    machine = acting.machine
    disks = [disk for _, disk in sorted(disks_of(machine).items())]
    boot = boot_disk(acting.record, machine)
    if boot is None:
        refuse(say("%(vm)s has no disk on the cluster.", vm=acting.name))
    storages = {disk.storage: acting.storage(disk.storage) for disk in disks}
    local = any(reading is None or not reading.shared for reading in storages.values())
    size = sum(d.size_gb for d in disks) if local else 0
    need = Need(machine.cores, machine.memory_mb, -int(-size // 1))
    return _Load(need, disks, local, boot.storage)


def _check_disks(acting: Acting, load: _Load) -> None:
    if not load.local:
        return
    linked = [disk.key for disk in load.disks if disk.linked]
    if linked:
        refuse(
            say(
                "%(vm)s is a linked clone of its template on the storage %(storage)s of %(node)s "
                "alone, which cannot be moved. Back it up and restore it, or rebuild it as a full "
                "copy.",
                vm=acting.name,
                storage=load.storage,
                node=acting.machine.node,
            )
        )
    if acting.standing.snapshots:
        refuse(
            say(
                "%(vm)s has snapshots (%(names)s) on a storage of its node alone, and those cannot "
                "be moved. Remove them first.",
                vm=acting.name,
                names=", ".join(s.name for s in acting.standing.snapshots),
            )
        )


def _why_not(acting: Acting, load: _Load, room: NodeRoom) -> tuple[Message, ...]:
    storage = _storage_there(acting, load, room.node) or load.storage
    found = list(room.why_not(load.need, storage))
    if not room.online or room.maintenance:
        return tuple(found)
    if not load.local:
        there = room.storages.get(load.storage)
        if there is None or not there.active:
            found.append(say("there is no storage %(storage)s", storage=load.storage))
    bridges = acting.facts.cluster.bridges.get(room.node)
    for bridge in _bridges(acting):
        if bridges is not None and bridge not in bridges:
            found.append(say("there is no bridge %(bridge)s", bridge=bridge))
    return tuple(found)


def _storage_there(acting: Acting, load: _Load, node: str) -> str | None:
    """Where its local disks go: the storage of the same name, else the cluster's own for disks."""
    if not load.local:
        return None
    same = acting.storage(load.storage, node)
    return load.storage if same is not None else acting.settings.disk_storage


def _bridges(acting: Acting) -> list[str]:
    found = set()
    for key, option in acting.machine.options.items():
        if key.startswith("net") and key[3:].isdigit():
            found |= {p.partition("=")[2] for p in option.split(",") if p.startswith("bridge=")}
    return sorted(found)


def _chosen(
    acting: Acting,
    load: _Load,
    found: Mapping[str, NodeRoom],
    reasons: Mapping[str, tuple[Message, ...]],
    wanted: str | None,
) -> str:
    if wanted is not None:
        _check_wanted(acting, reasons, wanted)
        return wanted
    able = [name for name, why in reasons.items() if not why]
    if not able:
        lines = [
            say("%(node)s: %(reasons)s", node=name, reasons=joined(why))
            for name, why in sorted(reasons.items())
        ]
        lacks_room(
            say(
                "No other node of the cluster %(cluster)s can take %(vm)s. %(nodes)s.",
                cluster=acting.record.cluster,
                vm=acting.name,
                nodes=joined(lines) if lines else say("the cluster shows no other node"),
            ),
            nodes=[
                {"node": name, "why_not": [m.to_json() for m in why]}
                for name, why in sorted(reasons.items())
            ],
        )
    application = _application(acting)

    def rank(name: str) -> tuple[int, tuple[float, int, str]]:
        room = found[name]
        storage = _storage_there(acting, load, name) or load.storage
        siblings = room.own_by_application.get(application, 0)
        return (siblings, room.score(load.need, storage, acting.record.department))

    return min(able, key=rank)


def _application(acting: Acting) -> tuple[str, str]:
    return acting.record.department, str(acting.record.details.get("application") or "")


def _check_wanted(acting: Acting, reasons: Mapping[str, tuple[Message, ...]], wanted: str) -> None:
    if wanted == acting.machine.node:
        refuse(
            say("%(vm)s is on %(node)s already.", vm=acting.name, node=wanted),
            pointer="/details/node",
        )
    if wanted not in reasons:
        refuse(
            say(
                "The cluster %(cluster)s has no node %(node)s.",
                cluster=acting.record.cluster,
                node=wanted,
            ),
            pointer="/details/node",
        )
    if reasons[wanted]:
        lacks_room(
            say(
                "%(node)s cannot take %(vm)s: %(reasons)s.",
                node=wanted,
                vm=acting.name,
                reasons=joined(reasons[wanted]),
            ),
            nodes=[{"node": wanted, "why_not": [m.to_json() for m in reasons[wanted]]}],
        )


def _risks(acting: Acting, load: _Load, room: NodeRoom) -> list[Risk]:
    risks = []
    siblings = room.own_by_application.get(_application(acting), 0)
    if siblings:
        text = say(
            "%(count)d VMs of the application %(application)s are on %(node)s already: when that "
            "node is down, all of them are.",
            count=siblings,
            application=_application(acting)[1],
            node=room.node,
        )
        risks.append(Risk("medium", text))
    if acting.runs:
        text = say(
            "%(vm)s goes on running while it is moved; it stands still for about a second at the "
            "end.",
            vm=acting.name,
        )
        risks.append(Risk("low", text))
    if load.local:
        text = say(
            "Its disks (%(size)d GB) are copied over the network: that takes a while and slows "
            "both nodes down.",
            size=load.need.disk_gb,
        )
        risks.append(Risk("medium", text))
    if acting.machine.ha_managed:
        text = say(
            "The cluster keeps %(vm)s running by itself and may move it elsewhere again.",
            vm=acting.name,
        )
        risks.append(Risk("low", text))
    return risks
