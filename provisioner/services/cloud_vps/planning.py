"""What the service cloud_vps brings to the plan service: reading, planning, probing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.catalogue import CloudVpsOffer, Inventory
from provisioner.drivers.hypervisor import Hypervisor, TemplateKey
from provisioner.drivers.seat import UserSeat
from provisioner.errors import Retriable
from provisioner.facts.cloud_vps import CloudVpsFacts, Standing, VmRecord, probe, read_facts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Objection, Subject
from provisioner.plans.refusals import refuse
from provisioner.services.cloud_vps import planner
from provisioner.services.cloud_vps.actions.acting import Acting, check_state, is_cut_off
from provisioner.services.cloud_vps.actions.deciding import Look, look_of, plan_action
from provisioner.services.cloud_vps.wanted import PlanInput, plan_input
from provisioner.settings import ClusterSettings
from provisioner.texts import say

VmOf = Callable[[str], VmRecord | None]


def _no_record(_instance: str) -> VmRecord | None:
    return None


class CloudVpsPlanning:
    """Implements ``plans.planner.ServicePlanner``.

    ``office_public_key`` gives the public half, ``vm_of`` finds our record of a VM by the
    identifier of its instance.
    """

    def __init__(
        self,
        inventory: Inventory,
        clusters: Mapping[str, ClusterSettings],
        hypervisors: Mapping[str, Hypervisor],
        seat: UserSeat,
        office_public_key: Callable[[], str],
        vm_of: VmOf = _no_record,
    ) -> None:
        self._inventory = inventory
        self._clusters = clusters
        self._hypervisors = hypervisors
        self._seat = seat
        self._office_public_key = office_public_key
        self._vm_of = vm_of

    def read(self, subject: Subject, pinned: Mapping[str, Any] | None = None) -> CloudVpsFacts:
        """The cluster of the request's network, and what answers at the pinned address.

        For an action the VM as it stands, and of it what the action's plan depends on.
        """
        if "action" in subject.details:
            facts = self._read_standing(subject)
        else:
            wanted = self._wanted(subject)
            facts = read_facts(
                self._hypervisors[wanted.cluster],
                self._seat,
                (wanted.template,),
                addresses=(str(pinned["address"]),) if pinned else (),
                ssh_port=wanted.network.ssh_port,
            )
        if pinned:
            _check_settled(facts)
        return facts

    def plan(
        self,
        subject: Subject,
        facts: CloudVpsFacts,
        ledger: Ledger,
        pinned: Mapping[str, Any] | None = None,
    ) -> Plan:
        """See ``planner.plan`` and ``actions.deciding.plan_action``."""
        if "action" not in subject.details:
            return planner.plan(self._wanted(subject), facts, ledger, pinned)
        if facts.standing is None:
            refuse(say("Nothing was read of the VM."))
        record = facts.standing.record
        acting = Acting(
            number=subject.number,
            action=str(subject.details["action"]),
            standing=facts.standing,
            facts=facts,
            ledger=ledger,
            inventory=self._inventory,
            offer=self._offer(),
            settings=self._settings(record),
            office_public_key=self._office_public_key(),
            pinned=pinned,
        )
        return plan_action(acting, subject.details)

    def objections(self, plan: Plan) -> tuple[Objection, ...]:
        """A stranger at the chosen address; an action chooses none."""
        claim = next((claim for claim in plan.claims if claim.kind == "address"), None)
        if claim is None:
            return ()
        network = self._inventory.network.networks[claim.scope]
        found = probe(self._seat, (claim.key,), network.ssh_port)
        return tuple(
            Objection(
                claim,
                how,
                say(
                    "Something answers at %(address)s (%(how)s) that is not in our books.",
                    address=address,
                    how=how,
                ),
            )
            for address, how in found.items()
        )

    def beside(self, plan: Plan) -> Mapping[str, Any]:
        """Nothing more than the plan's own picture of the capacity."""
        return {}

    def _read_standing(self, subject: Subject) -> CloudVpsFacts:
        action, instance = str(subject.details["action"]), str(subject.details["instance"])
        record = self._vm_of(instance)
        if record is None or record.department != subject.department:
            refuse(say("There is no VM %(instance)s of this department.", instance=instance))
        check_state(record, action)
        self._settings(record)
        hypervisor = self._hypervisors[record.cluster]
        facts = read_facts(hypervisor, self._seat, self._templates(subject, record))
        standing = _standing(hypervisor, record, look_of(action), self._settings(record))
        return CloudVpsFacts(cluster=facts.cluster, at=facts.at, standing=standing)

    def _templates(self, subject: Subject, record: VmRecord) -> tuple[TemplateKey, ...]:
        """Only a rebuild wants one."""
        if subject.details["action"] != "rebuild":
            return ()
        image = self._offer().images.get(str(subject.details.get("image") or record.image))
        found = image.templates.get(record.cluster) if image else None
        return (TemplateKey(vmid=found.vmid, tag=found.tag),) if found else ()

    def _offer(self) -> CloudVpsOffer:
        offer = self._inventory.cloud_vps
        if offer is None:
            refuse(say("The catalogue no longer offers this service."))
        return offer

    def _settings(self, record: VmRecord) -> ClusterSettings:
        found = self._clusters.get(record.cluster)
        if found is None or record.cluster not in self._hypervisors:
            refuse(
                say(
                    "The cluster %(cluster)s of this VM is not configured any more.",
                    cluster=record.cluster,
                )
            )
        return found

    def _wanted(self, subject: Subject) -> PlanInput:
        wanted = plan_input(
            subject.number,
            subject.department,
            subject.details,
            inventory=self._inventory,
            clusters=self._clusters,
            office_public_key=self._office_public_key(),
        )
        if wanted.extra_disk_gb > self._offer().extra_disk_gb_max:
            refuse(
                say("A second disk of that size is no longer offered."),
                pointer="/details/extra_disk_gb",
            )
        return wanted


def _standing(
    hypervisor: Hypervisor, record: VmRecord, look: Look, settings: ClusterSettings
) -> Standing:
    """The VM with what is asked for; of a VM that is not ours nothing more is read."""
    machine = hypervisor.machine(record.vmid)
    bare = Standing(record, machine)
    if machine is None or not bare.is_ours:
        return bare
    job = settings.backup_job if look.firewall else None
    return Standing(
        record=record,
        machine=machine,
        snapshots=hypervisor.snapshots(machine) if look.snapshots else (),
        backups=hypervisor.backups(machine.vmid) if look.backups else (),
        pending=hypervisor.pending(machine) if look.pending else frozenset(),
        firewall=hypervisor.firewall(machine) if look.firewall else None,
        backup_job=hypervisor.backup_job(job) if job else None,
    )


def _check_settled(facts: CloudVpsFacts) -> None:
    """Raise Retriable while it cannot be told whether an approved plan still holds."""
    if not facts.cluster.quorate:
        raise Retriable(
            say("The cluster %(cluster)s has no quorum.", cluster=facts.cluster.cluster),
            meaning=say("Its nodes cannot agree at the moment; whether the plan holds is open."),
            next=say("It is tried again by itself; the administrator looks at the nodes."),
            after=10,
        )
    machine = facts.standing.machine if facts.standing else None
    if machine is not None and is_cut_off(facts):
        raise Retriable(
            say("The node %(node)s is offline.", node=machine.node),
            meaning=say("VM %(vmid)s is there and cannot be worked on.", vmid=machine.vmid),
            next=say("It is tried again by itself; the administrator looks at the nodes."),
            after=30,
        )
    if machine is not None and machine.lock and facts.standing and facts.standing.is_ours:
        raise Retriable(
            say("VM %(vmid)s is locked (%(lock)s).", vmid=machine.vmid, lock=machine.lock),
            meaning=say("Other work on it goes on, such as its regular backup."),
            next=say("It is tried again by itself. A lock that stays is for the administrator."),
            after=30,
        )
