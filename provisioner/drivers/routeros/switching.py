"""VLANs, trunks, access ports and descriptions as a bridge that filters VLANs has them: pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import IPv4Interface

from provisioner.drivers.network import AccessPort, Description, Intent, TrunkMember, Vlan
from provisioner.drivers.routeros.configuration import (
    ANY_INTERFACE,
    BONDING,
    BRIDGE,
    BRIDGE_PORT,
    BRIDGE_VLAN,
    ETHERNET,
    POE,
    VLAN_INTERFACE,
    Configuration,
    Item,
)
from provisioner.drivers.routeros.lines import Add, Line, Member, Remove, Set, Where, mark_of
from provisioner.texts import Message, say

UNTAGGED_ONLY = "admit-only-untagged-and-priority-tagged"
TAGGED_ONLY = "admit-only-vlan-tagged"
_FEEDS = ("auto-on", "forced-on")
TWICE = " + "
"""Between the names of what stands there more than once."""


# ---------------------------------------------------------------------- what is there


def found_vlan(now: Configuration, wanted: Vlan) -> Vlan | None:
    """Its name is the comment; twice there, it has both."""
    names = [entry.get("comment") for entry in entries(now, wanted.id)]
    return Vlan(wanted.id, TWICE.join(names)) if names else None


def found_member(now: Configuration, wanted: TrunkMember) -> TrunkMember | None:
    port = bridge_port(now, wanted.port)
    if port is None:
        return None
    tagged = [e for e in carrying(now, wanted.vlan) if port.get("interface") in e.listed("tagged")]
    return wanted if any(e.get("bridge") == port.get("bridge") for e in tagged) else None


def found_port(now: Configuration, wanted: AccessPort) -> AccessPort | None:
    port = bridge_port(now, wanted.port)
    if port is None or _is_trunk(now, port):
        return None
    description = comment(now, wanted.port)
    plain = port.get("frame-types") != UNTAGGED_ONLY
    vlan = port.get("pvid")
    feeds = None if wanted.poe is None else poe(now, wanted.port)
    if (
        plain and vlan == "1" and not description and feeds in (None, True)
    ) or not vlan.isdecimal():
        return None
    return AccessPort(wanted.port, int(vlan), description, feeds)


def found_description(now: Configuration, wanted: Description) -> Description | None:
    text = comment(now, wanted.port)
    return Description(wanted.port, text) if text else None


# ---------------------------------------------------------------------- why it cannot be


def problem(
    now: Configuration, intent: Intent, wanted: Sequence[Intent], ports: Collection[str],
    feeding: Collection[str] | None,
) -> Message | None:  # fmt: skip
    """Why it could not be put there. ``ports``: its interfaces; ``feeding``: those with PoE."""
    if isinstance(intent, Vlan):
        return _vlan_problem(now, intent)
    if not isinstance(intent, TrunkMember | AccessPort | Description):
        return None
    if intent.port not in ports:
        return say("there is no port %(port)s", port=intent.port)
    if isinstance(intent, Description):
        return None
    port = bridge_port(now, intent.port)
    if port is None:
        return say("%(port)s is no switch port", port=intent.port)
    if (bridge := now.named(BRIDGE, port.get("bridge"))) is None or not _filters(bridge):
        return say("its bridge does not filter VLANs (vlan-filtering=no)")
    asked = {other.id for other in wanted if isinstance(other, Vlan)}
    known = {number for e in now.at(BRIDGE_VLAN) for number in numbers(e)}
    if intent.vlan not in asked | known:
        return say("there is no VLAN %(vlan)s", vlan=intent.vlan)
    if isinstance(intent, TrunkMember):
        return _member_problem(now, intent, port)
    if port.get("interface") != intent.port:
        return say("%(port)s is part of a port channel", port=intent.port)
    if _is_trunk(now, port):
        return say("%(port)s is a trunk", port=intent.port)
    if intent.poe is not None and feeding is not None and intent.port not in feeding:
        return say("%(port)s cannot feed a device (no PoE)", port=intent.port)
    return None


def _vlan_problem(now: Configuration, intent: Vlan) -> Message | None:
    found = entries(now, intent.id)
    if len(found) == 1 and found[0].get("comment") == intent.name:
        return None
    bridges = filtering(now)
    if not bridges:
        return say("its bridge does not filter VLANs (vlan-filtering=no)")
    if len(bridges) > 1:
        return say("it has several bridges that filter VLANs")
    if _in_a_range(now, intent.id):
        return say("VLAN %(vlan)s is part of a range of VLANs there", vlan=intent.id)
    return None


def _member_problem(now: Configuration, intent: TrunkMember, port: Item) -> Message | None:
    if port.get("frame-types") == UNTAGGED_ONLY:
        return say("%(port)s is not set up as a trunk", port=intent.port)
    if _in_a_range(now, intent.vlan) and found_member(now, intent) is None:
        return say("VLAN %(vlan)s is part of a range of VLANs there", vlan=intent.vlan)
    if any(port.get("interface") in e.listed("untagged") for e in carrying(now, intent.vlan)):
        return say("%(port)s is in VLAN %(vlan)s untagged", port=intent.port, vlan=intent.vlan)
    return None


def needed(now: Configuration, vlan: int) -> Message | None:
    """Why a VLAN may not be taken away: the router has an address there that is not ours."""
    theirs = [
        each.name
        for each in now.at(VLAN_INTERFACE)
        if each.get("vlan-id") == str(vlan) and not mark_of(each)
    ]
    for address in now.at("/ip address"):
        if address.get("interface") in theirs:
            return say(
                "VLAN %(vlan)s carries the device's own address %(address)s",
                vlan=vlan, address=str(IPv4Interface(address.get("address")).ip),
            )  # fmt: skip
    return None


# ---------------------------------------------------------------------- what to type


def vlan_lines(now: Configuration, wanted: Vlan, present: bool) -> list[Line]:
    there = entries(now, wanted.id)
    if not present:
        return [_removal(entry) for entry in _each(there)]
    if not there:
        props = {"bridge": filtering(now)[0].name, "comment": wanted.name,
                 "vlan-ids": str(wanted.id)}  # fmt: skip
        return [Add(BRIDGE_VLAN, props)]
    if len(there) == 1:
        return [Set(BRIDGE_VLAN, _entry(there[0]), {"comment": wanted.name})]
    merged = {**there[0].props, "comment": wanted.name}
    for kind in ("tagged", "untagged"):
        if members := list(dict.fromkeys(m for entry in there for m in entry.listed(kind))):
            merged[kind] = ",".join(members)
    return [*(_removal(entry) for entry in _each(there)), Add(BRIDGE_VLAN, merged)]


def member_lines(now: Configuration, wanted: TrunkMember, present: bool) -> list[Line]:
    port = bridge_port(now, wanted.port)
    if port is None:
        return []
    name, bridge = port.get("interface"), port.get("bridge")
    there = [e for e in entries(now, wanted.vlan) if e.get("bridge") == bridge]
    return [Member(BRIDGE_VLAN, _entry(e), "tagged", name, present) for e in _each(there)]


def port_lines(now: Configuration, wanted: AccessPort, present: bool) -> list[Line]:
    port, where = bridge_port(now, wanted.port), Where.of(interface=wanted.port)
    name = Where.of(name=wanted.port)
    if port is None:
        return []
    pvid, types = (str(wanted.vlan), UNTAGGED_ONLY) if present else ("1", "admit-all")
    elsewhere = [
        Member(BRIDGE_VLAN, _entry(entry), "untagged", wanted.port, False)
        for entry in now.at(BRIDGE_VLAN)
        if wanted.port in entry.listed("untagged") and numbers(entry) != {int(pvid)}
    ]
    props = {"pvid": pvid, "frame-types": types}
    changed = {key: text for key, text in props.items() if port.get(key) != text}
    lines: list[Line] = [*elsewhere]
    lines += [Set(BRIDGE_PORT, where, changed)] if changed else []
    lines.append(Set(ANY_INTERFACE, name, {"comment": wanted.description if present else ""}))
    if wanted.poe is not None and poe(now, wanted.port) is not (wanted.poe or not present):
        feeds = wanted.poe or not present
        lines.append(Set(POE, name, {"poe-out": "auto-on" if feeds else "off"}))
    return lines


def description_lines(now: Configuration, wanted: Description, present: bool) -> list[Line]:
    text = wanted.text if present else ""
    return [Set(ANY_INTERFACE, Where.of(name=wanted.port), {"comment": text})]


# ---------------------------------------------------------------------- small things


def entries(now: Configuration, vlan: int) -> list[Item]:
    """What says something about this VLAN and no other."""
    return [entry for entry in now.at(BRIDGE_VLAN) if numbers(entry) == {vlan}]


def carrying(now: Configuration, vlan: int) -> list[Item]:
    """What says something about this VLAN, also in a range."""
    return [entry for entry in now.at(BRIDGE_VLAN) if vlan in numbers(entry)]


def numbers(entry: Item) -> set[int]:
    """``20,30-32`` as numbers."""
    found: set[int] = set()
    for part in entry.listed("vlan-ids"):
        low, _, high = part.partition("-")
        if low.isdecimal() and (high or low).isdecimal():
            found |= set(range(int(low), int(high or low) + 1))
    return found


def bridge_port(now: Configuration, name: str) -> Item | None:
    """The port of a bridge that the port is, or that the bond is which it belongs to."""
    bond = next((b.name for b in now.at(BONDING) if name in b.listed("slaves")), name)
    return next((port for port in now.at(BRIDGE_PORT) if port.get("interface") == bond), None)


def filtering(now: Configuration) -> list[Item]:
    return [bridge for bridge in now.at(BRIDGE) if _filters(bridge)]


def comment(now: Configuration, name: str) -> str:
    found = now.named(ANY_INTERFACE, name)
    return found.get("comment") if found else ""


def poe(now: Configuration, name: str) -> bool:
    """Whether it feeds what is plugged in; by default it does."""
    found = now.named(ETHERNET, name)
    return found is None or found.get("poe-out") in _FEEDS


def _filters(bridge: Item) -> bool:
    return bridge.get("vlan-filtering") == "yes"


def _is_trunk(now: Configuration, port: Item) -> bool:
    name = port.get("interface")
    return port.get("frame-types") == TAGGED_ONLY or any(
        name in entry.listed("tagged") for entry in now.at(BRIDGE_VLAN)
    )


def _in_a_range(now: Configuration, vlan: int) -> bool:
    return len(carrying(now, vlan)) > len(entries(now, vlan))


def _entry(entry: Item) -> Where:
    return Where.of(bridge=entry.get("bridge"), vlan_ids=entry.get("vlan-ids"))


def _removal(entry: Item) -> Remove:
    return Remove(
        BRIDGE_VLAN,
        Where.of(
            bridge=entry.get("bridge"), vlan_ids=entry.get("vlan-ids"), comment=entry.get("comment")
        ),
    )


def _each(found: Sequence[Item]) -> list[Item]:
    """One of those that the same line means."""
    keys = {(e.get("bridge"), e.get("vlan-ids"), e.get("comment")): e for e in reversed(found)}
    return list(reversed(keys.values()))
