"""What the judges of VMs and of clusters share: whom they concern, and what could not be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from provisioner.checks.chain import VmPoint
from provisioner.checks.model import Check, Finding, Place, Result, Value, Weight
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import Machine
from provisioner.drivers.hypervisor.health import ClusterHealth, NodeHealth, VmHealth
from provisioner.errors import StepFailure
from provisioner.texts import Message, say

Values = dict[str, Value]
STARTING = 120.0
"""Seconds after its start in which a VM's agent and address may be missing."""


@dataclass(frozen=True)
class Judged:
    """What a judge says of one place; without ``finding`` it is in order."""

    evidence: str = ""
    finding: str = ""
    weight: Weight = "broken"
    values: Mapping[str, Value] = field(default_factory=dict)
    skipped: Message | None = None


def result(seen: Seen, check: Check, place: Place, judged: Judged) -> Result:
    """The result of one place."""
    found = None
    if judged.finding:
        found = Finding(judged.finding, place, judged.values, judged.weight)
    return Result(check.key, place, seen.at, judged.evidence, found, judged.skipped)


def health_of(seen: Seen, vm: VmPoint) -> VmHealth | None:
    """Of a VM whose cluster answered."""
    found = seen.vms.get(vm.key)
    return found if isinstance(found, VmHealth) else None


def of_vms(
    seen: Seen, check: Check, judge: Callable[[VmPoint, VmHealth, Machine], Judged | None]
) -> Iterator[Result]:
    """A result for each VM on the chain that is there; None says nothing."""
    for vm in seen.chain.vms:
        place = Place("vm", vm.key)
        read = seen.vms.get(place.name)
        if read is None:
            continue
        if isinstance(read, StepFailure):
            yield result(seen, check, place, Judged(skipped=read.what))
        elif not read.node_online:
            yield result(seen, check, place, Judged(skipped=_off(read)))
        elif read.machine is not None and (judged := judge(vm, read, read.machine)):
            yield result(seen, check, place, judged)


def of_clusters(
    seen: Seen, check: Check, judge: Callable[[str, ClusterHealth], Iterator[tuple[Place, Judged]]]
) -> Iterator[Result]:
    """Results of each cluster on the chain that was asked."""
    for name in seen.chain.clusters:
        read = seen.clusters.get(name)
        if isinstance(read, StepFailure):
            skipped = Judged(skipped=read.what)
            yield result(seen, check, Place("cluster", name), skipped)
        elif read is not None:
            for place, judged in judge(name, read):
                yield result(seen, check, place, judged)


def of_nodes(
    seen: Seen, check: Check, judge: Callable[[NodeHealth], Judged | None]
) -> Iterator[Result]:
    """A result for each node that the chain rests on; None says nothing."""

    def each(name: str, health: ClusterHealth) -> Iterator[tuple[Place, Judged]]:
        for node in concerned(seen, health):
            if judged := judge(node):
                yield Place("node", name, node.name), judged

    return of_clusters(seen, check, each)


def concerned(seen: Seen, health: ClusterHealth) -> tuple[NodeHealth, ...]:
    """The nodes that VMs of the chain are on; all where it is about the cluster itself."""
    vms = [vm for vm in seen.chain.vms if vm.cluster == health.cluster]
    if seen.chain.target.kind == "cluster" or not vms:
        return health.nodes
    names = {node_of(seen, vm) for vm in vms}
    return tuple(node for node in health.nodes if node.name in names)


def node_of(seen: Seen, vm: VmPoint) -> str:
    """Where it is now, as far as that could be read; else where our record has it."""
    read = health_of(seen, vm)
    return read.machine.node if read and read.machine else vm.node


def fill(
    percent: float, full: tuple[str, float], filling: tuple[str, float], **values: str
) -> Judged:
    """How full something is: the finding and the share from which it is one."""
    evidence = f"{percent:.0f} %"
    shown: Values = {**values, "percent": round(percent)}
    if percent >= full[1]:
        return Judged(evidence, full[0], "broken", shown)
    if percent >= filling[1]:
        return Judged(evidence, filling[0], "weak", shown)
    return Judged(evidence)


def untold(text: str) -> Judged:
    """A place that could not be looked at, and why in the cluster's words."""
    return Judged(skipped=say("It could not be read: %(why)s", why=text))


def _off(read: VmHealth) -> Message:
    return say("It could not be read: %(why)s", why=read.untold.get("machine", "node off"))
