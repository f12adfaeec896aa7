"""Ports, VLANs, spanning tree and power of an OpenWrt device, of what ``examine.sh`` said."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from provisioner.drivers.linux.examining_ports import COLUMNS, health
from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.network import PortHealth, PowerBudget
from provisioner.drivers.openwrt.examining_sections import of_kind, shown
from provisioner.drivers.openwrt.looking import NO_PORT, json_object
from provisioner.drivers.openwrt.sections import Section

_FILE = re.compile(r"/sys/class/net/([^/]+)/([^:]+):(.*)")
_MEMBER = re.compile(r"/sys/class/net/([^/]+)/brif/([^/*\s]+)")
_VLAN_DEVICE = re.compile(r"(\S+)\s*\|\s*(\d+)\s*\|\s*(\S+)")
_FILES: Mapping[str, str] = dict(
    zip(
        (
            "flags", "carrier", "speed", "duplex", "carrier_changes", "statistics/rx_bytes",
            "statistics/tx_bytes", "statistics/rx_errors", "statistics/tx_errors",
            "statistics/tx_window_errors", "statistics/tx_dropped",
        ),
        COLUMNS,
        strict=True,
    )
)  # fmt: skip
_NOT_WIRED = frozenset({"wlan", "bridge", "vlan", "ppp", "gretap", "vxlan"})
_TREE: Mapping[str, Literal["learning", "forwarding", "blocking"]] = {
    "1": "learning", "2": "learning", "3": "forwarding", "4": "blocking",
}  # fmt: skip
_FEEDING: Mapping[str, Literal["on", "off", "searching", "denied", "fault"]] = {
    "delivering power": "on", "disabled": "off", "searching": "searching",
    "requesting power": "denied", "fault": "fault", "other fault": "fault",
}  # fmt: skip
_LINK = re.compile(r"link:\s*port:\d+ link:(\w+)(?: speed:(\d+)\S* (\w+)-duplex)?")


@dataclass(frozen=True)
class Wiring:
    """Which interfaces there are, and how they are put together."""

    about: Mapping[str, Mapping[str, str]]
    """Files of each interface, by its name."""
    bridge: Mapping[str, str]
    """Of each port of a bridge."""
    tagged: Mapping[str, tuple[int, str]]
    """VLAN and parent of each interface that is a VLAN of another."""
    sections: list[Section]
    """What /etc/config/network says."""

    @classmethod
    def of(cls, answer: Answer) -> Wiring:
        about: dict[str, dict[str, str]] = {}
        for name, file, value in _FILE.findall(answer.blocks.get("about", "")):
            about.setdefault(name, {})[file] = value
            key, _, said = value.partition("=")
            if file == "uevent" and key == "DEVTYPE":
                about[name]["kind"] = said
        members = _MEMBER.findall(answer.blocks.get("bridged", ""))
        rows = _VLAN_DEVICE.findall(answer.blocks.get("interfaces", ""))
        return cls(
            about,
            {port: bridge for bridge, port in members},
            {name: (int(number), parent) for name, number, parent in rows},
            shown(answer.blocks.get("network", "")),
        )

    def is_port(self, name: str) -> bool:
        """Whether a cable goes there."""
        facts = self.about.get(name, {})
        wireless = "phy80211/name" in facts or facts.get("kind") in _NOT_WIRED
        return not (wireless or name in self.tagged or NO_PORT.fullmatch(name))

    def filters(self, bridge: str) -> bool:
        """Whether that bridge tells VLANs apart."""
        return self.about.get(bridge, {}).get("bridge/vlan_filtering") == "1"

    def vlan(self, device: str) -> int | None:
        """The VLAN that an interface is about, itself or as a bridge of such."""
        if device in self.tagged:
            return self.tagged[device][0]
        if (match := re.fullmatch(r".*\.(\d+)", device)) is not None:
            return int(match[1])
        inside = [
            self.tagged[p][0] for p, b in self.bridge.items() if b == device and p in self.tagged
        ]
        return inside[0] if len(set(inside)) == 1 else None


def ports(answer: Answer, topics: Collection[str]) -> dict[str, PortHealth]:
    """By name; what was not asked for is left out of each."""
    wiring = Wiring.of(answer)
    found = _counted(answer, wiring, rates="ports" in topics)
    for each in _switched(answer):
        found[each.port] = each
    for note in of_kind(wiring.sections, "prov_port"):
        if (name := note.text("port")) in found:
            found[name] = replace(found[name], description=note.text("description"))
    if "vlans" in topics:
        _vlans(found, answer, wiring)
    if "spanning_tree" in topics:
        for name, each in found.items():
            tree = wiring.about.get(wiring.bridge.get(name, ""), {}).get("bridge/stp_state", "0")
            if tree != "0" and each.up:
                state = wiring.about.get(name, {}).get("brport/state", "")
                found[name] = replace(each, tree=_TREE.get(state))
    if "power" in topics:
        for name, fed in json_object(answer.blocks.get("poe", "")).get("ports", {}).items():
            if name in found:
                feeding = _FEEDING.get(str(fed.get("status", "")).lower())
                watts = fed.get("consumption")
                found[name] = replace(
                    found[name], feeding=feeding, watts=None if watts is None else float(watts)
                )
    return found


def _counted(answer: Answer, wiring: Wiring, *, rates: bool) -> dict[str, PortHealth]:
    moments: list[float] = []
    rows: dict[str, list[dict[str, str]]] = {}
    for line in answer.blocks.get("counters", "").splitlines():
        file = _FILE.fullmatch(line)
        if line.startswith("/proc/uptime:"):
            moments.append(float(line.partition(":")[2].split()[0]))
        elif file and moments and wiring.is_port(file[1]) and file[2] in _FILES:
            readings = rows.setdefault(file[1], [])
            while len(readings) < len(moments):
                readings.append(dict.fromkeys(COLUMNS, "-"))
            readings[-1][_FILES[file[2]]] = file[3]
    took = moments[-1] - moments[0] if rates and len(moments) > 1 else 0.0
    return {
        name: health(name, each, took) for name, each in rows.items() if each[-1]["flags"] != "-"
    }


def budget(answer: Answer) -> PowerBudget | None:
    """What power there is for what is plugged in."""
    told = json_object(answer.blocks.get("poe", ""))
    available, used = told.get("budget"), told.get("consumption")
    return PowerBudget(float(available), float(used)) if available and used is not None else None


# ---------------------------------------------------------------------- VLANs


def vlans(answer: Answer) -> dict[int, str] | None:
    """Those that it knows, with their names; None where it does not tell."""
    if "network" not in answer.blocks:
        return None
    wiring = Wiring.of(answer)
    found = {number: "" for number, _ in wiring.tagged.values()}
    for table in _bridged(answer, wiring).values():
        found |= dict.fromkeys(table, "")
    for section in of_kind(wiring.sections, "bridge-vlan"):
        if section.text("vlan").isdecimal():
            found[int(section.text("vlan"))] = section.text("name")
    for each in _switched(answer):
        native = frozenset() if each.untagged is None else frozenset({each.untagged})
        found |= dict.fromkeys((each.tagged or frozenset()) | native, "")
    return found


def _vlans(found: dict[str, PortHealth], answer: Answer, wiring: Wiring) -> None:
    told = _bridged(answer, wiring)
    for name, each in found.items():
        bridge = wiring.bridge.get(name, "")
        if ":" in name:
            continue
        if wiring.filters(bridge):
            table = told.get(name, {})
            plain = [number for number, tag in table.items() if not tag]
            tagged = frozenset(number for number, tag in table.items() if tag)
            untagged = plain[0] if len(plain) == 1 else None
        else:  # a bridge that tells none apart passes what stands on it, by each of its ports
            tagged = frozenset(
                number for number, parent in wiring.tagged.values() if parent in (name, bridge)
            )
            untagged = None
        mode: Literal["access", "trunk"] | None = "trunk" if tagged else None
        if untagged is not None and not tagged:
            mode = "access"
        found[name] = replace(each, mode=mode, untagged=untagged, tagged=tagged)


def _bridged(answer: Answer, wiring: Wiring) -> dict[str, dict[int, bool]]:
    """By port the VLANs that it passes, and whether with a tag, where the bridge tells them apart.

    The kernel's own word, else the configuration's.
    """
    found: dict[str, dict[int, bool]] = {}
    name = ""
    for line in answer.blocks.get("vlans", "").splitlines():
        words = line.split()
        if line[:1].strip():
            name, *words = words
        if words and words[0].isdecimal() and wiring.filters(wiring.bridge.get(name, "")):
            found.setdefault(name, {})[int(words[0])] = "Untagged" not in words
    if "vlans" in answer.blocks:
        return found
    for section in of_kind(wiring.sections, "bridge-vlan"):
        for item in section.words("ports"):
            port, _, flags = item.partition(":")
            found.setdefault(port, {})[int(section.text("vlan"))] = "t" in flags
    return found


# ---------------------------------------------------------------------- swconfig


def _switched(answer: Answer) -> Iterator[PortHealth]:
    """Of a switch that is not in the kernel, as ``swconfig`` tells."""
    for name, text in answer.blocks.items():
        word, _, switch = name.partition(" ")
        if word != "switch":
            continue
        tagged: dict[str, set[int]] = {}
        plain: dict[str, list[int]] = {}
        parts = re.split(r"^(Port|VLAN) (\d+):$", text, flags=re.MULTILINE)[1:]
        groups = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
        for kind, number, body in groups:
            vid, members = re.search(r"vid: (\d+)", body), re.search(r"ports: (.*)", body)
            if kind == "VLAN" and members:
                vlan = int(vid[1] if vid else number)
                for member in members[1].split():
                    if member.endswith("t"):
                        tagged.setdefault(member[:-1], set()).add(vlan)
                    else:
                        plain.setdefault(member, []).append(vlan)
        for kind, number, body in groups:
            link, pvid = _LINK.search(body), re.search(r"pvid: (\d+)", body)
            if kind == "Port" and link:
                own = frozenset(tagged.get(number, ()))
                native = int(pvid[1]) if pvid and pvid[1] != "0" else None
                if len(plain.get(number, ())) == 1:  # pvid counts VLANs, or tells their number
                    native = plain[number][0]
                yield PortHealth(
                    port=f"{switch}:{number}",
                    up=link[1] == "up",
                    speed_mbps=int(link[2]) if link[2] else None,
                    duplex="full" if link[3] == "full" else "half" if link[3] == "half" else None,
                    mode="trunk" if own else "access",
                    untagged=None if native in own else native,
                    tagged=own,
                )
