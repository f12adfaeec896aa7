"""Rows of what a switch shows: from the published templates, or read here where one loses rows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import resources
from itertools import zip_longest
from typing import Any

import textfsm  # type: ignore[import-untyped]

Row = Mapping[str, Any]

_MAC = r"[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}"
_ADDRESS = r"\d+\.\d+\.\d+\.\d+"
_PORT = r"[A-Za-z][A-Za-z-]*\d[\w/.:]*"
_STATES = (
    "connected|notconnect|disabled|err-disabled|suspended|monitoring|inactive|sfpAbsent"
    "|xcvrAbsen|faulty|dot1q-tunnel|trunking|standby"
)
_RULE = re.compile(r"^ *-{5,}\s*$", re.MULTILINE)


def rows(command: str, text: str) -> list[Row]:
    """The table of that command; none where the device does not know it or has nothing to tell."""
    own = list(_OWN[command](text.replace("\r", "")))
    if command == "show interfaces":  # its template gives a port what another says that is none
        return own
    try:
        parsed = _templated(command, text.replace("\r", ""))
    except textfsm.TextFSMError:  # a form that the template does not know
        return own
    if command == "show version" and own and parsed:  # what the template does not find there
        return [{**own[0], **{key: value for key, value in parsed[0].items() if value}}]
    return parsed if len(parsed) >= len(own) else own


def _templated(command: str, text: str) -> list[Row]:
    machine = textfsm.TextFSM(io.StringIO(_template(command)))
    names = [str(name).lower() for name in machine.header]
    return [dict(zip(names, row, strict=True)) for row in machine.ParseText(text)]


@cache
def _template(command: str) -> str:
    name = f"cisco_ios_{command.replace('mac address', 'mac-address').replace(' ', '_')}.textfsm"
    return (resources.files("ntc_templates") / "templates" / name).read_text()


def _each(pattern: str) -> Callable[[str], Iterator[Row]]:
    """A row for each line of that form."""
    form = re.compile(pattern, re.MULTILINE)

    def found(text: str) -> Iterator[Row]:
        for match in form.finditer(text):
            yield {key: value or "" for key, value in match.groupdict().items()}

    return found


def _learned(text: str) -> Iterator[Row]:
    """In whichever order a version puts address, VLAN, kind and port; more ports may follow."""
    row: dict[str, Any] = {}
    for line in text.splitlines():
        mac = re.search(rf"(?<!\S){_MAC}(?!\S)", line)
        if mac is None:
            if row and line.startswith(" "):
                row["destination_port"] += _ports(line)
            continue
        if row:
            yield row
        before, after = line[: mac.start()].split(), line[mac.end() :].split()
        numbered = [word for word in before if word not in ("*", "R", "S", "D", "#")] or after
        kinds = ("dynamic", "static", "self")
        row = {
            "destination_address": mac[0],
            "type": next((word for word in after if word.lower() in kinds), ""),
            "vlan_id": next((word for word in numbered if re.fullmatch(r"\d{1,4}", word)), ""),
            "destination_port": _ports(line[mac.end() :]) or after[-1:],
        }
    if row:
        yield row


def _ports(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if re.fullmatch(_PORT, word)]


def _bindings(text: str) -> Iterator[Row]:
    """A client's identifier may go over several lines, of which the others hold nothing else."""
    form = rf"^({_ADDRESS}) +([0-9a-fA-F][0-9a-fA-F.:]+).*((?:\n +[0-9a-fA-F.]+ *$)*)"
    for found in re.finditer(form, text, re.MULTILINE):
        yield {"ip_address": found[1], "hardware_address": found[2] + "".join(found[3].split())}


def _blocks(fields: Mapping[str, str], beginning: str) -> Callable[[str], Iterator[Row]]:
    """A row for each block that says ``beginning``, with what its lines tell."""
    forms = {key: re.compile(form, re.MULTILINE) for key, form in fields.items()}

    def found(text: str) -> Iterator[Row]:
        for block in _RULE.split(text):
            if re.search(beginning, block, re.MULTILINE):
                told = {key: form.search(block) for key, form in forms.items()}
                yield {key: match[1].strip() if match else "" for key, match in told.items()}

    return found


def _interfaces(text: str) -> Iterator[Row]:
    heads = re.compile(r"^(\S.*?) is ([^,\n]+), line protocol is (.+?)\s*$", re.MULTILINE)
    found = list(heads.finditer(text))
    for head, following in zip_longest(found, found[1:]):
        if not re.fullmatch(r"\S+\d\S*", head[1]):
            continue
        block = text[head.end() : following.start() if following else len(text)]
        described = re.search(r"^  Description: (.*)$", block, re.MULTILINE)
        errors = re.search(r"^\s+(\d+) input errors", block, re.MULTILINE)
        speed = re.search(r"(\d+ ?[MG]b(?:ps|/s))", block)
        yield {
            "interface": head[1],
            "link_status": head[2].strip(),
            "protocol_status": head[3],
            "description": described[1].strip() if described else "",
            "speed": speed[1] if speed else "",
            "input_errors": errors[1] if errors else "",
        }


def _switchports(text: str) -> Iterator[Row]:
    for block in re.split(r"^(?= *Name: )", text, flags=re.MULTILINE)[1:]:
        lines = [line.partition(":") for line in block.splitlines()]
        told = {key.strip(): value.strip() for key, _, value in lines}
        yield {
            "interface": told["Name"],
            "mode": told.get("Operational Mode", ""),
            "access_vlan": told.get("Access Mode VLAN", "").split(" ")[0],
        }


def _version(text: str) -> Iterator[Row]:
    forms = {
        "version": r"\bVersion ([^,\s]+)",
        "hostname": r"^(\S+) uptime is ",
        "hardware": r"^[Cc]isco (\S+) \(.*(?:processor|memory)|^Model [Nn]umber\s*: (\S+)",
        "serial": r"^Processor board ID ([^\s,]+)|^System [Ss]erial [Nn]umber\s*: (\S+)",
    }
    told = {key: re.search(form, text, re.MULTILINE) for key, form in forms.items()}
    if told["version"]:
        yield {
            key: next(filter(None, match.groups()), "") if match else ""
            for key, match in told.items()
        }


_OWN: dict[str, Callable[[str], Iterator[Row]]] = {
    "show version": _version,
    "show inventory": _each(r"^PID: *(?P<pid>[^,]*?) *, *VID: *[^,]*?, *SN: *(?P<sn>\S*)"),
    "show lldp neighbors": _each(
        rf"^(?P<neighbor_name>\S.*?) +(?P<local_interface>{_PORT}) +\d+ +(?P<capabilities>[A-Z,]*)"
        r" +(?P<neighbor_interface>\S+)\s*$"
    ),
    "show lldp neighbors detail": _blocks(
        {
            "local_interface": r"^ *Local Intf: (.+)$",
            "chassis_id": r"^ *Chassis id: (.+)$",
            "neighbor_port_id": r"^ *Port id: (.+)$",
            "neighbor_interface": r"^ *Port Description: (.+)$",
            "neighbor_name": r"^ *System Name: (.+)$",
            "neighbor_description": r"^ *System Description: *\n(.+)$",
            "mgmt_address": rf"^ +IP: ({_ADDRESS})",
        },
        r"^ *Chassis id: ",
    ),
    "show cdp neighbors detail": _blocks(
        {
            "local_interface": r"^ *Interface: ([^,]+),",
            "neighbor_name": r"^ *Device ID: ?(.+)$",
            "neighbor_interface": r"Port ID \(outgoing port\): (.+)$",
            "platform": r"^ *Platform: ([^,]+),",
            "mgmt_address": rf"^ +IP(?:v4)? address: ({_ADDRESS})",
        },
        r"^ *Device ID:",
    ),
    "show mac address-table": _learned,
    "show interfaces": _interfaces,
    "show interfaces status": _each(
        rf"^(?P<port>{_PORT}) +(?P<name>.*)(?<!\S)(?P<status>{_STATES})\b.*? +"
        r"(?P<vlan_id>\d[\d,]*|trunk|routed|unassigned|f-path|--|pvlan \S+) +"
        r"(?P<duplex>\S+) +(?P<speed>\S+)"
    ),
    "show interfaces description": _each(
        rf"^(?P<port>{_PORT}) +(?P<status>admin down|administratively down|\w[\w-]*) +"
        r"(?P<protocol>up|down)\b *(?P<description>.*?) *$"
    ),
    "show interfaces switchport": _switchports,
    "show power inline": _each(
        # Between the two, some versions tell a priority, and others what is plugged in.
        rf"^(?P<interface>{_PORT}) +(?P<admin_status>auto|static|never|off|consta\S*) +(?:.*? )??"
        r"(?P<operational_status>\S+) +(?P<power>\d+\.\d+|\d{1,2})(?!\S)"
    ),
    "show ip dhcp binding": _bindings,
    "show ip arp": _each(rf"^Internet +(?P<ip_address>{_ADDRESS}) +\S+ +(?P<mac_address>{_MAC})"),
}
COMMANDS = tuple(_OWN)
