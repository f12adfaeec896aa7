"""What each cluster has left now, after a plan, until when, and how many more VMs fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from provisioner.catalogue import Inventory
from provisioner.database import Database, now
from provisioner.drivers.hypervisor import ClusterFacts, Hypervisor, TemplateKey
from provisioner.errors import Conflict, NotFound
from provisioner.facts.capacity import Amounts, series
from provisioner.people.rules import Actor, sees_all
from provisioner.plans import store as plans
from provisioner.plans.capacity import Amount, Need, NodeRoom, rooms
from provisioner.plans.claims import Ledger
from provisioner.plans.forecast import (
    CORES,
    DISK,
    MEMORY,
    Fit,
    Series,
    after,
    fits,
    holding,
    outlook,
    reading,
)
from provisioner.requests import store as requests
from provisioner.services.cloud_vps.placement import Wish, place
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, render, say


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class AmountView(_View):
    """MiB, cores or GiB; ``free`` is what may still be given away below ``limit``."""

    total: float
    limit: float
    used: float
    promised: float
    free: float


class ResourceView(_View):
    """One resource of a cluster. ``unknown`` says why there is no ``runs_out``."""

    resource: str
    title: str
    now: AmountView
    after: AmountView | None
    """With the plan that was asked about."""
    per_day: float | None
    runs_out: date | None
    runs_out_after: date | None
    """With that plan, at the same pace."""
    unknown: str | None


class SizeView(_View):
    """How many more VMs of a size fit today; ``more``: at least so many."""

    size: str
    title: str
    count: int
    more: bool
    by_node: dict[str, int]
    why_not: list[str]
    """Why no further one fits, node by node."""


class NodeView(_View):
    """One node; ``closed`` says why nothing new goes there, whatever its size."""

    node: str
    online: bool
    maintenance: bool
    closed: str | None
    memory_mb: AmountView
    memory_really_used: float
    """Share of the physical memory in use at that moment, 0 to 1."""
    cores: AmountView
    storages: dict[str, AmountView]
    """GiB, of those that take disks of VMs."""


class CapacityView(_View):
    """One cluster; readings are of ``read_at``."""

    cluster: str
    read_at: datetime
    readings: int
    """Days with a reading, on which the pace rests."""
    resources: list[ResourceView]
    nodes: list[NodeView]
    sizes: list[SizeView]


class CapacityService:
    """Reads a cluster and counts with the planner's own rules."""

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        clusters: Mapping[str, ClusterSettings],
        hypervisors: Mapping[str, Hypervisor],
    ) -> None:
        self._database, self._inventory = database, inventory
        self._clusters, self._hypervisors = clusters, hypervisors

    def measure(self, cluster: str) -> Amounts:
        """Today's reading, for ``CapacityRecorder``; raises the failures of a look at the world."""
        facts = self._hypervisors[cluster].facts()
        return reading(holding(rooms(facts, self._clusters[cluster], self._ledger(0))))

    def view(self, actor: Actor, cluster: str, request: str | None = None) -> CapacityView:
        """The cluster now, and with ``request``'s current plan carried out.

        Raises NotFound (also for who is not of the office), and the failures of a look at the
        world when the cluster does not answer.
        """
        if cluster not in self._clusters or not sees_all(actor):
            raise NotFound(say("There is no cluster %(name)s.", name=cluster[:40]))
        facts = self._hypervisors[cluster].facts(self._templates(cluster))
        request_id, plan = 0, None
        with self._database.read() as session:
            if request is not None:
                request_id = requests.by_number(session, request).id
                plan = plans.current(session, request_id)
            history = series(session, cluster)
        there = rooms(facts, self._clusters[cluster], self._ledger(request_id))
        amounts = holding(there)
        then = after(amounts, plan.body) if plan is not None else None
        today = now().astimezone(self._inventory.office.zone).date()
        return CapacityView(
            cluster=cluster,
            read_at=facts.read_at,
            readings=len(history),
            resources=[
                _resource(name, one, then, history, today, actor.language)
                for name, one in amounts.items()
            ],
            nodes=[_node(room, actor.language) for _, room in sorted(there.items())],
            sizes=list(self._sizes(cluster, facts, there, actor.language)),
        )

    # ------------------------------------------------------------------ inside

    def _ledger(self, request_id: int) -> Ledger:
        with self._database.read() as session:
            return plans.ledger(session, request_id, now())

    def _templates(self, cluster: str) -> tuple[TemplateKey, ...]:
        offer = self._inventory.cloud_vps
        images = offer.images.values() if offer else ()
        found = [image.templates[cluster] for image in images if cluster in image.templates]
        return tuple(dict.fromkeys(TemplateKey(vmid=one.vmid, tag=one.tag) for one in found))

    def _sizes(
        self, cluster: str, facts: ClusterFacts, there: Mapping[str, NodeRoom], language: str
    ) -> Iterator[SizeView]:
        offer = self._inventory.cloud_vps
        for name, size in offer.sizes.items() if offer else ():
            need = Need(size.cores, size.memory_mb, size.disk_gb)
            ways = set(self._ways(cluster, facts, name, need))
            counted = [fits(there, need, storage, nodes=nodes) for storage, nodes in ways]
            best = max(counted, key=lambda fit: fit.count, default=Fit(0, {}, False, {}))
            yield SizeView(
                size=name,
                title=size.title or name,
                count=best.count,
                more=best.more,
                by_node=dict(best.by_node),
                why_not=[
                    f"{node}: {'; '.join(render(one, language) for one in why)}"
                    for node, why in best.why_not.items()
                ],
            )

    def _ways(
        self, cluster: str, facts: ClusterFacts, size: str, need: Need
    ) -> Iterator[tuple[str, frozenset[str]]]:
        """Storage and possible nodes, by image and network.

        Where a VM can be made at all is what the planner says of the same cluster with nothing on
        it: templates, bridges and kinds of clone decide then, not what is taken.
        """
        offer, settings = self._inventory.cloud_vps, self._clusters[cluster]
        empty = replace(
            facts,
            guests=tuple(guest for guest in facts.guests if guest.template),
            storages=tuple(replace(one, free_gb=one.total_gb) for one in facts.storages),
        )
        bridges = {n.bridge for n in self._inventory.network.networks.values()
                   if n.cluster == cluster}  # fmt: skip
        for image, said in offer.images.items() if offer else ():
            reference = said.templates.get(cluster)
            if offer is None or reference is None:
                continue
            storage = offer.disk_storage(size, image) or settings.disk_storage
            templates = tuple(
                template for template in facts.templates
                if template.vmid == reference.vmid
                or _has_tag(facts, template.vmid, reference.tag)
            )  # fmt: skip
            for bridge in bridges:
                wish = Wish(need, need.disk_gb, image, storage, bridge, "", settings)
                try:
                    found = place(wish, replace(empty, templates=templates), Ledger())
                except Conflict:
                    continue
                yield storage, frozenset(found.rooms.keys() - found.refused.keys())


def _has_tag(facts: ClusterFacts, vmid: int, tag: str | None) -> bool:
    return any(guest.vmid == vmid and tag in guest.tags for guest in facts.guests)


def _resource(
    name: str,
    amount: Amount,
    then: Mapping[str, Amount] | None,
    history: Series,
    today: date,
    language: str,
) -> ResourceView:
    found = outlook(name, amount, history, today)
    later = outlook(name, then[name], history, today) if then else None
    return ResourceView(
        resource=name,
        title=render(_title(name), language),
        now=_amount(amount),
        after=_amount(then[name]) if then else None,
        per_day=None if found.per_day is None else round(found.per_day, 2),
        runs_out=found.runs_out,
        runs_out_after=later.runs_out if later else None,
        unknown=render(found.unknown, language) if found.unknown else None,
    )


def _node(room: NodeRoom, language: str) -> NodeView:
    nothing = Need(0, 0, 0)
    closed = room.why_not(nothing, "") if not room.online or room.maintenance else ()
    return NodeView(
        node=room.node,
        online=room.online,
        maintenance=room.maintenance,
        closed=render(closed[0], language) if closed else None,
        memory_mb=_amount(room.memory),
        memory_really_used=round(room.memory_really_used, 3),
        cores=_amount(room.cores),
        storages={
            name: _amount(storage.disk)
            for name, storage in sorted(room.storages.items())
            if storage.active and storage.takes_disks
        },
    )


def _amount(amount: Amount) -> AmountView:
    names = ("total", "limit", "used", "promised", "free")
    return AmountView(**{name: round(getattr(amount, name), 1) for name in names})


def _title(resource: str) -> Message:
    if resource == MEMORY:
        return say("memory in MB")
    if resource == CORES:
        return say("CPU cores")
    return say("room on the storage %(storage)s", storage=resource.removeprefix(DISK))
