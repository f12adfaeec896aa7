"""How a RouterOS device of a plan is set up when the lab comes up."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable, Collection, Iterable

from provisioner.lab.devices.device import MANAGEMENT_VLAN
from provisioner.lab.devices.routeros.store import Item, Store

OUTSIDE = "ether1"
TIME_SERVER = "10.10.10.1"
OFFICE_SSID = "KANTOR"
CARRIED = (110, 120)
"""Office VLANs that stand on every trunk, besides that of management."""
SERVICES = {"telnet": 23, "ftp": 21, "www": 80, "ssh": 22, "api": 8728, "winbox": 8291}
_CLOSED = ("telnet", "ftp", "www", "api")


def _physical(store: Store, ports: Iterable[str]) -> None:
    for port in ports:
        store.add("interface", {"name": port, "default-name": port, "type": "ether"})


def _radios(store: Store, stem: str, settings: tuple[dict[str, str], ...]) -> None:
    for at, values in enumerate(settings, 1):
        name = f"{stem}{at}"
        first = {"name": name, "default-name": name, "type": stem, "disabled": "no"}
        store.add("interface", first | values)


def _wireless(store: Store) -> None:
    """Version 6: two radios that announce the office's network."""
    profiles = "interface wireless security-profiles"
    store.add(profiles, {"name": "default"})
    office = {"name": "kantor", "mode": "dynamic-keys", "authentication-types": "wpa2-psk"}
    store.add(profiles, office | {"wpa2-pre-shared-key": secrets.token_hex(8)})
    shared = {"ssid": OFFICE_SSID, "security-profile": "kantor", "country": "indonesia"}
    bands = ("2ghz-b/g/n", "5ghz-a/n/ac")
    _radios(store, "wlan", tuple({"band": band, **shared} for band in bands))


def _wifi(store: Store) -> None:
    """Version 7: the same with its own menus."""
    office = {"name": "kantor", "authentication-types": "wpa2-psk,wpa3-psk"}
    store.add("interface wifi security", office | {"passphrase": secrets.token_hex(8)})
    values = {"name": "kantor", "ssid": OFFICE_SSID, "country": "Indonesia"}
    store.add("interface wifi configuration", values | {"security": "kantor"})
    bands = ("5ghz-ax", "2ghz-ax")
    radios = tuple({"channel.band": band, "configuration": "kantor"} for band in bands)
    _radios(store, "wifi", radios)


def _controller(store: Store) -> None:
    """CAPsMAN: what it tells access points of either band to announce."""
    store.singles["caps-man manager"] = {"enabled": "yes"}
    office = {"name": "kantor", "authentication-types": "wpa2-psk"}
    store.add("caps-man security", office | {"passphrase": secrets.token_hex(8)})
    tagged = {"name": "kantor", "vlan-mode": "use-tag", "vlan-id": str(CARRIED[0])}
    store.add("caps-man datapath", tagged | {"local-forwarding": "yes"})
    parts = {"security": "kantor", "datapath": "kantor"}
    store.add("caps-man configuration", {"name": "kantor", "ssid": OFFICE_SSID, **parts})
    rule = {"action": "create-dynamic-enabled", "master-configuration": "kantor"}
    for modes in ("gn", "ac"):
        store.add("caps-man provisioning", {"hw-supported-modes": modes, **rule})


_WIRELESS: dict[str, Callable[[Store], None]] = {
    "wireless": _wireless,
    "wifi": _wifi,
    "wifiwave2": _wifi,
    "caps-man": _controller,
}


def _common(store: Store, identity: str, user: str) -> None:
    store.singles["system identity"] = {"name": identity}
    for name, port in SERVICES.items():
        closed = {"disabled": "yes"} if name in _CLOSED else {}
        store.add("ip service", {"name": name, "port": str(port), **closed})
    for group in ("read", "write", "full"):
        store.add("user group", {"name": group})
    store.add("user", {"name": user, "group": "full", "comment": "automation"})
    for name in ("WAN", "LAN"):
        store.add("interface list", {"name": name})
    store.singles["snmp"] = {"location": "Ruang server"}
    store.singles["system ntp client"] = {"enabled": "yes", "servers": TIME_SERVER}


def _management(store: Store, below: str, address: str) -> None:
    name = f"vlan{MANAGEMENT_VLAN}"
    values = {"name": name, "type": "vlan", "interface": below, "vlan-id": str(MANAGEMENT_VLAN)}
    store.add("interface", {**values, "comment": "manajemen"})
    _address(store, address, name, "manajemen")


def _address(store: Store, address: str, interface: str, comment: str) -> None:
    made = ipaddress.IPv4Interface(address)
    network = str(made.network.network_address)
    values = {"address": str(made), "network": network, "interface": interface}
    store.add("ip address", {**values, "comment": comment})


def _bridge(store: Store, ports: list[str], trunks: dict[str, str]) -> None:
    """All ports in one bridge that knows VLANs; ``trunks``: port to who is at its end."""
    store.add("interface", {"name": "bridge1", "type": "bridge", "vlan-filtering": "yes"})
    for port in ports:
        values = {"interface": port, "bridge": "bridge1"}
        if port not in trunks:
            values["pvid"] = str(CARRIED[0])
        store.add("interface bridge port", values)
    for vlan in (MANAGEMENT_VLAN, *CARRIED):
        tagged = ["bridge1", *trunks] if vlan == MANAGEMENT_VLAN else list(trunks)
        values = {"bridge": "bridge1", "vlan-ids": str(vlan), "tagged": ",".join(tagged)}
        store.add("interface bridge vlan", values)
    for port, far in trunks.items():
        item = store.get("interface", port)
        if item is not None:
            item.values["comment"] = f"ke {far}"


def _walls(store: Store) -> None:
    """The firewall that a careful office has on its router."""
    for values in (
        {"chain": "input", "connection-state": "established,related,untracked"},
        {"chain": "input", "action": "drop", "connection-state": "invalid"},
        {"chain": "input", "protocol": "icmp"},
        {"chain": "input", "action": "drop", "in-interface-list": "WAN"},
        {
            "chain": "forward",
            "action": "fasttrack-connection",
            "connection-state": "established,related",
        },
        {"chain": "forward", "connection-state": "established,related,untracked"},
        {"chain": "forward", "action": "drop", "connection-state": "invalid"},
    ):
        store.add("ip firewall filter", {"action": "accept", **values, "comment": "defconf"})
    store.add(
        "ip firewall nat",
        {
            "chain": "srcnat",
            "action": "masquerade",
            "out-interface-list": "WAN",
            "src-address": "10.10.0.0/16",
            "comment": "kantor",
        },
    )


def router(
    identity: str, address: str, trunks: dict[str, str], *, user: str, bridged: bool, wireless: str
) -> Store:
    """A router: the Internet at ether1, the switches at ``trunks``."""
    store = Store()
    ports = [f"ether{at}" for at in range(1, 9)]
    _physical(store, ports)
    if wireless:
        _WIRELESS[wireless](store)
    _common(store, identity, user)
    inside = ports[1:]
    uplink = next(iter(trunks), inside[0])
    if bridged:
        _bridge(store, inside, trunks or {uplink: "sakelar"})
        _management(store, "bridge1", address)
    else:
        _management(store, uplink, address)
        item = store.get("interface", uplink)
        if item is not None and uplink in trunks:
            item.values["comment"] = f"ke {trunks[uplink]}"
    outside = store.get("interface", OUTSIDE)
    if outside is not None:
        outside.values["comment"] = "Internet"
    store.add("interface list member", {"list": "WAN", "interface": OUTSIDE})
    store.add("interface list member", {"list": "LAN", "interface": f"vlan{MANAGEMENT_VLAN}"})
    _address(store, "203.0.113.2/24", OUTSIDE, "Internet")
    store.add("ip route", {"gateway": "203.0.113.1"})
    store.singles["ip dns"] = {"servers": "203.0.113.1", "allow-remote-requests": "yes"}
    _walls(store)
    return store


def switch(
    identity: str, address: str, trunks: dict[str, str], *, user: str, bridged: bool, wireless: str
) -> Store:
    """A switch: all ports in one bridge, ether1 towards the core."""
    store = Store()
    ports = [f"ether{at}" for at in range(1, 9)]
    _physical(store, ports)
    if wireless:
        _WIRELESS[wireless](store)
    _common(store, identity, user)
    if bridged:
        _bridge(store, ports, trunks or {"ether1": "inti"})
        _management(store, "bridge1", address)
        store.add("ip dhcp-server alert", {"interface": "bridge1"})
    else:
        _management(store, "ether1", address)
    return store


def prepared(store: Store, name: str, vlan: int, cidr: str) -> None:
    """A network that the office made on its router for later: gateway, pool and DHCP."""
    network = ipaddress.IPv4Network(cidr)
    below = next(i for i in store.items("interface") if i.name == f"vlan{MANAGEMENT_VLAN}")
    parent = below.values["interface"]
    values = {"name": name, "type": "vlan", "vlan-id": str(vlan), "interface": parent}
    store.add("interface", values)
    _address(store, f"{network[1]}/{network.prefixlen}", name, name)
    store.add("ip pool", {"name": name, "ranges": f"{network[10]}-{network[-2]}"})
    server = {"name": name, "interface": name, "address-pool": name, "disabled": "no"}
    store.add("ip dhcp-server", server)
    scope = {"address": cidr, "gateway": str(network[1]), "dns-server": str(network[1])}
    store.add("ip dhcp-server network", scope)
    store.add("ip dhcp-server alert", {"interface": name})
    if parent == "bridge1":
        tagged = ",".join(["bridge1", *(i.values["interface"] for i in _trunks(store))])
        entry = {"bridge": "bridge1", "vlan-ids": str(vlan), "tagged": tagged}
        store.add("interface bridge vlan", entry)


def vacant(store: Store, ports: Collection[str]) -> None:
    """Nothing is set at these ports of the bridge: whoever is connected may be given them."""
    for item in store.items("interface bridge port"):
        if item.values["interface"] in ports:
            item.values.pop("pvid", None)


def _trunks(store: Store) -> list[Item]:
    return [i for i in store.items("interface bridge port") if "pvid" not in i.values]
