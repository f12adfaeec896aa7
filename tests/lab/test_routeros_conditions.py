"""Faults of a RouterOS device's own state reach whoever is at the other end of its cables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.lab.devices.routeros.forwarding import running
from tests.contract.routeros_stage import until
from tests.lab.routeros import asked

PLAN = CampusPlan(
    devices=(
        DevicePlan("rt-7", "mikrotik_routeros", "pendopo", role="router"),
        DevicePlan("sw-7", "mikrotik_routeros", "pendopo"),
        DevicePlan("ap-1", "openwrt", "pendopo"),
    ),
    links=(("rt-7:ether2", "sw-7:ether1"), ("sw-7:ether2", "ap-1:eth0")),
    routers=("rt-7",),
    minute=0.05,
    boot_seconds=0.02,
)


@pytest.fixture
def lab() -> Iterator[DeviceLab]:
    with running_lab(PLAN) as made:
        yield made


def up(lab: DeviceLab, name: str, port: str) -> bool:
    device = lab.device(name)
    return lab.call(lambda: running(device, port))  # type: ignore[arg-type]


def test_a_cable_that_is_pulled_is_dark_at_both_ends(lab: DeviceLab) -> None:
    assert up(lab, "rt-7", "ether2")
    lab.fault("cable-pulled", host="rt-7", port="ether2")
    assert not up(lab, "rt-7", "ether2")
    assert not up(lab, "sw-7", "ether1")
    assert up(lab, "sw-7", "ether2")
    lab.clear()
    assert up(lab, "rt-7", "ether2")


@pytest.mark.parametrize("fault", ["port-err-disabled", "device-dead"])
def test_what_is_off_at_one_end_is_dark_at_the_other(lab: DeviceLab, fault: str) -> None:
    port = {"port": "ether1"} if fault == "port-err-disabled" else {}
    lab.fault(fault, host="sw-7", **port)
    assert not up(lab, "rt-7", "ether2")
    assert not lab.reachable("sw-7")
    assert "sw-7" not in asked(lab, "rt-7", "/ip neighbor print detail")
    lab.clear()
    until(lambda: lab.reachable("sw-7"))


def test_a_port_that_spanning_tree_blocks_passes_nothing_but_has_a_link(lab: DeviceLab) -> None:
    lab.fault("port-looped", host="sw-7", port="ether1")
    assert up(lab, "sw-7", "ether1")
    assert not lab.reachable("sw-7")


@pytest.mark.parametrize("fault", ["poe-denied", "poe-fault"])
def test_an_access_point_without_power_is_off(lab: DeviceLab, fault: str) -> None:
    assert "powered-on" in asked(lab, "sw-7", "/interface ethernet poe monitor ether2 once")
    lab.fault(fault, host="sw-7", port="ether2")
    assert not lab.reachable("ap-1")
    assert not up(lab, "sw-7", "ether2")
    lab.clear()
    until(lambda: lab.reachable("ap-1"))
    assert up(lab, "sw-7", "ether2")


def test_power_that_is_taken_for_a_moment() -> None:
    with running_lab(replace(PLAN, minute=6)) as lab:
        asked(lab, "sw-7", "/interface ethernet poe power-cycle ether2 duration=10s")
        assert not lab.reachable("ap-1")
        until(lambda: lab.reachable("ap-1"))
        assert up(lab, "sw-7", "ether2")


def test_a_healthy_one_writes_nothing_into_its_log(lab: DeviceLab) -> None:
    lines = asked(lab, "rt-7", "/log print detail without-paging").strip().splitlines()
    assert [line for line in lines if line.strip() and "rebooted" not in line] == []
