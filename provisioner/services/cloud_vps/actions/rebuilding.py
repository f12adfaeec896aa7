"""Plans to make a VM anew in its own place: same number, address, name and node; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioner.drivers.hypervisor import ClusterFacts
from provisioner.plans.capacity import picture
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan, Risk
from provisioner.plans.refusals import refuse
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting, check_confirmed
from provisioner.services.cloud_vps.actions.disks import second_disk
from provisioner.services.cloud_vps.actions_details import RebuildDetails
from provisioner.services.cloud_vps.chosen import Chosen
from provisioner.services.cloud_vps.placement import place
from provisioner.services.cloud_vps.planner import expected_seconds, pool_of, sources, wish_of
from provisioner.services.cloud_vps.risks import of_the_firewall
from provisioner.services.cloud_vps.steps import steps
from provisioner.services.cloud_vps.wanted import PlanInput, plan_input
from provisioner.texts import say

_REMOVE_SECONDS = 60


def plan_rebuild(acting: Acting, details: RebuildDetails) -> Plan:
    """Removed, then made from the template as at first; everything in it is lost.

    It stays on its node, where its capacity is claimed already.
    """
    check_confirmed(acting, details.confirm)
    record, machine = acting.record, acting.machine
    wanted = _wanted(acting, details)
    wish = wish_of(wanted, only_node=machine.node)
    cluster, ledger = _without(acting)
    placement = place(wish, cluster, ledger, acting.pinned)
    chosen = Chosen(
        spot=placement.spot,
        storage=wanted.disk_storage,
        storage_shared=placement.room.storages[wanted.disk_storage].shared,
        vmid=record.vmid,
        address=record.address,
        name=record.name,
        pool=pool_of(wanted),
    )
    return acting.plan(
        [on_vm.remove(record, acting.settings), *steps(wanted, chosen)],
        say(
            "Removes %(vm)s with everything in it and makes it anew on %(node)s from the template "
            "%(template)s, with the same number, name and address.",
            vm=acting.name,
            node=chosen.spot.node,
            template=chosen.spot.template.name,
        ),
        _REMOVE_SECONDS + expected_seconds(wanted, chosen),
        choices={
            **chosen.choices(record.cluster),
            "image": wanted.details.image,
            "size": wanted.details.size,
        },
        objects={**acting.state(power=False), **sources(wanted, chosen)},
        risks=[*_risks(acting), *of_the_firewall(wanted, acting.facts)],
        picture={
            **picture(
                placement.rooms, wish.need, chosen.storage, chosen.spot.node, placement.refused
            ),
            "why": placement.why.to_json(),
        },
    )


def wanted_details(acting: Acting, image: str | None) -> dict[str, Any]:
    """The details of the request that made it, with its size of today and the image asked for."""
    record = acting.record
    second = second_disk(record, acting.machine)
    given = {
        **record.details,
        "hostname": record.name,
        "size": record.size,
        "image": image or record.image,
    }
    given.pop("extra_disk_gb", None)
    return {**given, "extra_disk_gb": round(second.size_gb)} if second else given


def _wanted(acting: Acting, details: RebuildDetails) -> PlanInput:
    record = acting.record
    wanted = plan_input(
        record.number,
        record.department,
        wanted_details(acting, details.image),
        inventory=acting.inventory,
        clusters={record.cluster: acting.settings},
        office_public_key=acting.office_public_key,
    )
    if wanted.network.cluster != record.cluster:
        refuse(
            say(
                "The network %(network)s belongs to another cluster now.",
                network=wanted.details.network,
            )
        )
    whose = {"instance": record.id, "number": record.number, "uuid": record.uuid}
    return replace(wanted, rebuild_of=whose)


def _without(acting: Acting) -> tuple[ClusterFacts, Ledger]:
    """The cluster and the books as they are once the VM is gone: its room is free again."""
    vmid, cluster = acting.record.vmid, acting.facts.cluster
    guests = tuple(guest for guest in cluster.guests if guest.vmid != vmid)
    own = {id(claim) for _, of, claim in acting.ledger.capacity(cluster.cluster) if of == vmid}
    claims = tuple(claim for claim in acting.ledger.claims if id(claim) not in own)
    return replace(cluster, guests=guests), Ledger(claims)


def _risks(acting: Acting) -> list[Risk]:
    risks = [
        Risk(
            "high",
            say(
                "Everything in %(vm)s is lost for good. Back it up first if that may be needed.",
                vm=acting.name,
            ),
        ),
        Risk(
            "high",
            say(
                "If making it anew fails after it was removed, there is no VM until that is mended."
            ),
        ),
        Risk(
            "low",
            say(
                "Keys that were added later are not in it, and its host key is a new one: people "
                "are warned at their next login."
            ),
        ),
    ]
    if acting.standing.snapshots:
        names = ", ".join(s.name for s in acting.standing.snapshots)
        risks.append(Risk("high", say("Its snapshots (%(names)s) are lost.", names=names)))
    return risks
