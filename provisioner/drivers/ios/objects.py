"""What a switch's configuration says about the objects that somebody asks for."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.drivers.ios import obstacles, rates, scopes
from provisioner.drivers.ios.configuration import Port, Switch
from provisioner.drivers.ios.scopes import Abilities
from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    RateLimit,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
)
from provisioner.texts import Message, say


def found(switch: Switch, intent: Intent) -> Intent | None:
    """The object of ``intent.key`` as it is there, or None."""
    match intent:
        case Vlan():
            name = switch.vlans.get(intent.id)
            return None if name is None else Vlan(intent.id, name)
        case TrunkMember():
            trunk = switch.trunk(intent.port)
            carried = trunk and trunk.mode == "trunk" and intent.vlan in trunk.allowed
            return intent if carried else None
        case AccessPort():
            port = switch.port(intent.port)
            if port is None or port.mode != "access":
                return None
            description = port.value("description") or ""
            if port.vlan == 1 and not description:
                return None
            return AccessPort(intent.port, port.vlan, description, _poe(switch, port, intent))
        case Description():
            port = switch.port(intent.port)
            text = port.value("description") if port else None
            return None if text is None else Description(intent.port, text)
        case Scope():
            scopes.check(intent)
            return scopes.found(switch, intent)
        case RateLimit():
            rates.check(intent)
            return rates.found(switch, intent)
        case Ssid():
            return None


def _poe(switch: Switch, port: Port, intent: AccessPort) -> bool | None:
    """Whether it feeds; None where nobody asks."""
    if intent.poe is None:
        return None
    return port.feeds and (switch.fed is None or port.name in switch.fed)


def problem(
    switch: Switch, intent: Intent, wanted: Sequence[Intent], able: Abilities
) -> Message | None:
    """Why the object could not be put there; None where it could, or is there already."""
    match intent:
        case Vlan():
            if able.vtp_client and found(switch, intent) != intent:
                return say("it is a VTP client: VLANs are made on its VTP server")
            return None
        case Ssid():
            return say("a switch announces no WiFi")
        case Scope():
            return obstacles.problem(switch, intent, wanted, able)
        case RateLimit():
            return rates.problem(switch, intent, wanted, able)
        case _:
            return _port_problem(switch, intent, wanted)


def _port_problem(
    switch: Switch, intent: AccessPort | TrunkMember | Description, wanted: Sequence[Intent]
) -> Message | None:
    port = switch.port(intent.port)
    if port is None:
        return say("there is no port %(port)s", port=intent.port)
    if isinstance(intent, Description):
        return None
    if port.routed:
        return say("%(port)s is no switch port", port=intent.port)
    if isinstance(intent, TrunkMember):
        trunk = switch.trunk(intent.port) or port
        if trunk.mode != "trunk":
            return say("%(port)s is not set up as a trunk", port=trunk.name)
        return None
    if port.mode == "trunk":
        return say("%(port)s is a trunk", port=intent.port)
    if port.channel:
        return say("%(port)s is part of a port channel", port=intent.port)
    if intent.poe and switch.fed is not None and port.name not in switch.fed:
        return say("%(port)s cannot feed what is plugged in", port=intent.port)
    asked = {other.id for other in wanted if isinstance(other, Vlan)}
    if intent.vlan not in asked and intent.vlan not in switch.vlans:
        return say("there is no VLAN %(vlan)s", vlan=intent.vlan)
    return None
