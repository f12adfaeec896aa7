"""network.yml: the networks where servers live, and the campus: sites, places and cables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from provisioner.catalogue.fields import DataModel
from provisioner.catalogue.network_fields import AddressRoom, Cidr, Key, PortText, VlanId
from provisioner.catalogue.network_fields import Port as Port
from provisioner.catalogue.racks import ColocationNetwork, Rack
from provisioner.catalogue.segments import RouterFacts, Segment


class ServerNetwork(AddressRoom):
    """A network where VMs live."""

    cluster: str = Field(description="a cluster of provisioner.toml")
    bridge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,14}$")] = Field(
        description="bridge of the nodes, such as vmbr0"
    )
    vlan: VlanId | None = Field(None, description="VLAN tag on the bridge; untagged if left out")
    search_domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,253}$")] | None = Field(
        None, description="DNS search domain for the VMs"
    )
    ssh_port: int = Field(
        22, strict=True, ge=1, le=65535, description="port where the VMs' SSH answers"
    )


class EventNetwork(DataModel):
    """A network prepared for events: its VLAN, scope and gateway exist."""

    title: str | None = Field(None, description="name shown to people; the key if left out")
    vlan: VlanId = Field(description="VLAN of the event network")
    cidr: Cidr = Field(description="the network, such as 10.31.1.0/24")


class Site(DataModel):
    """A building or ground of the campus."""

    title: str = Field(min_length=1, description="name shown to people")
    address: str | None = Field(None, description="street address, for the team that drives there")
    ports: tuple[PortText, ...] = Field(
        (), description="switch ports that may be given to whoever is connected here, device:port"
    )
    access_points: tuple[Key, ...] = Field(
        (), description="access points of permanent WiFi here: hosts of the Ansible inventory"
    )
    segment: Key | None = Field(
        None, description="segment of this file that its VLANs and networks are taken from"
    )
    team: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, description="who does field work here; the team of the catalogue if left out"
    )

    def free_ports(self) -> Iterator[Port]:
        """The ports that may be given away, in the order of the file."""
        return map(Port.parse, self.ports)


class Place(DataModel):
    """A room or hall where events are held."""

    site: str = Field(description="a site of this file")
    title: str = Field(min_length=1, description="name shown to people")
    access_points: tuple[Key, ...] = Field(
        (), description="access points that serve it: hosts of the Ansible inventory"
    )


Link = Annotated[
    tuple[PortText, PortText], Field(description="a cable: device:port to device:port")
]


class Network(DataModel):
    """network.yml as a whole."""

    networks: Mapping[Key, ServerNetwork] = Field(
        default_factory=dict, description="where VMs live"
    )
    event_networks: Mapping[Key, EventNetwork] = Field(
        default_factory=dict, description="prepared for events"
    )
    sites: Mapping[Key, Site] = Field(default_factory=dict, description="buildings and grounds")
    places: Mapping[Key, Place] = Field(default_factory=dict, description="rooms and halls")
    racks: Mapping[Key, Rack] = Field(
        default_factory=dict, description="racks of the data centre, for servers of departments"
    )
    colocation_networks: Mapping[Key, ColocationNetwork] = Field(
        default_factory=dict, description="where servers of departments live"
    )
    segments: Mapping[Key, Segment] = Field(
        default_factory=dict, description="VLANs and networks for sites and events"
    )
    routers: Mapping[Key, RouterFacts] = Field(
        default_factory=dict, description="what is known of routers of the Ansible inventory"
    )
    management_vlan: VlanId | None = Field(
        None, description="VLAN by which devices are managed: never given away, never removed"
    )
    links: tuple[Link, ...] = Field((), description="cables, device:port to device:port")

    def cables(self) -> Iterator[tuple[Port, Port]]:
        """The links, each end as device and port."""
        for one, other in self.links:
            yield Port.parse(one), Port.parse(other)
