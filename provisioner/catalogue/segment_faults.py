"""What does not fit together around segments, sites and the management VLAN of network.yml."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from provisioner.catalogue.network import Network, Port
from provisioner.texts import Message, say

Fault = tuple[str, Message]


def segment_faults(network: Network) -> Iterator[Fault]:
    """Every fault with the key of network.yml that it is found at."""
    yield from _vlan_faults(network)
    yield from _management_faults(network)
    yield from _address_faults(network)
    yield from _site_faults(network)
    yield from _port_faults(network)


def _fixed_vlans(network: Network) -> Iterator[tuple[int, str]]:
    """VLANs that stand elsewhere in the file, with the key there."""
    for name, server in network.networks.items():
        if server.vlan is not None:
            yield server.vlan, f"networks.{name}"
    for name, event in network.event_networks.items():
        yield event.vlan, f"event_networks.{name}"
    for name, colocation in network.colocation_networks.items():
        yield colocation.vlan, f"colocation_networks.{name}"
    if network.management_vlan is not None:
        yield network.management_vlan, "management_vlan"


def _vlan_faults(network: Network) -> Iterator[Fault]:
    fixed = dict(_fixed_vlans(network))
    for name, segment in network.segments.items():
        for vlan in sorted(fixed.keys() & set(segment.vlan_ids())):
            yield (
                f"segments.{name}.vlans",
                say(
                    "VLAN %(vlan)s belongs to %(key)s; take it out here, or enter it under "
                    "reserved",
                    vlan=vlan,
                    key=fixed[vlan],
                ),
            )
    for (one, a), (other, b) in combinations(network.segments.items(), 2):
        if both := set(a.vlan_ids()) & set(b.vlan_ids()):
            yield (
                f"segments.{other}.vlans",
                say(
                    "VLAN %(vlan)s is of segment %(name)s too; give each its own",
                    vlan=min(both),
                    name=one,
                ),
            )


def _management_faults(network: Network) -> Iterator[Fault]:
    for vlan, key in _fixed_vlans(network):
        if vlan == network.management_vlan and key.startswith(("event_", "colocation_")):
            yield (
                "management_vlan",
                say("VLAN %(vlan)s is given away by %(key)s; devices are managed by one of their "
                    "own", vlan=vlan, key=key),
            )  # fmt: skip


def _address_faults(network: Network) -> Iterator[Fault]:
    fixed: dict[str, IPv4Network] = {
        f"{group}.{name}": one.cidr
        for group, networks in (
            ("networks", network.networks),
            ("event_networks", network.event_networks),
            ("colocation_networks", network.colocation_networks),
        )
        for name, one in networks.items()
    }
    for name, segment in network.segments.items():
        for key, cidr in fixed.items():
            if segment.cidr.overlaps(cidr) and not _covered(cidr, segment.kept()):
                yield (
                    f"segments.{name}.cidr",
                    say(
                        "shares addresses with %(key)s (%(cidr)s); take another one, or enter "
                        "%(cidr)s under reserved",
                        key=key,
                        cidr=str(cidr),
                    ),
                )
    for (one, a), (other, b) in combinations(network.segments.items(), 2):
        if a.cidr.overlaps(b.cidr):
            yield (
                f"segments.{other}.cidr",
                say("shares addresses with segment %(name)s; give each its own", name=one),
            )


def _covered(cidr: IPv4Network, kept: tuple[IPv4Network, ...]) -> bool:
    return any(cidr.subnet_of(one) for one in kept)


def _site_faults(network: Network) -> Iterator[Fault]:
    segments = ", ".join(sorted(network.segments)) or "-"
    for name, site in network.sites.items():
        if site.segment is not None and site.segment not in network.segments:
            yield (
                f"sites.{name}.segment",
                say("is not a segment of this file; segments are: %(segments)s", segments=segments),
            )
        if site.ports and site.segment is None:
            yield (
                f"sites.{name}.ports",
                say("need the segment that their VLANs come from; add segment to this site, one "
                    "of: %(segments)s", segments=segments),
            )  # fmt: skip


def _port_faults(network: Network) -> Iterator[Fault]:
    cabled = {end for ends in network.cables() for end in ends}
    owners: dict[Port, str] = {
        port: f"racks.{name}" for name, rack in network.racks.items() for port in rack.ports()
    }
    for name, site in network.sites.items():
        for index, port in enumerate(site.free_ports()):
            key, text = f"sites.{name}.ports.{index}", ":".join(port)
            if port in owners:
                yield key, say("%(port)s is named under %(key)s already", port=text,
                               key=owners[port])  # fmt: skip
            if port in cabled:
                yield key, say("%(port)s already has a cable under links; take it out there or "
                               "here", port=text)  # fmt: skip
            owners.setdefault(port, f"sites.{name}")
