"""A campus of mixed platforms with two uplinks everywhere, and one VLAN through all of it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import asyncssh

from provisioner.catalogue import Network
from provisioner.drivers import platforms
from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.network import Host, Intent, Reading, Ssid, TrunkMember, Vlan, Wish
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import StepFailure
from provisioner.lab.devices.ios import IosDevice
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import GROUPS, CampusPlan, DevicePlan
from provisioner.runs.steps.base import Done
from provisioner.services.paths import ACCESS_POINTS, SWITCHES, Way, stand_ins, way
from provisioner.services.waves import waves
from provisioner.settings import DeviceSettings
from tests.integration.change_stage import MINUTE, NUMBER, TIMER, VLAN, ChangeStage

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
ROUTER = "rt-core-1"
SLOW_MINUTE = 2.0
"""Seconds in a minute where access points are changed by playbooks."""
_KINDS = {"ios": "cisco_ios", "routeros": "mikrotik_routeros", "openwrt": "openwrt"}


def mixed_plan(ios: int, routeros: int, openwrt: int, minute: float = MINUTE) -> CampusPlan:
    """So many devices: a core, two stand-ins below it, the rest with an uplink to each of the two.

    The three are Cisco switches; access points hang below switches of both kinds.
    """
    middle = ("sw-dist-1", "sw-dist-2")
    switches = [f"sw-ios-{n:02}" for n in range(1, ios - 2)]
    others = [f"sw-ros-{n:02}" for n in range(1, routeros + 1)]
    links = [(f"{ROUTER}:ether2", _port("sw-core-1", 24))]
    links += [(_port("sw-core-1", n), _port(m, 28)) for n, m in enumerate(middle, 1)]
    for number, name in enumerate((*switches, *others), 1):
        links += [(_port(m, number), _port(name, up)) for m, up in zip(middle, (1, 2), strict=True)]
    below = [*switches, *others] or ["sw-core-1"]
    for number in range(openwrt):
        above, port = below[number % len(below)], 3 + number // len(below)
        links.append((_port(above, port), f"ap-{number + 1:02}:eth0"))
    devices = (
        *(DevicePlan(n, "cisco_ios", "campus") for n in ("sw-core-1", *middle, *switches)),
        *(DevicePlan(n, _KINDS["routeros"], "campus") for n in others),  # type: ignore[arg-type]
        *(DevicePlan(f"ap-{n + 1:02}", "openwrt", "campus") for n in range(openwrt)),
    )
    return CampusPlan(
        devices=devices,
        links=tuple(links),
        sites=(("campus", "Kampus"),),
        cidr="127.33.0.0/16",
        minute=minute,
    )


def _port(device: str, number: int) -> str:
    return (
        f"{device}:ether{number}" if "-ros-" in device else f"{device}:GigabitEthernet1/0/{number}"
    )


def driven(plan: CampusPlan) -> bool:
    """Whether program and lab have all the platforms of the plan."""
    kinds = {each.platform for each in plan.devices}
    return kinds <= set(platforms.names()) and kinds <= set(GROUPS)


@dataclass
class MixedStage(ChangeStage):
    """``wanted`` puts one VLAN on every device by all the ways; ``history`` is what was kept."""

    known: Mapping[str, Host] = field(default_factory=dict)

    @cached_property
    def _network(self) -> Network:
        return Network.model_validate({"links": self.lab.plan.links})

    @cached_property
    def _hosts(self) -> dict[str, Host]:
        router = Host(ROUTER, "", frozenset({"routers"}), "192.0.2.1", 22, "")
        return {ROUTER: router, **self.known}

    @cached_property
    def ways(self) -> list[Way]:
        """From every device."""
        groups = {n: ACCESS_POINTS if "ap-" in n else SWITCHES for n in self.known}
        return [way(n, group, self._network, self._hosts) for n, group in groups.items()]

    @cached_property
    def intents(self) -> dict[str, tuple[Intent, ...]]:
        """By host. Only the trunks between devices; what leads to an access point too."""
        ports: dict[str, set[str]] = {}
        for each in self.ways:
            for port in each.trunks:
                ports.setdefault(port.device, set()).add(port.port)
        return {name: self._of(name, sorted(ports[name])) for name in self.known}

    def _of(self, name: str, ports: Sequence[str]) -> tuple[Intent, ...]:
        if name.startswith("ap-"):
            return (Ssid(NUMBER, "Rapat Jum'at", "open", VLAN, ports[0], isolate=True),)
        return (Vlan(VLAN, f"PROV-{NUMBER}"), *(TrunkMember(port, VLAN) for port in ports))

    def wanted(self, *, present: bool = True) -> dict[str, Any]:
        """The params of the step that puts it there, or takes it away."""
        far = {device: away for each in self.ways for device, away in each.distances.items()}
        apart = stand_ins(list(self.known), self._network, self._hosts)
        return {
            "mark": NUMBER,
            "wishes": {
                host: [Wish(intent, present).to_json() for intent in its]
                for host, its in self.intents.items()
            },
            "expected": {h: {i.key: None for i in its} for h, its in self.intents.items()},
            "waves": waves(far, apart),
            "tolerant": False,
        }

    def look(self) -> dict[str, Reading]:
        """Every device as it is; waits for those that are booting."""
        deadline = time.monotonic() + 60
        while True:
            found = self.fleet.read(self.intents)
            silent = [name for name, each in found.items() if isinstance(each, StepFailure)]
            if not silent:
                return {n: each for n, each in found.items() if isinstance(each, Reading)}
            assert time.monotonic() < deadline, {name: str(found[name]) for name in silent}
            time.sleep(0.2)


def wrongs(stage: MixedStage, before: Mapping[str, str], found: Done | StepFailure) -> list[str]:
    """What does not hold after a trial: all of it everywhere, or nothing anywhere."""
    readings = stage.look()
    wrong = [f"{n}: a timer runs ({r.pending})" for n, r in readings.items() if r.pending]
    if isinstance(found, Done):
        wrong += [
            f"{name} lacks {intent.key}: {readings[name].objects.get(intent.key)}"
            for name, its in stage.intents.items()
            for intent in its
            if readings[name].objects.get(intent.key) != intent
        ]
        texts = {name: reading.configuration for name, reading in readings.items()}
        wrong += [f"seen as foreign: {each}" for each in stage.history.changed_outside(texts)]
    else:
        told = [tag for tag, _ in stage.told]
        wrong += ["decided on record, but failed"] if "device:decided" in told else []
        wrong += ["something stands on record"] if stage.memory.get("do", {}).get("armed") else []
        running = stage.lab.configurations()
        wrong += [f"{name} differs" for name, text in running.items() if text != before[name]]
    for name in readings:
        device = stage.lab.device(name)
        if isinstance(device, IosDevice) and _unsaved(stage, device):
            wrong.append(f"{name}: running and startup differ")
    return wrong


def _unsaved(stage: MixedStage, device: IosDevice) -> bool:
    return stage.lab.call(lambda: device.startup.lines() != device.running.lines())


@contextmanager
def mixed_stage(directory: Path, plan: CampusPlan, timer: int = TIMER) -> Iterator[MixedStage]:
    """The lab of the plan, with the program's own driver for each of its platforms."""
    identity = asyncssh.generate_private_key("ssh-ed25519")
    public = identity.export_public_key("openssh").decode()
    key = identity.export_private_key("openssh").decode()
    with (
        DeviceLab(replace(plan, authorized_keys=public)) as lab,
        tempfile.TemporaryDirectory(prefix="t", dir=_memory()) as memory,
    ):
        hosts = {name: replace(host, password=None) for name, host in lab.hosts().items()}
        known = lab.known_hosts(directory / "known_hosts")
        playful = any(host.platform == "openwrt" for host in hosts.values())
        settings = DeviceSettings(
            minute=plan.minute, timer_minutes=timer,
            connect=5 if playful else 2, command=20 if playful else 3,
        )  # fmt: skip
        means = platforms.Means(
            Sessions(lambda: hosts, settings, known, lambda: key),
            Runner(
                PLAYBOOKS, known, lambda: key, connect=5, command=20, memory_mb=400,
                memory=Path(memory),
            ),
        )  # fmt: skip
        kinds = sorted({host.platform for host in hosts.values()})
        fleet = Fleet(lambda: hosts, {kind: platforms.platform(kind, means) for kind in kinds})
        yield MixedStage(lab, fleet, settings, directory, known=hosts)


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
