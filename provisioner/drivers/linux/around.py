"""What a Linux host sees around it: neighbours, learned addresses, ports, leases."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from provisioner.drivers.linux.examining_air import unescaped
from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.linux.state import ovs_rows, records
from provisioner.drivers.network import Learned, Lease, Neighbor, PortState, Survey
from provisioner.drivers.network.survey import bare

_FDB = re.compile(r"^\s*(\S+)\s+(\d+)\s+([0-9a-f:]{17})\s+\d+\s*$", re.MULTILINE)
_SSID = re.compile(r"^\t+ssid (.+)$", re.MULTILINE)


def on_air(text: str) -> frozenset[str]:
    """The SSIDs that ``iw dev`` tells of."""
    return frozenset(map(unescaped, _SSID.findall(text)))


def survey(host: str, answer: Answer) -> Survey:
    """Of what ``survey.sh`` answered; what the host cannot tell is empty."""
    release = release_of(answer.blocks.get("release", ""))
    return Survey(
        host=host,
        hostname=answer.one("hostname"),
        at=datetime.now(UTC),
        model=answer.blocks.get("model", "").strip(),
        version=release.get("PRETTY_NAME", ""),
        neighbors=tuple(neighbors(answer.blocks.get("lldp", ""))),
        learned=learned(answer),
        ports=_ports(answer),
        leases=tuple(leases(answer.blocks.get("leases", ""))),
        arp=arp(answer),
    )


def learned(answer: Answer) -> tuple[Learned, ...]:
    """Ethernet addresses that the ports of its switches have heard."""
    return tuple(dict.fromkeys([*_bridge_learned(answer), *_ovs_learned(answer)]))


def arp(answer: Answer) -> dict[str, str]:
    """IPv4 address to Ethernet address."""
    return {
        each["dst"]: each["lladdr"].lower()
        for each in records(answer.blocks.get("neighbours", ""))
        if "lladdr" in each and "FAILED" not in each.get("state", ())
    }


def release_of(text: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}


def _ports(answer: Answer) -> dict[str, PortState]:
    speeds = dict(line.partition(" ")[::2] for line in answer.values.get("speed", ()))
    found = {}
    for link in records(answer.blocks.get("links", "")):
        name, flags = link["ifname"], link.get("flags", ())
        if name == "lo":
            continue
        speed = speeds.get(name, "")
        found[name] = PortState(
            port=name,
            up="UP" in flags and "LOWER_UP" in flags,
            enabled="UP" in flags,
            description=link.get("ifalias", ""),
            speed_mbps=int(speed) if speed.isdecimal() and int(speed) else None,
            errors=link.get("stats64", {}).get("rx", {}).get("errors"),
        )
    for row in _rows(answer, "ovs"):
        if (port := found.get(row["name"])) is None:
            continue
        access = row["vlan_mode"] in ([], "access") and isinstance(row["tag"], int)
        text = dict(row["external_ids"]).get("description", "")
        found[row["name"]] = replace(
            port, description=text or port.description, vlan=row["tag"] if access else None
        )
    return found


def _rows(answer: Answer, block: str) -> list[dict[str, Any]]:
    text = answer.blocks.get(block, "").strip()
    return ovs_rows(text) if text.startswith("{") else []


def _bridge_learned(answer: Answer) -> Iterator[Learned]:
    for each in records(answer.blocks.get("learned", "")):
        mac = each.get("mac", "").lower()
        steady = {"permanent", "self"} & {each.get("state", ""), *each.get("flags", ())}
        if mac and "ifname" in each and not steady:
            yield Learned(each["ifname"], each.get("vlan"), mac)


def _ovs_learned(answer: Answer) -> Iterator[Learned]:
    for name, text in answer.blocks.items():
        kind, _, bridge = name.partition(" ")
        if kind != "fdb":
            continue
        ports = {str(row["ofport"]): row["name"] for row in _rows(answer, f"ofports {bridge}")}
        for number, vlan, mac in _FDB.findall(text):
            if (port := bridge if number == "LOCAL" else ports.get(number)) is not None:
                yield Learned(port, int(vlan) or None, mac)


def leases(text: str) -> Iterator[Lease]:
    """Of dnsmasq's file: end, Ethernet address, address, name, client id."""
    now = datetime.now(UTC).timestamp()
    for line in text.splitlines():
        words = line.split()
        if len(words) < 4 or not words[0].isdecimal() or ":" not in words[1]:
            continue
        if int(words[0]) == 0 or int(words[0]) > now:
            yield Lease(words[2], words[1].lower(), "" if words[3] == "*" else words[3])


def neighbors(text: str) -> Iterator[Neighbor]:
    """Of ``lldpcli -f json0``, in which everything is a list."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return
    for each in _each(found, "lldp", "interface"):
        for chassis in _each(each, "chassis"):
            name = bare(_first(chassis, "name"))
            for port in _each(each, "port"):
                yield Neighbor(
                    port=str(each.get("name", "")),
                    device=name,
                    remote_port=_first(port, "id") or _first(port, "descr"),
                    protocol="cdp" if str(each.get("via", "")).startswith("CDP") else "lldp",
                    address=_first(chassis, "mgmt-ip"),
                    platform=_first(chassis, "descr"),
                )


def _each(found: Any, *names: str) -> list[Mapping[str, Any]]:
    level = [found] if isinstance(found, Mapping) else []
    for name in names:
        inner = (value for each in level for value in _as_list(each.get(name)))
        level = [value for value in inner if isinstance(value, Mapping)]
    return level


def _first(found: Mapping[str, Any], name: str) -> str:
    for value in _as_list(found.get(name)):
        return str(value.get("value", "")) if isinstance(value, Mapping) else str(value)
    return ""


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
