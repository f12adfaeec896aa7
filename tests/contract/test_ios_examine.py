"""How a switch is doing, as the driver reads it from the lab: well, and in each condition."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioner.drivers.ios.session import Session
from provisioner.drivers.network.examination import (
    TOPICS,
    Inquiry,
    PortHealth,
    System,
)
from provisioner.drivers.sessions.access import Access
from provisioner.lab.devices.plan import CAMPUS, UPLINK
from tests.contract.ios_examining import (
    CORE,
    DOWN,
    LEAF,
    examined,
    port,
    still,
)
from tests.contract.ios_stage import Stage, staged

FREE = "GigabitEthernet1/0/9"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("ios")) as made:
        yield made


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    yield shared
    shared.lab.clear()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made


# ---------------------------------------------------------------- a healthy switch


def test_a_healthy_switch_shows_nothing_wrong(stage: Stage) -> None:
    for host in (CORE, LEAF):
        found = examined(stage, host)
        assert (found.host, found.hostname, found.cut, dict(found.untold)) == (host, host, None, {})
        assert 0 < found.login_seconds < found.seconds < 20
        told = found.system
        assert (told.model, told.version) == ("WS-C2960X-24TS-L", "15.2(7)E7")
        assert told.serial.startswith("FOC")
        assert told.uptime is not None
        assert told.uptime > 86400
        assert (told.cpu_percent, told.memory_percent, told.storage_percent) == (7, 35, 40)
        assert (told.temperature, told.alarms, told.synchronized) == (38, (), True)
        assert told.clock_offset is not None
        assert abs(told.clock_offset) < 5
        uplink = found.ports[UPLINK]
        assert uplink.up
        assert (uplink.speed_mbps, uplink.duplex) == (1000, "full")
        assert (uplink.mode, uplink.untagged, uplink.tagged) == ("trunk", 1, {99, 110, 120})
        assert not any(each.disabled_by_fault or each.blocked for each in found.ports.values())
        assert {each.tree for each in found.ports.values()} == {"forwarding", None}
        assert {each.feeding for each in found.ports.values()} <= {"on", "searching", None}
        assert found.vlans == {1: "default", 99: "MANAJEMEN", 110: "KANTOR", 120: "SERVER"}
        assert found.power is not None
        assert found.power.available == 370.0
        assert found.strangers == ()
        assert any(each.port == UPLINK for each in found.neighbors)
        assert any(each.port == UPLINK for each in found.learned)


def test_two_looks_at_a_healthy_switch_are_alike(stage: Stage) -> None:
    assert still(examined(stage)) == still(examined(stage))


def test_examining_changes_nothing_and_sends_only_lines_that_read(stage: Stage) -> None:
    before = stage.lab.configurations()
    stage.lab.forget()
    examined(stage, inquiry=Inquiry(pings=("192.0.2.9",), names=("portal.example",)))
    assert stage.lab.configurations() == before
    lines = stage.lab.lines(CORE)
    assert len(lines) <= 20
    login = Access(stage.known_hosts, lambda: "").login(stage.hosts[CORE])
    session = Session(login, 5, 5)
    assert [line for line in lines if not session.reads(line)] == []


def test_of_all_topics_only_what_is_asked_for_is_read(stage: Stage) -> None:
    for topic in TOPICS:
        stage.lab.forget()
        examined(stage, inquiry=Inquiry(frozenset({topic})))
        assert len(stage.lab.lines(CORE)) <= 10, topic


# ---------------------------------------------------------------- ports


def grown(stage: Stage, value: Callable[[PortHealth], int | None]) -> int:
    """By how much it has grown from one look to the next."""
    first = value(port(stage))
    time.sleep(0.2)
    then = value(port(stage))
    assert first is not None
    assert then is not None
    return then - first


def test_errors_grow(stage: Stage) -> None:
    assert grown(stage, lambda each: each.in_errors) == 0
    stage.lab.fault("port-errors", host=CORE, port=DOWN, rate=100)
    assert grown(stage, lambda each: each.in_errors) > 0
    other = examined(stage).ports["GigabitEthernet1/0/2"]
    assert other.in_errors is not None
    assert other.in_errors < 20


def test_half_duplex_and_late_collisions(stage: Stage) -> None:
    stage.lab.fault("port-half-duplex", host=CORE, port=DOWN)
    assert grown(stage, lambda each: each.collisions) > 0
    found = port(stage)
    assert (found.up, found.duplex, found.speed_mbps) == (True, "half", 100)


def test_flaps(stage: Stage) -> None:
    stage.lab.fault("port-flaps", host=CORE, port=DOWN)
    assert grown(stage, lambda each: each.changes) > 0
    assert port(stage, name="GigabitEthernet1/0/2").changes == 2


def test_a_full_port(stage: Stage) -> None:
    stage.lab.fault("port-saturated", host=CORE, port=DOWN, percent=98)
    found = port(stage)
    assert found.out_bps == 980_000_000
    assert grown(stage, lambda each: each.drops) > 0


def test_a_port_that_the_switch_has_switched_off(own: Stage) -> None:
    own.lab.fault("port-err-disabled", host=CORE, port=DOWN, reason="bpduguard")
    found = port(own)
    assert (found.up, found.enabled, found.disabled_by_fault) == (False, True, "bpduguard")
    assert found.tree is None
    assert not own.lab.reachable(LEAF)
    assert own.lab.reachable("sw-003")


def test_a_loop(own: Stage) -> None:
    own.lab.fault("port-looped", host=CORE, port=DOWN)
    found = port(own)
    assert (found.up, found.tree, found.blocked) == (True, "blocking", {99, 110, 120})
    assert not own.lab.reachable(LEAF)


def test_native_vlans_that_differ_break_the_tree_at_both_ends(own: Stage) -> None:
    own.type(f"interface {DOWN}", "switchport trunk native vlan 7", host=CORE)
    own.type("vlan 7", host=CORE)
    own.type(f"interface {DOWN}", "switchport trunk allowed vlan 1,7,99,110,120", host=CORE)
    own.type(f"interface {UPLINK}", "switchport trunk allowed vlan 1,7,99,110,120")
    found = examined(own)
    here = found.ports[DOWN]
    assert (here.untagged, here.tree, here.tree_reason) == (7, "broken", "PVID_Inc")
    assert here.blocked == {1, 7}
    assert own.lab.reachable(LEAF)
    there = port(own, LEAF, UPLINK)
    assert (there.untagged, there.tree, there.blocked) == (1, "broken", {1})
    log = "show logging | include NATIVE_VLAN"
    for host, foreign in ((CORE, f"{DOWN} (7)"), (LEAF, f"{UPLINK} (1)")):
        login = Access(own.known_hosts, lambda: "").login(own.hosts[host])
        with Session(login, 5, 5) as session:
            session.open()
            assert foreign in session.hear(log)


def test_a_dead_neighbour_and_a_pulled_cable_are_no_link(own: Stage) -> None:
    own.lab.fault("device-dead", host=LEAF)
    assert (port(own).up, port(own).enabled) == (False, True)
    own.lab.clear()
    assert port(own).up
    own.lab.fault("cable-pulled", host=CORE, port=DOWN)
    found = examined(own)
    assert not found.ports[DOWN].up
    assert not [each for each in found.neighbors if each.port == DOWN]
    assert not [each for each in found.learned if each.port == DOWN]


def test_a_port_that_is_switched_off_is_no_link_at_the_other_end(own: Stage) -> None:
    own.type(f"interface {DOWN}", "shutdown", host="sw-001")
    found = port(own)
    assert (found.up, found.enabled, found.disabled_by_fault) == (False, False, "")


def test_access_ports_and_missing_vlans(own: Stage) -> None:
    lines = ("switchport mode access", "switchport access vlan 110", "switchport voice vlan 120")
    own.type(f"interface {FREE}", *lines)
    own.type("no vlan 120")
    found = examined(own, LEAF)
    assert (found.ports[FREE].mode, found.ports[FREE].untagged) == ("access", 110)
    assert found.ports[FREE].tagged == {120}
    assert found.vlans == {1: "default", 99: "MANAJEMEN", 110: "KANTOR"}
    assert found.ports[UPLINK].tagged == {99, 110, 120}


# ---------------------------------------------------------------- power


@pytest.mark.parametrize(("fault", "feeding"), [("poe-denied", "denied"), ("poe-fault", "fault")])
def test_no_power_for_an_access_point(tmp_path: Path, fault: str, feeding: str) -> None:
    switch, name = "sw-pendopo-1", "GigabitEthernet1/0/1"
    with staged(tmp_path, CAMPUS) as stage:
        found = examined(stage, switch)
        assert (found.ports[name].feeding, found.ports[name].watts) == ("on", 15.4)
        assert found.power is not None
        assert found.power.used == 30.8
        stage.lab.fault(fault, host=switch, port=name)
        found = examined(stage, switch)
        assert (found.ports[name].feeding, found.ports[name].up) == (feeding, False)
        assert not stage.lab.reachable("ap-pendopo-1")
        assert stage.lab.reachable("ap-pendopo-2")
        if fault == "poe-denied":
            assert found.power is not None
            assert found.power.available - found.power.used < 15.4
        stage.lab.clear()
        assert examined(stage, switch).ports[name].up


# ---------------------------------------------------------------- the device itself

SYSTEMS: dict[str, tuple[dict[str, object], Callable[[System], bool]]] = {
    "cpu-busy": ({}, lambda told: told.cpu_percent == 97),
    "memory-low": ({}, lambda told: told.memory_percent == 97),
    "flash-full": ({}, lambda told: told.storage_percent == 100),
    "overheated": ({"celsius": 91}, lambda told: told.temperature == 91 and bool(told.alarms)),
    "clock-wrong": (
        {"seconds": 7200},
        lambda told: told.synchronized is False and round(told.clock_offset or 0, -2) == 7200,
    ),
    "rebooted": (
        {"seconds": 120, "reason": "power-on"},
        lambda told: (told.uptime, told.restarted) == (120, "power-on"),
    ),
}


@pytest.mark.parametrize("fault", SYSTEMS)
def test_what_is_wrong_with_the_device_itself(stage: Stage, fault: str) -> None:
    options, shows = SYSTEMS[fault]
    assert not shows(examined(stage).system) or fault == "rebooted"
    stage.lab.fault(fault, host=CORE, **options)
    assert shows(examined(stage).system)
    assert not shows(examined(stage, LEAF).system) or fault == "rebooted"
