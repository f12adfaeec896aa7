"""Simulated RouterOS: its terminal as clients find it, safe mode, timers, faults and lock-outs."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import asyncssh
import pytest

from provisioner.errors import Mistake
from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan, mixed
from tests.lab.devices import connecting
from tests.lab.routeros import CAMPUS, KIND, PROMPT, asked, entered, said, typing

COUNT = ":put [:len [/ip pool find where name=p9]]"
ADD = "/ip pool add name=p9 ranges=10.9.0.1-10.9.0.9"
SAFE = re.compile(r"<SAFE> > $")


@pytest.fixture(scope="module")
def shared() -> Iterator[DeviceLab]:
    with running_lab(CAMPUS) as made:
        yield made


@pytest.fixture
def lab(shared: DeviceLab) -> DeviceLab:
    shared.clear()
    until(lambda: all(map(shared.reachable, shared.hosts())))
    asked(shared, "rt-7", "/ip pool remove [find where name=p9]")
    shared.forget()
    return shared


def until(condition: Callable[[], bool], patience: float = 5.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


# ------------------------------------------------------------------ how it looks


def test_netmiko_logs_in_and_reads(lab: DeviceLab) -> None:
    for name in ("rt-7", "rt-6"):
        with entered(lab, name) as session:
            assert session.find_prompt().strip() == f"[provisioner@{name}] >"
            assert session.send_command("/system identity print").strip() == f"name: {name}"
            version = session.send_command("/system resource print")
            assert f"version: {lab.device(name).version}" in version  # type: ignore[attr-defined]


@pytest.mark.parametrize("identity", ["R" * 60, "R" * 90, "Router Kantor Bupati 1"])
def test_long_identities(identity: str) -> None:
    plan = CampusPlan((DevicePlan("rt-x", KIND, role="router", identity=identity),), routers=())
    with running_lab(plan) as lab, entered(lab, "rt-x") as session:
        assert session.find_prompt().strip() == f"[provisioner@{identity}] >"
        told = session.send_command(":put [/system identity get name]", expect_string=r"\] > $")
        assert identity in told


def test_colours_and_the_terminal_are_asked_for_unless_the_name_says_no(lab: DeviceLab) -> None:
    async def go(suffix: str) -> str:
        async with typing(lab, "rt-7", suffix) as typist:
            return await typist.type(":put satu\r", PROMPT)

    plain = asyncio.run(go("+ct511w4098h"))
    assert "\x1b" not in plain
    assert "satu" in plain
    assert "\x1b[36mprovisioner" in asyncio.run(go(""))


def test_lines_that_are_too_long_for_the_row_scroll(lab: DeviceLab) -> None:
    async def go() -> str:
        async with typing(lab, "rt-7", "+ct80w4098h") as typist:
            return await typist.type(f':put [:len "{"x" * 200}"]\r', PROMPT)

    told = asyncio.run(go())
    assert "> <xxx" in told
    assert "\n\r200\n" in told


def test_pages_come_where_the_terminal_is_short(lab: DeviceLab) -> None:
    async def go() -> str:
        async with typing(lab, "rt-7", "+ct80w10h") as typist:
            await typist.type(
                "/ip firewall filter print\r", re.compile(r"\[Q quit\|D dump\|down\]$")
            )
            return await typist.type("q", PROMPT)

    assert "defconf" not in asyncio.run(go())


@pytest.mark.parametrize("page", ["password", "licence"])
def test_first_login_pages(page: str) -> None:
    plan = CampusPlan(
        (DevicePlan("rt-x", KIND, role="router", first_login=page),),  # type: ignore[arg-type]
        routers=(),
    )
    with running_lab(plan) as lab, entered(lab, "rt-x") as session:
        assert session.find_prompt().strip() == "[provisioner@rt-x] >"


# ------------------------------------------------------------------ safe mode


def test_safe_mode_is_undone_when_its_session_breaks(lab: DeviceLab) -> None:
    async def go() -> None:
        async with typing(lab, "rt-7") as typist:
            assert "[Safe Mode taken]" in await typist.type("\x18", SAFE)
            await typist.type(f"{ADD}\r", SAFE)
            assert await said_safe(typist, COUNT) == "1"
            typist.process.get_extra_info("connection").abort()

    asyncio.run(go())
    until(lambda: asked(lab, "rt-7", COUNT).strip() == "0")


async def said_safe(typist: object, line: str) -> str:
    whole = await typist.type(f"{line}\r", SAFE)  # type: ignore[attr-defined]
    return str(whole).partition("\n")[2].strip().splitlines()[0].strip()


@pytest.mark.parametrize("ending", ["\x18", "/quit\r"])
def test_safe_mode_is_kept_when_it_is_left_well(lab: DeviceLab, ending: str) -> None:
    async def go() -> None:
        async with typing(lab, "rt-7") as typist:
            await typist.type("\x18", SAFE)
            await typist.type(f"{ADD}\r", SAFE)
            typist.process.stdin.write(ending)
            if ending == "\x18":
                assert "[Safe Mode released]" in await typist.until(PROMPT)
            else:
                await typist.process.wait_closed()

    asyncio.run(go())
    assert asked(lab, "rt-7", COUNT).strip() == "1"


def test_safe_mode_ends_with_control_d(lab: DeviceLab) -> None:
    async def go() -> None:
        async with typing(lab, "rt-7") as typist:
            await typist.type("\x18", SAFE)
            await typist.type(f"{ADD}\r", SAFE)
            typist.process.stdin.write("\x04")
            await typist.process.wait_closed()

    asyncio.run(go())
    assert asked(lab, "rt-7", COUNT).strip() == "0"


@pytest.mark.parametrize(("key", "count"), [("d", "1"), ("r", "1"), ("u", "0")])
def test_safe_mode_of_somebody_else(lab: DeviceLab, key: str, count: str) -> None:
    async def go() -> str:
        async with typing(lab, "rt-7") as first, typing(lab, "rt-7") as second:
            await first.type("\x18", SAFE)
            await first.type(f"{ADD}\r", SAFE)
            told = await second.type("\x18", re.compile(r"\[u/r/d\]: $"))
            assert "Hijacking Safe Mode from someone" in told
            shown = SAFE if key in "ur" else PROMPT
            await second.type(key, shown)
            found = await (said_safe if key in "ur" else said)(second, COUNT)
            await (second if key in "ur" else first).type("\x18", PROMPT)
            return found.strip()

    assert asyncio.run(go()) == count


def test_a_person_may_hold_safe_mode(lab: DeviceLab) -> None:
    lab.fault("safe-mode-held", host="rt-7")

    async def go() -> str:
        async with typing(lab, "rt-7") as typist:
            await typist.type("\x18", re.compile(r"\[u/r/d\]: $"))
            await typist.type("d", PROMPT)
            return await said(typist, "/system history print terse")

    asked(lab, "rt-7", ADD)
    assert re.search(r"^ 0 F +action=", asyncio.run(go()))
    lab.clear("safe-mode-held")


# ------------------------------------------------------------------ timers, power, lock-outs


def test_the_scheduler_takes_a_change_back_by_itself(lab: DeviceLab) -> None:
    event = r"/ip pool remove [find where name=p9]; /system scheduler remove [find where name=t1]"
    asked(lab, "rt-7", ADD, f'/system scheduler add name=t1 interval=2m on-event="{event}"')
    assert asked(lab, "rt-7", COUNT).strip() == "1"
    until(lambda: asked(lab, "rt-7", COUNT).strip() == "0")
    assert asked(lab, "rt-7", ":put [:len [/system scheduler find]]").strip() == "0"


def test_a_stuck_timer_takes_nothing_back(lab: DeviceLab) -> None:
    lab.fault("timer-stuck", host="rt-7")
    asked(
        lab, "rt-7", ADD, '/system scheduler add name=t2 interval=1m on-event="/ip pool remove p9"'
    )
    time.sleep(0.1)
    assert asked(lab, "rt-7", COUNT).strip() == "1"
    asked(lab, "rt-7", "/system scheduler remove t2")


def test_what_is_configured_outlives_a_reboot_and_startup_entries_run(lab: DeviceLab) -> None:
    event = "/ip pool add name=p9 ranges=10.9.0.1-10.9.0.9"
    asked(lab, "rt-7", f'/system scheduler add name=boot start-time=startup on-event="{event}"')
    time.sleep(0.02)
    assert asked(lab, "rt-7", COUNT).strip() == "0"
    lab.reboot("rt-7")
    until(lambda: lab.reachable("rt-7"))
    until(lambda: asked(lab, "rt-7", COUNT).strip() == "1")
    asked(lab, "rt-7", "/system scheduler remove boot")


def test_a_reboot_keeps_what_was_done_in_safe_mode(lab: DeviceLab) -> None:
    async def go() -> None:
        async with typing(lab, "rt-7") as typist:
            await typist.type("\x18", SAFE)
            await typist.type(f"{ADD}\r", SAFE)
            await asyncio.to_thread(lab.reboot, "rt-7")
            await typist.until(re.compile("never"))

    with pytest.raises((ConnectionResetError, asyncssh.Error)):
        asyncio.run(go())
    until(lambda: lab.reachable("rt-7"))
    assert asked(lab, "rt-7", COUNT).strip() == "1"


def test_locking_itself_out_stops_everything_until_the_timer(lab: DeviceLab) -> None:
    undo = "/interface bridge vlan set [find where vlan-ids=99] tagged=bridge1,ether1,ether2"
    event = f"{undo}; /system scheduler remove [find where name=t3]"
    with entered(lab, "sw-7") as session:
        timer = f'/system scheduler add name=t3 interval=20m on-event="{event}"'
        session.send_command(timer, expect_string=r"> $")
        line = "/interface bridge vlan set [find where vlan-ids=99] tagged=ether1\r\n"
        session.write_channel(line)
        until(lambda: not lab.reachable("sw-7"))
    until(lambda: lab.reachable("sw-7"))
    assert asked(lab, "sw-7", ":put [/system identity get name]").strip() == "sw-7"


def test_what_lies_behind_a_port_goes_with_it(lab: DeviceLab) -> None:
    asked(lab, "sw-7", "/interface bridge vlan set [find where vlan-ids=99] tagged=bridge1,ether1")
    assert lab.reachable("sw-7")
    assert not lab.reachable("sw-6")
    asked(
        lab,
        "sw-7",
        "/interface bridge vlan set [find where vlan-ids=99] tagged=bridge1,ether1,ether2",
    )
    assert lab.reachable("sw-6")


def test_a_port_that_is_disabled_carries_nothing(lab: DeviceLab) -> None:
    with entered(lab, "rt-7") as session:
        timer = (
            '/system scheduler add name=t4 interval=20m on-event="/interface enable ether2; '
            '/system scheduler remove t4"'
        )
        session.send_command(timer, expect_string=r"> $")
        session.write_channel("/interface disable ether2\r\n")
        until(lambda: not lab.reachable("sw-7"))
        assert not lab.reachable("rt-7"), "its own management stands on that port"
    until(lambda: lab.reachable("sw-7"))


# ------------------------------------------------------------------ faults


def test_a_rejected_line_has_no_effect(lab: DeviceLab) -> None:
    lab.fault("line-rejected", host="rt-7", line="pool add", text="failure: simulated")
    assert asked(lab, "rt-7", ADD).strip() == "failure: simulated"
    assert asked(lab, "rt-7", COUNT).strip() == "0"


@pytest.mark.parametrize("fault", ["session-drop", "device-reboots"])
def test_a_session_ends_after_a_change(lab: DeviceLab, fault: str) -> None:
    lab.fault(fault, host="rt-7", after=1, of="change")
    with pytest.raises((OSError, asyncssh.Error)):
        asked(lab, "rt-7", COUNT, ADD)
    until(lambda: lab.reachable("rt-7"))
    assert asked(lab, "rt-7", COUNT).strip() == "1"


def test_an_item_may_be_there_twice(lab: DeviceLab) -> None:
    asked(lab, "rt-7", ADD)
    lab.fault("item-doubled", host="rt-7", menu="ip pool", item="p9")
    assert asked(lab, "rt-7", COUNT).strip() == "2"
    with pytest.raises(Mistake):
        lab.fault("item-doubled", host="rt-7", menu="ip pool", item="nix")


def test_a_mixed_campus_is_reached_as_a_whole() -> None:
    with running_lab(mixed(9)) as lab:
        kinds = {host.platform for host in lab.hosts().values()}
        assert kinds == {"cisco_ios", "openwrt", KIND}
        assert all(map(lab.reachable, lab.hosts()))


def test_logins_that_fail(lab: DeviceLab) -> None:
    lab.fault("login-refused", host="rt-7")

    async def go() -> None:
        async with connecting(lab.hosts()["rt-7"]):
            pass

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(go())
    lab.clear()
    lab.fault("vty-full", host="rt-7")
    with pytest.raises((OSError, asyncssh.Error)):
        asyncio.run(go())


def test_five_hundred_devices_stay_small() -> None:
    devices = tuple(DevicePlan(f"r-{at}", KIND, wireless="wifi") for at in range(500))
    plan = replace(CampusPlan(devices, routers=()), cidr="127.40.0.0/16")
    with running_lab(plan) as lab:
        assert len(lab.configurations()) == 500
