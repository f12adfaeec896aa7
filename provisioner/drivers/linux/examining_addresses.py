"""Address scopes of dnsmasq and other servers it met, of what ``examine.sh`` said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.linux.state import DNSMASQ, State, records
from provisioner.drivers.network import ScopeHealth, Stranger

_WRONG_SERVER = re.compile(
    r"\((?P<port>[^)\s]+)\)\s+(?P<address>\d[\d.]+)\s+(?P<mac>[0-9a-f:]{17}).*wrong server-ID"
)
_DHCP_SERVER = re.compile(r"^\s*\d+: [0-9A-F]+:0043 ", re.MULTILINE)


@dataclass(frozen=True)
class _Range:
    name: str
    first: IPv4Address
    last: IPv4Address
    mask: str = ""


@dataclass
class _Settings:
    """What dnsmasq's files say, together."""

    ranges: list[_Range] = field(default_factory=list)
    only: set[str] = field(default_factory=set)
    never: set[str] = field(default_factory=set)


def scopes(answer: Answer) -> tuple[ScopeHealth, ...]:
    """Ranges with what is leased of them; ``enabled``: the server runs and hears that interface."""
    serves = "dnsmasq" in answer.all("runs") and bool(
        _DHCP_SERVER.search(answer.blocks.get("listening", ""))
    )
    settings = _settings(answer)
    interfaces = _interfaces(answer)
    numbers = _numbers(answer)
    used = _leased(answer.blocks.get("leases", ""))
    found = []
    for each in settings.ranges:
        name, network = _where(each, interfaces)
        heard = bool(name) and name not in settings.never
        if settings.only:
            heard = heard and any(PurePosixPath(name).match(only) for only in settings.only)
        found.append(
            ScopeHealth(
                name=each.name,
                network=network,
                interface=name,
                vlan=numbers.get(name),
                size=int(each.last) - int(each.first) + 1,
                used=sum(each.first <= address <= each.last for address in used),
                enabled=serves and heard,
            )
        )
    return tuple(found)


def strangers(answer: Answer) -> tuple[Stranger, ...]:
    """Servers that dnsmasq saw its clients take an address of, in the last hour; it does not see
    which they are, only where."""
    rows = _WRONG_SERVER.finditer(answer.blocks.get("dhcp-log", ""))
    numbers = _numbers(answer)
    ports = dict.fromkeys(row["port"] for row in rows)
    return tuple(Stranger(port=port, vlan=numbers.get(port)) for port in ports)


def own_addresses(answer: Answer) -> frozenset[str] | None:
    """Those of interfaces that are up; None where it says nothing of them."""
    found = {str(each.ip) for each in chain.from_iterable(_interfaces(answer).values())}
    return frozenset(found) or None


# ---------------------------------------------------------------- what its files say


def _settings(answer: Answer) -> _Settings:
    found = _Settings()
    for path, text in answer.blocks.items():
        if path != "/etc/dnsmasq.conf" and not path.startswith(DNSMASQ):
            continue
        for line in text.splitlines():
            word, _, value = line.partition("#")[0].strip().partition("=")
            values = [each.strip() for each in value.split(",") if each.strip()]
            match word.strip():
                case "interface":
                    found.only |= set(values)
                case "except-interface" | "no-dhcp-interface":
                    found.never |= set(values)
                case "dhcp-range":
                    found.ranges += _range(PurePosixPath(path).stem, values)
    return found


def _range(name: str, values: list[str]) -> Iterator[_Range]:
    tags = [value.partition(":")[2] for value in values if value.startswith("set:")]
    rest = [value for value in values if ":" not in value]
    if rest and _address(rest[0]) is None:  # a tag as it was written before ``set:``
        tags += rest[:1]
        rest = rest[1:]
    addresses = [_address(value) for value in rest]
    if len(addresses) >= 2 and addresses[0] and addresses[1]:
        mask = rest[2] if len(rest) > 2 and addresses[2] else ""
        yield _Range(tags[0] if tags else name, addresses[0], addresses[1], mask)


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text)
    except ValueError:
        return None


# ---------------------------------------------------------------- where they are served


def _interfaces(answer: Answer) -> dict[str, list[IPv4Interface]]:
    return {
        record["ifname"]: [
            IPv4Interface(f"{each['local']}/{each['prefixlen']}")
            for each in record.get("addr_info", ())
        ]
        for record in records(answer.blocks.get("addresses", ""))
        if "UP" in record.get("flags", ())
    }


def _where(wanted: _Range, interfaces: Mapping[str, list[IPv4Interface]]) -> tuple[str, str]:
    for name, addresses in interfaces.items():
        for each in addresses:
            if wanted.first in each.network and wanted.last in each.network:
                return name, str(each.network)
    network = IPv4Network(f"{wanted.first}/{wanted.mask}", strict=False) if wanted.mask else ""
    return "", str(network)


def _numbers(answer: Answer) -> dict[str, int]:
    """VLANs by interface: of VLAN interfaces, and of the switch's inner ports."""
    found = {
        name: port.tag
        for name, port in State.answered(answer).ports.items()
        if port.inner and port.tag is not None
    }
    links: list[dict[str, Any]] = records(answer.blocks.get("links", ""))
    for link in links:
        kind = link.get("linkinfo", {})
        if kind.get("info_kind") == "vlan":
            found[link["ifname"]] = int(kind["info_data"]["id"])
            found.setdefault(link.get("master", ""), int(kind["info_data"]["id"]))
    return found


def _leased(text: str) -> set[IPv4Address]:
    """Addresses in use, of dnsmasq's file: end, Ethernet address, address."""
    now = datetime.now(UTC).timestamp()
    found = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 4 or not words[0].isdecimal() or 0 < int(words[0]) <= now:
            continue
        if address := _address(words[2]):
            found.add(address)
    return found
