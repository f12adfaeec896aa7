"""What RouterOS's wireless menus show: clients, radios, and access points that are controlled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.ailing import transmits
from provisioner.lab.devices.routeros.near import heard, mac, rows
from provisioner.lab.devices.routeros.store import Item

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice


def announced(device: RouterOsDevice) -> dict[str, str]:
    """Interfaces that announce a network, by its name."""
    found = {}
    for item in device.store.items("interface"):
        if item.values.get("type") not in ("wlan", "wifi"):
            continue
        ssid = item.values.get("ssid") or item.values.get("configuration.ssid")
        used = device.store.get(
            "interface wifi configuration", item.values.get("configuration", "")
        )
        ssid = ssid or (used.values.get("ssid") if used else None)
        if ssid and transmits(device, item):
            found[ssid] = item.name
    return found


def registered(device: RouterOsDevice) -> list[Item]:
    there = announced(device)
    return rows(
        {
            "interface": there[client.ssid],
            "ssid": client.ssid,
            "mac-address": client.mac,
            "uptime": "4m12s",
            "signal": "-52",
            "signal-strength": "-52dBm@6Mbps",
            "tx-rate": "144",
            "auth-type": "wpa2-psk",
        }
        for client in device.clients
        if client.ssid in there
    )


def state(device: RouterOsDevice, item: Item) -> list[tuple[str, str]]:
    """What ``monitor`` tells of a radio."""
    on, old = transmits(device, item), item.values.get("type") == "wlan"
    if item.values.get("disabled", "yes") == "yes":
        return [("status" if old else "state", "disabled")]
    if not on:
        return [("status", "radar-detecting")] if old else [("state", "channel availability check")]
    joined = sum(each.values["interface"] == item.name for each in registered(device))
    fast = "5ghz" in item.values.get("band", item.values.get("channel.band", "5ghz"))
    if not old:
        channel = "5180/ax/Ceee" if fast else "2437/ax/eC"
        told = [("state", "running"), ("channel", channel), ("registered-peers", str(joined))]
        return [*told, ("authorized-peers", str(joined)), ("tx-power", "20")]
    jam = device.shows("channel-jammed", radio=item.name)
    floor = -105 + int(float(jam["percent"]) / 2) if jam else -105
    channel = "5180/20-Ceee/ac(20dBm)" if fast else "2437/20-eC/gn(20dBm)"
    told = [("status", "running-ap"), ("channel", channel), ("noise-floor", f"{floor}dBm")]
    return [*told, ("registered-clients", str(joined)), ("authenticated-clients", str(joined))]


def radios(device: RouterOsDevice) -> list[Item]:
    bands = {"wifi1": "5ghz-ax,5ghz-ac,5ghz-n", "wifi2": "2ghz-ax,2ghz-n"}
    return rows(
        {
            "radio-mac": mac(device.name, item.values["default-name"]),
            "interface": item.name,
            "bands": bands.get(item.values["default-name"], ""),
        }
        for item in device.store.items("interface")
        if item.values.get("type") == "wifi" and "default-name" in item.values
    )


def caps(device: RouterOsDevice) -> list[Item]:
    names = [
        far.name for _, far in heard(device) if far.platform in ("openwrt", "mikrotik_routeros")
    ]
    return rows(
        {
            "address": far.address,
            "name": f"[{mac(far.name, far.port)}]",
            "identity": far.name,
            "state": "Run",
            "radios": "2",
            "base-mac": mac(far.name, far.port),
            "version": device.version,
        }
        for _, far in heard(device)
        if far.name in names
    )
