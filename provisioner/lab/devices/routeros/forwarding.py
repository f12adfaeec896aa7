"""Which VLANs a RouterOS device lets through its ports, and whether it answers at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.customs import vlan_ids

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.store import Item


def enabled(item: Item | None) -> bool:
    return item is not None and item.values.get("disabled") != "yes"


def bridge_port(device: RouterOsDevice, name: str) -> Item | None:
    """Its place in a bridge; None when it is in none."""
    for item in device.store.items("interface bridge port"):
        if item.values.get("interface") == name and enabled(item):
            return item
    return None


def carries(device: RouterOsDevice, port: str, vlan: int) -> bool:
    """Whether that port passes that VLAN's frames to the device's other parts."""
    if not enabled(device.store.get("interface", port)):
        return False
    if device.shows("port-err-disabled", port=port) or (
        bridge_port(device, port) and device.shows("port-looped", port=port)
    ):
        return False
    place = bridge_port(device, port)
    if place is None:
        return any(
            item.values.get("interface") == port
            and item.values.get("vlan-id") == str(vlan)
            and enabled(item)
            for item in device.store.items("interface")
        )
    bridge = device.store.get("interface", place.values.get("bridge", ""))
    if bridge is None or not enabled(bridge):
        return False
    if bridge.values.get("vlan-filtering") != "yes":
        return True
    return port in members(device, bridge.name, vlan)


def members(device: RouterOsDevice, bridge: str, vlan: int) -> set[str]:
    """The bridge's ports (and the bridge itself) that are in that VLAN."""
    found: set[str] = set()
    for item in device.store.items("interface bridge vlan"):
        known = vlan_ids(item.values.get("vlan-ids", ""))
        if item.values.get("bridge") == bridge and enabled(item) and vlan in known:
            for name in ("tagged", "untagged"):
                found.update(filter(None, item.values.get(name, "").split(",")))
    for item in device.store.items("interface bridge port"):
        if item.values.get("bridge") == bridge and int(item.values.get("pvid", "1")) == vlan:
            found.add(item.values.get("interface", ""))
    return found


def running(device: RouterOsDevice, name: str, depth: int = 4) -> bool:
    """Whether an interface is up: what it stands on is, down to a cable."""
    item = device.store.get("interface", name)
    if item is None or not enabled(item) or not depth:
        return False
    kind = item.values.get("type")
    if kind == "ether":
        there = item.values.get("default-name", name)
        return _lit(device, there)
    if kind == "vlan":
        return running(device, item.values.get("interface", ""), depth - 1)
    if kind in ("wlan", "wifi"):
        return item.values.get("disabled", "yes") == "no"
    return True


def _lit(device: RouterOsDevice, port: str) -> bool:
    """Whether light comes through what is plugged in there; the outside is at ether1."""
    if device.shows("port-err-disabled", port=port):
        return False
    cable = device.link(port)
    if cable is not None:
        return cable
    if port in device.plugged:
        return not device.starves(port)
    return port == "ether1"


def manageable(device: RouterOsDevice, address: str, vlan: int) -> bool:
    """Whether its own address is on an interface that works, and its SSH service is on."""
    for item in device.store.items("ip service"):
        if item.name == "ssh" and not enabled(item):
            return False
    for item in device.store.items("ip address"):
        if item.values.get("address", "").split("/")[0] == address and enabled(item):
            return _reached(device, item.values.get("interface", ""), vlan)
    return False


def _reached(device: RouterOsDevice, name: str, vlan: int) -> bool:
    item = device.store.get("interface", name)
    if item is None or not enabled(item):
        return False
    if item.values.get("type") != "vlan":
        return True
    below = device.store.get("interface", item.values.get("interface", ""))
    if below is None or not enabled(below):
        return False
    if below.values.get("type") == "bridge" and below.values.get("vlan-filtering") == "yes":
        number = int(item.values.get("vlan-id", "0"))
        return below.name in members(device, below.name, number)
    return True
