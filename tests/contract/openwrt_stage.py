"""Simulated access points over real SSH, and the driver with its playbook pointed at them."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh

from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.network import Applied, Host, Order, Reading, Result, Ssid, Wish
from provisioner.drivers.platforms.openwrt import OpenWrtPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import StepFailure
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.lab.openwrt import router
from provisioner.lab.openwrt.device import OpenWrtDevice
from provisioner.settings import DeviceSettings

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
MARK = "WIFI-2026-0001"
KEY = "tamu 'kehormatan' \"$HOME\""
SSID = Ssid(MARK, "Rapat Jum'at $(id) é", "wpa2-personal", 301, "eth0", isolate=True)


@dataclass
class Stage:
    lab: DeviceLab
    hosts: dict[str, Host]
    runner: Runner
    platform: OpenWrtPlatform
    before: dict[str, str]

    def device(self, name: str = "ap-0") -> OpenWrtDevice:
        device = self.lab.device(name)
        assert isinstance(device, OpenWrtDevice)
        return device

    def make_router(self, name: str = "ap-0", without: str = "") -> None:
        """Make a router with a switch of it, optionally without one of its files."""
        device = self.device(name)
        files = router.configuration(device.address, device.netmask)
        self.lab.call(lambda: device.refit(files, router.PORTS))
        if without:
            self.lab.call(lambda: device.system.files.remove(f"/etc/config/{without}"))
        self.before = self.lab.configurations()

    def order(
        self,
        wishes: Sequence[Wish],
        minutes: int = 5,
        token: str = "run-1",  # noqa: S107
    ) -> dict[str, Order]:
        """What makes the wishes true on the first device, read a moment ago."""
        wanted = {"ap-0": [wish.intent for wish in wishes]}
        reading = good(self.platform.read(wanted, {MARK: KEY}))["ap-0"]
        preview = self.platform.preview(reading, wishes)
        return {"ap-0": Order(preview, token, minutes, {MARK: KEY})}

    def read(self, names: Iterable[str] | None = None, ssid: Ssid = SSID) -> dict[str, Reading]:
        names = self.hosts if names is None else names
        return good(self.platform.read({name: [ssid] for name in names}, {ssid.mark: KEY}))

    def orders(
        self,
        names: Iterable[str] | None = None,
        ssid: Ssid = SSID,
        *,
        present: bool = True,
        minutes: int = 5,
        token: str = "run-1",  # noqa: S107 — names a timer
    ) -> dict[str, Order]:
        return {
            name: Order(
                self.platform.preview(reading, [Wish(ssid, present)]), token, minutes, {MARK: KEY}
            )
            for name, reading in self.read(names, ssid).items()
        }

    def apply(self, orders: Mapping[str, Order]) -> dict[str, Applied]:
        return good(self.platform.apply(orders))

    def left(self, name: str) -> list[str]:
        """What of ours is on the device beside its configuration, processes too."""
        device = self.device(name)
        files = [path for path in self.lab.call(device.tree) if "provisioner" in path]
        return files + [" ".join(each) for each in device.processes if "provisioner" in str(each)]

    def change(self, name: str, **values: object) -> None:
        """Change an entry of the inventory."""
        self.hosts[name] = replace(self.hosts[name], **values)  # type: ignore[arg-type]


def good(results: Result[object]) -> dict[str, object]:  # type: ignore[misc]
    """The results, none of which may be a failure."""
    for result in results.values():
        if isinstance(result, StepFailure):
            raise result
    return dict(results)


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what happens by itself."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.05)


@dataclass
class Folder:
    """Where the runs of one test keep their files; it has to be empty in the end."""

    path: str

    def close(self) -> None:
        Path(self.path).rmdir()


@contextmanager
def staged(directory: Path, count: int = 1, minute: float = 60, **runner: float) -> Iterator[Stage]:
    """So many access points with nothing between them; entered by key."""
    identity = asyncssh.generate_private_key("ssh-ed25519")
    plan = CampusPlan(
        devices=tuple(DevicePlan(f"ap-{number}", "openwrt") for number in range(count)),
        minute=minute,
        authorized_keys=identity.export_public_key("openssh").decode(),
    )
    memory = Path("/dev/shm")
    folder = tempfile.mkdtemp(prefix="t", dir=memory if memory.is_dir() else None)
    with DeviceLab(plan) as lab, contextlib.closing(Folder(folder)):
        hosts = {name: replace(host, password=None) for name, host in lab.hosts().items()}
        chosen = {"connect": 30, "command": 60, "memory_mb": 400, "memory": Path(folder), **runner}
        play = Runner(
            PLAYBOOKS,
            lab.known_hosts(directory / "known_hosts"),
            lambda: identity.export_private_key("openssh").decode(),
            **chosen,  # type: ignore[arg-type]
        )
        sessions = Sessions(
            lambda: hosts,
            DeviceSettings(connect=20, command=60),
            directory / "known_hosts",
            lambda: identity.export_private_key("openssh").decode(),
        )
        yield Stage(lab, hosts, play, OpenWrtPlatform(sessions, play), lab.configurations())
