"""What the driver does to help a switch, and what it does not do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.network.examination import (
    BouncePort,
    CyclePower,
    DropLease,
    EnablePort,
    Remedied,
    Remedy,
    RestartRadio,
)
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused
from provisioner.lab.devices.plan import CAMPUS, UPLINK, tree
from tests.contract.ios_examining import CORE, DOWN, LEAF, examined, remedied
from tests.contract.ios_stage import Stage, as_router, staged, until

FREE = "GigabitEthernet1/0/9"
SWITCH = "sw-pendopo-1"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


def done(stage: Stage, remedy: Remedy, host: str = CORE) -> Remedied:
    found = remedied(stage, remedy, host)
    assert isinstance(found, Remedied), found
    return found


def refused(stage: Stage, remedy: Remedy, host: str = CORE) -> str:
    """What it says about that; nothing has been typed in configuration mode."""
    before = stage.lab.configurations()
    stage.lab.forget()
    found = remedied(stage, remedy, host)
    assert isinstance(found, Refused), found
    assert stage.lab.configurations() == before
    assert not [line for line in stage.lab.lines(host) if line.startswith(("conf", "clear"))]
    return str(found.what)


def test_a_bounce_ends_what_the_switch_switched_off(stage: Stage) -> None:
    stage.lab.fault("port-err-disabled", host=CORE, port=DOWN)
    before, startup = stage.lab.configurations(), "write memory"
    told = done(stage, BouncePort(DOWN))
    assert "no shutdown" in told.transcript
    assert stage.hosts[CORE].password not in (told.transcript, None)
    assert str(stage.hosts[CORE].password) not in told.transcript
    assert examined(stage).ports[DOWN].up
    assert stage.lab.configurations() == before
    assert startup not in stage.lab.lines(CORE)
    assert stage.lab.reachable(LEAF)


def test_what_lasts_comes_back_after_a_bounce(stage: Stage) -> None:
    stage.lab.fault("port-err-disabled", host=CORE, port=DOWN, reason="persistent")
    done(stage, BouncePort(DOWN))
    found = examined(stage).ports[DOWN]
    assert (found.enabled, found.disabled_by_fault) == (True, "persistent")


def test_a_bounce_of_a_port_that_is_up(stage: Stage) -> None:
    done(stage, BouncePort(DOWN))
    assert examined(stage).ports[DOWN].up


def test_a_port_is_enabled_and_that_is_saved(stage: Stage) -> None:
    stage.type(f"interface {DOWN}", "shutdown", host=CORE)
    assert not stage.lab.reachable(LEAF)
    done(stage, EnablePort("Gi1/0/1"))
    assert examined(stage).ports[DOWN].up
    assert "write memory" in stage.lab.lines(CORE)
    stage.lab.reboot(CORE)
    while not stage.lab.reachable(LEAF):
        pass


def test_a_port_that_somebody_switched_off_is_not_bounced(stage: Stage) -> None:
    stage.type(f"interface {DOWN}", "shutdown", host=CORE)
    assert "switched off" in refused(stage, BouncePort(DOWN))


@pytest.mark.parametrize("remedy", [BouncePort(UPLINK), CyclePower(UPLINK), BouncePort("Gi1/0/24")])
@pytest.mark.parametrize("host", [CORE, LEAF])
def test_the_way_to_a_switch_is_not_cut(stage: Stage, remedy: Remedy, host: str) -> None:
    assert "we reach it by" in refused(stage, remedy, host)


@pytest.mark.parametrize(
    "remedy",
    [
        BouncePort("GigabitEthernet9/0/1"), BouncePort("Vlan99"), BouncePort("x\nreload"),
        EnablePort("GigabitEthernet1/0/1\nshutdown"), CyclePower("GigabitEthernet1/0/26"),
        DropLease("10.40.1.20"), DropLease("*"), DropLease("10.40.1.20\nreload"), DropLease(""),
        RestartRadio(),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_there_is_refused(stage: Stage, remedy: Remedy) -> None:
    refused(stage, remedy)


def test_another_name_stops_everything(stage: Stage) -> None:
    stage.type("hostname sw-lain", host=CORE)
    before = stage.configuration(CORE)
    found = remedied(stage, BouncePort(DOWN))
    assert isinstance(found, ActionNeeded)
    assert stage.configuration(CORE) == before


def test_a_change_that_waits_for_its_confirmation_is_not_disturbed(stage: Stage) -> None:
    assert not isinstance(stage.apply(stage.order()), Exception)
    assert isinstance(remedied(stage, EnablePort(FREE), LEAF), ActionNeeded)


def test_a_lease_is_dropped(stage: Stage) -> None:
    as_router(stage)
    stage.type(
        "interface vlan 1",
        "ip address 10.40.1.1 255.255.255.0",
        "ip dhcp pool TAMU",
        "network 10.40.1.0 255.255.255.0",
    )
    leaf = stage.lab.device(LEAF)
    leased = {"10.40.1.20": "00a1.b2c3.d4e5", "10.40.1.21": "00a1.b2c3.d4e6"}
    stage.lab.call(lambda: leaf.leased.update(leased))  # type: ignore[attr-defined]
    before = stage.configuration()
    done(stage, DropLease("10.40.1.20"), LEAF)
    assert [each.address for each in examined(stage, LEAF).leases] == ["10.40.1.21"]
    assert stage.configuration() == before
    refused(stage, DropLease("10.40.1.20"), LEAF)


def test_power_is_taken_and_given_again(tmp_path: Path) -> None:
    name = "GigabitEthernet1/0/1"
    with staged(tmp_path, CAMPUS) as stage:
        before = stage.configuration(SWITCH)
        stage.lab.fault("poe-fault", host=SWITCH, port=name)
        assert not stage.lab.reachable("ap-pendopo-1")
        done(stage, CyclePower(name), SWITCH)
        found = examined(stage, SWITCH).ports[name]
        assert (found.feeding, found.up) == ("on", True)
        assert stage.configuration(SWITCH) == before
        stage.type(f"interface {name}", "power inline never", host=SWITCH)
        assert "no power" in refused(stage, CyclePower(name), SWITCH)


def test_a_port_comes_back_although_the_session_broke(tmp_path: Path) -> None:
    with staged(tmp_path, tree(2, minute=0.3)) as stage:
        stage.lab.fault("session-drop", host=CORE, line="^shutdown$")
        before = stage.configuration(CORE)
        found = remedied(stage, BouncePort(DOWN))
        assert isinstance(found, OutcomeUnknown), found
        until(lambda: stage.configuration(CORE) == before)
        assert stage.lab.reachable(LEAF)
        assert [entry for entry in stage.lab.lines(CORE) if entry == "shutdown"]


def test_a_switch_without_a_timer_is_helped_as_well(tmp_path: Path) -> None:
    plan = tree(2)
    plan = replace(plan, devices=tuple(replace(each, archive=False) for each in plan.devices))
    with staged(tmp_path, plan) as stage:
        done(stage, BouncePort(DOWN))
        assert examined(stage).ports[DOWN].up
