"""The campus: devices, cables, places, how each was last seen, and what of ours is on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.bootstrap import Product
from provisioner.drivers.network import Host
from provisioner.errors import Forbidden
from provisioner.facts.devices import DeviceSight
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.records import making_plan
from provisioner.people.rules import Actor, sees_all
from provisioner.plans.model import Plan
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.runs import store as runs
from provisioner.runs.model import Lease, Run
from provisioner.runs.starting import end_of, start_of
from provisioner.texts import from_json, render, say

GROUPS = ("routers", "switches", "access_points", "probes")
_DEVICE = "device/"
_KINDS = {"event_wifi": "event_wifi", "internet": "site"}
"""Services that put a VLAN on cables, with the kind of their instances."""
_TO_COME = (RequestState.APPROVED, RequestState.SCHEDULED, RequestState.IN_PROGRESS)


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class End(_View):
    """One end of a cable."""

    device: str
    port: str


class Node(_View):
    """A device: ``state`` is unknown, answered or trouble, as of ``looked_at``."""

    name: str
    group: str | None
    platform: str | None
    site: str | None
    state: str
    looked_at: datetime | None
    answered_at: datetime | None
    trouble: str | None
    driven: bool
    """Whether the program logs in there at all."""
    held_by: str | None
    """The request that works on it just now."""
    distance: int | None
    """Cables to the nearest router; None where none leads there."""


class Link(_View):
    """A cable, and the requests of ours whose VLAN it carries."""

    a: End
    b: End
    events: tuple[str, ...]


class Place(_View):
    """Where events are held."""

    key: str
    title: str
    site: str
    access_points: tuple[str, ...]


class Event(_View):
    """An event's WiFi, on or still to come; or a connected site."""

    kind: str
    """``event_wifi`` or ``site``."""
    request: str
    instance: str | None
    title: str
    ssid: str | None
    place: str | None
    """Of an event; a site has ``site``."""
    site: str | None
    network: str
    vlan: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    on: bool
    access_points: tuple[str, ...]
    devices: tuple[str, ...]


class Topology(_View):
    """The whole picture."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    places: tuple[Place, ...]
    events: tuple[Event, ...]
    looked_at: datetime | None
    """The newest look at any device."""


def topology(product: Product, actor: Actor) -> Topology:
    """The campus of network.yml with what is known of it. Raises Forbidden, Misconfigured."""
    if not sees_all(actor):
        raise Forbidden(say("The network is looked at by the office only."))
    network, hosts = product.inventory.network, product.hosts()
    with product.database.read() as session:
        found = list(_events(session, product))
    cables = list(network.cables())
    names = dict.fromkeys([*hosts, *(end.device for cable in cables for end in cable)])
    carried: dict[str, set[str]] = defaultdict(set)
    for event, ports in found:
        for port in ports:
            carried[port].add(event.request)
    shown = nodes(product, actor, list(names))
    return Topology(
        nodes=tuple(shown),
        links=tuple(
            Link(
                a=End(device=one.device, port=one.port),
                b=End(device=other.device, port=other.port),
                events=tuple(
                    sorted(
                        carried[f"{one.device}:{one.port}"]
                        & carried[f"{other.device}:{other.port}"]
                    )
                ),
            )
            for one, other in cables
        ),
        places=tuple(
            Place(key=key, title=p.title, site=p.site, access_points=p.access_points)
            for key, p in network.places.items()
        ),
        events=tuple(event for event, _ in found),
        looked_at=max((n.looked_at for n in shown if n.looked_at), default=None),
    )


def nodes(product: Product, actor: Actor, names: Sequence[str]) -> list[Node]:
    """These devices as they were last seen, whether or not the inventory knows them."""
    hosts, sights, far = product.hosts(), product.sights.all(), distances(product)
    with product.database.read() as session:
        held = _held(session)
    return [
        _node(
            name,
            host := hosts.get(name),
            sights.get(name),
            host is not None and product.fleet.drives(host),
            held.get(name),
            far.get(name),
            actor,
        )
        for name in names
    ]


def cabled(product: Product, name: str) -> Iterator[tuple[End, End]]:
    """The cables of a device, its own end first."""
    for one, other in product.inventory.network.cables():
        for near, to in ((one, other), (other, one)):
            if near.device == name:
                yield (
                    End(device=near.device, port=near.port),
                    End(device=to.device, port=to.port),
                )


def _node(
    name: str,
    host: Host | None,
    sight: DeviceSight | None,
    driven: bool,
    held_by: str | None,
    distance: int | None,
    actor: Actor,
) -> Node:
    state = "unknown"
    if sight:
        state = "trouble" if sight.trouble else "answered"
    trouble = sight.trouble if sight else None
    return Node(
        name=name,
        group=next((g for g in GROUPS if host and g in host.groups), None),
        platform=host.platform or None if host else None,
        site=host.site if host else None,
        state=state,
        looked_at=sight.looked_at if sight else None,
        answered_at=sight.answered_at if sight else None,
        trouble=render(from_json(trouble["what"]), actor.language) if trouble else None,
        driven=driven,
        held_by=held_by,
        distance=distance,
    )


def _events(session: Session, product: Product) -> Iterator[tuple[Event, list[str]]]:
    """What is on, and what is approved and still to come; each with the ports on its way."""
    on = session.scalars(
        select(Instance).where(
            Instance.kind.in_(_KINDS.values()), Instance.state != InstanceState.ENDED
        )
    ).all()
    coming = session.scalars(
        select(Request).where(
            Request.service.in_(_KINDS),
            Request.state.in_(_TO_COME),
            Request.run_id.is_not(None),
        )
    ).all()
    for instance in on:
        request = session.get_one(Request, instance.request_id)
        plan = making_plan(session, instance)
        yield _event(product, request, instance, plan), list(ports_of(plan))
    for request in coming:
        plan = runs.plan_of(session, runs.get(session, request.run_id or ""))
        if "path" in plan.choices and "action" not in request.details:
            yield _event(product, request, None, plan), list(ports_of(plan))


def ports_of(plan: Plan) -> Iterator[str]:
    """Every port on the ways of a plan, as ``device:port``."""
    path = plan.choices.get("path", {})
    for ports in path.values() if isinstance(path, Mapping) else ():
        yield from ports


def _event(product: Product, request: Request, instance: Instance | None, plan: Plan) -> Event:
    choices, network = plan.choices, product.inventory.network
    name = str(choices.get("network") or choices.get("cidr"))
    prepared = network.event_networks.get(name)
    site, place = choices.get("site"), choices.get("place")
    known = network.sites.get(str(site))
    title = request.details.get("event") or (known.title if known else site)
    return Event(
        kind=_KINDS[request.service],
        request=request.number,
        instance=instance.id if instance else None,
        title=str(title or request.number),
        ssid=choices.get("ssid"),
        place=place,
        site=site,
        network=name,
        vlan=prepared.vlan if prepared else choices.get("vlan"),
        starts_at=start_of(plan),
        ends_at=instance.expires_at if instance else end_of(plan),
        on=instance is not None,
        access_points=tuple(choices.get("access_points", ())),
        devices=tuple(dict.fromkeys(port.partition(":")[0] for port in ports_of(plan))),
    )


def _held(session: Session) -> dict[str, str]:
    """Device to the number of the request whose run has it for itself."""
    rows = session.execute(
        select(Lease.resource, Run.number)
        .join(Run, Run.id == Lease.run_id)
        .where(Lease.resource.startswith(_DEVICE))
    )
    return {resource.removeprefix(_DEVICE): number for resource, number in rows}


def distances(product: Product) -> dict[str, int]:
    """How many cables lie between each device and the nearest router."""
    hosts = product.hosts()
    around: dict[str, set[str]] = defaultdict(set)
    for one, other in product.inventory.network.cables():
        around[one.device].add(other.device)
        around[other.device].add(one.device)
    border = [name for name, host in hosts.items() if "routers" in host.groups]
    found = dict.fromkeys(border, 0)
    while border:
        next_ring = {near for name in border for near in around[name]} - found.keys()
        border = sorted(next_ring)
        found.update(dict.fromkeys(border, max(found.values()) + 1))
    return found
