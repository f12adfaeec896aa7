"""What an event needs on each device, for any of the VLANs that it may get; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from provisioner.drivers.network import Intent, Ssid, TrunkMember, Vlan
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.services.marking import vlan_name
from provisioner.services.wishes import Intents


def intents(wanted: WifiInput, vlans: Collection[int]) -> Intents:
    """What the event needs on each device, for any of these VLANs.

    The access points, then every switch with all ports on the way; without the router.
    """
    details = wanted.details
    found: dict[str, dict[str, Intent]] = {}
    for vlan in vlans:
        for path in wanted.paths:
            ssid = Ssid(
                mark=wanted.number, ssid=details.ssid, security=details.security, vlan=vlan,
                uplink=path.start.port, isolate=details.isolate_clients,
            )  # fmt: skip
            _add(found, path.start.device, (ssid,))
            for switch in path.switches:
                ports = (TrunkMember(port, vlan) for port in path.ports(switch))
                _add(found, switch, (Vlan(vlan, vlan_name(wanted.number)), *ports))
    order = [*wanted.access_points, *wanted.switches]
    return {host: tuple(found[host].values()) for host in order if host in found}


def _add(found: dict[str, dict[str, Intent]], host: str, needed: Iterable[Intent]) -> None:
    for intent in needed:
        found.setdefault(host, {}).setdefault(intent.key, intent)
