"""What has to stand on the switches for one server: its port, its VLAN, the way to the router."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import AccessPort, Intent, Reading, TrunkMember, Vlan
from provisioner.services.colocation.wanted import ColocationInput
from provisioner.services.marking import MARK
from provisioner.texts import Message, say

Intents = Mapping[str, tuple[Intent, ...]]
"""By switch, in the order of work."""
_LONGEST_NAME = 32
"""Of a VLAN on IOS."""


def vlan_name(network: str) -> str:
    """The name of a colocation network's VLAN where we made it; its servers share it."""
    return (MARK + network)[:_LONGEST_NAME]


def description(number: str, server: str) -> str:
    """What stands on a server's port: our mark with the request, then the server's name."""
    return f"{MARK}{number} {server}"


def access_port(wanted: ColocationInput, port: str) -> AccessPort:
    """The server's port as it has to be."""
    details = wanted.details
    return AccessPort(port, wanted.network.vlan, description(wanted.number, details.server_name))


def intents(wanted: ColocationInput, port: Port) -> Intents:
    """What the server needs on each switch from that port to the router; the router is not touched.

    The switch of the rack comes first: the far end.
    """
    way = wanted.ways[port.device]
    vlan = Vlan(wanted.network.vlan, vlan_name(wanted.details.network))
    found: dict[str, tuple[Intent, ...]] = {}
    for switch in way.devices:
        own = (access_port(wanted, port.port),) if switch == port.device else ()
        trunks = (TrunkMember(trunk, vlan.id) for trunk in way.ports(switch))
        found[switch] = (vlan, *own, *trunks)
    return found


def to_read(wanted: ColocationInput, ports: list[Port]) -> dict[str, list[Intent]]:
    """What to ask the switches for, so that any of these ports can be chosen."""
    found: dict[str, dict[str, Intent]] = {}
    for port in ports:
        for host, needed in intents(wanted, port).items():
            found.setdefault(host, {}).update({intent.key: intent for intent in needed})
    return {host: list(needed.values()) for host, needed in found.items()}


def why_not(wanted: ColocationInput, readings: Mapping[str, Reading], port: Port) -> Message | None:
    """Why a port cannot be given to the server; None where it is free, or has our own mark.

    The way from it to the router counts too.
    """
    there = readings[port.device].objects.get(access_port(wanted, port.port).key)
    own = description(wanted.number, "")
    if isinstance(there, AccessPort) and not there.description.startswith(own):
        return say(
            "%(port)s is in use (VLAN %(vlan)s, %(text)s)",
            port=":".join(port),
            vlan=there.vlan,
            text=there.description or say("no description"),
        )
    for switch, needed in intents(wanted, port).items():
        reading = readings[switch]
        for intent in needed:
            if intent.key in reading.problems and reading.objects.get(intent.key) is None:
                why = reading.problems[intent.key]
                return say("%(switch)s: %(why)s", switch=switch, why=why)
    return None
