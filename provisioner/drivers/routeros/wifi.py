"""Wireless networks on RouterOS: on its own radios, or by a controller of access points; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from provisioner.drivers.network import Security, Ssid
from provisioner.drivers.routeros.configuration import (
    BRIDGE,
    BRIDGE_PORT,
    BRIDGE_VLAN,
    Configuration,
    Item,
)
from provisioner.drivers.routeros.kits import Kit, carried, item, only
from provisioner.drivers.routeros.lines import MARK, SECURITY, Act, Line, Member, Where
from provisioner.drivers.routeros.switching import TAGGED_ONLY, UNTAGGED_ONLY, bridge_port
from provisioner.texts import Message, say

WIRELESS, CAPS_MAN = "/interface wireless", "/caps-man"
_PSK: dict[Security, str] = {"wpa2-personal": "wpa2-psk", "wpa3-personal": "wpa3-psk", "open": ""}
_FAST_MODES = ("a", "ac", "an", "ax")


def ssid_kit(now: Configuration, wanted: Ssid) -> Kit:
    """Everything that a wireless network is made of on this device."""
    name, kind = MARK + wanted.mark, f"{MARK}{wanted.mark} ssid"
    port = bridge_port(now, wanted.uplink)
    bridge = port.get("bridge") if port else ""
    through = [port.get("interface")] if port else []
    members, entry = carried(now, bridge, wanted.vlan, kind, through)
    if now.wifi == WIRELESS:
        profile, radios = _wireless(wanted, name), _virtual(now, wanted, kind)
    else:
        profile, radios = _profile(now, wanted, name, bridge), []
        if now.radios:
            radios = _virtual(now, wanted, kind)
        else:
            members += _provisioned(now, wanted, name)
    ports = [_port(each, bridge, wanted, kind) for each in radios]
    items = (*entry, *profile, *radios, *ports)
    return Kit(wanted.mark, "ssid", items, members, _menus(now.wifi))


def _menus(wifi: str) -> tuple[str, ...]:
    if wifi == WIRELESS:
        own: tuple[str, ...] = (f"{WIRELESS} security-profiles", WIRELESS)
    else:
        own = tuple(f"{wifi} {part}" for part in ("security", "datapath", "configuration"))
        own += () if wifi == CAPS_MAN else (wifi,)
    return (BRIDGE_VLAN, *own, BRIDGE_PORT)


def _wireless(wanted: Ssid, name: str) -> list[Item]:
    menu = f"{WIRELESS} security-profiles"
    if wanted.security == "open":
        return [Item(menu, {"authentication-types": "", "mode": "none", "name": name})]
    keyed = {"authentication-types": _PSK[wanted.security], "mode": "dynamic-keys", "name": name}
    return [Item(menu, {**keyed, "wpa2-pre-shared-key": ""})]


def _profile(now: Configuration, wanted: Ssid, name: str, bridge: str) -> list[Item]:
    """Security, data path and configuration, as all newer menus have them."""
    menu, old = now.wifi, now.wifi == CAPS_MAN
    security = {"authentication-types": _PSK[wanted.security], "name": name}
    if wanted.security != "open":
        security |= {"passphrase": ""} | ({"encryption": "aes-ccm"} if old else {})
    path = {"name": name}
    if old:
        path |= {"bridge": bridge, "vlan-mode": "use-tag", "vlan-id": str(wanted.vlan)}
        path |= {"client-to-client-forwarding": "no" if wanted.isolate else "yes"}
    else:
        path |= {"client-isolation": "yes"} if wanted.isolate else {}
        if not now.radios:
            path |= {"bridge": bridge, "vlan-id": str(wanted.vlan)}
    whole = {"name": name, "ssid": wanted.ssid, "datapath": name, "mode": "ap",
             "security": name}  # fmt: skip
    return [
        Item(f"{menu} security", security),
        item(f"{menu} datapath", path),
        item(f"{menu} configuration", whole),
    ]


def _virtual(now: Configuration, wanted: Ssid, kind: str) -> list[Item]:
    """One more access point on every radio of the band."""
    made = []
    name = MARK + wanted.mark
    for radio in radios(now, wanted):
        props = {"comment": f"{kind} {radio}", "disabled": "no", "master-interface": radio,
                 "name": f"{name}-ssid-{radio}"}  # fmt: skip
        if now.wifi == WIRELESS:
            props |= {"mode": "ap-bridge", "ssid": wanted.ssid, "security-profile": name,
                      "default-forwarding": "no" if wanted.isolate else "yes"}  # fmt: skip
        else:
            props["configuration"] = name
        made.append(item(now.wifi, props))
    return made


def _port(virtual: Item, bridge: str, wanted: Ssid, kind: str) -> Item:
    return item(
        BRIDGE_PORT,
        {"bridge": bridge, "comment": f"{kind} port {virtual.get('master-interface')}",
         "frame-types": UNTAGGED_ONLY, "interface": virtual.name, "pvid": str(wanted.vlan)},
    )  # fmt: skip


def _provisioned(now: Configuration, wanted: Ssid, name: str) -> tuple[Member, ...]:
    """One more network in every rule by which the controller provides its access points."""
    menu = f"{now.wifi} provisioning"
    wheres = dict.fromkeys(_rule(rule) for rule in _rules(now, wanted))
    return tuple(Member(menu, where, "slave-configurations", name, True) for where in wheres)


def _rule(rule: Item) -> Where:
    names = ("master-configuration", "comment", "hw-supported-modes", "supported-bands")
    return Where(tuple((name, "=", rule.get(name)) for name in names if rule.get(name)))


def _rules(now: Configuration, wanted: Ssid) -> list[Item]:
    return [
        rule
        for rule in now.at(f"{now.wifi} provisioning")
        if rule.get("action").startswith("create") and rule.get("disabled") != "yes"
        and rule.get("master-configuration") and wanted.band in ("both", _band(rule))
    ]  # fmt: skip


def _band(rule: Item) -> str:
    modes = rule.listed("hw-supported-modes")
    bands = rule.get("supported-bands")
    if modes:
        return "5" if set(modes) & set(_FAST_MODES) else "2.4"
    return "5" if bands.startswith("5") else "2.4" if bands else "both"


def radios(now: Configuration, wanted: Ssid) -> list[str]:
    """The names of those on which it is announced."""
    return [
        name for name, band in now.radios if "both" in (band, wanted.band) or band == wanted.band
    ]


def acts(now: Configuration) -> list[Line]:
    """What makes a change known to the access points of a controller."""
    if now.radios or now.wifi == WIRELESS:
        return []
    return [
        Act(f"{CAPS_MAN} remote-cap" if now.wifi == CAPS_MAN else f"{now.wifi} capsman remote-cap")
    ]


def found_ssid(now: Configuration, wanted: Ssid) -> Ssid | None:
    """``wanted`` where all of it stands; what can be told of another; None where nothing is."""
    if not now.wifi:
        return None
    kit = ssid_kit(now, wanted)
    if kit.is_whole(now):
        return replace(wanted, keyed=True)
    there = kit.standing(now)
    if not there:
        return None
    vlans = [i.props.get("pvid") or i.props.get("vlan-id") for i in there]
    vlan = next(filter(None, vlans), "")
    named = only(there, WIRELESS) or only(there, f"{now.wifi} configuration")
    security = next((i.get("authentication-types") for i in there if i.path in SECURITY), "")
    kinds = {psk: kind for kind, psk in _PSK.items()}
    return replace(
        wanted,
        ssid=named.get("ssid") if named else "",
        security=kinds.get(security, "open"),
        vlan=int(vlan) if vlan.isdecimal() else 0,
        keyed=False,
    )


def secret_of(now: Configuration, mark: str) -> tuple[Item, str] | None:
    """What holds its passphrase, and in which property; None where nothing does."""
    menu = f"{WIRELESS} security-profiles" if now.wifi == WIRELESS else f"{now.wifi} security"
    there = now.named(menu, MARK + mark)
    return (there, SECURITY[menu]) if there and there.get("authentication-types") else None


def with_other_key(now: Configuration, there: Ssid) -> Configuration:
    """The same, but with a passphrase that is not the wanted one."""
    if (place := secret_of(now, there.mark)) is None:
        return now
    held, prop = place
    other = Item(held.path, {**held.props, prop: "?"})
    return now.with_items([other if item is held else item for item in now.items])


def problem(now: Configuration, wanted: Ssid, ports: Collection[str]) -> Message | None:
    """Why it could not be put there."""
    if not now.wifi:
        return say("it has no radios and controls no access points")
    if wanted.uplink not in ports:
        return say("there is no port %(port)s", port=wanted.uplink)
    port = bridge_port(now, wanted.uplink)
    if port is None:
        return say("%(port)s is no switch port", port=wanted.uplink)
    bridge = now.named(BRIDGE, port.get("bridge"))
    if bridge is None or bridge.get("vlan-filtering") != "yes":
        return say("its bridge does not filter VLANs (vlan-filtering=no)")
    if port.get("frame-types") not in ("admit-all", TAGGED_ONLY):
        return say("%(port)s is not set up as a trunk", port=wanted.uplink)
    if wanted.security == "wpa3-personal" and now.wifi in (WIRELESS, CAPS_MAN):
        return say("its radios know no WPA3")
    if now.radios or now.wifi == WIRELESS:
        return None if radios(now, wanted) else say("all its radios are switched off")
    if not _rules(now, wanted):
        return say("no provisioning rule of its controller takes another network")
    return None


def on_air(now: Configuration, active: Collection[str]) -> frozenset[str]:
    """The names announced; ``active``: wireless interfaces that are neither off nor idle."""
    found = set()
    for each in (i for i in now.at(now.wifi) if now.wifi and i.name in active):
        named = now.named(f"{now.wifi} configuration", each.get("configuration"))
        own = each.get("ssid") or each.get("configuration.ssid")
        found.add(own or (named.get("ssid") if named else ""))
    return frozenset(found - {""})
