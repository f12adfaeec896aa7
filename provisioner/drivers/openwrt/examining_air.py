"""Radios and wireless networks of an OpenWrt device, of what ``examine.sh`` said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.drivers.linux.examining_air import Band, Transmitting, band_of, transmitting
from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.network import OnAir, Radio
from provisioner.drivers.openwrt.examining_log import Log
from provisioner.drivers.openwrt.examining_sections import of_kind, shown
from provisioner.drivers.openwrt.sections import Section

_RADIO = re.compile(r'^\t"([^"]*)": \{$')
_FACT = re.compile(r'^\s*"(section|ifname)": "([^"]*)"')
_STATUS = re.compile(r'"status": "([^"]*)"')
_WAITING = frozenset({"DFS", "ACS", "HT_SCAN", "COUNTRY_UPDATE"})
"""hostapd looks for a channel, or listens for radar before it may speak; it will transmit."""
_BANDS: Mapping[str, Band] = {
    "2g": "2.4",
    "5g": "5",
    "6g": "6",
    "11a": "5",
    "11g": "2.4",
    "11b": "2.4",
}
_IN_USE = re.compile(r"\[in use\](.*?)(?=^Survey data|\Z)", re.M | re.S)
_TIME = re.compile(r"channel (active|busy) time:\s+(\d+) ms")
_NOISE = re.compile(r"noise:\s+(-\d+) dBm")
_IWINFO = re.compile(
    r'^(\S+) +ESSID: (?:"(.*)"|unknown)\n(?:[ \t].*\n)*?'
    r"[ \t]+Mode: Master\s+Channel: (\d+) \((\d\.\d+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class _Network:
    """A wireless network as it is set up, and the interface that it has now."""

    ssid: str
    radio: str
    interface: str


class Air:
    """What is set up in /etc/config/wireless, beside what the radios do."""

    def __init__(self, answer: Answer, log: Log) -> None:
        self._answer, self._refused = answer, log.refused()
        sections = shown(answer.blocks.get("wireless", ""))
        self._devices = of_kind(sections, "wifi-device")
        interfaces = dict(_interfaces(answer.blocks.get("radios", "")))
        self._networks = [
            _Network(each.text("ssid"), radio, interfaces.get((radio, each.name), ""))
            for each in of_kind(sections, "wifi-iface")
            for radio in each.words("device")
            if each.text("disabled") != "1" and each.text("mode") in ("", "ap")
        ]
        self._heard = transmitting(answer.blocks.get("air", ""))
        self._heard |= {
            name: Transmitting(ssid, int(channel), band_of(int(float(ghz) * 1000)))
            for name, ssid, channel, ghz in _IWINFO.findall(answer.blocks.get("iwinfo", ""))
        }

    @property
    def silent(self) -> bool:
        """There are radios, and nothing that could tell of them."""
        return bool(self._devices) and not {"air", "iwinfo"} & set(self._answer.blocks)

    def radios(self) -> tuple[Radio, ...]:
        return tuple(self._radio(each) for each in self._devices)

    def _radio(self, device: Section) -> Radio:
        own = [each for each in self._networks if each.radio == device.name]
        live = [each.interface for each in own if self._up(each)]
        now = next((self._heard[name] for name in live if name in self._heard), Transmitting())
        percent, noise = next((self._channel(name) for name in live), (None, None))
        channel = device.text("channel")
        return Radio(
            name=device.name,
            enabled=device.text("disabled") != "1" and bool(own),
            up=bool(live),
            band=now.band or _BANDS.get(device.text("band") or device.text("hwmode")[:3]),
            channel=now.channel or (int(channel) if channel.isdecimal() else None),
            busy_percent=percent,
            noise_dbm=noise,
        )

    def networks(self) -> tuple[OnAir, ...]:
        off = {each.name for each in self._devices if each.text("disabled") == "1"}
        return tuple(self._network(each) for each in self._networks if each.radio not in off)

    def _network(self, each: _Network) -> OnAir:
        up = self._up(each)
        stations = self._answer.blocks.get(f"stations {each.interface}")
        return OnAir(
            ssid=each.ssid,
            radio=each.radio,
            up=up,
            clients=stations.count("Station ") if up and stations is not None else None,
            refused=None if self._refused is None else self._refused.get(each.interface, 0),
        )

    def _up(self, each: _Network) -> bool:
        status = _STATUS.search(self._answer.blocks.get(f"hostapd {each.interface}", ""))
        if status is not None:
            return status[1] == "ENABLED" or status[1] in _WAITING
        now = self._heard.get(each.interface)
        return now is not None and (now.ssid != "" or now.channel is not None)

    def _channel(self, interface: str) -> tuple[float | None, int | None]:
        """Percent busy between the first look and the last, and the noise."""
        rows = _IN_USE.findall(self._answer.blocks.get(f"survey {interface}", ""))
        if not rows:
            return None, None
        noise = _NOISE.search(rows[-1])
        first, last = (
            {kind: int(ms) for kind, ms in _TIME.findall(row)} for row in (rows[0], rows[-1])
        )
        active, busy = (last.get(kind, 0) - first.get(kind, 0) for kind in ("active", "busy"))
        if active <= 0 or busy < 0:
            active, busy = last.get("active", 0), last.get("busy", 0)
        percent = (
            round(min(100 * busy / active, 100.0), 1) if active > 0 and "busy" in last else None
        )
        return percent, int(noise[1]) if noise else None


def _interfaces(text: str) -> list[tuple[tuple[str, str], str]]:
    """Radio and section with the interface's name, of what netifd says of the radios."""
    found, radio, section = [], "", ""
    for line in text.splitlines():
        if match := _RADIO.match(line):
            radio = match[1]
        elif match := _FACT.match(line):
            if match[1] == "section":
                section = match[2]
            else:
                found.append(((radio, section), match[2]))
    return found
