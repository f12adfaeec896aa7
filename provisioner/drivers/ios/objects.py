"""What a switch's configuration says about the objects that somebody asks for."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.drivers.ios.configuration import Switch
from provisioner.drivers.network import AccessPort, Intent, Ssid, TrunkMember, Vlan
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
            return AccessPort(intent.port, port.vlan, description)
        case Ssid():
            return None


def problem(
    switch: Switch, intent: Intent, wanted: Sequence[Intent], *, vtp_client: bool
) -> Message | None:
    """Why the object could not be put there; None where it could, or is there already."""
    if isinstance(intent, Vlan):
        if vtp_client and found(switch, intent) != intent:
            return say("it is a VTP client: VLANs are made on its VTP server")
        return None
    if isinstance(intent, Ssid):
        return say("a switch announces no WiFi")
    port = switch.port(intent.port)
    if port is None:
        return say("there is no port %(port)s", port=intent.port)
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
    asked = {other.id for other in wanted if isinstance(other, Vlan)}
    if intent.vlan not in asked and intent.vlan not in switch.vlans:
        return say("there is no VLAN %(vlan)s", vlan=intent.vlan)
    return None
