"""A router's ports as they are now: link, errors, VLANs, spanning tree, power; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from provisioner.drivers.network import PortHealth, PowerBudget
from provisioner.drivers.routeros.examining_shapes import blocks, count, number, size
from provisioner.drivers.routeros.facts import Row, fields, rows

_PORTS = ("ether", "bond", "wlan", "wifi", "cap", "sfp", "lte", "pppoe")
_BROKEN = ("rx-fcs-error", "rx-align-error", "rx-code-error", "rx-length-error")
_FEEDING: Mapping[str, Literal["on", "off", "searching", "denied", "fault"]] = {
    "powered-on": "on", "on": "on", "disabled": "off", "off": "off",
    "waiting-for-load": "searching", "overload": "denied", "no-valid-psu": "denied",
    "short-circuit": "fault", "voltage-too-low": "fault", "current-too-low": "fault",
    "voltage-on-poe-in": "fault", "controller-error": "fault",
}  # fmt: skip
"""A port is in overload as well when the others have left nothing of the device's total."""
_ROLES: Mapping[str, Literal["forwarding", "blocking"]] = {
    "alternate-port": "blocking", "backup-port": "blocking",
}  # fmt: skip


def ports(said: Mapping[str, str], topics: Collection[str]) -> dict[str, PortHealth]:
    """All of its ports, with what was asked of them; ``said``: '' where there is no answer."""
    interfaces = [row for row in rows(said["interfaces"]) if row.get("name")]
    known = frozenset(row.get("name") for row in interfaces)
    found = {
        row.get("name"): PortHealth(
            row.get("name"), up="R" in row.flags, enabled="X" not in row.flags,
            description=row.get("comment"), changes=count(row.get("link-downs")),
        )
        for row in interfaces
        if row.get("type").startswith(_PORTS)
    }  # fmt: skip
    for topic, of in (
        ("ports", _links), ("vlans", _vlans), ("spanning_tree", _tree), ("power", _feeding),
    ):  # fmt: skip
        if topic in topics:
            for name, told in of(said, known).items():
                if name in found:
                    found[name] = replace(found[name], **told)
    return found


def running(said: Mapping[str, str]) -> list[str]:
    """Ports with a link, of which it is worth to ask how full they are."""
    found = rows(said["interfaces"])
    return [r.get("name") for r in found if "R" in r.flags and r.get("type").startswith(_PORTS)]


def budget(said: Mapping[str, str]) -> PowerBudget | None:
    """What it may feed altogether, where it says so."""
    told = fields(said["budget"])
    whole = number(told.get("poe-out-limit-power", ""))
    if whole is None:
        supplies = [number(v) for k, v in told.items() if k.endswith("poe-out-max-power")]
        whole = sum(filter(None, supplies)) or None
    if whole is None:
        return None
    used = (number(b.get("poe-out-power", "")) for b in blocks(said["feeding"], "name").values())
    return PowerBudget(whole, round(sum(filter(None, used)), 1))


def names_of_vlans(said: Mapping[str, str]) -> dict[int, str]:
    """All VLANs that it knows, by their own interface or by its bridges."""
    found: dict[int, str] = {}
    for row in _enabled(said["members"]):
        if row.get("pvid").isdecimal():
            found.setdefault(int(row.get("pvid")), "")
    for row in _enabled(said["vlans"]):
        for vlan in vlan_ids(row.get("vlan-ids")):
            found[vlan] = row.get("comment") or found.get(vlan, "")
    for row in _enabled(said["routed"]):
        if row.get("vlan-id").isdecimal():
            vlan = int(row.get("vlan-id"))
            found[vlan] = found.get(vlan) or row.get("name")
    return found


def vlan_ids(text: str) -> frozenset[int]:
    """The VLANs of ``10,20-22``."""
    found: set[int] = set()
    for low, high in re.findall(r"(\d+)(?:-(\d+))?", text):
        found.update(range(int(low), min(int(high or low), 4094) + 1))
    return frozenset(found)


def _enabled(text: str) -> list[Row]:
    return [row for row in rows(text) if "X" not in row.flags]


def _links(said: Mapping[str, str], known: Collection[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows(said["ethernet"]):
        if row.get("loop-protect-status") == "disable":
            found.setdefault(row.get("name"), {})["disabled_by_fault"] = "loop-protect"
    frames = blocks(said["frames"], "name", known)
    for row in rows(said["counters"]):
        counted = found.setdefault(row.get("name"), {})
        counted |= {
            "in_errors": count(row.get("rx-error")),
            "out_errors": count(row.get("tx-error")),
        }
        lost = [count(row.get(each)) for each in ("tx-drop", "tx-queue-drop")]
        counted["drops"] = sum(filter(None, lost)) if lost != [None, None] else None
    for name, told in frames.items():
        counted = found.setdefault(name, {})
        broken = [each for key in _BROKEN if (each := count(told.get(key, ""))) is not None]
        if broken:
            counted["in_errors"] = max(sum(broken), counted.get("in_errors") or 0)
        late = count(told.get("tx-late-collision", ""))
        counted["collisions"] = count(told.get("tx-collision", "")) if late is None else late
    for name, told in blocks(said["links"], "name", known).items():
        if told.get("status") in ("link-ok", None, ""):
            rate = size(told.get("rate", ""))
            duplex = {"yes": "full", "no": "half"}.get(told.get("full-duplex", ""))
            speed = None if rate is None else int(rate / 10**6)
            found.setdefault(name, {}).update(speed_mbps=speed, duplex=duplex)
    for name, told in blocks(said["rates"], "name", known).items():
        found.setdefault(name, {}).update(
            in_bps=size(told.get("rx-bits-per-second", "")),
            out_bps=size(told.get("tx-bits-per-second", "")),
        )
    return found


def _vlans(said: Mapping[str, str], known: Collection[str]) -> dict[str, dict[str, Any]]:
    bridges = {row.get("name"): row for row in rows(said["bridges"])}
    tagged: dict[str, set[int]] = {}
    for row in _enabled(said["vlans"]):
        for name in f"{row.get('tagged')},{row.get('current-tagged')}".split(","):
            tagged.setdefault(name, set()).update(vlan_ids(row.get("vlan-ids")))
    found: dict[str, dict[str, Any]] = {}
    out: set[str] = set()
    for row in rows(said["members"]):
        bridge, name = bridges.get(row.get("bridge")), row.get("interface")
        filters = bridge is not None and bridge.get("vlan-filtering") == "yes"
        if "X" in row.flags:
            out |= {name} if filters else set()
        elif filters:
            found[name] = _member(row, frozenset(tagged.get(name, ())))
        elif bridge is not None and row.get("pvid") not in ("", "1"):
            found[name] = {"mode": "access", "untagged": 1}  # set up, but the bridge heeds no VLAN
    routed: dict[str, set[int]] = {}
    for row in _enabled(said["routed"]):
        routed.setdefault(row.get("interface"), set()).update(vlan_ids(row.get("vlan-id")))
    for name, numbers in routed.items():
        found.setdefault(name, {"mode": "trunk", "tagged": frozenset(numbers)})
    for name in out:  # somebody has taken them out of the bridge
        found.setdefault(name, {"mode": "access", "untagged": 0, "tagged": frozenset()})
    return found


def _member(row: Row, tagged: frozenset[int]) -> dict[str, Any]:
    frames = row.get("frame-types")
    pvid = int(row.get("pvid")) if row.get("pvid").isdecimal() else 1
    if frames.endswith("only-untagged-and-priority-tagged"):
        tagged = frozenset()
    only_tagged = frames.endswith("only-vlan-tagged")
    mode = "trunk" if tagged or only_tagged else "access"
    return {"mode": mode, "untagged": None if only_tagged else pvid, "tagged": tagged - {pvid}}


def _tree(said: Mapping[str, str], known: Collection[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, told in blocks(said["tree"], "interface", known).items():
        if told.get("role", "") in ("", "disabled-port"):
            continue
        if told.get("forwarding") == "yes":
            state: str | None = "forwarding"
        else:
            state = _ROLES.get(told["role"]) or (
                "learning" if told.get("learning") == "yes" else "blocking"
            )
        found[name] = {"tree": state}
    return found


def _feeding(said: Mapping[str, str], known: Collection[str]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "feeding": _FEEDING.get(told.get("poe-out-status", "").lower()),
            "watts": number(told.get("poe-out-power", "")),
        }
        for name, told in blocks(said["feeding"], "name", known).items()
    }


def under(name: str, said: Mapping[str, str], vlan: int | None = None) -> Sequence[str]:
    """The ports through which an interface of the router reaches others; itself included."""
    for row in rows(said["routed"]):
        if row.get("name") == name:
            number_ = int(row.get("vlan-id")) if row.get("vlan-id").isdecimal() else None
            return [name, *under(row.get("interface"), said, number_)]
    bridge = next((row for row in rows(said["bridges"]) if row.get("name") == name), None)
    if bridge is None:
        return [name]
    through = [
        row.get("interface") for row in _enabled(said["members"]) if row.get("bridge") == name
    ]
    if vlan is not None and bridge.get("vlan-filtering") == "yes":
        told = _vlans(said, ())
        through = [
            port for port in through
            if vlan in told[port]["tagged"] or told[port]["untagged"] == vlan
        ]  # fmt: skip
    return [name, *through]
