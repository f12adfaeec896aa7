"""What a RouterOS device writes into its log because of a fault of its own state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import addresses, airside
from provisioner.lab.devices.routeros.near import mac

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice

Line = tuple[datetime, str, str]
_WITHIN = 3000
"""Seconds into which those who were turned away are put."""


def told(device: RouterOsDevice) -> Iterator[Line]:
    """Lines that stand in its log only as long as the fault does."""
    now = device.clock()
    if anew := device.shows("rebooted"):
        at = now - timedelta(seconds=float(anew["seconds"]))
        why = "router was rebooted without proper shutdown"
        topics = "system,error,critical"
        if anew["reason"] not in ("", "power-on"):
            why = f"{why} by {anew['reason']}"
        yield at, topics, why
    for interface, rogue in addresses.strange_alerts(device):
        yield (
            now - timedelta(seconds=20),
            "dhcp,critical,error",
            (
                f"dhcp alert on {interface}: discovered unknown dhcp server, "
                f"mac {rogue['mac'].upper()}, ip {rogue['address']}"
            ),
        )
    for ssid, interface in airside.announced(device).items():
        if failing := device.shows("join-fails", ssid=ssid):
            count = int(failing["count"])
            for number in range(count):
                when = now - timedelta(seconds=_WITHIN * number / count)
                who = mac("client", str(number))
                yield when, "wireless,info", _refusal(device, who, interface)
    for item in device.store.items("interface"):
        if item.values.get("type") == "ether" and device.shows("port-flaps", port=item.name):
            for ago, what in ((2, "down"), (1, "up (speed 1G, full duplex)")):
                yield now - timedelta(seconds=ago), "interface,info", f"{item.name} link {what}"


def _refusal(device: RouterOsDevice, client: str, interface: str) -> str:
    if device.major < 7:
        return f"{client}@{interface}: disconnected, unicast key exchange timeout"
    return f"{client}@{interface} disconnected, key handshake timeout, signal strength -54"
