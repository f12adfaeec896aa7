"""The steps that make a cloud VPS, with what each changes and how it is undone; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.plans.model import Change, Step
from provisioner.services.cloud_vps.placement import Spot
from provisioner.services.cloud_vps.wanted import PlanInput
from provisioner.texts import Message, say

PROXMOX = "proxmox"
SSH = "ssh"


@dataclass(frozen=True)
class Chosen:
    """Every decision of a plan; ``choices`` is what a re-plan is pinned to."""

    spot: Spot
    storage: str
    vmid: int
    address: str
    name: str
    pool: str | None

    def choices(self, cluster: str) -> dict[str, Any]:
        """As stored with the plan."""
        return {
            "cluster": cluster,
            "template": self.spot.template.vmid,
            "template_node": self.spot.template.node,
            "clone_kind": self.spot.kind,
            "node": self.spot.node,
            "storage": self.storage,
            "vmid": self.vmid,
            "address": self.address,
            "name": self.name,
            "pool": self.pool,
        }


def description(number: str, department: str) -> str:
    """The mark in a VM's description; carries nothing that a user typed."""
    return f"provisioner: request {number} department {department}"


def tags(number: str) -> str:
    """The mark in a VM's tags, as PVE writes them: ``provisioner;vps-2026-0001``."""
    return f"provisioner;{number.lower()}"


def steps(wanted: PlanInput, chosen: Chosen) -> tuple[Step, ...]:
    """All steps in their order; growing the disk is left out where it has its size already."""
    make = _Maker(wanted, chosen)
    found = [
        _clone(make),
        make.step("vm.wait_clone", say("Wait until the copy is complete")),
        _configure(make),
        _grow(make),
        _start(make),
        _wait_boot(make),
        _prove(make),
        _hand_over(make),
    ]
    return tuple(step for step in found if step is not None)


def net0(template_net0: str, bridge: str, vlan: int | None) -> str:
    """The template's network card with our bridge and tag.

    Its options stay (firewall, mtu, queues …), its MAC does not: a card without one is given a new
    one by the cluster. A trunk list would carry foreign VLANs into the VM and is dropped.
    """
    model, *rest = (template_net0 or "virtio").split(",")
    kept = [o for o in rest if o.partition("=")[0] not in ("bridge", "tag", "trunks", "macaddr")]
    tag = [] if vlan is None else [f"tag={vlan}"]
    name = model.partition("=")[2] if model.startswith("model=") else model.partition("=")[0]
    return ",".join([name, f"bridge={bridge}", *tag, *kept])


def configuration(wanted: PlanInput, chosen: Chosen) -> dict[str, str]:
    """The VM's options as PVE writes them, SSH keys apart.

    ``ciupgrade`` 0: otherwise the first boot waits for package upgrades, for ever where the site
    has no mirror. ``sockets`` 1: a template with two would double the cores.
    """
    network = wanted.network
    ip = f"ip={chosen.address}/{network.cidr.prefixlen},gw={network.gateway}"
    options = {
        "cores": str(wanted.size.cores),
        "sockets": "1",
        "memory": str(wanted.size.memory_mb),
        "net0": net0(chosen.spot.template.net0, network.bridge, network.vlan),
        "ipconfig0": ip,
        "ciuser": wanted.details.admin_user,
        "ciupgrade": "0",
        "onboot": "1",
        "tags": tags(wanted.number),
        "description": description(wanted.number, wanted.department),
    }
    if network.dns:
        options["nameserver"] = " ".join(map(str, network.dns))
    if network.search_domain:
        options["searchdomain"] = network.search_domain
    return options


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
        node=chosen.spot.node,
        template=template.name,
        vmid=template.vmid,
        storage=chosen.storage,
    )
    return make.step(
        "vm.clone",
        say(
            "Make the virtual machine %(vmid)s on %(node)s from the template %(template)s",
            vmid=chosen.vmid,
            node=chosen.spot.node,
            template=template.name,
        ),
        {
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
