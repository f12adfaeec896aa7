"""The cables that surveys tell of, each once, whoever told it; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import Host, Neighbor, Survey
from provisioner.topology.names import Names, port, port_key

_STRENGTH = {"lldp": 0, "cdp": 1, "mndp": 2}
"""LLDP stops at the next device; switches of other makers pass the others on."""


@dataclass(frozen=True)
class Cable:
    """Two ends; a port that nobody named is ''. ``told`` is by which protocol, or ``mac``."""

    one: Port
    other: Port
    told: str

    @property
    def ends(self) -> tuple[Port, Port]:
        return self.one, self.other

    def joins(self, one: Port, other: Port) -> bool:
        """Whether it may be the cable between these two ends."""
        return (meets(self.one, one) and meets(self.other, other)) or (
            meets(self.one, other) and meets(self.other, one)
        )


@dataclass(frozen=True)
class Stranger:
    """A neighbour that is no device of the inventory."""

    near: Port
    device: str
    port: str
    address: str
    platform: str


@dataclass(frozen=True)
class Ambiguous:
    """A port that hears several devices, so that something without a voice lies between."""

    near: Port
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What all surveys together say."""

    cables: tuple[Cable, ...]
    hints: tuple[Cable, ...]
    """By learned addresses alone: the only device of ours behind a port where nobody speaks."""
    strangers: tuple[Stranger, ...]
    ambiguous: tuple[Ambiguous, ...]
    speaking: frozenset[str]
    """Devices that told of a neighbour or were told of: a cable of theirs would be heard."""


def meets(seen: Port, other: Port) -> bool:
    """The same end, as far as it was told."""
    unknown = not seen.port or not other.port
    return seen.device == other.device and (unknown or port_key(seen.port) == port_key(other.port))


def seen_cables(surveys: Mapping[str, Survey], hosts: Mapping[str, Host]) -> Seen:
    """Put the surveys (by host) together."""
    aliases = {survey.hostname: name for name, survey in surveys.items()}
    addresses = {host.address: name for name, host in hosts.items()}
    shared = [a for a in addresses if sum(h.address == a for h in hosts.values()) > 1]
    for address in shared:  # a lab, or ports forwarded by one machine
        del addresses[address]
    names = Names(hosts, aliases, addresses)
    told: list[Cable] = []
    strangers: list[Stranger] = []
    ambiguous: list[Ambiguous] = []
    for name in sorted(surveys):
        for near, heard in _by_port(name, surveys[name]).items():
            found = {_called(one, names): one for one in heard}
            if len(found) > 1:
                ambiguous.append(Ambiguous(near, tuple(sorted(found))))
                continue
            for one in found.values():
                device = names.device(one.device, one.address)
                if device is None:
                    strangers.append(_stranger(near, one))
                elif device != name:
                    far = Port(device, _full(surveys.get(device), one.remote_port))
                    told.append(Cable(near, far, one.protocol))
    cables = _merged(told)
    speaking = {end.device for cable in cables for end in cable.ends}
    speaking |= {name for name, survey in surveys.items() if survey.neighbors}
    return Seen(
        cables,
        tuple(_hints(surveys, hosts, cables, ambiguous)),
        tuple(strangers),
        tuple(ambiguous),
        frozenset(speaking),
    )


def _by_port(name: str, survey: Survey) -> dict[Port, list[Neighbor]]:
    """What each port hears, by the protocol that counts most there."""
    found: dict[Port, list[Neighbor]] = defaultdict(list)
    for one in survey.neighbors:
        if near := _full(survey, one.port):
            found[Port(name, near)].append(one)
    best = {near: min(_STRENGTH[one.protocol] for one in heard) for near, heard in found.items()}
    return {
        near: [one for one in heard if _STRENGTH[one.protocol] == best[near]]
        for near, heard in sorted(found.items())
    }


def _full(survey: Survey | None, told: str) -> str:
    """The port's name as its own device writes it."""
    key = port_key(told)
    own = survey.ports if survey else ()
    return next((name for name in own if port_key(name) == key), port(told)) if key else ""


def _called(one: Neighbor, names: Names) -> str:
    return names.device(one.device, one.address) or one.device or one.address or one.remote_port


def _stranger(near: Port, one: Neighbor) -> Stranger:
    name = one.device or one.address or one.remote_port
    return Stranger(near, name, port(one.remote_port), one.address, one.platform)


def _merged(told: list[Cable]) -> tuple[Cable, ...]:
    """Each cable once, with the ports that either end named."""
    found: list[Cable] = []
    for cable in sorted(told, key=lambda c: not (c.one.port and c.other.port)):
        index = next((i for i, one in enumerate(found) if one.joins(*cable.ends)), None)
        if index is None:
            found.append(cable)
            continue
        there = found[index]
        mine = cable if meets(there.one, cable.one) else Cable(cable.other, cable.one, cable.told)
        found[index] = Cable(
            Port(there.one.device, there.one.port or mine.one.port),
            Port(there.other.device, there.other.port or mine.other.port),
            min(there.told, mine.told, key=lambda protocol: _STRENGTH[protocol]),
        )
    return tuple(found)


def _hints(
    surveys: Mapping[str, Survey],
    hosts: Mapping[str, Host],
    cables: tuple[Cable, ...],
    ambiguous: list[Ambiguous],
) -> Iterator[Cable]:
    """A silent port behind which exactly one device of ours has been heard by its address."""
    whose = dict(_macs(surveys, hosts))
    voiced = {(end.device, port_key(end.port)) for cable in cables for end in cable.ends}
    voiced |= {(one.near.device, port_key(one.near.port)) for one in ambiguous}
    for name in sorted(surveys):
        behind: dict[str, set[str]] = defaultdict(set)
        for learned in surveys[name].learned:
            device = whose.get(learned.mac.lower())
            if device is not None and device != name:
                behind[learned.port].add(device)
        for near, devices in sorted(behind.items()):
            if len(devices) == 1 and (name, port_key(near)) not in voiced:
                yield Cable(Port(name, _full(surveys[name], near)), Port(devices.pop(), ""), "mac")


def _macs(surveys: Mapping[str, Survey], hosts: Mapping[str, Host]) -> Iterator[tuple[str, str]]:
    """Ethernet address to device, by the ARP tables of all."""
    by_address = {host.address: name for name, host in hosts.items()}
    for survey in surveys.values():
        for address, mac in survey.arp.items():
            if address in by_address:
                yield mac.lower(), by_address[address]
