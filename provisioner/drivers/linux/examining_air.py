"""Radios and wireless networks, of what ``examine.sh`` said: iw, and the files of hostapd."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.linux.state import HOSTAPD
from provisioner.drivers.network import OnAir, Radio

Band = Literal["2.4", "5", "6"]

_INTERFACE = re.compile(r"^\tInterface (\S+)$(.*?)(?=^\tInterface |^phy|\Z)", re.M | re.S)
_SSID = re.compile(r"^\t+ssid (.*)$", re.M)
_BYTE = re.compile(rb"\\x([0-9a-fA-F]{2})|\\([\\\"])")
_CLASSES_OF_6_GHZ = frozenset(map(str, range(131, 138)))
"""Operating classes of IEEE 802.11, annex E."""
_CHANNEL = re.compile(r"^\t+channel (\d+) \((\d+) MHz\)", re.M)
_IN_USE = re.compile(r"\[in use\](.*?)(?=^Survey data|\Z)", re.M | re.S)
_TIME = re.compile(r"channel (active|busy) time:\s+(\d+) ms")
_NOISE = re.compile(r"noise:\s+(-\d+) dBm")
_REFUSED = re.compile(r"^(\S+?):.*?(?:STA |-MISMATCH )([0-9a-f:]{17})?", re.M)


@dataclass(frozen=True)
class Transmitting:
    """An interface as ``iw dev`` tells of it."""

    ssid: str = ""
    channel: int | None = None
    band: Band | None = None


@dataclass
class _Radio:
    """A radio as the files of hostapd say it should be."""

    name: str
    band: Band
    channel: int | None
    networks: dict[str, str] = field(default_factory=dict)
    """SSIDs by interface."""


def transmitting(text: str) -> dict[str, Transmitting]:
    """Of ``iw dev``, by interface."""
    found = {}
    for name, body in _INTERFACE.findall(text):
        ssid, channel = _SSID.search(body), _CHANNEL.search(body)
        found[name] = Transmitting(
            unescaped(ssid[1]) if ssid else "",
            int(channel[1]) if channel else None,
            band_of(int(channel[2])) if channel else None,
        )
    return found


def unescaped(text: str) -> str:
    """A name as it is meant: iw and hostapd write what is not ASCII by its bytes, ``\\xc3``."""
    raw = _BYTE.sub(lambda m: bytes.fromhex(m[1].decode()) if m[1] else m[2], text.encode())
    return raw.decode(errors="replace")


def survey_of(text: str) -> tuple[float | None, int | None]:
    """Percent busy and noise in dBm of the channel in use, of ``iw dev IF survey dump``."""
    match = _IN_USE.search(text)
    if match is None:
        return None, None
    times = {kind: int(ms) for kind, ms in _TIME.findall(match[1])}
    noise = _NOISE.search(match[1])
    active, busy = times.get("active"), times.get("busy")
    percent = round(100 * busy / active, 1) if active and busy is not None else None
    return percent, int(noise[1]) if noise else None


def radios(answer: Answer) -> tuple[Radio, ...]:
    """Those that the office has set up in hostapd's files."""
    air = transmitting(answer.blocks.get("air", ""))
    blocked = _blocked(answer)
    found = []
    for each in _set_up(answer):
        now = air.get(each.name, Transmitting())
        percent, noise = survey_of(answer.blocks.get(f"survey {each.name}", ""))
        heard = [air[name] for name in each.networks if name in air and air[name].ssid]
        found.append(
            Radio(
                name=each.name,
                enabled=not blocked.get(each.name, False),
                up=bool(heard) and "hostapd" in answer.all("runs"),
                band=now.band or each.band,
                channel=now.channel or each.channel,
                busy_percent=percent,
                noise_dbm=noise,
            )
        )
    return tuple(found)


def networks(answer: Answer) -> tuple[OnAir, ...]:
    """Those of hostapd's files, and whether they are on the air."""
    air = transmitting(answer.blocks.get("air", ""))
    refused = _refused(answer.blocks.get("join-log"))
    found = []
    for each in _set_up(answer):
        for name, ssid in each.networks.items():
            up = air.get(name, Transmitting()).ssid != ""
            stations = answer.blocks.get(f"stations {name}")
            found.append(
                OnAir(
                    ssid=ssid,
                    radio=each.name,
                    up=up,
                    clients=stations.count("Station ") if up and stations is not None else None,
                    refused=None if refused is None else refused.get(name, 0),
                )
            )
    return tuple(found)


def _set_up(answer: Answer) -> list[_Radio]:
    found = []
    for path, text in answer.blocks.items():
        if not path.startswith(HOSTAPD) or "interface=" not in text:
            continue
        options: dict[str, str] = {}
        made: dict[str, str] = {}
        current = ""
        for line in text.splitlines():
            word, _, value = line.partition("=")
            if word in ("interface", "bss"):
                current = value
            elif word == "ssid":
                made[current] = value
            elif word == "ssid2":
                made[current] = _ssid2(value)
            options.setdefault(word, value)
        channel = options.get("channel", "")
        number = int(channel) if channel.isdecimal() else 0
        band: Band = "5" if options.get("hw_mode") == "a" else "2.4"
        if options.get("op_class", "") in _CLASSES_OF_6_GHZ:
            band = "6"
        found.append(_Radio(options["interface"], band, number or None, made))
    return found


def _ssid2(value: str) -> str:
    if match := re.fullmatch(r'P?"(.*)"', value):
        return unescaped(match[1]) if value.startswith("P") else match[1]
    try:
        return bytes.fromhex(value).decode(errors="replace")
    except ValueError:
        return value


def _blocked(answer: Answer) -> Mapping[str, bool]:
    switches = [text.split() for text in answer.values.get("rfkill", ())]
    by_phy = {row[0]: "1" in row[1:] for row in switches if len(row) == 3}
    phys = (text.split() for text in answer.values.get("phy", ()))
    return {row[0]: by_phy.get(row[1], False) for row in phys if len(row) == 2}


def _refused(text: str | None) -> dict[str, int] | None:
    """Different clients that were turned away, by interface; None without a journal."""
    if text is None:
        return None
    turned: dict[str, set[str]] = {}
    for name, mac in _REFUSED.findall(text):
        turned.setdefault(name, set()).add(mac)
    return {name: len(macs) for name, macs in turned.items()}


def band_of(mhz: int) -> Band:
    """The band of a frequency in MHz."""
    return "2.4" if mhz < 3000 else "5" if mhz < 5925 else "6"
