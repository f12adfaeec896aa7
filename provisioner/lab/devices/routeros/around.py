"""What a RouterOS device sees: neighbours, addresses, leases, routes, clients, users."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import addresses, airside, complaints
from provisioner.lab.devices.routeros.ailing import flaps
from provisioner.lab.devices.routeros.clock import date_text, due_at
from provisioner.lab.devices.routeros.forwarding import bridge_port, carries, enabled, running
from provisioner.lab.devices.routeros.near import FIRST, Neighbour, heard, mac, rows
from provisioner.lab.devices.routeros.store import Item
from provisioner.lab.devices.routeros.words import text_of

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.menus import Menu

_NOTHING: frozenset[str] = frozenset()
_PLATFORMS = {"cisco_ios": "Cisco", "mikrotik_routeros": "MikroTik", "openwrt": "OpenWrt"}


# ---------------------------------------------------------------------- properties seen, not given


def told(device: RouterOsDevice, menu: Menu, item: Item, name: str) -> str | None:
    """A property of an item that nobody has set."""
    if menu.store == "interface":
        return _interface(device, menu, item, name)
    if menu.store == "interface bridge vlan" and name.startswith("current-"):
        names = item.values.get(name.removeprefix("current-"), "").split(",")
        return ",".join(n for n in names if n and running(device, n))
    if menu.store == "system scheduler" and name == "next-run":
        coming = due_at(device, item, device.now())
        if coming is None:
            return ""
        day = date_text(coming, modern=device.modern_dates)
        return f"{day} {coming:%H:%M:%S}"
    if menu.store == "ip route" and name in ("gateway-status", "immediate-gw"):
        if (name == "immediate-gw") is (device.major < 7):
            return None
        gateway = item.values.get("gateway", "")
        return (
            f"{gateway}%{_way_to(device, gateway)}"
            if device.major >= 7
            else f"{gateway} reachable via  {_way_to(device, gateway)}"
        )
    if menu.store == "ip route" and device.major >= 7:
        return {"routing-table": "main", "suppress-hw-offload": "no"}.get(name)
    if menu.store == "ip dhcp-server alert" and name == "unknown-server":
        return addresses.stranger(device, item)
    if menu.store == "user" and name == "last-logged-in":
        return _since(device)
    if menu.store == "caps-man interface" and name == "current-state":
        return "running-ap"
    return None


def _interface(device: RouterOsDevice, menu: Menu, item: Item, name: str) -> str | None:
    kind = item.values.get("type", "")
    first = item.values.get("default-name", item.name)
    if name in ("mac-address", "orig-mac-address", "radio-mac"):
        if kind in ("vlan", "bridge", "bond") and not menu.type:
            below = item.values.get("interface", "ether1")
            return mac(device.name, below)
        return mac(device.name, first)
    if name == "actual-mtu":
        text = item.values.get("mtu", "1500")
        return "1500" if text == "auto" else text
    if name == "mtu":
        return None if menu.type else ("auto" if kind == "bridge" else "1500")
    if name == "loop-protect-status" and device.shows("port-err-disabled", port=first):
        return "disable"
    if menu.type:
        return None
    return {
        "l2mtu": "1594" if kind == "vlan" else "1598",
        "max-l2mtu": "9570" if kind == "ether" else None,
        "last-link-down-time": _now(device) if flaps(device, item) else None,
        "last-link-up-time": _since(device) if running(device, item.name) else None,
        "link-downs": str(flaps(device, item)),
    }.get(name)


def _now(device: RouterOsDevice) -> str:
    now = device.clock()
    return f"{date_text(now, modern=device.modern_dates)} {now:%H:%M:%S}"


def _since(device: RouterOsDevice) -> str:
    day = date_text(device.booted, modern=device.modern_dates)
    return f"{day} {device.booted:%H:%M:%S}"


def _way_to(device: RouterOsDevice, gateway: str) -> str:
    return addresses.beside(device, gateway) or gateway


def seen(device: RouterOsDevice, menu: Menu, item: Item) -> frozenset[str]:
    """The flags that the device finds by itself."""
    if menu.store == "interface":
        found = set()
        if running(device, item.name):
            found.add("running")
        if bridge_port(device, item.name) is not None:
            found.add("slave")
        if item.values.get("type") == "wifi":
            found |= {"bound"} | (set() if "master-interface" in item.values else {"master"})
        return frozenset(found)
    if menu.store == "ip dhcp-server" and addresses.is_dead(device, item):
        return frozenset({"invalid"})
    if menu.store == "ip route":
        hop = item.values.get("gateway", "")
        works = enabled(item) and bool(addresses.beside(device, hop) or running(device, hop))
        added = frozenset({"static", "active"} if works else {"static"})
        return _NOTHING if item.states else added
    if menu.store == "interface bridge port":
        return frozenset({"hw-offload"})
    pointing = any(text.startswith("*") for text in item.values.values())
    if menu.store == "interface wireless security-profiles" and item.name == "default":
        return frozenset({"default"})
    return frozenset({"invalid"}) if pointing else _NOTHING


# ---------------------------------------------------------------------- items made by the device


def made(device: RouterOsDevice, store: str) -> list[Item]:
    """The items of a menu that nobody has added."""
    maker = _MAKERS.get(store)
    return maker(device) if maker else []


def _neighbours(device: RouterOsDevice) -> list[Item]:
    def row(port: str, far: Neighbour) -> dict[str, str]:
        found = {"interface": port}
        if far.address:
            found |= {"address": far.address, "address4": far.address}
        found |= {"mac-address": mac(far.name, far.port), "identity": far.name}
        found |= {
            "platform": _PLATFORMS.get(far.platform, "Linux"),
            "version": "",
            "unpack": "none",
        }
        found |= {"age": "17s", "interface-name": far.port}
        kind = "bridge,wlan-ap" if far.platform == "openwrt" else "bridge,router"
        return found | {"system-caps": kind, "system-caps-enabled": kind}

    return rows(row(port, far) for port, far in heard(device))


def _routes(device: RouterOsDevice) -> list[Item]:
    def seen_now() -> Iterator[dict[str, str]]:
        for item in device.store.items("ip address"):
            made = ipaddress.ip_interface(item.values["address"])
            interface = item.values.get("interface", "")
            if enabled(item) and running(device, interface):
                source = {"pref-src": str(made.ip)} if device.major < 7 else {}
                yield {
                    "dst-address": str(made.network),
                    **source,
                    "gateway": interface,
                    "distance": "0",
                    "scope": "10",
                }

    return rows(seen_now(), "connect", "active", dynamic=True)


def _hosts(device: RouterOsDevice) -> list[Item]:
    bridges = [i.name for i in device.store.items("interface") if i.values.get("type") == "bridge"]
    found = []
    for port, far in heard(device):
        place = bridge_port(device, port)
        if place is not None:
            values = {"mac-address": mac(far.name, far.port), "interface": port}
            if carries(device, port, 99):
                values["vid"] = "99"
            bridge = place.values.get("bridge", "")
            found.append((values | {"bridge": bridge, "on-interface": port}, {"external"}))
    for client in device.clients:
        for place in device.store.items("interface bridge port"):
            if place.values.get("pvid") == str(client.vlan):
                port = place.values["interface"]
                values = {"mac-address": client.mac, "vid": str(client.vlan), "interface": port}
                bridge = place.values.get("bridge", "")
                found.append((values | {"bridge": bridge, "on-interface": port}, {"external"}))
                break
    found += [(values, {"external"}) for values in addresses.strange_hosts(device)]
    for bridge in bridges:
        own = {"mac-address": mac(device.name, bridge), "interface": bridge, "bridge": bridge}
        found.append((own | {"on-interface": bridge}, {"local"}))
    return [
        Item(FIRST + n, values, dynamic=True, states=frozenset(states))
        for n, (values, states) in enumerate(found)
    ]


def _active(device: RouterOsDevice) -> list[Item]:
    return rows(
        {
            "when": _since(device),
            "name": each.user,
            "address": each.session.peer,
            "via": "ssh",
            "group": "full",
        }
        for each in device.terminals.values()
    )


def _log(device: RouterOsDevice) -> list[Item]:
    began = device.clock() - device.up_for()
    kept = [line for line in device.log if line[0] > began or not device.shows("rebooted")]
    lines = sorted([*kept, *complaints.told(device)])
    return rows(
        {
            "time": f"{date_text(at, modern=device.modern_dates)} {at:%H:%M:%S}",
            "topics": topics,
            "message": message,
        }
        for at, topics, message in lines
    )


def _history(device: RouterOsDevice) -> list[Item]:
    rows = list(reversed(device.history))
    return [
        Item(
            FIRST + n,
            {"action": action, "by": user, "policy": "write", "time": f"{at:%H:%M:%S}"},
            states=frozenset({"floating-undo" if safe else "undoable"}),
        )
        for n, (action, user, at, safe) in enumerate(rows)
    ]


def _packages(device: RouterOsDevice) -> list[Item]:
    names = {"wifi": "wifi-qcom"}
    known = ["routeros", *sorted(names.get(p, p) for p in device.packages - {"poe", "caps-man"})]
    if device.major < 7:
        known = sorted({*known, "system", "wireless", "dhcp", "security"})
    return rows({"name": name, "version": device.version} for name in known)


def _environment(device: RouterOsDevice) -> list[Item]:
    return rows({"name": k, "value": text_of(v)} for k, v in device.environment.items())


_MAKERS: dict[str, Callable[[RouterOsDevice], list[Item]]] = {
    "ip dhcp-server lease": addresses.leased,
    "ip arp": addresses.arp,
    "ip neighbor": _neighbours,
    "ip route": _routes,
    "interface bridge host": _hosts,
    "interface wireless registration-table": airside.registered,
    "interface wifi registration-table": airside.registered,
    "caps-man registration-table": airside.registered,
    "user active": _active,
    "log": _log,
    "system history": _history,
    "system package": _packages,
    "system script environment": _environment,
    "interface wifi radio": airside.radios,
    "caps-man remote-cap": airside.caps,
    "interface wifi capsman remote-cap": airside.caps,
}
