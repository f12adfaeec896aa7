"""Why a scope cannot be put on a device: what is missing there, and what strangers have made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from provisioner.drivers.ios import scopes
from provisioner.drivers.ios.configuration import Switch
from provisioner.drivers.ios.scopes import Abilities
from provisioner.drivers.network import Intent, Scope, TrunkMember, Vlan
from provisioner.texts import Message, say


def problem(
    switch: Switch, scope: Scope, wanted: Sequence[Intent], able: Abilities
) -> Message | None:
    """Why the scope cannot be put there; what strangers have made is never taken for ours."""
    return (
        _no_place(switch, scope, wanted, able)
        or _taken(switch, scope)
        or _no_translation(switch, scope, able)
        or _no_service(switch, scope)
    )


def _no_place(
    switch: Switch, scope: Scope, wanted: Sequence[Intent], able: Abilities
) -> Message | None:
    port = switch.port(scope.port) if scope.port else None
    if scope.port and port is None:
        return say("there is no port %(port)s", port=scope.port)
    if port is not None and port.routed:
        return None
    trunk = switch.trunk(scope.port) if scope.port else None
    if trunk is not None and trunk.mode != "trunk":
        return say("%(port)s is not set up as a trunk", port=trunk.name)
    joins = TrunkMember(scope.port, scope.vlan) in wanted
    if trunk is not None and scope.vlan not in trunk.allowed and not joins:
        return say("%(port)s does not carry VLAN %(vlan)s", port=trunk.name, vlan=scope.vlan)
    asked = {other.id for other in wanted if isinstance(other, Vlan)}
    if scope.vlan not in asked and scope.vlan not in switch.vlans:
        return say("there is no VLAN %(vlan)s", vlan=scope.vlan)
    return None if able.routes else say("it does not route: `ip routing` is not set")


def _taken(switch: Switch, scope: Scope) -> Message | None:
    """By somebody else's interface, address or pool."""
    where, mark, cidr = scopes.place(switch, scope), scopes.name(scope), IPv4Network(scope.cidr)
    tag = f"encapsulation dot1Q {scope.vlan}"
    parent = where.interface.rpartition(".")[0] if where.tagged else None
    ours = scopes.rests(switch, scope)
    for port in switch.ports():
        if f"interface {port.name}" in ours:
            continue
        same_tag = parent is not None and port.name.rpartition(".")[0] == parent
        if port.name == where.interface or (same_tag and tag in port.lines):
            return say("%(port)s is there already and is not ours", port=port.name)
        if any(cidr.overlaps(network) for network in _networks(port.lines, "ip address ")):
            return say("%(port)s has an address of %(cidr)s", port=port.name, cidr=str(cidr))
    for header, lines in switch.sections.items():
        pool = header.removeprefix(scopes.POOL)
        leased = _networks(lines, "network ") if pool not in (header, mark) else ()
        if any(cidr.overlaps(network) for network in leased):
            return say("pool %(pool)s leases from %(cidr)s", pool=pool, cidr=str(cidr))
    return None


def _no_translation(switch: Switch, scope: Scope, able: Abilities) -> Message | None:
    if not scope.nat:
        return None
    if not able.translates:
        return say("it does not translate addresses")
    if scope.outside:
        known = switch.port(scope.outside)
        return None if known else say("there is no port %(port)s", port=scope.outside)
    if len(scopes.outsides(switch)) != 1:
        return say("it does not say which port is towards the Internet (`ip nat outside`)")
    return None


def _no_service(switch: Switch, scope: Scope) -> Message | None:
    if "no service dhcp" in switch.sections:
        return say("its DHCP server is turned off (`no service dhcp`)")
    if not scope.dns and "ip dns server" not in switch.sections:
        return say("it answers no DNS itself (`ip dns server`), and no other server is given")
    return None


def _networks(lines: Sequence[str], words: str) -> Iterator[IPv4Network]:
    return (address.network for address in scopes.addresses(lines, words))
