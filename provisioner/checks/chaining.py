"""From what somebody asks about to all that lies between its users and the core; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import NoReturn

from provisioner.catalogue import Network
from provisioner.catalogue.network_fields import Port
from provisioner.checks.chain import Chain, Net, Station, StationKind
from provisioner.checks.ground import Ground
from provisioner.checks.model import Target
from provisioner.checks.records import Stands
from provisioner.drivers.network import Host
from provisioner.errors import NotFound
from provisioner.services.paths import ACCESS_POINTS, ROUTERS, SWITCHES, uplinks
from provisioner.texts import say

PROBES = "probes"
INTERNET = "internet"
"""Name of the station at the end of the way."""
_DEVICES = frozenset({ROUTERS, SWITCHES, ACCESS_POINTS})
Cable = tuple[Port, Port]


def chain_of(target: Target, ground: Ground) -> Chain:
    """The chain of a target.

    Redundant ways are all on it. A device without a cable is a station all the same. Raises
    NotFound where there is no such target.
    """
    match target.kind:
        case "site":
            return _of_site(target, ground)
        case "place":
            return _of_place(target, ground)
        case "device":
            return _of_device(target, ground)
        case "instance":
            return _of_instance(target, ground)
        case "cluster":
            return _of_cluster(target, ground)
        case "url":
            return _of_url(target, ground)


# ---------------------------------------------------------------- targets


def _of_site(target: Target, ground: Ground) -> Chain:
    site = ground.network.sites.get(target.key)
    if site is None:
        _no_such(target)
    places = [each for each in ground.network.places.values() if each.site == target.key]
    here = {name for name, host in ground.hosts.items() if host.site == target.key}
    here |= {port.device for port in site.free_ports()} | {*site.access_points}
    here |= {name for place in places for name in place.access_points}
    stands = [each for each in ground.stands if each.site == target.key]
    return _network_chain(target, site.title, ground, here, stands, (target.key,))


def _of_place(target: Target, ground: Ground) -> Chain:
    place = ground.network.places.get(target.key)
    if place is None:
        _no_such(target)
    here = set(place.access_points)
    stands = [
        each
        for each in ground.stands
        if each.net is not None and (each.place == target.key or here & set(each.net.access_points))
    ]
    stands = [replace(each, net=_on_air_at(each.net, here)) for each in stands]
    return _network_chain(target, place.title, ground, here, stands, (place.site,))


def _of_device(target: Target, ground: Ground) -> Chain:
    host = ground.hosts.get(target.key)
    if host is None:
        _no_such(target)
    stands = [
        each
        for each in ground.stands
        if each.net is not None and target.key in devices_of(each.net)
    ]
    sites = (host.site,) if host.site else ()
    chain = _network_chain(target, target.key, ground, {target.key}, stands, sites, whole=False)
    return replace(chain, nets=tuple(_trimmed(net, chain.devices) for net in chain.nets))


def _of_instance(target: Target, ground: Ground) -> Chain:
    found = ground.instance(target.key)
    if found is None:
        _no_such(target)
    if found.vm is not None:
        return _cluster_chain(target, found.name, (found.vm.cluster,), [found])
    sites = (found.site,) if found.site else ()
    return _network_chain(target, found.name, ground, set(), [found], sites)


def _of_cluster(target: Target, ground: Ground) -> Chain:
    if target.key not in ground.clusters:
        _no_such(target)
    stands = [each for each in ground.stands if each.vm and each.vm.cluster == target.key]
    return _cluster_chain(target, target.key, (target.key,), stands)


def _of_url(target: Target, ground: Ground) -> Chain:
    stands = [
        each
        for each in ground.stands
        if target.key in each.urls or (each.vm and target.key in each.vm.urls)
    ]
    clusters = tuple(dict.fromkeys(each.vm.cluster for each in stands if each.vm))
    chain = _cluster_chain(target, target.key, clusters, stands)
    others = {url for url in chain.urls if url != target.key}
    return replace(
        chain,
        urls=(target.key,),
        stations=(
            Station("service", target.key),
            *(each for each in chain.stations if each.name not in {*others, target.key}),
        ),
    )


def _no_such(target: Target) -> NoReturn:
    raise NotFound(
        say(
            "There is no %(target)s any more. Look at network.yml, the inventory and the "
            "instances.",
            target=str(target),
        )
    )


# ---------------------------------------------------------------- clusters


def _cluster_chain(
    target: Target, title: str, clusters: tuple[str, ...], stands: Collection[Stands]
) -> Chain:
    vms = tuple(each.vm for each in stands if each.vm is not None)
    urls = tuple(dict.fromkeys(url for each in stands for url in _urls(each)))
    return Chain(
        target,
        title,
        stations=(
            *(Station("service", url) for url in urls),
            *(Station("vm", vm.key) for vm in vms),
            *(Station("cluster", name) for name in clusters),
        ),
        vms=vms,
        clusters=clusters,
        urls=urls,
        sites=tuple(dict.fromkeys(each.site for each in stands if each.site)),
        instances=tuple(each.instance for each in stands),
    )


def _urls(each: Stands) -> tuple[str, ...]:
    return (*each.urls, *(each.vm.urls if each.vm else ()))


# ---------------------------------------------------------------- the campus


def _network_chain(
    target: Target,
    title: str,
    ground: Ground,
    here: Collection[str],
    stands: Collection[Stands],
    sites: tuple[str, ...],
    *,
    whole: bool = True,
) -> Chain:
    """``whole``: all that the networks of ``stands`` run over is on it, else the way of ``here``
    alone."""
    nets = tuple(each.net for each in stands if each.net is not None)
    starts = set(here)
    for net in nets:
        starts |= devices_of(net) if whole else {net.router} - {""}
    probes = [
        name
        for name, host in sorted(ground.hosts.items())
        if PROBES in host.groups and (name in here or (whole and host.site in sites))
    ]
    starts = {name for name in starts if name not in probes and _is_device(name, ground)}
    cables = _ways(starts, ground)
    away = levels(starts, cables)
    ordered = sorted(away, key=lambda name: (-away[name], name))
    urls = tuple(dict.fromkeys(url for each in stands for url in _urls(each)))
    resolvers = tuple(dict.fromkeys(address for net in nets for address in net.resolvers))
    stations = (
        *(Station("probe", name) for name in probes),
        *(_device(name, cables, ground.hosts) for name in ordered),
        *(Station("resolver", address) for address in resolvers),
        *((Station("internet", INTERNET),) if _kinds(ordered, ground) & {"router"} else ()),
        *(Station("service", url) for url in urls),
    )
    return Chain(
        target,
        title,
        stations=stations,
        cables=tuple(sorted(cables, key=lambda cable: (-away[cable[0].device], *cable))),
        nets=nets,
        urls=urls,
        sites=sites,
        instances=tuple(each.instance for each in stands),
        management=ground.network.management_vlan,
    )


def _is_device(name: str, ground: Ground) -> bool:
    """Whether it may be a station: a device of the inventory, or one that has only a cable."""
    host = ground.hosts.get(name)
    return bool(name) and (host is None or bool(host.groups & _DEVICES))


def devices_of(net: Net) -> set[str]:
    """Every device that has a part of the network."""
    ports = {port.device for port in (*net.ports, *net.trunks)}
    return ({net.router, *net.access_points} | ports) - {""}


def _on_air_at(net: Net | None, access_points: Collection[str]) -> Net | None:
    """The network as it is meant to be at these access points; its trunks are those of all."""
    if net is None:
        return None
    kept = tuple(name for name in net.access_points if name in access_points)
    return replace(net, access_points=kept, ports=())


def _trimmed(net: Net, devices: Collection[str]) -> Net:
    """What there is of the network on these devices."""
    return replace(
        net,
        access_points=tuple(name for name in net.access_points if name in devices),
        ports=tuple(port for port in net.ports if port.device in devices),
        trunks=tuple(port for port in net.trunks if port.device in devices),
    )


def _ways(starts: Iterable[str], ground: Ground) -> set[Cable]:
    """The cables of all the shortest ways to a router, the end nearer to the user first; from a
    router that reaches the Internet through a device of ours, the way on from there too."""
    ups = _ups(ground)
    found: set[Cable] = set()
    seen: set[str] = set()
    border = set(starts)
    while border:
        seen |= border
        cables = {cable for device in border for cable in ups.get(device, ())}
        found |= cables
        border = {far.device for _, far in cables} - seen
    return found


def _ups(ground: Ground) -> Mapping[str, list[Cable]]:
    network, hosts = ground.network, ground.hosts
    outside = {Port(name, facts.outside) for name, facts in network.routers.items()
               if facts.outside}  # fmt: skip
    onward = [
        (one, other) if one in outside else (other, one)
        for one, other in network.cables()
        if (one in outside) != (other in outside)
    ]
    behind = {frozenset(cable) for cable in onward}
    inner = tuple(link for link in network.links if frozenset(map(Port.parse, link)) not in behind)
    nearer = uplinks(network.model_copy(update={"links": inner}), hosts)
    found: dict[str, list[Cable]] = defaultdict(list)
    for near, far in onward:
        if far.device in hosts:
            found[near.device].append((near, far))
    for one, other in Network.cables(network.model_copy(update={"links": inner})):
        for near, far in ((one, other), (other, one)):
            if near.port in nearer.get(near.device, ()):
                found[near.device].append((near, far))
    return found


def levels(starts: Iterable[str], cables: Collection[Cable]) -> dict[str, int]:
    """How many cables lie between each device and the end of its way."""
    ups: dict[str, set[str]] = {name: set() for name in starts}
    for near, far in cables:
        ups.setdefault(near.device, set()).add(far.device)
        ups.setdefault(far.device, set())
    found = {name: 0 for name, above in ups.items() if not above}
    while rest := {name: above for name, above in ups.items() if name not in found}:
        fresh = {
            name: 1 + max(found[up] for up in above)
            for name, above in rest.items()
            if above <= found.keys()
        }
        found |= fresh or dict.fromkeys(rest, 0)  # a ring of routers has no end
    return found


def _device(name: str, cables: Collection[Cable], hosts: Mapping[str, Host]) -> Station:
    down = tuple(sorted({far.port for _, far in cables if far.device == name}))
    up = tuple(sorted({near.port for near, _ in cables if near.device == name}))
    return Station(kind_of(hosts.get(name)), name, down, up)


def kind_of(host: Host | None) -> StationKind:
    """What a device is on the way; one that is not in the inventory is taken for a switch."""
    if host is None:
        return "switch"
    kinds: Mapping[str, StationKind] = {
        ROUTERS: "router", SWITCHES: "switch", ACCESS_POINTS: "access_point", PROBES: "probe",
    }  # fmt: skip
    return next((kind for group, kind in kinds.items() if group in host.groups), "switch")


def _kinds(names: Iterable[str], ground: Ground) -> set[StationKind]:
    return {kind_of(ground.hosts.get(name)) for name in names}
