"""An SSID as the sections of an access point, and back: pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from provisioner.drivers.network import Intent, Preview, Reading, Security, Ssid, Wish
from provisioner.drivers.openwrt.sections import Section, making, parsed, quoted, removing, shown
from provisioner.errors import Refused
from provisioner.texts import Message, say

_MARK = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+){1,5}")
_PORT = re.compile(r"[a-z][a-z0-9_-]{0,9}")
_KEY = re.compile(r"[ -~]{8,63}")
_ENCRYPTION: Mapping[Security, str] = {
    "wpa2-personal": "psk2+ccmp",
    "wpa3-personal": "sae",
    "open": "none",
}


def base(mark: str) -> str:
    """What the names of all sections of a request begin with."""
    return "prov_" + mark.lower().replace("-", "_")


def sections(ssid: Ssid, radios: Sequence[str]) -> list[Section]:
    """What has to stand on the access point: VLAN, bridge, interface, and an SSID a radio."""
    name, tagged, bridge = base(ssid.mark), f"{ssid.uplink}.{ssid.vlan}", f"br-prov{ssid.vlan}"
    keyed = ssid.security != "open"
    wired = [
        Section(
            "network",
            "device",
            f"{name}_vlan",
            {"type": "8021q", "ifname": ssid.uplink, "vid": str(ssid.vlan), "name": tagged},
        ),
        Section(
            "network",
            "device",
            f"{name}_bridge",
            {"type": "bridge", "name": bridge, "ports": (tagged,)},
        ),
        Section("network", "interface", name, {"proto": "none", "device": bridge}),
    ]
    return wired + [
        Section(
            "wireless",
            "wifi-iface",
            f"{name}_{radio}",
            {
                "device": radio,
                "mode": "ap",
                "network": name,
                "ssid": ssid.ssid,
                "encryption": _ENCRYPTION[ssid.security],
                **({"key": ""} if keyed else {}),
                **({"ieee80211w": "2"} if ssid.security == "wpa3-personal" else {}),
                "isolate": "1" if ssid.isolate else "0",
            },
        )
        for radio in radios
    ]


def radios(found: Sequence[Section]) -> list[str]:
    """The radios that are not switched off."""
    return [
        section.name
        for section in found
        if section.kind == "wifi-device" and section.text("disabled") != "1" and section.name
    ]


def ours(found: Sequence[Section], mark: str) -> list[Section]:
    """The sections of a request, in the order of their files."""
    name = base(mark)
    return [
        section
        for section in found
        if section.package in ("network", "wireless")
        and (section.name == name or section.name.startswith(f"{name}_"))
    ]


def state(found: Sequence[Section], wanted: Intent, keyed: frozenset[str]) -> Intent | None:
    """What stands on the access point for ``wanted``: None, it, or something else of ours.

    ``keyed``: sections whose key is the one given.
    """
    if not isinstance(wanted, Ssid):
        return None
    standing = ours(found, wanted.mark)
    if not standing:
        return None
    wireless = [section for section in standing if section.kind == "wifi-iface"]
    complete = _without_keys(standing) == _without_keys(sections(wanted, radios(found)))
    right = wanted.security == "open" or all(section.name in keyed for section in wireless)
    if complete:
        return replace(wanted, keyed=right)
    return _other(wanted, standing)


def _without_keys(standing: Sequence[Section]) -> list[tuple[str, str, dict[str, object]]]:
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


def problem(found: Sequence[Section], ports: frozenset[str], wanted: Intent) -> Message | None:
    """Why the intent could not be put on this access point."""
    if not isinstance(wanted, Ssid):
        return say("an access point only takes wireless networks from this program")
    if not radios(found):
        return say("all its radios are switched off")
    if wanted.uplink not in ports:
        return say("it has no port %(port)s", port=wanted.uplink)
    mine = {section.path for section in ours(found, wanted.mark)}
    names = {f"{wanted.uplink}.{wanted.vlan}", f"br-prov{wanted.vlan}"}
    for section in found:
        if section.kind == "device" and section.path not in mine and section.text("name") in names:
            return say("VLAN %(vlan)s is in use there by something else", vlan=wanted.vlan)
    return None


# ---------------------------------------------------------------------- preview


def preview(reading: Reading, wishes: Sequence[Wish]) -> Preview:
    """See ``NetworkPlatform.preview``."""
    found = parsed(reading.configuration)
    lines: list[str] = []
    undo: list[str] = []
    diff: list[str] = []
    for wish in wishes:
        ssid = _sayable(wish.intent)
        if wish.holds(reading.objects.get(ssid.key)):
            continue
        old = ours(found, ssid.mark)
        new = sections(ssid, radios(found)) if wish.present else []
        lines += [*map(removing, old), *(line for section in new for line in making(section))]
        undo += [*map(removing, new), *_back(found, old)]
        diff += [line for section in old for line in shown(section, "-")]
        diff += [line for section in new for line in shown(section, "+")]
    return Preview(reading.host, tuple(lines), tuple(undo), tuple(diff))


def _back(found: Sequence[Section], old: Sequence[Section]) -> list[str]:
    """Lines that make sections again where they were, their keys to be filled in."""
    lines: list[str] = []
    for section in old:
        places = [other for other in found if other.package == section.package]
        options = {k: "" if k == "key" else v for k, v in section.options.items()}
        lines += making(replace(section, options=options))
        if section is not places[-1]:
            lines.append(f"reorder {section.path}={places.index(section)}")
    return lines


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
        raise _unsayable(say("The key of the wireless network is not 8 to 63 plain characters."))
    return quoted(key)


def _sayable(intent: Intent) -> Ssid:
    """The intent, if it is one that can be written on an access point; Refused otherwise."""
    if not isinstance(intent, Ssid):
        raise _unsayable(say("%(object)s is nothing for an access point.", object=intent.key))
    size = len(intent.ssid.encode("utf-8", "replace"))
    plain = all(unicodedata.category(char) not in ("Cc", "Cs") for char in intent.ssid)
    if not 1 <= size <= 32 or not plain:
        raise _unsayable(say("A network's name is 1 to 32 bytes long, without control characters."))
    if not _MARK.fullmatch(intent.mark) or not _PORT.fullmatch(intent.uplink):
        raise _unsayable(say("%(object)s: its mark or port has a wrong form.", object=intent.key))
    if not 1 <= intent.vlan <= 4094 or intent.security not in _ENCRYPTION:
        raise _unsayable(say("%(object)s: its VLAN or security is wrong.", object=intent.key))
    return intent


def _unsayable(what: Message) -> Refused:
    return Refused(
        what,
        meaning=say("The access point cannot be told to do that; nothing was done."),
        next=say("Correct the request, then plan it anew."),
    )
