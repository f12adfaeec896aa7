"""The steps that make a cloud VPS, with what each changes and how it is undone; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.plans.model import Change, Step
from provisioner.services.cloud_vps.chosen import Chosen
from provisioner.services.cloud_vps.options import configuration, description, door, doors
from provisioner.services.cloud_vps.wanted import PlanInput
from provisioner.texts import Message, say

PROXMOX = "proxmox"
SSH = "ssh"


def steps(wanted: PlanInput, chosen: Chosen) -> tuple[Step, ...]:
    """All steps in their order; what is not asked for, or so already, is left out."""
    make = _Maker(wanted, chosen)
    found = [
        _pool(make),
        _clone(make),
        make.step("vm.wait_clone", say("Wait until the copy is complete")),
        _migrate(make),
        _configure(make),
        _grow(make),
        _add_disk(make),
        _firewall(make),
        _start(make),
        _wait_boot(make),
        _prove(make),
        _baseline(make),
        _protect(make),
        _backup_job(make),
        make.step("vm.facts", say("Note what the system in the VM says of itself"), node=False),
        _hand_over(make),
    ]
    return tuple(step for step in found if step is not None)


@dataclass(frozen=True)
class _Maker:
    wanted: PlanInput
    chosen: Chosen

    @property
    def vm(self) -> str:
        return f"VM {self.chosen.vmid}"

    def step(
        self,
        kind: str,
        title: Message,
        params: Mapping[str, Any] | None = None,
        *,
        driver: str = PROXMOX,
        node: bool = True,
        changes: tuple[Change, ...] = (),
        undo: Message | None = None,
    ) -> Step:
        base: dict[str, Any] = {"cluster": self.wanted.cluster, "vmid": self.chosen.vmid}
        if node:
            base["node"] = self.chosen.spot.node
        if self.wanted.rebuild_of is not None:
            base["rebuild_of"] = dict(self.wanted.rebuild_of)
        return Step(
            key=kind,
            kind=kind,
            title=title,
            target=f"{self.wanted.cluster}/{self.vm}",
            driver=driver,
            params={**base, **(params or {})},
            changes=changes,
            undo=undo,
        )


def _clone(make: _Maker) -> Step:
    wanted, chosen = make.wanted, make.chosen
    template = chosen.spot.template
    made = say(
        "%(name)s on %(node)s, a copy of template %(template)s (%(vmid)s), storage %(storage)s",
        name=chosen.name,
        node=chosen.spot.birth_node,
        template=template.name,
        vmid=template.vmid,
        storage=chosen.storage,
    )
    return make.step(
        "vm.clone",
        say(
            "Make the virtual machine %(vmid)s on %(node)s from the template %(template)s",
            vmid=chosen.vmid,
            node=chosen.spot.birth_node,
            template=template.name,
        ),
        {
            "node": chosen.spot.birth_node,
            "template": template.vmid,
            "template_node": template.node,
            "name": chosen.name,
            "description": description(wanted.number, wanted.department),
            "clone_kind": chosen.spot.kind,
            "storage": chosen.storage,
            "pool": chosen.pool,
        },
        changes=(Change(make.vm, None, made),),
        undo=say("The virtual machine %(vmid)s is removed with its disks.", vmid=chosen.vmid),
    )


def _pool(make: _Maker) -> Step | None:
    pool = make.chosen.pool
    if pool is None:
        return None
    comment = f"provisioner: department {make.wanted.department}"
    return make.step(
        "vm.pool",
        say("See to it that the pool %(pool)s is there", pool=pool),
        {"pool": pool, "comment": comment},
        node=False,
        undo=say("The pool stays: it belongs to the department."),
    )


def _migrate(make: _Maker) -> Step | None:
    chosen = make.chosen
    if not chosen.spot.moved:
        return None
    home, target = chosen.spot.birth_node, chosen.spot.node
    return make.step(
        "vm.migrate",
        say("Move it from %(home)s to %(target)s", home=home, target=target),
        {"target": target, "storage": None if chosen.storage_shared else chosen.storage},
        changes=(Change(say("node of %(vm)s", vm=make.vm), home, target),),
        undo=say("It is removed where it is then."),
    )


def _configure(make: _Maker) -> Step:
    wanted, chosen = make.wanted, make.chosen
    options = configuration(wanted, chosen)
    keys = len(wanted.details.ssh_keys)
    vlan = wanted.network.vlan
    wire = f"{wanted.network.bridge}, VLAN {vlan}" if vlan else wanted.network.bridge
    return make.step(
        "vm.configure",
        say("Set its size, its address %(address)s, its user and its keys", address=chosen.address),
        {"options": options, "ssh_keys": [*wanted.details.ssh_keys, wanted.office_public_key]},
        changes=(
            Change(
                say("size of %(vm)s", vm=make.vm),
                None,
                say(
                    "CPU cores: %(cores)s, memory: %(memory)s MB",
                    cores=wanted.size.cores,
                    memory=wanted.size.memory_mb,
                ),
            ),
            Change(
                say("address %(address)s", address=chosen.address),
                None,
                say("%(vm)s, by %(wire)s", vm=make.vm, wire=wire),
            ),
            Change(
                say("user %(user)s on %(vm)s", user=wanted.details.admin_user, vm=make.vm),
                None,
                say("SSH keys: %(keys)s of the applicant, 1 of the office", keys=keys),
            ),
        ),
        undo=say("The settings go with the virtual machine when it is removed."),
    )


def _grow(make: _Maker) -> Step | None:
    template, size = make.chosen.spot.template, make.wanted.size
    if template.disk_gb == size.disk_gb:
        return None
    return make.step(
        "vm.grow_disk",
        say("Grow its disk to %(size)d GB", size=size.disk_gb),
        {"disk": template.disk, "size_gb": size.disk_gb},
        changes=(
            Change(f"disk {template.disk}", f"{template.disk_gb:g} GB", f"{size.disk_gb} GB"),
        ),
        undo=say("The disk goes with the virtual machine when it is removed."),
    )


def _add_disk(make: _Maker) -> Step | None:
    size, disk = make.wanted.extra_disk_gb, make.chosen.extra_disk
    if not size:
        return None
    return make.step(
        "vm.add_disk",
        say("Add a second disk of %(size)d GB", size=size),
        {"disk": disk, "storage": make.chosen.storage, "size_gb": size},
        changes=(Change(say("disk %(disk)s", disk=disk), None, f"{size} GB"),),
        undo=say("The disk goes with the virtual machine when it is removed."),
    )


def _firewall(make: _Maker) -> Step | None:
    if not make.wanted.settings.firewall:
        return None
    rules = doors(make.wanted)
    shown = ", ".join(door(rule) for rule in rules)
    return make.step(
        "vm.firewall",
        say("Set its firewall: only what was asked for gets in"),
        {"rules": rules, "addresses": [make.chosen.address], "enabled": True},
        changes=(
            Change(
                say("firewall of %(vm)s", vm=make.vm),
                None,
                say(
                    "open: %(doors)s; it may send as %(address)s only",
                    doors=shown,
                    address=make.chosen.address,
                ),
            ),
        ),
        undo=say("The rules go with the virtual machine when it is removed."),
    )


def _baseline(make: _Maker) -> Step | None:
    wanted = make.wanted
    if wanted.baseline is None:
        return None
    return make.step(
        "vm.baseline",
        say("Bring the system inside to the office's baseline"),
        {
            "address": make.chosen.address,
            "port": wanted.network.ssh_port,
            "user": wanted.details.admin_user,
            "baseline": dict(wanted.baseline),
            "ports": [port.model_dump() for port in wanted.details.open_ports],
        },
        driver=SSH,
        node=False,
        undo=say("It goes with the virtual machine when it is removed."),
    )


def _protect(make: _Maker) -> Step | None:
    if not make.wanted.protect:
        return None
    return make.step(
        "vm.protect",
        say("Protect it against removal by mistake"),
        {"on": True},
        node=False,
        changes=(Change(say("protection of %(vm)s", vm=make.vm), say("off"), say("on")),),
        undo=say("The protection is taken off."),
    )


def _backup_job(make: _Maker) -> Step | None:
    job = make.wanted.settings.backup_job
    if job is None:
        return None
    return make.step(
        "vm.backup_job",
        say("See to it that the backup job %(job)s covers it", job=job),
        {"job": job},
        node=False,
        changes=(Change(say("regular backup of %(vm)s", vm=make.vm), None, job),),
        undo=say("It is taken out of the backup job."),
    )


def _start(make: _Maker) -> Step:
    return make.step(
        "vm.start",
        say("Switch it on"),
        changes=(Change(say("power of %(vm)s", vm=make.vm), say("off"), say("on")),),
        undo=say("The virtual machine is switched off."),
    )


def _wait_boot(make: _Maker) -> Step:
    return make.step(
        "vm.wait_boot",
        say("Wait until it has started and reports its address"),
        {"address": make.chosen.address, "timeout": make.wanted.settings.timeouts.guest_boot},
        node=False,
    )


def _prove(make: _Maker) -> Step:
    details, network = make.wanted.details, make.wanted.network
    return make.step(
        "vm.prove",
        say("Prove from outside that it can be reached and that its user gets in"),
        {
            "address": make.chosen.address,
            "port": network.ssh_port,
            "user": details.admin_user,
            "ssh_keys": list(details.ssh_keys),
        },
        driver=SSH,
        node=False,
    )


def _hand_over(make: _Maker) -> Step:
    details, network = make.wanted.details, make.wanted.network
    remove = make.wanted.office_key == "remove"
    removed = (
        (Change(say("the office's SSH key on %(vm)s", vm=make.vm), say("present"), None),)
        if remove
        else ()
    )
    return make.step(
        "vm.hand_over",
        say("Hand it over to the department"),
        {
            "address": make.chosen.address,
            "port": network.ssh_port,
            "user": details.admin_user,
            "office_key": make.wanted.office_key,
        },
        driver=SSH,
        node=False,
        changes=removed,
    )
