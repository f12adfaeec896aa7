"""Orders as calls of the API."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from provisioner.drivers.hypervisor import (
    Clone,
    Configure,
    Destroy,
    FreeVolume,
    GrowDisk,
    Machine,
    PowerOff,
    PowerOn,
)
from provisioner.errors import Refused
from provisioner.texts import Message, say

Simple = Configure | GrowDisk | PowerOn | PowerOff
"""Orders to a VM that stands, each one call."""

_CLOUD_INIT = re.compile(r"ciuser|cipassword|sshkeys|ipconfig\d+|nameserver|searchdomain")
_ALREADY_SO = {
    PowerOn: re.compile(r"already running"),
    PowerOff: re.compile(r"VM \d+ (is )?not running"),
}
NOT_THERE = re.compile(
    r"Configuration file '[^']*' does not exist|unable to find configuration file for VM"
)


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


def is_already_so(order: Simple, text: str) -> bool:
    """Whether a refusal says that the wanted state is there."""
    pattern = _ALREADY_SO.get(type(order))
    return bool(pattern and pattern.search(text))


def destroy_call(node: str, vmid: int) -> Call:
    """Out of its pool, its backup jobs and HA, with disks that its configuration forgot (16)."""
    return Call(
        "DELETE", ("nodes", node, "qemu", vmid), {"purge": 1, "destroy-unreferenced-disks": 1}
    )


def check_destroy(order: Destroy, machine: Machine) -> None:
    """Raises Refused unless the VM is the one that the order means, or when it is a template."""
    if machine.template:
        raise _stranger(machine, say("It is a template."))
    if order.uuid:
        if (machine.uuid or "").lower() != order.uuid.lower():
            raise _stranger(machine, say("Its UUID is another one."))
    elif not order.description.strip() or machine.description.strip() != order.description.strip():
        raise _stranger(machine, say("It does not carry our mark."))


def volume_call(order: FreeVolume) -> Call:
    """Raises Refused unless the volume's own name carries the VMID."""
    storage, _, path = order.volume.partition(":")
    if not storage or not path.rpartition("/")[2].startswith(f"vm-{order.vmid}-"):
        raise Refused(
            say("The volume %(volume)s is left alone.", volume=order.volume),
            meaning=say("Its name does not say that it belongs to VM %(vmid)s.", vmid=order.vmid),
            next=say("The administrator looks whose it is and removes it by hand."),
        )
    return Call("DELETE", ("nodes", order.node, "storage", storage, "content", order.volume))


def volume_in_use(order: FreeVolume) -> Refused:
    """There is a VM of that number: its volumes are no left-overs."""
    return Refused(
        say("The volume %(volume)s is left alone.", volume=order.volume),
        meaning=say("A VM with the number %(vmid)s exists, so it may be in use.", vmid=order.vmid),
        next=say("Remove the VM first if it is ours."),
    )


def _configuration(order: Configure) -> dict[str, Any]:
    data: dict[str, Any] = {**order.options, **order.secret}
    if "sshkeys" in data:
        lines = [line.strip() for line in str(data["sshkeys"]).splitlines()]
        # PVE wants it encoded once by us, before the client encodes the form (24).
        data["sshkeys"] = quote("\n".join(line for line in lines if line), safe="")
    if any(_CLOUD_INIT.fullmatch(key) for key in data):
        data.setdefault("ciupgrade", 0)  # PVE's default upgrades all packages at first boot (22)
    if order.digest:
        data["digest"] = order.digest
    return data


def _stranger(machine: Machine, why: Message) -> Refused:
    return Refused(
        say(
            "VM %(vmid)s (%(name)s) on node %(node)s is left alone. %(why)s",
            vmid=machine.vmid,
            name=machine.name,
            node=machine.node,
            why=why,
        ),
        meaning=say("It is not the VM that we made, so it is never removed by us."),
        next=say("Find out on the cluster whose VM it is; ours is no longer there."),
    )
