"""What a router tells of its addresses: scopes, strangers' DHCP servers, its way out; pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

from provisioner.drivers.network import NameResult, PingResult, ScopeHealth, Stranger
from provisioner.drivers.routeros.examining_shapes import number
from provisioner.drivers.routeros.facts import Row, fields, rows
from provisioner.drivers.routeros.syntax import seconds

_STRANGER = re.compile(
    r"dhcp alert on (?P<port>.+?): *discovered unknown dhcp server, mac (?P<mac>[0-9A-Fa-f:]{17})"
    r", ip (?P<address>[\d.]+)"
)
_SENT = re.compile(r"sent=(\d+) received=(\d+)")
_AVERAGE = re.compile(r"avg-rtt=(\S+)")
_HOLDING = ("bound", "offered", "conflict", "busy", "testing")
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")

Span = tuple[int, int]


def scopes(said: Mapping[str, str]) -> tuple[ScopeHealth, ...]:
    """One for each of its DHCP servers."""
    pools = {row.get("name"): _spans(row.get("ranges")) for row in rows(said["pools"])}
    networks = [row.get("address") for row in rows(said["networks"])]
    vlans = {row.get("name"): row.get("vlan-id") for row in rows(said["routed"])}
    taken = {n for row in rows(said["leases"]) if _holds(row) for n in _numbers(row)}
    found = []
    for row in rows(said["servers"]):
        spans = pools.get(row.get("address-pool"), [])
        vlan = vlans.get(row.get("interface"), "")
        found.append(
            ScopeHealth(
                name=row.get("name"),
                network=_network(spans, networks),
                interface=row.get("interface"),
                vlan=int(vlan) if vlan.isdecimal() else None,
                size=sum(high - low + 1 for low, high in spans),
                used=sum(1 for n in taken if any(low <= n <= high for low, high in spans)),
                enabled=not row.flags & {"X", "I"},
            )
        )
    return tuple(found)


def _holds(row: Row) -> bool:
    """Whether nobody else can be given that address; what was fixed is kept for its client."""
    return "X" not in row.flags and (row.get("status") in _HOLDING or "D" not in row.flags)


def _numbers(row: Row) -> list[int]:
    text = row.get("active-address") or row.get("address")
    return [int(ipaddress.IPv4Address(text))] if _is_address(text) else []


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _spans(ranges: str) -> list[Span]:
    found = []
    for part in ranges.split(","):
        low, _, high = part.strip().partition("-")
        try:
            if "/" in low:
                net = ipaddress.IPv4Network(low, strict=False)
                found.append((int(net[0]), int(net[-1])))
            else:
                ends = int(ipaddress.IPv4Address(low)), int(ipaddress.IPv4Address(high or low))
                found.append(ends)
        except ValueError:
            continue
    return found


def _network(spans: list[Span], networks: list[str]) -> str:
    for text in networks:
        try:
            net = ipaddress.IPv4Network(text, strict=False)
        except ValueError:
            continue
        if spans and int(net[0]) <= spans[0][0] <= int(net[-1]):
            return str(net)
    return ""


def strangers(said: Mapping[str, str]) -> tuple[Stranger, ...]:
    """DHCP servers that are not ours, where the router watches for them (``alert``).

    Only the log has their address; of an alert that still stands the menu has the rest.
    """
    vlans = {row.get("name"): row.get("vlan-id") for row in rows(said["routed"])}
    found: dict[str, Stranger] = {}
    for row in rows(said["alerts"]):
        for mac in re.findall(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}", row.get("unknown-server").upper()):
            found[mac] = Stranger(mac=mac.lower(), port=row.get("interface"))
    for row in rows(said["log"]):
        told = _STRANGER.search(row.get("message"))
        if told and (told["mac"].upper() in found or "unknown-server" not in said["alerts"]):
            found[told["mac"].upper()] = Stranger(
                told["address"], told["mac"].lower(), told["port"]
            )
    heard = {row.get("mac-address").lower(): row for row in rows(said["hosts"])}
    return tuple(_placed(each, heard.get(each.mac), vlans) for each in found.values())


def _placed(found: Stranger, host: Row | None, vlans: Mapping[str, str]) -> Stranger:
    """By the port of a bridge that has heard it, where one has."""
    vlan = vlans.get(found.port, "")
    if host is not None:
        port = host.get("on-interface") or host.get("interface")
        found, vlan = replace(found, port=port or found.port), host.get("vid") or vlan
    return replace(found, vlan=int(vlan) if vlan.isdecimal() else None)


def way_out(said: Mapping[str, str]) -> tuple[str, str]:
    """Next hop and interface of the default route in use; of the main table where there are
    several. Version 7 says ``gateway%interface``, version 6 ``reachable via interface``."""
    active = [row for row in rows(said["routes"]) if _is_default(row)]
    active.sort(key=lambda row: bool(row.get("routing-mark") or row.get("routing-table") not in
                                     ("", "main")))  # fmt: skip
    for row in active:
        hop, _, through = row.get("immediate-gw").partition("%")
        each = row.get("gateway-status").split(",")
        status = next((one for one in each if " unreachable" not in one), "").strip()
        if not through and (told := re.search(r"(?:via|recursive via \S+) +(\S+)", status)):
            through = told[1]
        used = status.partition(" ")[0] or row.get("gateway")  # of several, one that answers
        gateway = used.partition("%")[0].partition(",")[0]
        if not _IP.fullmatch(gateway):
            through, gateway = through or gateway, hop if _IP.fullmatch(hop) else ""
        return gateway, through
    return "", ""


def _is_default(row: Row) -> bool:
    return row.get("dst-address") == "0.0.0.0/0" and "A" in row.flags and not row.flags & {"B", "U"}


def resolvers(said: Mapping[str, str]) -> tuple[str, ...]:
    """Those set by hand, then those that it was given."""
    told = fields(said["dns"])
    both = f"{told.get('servers', '')},{told.get('dynamic-servers', '')}"
    return tuple(dict.fromkeys(_IP.findall(both)))


def pinged(address: str, text: str) -> PingResult | None:
    """The last summary of a ping; None where it has none."""
    sent = _SENT.findall(text)
    if not sent:
        return None
    average = _AVERAGE.findall(text)
    return PingResult(
        address, int(sent[-1][0]), int(sent[-1][1]), _ms(average[-1]) if average else None
    )


def _ms(text: str) -> float | None:
    """``67ms``, ``1s20ms``, ``1ms500us``, ``800us``."""
    parts = re.findall(r"(\d+)(us|ms|s)(?![a-z])", text)
    sizes = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    if not parts:
        whole = seconds(text)
        return number(text) if whole is None else whole * 1000.0
    return sum(int(amount) * sizes[unit] for amount, unit in parts)


def resolved(name: str, text: str) -> NameResult | None:
    """The address that a name was told to have; None for what is none."""
    found = [line.strip() for line in text.splitlines() if line.strip()]
    return NameResult(name, tuple(found)) if found and all(map(_is_ip, found)) else None


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
