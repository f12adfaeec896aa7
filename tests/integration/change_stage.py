"""Simulated devices over real SSH, and the step that changes them, one call after the other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from provisioner.drivers.fleet import Fleet
from provisioner.drivers.ios.platform import IosPlatform
from provisioner.drivers.network import Intent, TrunkMember, Vlan, Wish
from provisioner.errors import Retriable, StepFailure
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import UPLINK, CampusPlan, tree
from provisioner.plans.model import Step
from provisioner.runs.configurations import ConfigurationFiles
from provisioner.runs.steps.base import Context, Done, Wait
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

    def context(self, params: Mapping[str, Any]) -> Context:
        step = Step(CHANGE, CHANGE, say("Change"), "campus", "network", params)
        nobody: Any = None  # what no step of the network asks for
        return Context(
            run_id="run-1", number=NUMBER, step=step, memory=self.memory,
            remember=self._remember, recall=lambda key: {}, planned=lambda key: {},
            rewrite=nobody, hypervisors={}, clusters={}, office_key="", seat=nobody,
            slots=nobody, keep_secret=nobody, find_secret=lambda kind: None, other_vmid=nobody,
            warn=nobody, tell=self._tell, fleet=self.fleet, devices=OwnDevices(),
            device_settings=self.settings,
            keep_configuration=lambda *what: ConfigurationFiles(self.directory).keep("run-1", *what),
            endings=NoInstances(), settle=0.1,
        )  # fmt: skip

    def _remember(self, values: Mapping[str, Any]) -> None:
        self.written += 1
        if self.written == self.killed_at:
            raise KilledError
        self.memory.update(json.loads(json.dumps(values)))

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
            except Retriable as failure:
                tries -= 1
                if not tries:
                    return failure
                continue
            except StepFailure as failure:
                return failure
            if isinstance(found, Wait):
                time.sleep(min(found.after, 0.1))
                continue
            return found  # type: ignore[no-any-return]

    def holding(self) -> dict[str, bool]:
        """Which switch has the VLAN, and on its uplink too."""
        texts = self.lab.configurations()
        return {name: f"vlan {VLAN}\n" in text for name, text in texts.items()}


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
            lambda: hosts, {"cisco_ios": IosPlatform(lambda: hosts, settings, known, lambda: "")}
        )
        yield ChangeStage(lab, fleet, settings, directory)
