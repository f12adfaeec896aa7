"""Addresses that a RouterOS device gives away, has seen, or that a stranger gives away."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.forwarding import bridge_port, enabled, running
from provisioner.lab.devices.routeros.near import heard, mac, rows
from provisioner.lab.devices.routeros.store import Item

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import Client, RouterOsDevice


PROVIDER = "203.0.113.1"
"""The provider's router, which resolves names as well."""


def gateway(device: RouterOsDevice) -> tuple[str, str]:
    """The next hop of its default route, and the interface it is at; '' where it has none."""
    for item in device.store.items("ip route"):
        if enabled(item) and (through := beside(device, item.values.get("gateway", ""))):
            return item.values["gateway"], through
    return "", ""


def beside(device: RouterOsDevice, hop: str) -> str:
    """The interface in whose network that address is; '' where it is in none of them."""
    for own in device.store.items("ip address"):
        net = ipaddress.ip_interface(own.values["address"]).network
        if enabled(own) and _is_ip(hop) and ipaddress.ip_address(hop) in net:
            return own.values.get("interface", "")
    return ""


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _network(device: RouterOsDevice, server: Item) -> str:
    """The network that a DHCP server is for."""
    for item in device.store.items("ip address"):
        if item.values.get("interface") == server.values.get("interface"):
            return str(ipaddress.ip_interface(item.values["address"]).network)
    return ""


def is_dead(device: RouterOsDevice, server: Item) -> bool:
    """Whether a fault keeps a DHCP server from answering."""
    return device.shows("dhcp-dead", network=_network(device, server)) is not None


def _crowd(device: RouterOsDevice, server: Item, vlan: int, pool: Item) -> Iterator[Client]:
    """So many unknown clients that a scope has nothing left, where a fault says so."""
    if device.shows("scope-empty", network=_network(device, server)) is None:
        return
    for at, address in enumerate(_addresses(pool.values.get("ranges", ""))):
        yield device.visitor(mac("crowd", server.name, address), vlan, f"hp-{at}")


def _rogue(device: RouterOsDevice, vlan: str) -> dict[str, str] | None:
    """The options of a stranger's DHCP server in that VLAN."""
    shown = device.shows("rogue-dhcp", vlan=vlan) if vlan else device.shows("rogue-dhcp")
    return dict(shown) if shown else None


def stranger(device: RouterOsDevice, alert: Item) -> str:
    """Whom an alert has found at its interface."""
    below = device.store.get("interface", alert.values.get("interface", ""))
    if below is None or alert.values.get("disabled") == "yes":
        return ""
    rogue = _rogue(device, below.values.get("vlan-id", ""))
    if rogue is None:
        return ""
    member = bridge_port(device, rogue["port"])
    at_bridge = member is not None and member.values.get("bridge") == below.name
    below_it = below.values.get("interface") == rogue["port"]
    return rogue["mac"].upper() if at_bridge or below_it else ""


def strange_alerts(device: RouterOsDevice) -> Iterator[tuple[str, dict[str, str]]]:
    """Interfaces at which an alert has found somebody, with who it is."""
    for alert in device.store.items("ip dhcp-server alert"):
        shown = device.shows("rogue-dhcp")
        if shown and stranger(device, alert):
            yield alert.values.get("interface", ""), dict(shown)


def strange_hosts(device: RouterOsDevice) -> Iterator[dict[str, str]]:
    """The stranger as a bridge hears it."""
    shown = device.shows("rogue-dhcp")
    place = bridge_port(device, shown["port"]) if shown else None
    if shown and place is not None:
        vlan = shown["vlan"] or place.values.get("pvid", "1")
        values = {"mac-address": shown["mac"].upper(), "vid": vlan, "interface": shown["port"]}
        yield {**values, "bridge": place.values.get("bridge", ""), "on-interface": shown["port"]}


def leases(device: RouterOsDevice) -> Iterator[tuple[Client, str, str]]:
    """Clients with the address and server that they have it from."""
    taken: set[str] = set()
    for server in device.store.items("ip dhcp-server"):
        default = "yes" if device.major < 7 else "no"
        if server.values.get("disabled", default) == "yes":
            continue
        below = device.store.get("interface", server.values.get("interface", ""))
        pool = device.store.get("ip pool", server.values.get("address-pool", ""))
        if below is None or pool is None or not running(device, below.name):
            continue
        if is_dead(device, server):
            continue
        free = _addresses(pool.values.get("ranges", ""))
        vlan = int(below.values.get("vlan-id", "0"))
        for client in [*device.clients, *_crowd(device, server, vlan, pool)]:
            if str(client.vlan) != below.values.get("vlan-id") or client.mac in device.freed:
                continue
            address = next((each for each in free if each not in taken), None)
            if address is not None:
                taken.add(address)
                yield client, address, server.name


def _addresses(ranges: str) -> Iterator[str]:
    for part in filter(None, ranges.split(",")):
        low, _, high = part.partition("-")
        if "/" in low:
            yield from map(str, ipaddress.ip_network(low).hosts())
            continue
        number, last = ipaddress.IPv4Address(low), ipaddress.IPv4Address(high or low)
        while number <= last:
            yield str(number)
            number += 1


def leased(device: RouterOsDevice) -> list[Item]:
    """The menu of leases."""
    return rows(
        (
            {
                "address": address,
                "mac-address": client.mac,
                "client-id": f"1:{client.mac.lower()}",
                "server": server,
                "status": "bound",
                "expires-after": "8m55s",
                "last-seen": "1m5s",
                "active-address": address,
                "active-mac-address": client.mac,
                "active-client-id": f"1:{client.mac.lower()}",
                "active-server": server,
                **({"host-name": client.hostname} if client.hostname else {}),
            }
            for client, address, server in leases(device)
        ),
        dynamic=True,
    )


def arp(device: RouterOsDevice) -> list[Item]:
    """The menu of neighbours' Ethernet addresses."""

    def seen_now() -> Iterator[dict[str, str]]:
        for port, far in heard(device):
            if far.address:
                yield {
                    "address": far.address,
                    "mac-address": mac(far.name, far.port),
                    "interface": _management(device) or port,
                }
        for client, address, server in leases(device):
            found = device.store.get("ip dhcp-server", server)
            interface = found.values.get("interface", "") if found else ""
            yield {"address": address, "mac-address": client.mac, "interface": interface}
        hop, outside = gateway(device)
        there = hop == PROVIDER and running(device, outside)
        if there and not device.shows("gateway-dead"):
            yield {"address": hop, "mac-address": mac(hop), "interface": outside}

    return rows(seen_now(), "complete", dynamic=True)


def _management(device: RouterOsDevice) -> str:
    for item in device.store.items("ip address"):
        if item.values.get("address", "").split("/")[0] == device.management:
            return item.values.get("interface", "")
    return ""
