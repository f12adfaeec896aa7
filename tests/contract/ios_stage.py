"""Simulated switches over real SSH, and the driver pointed at them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.drivers.ios.platform import IosPlatform
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
from provisioner.errors import StepFailure
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

    def configuration(self, host: str = LEAF) -> str:
        return self.lab.configuration(host)


@contextmanager
def staged(directory: Path, plan: CampusPlan | None = None, **settings: float) -> Iterator[Stage]:
    """Three switches: sw-001 carries sw-002 and sw-003."""
    with DeviceLab(plan or tree(3)) as lab:
        hosts = lab.hosts()
        known = lab.known_hosts(directory / "known_hosts")
        chosen = DeviceSettings(**{"connect": 5, "command": 10, **settings})  # type: ignore[arg-type]
        platform = IosPlatform(lambda: hosts, chosen, known, lambda: "")
        yield Stage(lab, hosts, known, chosen, platform)


def until(holds: Callable[[], bool]) -> None:
    """Wait until that is so; fails after twenty seconds."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
