"""What the parts of network.yml have in common: keys, VLANs, addresses, ports of devices."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, NamedTuple, Self

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


class Port(NamedTuple):
    """One end of a cable, or a port where one may be plugged in."""

    device: str
    port: str

    @classmethod
    def parse(cls, text: str) -> Port:
        """From ``device:port``."""
        device, _, port = text.partition(":")
        return cls(device, port)


PortText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}:[^\s:].*$")]


class AddressRoom(DataModel):
    """A network of which addresses are given away."""

    title: str | None = Field(None, description="name shown to people; the key if left out")
    cidr: Cidr = Field(description="the network, such as 10.10.10.0/24")
    gateway: Address = Field(description="router of the network, inside cidr")
    dns: tuple[Address, ...] = Field((), max_length=3, description="name servers of its servers")
    assignable: tuple[AddressRangeField, ...] = Field(
        min_length=1, description="addresses that may be given away: ranges first-last"
    )
    reserved: tuple[AddressRangeField, ...] = Field(
        (), description="parts of assignable that are never given out: addresses or ranges"
    )
    quarantine_hours: int = Field(
        24,
        strict=True,
        ge=0,
        le=8760,
        description="hours that a freed address rests before it is given again",
    )

    @model_validator(mode="after")
    def _addresses_fit(self) -> Self:
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
        for span in self.reserved:
            if not any(span.first in whole and span.last in whole for whole in self.assignable):
                raise FieldFault(
                    say("reserved: %(span)s is not inside one range of assignable", span=str(span))
                )
        return self

    def addresses(self) -> Iterator[IPv4Address]:
        """Every address that may be given away, in the order of the file."""
        for span in self.assignable:
            yield from (address for address in span if not self._is_reserved(address))

    def assigns(self, address: IPv4Address) -> bool:
        """Whether the address is one that may be given away."""
        inside = any(address in span for span in self.assignable)
        return inside and not self._is_reserved(address)

    def _is_reserved(self, address: IPv4Address) -> bool:
        return any(address in span for span in self.reserved)

    def _usable(self, address: IPv4Address) -> bool:
        whole = AddressRange(self.cidr.network_address, self.cidr.broadcast_address)
        ends = () if self.cidr.prefixlen > 30 else (whole.first, whole.last)
        return address in whole and address not in ends
