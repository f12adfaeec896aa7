"""Simulated devices over real SSH, and the step that changes them, one call after the other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from provisioner.drivers.fleet import Fleet
from provisioner.drivers.network import Host, Intent, TrunkMember, Vlan, Wish
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import OutcomeUnknown, Retriable, StepFailure
from provisioner.lab.devices.ios import IosDevice
from provisioner.lab.devices.ios.terminal import Terminal
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import UPLINK, CampusPlan, tree
from provisioner.plans.model import Step
from provisioner.runs.configurations import Cause, ConfigurationHistory
from provisioner.runs.steps.base import Context, Devices, Done, Wait
from provisioner.runs.steps.network import CHANGE, ChangeDevices
from provisioner.settings import DeviceSettings
from provisioner.texts import Message, render, say

NUMBER = "WIFI-2026-0001"
VLAN = 301
MINUTE = 0.6
"""Seconds in a minute of the devices and of the product alike."""
TIMER = 10
"""Minutes of the timers: long enough for a busy machine."""


class OwnDevices:
    """Nobody else wants the devices."""

    def take(self, hosts: Sequence[str]) -> str | None:
        return None

    def check(self) -> None:
        pass

    def give_back(self) -> None:
        pass


class NoInstances:
    def ends_at(self, instance_id: str) -> datetime | None:
        raise KeyError(instance_id)

    def prolong(self, instance_id: str, ends_at: datetime) -> None:
        raise KeyError(instance_id)


@dataclass
class ChangeStage:
    """``memory`` is the step's journal: what a crash leaves."""

    lab: DeviceLab
    fleet: Fleet
    settings: DeviceSettings
    directory: Path
    memory: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    killed_at: int | None = None
    """At which writing of the journal the process dies."""
    written: int = 0
    run_id: str = "run-1"
    passphrase: str | None = None
    devices: Devices = field(default_factory=OwnDevices)
    journal: Path | None = None
    """Where it is kept on disk too."""
    patience: float = 0.1
    """The most that is waited where the product waits."""

    @property
    def history(self) -> ConfigurationHistory:
        return ConfigurationHistory(self.directory / "configurations")

    def context(self, params: Mapping[str, Any]) -> Context:
        step = Step(CHANGE, CHANGE, say("Change"), "campus", "network", params)
        nobody: Any = None  # what no step of the network asks for
        return Context(
            run_id=self.run_id, number=NUMBER, step=step, memory=self.memory,
            remember=self._remember, recall=lambda key: {}, planned=lambda key: {},
            rewrite=nobody, hypervisors={}, clusters={}, office_key="", seat=nobody,
            slots=nobody, keep_secret=nobody, find_secret=lambda kind, number=None: self.passphrase,
            other_vmid=nobody, warn=nobody, tell=self._tell, fleet=self.fleet, devices=self.devices,
            device_settings=self.settings,
            keep_configuration=partial(self.history.keep, Cause(NUMBER, self.run_id)),
            endings=NoInstances(), checks=nobody, settle=0.1, guests=nobody,
        )  # fmt: skip

    def _remember(self, values: Mapping[str, Any]) -> None:
        self.written += 1
        if self.written == self.killed_at:
            raise KilledError
        self.memory.update(json.loads(json.dumps(values)))
        if self.journal:
            written = self.journal.with_suffix(".new")
            written.write_text(json.dumps(self.memory))
            written.replace(self.journal)

    def _tell(self, tag: str, text: Message, data: Mapping[str, Any]) -> None:
        self.told.append((tag, render(text, "en")))

    def apply(self, params: Mapping[str, Any], tries: int = 3) -> Done | StepFailure:
        """As the runner does: again and again until it is done or failed for good."""
        return self._drive(ChangeDevices().apply, params, tries)

    def undo(self, params: Mapping[str, Any], tries: int = 3) -> Done | StepFailure:
        return self._drive(ChangeDevices().undo, params, tries)

    def _drive(self, call: Any, params: Mapping[str, Any], tries: int) -> Done | StepFailure:
        while True:
            try:
                found = call(self.context(params))
            except (Retriable, OutcomeUnknown) as failure:
                tries -= 1
                if not tries:
                    return failure
                continue
            except StepFailure as failure:
                return failure
            if isinstance(found, Wait):
                time.sleep(min(found.after, self.patience))
                continue
            return found  # type: ignore[no-any-return]

    def turn(self, params: Mapping[str, Any]) -> Done | Wait:
        """One call only."""
        return ChangeDevices().apply(self.context(params))

    def beside(self, run_id: str, devices: Devices) -> ChangeStage:
        """Another run on the same devices."""
        return ChangeStage(
            self.lab, self.fleet, self.settings, self.directory, run_id=run_id, devices=devices
        )

    def holding(self) -> dict[str, bool]:
        """Which switch has the VLAN under our name, and on its uplink too."""

        def whole(name: str) -> bool:
            running = switch(self, name).running
            named = running.vlans.get(VLAN) == f"PROV-{NUMBER}"
            return named and running.interfaces[UPLINK].carries(VLAN)

        return self.lab.call(lambda: {name: whole(name) for name in self.lab.hosts()})


class KilledError(BaseException):
    """The process has died here."""


def params(
    hosts: Sequence[str], *, tolerant: bool = False, present: bool = True, extra: Any = ()
) -> dict[str, Any]:
    """The VLAN on those switches and on their uplinks."""
    intents: tuple[Intent, ...] = (Vlan(VLAN, f"PROV-{NUMBER}"), TrunkMember(UPLINK, VLAN))
    wishes = [Wish(intent, present).to_json() for intent in intents]
    return {
        "mark": NUMBER,
        "wishes": {host: [*wishes, *(w.to_json() for w in extra)] for host in hosts},
        "expected": {host: {} for host in hosts},
        "waves": [[host] for host in hosts[:3]] + [list(hosts[3:])],
        "tolerant": tolerant,
    }


@contextmanager
def change_stage(
    directory: Path, plan: CampusPlan | None = None, timer: int = TIMER
) -> Iterator[ChangeStage]:
    """Twelve switches, all trunks with a list of allowed VLANs that lacks ours."""
    with DeviceLab(plan or tree(12, minute=MINUTE)) as lab:
        hosts = lab.hosts()
        known = lab.known_hosts(directory / "known_hosts")
        settings = DeviceSettings(minute=MINUTE, connect=2, command=3, timer_minutes=timer)
        fleet = Fleet(
            lambda: hosts,
            {"cisco_ios": IosPlatform(Sessions(lambda: hosts, settings, known, lambda: ""))},
        )
        yield ChangeStage(lab, fleet, settings, directory)


def switch(stage: ChangeStage, name: str) -> IosDevice:
    device = stage.lab.device(name)
    assert isinstance(device, IosDevice)
    return device


def by_hand(stage: ChangeStage, host: str, *lines: str) -> None:
    """Somebody types that on the switch and saves it."""
    device = switch(stage, host)

    async def typed() -> None:
        class Console:
            user, peer = "budi", ""

            async def read(self) -> bytes:
                return b""

            def write(self, data: str) -> None:
                assert "%" not in data, data

        terminal = Terminal(device, Console(), 0)
        for line in lines:
            await terminal.line(line)

    stage.lab.run(typed())


def save_by_hand(stage: ChangeStage, host: str, *lines: str) -> None:
    by_hand(stage, host, "configure terminal", *lines, "end", "write memory")


def child(seat: Path) -> None:
    """Another process that carries the change out; its journal is a file."""
    given = json.loads(seat.read_text())
    hosts = {
        name: Host(name, "cisco_ios", frozenset({"switches"}), **where)
        for name, where in given["hosts"].items()
    }
    settings = DeviceSettings(**given["settings"])
    platform = IosPlatform(Sessions(lambda: hosts, settings, Path(given["known"]), lambda: ""))
    fleet = Fleet(lambda: hosts, {"cisco_ios": platform})
    stage = ChangeStage(None, fleet, settings, seat.parent)  # type: ignore[arg-type]
    stage.journal = Path(given["journal"])
    stage.apply(given["params"])
