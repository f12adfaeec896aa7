"""What netifd and hostapd make of the configuration: interfaces that are up, SSIDs on the air."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from provisioner.lab.openwrt.uci import Uci, UciError
from provisioner.lab.openwrt.uci_files import Package, Section, Value

RADIO_SECONDS = 2.0
"""Seconds of the device's clock until a radio that was restarted is on the air again."""
_OPEN = frozenset({"none", "owe"})
_KEYED = re.compile(r"(psk|psk2|psk-mixed|sae|sae-mixed)(\+(ccmp|tkip\+ccmp|aes))?")


@dataclass
class Station:
    """A wireless interface on the air."""

    interface: str
    section: str
    radio: str
    ssid: str
    encryption: str
    networks: tuple[str, ...]
    hidden: bool
    isolate: bool
    clients: int = 0


@dataclass
class Radios:
    """The live state; committed configuration becomes live by ``reload`` or ``restart``."""

    uci: Uci
    seconds: Callable[[float], float]
    """Real seconds for those of the device's clock."""
    changed: Callable[[], None]
    stations: dict[str, Station] = field(default_factory=dict)
    """By interface."""
    network: Package = field(default_factory=lambda: Package("network"))
    """The wired side as it is live."""
    restarts: dict[str, int] = field(default_factory=dict)
    """How often each radio has been taken down: its clients were dropped each time."""
    refused: dict[str, str] = field(default_factory=dict)
    """Sections that are not on the air although enabled, and hostapd's reason."""
    _running: dict[str, object] = field(default_factory=dict)
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)

    @property
    def pending(self) -> set[str]:
        """Radios that are on their way up."""
        return set(self._timers)

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.stations.clear()
        self._running.clear()
        self.restarts.clear()
        self.network = Package("network")

    def clients_join(self, interface: str, count: int) -> None:
        self.stations[interface].clients = count

    def load(self, name: str) -> Package:
        """A committed package; an unreadable one counts as empty, as netifd takes it."""
        try:
            return self.uci.load(name, staged=False)
        except UciError:
            return Package(name)

    def reload(self) -> None:
        """Take over the configuration; only radios whose part of it changed go down."""
        self._take(everything=False)

    def restart(self, only: str = "") -> None:
        """Take all radios down and up again, or that one."""
        self._take(everything=True, only=only)

    def down(self) -> None:
        for name in self._running:
            self._take_down(name)

    def _take(self, everything: bool, only: str = "") -> None:
        self.network = self.load("network")
        wireless = self.load("wireless")
        radios = [section for section in wireless.sections if section.kind == "wifi-device"]
        names = {radio.name for radio in radios}
        for gone in [name for name in self._running if name not in names]:
            self._take_down(gone)
        for number, radio in enumerate(radios):
            planned, refused = self._planned(wireless, radio, number)
            if only not in ("", radio.name):
                continue
            if not everything and self._running.get(radio.name) == (planned, dict(radio.options)):
                continue
            self._take_down(radio.name)
            self._running[radio.name] = (planned, dict(radio.options))
            self.refused.update(refused)
            loop = asyncio.get_running_loop()
            self._timers[radio.name] = loop.call_later(
                self.seconds(RADIO_SECONDS), self._on_air, radio.name, planned
            )
        self.changed()

    def _take_down(self, radio: str) -> None:
        if radio in self._timers:
            self._timers.pop(radio).cancel()
        if self._running.pop(radio, None) is not None:
            self.restarts[radio] = self.restarts.get(radio, 0) + 1
        for name in [name for name, one in self.stations.items() if one.radio == radio]:
            del self.stations[name]
        self.changed()

    def _on_air(self, radio: str, planned: list[dict[str, object]]) -> None:
        self._timers.pop(radio, None)
        for each in planned:
            station = Station(**each)  # type: ignore[arg-type]  # its own fields
            self.stations[station.interface] = station
        self.changed()

    def _planned(
        self, wireless: Package, radio: Section, number: int
    ) -> tuple[list[dict[str, object]], dict[str, str]]:
        """The interfaces of one radio that will come up, and why others will not."""
        planned: list[dict[str, object]] = []
        refused: dict[str, str] = {}
        if text(radio, "disabled", "0") == "1":
            return planned, refused
        for section in wireless.sections:
            if section.kind != "wifi-iface" or radio.name not in words(section, "device"):
                continue
            if text(section, "disabled", "0") == "1":
                continue
            reason = self._problem(section)
            if reason:
                refused[section.name] = reason
                continue
            planned.append(
                {
                    "interface": f"phy{number}-ap{len(planned)}",
                    "section": section.name,
                    "radio": radio.name,
                    "ssid": text(section, "ssid", ""),
                    "encryption": text(section, "encryption", "none"),
                    "networks": tuple(words(section, "network")),
                    "hidden": text(section, "hidden", "0") == "1",
                    "isolate": text(section, "isolate", "0") == "1",
                }
            )
        return planned, refused

    def _problem(self, section: Section) -> str:
        if text(section, "mode", "ap") != "ap":
            return "not an access point"
        if not 1 <= len(text(section, "ssid", "").encode("utf-8", "surrogateescape")) <= 32:
            return "invalid SSID"
        encryption, key = text(section, "encryption", "none"), text(section, "key", "")
        if encryption not in _OPEN:
            if not _KEYED.fullmatch(encryption):
                return "unknown encryption"
            length = len(key.encode("utf-8", "surrogateescape"))
            if not 8 <= length <= 63 and not re.fullmatch(r"[0-9a-fA-F]{64}", key):
                return "INVALID_WPA_PSK"
        for name in words(section, "network"):
            interface = self.network.find(name)
            if interface is None or interface.kind != "interface":
                return f"unknown network {name}"
        return "" if words(section, "network") else "no network"

    # ------------------------------------------------------------------ the wired side

    def interfaces(self) -> list[Section]:
        return [section for section in self.network.sections if section.kind == "interface"]

    def ports(self, device: str) -> set[str]:
        """The wired ports behind a device's name, VLAN devices and bridges resolved."""
        bridge, _, vlan = device.partition(".")
        found = {device}
        for section in self.network.sections:
            if section.kind == "device" and text(section, "name", "") in (device, bridge):
                for port in words(section, "ports") + words(section, "ifname"):
                    if not vlan or self._carries(device, vlan, port):
                        found |= {port} if port == device else self.ports(port)
        if vlan and bridge != device:
            found.add(bridge)
        return found

    def _carries(self, bridge: str, vlan: str, port: str) -> bool:
        """Whether that VLAN of a bridge leaves by the port; of one that tells none apart, all."""
        name = bridge.partition(".")[0]
        vlans = [
            section
            for section in self.network.sections
            if section.kind == "bridge-vlan" and text(section, "device", "") == name
        ]
        own = [section for section in vlans if text(section, "vlan", "") == vlan]
        members = {item.partition(":")[0] for section in own for item in words(section, "ports")}
        return not vlans or port in members


def text(section: Section, option: str, default: str) -> str:
    value: Value = section.options.get(option, default)
    return value if isinstance(value, str) else " ".join(value)


def words(section: Section, option: str) -> list[str]:
    value = section.options.get(option, [])
    return value.split() if isinstance(value, str) else list(value)
