"""Where VLAN ids and address scopes for sites and events are taken from, as network.yml says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, NamedTuple

from pydantic import (
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from provisioner.catalogue.fields import DataModel, FieldFault
from provisioner.catalogue.network_fields import Address, Cidr
from provisioner.texts import say

PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""RFC 1918: everything of the office and of other departments lies in there."""
_VLANS = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", re.ASCII)
_HIGHEST = 4094


class VlanRange(NamedTuple):
    """VLAN ids from ``first`` to ``last``, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def each(self) -> range:
        """Every id of it."""
        return range(self.first, self.last + 1)


def _vlans(value: object) -> VlanRange:
    if isinstance(value, VlanRange):
        return value
    known = isinstance(value, int | str) and not isinstance(value, bool)
    match = _VLANS.fullmatch(str(value)) if known else None
    if match is None:
        raise FieldFault(say("must be a VLAN such as 400, or VLANs such as 400-449"))
    found = VlanRange(int(match[1]), int(match[2] or match[1]))
    if not 1 <= found.first <= found.last <= _HIGHEST:
        raise FieldFault(say("VLANs count from 1 to 4094, and a range ends above its begin"))
    return found


def _reserved(value: object) -> VlanRange | IPv4Network:
    if isinstance(value, IPv4Network):
        return value
    if isinstance(value, str) and "." in value:
        try:
            return IPv4Network(value)
        except ValueError:
            raise FieldFault(
                say("must be a VLAN such as 400, or a network such as 10.40.0.0/24")
            ) from None
    return _vlans(value)


_WRITTEN = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
VlanRangeField = Annotated[
    VlanRange,
    PlainValidator(_vlans),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({**_WRITTEN, "description": "a VLAN, or a range first-last"}),
]
ReservedField = Annotated[
    VlanRange | IPv4Network,
    PlainValidator(_reserved),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({**_WRITTEN, "description": "a VLAN, a range of them, or a network"}),
]


class Segment(DataModel):
    """A stock of VLAN ids and of networks of one size, for sites and events."""

    title: str | None = Field(None, description="name shown to people; the key if left out")
    vlans: tuple[VlanRangeField, ...] = Field(
        min_length=1, description="VLANs that may be given away: single ones or ranges"
    )
    cidr: Cidr = Field(description="the whole that networks are cut from, such as 10.40.0.0/16")
    prefix: int = Field(
        24, strict=True, ge=16, le=30, description="length of the prefix of each network"
    )
    dns: tuple[Address, ...] = Field(
        (), max_length=3, description="name servers of its clients; the router itself if left out"
    )
    lease_hours: int = Field(
        8, strict=True, ge=1, le=720, description="hours that a client keeps an address"
    )
    nat: bool = Field(
        True, strict=True, description="whether the router translates towards the Internet"
    )
    walls: tuple[Cidr, ...] = Field(
        PRIVATE,
        description="networks that its clients may never reach; all private ones if left out",
    )
    quarantine_hours: int = Field(
        24,
        strict=True,
        ge=0,
        le=8760,
        description="hours that a freed VLAN or network rests before it is given again",
    )
    reserved: tuple[ReservedField, ...] = Field(
        (), description="VLANs and networks of it that are never given away"
    )
    rate_limit_mbps: int | None = Field(
        None, strict=True, ge=1, le=100_000, description="Mbit/s of each network, unless asked for"
    )

    @model_validator(mode="after")
    def _fits(self) -> Segment:
        if self.prefix < self.cidr.prefixlen:
            raise FieldFault(say("prefix: is shorter than that of cidr; one network would not fit"))
        seen: set[int] = set()
        for span in self.vlans:
            if twice := seen.intersection(span.each()):
                raise FieldFault(say("vlans: VLAN %(vlan)s is named twice", vlan=min(twice)))
            seen.update(span.each())
        for kept in self.reserved:
            inside = (
                kept.subnet_of(self.cidr)
                if isinstance(kept, IPv4Network)
                else seen.issuperset(kept.each())
            )
            if not inside:
                raise FieldFault(
                    say("reserved: %(what)s is not of this segment", what=str(kept))
                )  # fmt: skip
        return self

    def vlan_ids(self) -> list[int]:
        """Every VLAN that may be given away, the lowest first."""
        kept = {i for span in self.reserved if isinstance(span, VlanRange) for i in span.each()}
        return sorted({i for span in self.vlans for i in span.each()} - kept)

    def scopes(self) -> Iterator[IPv4Network]:
        """Every network that may be given away, the lowest first."""
        kept = self.kept()
        for network in self.cidr.subnets(new_prefix=self.prefix):
            if not any(network.overlaps(other) for other in kept):
                yield network

    def kept(self) -> tuple[IPv4Network, ...]:
        """The networks of it that are never given away."""
        return tuple(kept for kept in self.reserved if isinstance(kept, IPv4Network))


class RouterFacts(DataModel):
    """What is known of a router of the Ansible inventory."""

    outside: Annotated[str, StringConstraints(pattern=r"^[^\s:].*$")] | None = Field(
        None, description="its port towards the Internet; by whichever it routes if left out"
    )


def gateway_of(scope: IPv4Network) -> IPv4Address:
    """The router's own address in a network that was given away: its first host."""
    return scope.network_address + 1
