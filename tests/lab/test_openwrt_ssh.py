"""An access point over real SSH: what its client gets, and what mishaps leave behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import cast

import asyncssh
import pytest

from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.lab.openwrt.device import OpenWrtDevice
from tests.lab.devices import connecting

NAME = "ap-1"
PLAN = CampusPlan(
    devices=(DevicePlan("sw-1"), DevicePlan(NAME, "openwrt")),
    links=(
        ("rt-1:GigabitEthernet1/0/1", "sw-1:GigabitEthernet1/0/24"),
        ("sw-1:GigabitEthernet1/0/1", f"{NAME}:eth0"),
    ),
    minute=0.6,
    boot_seconds=0.05,
)


@pytest.fixture
def lab() -> Iterator[DeviceLab]:
    with running_lab(PLAN) as lab:
        yield lab


def access_point(lab: DeviceLab) -> OpenWrtDevice:
    return cast(OpenWrtDevice, lab.device(NAME))


def run(lab: DeviceLab, command: str, stdin: str = "") -> asyncssh.SSHCompletedProcess:
    async def go() -> asyncssh.SSHCompletedProcess:
        async with asyncio.timeout(10), connecting(lab.hosts()[NAME]) as connection:
            return await connection.run(command, input=stdin)

    return asyncio.run(go())


def until(lab: DeviceLab, holds: str) -> None:
    """Wait until a condition of the shell holds on the device."""

    async def go() -> None:
        async with asyncio.timeout(10):
            while True:
                try:
                    async with connecting(lab.hosts()[NAME]) as connection:
                        done = await connection.run(f"until {holds}; do sleep 1; done")
                        if done.exit_status == 0:
                            return
                except (OSError, asyncssh.Error):
                    await asyncio.sleep(0.02)

    asyncio.run(go())


def test_output_error_and_status_come_apart(lab: DeviceLab) -> None:
    done = run(lab, "cat; echo wrong >&2; exit 3", "typed\n")
    assert (done.stdout, done.stderr, done.exit_status) == ("typed\n", "wrong\n", 3)
    script = 'main() {\n\techo "$1 é"\n\tuname -n\n}\nmain "a b"\n'
    assert run(lab, "sh -s", script).stdout == "a b é\nap-1\n"
    assert lab.lines(NAME)[-1] == "uname -n"


def test_a_shortened_script_does_not_run_its_unfinished_command(lab: DeviceLab) -> None:
    done = run(lab, "sh -s", "echo first\nif true; then\n\techo never\n")
    assert done.stdout == "first\n"
    assert done.exit_status == 2


def test_a_timer_puts_back_what_cut_the_way_to_the_device(lab: DeviceLab) -> None:
    before = lab.configuration(NAME)
    run(
        lab,
        "cp /etc/config/network /etc/kept; sync\n"
        "uci delete network.lan.ipaddr; uci commit network\n"
        "(sleep 20; mv /etc/kept /etc/config/network; /etc/init.d/network reload)"
        " >/dev/null 2>&1 </dev/null &",
    )
    with contextlib.suppress(asyncssh.Error, TimeoutError):
        run(lab, "sleep 1; /etc/init.d/network reload; echo never seen")
    until(lab, "[ ! -e /etc/kept ]")
    assert lab.configuration(NAME) == before


def test_dropped_after_each_command_in_turn_leaves_exactly_what_ran(lab: DeviceLab) -> None:
    steps = [f"touch /tmp/{number}" for number in range(5)]
    for drop in range(1, 5):
        run(lab, "rm -f /tmp/?")
        lab.fault("session-drop", host=NAME, after=drop)
        assert run(lab, "\n".join(steps)).exit_status is None
        names = lab.call(lambda: access_point(lab).system.files.names("/tmp"))
        assert [name for name in names if name.isdigit()] == [str(n) for n in range(drop)]


def test_a_reboot_in_the_middle(lab: DeviceLab) -> None:
    lab.fault("device-reboots", host=NAME, line="^sync$")
    assert run(lab, "touch /etc/kept; sync; touch /etc/lost").exit_status is None
    until(lab, "[ -e /etc/kept ]")
    assert run(lab, "ls /etc/lost").exit_status == 1


def test_a_refused_command_and_a_slow_device(lab: DeviceLab) -> None:
    lab.fault("line-rejected", host=NAME, line="uci commit", text="uci: I/O error")
    done = run(lab, "uci set system.@system[0].timezone=UTC\nuci commit || echo failed")
    assert (done.stdout, done.stderr) == ("failed\n", "uci: I/O error\n")
    lab.fault("device-slow", host=NAME, seconds="0.05")
    assert run(lab, "uname -n").stdout == "ap-1\n"
