"""Simulated RouterOS devices over real SSH, the driver pointed at them, and people at consoles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.drivers.network import (
    AccessPort,
    Applied,
    Confirmed,
    Description,
    Host,
    Intent,
    Order,
    RateLimit,
    Reading,
    Reverted,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.platforms.mikrotik_routeros import RouterOsPlatform
from provisioner.drivers.routeros.session import Session
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import StepFailure
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.settings import DeviceSettings

MARK = "NET-2026-0001"
TOKEN = "0d5d9a52-7a43-4f2c-8a2e-f2ea9c1cb4b1-forward-1"
KEYS = {"WIFI-2026-0002": 'ra"ha$ia? sekali'}
OLD, NEW = "6.49.18", "7.16.1"

PORT = AccessPort("ether5", 301, 'Meja "panitia", $5?', poe=False)
SWITCHING: Sequence[Intent] = (
    Vlan(301, f"PROV-{MARK}"), TrunkMember("ether1", 301), PORT, Description("ether6", "Rak 2"),
)  # fmt: skip
SCOPE = Scope(
    MARK, 301, "ether2", "10.40.1.1/24", "10.40.1.10", "10.40.1.200", ("10.10.10.1",),
    outside="ether1", walls=("10.0.0.0/8", "192.168.0.0/16"),
)  # fmt: skip
RATE = RateLimit(MARK, 301, "10.40.1.0/24", 50, 20)
ROUTING: Sequence[Intent] = (SCOPE, RATE)
SSID = Ssid("WIFI-2026-0002", "Café 'Aula' $1?", "wpa2-personal", 301, "ether1", isolate=True)
WIFI: Sequence[Intent] = (Vlan(301, "PROV-WIFI-2026-0002"), SSID)


RADIOS = {
    "wireless": [
        "/interface wireless set [find where default-name=wlan1] disabled=no band=2ghz-b/g/n",
        "/interface wireless set [find where default-name=wlan2] disabled=no band=5ghz-a/n/ac",
    ],
    "wifi": [
        "/interface wifi set [find where default-name=wifi1] disabled=no channel.band=2ghz-ax",
        "/interface wifi set [find where default-name=wifi2] disabled=no channel.band=5ghz-ax",
    ],
}
"""Lines by which a person switches the radios on, by their menu."""


@dataclass
class Stage:
    lab: DeviceLab
    hosts: dict[str, Host]
    known_hosts: Path
    platform: RouterOsPlatform
    name: str

    def read(self, wanted: Sequence[Intent]) -> Reading:
        found = self.platform.read({self.name: wanted}, KEYS)[self.name]
        if isinstance(found, StepFailure):
            raise found
        return found

    def order(self, wanted: Sequence[Intent], minutes: int = 5, present: bool = True) -> Order:
        wishes = [Wish(intent, present) for intent in wanted]
        preview = self.platform.preview(self.read(wanted), wishes)
        return Order(preview, TOKEN, minutes, KEYS)

    def apply(self, order: Order) -> Applied | StepFailure:
        return self.platform.apply({self.name: order})[self.name]

    def confirm(self, order: Order) -> Confirmed | StepFailure:
        return self.platform.confirm({self.name: order})[self.name]

    def revert(self, order: Order) -> Reverted | StepFailure:
        return self.platform.revert({self.name: order})[self.name]

    def change(self, **values: object) -> None:
        """Change the device's entry in the inventory."""
        self.hosts[self.name] = replace(self.hosts[self.name], **values)  # type: ignore[arg-type]

    def configuration(self) -> str:
        """All of it as the lab knows it, secrets too."""
        return self.lab.configuration(self.name)

    @contextmanager
    def person(self) -> Iterator[Session]:
        """Somebody else at the console."""
        login = Access(self.known_hosts, lambda: "").login(self.hosts[self.name])
        session = Session(login, 5, 5)
        session.open()
        try:
            yield session
        finally:
            session.disconnect()

    def types(self, *lines: str) -> None:
        with self.person() as session:
            for line in lines:
                session.tell(line)


@contextmanager
def staged(
    directory: Path, device: DevicePlan, minute: float = 3.0, **settings: float
) -> Iterator[Stage]:
    """One device on its own."""
    plan = CampusPlan((device,), routers=(device.name,), minute=minute, boot_seconds=0.05)
    with DeviceLab(plan) as lab:
        hosts = lab.hosts()
        known = lab.known_hosts(directory / "known_hosts")
        chosen = DeviceSettings(**{"connect": 5, "command": 10, **settings})
        platform = RouterOsPlatform(Sessions(lambda: hosts, chosen, known, lambda: ""))
        time.sleep(minute / 15)  # what starts at boot has started
        yield Stage(lab, hosts, known, platform, device.name)


def a_switch(version: str = NEW, **more: object) -> DevicePlan:
    return DevicePlan("sw-7", "mikrotik_routeros", version=version, **more)  # type: ignore[arg-type]


def a_router(version: str = NEW, **more: object) -> DevicePlan:
    return DevicePlan("rt-7", "mikrotik_routeros", role="router", version=version, **more)  # type: ignore[arg-type]


def until(holds: Callable[[], bool]) -> None:
    """Wait until that is so; fails after twenty seconds."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
