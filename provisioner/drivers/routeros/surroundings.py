"""What a router sees around it, from what it prints: neighbours, addresses, ports, leases; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from provisioner.drivers.network import Learned, Lease, Neighbor, PortState, Survey
from provisioner.drivers.network.survey import bare
from provisioner.drivers.routeros.facts import Row, blocks, fields, rows

QUESTIONS: Mapping[str, str] = {
    "identity": "/system identity print",
    "resource": "/system resource print",
    "board": "/system routerboard print",
    "interfaces": "/interface print terse without-paging",
    "ports": "/interface bridge port print terse without-paging",
    "hosts": "/interface bridge host print terse without-paging",
    "neighbors": "/ip neighbor print detail without-paging",
    "leases": "/ip dhcp-server lease print terse without-paging",
    "arp": "/ip arp print terse without-paging",
    "links": "/interface ethernet monitor [find] once",
    "poe": "/interface ethernet poe monitor [find] once",
}
"""What is asked; what a router does not know is left empty."""
NEEDED = ("identity", "resource", "interfaces")
_PORTS = ("ether", "bond", "wlan", "wifi", "sfp", "lte")
_RATE = re.compile(r"([\d.]+)([MG])bps")
_WATTS = re.compile(r"([\d.]+)\s*W")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}")


def survey(host: str, told: Mapping[str, str], at: datetime) -> Survey:
    """``told``: the answers by the names of ``QUESTIONS``; a missing one is empty."""
    said = {name: told.get(name, "") for name in QUESTIONS}
    resource, board = fields(said["resource"]), fields(said["board"])
    bridged = {row.get("interface"): row for row in rows(said["ports"])}
    return Survey(
        host=host,
        hostname=fields(said["identity"]).get("name", ""),
        at=at,
        model=board.get("model") or resource.get("board-name", ""),
        version=resource.get("version", "").partition(" ")[0],
        serial=board.get("serial-number", ""),
        neighbors=tuple(filter(None, map(_neighbor, rows(said["neighbors"])))),
        learned=tuple(filter(None, (_learned(row) for row in rows(said["hosts"])))),
        ports=_ports(rows(said["interfaces"]), bridged, blocks(said["links"]), blocks(said["poe"])),
        leases=tuple(filter(None, map(_lease, rows(said["leases"])))),
        arp={
            row.get("address"): row.get("mac-address").lower()
            for row in rows(said["arp"])
            if _MAC.fullmatch(row.get("mac-address")) and not row.flags & {"X", "I"}
        },
    )


def _neighbor(row: Row) -> Neighbor | None:
    """RouterOS tells in one list what it heard by LLDP, CDP and its own protocol."""
    by = row.get("discovered-by").split(",")
    device = bare(row.get("identity")) or row.get("mac-address")
    if not device or not row.get("interface"):
        return None
    own = row.get("platform") == "MikroTik" and by == [""]
    return Neighbor(
        port=row.get("interface").partition(",")[0],
        device=device,
        remote_port=row.get("interface-name"),
        protocol="mndp" if own or "mndp" in by else "lldp" if "lldp" in by or by == [""] else "cdp",
        address=row.get("address4") or row.get("address"),
        platform=" ".join(filter(None, (row.get("platform"), row.get("board")))),
    )


def _learned(row: Row) -> Learned | None:
    """Addresses of the bridge's own ports were not heard."""
    mac, port = row.get("mac-address"), row.get("on-interface") or row.get("interface")
    if "L" in row.flags or row.flags & {"X", "I"} or not _MAC.fullmatch(mac) or not port:
        return None
    vlan = row.get("vid")
    return Learned(port, int(vlan) if vlan.isdecimal() else None, mac.lower())


def _lease(row: Row) -> Lease | None:
    if row.get("status") != "bound" or "X" in row.flags:
        return None
    mac = row.get("active-mac-address") or row.get("mac-address")
    address = row.get("active-address") or row.get("address")
    return Lease(address, mac.lower(), row.get("host-name")) if _MAC.fullmatch(mac) else None


def _ports(
    interfaces: Sequence[Row],
    bridged: Mapping[str, Row],
    links: Sequence[Mapping[str, str]],
    feeding: Sequence[Mapping[str, str]],
) -> dict[str, PortState]:
    link = {block["name"]: block for block in links}
    watts = {block["name"]: block.get("poe-out-power", "") for block in feeding}
    found = {}
    for row in interfaces:
        name, up = row.get("name"), "R" in row.flags
        if not row.get("type").startswith(_PORTS):
            continue
        member = bridged.get(name)
        access = member is not None and "untagged" in member.get("frame-types")
        found[name] = PortState(
            port=name,
            up=up,
            enabled="X" not in row.flags,
            description=row.get("comment"),
            speed_mbps=_speed(link.get(name, {}).get("rate", "")) if up else None,
            vlan=int(member.get("pvid") or 1) if member is not None and access else None,
            poe_watts=_number(_WATTS, watts.get(name, "")),
            errors=_errors(row),
        )
    return found


def _speed(rate: str) -> int | None:
    found = _RATE.match(rate)
    return int(float(found[1]) * (1000 if found[2] == "G" else 1)) if found else None


def _number(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.match(text)
    return float(found[1]) if found else None


def _errors(row: Row) -> int | None:
    counted = row.get("rx-error").replace(" ", "")
    return int(counted) if counted.isdecimal() else None
