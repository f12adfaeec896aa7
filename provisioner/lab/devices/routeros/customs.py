"""What single menus insist on beyond their properties' kinds."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.clock import date_text
from provisioner.lab.devices.routeros.words import RefusedError

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.menus import Menu
    from provisioner.lab.devices.routeros.store import Item

_NOUNS = {
    "interface": "interface",
    "ip address": "address",
    "ip dhcp-server": "dhcp server",
    "ip dhcp-server network": "dhcp network",
    "ip firewall filter": "filter rule",
    "ip firewall nat": "nat rule",
    "ip firewall mangle": "mangle rule",
    "ip pool": "pool",
    "queue simple": "simple queue",
    "interface bridge port": "bridge port",
    "interface bridge vlan": "bridge vlan",
    "system identity": "system identity",
    "system script": "script",
    "system scheduler": "scheduled script",
}
_NUMBERED = {
    "ip dhcp-server": "dhcp",
    "queue simple": "queue",
    "system scheduler": "schedule",
    "system script": "script",
}
_POLICY = "ftp,reboot,read,write,policy,test,password,sniff,sensitive,romon"


def noun(menu: Menu) -> str:
    """What the history calls its items."""
    return _NOUNS.get(menu.store) or menu.path[-1] if menu.path else "device"


def _free(device: RouterOsDevice, store: str, stem: str) -> str:
    at = 1
    while device.store.named(store, f"{stem}{at}"):
        at += 1
    return f"{stem}{at}"


def adding(device: RouterOsDevice, menu: Menu, values: dict[str, str], user: str) -> None:
    """Complete what was given for a new item. Raises RefusedError."""
    if menu.store in _NUMBERED:
        values.setdefault("name", _free(device, menu.store, _NUMBERED[menu.store]))
    if menu.store in ("system scheduler", "system script"):
        values.setdefault("policy", _POLICY)
        values["owner"] = user
    if menu.store == "system scheduler":
        now = device.now()
        if values.get("start-time") != "startup":
            values.setdefault("start-date", date_text(now, modern=device.modern_dates))
            values.setdefault("start-time", f"{now:%H:%M:%S}")
    if menu.store == "ip firewall address-list":
        now = device.now()
        day = date_text(now, modern=device.modern_dates)
        values["creation-time"] = f"{day} {now:%H:%M:%S}"
    if menu.store.startswith("ip firewall") and "action" in menu.fields:
        values.setdefault("action", "accept")
    if menu.type in ("wlan", "wifi") and "master-interface" not in values:
        raise RefusedError("failure: master interface is not specified")
    if menu.store == "ip dhcp-server lease" and "address" not in values:
        raise RefusedError("failure: address is not specified")
    setting(device, menu, values, None)


def setting(device: RouterOsDevice, menu: Menu, values: dict[str, str], item: Item | None) -> None:
    """Complete what was given for an item or for single settings. Raises RefusedError."""
    if "address" in values and menu.store == "ip address":
        made = ipaddress.IPv4Interface(values["address"])
        if "network" not in values:
            values["network"] = str(made.network.network_address)
    if menu.store == "interface bridge vlan":
        _bridge_vlan(device, {**(item.values if item else {}), **values}, item)
    if menu.store == "interface bridge port" and values.get("interface"):
        kind = device.store.get("interface", values["interface"])
        if kind is not None and kind.values.get("type") == "bridge":
            raise RefusedError("failure: can not add bridge to bridge")
    start = values.get("start-time", "startup") if menu.store == "system scheduler" else "startup"
    if start != "startup" and not re.fullmatch(r"\d{1,2}:\d\d(:\d\d)?", start):
        raise RefusedError("invalid value for argument start-time")


def _bridge_vlan(device: RouterOsDevice, values: dict[str, str], item: Item | None) -> None:
    wanted = vlan_ids(values.get("vlan-ids", ""))
    for other in device.store.items("interface bridge vlan"):
        if other is item or other.values.get("bridge") != values.get("bridge"):
            continue
        if wanted & vlan_ids(other.values.get("vlan-ids", "")):
            raise RefusedError("failure: vlan already added")


def vlan_ids(text: str) -> set[int]:
    """The VLANs of a list such as 10,20-22."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return found


def removing(device: RouterOsDevice, menu: Menu, item: Item) -> None:
    """Raises RefusedError for what nobody can remove."""
    if "default-name" in item.values:
        raise RefusedError("failure: can not remove physical interface")
    if menu.store.endswith("security-profiles") and item.name == "default":
        raise RefusedError("failure: can not remove default profile")
    if menu.store == "user" and len(device.store.items("user")) == 1:
        raise RefusedError("failure: can not remove last user")
