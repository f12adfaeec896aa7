"""Plans a cloud VPS: a pure function of the request, the facts, the ledger and earlier choices."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

from provisioner.drivers.hypervisor import ClusterFacts
from provisioner.errors import Conflict
from provisioner.facts.cloud_vps import CloudVpsFacts
from provisioner.plans.addressing import is_host, next_address, next_vmid
from provisioner.plans.capacity import Need, picture
from provisioner.plans.claims import Ledger, capacity_scope
from provisioner.plans.model import Claim, Plan
from provisioner.plans.refusals import NO_CAPACITY, NOT_PLANNABLE, PLAN_CHANGED, check_pinned
from provisioner.services.cloud_vps.chosen import Chosen
from provisioner.services.cloud_vps.placement import Placement, Wish, place
from provisioner.services.cloud_vps.risks import risks
from provisioner.services.cloud_vps.steps import steps
from provisioner.services.cloud_vps.wanted import PlanInput
from provisioner.texts import Message, say

SERVICE = "cloud_vps"
_LINKED_SECONDS, _FULL_SECONDS, _FULL_SECONDS_PER_GB = 5, 10, 4
_SETTING_UP_SECONDS, _BOOT_SECONDS, _PROOF_SECONDS, _BASELINE_SECONDS = 20, 60, 10, 120
"""Seconds that a small cluster takes, for an estimate shown to people."""


def plan(
    wanted: PlanInput,
    facts: CloudVpsFacts,
    ledger: Ledger,
    pinned: Mapping[str, Any] | None = None,
) -> Plan:
    """Make the plan; with ``pinned`` (an earlier plan's ``choices``) every choice is kept.

    ``ledger`` holds the live claims of others and what rests in quarantine, never this request's
    own holds. The same world gives the same digest. Raises Conflict: ``not-plannable`` or
    ``no-capacity`` with what and where; ``plan-changed`` when a pinned choice no longer holds.
    """
    cluster = facts.cluster
    check_cluster(cluster)
    wish = wish_of(wanted)
    placement = place(wish, cluster, ledger, pinned)
    chosen = Chosen(
        spot=placement.spot,
        storage=wanted.disk_storage,
        storage_shared=placement.room.storages[wanted.disk_storage].shared,
        vmid=_vmid(wanted, cluster, ledger, pinned),
        address=_address(wanted, facts, ledger, pinned),
        name=_name(wanted, cluster, ledger),
        pool=pool_of(wanted),
    )
    choices = chosen.choices(wanted.cluster)
    check_pinned(pinned, choices)
    return Plan(
        service=SERVICE,
        choices=choices,
        objects={
            f"vm {chosen.vmid}": None,
            f"address {chosen.address}": None,
            **sources(wanted, chosen),
        },
        summary=_summary(wanted, chosen, placement),
        steps=steps(wanted, chosen),
        claims=_claims(wanted, chosen, wish.need),
        risks=risks(wanted, chosen, placement, wish.need, facts, ledger),
        expected_seconds=expected_seconds(wanted, chosen),
        picture={
            **picture(
                placement.rooms, wish.need, chosen.storage, chosen.spot.node, placement.refused
            ),
            "why": placement.why.to_json(),
        },
    )


def wish_of(wanted: PlanInput, only_node: str | None = None) -> Wish:
    """What to look for on the cluster; with ``only_node``, there alone."""
    size = wanted.size
    return Wish(
        need=Need(size.cores, size.memory_mb, size.disk_gb + wanted.extra_disk_gb),
        boot_gb=size.disk_gb,
        image=wanted.details.image,
        storage=wanted.disk_storage,
        bridge=wanted.network.bridge,
        department=wanted.department,
        settings=wanted.settings,
        application=wanted.details.application,
        only_node=only_node,
    )


def check_cluster(cluster: ClusterFacts) -> None:
    """Raise Conflict when the cluster refuses every change."""
    if not cluster.quorate:
        raise Conflict(
            say(
                "The cluster %(cluster)s has no quorum and refuses every change. Bring its nodes "
                "back first, then plan again.",
                cluster=cluster.cluster,
            ),
            slug=NOT_PLANNABLE,
            extra={"cluster": cluster.cluster},
        )


def pool_of(wanted: PlanInput) -> str | None:
    """The pool of the department, where there are pools."""
    pool = wanted.settings.pool
    return pool.replace("{department}", wanted.department) if pool else None


def _name(wanted: PlanInput, cluster: ClusterFacts, ledger: Ledger) -> str:
    name = wanted.details.hostname
    for guest in sorted(cluster.guests, key=lambda g: g.vmid):
        if guest.name.lower() == name:
            raise _name_taken(wanted, say("VM %(vmid)s", vmid=guest.vmid))
    claim = ledger.of("name", wanted.cluster).get(name)
    if claim is not None:
        raise _name_taken(wanted, say("request %(number)s", number=claim.owner))
    return name


def _name_taken(wanted: PlanInput, whose: Message) -> Conflict:
    return Conflict(
        say(
            "The name %(name)s is taken on the cluster %(cluster)s by %(whose)s. Ask the "
            "department for another name.",
            name=wanted.details.hostname,
            cluster=wanted.cluster,
            whose=whose,
        ),
        slug=NOT_PLANNABLE,
        extra={"pointer": "/details/hostname"},
    )


def _vmid(
    wanted: PlanInput, cluster: ClusterFacts, ledger: Ledger, pinned: Mapping[str, Any] | None
) -> int:
    claimed = ledger.of("vmid", wanted.cluster)
    if pinned is not None:  # a stranger's VM of that number matters not: the run takes another
        vmid = int(pinned["vmid"])
        if str(vmid) in claimed:
            raise _changed(
                say(
                    "The number %(vmid)s is now kept for request %(number)s.",
                    vmid=vmid,
                    number=claimed[str(vmid)].owner,
                )
            )
        return vmid
    listed = {guest.vmid for guest in cluster.guests}
    free = next_vmid(wanted.settings.vmid_range, {*listed, *map(int, claimed)})
    if free is None:
        low, high = wanted.settings.vmid_range
        raise Conflict(
            say(
                "Every VM number from %(low)s to %(high)s is taken on the cluster %(cluster)s. "
                "Widen vmid_range in the configuration, or end VMs no longer used.",
                low=low,
                high=high,
                cluster=wanted.cluster,
            ),
            slug=NO_CAPACITY,
            extra={"cluster": wanted.cluster, "vmid_range": [low, high]},
        )
    return free


def _address(
    wanted: PlanInput, facts: CloudVpsFacts, ledger: Ledger, pinned: Mapping[str, Any] | None
) -> str:
    network, name = wanted.network, wanted.details.network
    claimed = ledger.of("address", name)
    if pinned is not None:
        address = str(pinned["address"])
        if address in facts.answering:
            raise _changed(
                say(
                    "Something answers at the address %(address)s now (%(how)s). It is not ours.",
                    address=address,
                    how=facts.answering[address],
                )
            )
        if address in claimed:
            raise _changed(
                say(
                    "The address %(address)s is now kept for request %(number)s.",
                    address=address,
                    number=claimed[address].owner,
                )
            )
        wanted_address = IPv4Address(address)
        if not (network.assigns(wanted_address) and is_host(network, wanted_address)):
            raise _changed(
                say(
                    "The address %(address)s may no longer be given to VMs of the network "
                    "%(network)s.",
                    address=address,
                    network=name,
                )
            )
        return address
    free = next_address(network, {*claimed, *facts.answering})
    if free is None:
        resting = sum(claim.quarantine for claim in claimed.values())
        raise Conflict(
            say(
                "The network %(network)s has no free address: %(all)d may be given, "
                "%(taken)d are taken and %(resting)d rest after use. Widen its assignable range.",
                network=name,
                all=sum(1 for _ in network.addresses()),
                taken=len(claimed) - resting,
                resting=resting,
            ),
            slug=NO_CAPACITY,
            extra={"network": name},
        )
    return free


def _changed(what: Message) -> Conflict:
    return Conflict(what, slug=PLAN_CHANGED)


def sources(wanted: PlanInput, chosen: Chosen) -> dict[str, Any]:
    """The state of what a VM is made from: its template and its network."""
    template, network = chosen.spot.template, wanted.network
    return {
        f"template {template.vmid}": {
            "node": template.node,
            "name": template.name,
            "disk": template.disk,
            "disk_gb": template.disk_gb,
            "storage": template.storage,
            "net0": template.net0,
        },
        f"network {wanted.details.network}": {
            "bridge": network.bridge,
            "vlan": network.vlan,
            "cidr": str(network.cidr),
            "gateway": str(network.gateway),
        },
    }


def _claims(wanted: PlanInput, chosen: Chosen, need: Need) -> tuple[Claim, ...]:
    amounts = {
        "cores": need.cores,
        "memory_mb": need.memory_mb,
        "disk_gb": wanted.size.disk_gb,
        "storage": chosen.storage,
        "shared": chosen.storage_shared,
        "department": wanted.department,
        **({"extra_disk_gb": wanted.extra_disk_gb} if wanted.extra_disk_gb else {}),
        **({"application": wanted.details.application} if wanted.details.application else {}),
    }
    scope = capacity_scope(wanted.cluster, chosen.spot.node)
    return (
        Claim("vmid", wanted.cluster, str(chosen.vmid)),
        Claim(
            "address",
            wanted.details.network,
            chosen.address,
            {"quarantine_hours": wanted.network.quarantine_hours},
        ),
        Claim("name", wanted.cluster, chosen.name),
        Claim("capacity", scope, str(chosen.vmid), amounts),
    )


def _summary(wanted: PlanInput, chosen: Chosen, placement: Placement) -> Message:
    return say(
        "Makes one virtual machine, %(name)s, on %(node)s (%(why)s): %(cores)d CPU, %(memory)d MB "
        "memory, %(disk)d GB disk, address %(address)s. Nothing else changes.",
        name=chosen.name,
        node=chosen.spot.node,
        why=placement.why,
        cores=wanted.size.cores,
        memory=wanted.size.memory_mb,
        disk=wanted.size.disk_gb + wanted.extra_disk_gb,
        address=chosen.address,
    )


def expected_seconds(wanted: PlanInput, chosen: Chosen) -> int:
    """How long a small cluster takes to make the VM."""
    copied = _FULL_SECONDS_PER_GB * chosen.spot.template.disk_gb
    seconds = _LINKED_SECONDS if chosen.spot.kind == "linked" else _FULL_SECONDS + copied
    if chosen.spot.moved:
        seconds += _FULL_SECONDS + (0 if chosen.storage_shared else copied)
    if wanted.baseline is not None:
        seconds += _BASELINE_SECONDS
    return round(seconds + _SETTING_UP_SECONDS + _BOOT_SECONDS + _PROOF_SECONDS)
