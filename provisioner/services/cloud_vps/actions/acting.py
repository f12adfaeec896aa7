"""What every action's planning starts from: whose VM it is, and how its plan is put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.catalogue import CloudVpsOffer, Inventory
from provisioner.drivers.hypervisor import Machine, StorageReading
from provisioner.facts.cloud_vps import CloudVpsFacts, Standing, VmRecord
from provisioner.plans.capacity import NodeRoom, rooms
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Claim, Plan, Risk, Step
from provisioner.plans.refusals import check_pinned, refuse
from provisioner.services.cloud_vps.on_vm import vm_name
from provisioner.services.cloud_vps.planner import SERVICE, check_cluster
from provisioner.services.risks import gravest_first
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, say

WHILE_SUSPENDED = frozenset({"resume", "extend", "backup", "delete_snapshot", "end", "settle"})
"""What may be done to a VM that is suspended."""
WITHOUT_NODE = frozenset({"extend", "end"})
"""What can be planned while the VM's node is offline: it changes our books, or waits for it."""


@dataclass(frozen=True)
class Acting:
    """One request for an action, with all that its planning may look at."""

    number: str
    """Of the request; the VM's own is ``record.number``."""
    action: str
    standing: Standing
    facts: CloudVpsFacts
    ledger: Ledger
    inventory: Inventory
    offer: CloudVpsOffer
    settings: ClusterSettings
    office_public_key: str
    pinned: Mapping[str, Any] | None = None

    @property
    def record(self) -> VmRecord:
        return self.standing.record

    @property
    def machine(self) -> Machine:
        """The VM as it is; only for actions that ``check_standing`` has let through."""
        machine = self.standing.machine
        if machine is None:
            refuse(say("The cluster has no VM %(vmid)s any more.", vmid=self.record.vmid))
        return machine

    @property
    def name(self) -> str:
        return vm_name(self.record)

    @property
    def runs(self) -> bool:
        """Whether it is switched on."""
        return self.machine.power == "running"

    def rooms(self) -> dict[str, NodeRoom]:
        """What every node of the cluster has left."""
        return rooms(self.facts.cluster, self.settings, self.ledger)

    def storage(self, name: str, node: str | None = None) -> StorageReading | None:
        """A storage as the VM's node (or another one) sees it."""
        where = node or self.machine.node
        found = self.facts.cluster.storages
        return next((s for s in found if s.name == name and s.node == where), None)

    def state(self, *, power: bool = True, **more: Any) -> dict[str, Any]:
        """The VM as a plan's object: its identity, and what of it the plan depends on."""
        machine = self.machine
        on = {"power": machine.power} if power else {}
        return {f"vm {machine.vmid}": {"uuid": (machine.uuid or "").lower(), **on, **more}}

    def plan(
        self,
        steps: Sequence[Step],
        summary: Message,
        seconds: float,
        *,
        objects: Mapping[str, Any],
        choices: Mapping[str, Any] | None = None,
        claims: Sequence[Claim] = (),
        risks: Sequence[Risk] = (),
        picture: Mapping[str, Any] | None = None,
    ) -> Plan:
        """The plan, after ``choices`` were compared with those it is pinned to."""
        record = self.record
        chosen = {
            "action": self.action,
            "instance": record.id,
            "cluster": record.cluster,
            "vmid": record.vmid,
            **(choices or {}),
        }
        check_pinned(self.pinned, chosen)
        return Plan(
            service=SERVICE,
            choices=chosen,
            objects=dict(objects),
            summary=summary,
            steps=tuple(steps),
            claims=tuple(claims),
            risks=gravest_first(*risks),
            expected_seconds=round(seconds),
            picture=dict(picture or {}),
        )


def check_standing(acting: Acting) -> None:
    """Raise Conflict when nothing may be done to this VM: it ended, is gone, locked or not ours.

    An end is let through when the VM is gone or somebody else's: it finishes in our books.
    """
    record, machine = acting.record, acting.standing.machine
    check_state(record, acting.action)
    check_cluster(acting.facts.cluster)
    if machine is None:
        if acting.action != "end":
            refuse(
                say(
                    "The cluster has no VM %(vmid)s any more; %(name)s was removed by hand. End it "
                    "in our books, or bring it back from a backup on the cluster.",
                    vmid=record.vmid,
                    name=record.name,
                )
            )
        return
    if not acting.standing.is_ours:
        if acting.action != "end":
            refuse(
                say(
                    "VM %(vmid)s is not the one of our record: its identity or our mark is "
                    "another one. It is not touched. Find out whose it is.",
                    vmid=record.vmid,
                )
            )
        return
    if machine.lock:
        refuse(
            say(
                "%(vm)s is locked on the cluster (%(lock)s): other work on it goes on. Plan again "
                "when that has ended.",
                vm=vm_name(record),
                lock=machine.lock,
            )
        )
    if acting.action not in WITHOUT_NODE and is_cut_off(acting.facts):
        refuse(
            say("The node %(node)s of %(vm)s is offline.", node=machine.node, vm=vm_name(record))
        )


def is_cut_off(facts: CloudVpsFacts) -> bool:
    """Whether the node that has the VM is offline: nothing can be done to it there."""
    machine = facts.standing.machine if facts.standing else None
    offline = {node.name for node in facts.cluster.nodes if not node.online}
    return machine is not None and machine.node in offline


def check_state(record: VmRecord, action: str) -> None:
    """Raise Conflict when our record does not allow the action any more, or not at present."""
    if record.state == "ended" or record.ending:
        refuse(say("%(vm)s has ended, or is being removed.", vm=vm_name(record)))
    if record.state == "suspended" and action not in WHILE_SUSPENDED:
        refuse(say("%(vm)s is suspended. Resume it first.", vm=vm_name(record)))


def check_confirmed(acting: Acting, confirm: str) -> None:
    """Raise Conflict unless the VM's name was typed once more."""
    if confirm != acting.record.name:
        refuse(
            say(
                "To confirm, the name of the VM has to be entered once more: %(name)s.",
                name=acting.record.name,
            ),
            pointer="/details/confirm",
        )


def check_running(acting: Acting) -> None:
    """Raise Conflict unless the VM is switched on."""
    if not acting.runs:
        refuse(say("%(vm)s is switched off. Start it first.", vm=acting.name))
