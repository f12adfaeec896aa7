"""The way from a user to what he wants to reach, station by station; values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from provisioner.catalogue.network_fields import Port
from provisioner.checks.model import Place, Target

StationKind = Literal[
    "probe", "access_point", "switch", "router", "resolver", "internet", "cluster", "vm", "service"
]


@dataclass(frozen=True)
class Station:
    """One station. Of a device: its ports on the way, towards the user and towards the core."""

    kind: StationKind
    name: str
    """Of the device, cluster; of a VM ``cluster/vmid``; of a service its URL."""
    down: tuple[str, ...] = ()
    up: tuple[str, ...] = ()


@dataclass(frozen=True)
class Net:
    """A network of users on the chain, as it is meant to be."""

    vlan: int
    router: str
    """The device that is its gateway; '' where that is not one of ours."""
    cidr: str = ""
    gateway: str = ""
    """Its address, without prefix length."""
    ssids: tuple[str, ...] = ()
    access_points: tuple[str, ...] = ()
    """Those that announce the SSIDs."""
    ports: tuple[Port, ...] = ()
    """Access ports of its users."""
    trunks: tuple[Port, ...] = ()
    """Every port that has to carry it with a tag."""
    number: str = ""
    """The request that it stands for; '' for one that was prepared."""
    resolvers: tuple[str, ...] = ()
    """Whom its clients are told to ask for names; empty: the router."""
    served: bool = True
    """Whether the router has to lease addresses in it."""


@dataclass(frozen=True)
class VmPoint:
    """A VM of ours, as our record has it."""

    instance: str
    name: str
    cluster: str
    vmid: int
    node: str
    addresses: tuple[str, ...] = ()
    ssh_port: int = 22
    running: bool = True
    """Whether it is meant to run (not suspended)."""
    backed_up: bool = False
    """Whether it has to be backed up by a job or on demand."""
    urls: tuple[str, ...] = ()
    """Public addresses of its web services."""
    since: datetime | None = None
    """Since when it has had to be backed up; older backups are not of this VM."""

    @property
    def key(self) -> str:
        """As places and readings name it: ``cluster/vmid``."""
        return f"{self.cluster}/{self.vmid}"


@dataclass(frozen=True)
class Chain:
    """All that lies between the users of a target and what they want to reach.

    ``stations``: each device once, the user's end first, the router, then what lies behind it.
    """

    target: Target
    title: str
    stations: tuple[Station, ...] = ()
    cables: tuple[tuple[Port, Port], ...] = ()
    """Between stations; the end nearer to the user first."""
    nets: tuple[Net, ...] = ()
    vms: tuple[VmPoint, ...] = ()
    clusters: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    """Ids of what stands here, network instances and VMs."""
    management: int | None = None
    """The VLAN by which the devices are reached, where network.yml names it."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Every network device on it, the user's end first."""
        kinds = ("access_point", "switch", "router")
        return tuple(each.name for each in self.stations if each.kind in kinds)

    def station(self, name: str) -> Station | None:
        return next((each for each in self.stations if each.name == name), None)

    def other_end(self, device: str, port: str) -> Port | None:
        """Where the cable in that port leads, on the chain."""
        here = Port(device, port)
        for one, other in self.cables:
            if here in (one, other):
                return other if here == one else one
        return None

    def below(self, device: str) -> frozenset[str]:
        """Devices that reach the core only through that one, itself included."""
        ups: dict[str, set[str]] = {}
        for near, far in self.cables:
            ups.setdefault(near.device, set()).add(far.device)
        found, grew = {device}, True
        while grew:
            more = {n for n, above in ups.items() if n not in found and above <= found}
            found |= more
            grew = bool(more)
        return frozenset(found)

    def beyond(self, place: Place) -> frozenset[str]:
        """Devices that reach the core only through that place; those of a cable's outer end for a
        port that leads to the user, the device itself for one that leads to the core."""
        if place.kind != "port":
            return self.below(place.name)
        for near, far in self.cables:
            if (far.device, far.port) == (place.name, place.part) or (near.device, near.port) == (
                place.name,
                place.part,
            ):
                others = [c for c in self.cables if c != (near, far) and c[0].device == near.device]
                return frozenset() if others else self.below(near.device)
        return frozenset()
