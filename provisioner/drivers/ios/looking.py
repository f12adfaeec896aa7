"""What a switch sees around it, put together from its tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from provisioner.drivers.ios.ports import full
from provisioner.drivers.ios.tables import Row, rows
from provisioner.drivers.network import Learned, Lease, Neighbor, PortState
from provisioner.drivers.network.survey import UNNAMED, bare

Ask = Callable[[str], str]
"""The answer to one command; '' where the device does not know it."""

_HEX = re.compile(r"[0-9a-f]{12}")
_SPEED = re.compile(r"(?:a-)?(\d+(?:\.\d+)?) ?(G?)", re.I)
_OUTER = re.compile(r"(?!Vl)[A-Za-z-]+ ?\d")
"""A port, unlike ``CPU``, ``Router``, and the device's own VLAN interfaces."""
_GROUP = 0x01
"""The bit of an Ethernet address by which it means several; such are joined, never heard."""
_OCTETS = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.I)


def fed(text: str) -> frozenset[str]:
    """The ports of ``show power inline``, by full name; none where it knows of none."""
    return frozenset(full(row["interface"]) for row in rows("show power inline", text))


def identity(ask: Ask) -> tuple[str, str, str, str]:
    """Hostname, model, version, serial number of the device (the first one of a stack)."""
    found = rows("show version", ask("show version"))
    told = found[0] if found else {}
    model, serial = _first(told.get("hardware")), _first(told.get("serial"))
    if not (model and serial):
        parts = rows("show inventory", ask("show inventory"))
        model = model or next((p["pid"] for p in parts if p["pid"]), "")
        serial = serial or next((p["sn"] for p in parts if p["sn"]), "")
    return str(told.get("hostname", "")), model, str(told.get("version", "")), serial


def _first(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return str(value[0]) if value else ""
    return str(value or "")


# ---------------------------------------------------------------- neighbours


def neighbors(ask: Ask, domain: str = "") -> tuple[Neighbor, ...]:
    """By LLDP and by CDP, each as it was told; ``domain`` is the device's own."""
    lldp = rows("show lldp neighbors detail", ask("show lldp neighbors detail"))
    if any(not row["local_interface"] for row in lldp):  # old versions do not say it there
        brief = rows("show lldp neighbors", ask("show lldp neighbors"))
        lldp = [_with_port(row, brief) for row in lldp]
    cdp = rows("show cdp neighbors detail", ask("show cdp neighbors detail"))
    return (
        *(
            Neighbor(
                port=full(row["local_interface"]),
                device=bare(row["neighbor_name"], domain),
                remote_port=_remote(row["neighbor_port_id"], row["neighbor_interface"]),
                protocol="lldp",
                address=row["mgmt_address"],
                platform=_line(row["neighbor_description"]),
            )
            for row in lldp
        ),
        *(
            Neighbor(
                port=full(row["local_interface"]),
                device=bare(row["neighbor_name"], domain),
                remote_port=full(row["neighbor_interface"]),
                protocol="cdp",
                address=row["mgmt_address"],
                platform=row["platform"].removeprefix("cisco ").strip(),
            )
            for row in cdp
        ),
    )


def _with_port(row: Row, brief: Sequence[Row]) -> Row:
    """The row with the port that the short table tells of that neighbour, if it is only one.

    One without a name stands there by its chassis, or as such.
    """
    names = [row["neighbor_name"]] if row["neighbor_name"] else [UNNAMED, row["chassis_id"]]
    found = {
        other["local_interface"]
        for other in brief
        if other["neighbor_interface"] == row["neighbor_port_id"]
        and any(name.startswith(other["neighbor_name"]) for name in names)
    }
    return {**row, "local_interface": found.pop()} if len(found) == 1 else row


def _remote(identifier: str, described: str) -> str:
    """A name of the port where there is one, rather than a number or an Ethernet address."""
    described = "" if described.startswith("- not advertised") else described
    if described and (identifier.isdigit() or _OCTETS.fullmatch(identifier)):
        return full(described)
    return full(identifier)


def _line(text: object) -> str:
    lines = text if isinstance(text, list) else str(text).splitlines()
    return next((str(line).strip() for line in lines if str(line).strip()), "")


# ---------------------------------------------------------------- addresses


def learned(ask: Ask) -> tuple[Learned, ...]:
    """What ports have heard; the device's own addresses and those of groups are left out."""
    text = ask("show mac address-table") or ask("show mac-address-table")
    return tuple(
        Learned(full(port), int(vlan) if (vlan := row["vlan_id"]).isdigit() else None, heard)
        for row in rows("show mac address-table", text)
        for port in _ports(row["destination_port"])
        if (heard := mac(row["destination_address"]))
        and _OUTER.match(port)
        and not int(heard[:2], 16) & _GROUP
    )


def _ports(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else str(value).split(",")


def leases(ask: Ask) -> tuple[Lease, ...]:
    """What its DHCP server has given away; an identifier that is no Ethernet address is empty."""
    found = rows("show ip dhcp binding", ask("show ip dhcp binding"))
    return tuple(Lease(row["ip_address"], client(row["hardware_address"])) for row in found)


def arp(ask: Ask) -> dict[str, str]:
    """Ethernet address by IPv4 address."""
    found = rows("show ip arp", ask("show ip arp"))
    return {row["ip_address"]: own for row in found if (own := mac(row["mac_address"]))}


def client(text: str) -> str:
    """The Ethernet address in a client's identifier: alone, after ``01``, or written out."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    if len(digits) == 14 and digits.startswith("01"):
        return mac(digits[2:])
    if len(digits) == 12:
        return mac(digits)
    said = bytes.fromhex(digits).decode("ascii", "replace") if len(digits) % 2 == 0 else ""
    written = re.search(r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}", said)
    return mac(written[0]) if written else ""


def mac(text: str) -> str:
    """Lower case with colons; '' where it is none."""
    digits = re.sub(r"[.:-]", "", text.lower())
    if not _HEX.fullmatch(digits):
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


# ---------------------------------------------------------------- ports


def ports(ask: Ask) -> dict[str, PortState]:
    """Every port that one of the tables names."""
    found: dict[str, PortState] = {}
    for row in rows("show interfaces", ask("show interfaces")):
        name, link = full(row["interface"]), row["link_status"]
        found[name] = PortState(
            port=name,
            up=link == "up" and str(row["protocol_status"]).startswith("up"),
            enabled="admin" not in link,
            description=row["description"],
            speed_mbps=speed(row["speed"]),
            errors=int(row["input_errors"]) if row["input_errors"] else None,
        )
    for change in (_status, _described, _switchport, _power):
        for name, values in change(ask):
            found[name] = replace(found.get(name) or PortState(name, up=False), **values)
    return found


_Values = Iterator[tuple[str, dict[str, Any]]]


def _status(ask: Ask) -> _Values:
    for row in rows("show interfaces status", ask("show interfaces status")):
        values: dict[str, Any] = {"enabled": row["status"] != "disabled"}
        values["up"] = row["status"].startswith("connected")
        if row["vlan_id"].isdigit():
            values["vlan"] = int(row["vlan_id"])
        if found := speed(row["speed"]):
            values["speed_mbps"] = found
        if name := row["name"].strip():
            values["description"] = name  # cut; the whole of it follows where it is told
        yield full(row["port"]), values


def _described(ask: Ask) -> _Values:
    for row in rows("show interfaces description", ask("show interfaces description")):
        yield (
            full(row["port"]),
            {
                "description": row["description"],
                "enabled": not row["status"].startswith("admin"),
                "up": row["status"] == "up" and row["protocol"] == "up",
            },
        )


def _switchport(ask: Ask) -> _Values:
    for row in rows("show interfaces switchport", ask("show interfaces switchport")):
        if row["mode"].startswith("static access") and row["access_vlan"].isdigit():
            yield full(row["interface"]), {"vlan": int(row["access_vlan"])}


def _power(ask: Ask) -> _Values:
    for row in rows("show power inline", ask("show power inline")):
        if re.fullmatch(r"\d+(?:\.\d+)?", row["power"]):
            yield full(row["interface"]), {"poe_watts": float(row["power"])}


def speed(text: str) -> int | None:
    """Megabits per second."""
    match = _SPEED.match(text)
    return int(float(match[1]) * (1000 if match[2] else 1)) if match else None
