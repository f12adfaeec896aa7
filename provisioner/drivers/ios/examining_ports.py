"""Ports as they are: link, counters, VLANs, spanning tree, power."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Literal

from provisioner.drivers.ios import looking
from provisioner.drivers.ios.configuration import ALL_VLANS, numbers
from provisioner.drivers.ios.examining_asked import Asked
from provisioner.drivers.ios.examining_system import events
from provisioner.drivers.ios.ports import full
from provisioner.drivers.ios.tables import rows
from provisioner.drivers.network.examination import PortHealth, PowerBudget

INTERFACES = "show interfaces"
STATUS = "show interfaces status"
TREE = "show spanning-tree"
POWER = "show power inline"
VLANS = ("show vlan brief", "show vlan", "show vlan-switch brief", "show vlan-switch")
_SWITCHPORT = "show interfaces switchport"
_FAILED = "show interfaces status err-disabled"

_PORT = r"[A-Za-z][A-Za-z-]*\d[\w/.:]*"
_HEAD = re.compile(r"^(\S[^\n]*?) is ([^,\n]+), line protocol is ([^\n]+?)\s*$", re.MULTILINE)
_NUMBERS = {
    "in_errors": re.compile(r"(\d+) input errors"),
    "out_errors": re.compile(r"(\d+) output errors"),
    "drops": re.compile(r"Total output drops: (\d+)|Output queue[^\n;]*?, (\d+) drops"),
    "in_bps": re.compile(r"input rate (\d+) bits/sec"),
    "out_bps": re.compile(r"output rate (\d+) bits/sec"),
}
_LATE = re.compile(r"(\d+) late collision")
_COLLISIONS = re.compile(r"(\d+) collisions")
_CHANGES = (re.compile(r"(\d+) carrier transitions"), re.compile(r"(\d+) interface resets"))
_DUPLEX = re.compile(r"\b(full|half)[ -]duplex", re.IGNORECASE)
_SPEED = re.compile(r"(\d+) ?([MG])b(?:ps|/s|it/s)")
_TAG = re.compile(r"802\.1Q Virtual LAN, Vlan ID +(\d+)", re.IGNORECASE)
_UPDOWN = re.compile(rf"%LINK-\d-UPDOWN: Interface ({_PORT}),")
_BECAUSE = re.compile(rf"%PM-\d-ERR_DISABLE: (\S+) error detected on ({_PORT}),")
_SET_OFF = re.compile(rf"^({_PORT}) .*?\berr-disabled +(\S+(?: \S+)*)", re.MULTILINE)
_KNOWN = re.compile(r"^(\d{1,4}) +(\S.*?) +active\b", re.MULTILINE)
_RESERVED = range(1002, 1006)

Values = Iterator[tuple[str, dict[str, Any]]]


def merged(found: dict[str, PortHealth], values: Values) -> None:
    """Put more into the ports; what is not there yet counts as not up."""
    for name, more in values:
        found[name] = replace(found.get(name) or PortHealth(name, up=False), **more)


# ---------------------------------------------------------------- link and counters


def links(asked: Asked) -> Values:
    """Each interface with its counters."""
    flapped = Counter(full(m[1]) for line in events(asked) if (m := _UPDOWN.search(line)))
    for head, block in _interfaces(asked):
        yield full(head[1]), _link(head, block, flapped)


def _interfaces(asked: Asked) -> Iterator[tuple[re.Match[str], str]]:
    """The first line of each port, and what follows it up to the next, be that a port or not."""
    text = asked.text(INTERFACES, "line protocol is")
    heads = list(_HEAD.finditer(text))
    for head, following in zip_longest(heads, heads[1:]):
        if re.fullmatch(_PORT, head[1]):
            yield head, text[head.end() : following.start() if following else len(text)]


def _link(head: re.Match[str], block: str, flapped: Mapping[str, int]) -> dict[str, Any]:
    up = head[2].strip() == "up" and head[3].startswith("up")
    described = re.search(r"^ +Description: (.*?)\s*$", block, re.MULTILINE)
    duplex, speed = _DUPLEX.search(block), _SPEED.search(block)
    values: dict[str, Any] = {
        "up": up,
        "enabled": "admin" not in head[2],
        "description": described[1] if described else "",
        "duplex": duplex[1].lower() if duplex and up else None,
        "speed_mbps": looking.speed(f"{speed[1]}{speed[2]}") if speed and up else None,
    }
    for key, form in _NUMBERS.items():
        if told := form.search(block):
            values[key] = int(next(filter(None, told.groups())))
    for key in ("in_bps", "out_bps"):
        if key in values:
            values[key] = float(values[key])
    late = _LATE.search(block) or _COLLISIONS.search(block)
    values["collisions"] = int(late[1]) if late else None
    changes = next((m for form in _CHANGES if (m := form.search(block))), None)
    if changes:
        values["changes"] = int(changes[1]) + flapped.get(full(head[1]), 0)
    if "err-disabled" in head[3] or "err-disabled" in head[2]:
        values["disabled_by_fault"] = "unknown"
    return values


def detailed(asked: Asked) -> bool:
    """Whether the long table says of each port what the short one would: most switches do."""
    text = asked.text(INTERFACES, "line protocol is")
    ports = re.findall(r"^[A-Za-z-]*(?:Ethernet|GigE)\d\S* is .*$", text, re.MULTILINE)
    return bool(ports) and all(re.search(r"\([a-z-]+\) *$|^\S+ is admin", row) for row in ports)


def states(asked: Asked, known: Mapping[str, PortHealth]) -> Values:
    """What the short table adds; the whole of it where the long one is not known."""
    for row in rows(STATUS, asked.text(STATUS, r"^Port ")):
        name = full(row["port"])
        values: dict[str, Any] = {}
        if name not in known:
            values = {
                "up": row["status"].startswith("connected"),
                "description": row["name"].strip(),
            }
            values["enabled"] = row["status"] != "disabled"
        if row["status"] == "err-disabled":
            values |= {"disabled_by_fault": "unknown", "up": False}
        if row["status"].startswith("connected"):
            if "half" in row["duplex"] or "full" in row["duplex"]:
                values["duplex"] = "half" if "half" in row["duplex"] else "full"
            if mbps := looking.speed(row["speed"]):
                values["speed_mbps"] = mbps
        if row["vlan_id"].isdigit():
            values |= {"mode": "access", "untagged": int(row["vlan_id"]), "tagged": frozenset()}
        elif row["vlan_id"] == "trunk":
            values["mode"] = "trunk"
        yield name, values


def reasons(asked: Asked, known: Mapping[str, PortHealth]) -> Values:
    """Why the device has switched ports off; asked only where it has."""
    off = {name for name, port in known.items() if port.disabled_by_fault}
    if not off:
        return
    logged = {}
    for line in events(asked):
        if because := _BECAUSE.search(line):
            logged[full(because[2])] = because[1]
    told = {full(name): why for name, why in _SET_OFF.findall(asked.text(_FAILED))}
    for name in off:
        if why := told.get(name) or logged.get(name):
            yield name, {"disabled_by_fault": why}


# ---------------------------------------------------------------- VLANs


def vlans(asked: Asked) -> dict[int, str] | None:
    """Those that pass frames; a suspended one is not among them."""
    text = asked.either(*VLANS, sign=r"^VLAN +Name|^\d+ +\S+ +active")
    found = {int(number): name for number, name in _KNOWN.findall(text)}
    return {vlan: name for vlan, name in found.items() if vlan not in _RESERVED} or None


def switched(asked: Asked) -> Values:
    """Mode and VLANs of each switch port, as it works now or else as it is set up."""
    for block in re.split(
        r"^(?= *Name: )", asked.text(_SWITCHPORT, "^ *Name: "), flags=re.MULTILINE
    )[1:]:
        told = _told(block)
        name = full(told["Name"])
        mode = _mode(told.get("Operational Mode", "")) or _mode(told.get("Administrative Mode", ""))
        if told.get("Switchport", "Enabled") != "Enabled" or mode is None:
            continue
        native, access = (_vlan(told.get(key, "")) for key in
                          ("Trunking Native Mode VLAN", "Access Mode VLAN"))  # fmt: skip
        if mode == "access":
            voice = _vlan(told.get("Voice VLAN", ""))
            yield name, {"mode": mode, "untagged": access, "tagged": frozenset({voice} - {None})}
        else:
            listed = told.get("Trunking VLANs Enabled", "")
            allowed = _tagged(listed, None)
            yield name, {
                "mode": mode, "untagged": native, "tagged": _tagged(listed, native),
                "native_passes": allowed is None or native in allowed,
            }  # fmt: skip


def _told(block: str) -> dict[str, str]:
    found: dict[str, str] = {}
    last = ""
    for line in block.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            found[last := key.strip()] = value.strip()
        elif last and re.fullmatch(r"[ \d,-]+", line):
            found[last] += line.strip()
    return found


def _mode(said: str) -> Literal["access", "trunk"] | None:
    if said.startswith("trunk"):
        return "trunk"
    return "access" if said.startswith("static access") else None


def _vlan(text: str) -> int | None:
    number = text.partition(" ")[0]
    return int(number) if number.isdigit() else None


def _tagged(listed: str, native: int | None) -> frozenset[int] | None:
    if listed.upper() in ("ALL", ""):
        return (ALL_VLANS - {native}) if listed else None
    if listed.upper() == "NONE":
        return frozenset()
    try:
        return frozenset(numbers(re.sub(r"\s+", "", listed))) - {native}
    except ValueError:
        return None


def subinterfaces(asked: Asked) -> Values:
    """A router's port carries with a tag what its parts below it carry."""
    found: dict[str, set[int]] = {}
    for head, block in _interfaces(asked):
        parent, dot, _ = full(head[1]).rpartition(".")
        if dot and (tag := _TAG.search(block)):
            found.setdefault(parent, set()).add(int(tag[1]))
    for name, tags in found.items():
        yield name, {"mode": "trunk", "tagged": frozenset(tags)}


# ---------------------------------------------------------------- spanning tree


_INSTANCE = re.compile(r"^(?:VLAN0*(\d+)|(MST?\d+)|Bridge group (\d+))\s*$")
_MEMBER = re.compile(rf"^({_PORT}) +\S+ +(FWD|BLK|LRN|LIS|LBK|BKN)(\*?) *\d+ +\d+\.\d+ *(.*?)\s*$")
_LONG = re.compile(
    rf"^ *Port \d+ \(({_PORT})\) of (?:VLAN0*(\d+)|\S.*?) is (?:\w+ )?(\w+) *(?:\((.*)\))?\s*$"
)
_WRONG = re.compile(
    r"\*(\w+_Inc)\b|\b(Loop|Root|PVID|PVST|Type)\b.*?[- ]inconsistent", re.IGNORECASE
)
_SPELLED = {"forwarding": "FWD", "blocking": "BLK", "learning": "LRN", "listening": "LIS",
            "broken": "BKN"}  # fmt: skip


def tree(asked: Asked) -> Values:
    """Each port over all VLANs: what is worst of it."""
    states: dict[str, list[tuple[str, int | None, str]]] = {}
    vlan: int | None = None
    for line in asked.text(TREE, "spanning tree").splitlines():
        if begun := _INSTANCE.match(line.strip()):
            vlan = int(begun[1]) if begun[1] else None
        elif row := _MEMBER.match(line):
            wrong = _WRONG.search(row[4])
            state = "BKN" if wrong or row[3] else row[2]
            reason = next(filter(None, wrong.groups()), "") if wrong else ""
            states.setdefault(full(row[1]), []).append((state, vlan, reason))
        elif (row := _LONG.match(line)) and row[3] in _SPELLED:
            number = int(row[2]) if row[2] else None
            wrong = _WRONG.search(row[4] or "")
            state, reason = ("BKN", row[4]) if wrong else (_SPELLED[row[3]], "")
            states.setdefault(full(row[1]), []).append((state, number, reason))
    for name, found in states.items():
        yield name, _worst(found)


def _worst(found: list[tuple[str, int | None, str]]) -> dict[str, Any]:
    held = {"BKN", "BLK", "LBK"}
    kinds = {state for state, _, _ in found}
    worst = (
        "broken" if "BKN" in kinds else "blocking" if kinds & held
        else "learning" if kinds & {"LRN", "LIS"} else "forwarding"
    )  # fmt: skip
    reasons = sorted({reason for _, _, reason in found if reason})
    return {
        "tree": worst,
        "tree_reason": ", ".join(reasons),
        "blocked": frozenset(vlan for state, vlan, _ in found if state in held and vlan),
    }


# ---------------------------------------------------------------- power


_MODULE = re.compile(
    r"^ *(?:[A-Z]\S* +)?\d+ +(\d+\.\d+) +(\d+\.\d+) +(?:-?\d+\.\d+ *$|PS )", re.MULTILINE
)
"""A member of a stack; or the power supply of a router with switch ports."""
_WHOLE = re.compile(r"Available: ?(\d+(?:\.\d+)?) ?\(?w?\)? +Used: ?(\d+(?:\.\d+)?)", re.IGNORECASE)


def feeding(asked: Asked) -> Values:
    """What each port gives to what is plugged in."""
    for row in rows(POWER, asked.text(POWER, r"^ *(?:Interface|Module|Available)")):
        name, admin = full(row["interface"]), row["admin_status"].lower()
        state = row["operational_status"].lower()
        watts = re.fullmatch(r"\d+(?:\.\d+)?", row["power"] or "")
        kind = (
            "denied" if "deny" in state or "denied" in state
            else "fault" if state.startswith(("fault", "err", "bad", "overdrawn"))
            else "on" if state.startswith("on")
            else "off" if admin in ("never", "off") else "searching"
        )  # fmt: skip
        yield name, {"feeding": kind, "watts": float(watts[0]) if watts else None}


def budget(asked: Asked) -> PowerBudget | None:
    """Of all its members together."""
    text = asked.text(POWER, r"^ *(?:Interface|Module|Available)")
    found = _MODULE.findall(text) or _WHOLE.findall(text)
    if not found:
        return None
    return PowerBudget(sum(float(a) for a, _ in found), sum(float(u) for _, u in found))
