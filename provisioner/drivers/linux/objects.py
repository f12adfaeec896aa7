"""What a Linux host says about the objects that somebody asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Interface, IPv4Network

from provisioner.drivers.linux import parts, ports, wifi
from provisioner.drivers.linux.parts import Parts
from provisioner.drivers.linux.scopes import rate_parts, scope_parts
from provisioner.drivers.linux.state import State
from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    RateLimit,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.texts import Message, say

Marked = Scope | RateLimit | Ssid
_KINDS = {Scope: "scope", RateLimit: "rate", Ssid: "ssid"}


@dataclass(frozen=True)
class Around:
    """What is not configuration, but decides what can be put on the host."""

    interfaces: Set[str] = field(default_factory=frozenset)
    addresses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By interface, with their prefix lengths."""
    programs: Set[str] = field(default_factory=frozenset)
    forwards: bool = True
    idle: Set[str] = field(default_factory=frozenset)
    """Files of ours that say what is not so at this moment."""


def name_of(intent: Marked) -> str:
    """What its parts are called on the host."""
    return parts.owner(intent.mark, _KINDS[type(intent)])


def wanted_parts(intent: Marked, state: State) -> Parts:
    """What has to stand for it. The trunk is its own only where nobody else has put it there."""
    adds = _noted(parts.standing(state, name_of(intent)), intent)[1]
    return _parts(intent, state, adds)


def standing_parts(intent: Marked, state: State) -> Parts:
    """What stands for it, with the trunk that was changed for it."""
    found = parts.standing(state, name_of(intent))
    before, adds = _noted(found, intent)
    if adds and isinstance(before, Scope | Ssid):
        trunk = _parts(before, state, adds).trunk
        if trunk and trunk[0] in state.ports:
            return replace(found, trunk=trunk)
    return found


def _parts(intent: Marked, state: State, adds: bool | None) -> Parts:
    match intent:
        case Scope():
            return scope_parts(intent, state, adds=adds)
        case RateLimit():
            return rate_parts(intent)
        case Ssid():
            return wifi.ssid_parts(intent, state, adds=adds)


def _noted(found: Parts, wanted: Marked) -> tuple[Marked | None, bool | None]:
    """The intent that was written down when it was made, and whether a trunk was changed for it.

    Of another place than the wanted one says nothing about that one's trunk.
    """
    for text in found.files.values():
        if note := parts.noted(text):
            try:
                intent = Wish.from_json(note).intent
            except (KeyError, TypeError):
                continue
            if isinstance(intent, type(wanted)) and intent.mark == wanted.mark:
                return intent, bool(note.get("adds"))
    return None, None


def found(
    state: State, intent: Intent, around: Around, keys: Mapping[str, str] | None = None
) -> Intent | None:
    """The object of ``intent.key`` as it is there, or None."""
    match intent:
        case Vlan():
            return ports.vlan(state, intent.id)
        case TrunkMember():
            return ports.member(state, intent)
        case AccessPort():
            return ports.access(state, intent.port)
        case Description():
            text = ports.described(state, intent.port)
            return Description(intent.port, text) if text else None
        case Scope() | RateLimit() | Ssid():
            return _marked(state, intent, around, keys)


def _marked(
    state: State, wanted: Marked, around: Around, keys: Mapping[str, str] | None
) -> Marked | None:
    there = parts.standing(state, name_of(wanted))
    if not there.files and not there.ports:
        return None
    before, adds = _noted(there, wanted)
    if before is None:
        return replace(wanted, vlan=0)
    made = _parts(before, state, adds)
    carried = made.trunk is None or state.ports[made.trunk[0]].carries(made.trunk[1])
    if not made.same(there) or not carried or around.idle & there.files.keys():
        return replace(before, vlan=0)  # not whole, so never what is wished
    if isinstance(before, Ssid):
        known = [key for text in there.files.values() if (key := wifi.keyed(text)) is not None]
        right = keys is None or all(key == keys.get(before.mark) for key in known)
        return replace(before, keyed=right)
    return before


# ---------------------------------------------------------------- problems


def problem(
    state: State, intent: Intent, around: Around, wanted: Sequence[Intent]
) -> Message | None:
    """Why the object could not be put there; None where it could, or is there already."""
    match intent:
        case Vlan():
            return None if state.ports else say("it is no switch")
        case TrunkMember() | AccessPort():
            return _port_problem(state, intent, wanted)
        case Description():
            if intent.port not in around.interfaces and intent.port not in state.ports:
                return say("there is no port %(port)s", port=intent.port)
            return None
        case Scope():
            return _scope_problem(state, intent, around)
        case RateLimit():
            return _missing(around, "nft")
        case Ssid():
            return _ssid_problem(state, intent, around)


def _port_problem(
    state: State, intent: TrunkMember | AccessPort, wanted: Sequence[Intent]
) -> Message | None:
    port = state.ports.get(intent.port)
    if port is None:
        return say("there is no port %(port)s in a switch with VLANs", port=intent.port)
    if isinstance(intent, TrunkMember):
        if not port.is_trunk and (port.kind == "ovs" or ports.access(state, port.name)):
            return say("%(port)s is not set up as a trunk", port=port.name)
        return None
    if intent.poe is not None:
        return say("a Linux host cannot switch the power of a port")
    if port.is_trunk:
        return say("%(port)s is a trunk", port=port.name)
    asked = {other.id for other in wanted if isinstance(other, Vlan)}
    if intent.vlan != 1 and intent.vlan not in asked and ports.vlan(state, intent.vlan) is None:
        return say("there is no VLAN %(vlan)s", vlan=intent.vlan)
    return None


def _scope_problem(state: State, scope: Scope, around: Around) -> Message | None:
    if why := _missing(around, "nft", "dnsmasq", "dnsmasq.service"):
        return why
    if not around.forwards:
        return say("it forwards nothing (net.ipv4.ip_forward is 0)")
    for port in filter(None, (scope.port, scope.outside)):
        if port not in around.interfaces and port not in state.ports:
            return say("there is no port %(port)s", port=port)
    if not scope.port and not state.ports:
        return say("it is no switch")
    if why := _taken(state, scope, around):
        return why
    own = IPv4Interface(scope.gateway)
    for name, addresses in around.addresses.items():
        for each in map(IPv4Interface, addresses):
            if name != f"prov{scope.vlan}" and each.network.overlaps(own.network):
                return say("%(address)s is in use on %(port)s", address=str(each), port=name)
    return None


def _taken(state: State, scope: Scope, around: Around) -> Message | None:
    """Whether the VLAN has an interface on the host that is not this scope's."""
    name = f"prov{scope.vlan}"
    there = parts.standing(state, name_of(scope))
    before = _noted(there, scope)[0]
    mine = name in there.ports or (before is not None and before.vlan == scope.vlan)
    if not mine and (name in around.interfaces or name in state.ports):
        return say("VLAN %(vlan)s is in use there by something else", vlan=scope.vlan)
    network = IPv4Network(scope.cidr)
    others = (
        Wish.from_json(note).intent
        for path, text in state.files.items()
        if path.endswith(".scope.sh") and path not in there.files and (note := parts.noted(text))
    )
    for other in others:
        if isinstance(other, Scope) and IPv4Network(other.cidr).overlaps(network):
            return say("%(cidr)s is in use there by something else", cidr=scope.cidr)
    return None


def _ssid_problem(state: State, ssid: Ssid, around: Around) -> Message | None:
    if why := _missing(around, "hostapd"):
        return why
    if not any(radio.serves(ssid.band) for radio in wifi.radios(state)):
        return say("it has no radio for this network")
    if ssid.uplink not in around.interfaces and ssid.uplink not in state.ports:
        return say("there is no port %(port)s", port=ssid.uplink)
    return None


def _missing(around: Around, *programs: str) -> Message | None:
    absent = [program for program in programs if program not in around.programs]
    return say("it has no %(program)s", program=absent[0]) if absent else None
