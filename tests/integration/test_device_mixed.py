"""Switches and access points in one change: the platforms differ, the promise is the same."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.network import Intent, Ssid, TrunkMember, Vlan, Wish
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.platforms.openwrt import OpenWrtPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CAMPUS
from provisioner.runs.steps.base import Done, Wait
from provisioner.settings import DeviceSettings
from tests.integration.change_stage import NUMBER, VLAN, ChangeStage, KilledError
from tests.integration.device_matrix import Watched

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
MINUTE, TIMER = 2.0, 15
PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
APS = ("ap-pendopo-1", "ap-pendopo-2")
SWITCH = "sw-pendopo-1"
UPLINK = "GigabitEthernet1/0/24"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[ChangeStage]:
    identity = asyncssh.generate_private_key("ssh-ed25519")
    public = identity.export_public_key("openssh").decode()
    with (
        DeviceLab(replace(CAMPUS, minute=MINUTE, authorized_keys=public)) as lab,
        tempfile.TemporaryDirectory(prefix="t", dir=_memory()) as memory,
    ):
        hosts = {name: replace(host, password=None) for name, host in lab.hosts().items()}
        known = lab.known_hosts(tmp_path / "known_hosts")
        settings = DeviceSettings(minute=MINUTE, connect=5, command=20, timer_minutes=TIMER)

        def key() -> str:
            return identity.export_private_key("openssh").decode()

        runner = Runner(
            PLAYBOOKS, known, key, connect=5, command=20, memory_mb=400, memory=Path(memory)
        )
        sessions = Sessions(lambda: hosts, settings, known, key)
        platforms: dict[str, Any] = {
            "cisco_ios": IosPlatform(sessions),
            "openwrt": OpenWrtPlatform(sessions, runner),
        }
        yield ChangeStage(
            lab, Fleet(lambda: hosts, platforms), settings, tmp_path, passphrase="tamu 'acara'"
        )


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def event(*, on: bool) -> dict[str, Any]:
    ssid = Ssid(NUMBER, "Rapat Jum'at", "wpa2-personal", VLAN, "eth0", isolate=True)
    ports = ("GigabitEthernet1/0/1", "GigabitEthernet1/0/2", UPLINK)
    switch: list[Intent] = [Vlan(VLAN, f"PROV-{NUMBER}"), *(TrunkMember(p, VLAN) for p in ports)]
    intents: dict[str, list[Intent]] = {**{ap: [ssid] for ap in APS}, SWITCH: switch}
    return {
        "mark": NUMBER,
        "wishes": {h: [Wish(i, present=on).to_json() for i in its] for h, its in intents.items()},
        "expected": {h: {i.key: None for i in its} for h, its in intents.items()},
        "waves": [list(APS), [SWITCH]],
        "tolerant": not on,
    }


def held(stage: ChangeStage) -> set[str]:
    texts = stage.lab.configurations()
    return {n for n in (*APS, SWITCH) if "Rapat" in texts[n] or NUMBER in texts[n]}


def test_on_with_a_failure_and_off_with_a_dead_access_point(stage: ChangeStage) -> None:
    before = stage.lab.configurations()
    stage.lab.fault("line-rejected", host=SWITCH, of="session", after=9)
    refused = stage.apply(event(on=True))
    assert not isinstance(refused, Done)
    assert stage.lab.configurations() == before
    assert isinstance(stage.apply(event(on=True)), Done)
    assert held(stage) == {*APS, SWITCH}
    stage.memory.clear()
    stage.lab.fault("device-dead", host=APS[0])
    waits = stage.turn(event(on=False))
    assert isinstance(waits, Wait)
    assert held(stage) <= {APS[0]}
    stage.lab.clear()
    deadline = time.monotonic() + 20
    while not stage.lab.reachable(APS[0]) and time.monotonic() < deadline:
        time.sleep(0.05)
    done = stage.apply(event(on=False))
    assert isinstance(done, Done), done
    assert stage.lab.configurations() == before


def test_timers_that_fired_after_the_decision(stage: ChangeStage) -> None:
    before = stage.lab.configurations()

    def die(call: str, orders: Any) -> None:
        if call == "confirm":
            raise KilledError

    fleet, stage.fleet = stage.fleet, Watched(stage.fleet, die)  # type: ignore[assignment]
    with pytest.raises(KilledError):
        stage.apply(event(on=True))
    assert held(stage) == {*APS, SWITCH}
    time.sleep(MINUTE * TIMER)
    deadline = time.monotonic() + 20
    while held(stage) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stage.lab.configurations() == before
    stage.fleet = fleet
    done = stage.apply(event(on=True))
    assert isinstance(done, Done), done
    assert held(stage) == {*APS, SWITCH}
    found = fleet.read({name: [] for name in (*APS, SWITCH)})
    assert [getattr(reading, "pending", "?") for reading in found.values()] == [None] * 3
