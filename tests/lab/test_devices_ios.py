"""Simulated IOS switches: what they accept, refuse and say, and what a change leaves behind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from provisioner.lab.devices.ios.settings import vlan_list, vlan_text, wrapped
from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.plan import tree
from tests.lab.devices import told, typing

SWITCH = "sw-001"
PORT = "interface GigabitEthernet1/0/1"


@pytest.fixture(scope="module")
def shared() -> Iterator[DeviceLab]:
    with running_lab(tree(2, minute=0.02, boot_seconds=0.01)) as lab:
        yield lab


@pytest.fixture
def lab(shared: DeviceLab) -> DeviceLab:
    shared.clear()
    shared.reboot(SWITCH)
    while not shared.reachable(SWITCH):
        pass
    shared.forget()
    return shared


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        (["show foo"], "            ^\n% Invalid input detected at '^' marker.\n\n"),
        (["conf t", "int gi1/0/1", "swi mode foo"], f"{' ' * 27}^\n"),
        (["conf t", "s"], '% Ambiguous command:  "s"\n'),
        (["conf t", "int gi1/0/1", "switchport access"], "% Incomplete command.\n"),
        (["conf t", "int gi1/0/99"], "%Invalid interface type and number\n"),
        (["conf t", "no vlan 1"], "%Default VLAN 1 may not be deleted.\n"),
        (["conf t", "vlan 5000"], "character #5 (EOL) delimits a VLAN\n number which is out"),
        (["conf t", "vlan x"], "character #1 is a non-numeric\ncharacter ('x')."),
        (
            ["conf t", "vlan 301", "name KANTOR"],
            "VLAN #301 and #110 have an identical name: KANTOR",
        ),
        (["conf t", PORT, "sw ac vl 777"], "% Access VLAN does not exist. Creating vlan 777\n"),
        (["configure confirm"], "%No Rollback Confirmed Change pending\n"),
        (["configure revert now"], "%No Rollback Confirmed Change pending\n"),
        (["sh arch conf roll tim"], "%No Rollback Confirmed Change pending\n"),
        (["configure terminal revert timer 121"], "% Invalid input detected"),
        (["show priv"], "Current privilege level is 15\n"),
        (["sh run | inc hostname"], "hostname sw-001\n"),
        (["sh run | sec archive"], "archive\n path flash:archive\n maximum 10\n"),
        (["sh run | count ^interface Gig"], "regexp = 28\n"),
        (["sh run | beg line vty 5"], "line vty 5 15\n transport input ssh\n!\nend\n"),
        (["sh run |"], "            ^\n% Invalid"),
    ],
)
def test_what_it_says(lab: DeviceLab, lines: list[str], answer: str) -> None:
    assert answer in told(lab, SWITCH, *lines)


def test_the_caret_points_into_the_line_as_shown(lab: DeviceLab) -> None:
    answer = told(lab, SWITCH, "conf t", "interface gi1/0/1", "description a", "swichport mode")
    caret, message = answer.split("\n")[:2]
    assert message == "% Invalid input detected at '^' marker."
    assert len(caret) - 1 == len("sw-001(config-if)#swi")


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["switchport trunk allowed vlan add 301"], " allowed vlan 99,110,120,301\n"),
        (["switchport trunk allowed vlan remove 110"], " allowed vlan 99,120\n"),
        (["switchport trunk allowed vlan 7,5-6"], " allowed vlan 5-7\n"),
        (["switchport trunk allowed vlan none"], " allowed vlan none\n"),
        (["switchport trunk allowed vlan except 99"], " allowed vlan 1-98,100-4094\n"),
        (["no sw tr al vl", "sw tr al vl remove 301"], " allowed vlan 1-300,302-4094\n"),
        (["sw tr nat vl 99", "shut"], " native vlan 99\n"),
        (["spanning-tree portfast trunk", "no shut"], " spanning-tree portfast trunk\n"),
    ],
)
def test_trunks(lab: DeviceLab, lines: list[str], shown: str) -> None:
    assert shown in told(lab, SWITCH, "conf t", PORT, *lines, "do sh run int gi1/0/1")


def test_all_vlans_are_not_shown(lab: DeviceLab) -> None:
    for line in ("sw tr al vl all", "no sw tr al vl", "sw tr al vl 1-4094"):
        assert "allowed" not in told(lab, SWITCH, "conf t", PORT, line, "do sh run int gi1/0/1")


def test_long_lists_go_on_with_add() -> None:
    vlans = frozenset(range(2, 400, 2))
    lines = wrapped(" switchport trunk allowed vlan", vlan_text(vlans))
    assert len(lines) > 5
    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith(" switchport trunk allowed vlan add ") for line in lines[1:])
    assert frozenset().union(*(vlan_list(line.split()[-1]) for line in lines)) == vlans


@pytest.mark.parametrize("vlans", [{1}, {1, 2}, {1, 2, 3}, {1, 3, 4, 5, 9, 10}])
def test_lists_come_back(vlans: set[int]) -> None:
    assert vlan_list(vlan_text(vlans)) == vlans
    assert "1-2" not in vlan_text({1, 2})


def test_added_and_removed_leaves_no_trace(lab: DeviceLab) -> None:
    before = lab.configuration(SWITCH)
    do = ["vlan 301", "name PROV-WIFI-2026-0001", PORT, "switchport trunk allowed vlan add 301"]
    told(lab, SWITCH, "conf t", *do, "int gi1/0/5", "sw mode acc", "sw acc vl 301", "desc x y")
    assert "name PROV-WIFI-2026-0001" in lab.configuration(SWITCH)
    undo = [PORT, "switchport trunk allowed vlan remove 301", "no vlan 301"]
    told(lab, SWITCH, "conf t", "int gi1/0/5", "no sw mode", "no sw acc vl", "no desc", *undo)
    assert lab.configuration(SWITCH) == before


def test_ranges_and_submodes(lab: DeviceLab) -> None:
    told(lab, SWITCH, "conf t", "interface range gi1/0/5 - 7 , gi 1/0/9", "description R", "vlan 5")
    found = re.findall(r"interface (\S+)\n description R\n", lab.configuration(SWITCH))
    assert [name.rpartition("/")[2] for name in found] == ["5", "6", "7", "9"]
    assert "vlan 5\n" in lab.configuration(SWITCH)


def test_the_prompt_of_a_long_hostname_is_cut_in_configuration_mode(lab: DeviceLab) -> None:
    name = "sw-pendopo-lantai-dua-timur"

    async def go() -> str:
        async with typing(lab, SWITCH) as typist:
            await typist.line("conf t")
            inside = await typist.type(f"hostname {name}\r")
            return inside + await typist.type("end\r")

    seen = asyncio.run(go())
    assert "\nsw-pendopo-lantai-du(config)#" in seen
    assert seen.endswith(f"\n{name}#")


def test_each_character_is_echoed_and_the_line_can_be_edited(lab: DeviceLab) -> None:
    async def go() -> str:
        async with typing(lab, SWITCH) as typist:
            await typist.type("sho", re.compile("sho$"))
            await typist.type("x\x08", re.compile("x\x08 \x08$"))
            await typist.type(" clock", re.compile("clock$"))
            clock = await typist.type("\r")
            await typist.type("nonsense\x15", re.compile("(\x08 \x08){8}$"))
            helped = await typist.type("show ?", re.compile("#show $"))
            await typist.type("\x15", re.compile("(\x08 \x08){5}$"))
            described = await typist.line("conf t")
            await typist.line("int gi1/0/9")
            await typist.type("description why\x16? not\r")
            return clock + helped + described

    seen = asyncio.run(go())
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3} UTC ", seen)
    assert "  running-config\n" in seen
    assert " description why? not\n" in lab.configuration(SWITCH)


def test_pages_until_told_otherwise(lab: DeviceLab) -> None:
    more = re.compile(r" --More-- $")

    async def go() -> tuple[str, str, str]:
        async with typing(lab, SWITCH) as typist:
            whole = await typist.line("show startup-config")
            await typist.line("terminal length 24")
            first = await typist.type("show startup-config\r", more)
            second = await typist.type("\r", more)
            third = await typist.type(" ", more)
            await typist.type("q")
            return whole, first + second + third, first

    whole, paged, first = asyncio.run(go())
    shown = re.sub(r" --More-- |\x08+ +\x08+", "", paged)
    assert whole.startswith(shown.split("\n", 1)[1])
    assert first.count("\n") == 1 + 23
    assert shown.count("\n") == 1 + 23 + 1 + 23


def test_a_revert_timer_needs_an_archive() -> None:
    plan = tree(1, minute=0.02)
    plan = replace(plan, devices=(replace(plan.devices[0], archive=False),))
    with running_lab(plan) as lab:
        answer = told(lab, SWITCH, "configure terminal revert timer 5")
        assert answer == "%Turn config archive on before using Rollback Confirmed Change\n"
        assert told(lab, SWITCH, "show archive") == " Archive feature not enabled\n"
        told(lab, SWITCH, "conf t", "archive", "path flash:archive")
        assert "revert" not in lab.configuration(SWITCH)
        assert "Backing up" in told(lab, SWITCH, "configure terminal revert timer 5")


def test_an_unconfirmed_change_comes_back_by_itself(lab: DeviceLab) -> None:
    before = lab.configuration(SWITCH)
    answer = told(lab, SWITCH, "conf t revert timer 40", "vlan 301", "end", "sh arch conf roll tim")
    assert "Timer type: absolute timer\nTimer value: 40 min\nUser: provisioner\n" in answer
    while lab.configuration(SWITCH) != before:
        pass
    assert told(lab, SWITCH, "configure confirm") == "%No Rollback Confirmed Change pending\n"


def test_a_confirmed_change_stays(lab: DeviceLab) -> None:
    said = told(lab, SWITCH, "conf t revert timer 60", "vlan 301", "end", "configure confirm")
    assert said.strip() == ""
    told(lab, SWITCH, "show clock")
    assert "vlan 301\n" in lab.configuration(SWITCH)
    before = lab.configuration(SWITCH)
    said = told(lab, SWITCH, "conf t revert timer 120", "vlan 302", "end", "configure revert now")
    assert said.startswith("Rollback Confirmed Change: rolling to:flash:archive-")
    assert said.endswith("Total number of passes: 1\nRollback Done\n\n")
    assert lab.configuration(SWITCH) == before


def test_the_last_minute_is_announced(lab: DeviceLab) -> None:
    async def go() -> str:
        async with typing(lab, SWITCH) as typist:
            end = re.compile("rolling to:.*Rollback Done\\r\\n\\r\\n$", re.DOTALL)
            return await typist.type("configure terminal revert timer 1\r", end)

    said = asyncio.run(go())
    warning = "#Rollback Confirmed Change: Rollback will begin in one minute.\n"
    assert f"sw-001(config){warning}" in said


def test_only_one_change_may_be_pending(lab: DeviceLab) -> None:
    said = told(lab, SWITCH, "conf t revert timer 120", "end", "conf t revert timer 120")
    assert said == "%Rollback Confirmed Change already pending\n"
    told(lab, SWITCH, "configure confirm")


def test_what_is_not_saved_is_lost_in_a_reboot(lab: DeviceLab) -> None:
    before = lab.configuration(SWITCH)
    told(lab, SWITCH, "conf t revert timer 120", "vlan 301", "end")
    lab.reboot(SWITCH)
    while not lab.reachable(SWITCH):
        pass
    assert lab.configuration(SWITCH) == before
    assert "No Rollback" in told(lab, SWITCH, "show archive config rollback timer")
    assert "[OK]" in told(lab, SWITCH, "conf t", "vlan 302", "end", "write memory")
    running = told(lab, SWITCH, "show running-config").partition("version")[2]
    assert running == told(lab, SWITCH, "show startup-config").partition("version")[2]
    lab.reboot(SWITCH)
    while not lab.reachable(SWITCH):
        pass
    assert "vlan 302\n" in lab.configuration(SWITCH)
    told(lab, SWITCH, "conf t", "no vlan 302", "end", "write")


def test_questions(lab: DeviceLab) -> None:
    question = re.compile(r"(\? |\[confirm\]|: )$")

    async def go() -> list[str]:
        async with typing(lab, SWITCH) as typist:
            copied = await typist.type("copy run start\r", question)
            copied += await typist.type("\r")
            await typist.lines("conf t", "vlan 303", "end")
            asked = await typist.type("reload\r", question)
            again = await typist.type("no\r", question)
            await typist.process.stdin.drain()
            typist.process.stdin.write("\r")
            await typist.process.wait_closed()
            return [copied, asked, again]

    copied, asked, again = asyncio.run(go())
    assert "Destination filename [startup-config]? \nBuilding configuration...\n[OK]\n" in copied
    assert asked.endswith("System configuration has been modified. Save? [yes/no]: ")
    assert again.endswith("Proceed with reload? [confirm]")
    while not lab.reachable(SWITCH):
        pass
    assert "vlan 303" not in lab.configuration(SWITCH)


def test_user_mode_until_enabled_and_a_saving_that_asks() -> None:
    plan = tree(1)
    device = replace(plan.devices[0], enable_password="rahasia", foreign_nvram=True)
    with running_lab(replace(plan, devices=(device,))) as lab:

        async def go() -> list[str]:
            async with typing(lab, SWITCH) as typist:
                refused = await typist.line("show running-config")
                await typist.type("enable\r", re.compile("Password: $"))
                await typist.type("rahasia\r")
                asked = await typist.type("write memory\r", re.compile(r"\[confirm\]$"))
                return [refused, asked, await typist.type("\r")]

        refused, asked, saved = asyncio.run(go())
        assert "% Invalid input" in refused
        assert "Overwrite the previous NVRAM configuration?[confirm]" in asked
        assert "[OK]" in saved
        assert "rahasia" not in str(lab.transcript(SWITCH))
