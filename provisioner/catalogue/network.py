"""network.yml: the networks where servers live, and the campus: sites, places and cables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from provisioner.catalogue.fields import (
    KEY,
    AddressRange,
    AddressRangeField,
    DataModel,
    FieldFault,
)
from provisioner.texts import say

Key = Annotated[str, StringConstraints(pattern=KEY)]
VlanId = Annotated[int, Field(ge=1, le=4094, strict=True)]


def _cidr(value: object) -> object:
    if isinstance(value, IPv4Network):
        return value
    try:
        if isinstance(value, str) and "/" in value:
            return IPv4Network(value)
    except ValueError:
        pass
    raise FieldFault(
        say("must be a network such as 10.10.10.0/24, its address being the first of the network")
    )


def _address(value: object) -> object:
    if isinstance(value, IPv4Address):
        return value
    try:
        if isinstance(value, str):
            return IPv4Address(value)
    except ValueError:
        pass
    raise FieldFault(say("must be an IPv4 address such as 10.10.10.1"))


Cidr = Annotated[IPv4Network, BeforeValidator(_cidr)]
Address = Annotated[IPv4Address, BeforeValidator(_address)]


class ServerNetwork(DataModel):
    """A network where VMs live."""

    title: str | None = Field(None, description="name shown to people; the key if left out")
    cluster: str = Field(description="a cluster of provisioner.toml")
    bridge: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,14}$")] = Field(
        description="bridge of the nodes, such as vmbr0"
    )
    vlan: VlanId | None = Field(None, description="VLAN tag on the bridge; untagged if left out")
    cidr: Cidr = Field(description="the network, such as 10.10.10.0/24")
    gateway: Address = Field(description="router of the network, inside cidr")
    dns: tuple[Address, ...] = Field((), max_length=3, description="name servers for the VMs")
    search_domain: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,253}$")] | None = Field(
        None, description="DNS search domain for the VMs"
    )
    assignable: tuple[AddressRangeField, ...] = Field(
        min_length=1, description="addresses that may be given to VMs: ranges first-last"
    )
    quarantine_hours: int = Field(
        24,
        strict=True,
        ge=0,
        le=8760,
        description="hours that a freed address rests before it is given again",
    )
    ssh_port: int = Field(
        22, strict=True, ge=1, le=65535, description="port where the VMs' SSH answers"
    )

    @model_validator(mode="after")
    def _addresses_fit(self) -> ServerNetwork:
        if not self._usable(self.gateway):
            raise FieldFault(say("gateway: must be a host address inside cidr"))
        for index, span in enumerate(self.assignable):
            if not (self._usable(span.first) and self._usable(span.last)):
                raise FieldFault(say("assignable: %(span)s is not inside cidr", span=str(span)))
            for taken in (self.gateway, *self.dns):
                if taken in span:
                    raise FieldFault(
                        say(
                            "assignable: %(span)s contains %(taken)s, which is the gateway or a "
                            "name server",
                            span=str(span),
                            taken=str(taken),
                        )
                    )
            if any(span.overlaps(earlier) for earlier in self.assignable[:index]):
                raise FieldFault(say("assignable: %(span)s is named twice", span=str(span)))
        return self

    def addresses(self) -> Iterator[IPv4Address]:
        """Every assignable address, in the order of the file."""
        for span in self.assignable:
            yield from span

    def assigns(self, address: IPv4Address) -> bool:
        """Whether the address is one that may be given to a VM."""
        return any(address in span for span in self.assignable)

    def _usable(self, address: IPv4Address) -> bool:
        whole = AddressRange(self.cidr.network_address, self.cidr.broadcast_address)
        ends = () if self.cidr.prefixlen > 30 else (whole.first, whole.last)
        return address in whole and address not in ends


class EventNetwork(DataModel):
    """A network prepared for events: its VLAN, scope and gateway exist."""

    title: str | None = Field(None, description="name shown to people; the key if left out")
    vlan: VlanId = Field(description="VLAN of the event network")
    cidr: Cidr = Field(description="the network, such as 10.31.1.0/24")


class Site(DataModel):
    """A building or ground of the campus."""

    title: str = Field(min_length=1, description="name shown to people")
    address: str | None = Field(None, description="street address, for the team that drives there")


class Place(DataModel):
    """A room or hall where events are held."""

    site: str = Field(description="a site of this file")
    title: str = Field(min_length=1, description="name shown to people")
    access_points: tuple[Key, ...] = Field(
        (), description="access points that serve it: hosts of the Ansible inventory"
    )


class Port(NamedTuple):
    """One end of a cable."""

    device: str
    port: str


PortText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}:[^\s:].*$")]
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
    links: tuple[Link, ...] = Field((), description="cables, device:port to device:port")

    def cables(self) -> Iterator[tuple[Port, Port]]:
        """The links, each end as device and port."""
        for one, other in self.links:
            yield _port(one), _port(other)


def _port(text: str) -> Port:
    device, _, port = text.partition(":")
    return Port(device, port)
