"""An SSID as the sections of a device with radios, and back: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from provisioner.drivers.network import Band, Security, Ssid
from provisioner.drivers.openwrt import bridges
from provisioner.drivers.openwrt.names import MARK, PORT, base, named, unsayable
from provisioner.drivers.openwrt.sections import Section, Value, quoted
from provisioner.texts import Message, say

_KEY = re.compile(r"[ -~]{8,63}")
_ENCRYPTION: Mapping[Security, str] = {
    "wpa2-personal": "psk2+ccmp",
    "wpa3-personal": "sae",
    "open": "none",
}
_OTHERS = ("scope", "rate")
"""What sections of the same request are called that are none of its SSID."""


def sections(ssid: Ssid, found: Sequence[Section]) -> list[Section]:
    """What has to stand on the device: VLAN, interface, and an SSID a radio.

    A VLAN of a port gets a bridge of its own; a bridge that tells VLANs apart has it already.
    """
    name = base(ssid.mark)
    wired, device = bridges.carrier(found, f"{name}_vlan", ssid.uplink, ssid.vlan)
    if wired and wired[0].kind == "device":
        bridge = f"br-prov{ssid.vlan}"
        options: dict[str, Value] = {"type": "bridge", "name": bridge, "ports": (device,)}
        wired.append(Section("network", "device", f"{name}_bridge", options))
        device = bridge
    wired.append(Section("network", "interface", name, {"proto": "none", "device": device}))
    return wired + [_announced(ssid, radio) for radio in radios(found, ssid.band)]


def _announced(ssid: Ssid, radio: str) -> Section:
    name = base(ssid.mark)
    options: dict[str, Value] = {
        "device": radio,
        "mode": "ap",
        "network": name,
        "ssid": ssid.ssid,
        "encryption": _ENCRYPTION[ssid.security],
        **({"key": ""} if ssid.security != "open" else {}),
        **({"ieee80211w": "2"} if ssid.security == "wpa3-personal" else {}),
        "isolate": "1" if ssid.isolate else "0",
    }
    return Section("wireless", "wifi-iface", f"{name}_{radio}", options)


def radios(found: Sequence[Section], band: Band = "both") -> list[str]:
    """The radios of that band that are not switched off."""
    return [
        section.name
        for section in found
        if section.kind == "wifi-device"
        and section.text("disabled") != "1"
        and section.name
        and band in ("both", _band(section))
    ]


def _band(radio: Section) -> str:
    """Releases before 21.02 have `hwmode` (11a, 11g …) instead of `band`."""
    if band := radio.text("band"):
        return {"2g": "2.4", "5g": "5"}.get(band, band)
    return {"11a": "5", "11ac": "5"}.get(radio.text("hwmode"), "2.4")


def ours(found: Sequence[Section], mark: str) -> list[Section]:
    """The sections of a request's SSID, in the order of their files."""
    others = tuple(f"{base(mark)}_{other}" for other in _OTHERS)
    return [each for each in named(found, base(mark)) if not each.name.startswith(others)]


def state(found: Sequence[Section], wanted: Ssid, keyed: frozenset[str]) -> Ssid | None:
    """What stands on the device for ``wanted``: None, it, or something else of ours.

    ``keyed``: sections whose key is the one given.
    """
    standing = ours(found, wanted.mark)
    if not standing:
        return None
    wireless = [section for section in standing if section.kind == "wifi-iface"]
    complete = without_keys(standing) == without_keys(sections(wanted, found))
    right = wanted.security == "open" or all(section.name in keyed for section in wireless)
    if complete:
        return replace(wanted, keyed=right)
    return _other(wanted, standing)


def without_keys(standing: Sequence[Section]) -> list[tuple[str, str, dict[str, object]]]:
    """What is compared: passphrases are, on the device only."""
    return [
        (section.path, section.kind, {k: v for k, v in section.options.items() if k != "key"})
        for section in standing
    ]


def _other(wanted: Ssid, standing: Sequence[Section]) -> Ssid:
    """What stands there as far as it can be told; never equal to a wish, for it is not whole."""
    by_kind = {section.text("type") or section.kind: section for section in standing}
    vlan = by_kind.get("8021q", Section("", "", ""))
    wifi = by_kind.get("wifi-iface", Section("", "", ""))
    names = {encryption: security for security, encryption in _ENCRYPTION.items()}
    digits = vlan.text("vid")
    return Ssid(
        mark=wanted.mark,
        ssid=wifi.text("ssid"),
        security=names.get(wifi.text("encryption"), "open"),
        vlan=int(digits) if digits.isdecimal() else 0,
        uplink=vlan.text("ifname"),
        isolate=wifi.text("isolate") == "1",
        keyed=False,
    )


def problem(found: Sequence[Section], ports: frozenset[str], wanted: Ssid) -> Message | None:
    """Why the SSID could not be put on this device."""
    if not radios(found):
        return say("all its radios are switched off")
    if not radios(found, wanted.band):
        return say("it has no radio of %(band)s GHz that is switched on", band=wanted.band)
    if wanted.uplink not in ports:
        return say("it has no port %(port)s", port=wanted.uplink)
    mine = {section.path for section in ours(found, wanted.mark)}
    names = {f"{wanted.uplink}.{wanted.vlan}", f"br-prov{wanted.vlan}"}
    for section in found:
        if section.kind == "device" and section.path not in mine and section.text("name") in names:
            return say("VLAN %(vlan)s is in use there by something else", vlan=wanted.vlan)
    return None


def check(ssid: Ssid) -> None:
    """Raises Refused for what cannot be written on an access point."""
    size = len(ssid.ssid.encode("utf-8", "replace"))
    plain = all(unicodedata.category(char) not in ("Cc", "Cs") for char in ssid.ssid)
    if not 1 <= size <= 32 or not plain:
        raise unsayable(say("A network's name is 1 to 32 bytes long, without control characters."))
    if not MARK.fullmatch(ssid.mark) or not PORT.fullmatch(ssid.uplink):
        raise unsayable(say("%(object)s: its mark or port has a wrong form.", object=ssid.key))
    if not 1 <= ssid.vlan <= 4094 or ssid.security not in _ENCRYPTION:
        raise unsayable(say("%(object)s: its VLAN or security is wrong.", object=ssid.key))


def with_keys(lines: Sequence[str], keys: Mapping[str, str]) -> tuple[list[str], str | None]:
    """The lines with every key in its place, and a mark whose key is needed but not given."""
    filled: list[str] = []
    for line in lines:
        match = re.fullmatch(r"set (wireless\.(prov_[A-Za-z0-9_]+)\.key)=''", line)
        if match is None:
            filled.append(line)
            continue
        given = [key for mark, key in keys.items() if match[2].startswith(f"{base(mark)}_")]
        if not given:
            return [], match[2]
        filled.append(f"set {match[1]}={_quoted_key(given[0])}")
    return filled, None


def _quoted_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise unsayable(say("The key of the wireless network is not 8 to 63 plain characters."))
    return quoted(key)
