"""What may go wrong with a planned cloud VPS, in the reader's words; pure."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.facts.cloud_vps import CloudVpsFacts
from provisioner.plans.capacity import Need
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Risk
from provisioner.services.cloud_vps.chosen import Chosen
from provisioner.services.cloud_vps.placement import Placement
from provisioner.services.cloud_vps.wanted import PlanInput
from provisioner.services.risks import gravest_first
from provisioner.texts import say

_TIGHT = 0.9
_BUSY = 0.85


def risks(
    wanted: PlanInput,
    chosen: Chosen,
    placement: Placement,
    need: Need,
    facts: CloudVpsFacts,
    ledger: Ledger,
) -> tuple[Risk, ...]:
    """The risks, gravest first."""
    return gravest_first(
        *_of_the_place(placement, need, chosen),
        *_of_the_application(wanted, placement),
        *_of_the_copy(chosen, placement),
        *_of_the_address(wanted, chosen, facts, ledger),
        *of_the_firewall(wanted, facts),
    )


def _of_the_place(placement: Placement, need: Need, chosen: Chosen) -> Iterator[Risk]:
    room = placement.room
    storage = room.storages[chosen.storage]
    after = {
        "memory": room.memory.share(need.memory_mb),
        "cores": room.cores.share(need.cores),
        "disk": storage.disk.share(need.disk_gb),
    }
    scarce = max(after, key=lambda name: after[name])
    if after[scarce] >= _TIGHT:
        yield Risk(
            "medium",
            say(
                "Afterwards %(node)s has given away %(percent)d %% of what it may give "
                "(%(what)s). The next VMs may not fit.",
                node=room.node,
                percent=int(after[scarce] * 100),
                what={"memory": say("memory"), "cores": say("cores"), "disk": say("disk")}[scarce],
            ),
        )
    if room.memory_really_used >= _BUSY:
        yield Risk(
            "medium",
            say(
                "The memory of %(node)s is %(percent)d %% in use at this moment.",
                node=room.node,
                percent=int(room.memory_really_used * 100),
            ),
        )
    if not storage.shared:
        yield Risk(
            "low",
            say(
                "The disk lies on %(storage)s of %(node)s alone: while that node is down, the VM "
                "is down.",
                storage=chosen.storage,
                node=room.node,
            ),
        )


def _of_the_application(wanted: PlanInput, placement: Placement) -> Iterator[Risk]:
    if placement.siblings:
        yield Risk(
            "medium",
            say(
                "%(count)d VMs of the application %(application)s are on %(node)s already, and no "
                "other node can take this one: when that node is down, all of them are.",
                count=placement.siblings,
                application=wanted.details.application,
                node=placement.spot.node,
            ),
        )


def _of_the_copy(chosen: Chosen, placement: Placement) -> Iterator[Risk]:
    template = chosen.spot.template
    if chosen.spot.kind == "linked":
        yield Risk(
            "low",
            say(
                "The VM is a linked clone: the template %(vmid)s (%(name)s) has to stay as long "
                "as the VM does.",
                vmid=template.vmid,
                name=template.name,
            ),
        )
    if chosen.spot.moved:
        yield Risk(
            "low",
            say(
                "The VM is made on %(home)s, where the template is, and then moved to %(node)s: "
                "its disk is copied twice. A copy of the template on %(node)s would spare that.",
                home=chosen.spot.birth_node,
                node=chosen.spot.node,
            ),
        )
    if placement.tied_to_template:
        yield Risk(
            "low",
            say(
                "The choice of the node was bound: the template %(vmid)s lies on the storage "
                "%(storage)s of %(node)s. A copy of the template on the other nodes would free it.",
                vmid=template.vmid,
                storage=template.storage,
                node=template.node,
            ),
        )


def _of_the_address(
    wanted: PlanInput, chosen: Chosen, facts: CloudVpsFacts, ledger: Ledger
) -> Iterator[Risk]:
    strangers = dict(facts.answering)
    for address, claim in ledger.of("address", wanted.details.network).items():
        if "answers" in claim.amounts:
            strangers[address] = claim.amounts["answers"]
    for address, how in sorted(strangers.items()):
        yield Risk(
            "low",
            say(
                "Something that is not in our books answers at %(address)s (%(how)s); the address "
                "was passed over. Please find out what it is.",
                address=address,
                how=how,
            ),
        )
    yield Risk(
        "low",
        say(
            "The address %(address)s is free in our books and nothing answers there, but a host "
            "that is switched off or silent cannot be noticed.",
            address=chosen.address,
        ),
    )


def of_the_firewall(wanted: PlanInput, facts: CloudVpsFacts) -> Iterator[Risk]:
    """What the VM's firewall will not do."""
    ports = ", ".join(f"{p.port}/{p.protocol}" for p in wanted.details.open_ports) or "-"
    if not wanted.settings.firewall:
        yield Risk(
            "medium",
            say(
                "The configuration says that VMs of this cluster get no firewall: everything "
                "reaches the VM. The ports asked for are %(ports)s; see to them on the office's "
                "firewall.",
                ports=ports,
            ),
        )
    elif facts.cluster.firewall_on is False:
        yield Risk(
            "high",
            say(
                "The firewall of the whole datacenter is off on the cluster %(cluster)s, so the "
                "VM's rules have no effect: everything reaches it. Switch it on there "
                "(Datacenter, Firewall, Options).",
                cluster=wanted.cluster,
            ),
        )
