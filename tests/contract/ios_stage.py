"""Simulated switches over real SSH, and the driver pointed at them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from provisioner.drivers.network import (
    AccessPort,
    Applied,
    Host,
    Intent,
    Order,
    Reading,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import StepFailure
from provisioner.lab.devices.ios.switch import IosDevice
from provisioner.lab.devices.ios.terminal import Terminal
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import UPLINK, CampusPlan, tree
from provisioner.settings import DeviceSettings

MARK = "PROV-WIFI-2026-0001"
WANTED: Sequence[Intent] = (
    Vlan(301, MARK),
    TrunkMember(UPLINK, 301),
    AccessPort("GigabitEthernet1/0/5", 301, "Meja panitia, aula"),
)
LEAF = "sw-002"
"""A switch with nothing behind it."""


@dataclass
class Stage:
    lab: DeviceLab
    hosts: dict[str, Host]
    known_hosts: Path
    settings: DeviceSettings
    platform: IosPlatform

    def read(self, host: str = LEAF, wanted: Sequence[Intent] = WANTED) -> Reading:
        found = self.platform.read({host: wanted})[host]
        if isinstance(found, StepFailure):
            raise found
        return found

    def order(self, host: str = LEAF, wanted: Sequence[Intent] = WANTED, minutes: int = 5) -> Order:
        wishes = [Wish(intent) for intent in wanted]
        return Order(self.platform.preview(self.read(host, wanted), wishes), "token", minutes)

    def apply(self, order: Order) -> Applied | StepFailure:
        return self.platform.apply({order.preview.host: order})[order.preview.host]

    def change(self, **values: object) -> None:
        """Change the leaf's entry in the inventory."""
        self.hosts[LEAF] = replace(self.hosts[LEAF], **values)  # type: ignore[arg-type]

    def type(self, *lines: str, host: str = LEAF) -> None:
        """Type lines in configuration mode, as somebody at the device's own console."""
        device = cast(IosDevice, self.lab.device(host))

        async def typed() -> None:
            terminal = Terminal(device, _Console(), 0)
            terminal.length = 0
            for line in ("configure terminal", *lines, "end"):
                await terminal.line(line)

        self.lab.run(typed())

    def configuration(self, host: str = LEAF) -> str:
        return self.lab.configuration(host)


class _Console:
    user, peer = "console", ""

    async def read(self) -> bytes:
        return b""

    def write(self, data: str) -> None:
        assert "%" not in data, data


ROUTED = "GigabitEthernet1/0/20"
"""A port of the leaf that routes once ``as_router`` was called; OUTSIDE is towards the Internet."""
OUTSIDE = "GigabitEthernet1/0/21"


def as_router(stage: Stage) -> None:
    """Let the leaf route, translate and answer DNS."""
    stage.type(
        "ip routing",
        "ip dns server",
        f"interface {ROUTED}",
        "no switchport",
        f"interface {OUTSIDE}",
        "no switchport",
        "ip address 192.0.2.2 255.255.255.252",
        "ip nat outside",
    )


@contextmanager
def staged(directory: Path, plan: CampusPlan | None = None, **settings: float) -> Iterator[Stage]:
    """Three switches: sw-001 carries sw-002 and sw-003."""
    with DeviceLab(plan or tree(3)) as lab:
        hosts = lab.hosts()
        known = lab.known_hosts(directory / "known_hosts")
        chosen = DeviceSettings(**{"connect": 5, "command": 10, **settings})  # type: ignore[arg-type]
        platform = IosPlatform(Sessions(lambda: hosts, chosen, known, lambda: ""))
        yield Stage(lab, hosts, known, chosen, platform)


def until(holds: Callable[[], bool]) -> None:
    """Wait until that is so; fails after twenty seconds."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
