"""What an OpenWrt device sees around it, from what its own tools say: pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from provisioner.drivers.network import Learned, Lease, Neighbor, PortState, Survey
from provisioner.drivers.network.survey import bare
from provisioner.drivers.openwrt.answers import Answer
from provisioner.drivers.openwrt.bridges import bridge_of, untagged
from provisioner.drivers.openwrt.sections import Section, parsed

_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
NO_PORT = re.compile(
    r"lo|br-.*|.*\.\d+|(?:phy|wlan|ra|ath|ap)\d.*|ifb.*|sit\d+|dummy.*|gre.*|erspan.*"
)
_FACTS = ("up", "enabled", "speed", "errors")


def surveyed(host: str, found: Answer) -> Survey:
    """One device's answer to survey.sh; what it has no tool for is empty."""
    board = json_object(found.blocks.get(("board", ""), ""))
    release = board.get("release", {})
    sections = parsed(found.blocks.get(("config", "network"), ""))
    return Survey(
        host=host,
        hostname=found.one("hostname"),
        at=datetime.now(UTC),
        model=str(board.get("model", "")),
        version=str(release.get("version", "")),
        serial=found.one("serial"),
        neighbors=tuple(neighbors(json_object(found.blocks.get(("lldp", ""), "")))),
        learned=tuple(heard(found.blocks.get(("fdb", ""), ""))),
        ports=dict(_ports(found.values.get("state", ()), sections)),
        leases=tuple(leased(found.blocks.get(("leases", ""), ""), found.one("now"))),
        arp=dict(_arp(found.blocks.get(("neigh", ""), ""))),
    )


def json_object(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def neighbors(told: Mapping[str, Any]) -> Iterator[Neighbor]:
    """lldpd writes one interface as an object, several as a list of them."""
    interfaces = told.get("lldp", {}).get("interface", [])
    for each in interfaces if isinstance(interfaces, list) else [interfaces]:
        for port, seen in each.items():
            chassis, far = seen.get("chassis", {}), seen.get("port", {})
            named = [
                (n, told)
                for n, told in chassis.items()
                if isinstance(told, Mapping) and "id" in told
            ]
            name, about = named[0] if named else ("", chassis)
            label = far.get("id", {})
            known = str(label.get("value", "")) if label.get("type") != "mac" else ""
            addresses = about.get("mgmt-ip", [])
            first = addresses if isinstance(addresses, str) else next(iter(addresses), "")
            yield Neighbor(
                port=port,
                device=bare(name),
                remote_port=known or str(far.get("descr", "")) or str(label.get("value", "")),
                protocol="cdp" if str(seen.get("via", "")).startswith("CDP") else "lldp",
                address=first,
                platform=str(about.get("descr", "")),
            )


def heard(text: str) -> Iterator[Learned]:
    """Of ``bridge fdb``: what a port of a bridge has heard, not what the device itself is."""
    seen: set[Learned] = set()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 3 or not _MAC.fullmatch(words[0].lower()) or words[1] != "dev":
            continue
        if "permanent" in words or "master" not in words:
            continue
        vlan = int(words[words.index("vlan") + 1]) if "vlan" in words else None
        one = Learned(words[2], vlan, words[0].lower())
        if one not in seen:
            seen.add(one)
            yield one


def _ports(
    states: tuple[str, ...] | list[str], sections: list[Section]
) -> Iterator[tuple[str, PortState]]:
    notes = {s.text("port"): s.text("description") for s in sections if s.kind == "prov_port"}
    for line in states:
        name, *values = line.split()
        if NO_PORT.fullmatch(name):
            continue
        facts = {key: value for key, _, value in (each.partition("=") for each in values)}
        vlans = [s.text("vlan") for s in untagged(sections, name) if bridge_of(sections, name)]
        numbers = {key: _number(facts.get(key, "")) for key in _FACTS}
        speed = numbers["speed"]
        yield (
            name,
            PortState(
                port=name,
                up=numbers["up"] == 1,
                enabled=bool((numbers["enabled"] or 0) & 1),
                description=notes.get(name, ""),
                speed_mbps=speed if speed and speed > 0 else None,
                vlan=_number(vlans[0]) if len(vlans) == 1 else None,
                errors=numbers["errors"],
            ),
        )


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None


def leased(text: str, now: str) -> Iterator[Lease]:
    """dnsmasq: until when (0: for ever), Ethernet address, address, name or *."""
    for line in text.splitlines():
        words = line.split()
        if len(words) < 4 or not _MAC.fullmatch(words[1].lower()):
            continue
        until, clock = _number(words[0]), _number(now)
        if until and clock and until < clock:
            continue
        yield Lease(words[2], words[1].lower(), "" if words[3] == "*" else words[3])


def _arp(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        words = line.split()
        if "lladdr" in words[:-1] and "FAILED" not in words and ":" not in words[0]:
            yield words[0], words[words.index("lladdr") + 1].lower()
