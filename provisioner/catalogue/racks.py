"""The racks of the data centre and the networks of the servers in them, as network.yml says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from provisioner.catalogue.fields import DataModel, FieldFault
from provisioner.catalogue.network_fields import AddressRoom, Key, Port, PortText, VlanId
from provisioner.texts import Message, say

VOLTS = 220
"""Of the mains in Indonesia."""
_UNITS = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


def _unit_range(value: object) -> object:
    if isinstance(value, tuple):
        return value
    match = _UNITS.fullmatch(str(value)) if isinstance(value, int | str) else None
    if match is None or isinstance(value, bool):
        raise FieldFault(say("must be a unit such as 7, or units such as 7-9 in quotes"))
    first, last = int(match[1]), int(match[2] or match[1])
    if first < 1 or last < first:
        raise FieldFault(say("units count from 1 at the bottom, and a range ends above its begin"))
    return first, last


UnitRange = Annotated[
    tuple[int, int],
    BeforeValidator(_unit_range, json_schema_input_type=int | str),
]


class Occupied(DataModel):
    """Units where something stands that is not in our books."""

    units: UnitRange = Field(description="a unit such as 7, or units such as 7-9; 1 is the bottom")
    what: str | None = Field(None, description="what stands there, for people")

    def each(self) -> range:
        """Every unit of it."""
        return range(self.units[0], self.units[1] + 1)


def _occupied(value: object) -> object:
    return value if isinstance(value, Mapping | Occupied) else {"units": value}


class Feed(DataModel):
    """One power feed of a rack, with what may be drawn from it."""

    watts: int | None = Field(None, strict=True, ge=1, le=100_000, description="limit in watts")
    amps: int | None = Field(
        None, strict=True, ge=1, le=400, description="or its limit in amperes, at `volts`"
    )
    volts: int = Field(VOLTS, strict=True, ge=100, le=400, description="mains voltage, for amps")
    used_watts: int = Field(
        0, strict=True, ge=0, le=100_000, description="drawn already by what is not in our books"
    )

    @model_validator(mode="after")
    def _one_limit(self) -> Feed:
        if (self.watts is None) == (self.amps is None):
            raise FieldFault(say("give either watts or amps, one of the two"))
        return self

    @property
    def budget(self) -> int:
        """Watts that requests may share among them; never negative."""
        return max((self.watts or (self.amps or 0) * self.volts) - self.used_watts, 0)


class Rack(DataModel):
    """One rack: its height, what stands in it, its power and the switch ports next to it."""

    site: str = Field(description="a site of this file")
    title: str = Field(min_length=1, description="name shown to people")
    units: int = Field(42, strict=True, ge=1, le=99, description="height in rack units")
    heavy_units: int = Field(
        0, strict=True, ge=0, le=99, description="lowest units that are kept for heavy servers"
    )
    feeds: Mapping[Key, Feed] = Field(min_length=1, description="power feeds")
    occupied: tuple[Annotated[Occupied, BeforeValidator(_occupied)], ...] = Field(
        (), description="units that are taken by what is not in our books"
    )
    switch_ports: tuple[PortText, ...] = Field(
        min_length=1, description="ports that servers of this rack may use, device:port"
    )

    @model_validator(mode="after")
    def _units_fit(self) -> Rack:
        seen: set[int] = set()
        for occupied in self.occupied:
            if occupied.units[1] > self.units:
                raise FieldFault(
                    say("occupied: the rack has only %(units)s units", units=self.units)
                )
            if twice := seen.intersection(occupied.each()):
                raise FieldFault(say("occupied: unit %(unit)s is named twice", unit=min(twice)))
            seen.update(occupied.each())
        return self

    def free(self) -> frozenset[int]:
        """Units that requests may share among them; 1 is the bottom."""
        taken = {unit for occupied in self.occupied for unit in occupied.each()}
        return frozenset(range(1, self.units + 1)) - taken

    def ports(self) -> Iterator[Port]:
        """The switch ports, in the order of the file."""
        return map(Port.parse, self.switch_ports)


class ColocationNetwork(AddressRoom):
    """A network for the departments' own servers: its VLAN, gateway and router port exist."""

    vlan: VlanId = Field(description="VLAN that the server's port is put into")


def rack_faults(
    racks: Mapping[str, Rack],
    networks: Mapping[str, ColocationNetwork],
    sites: Mapping[str, Any],
    cabled: frozenset[Port],
) -> Iterator[tuple[str, Message]]:
    """What does not fit together, each at its key; ``cabled`` are the ends of the links."""
    owners: dict[Port, str] = {}
    for name, rack in racks.items():
        if rack.site not in sites:
            offered = ", ".join(sorted(sites)) or "-"
            yield (
                f"racks.{name}.site",
                say("is not a site of this file; sites are: %(sites)s", sites=offered),
            )
        for index, port in enumerate(rack.ports()):
            key, where = f"racks.{name}.switch_ports.{index}", {"port": ":".join(port)}
            if port in owners:
                yield key, say("%(port)s is named for rack %(rack)s already", rack=owners[port],
                               **where)  # fmt: skip
            if port in cabled:
                yield key, say("%(port)s already has a cable under links; take it out there or "
                               "here", **where)  # fmt: skip
            owners.setdefault(port, name)
    vlans: dict[int, str] = {}
    for name, network in networks.items():
        if network.vlan in vlans:
            yield (
                f"colocation_networks.{name}.vlan",
                say("is the VLAN of %(name)s too; give each its own", name=vlans[network.vlan]),
            )
        vlans.setdefault(network.vlan, name)
