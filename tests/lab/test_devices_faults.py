"""Cables, faults and doors of simulated devices: what a client sees when something goes wrong."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from netmiko import ConnectHandler
from netmiko.exceptions import ConfigInvalidException

from provisioner.errors import Mistake
from provisioner.lab.devices.faults import KINDS
from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.plan import DevicePlan, tree
from tests.lab.devices import connecting, told, typing

CORE, FAR = "sw-001", "sw-002"
UPLINK = "interface GigabitEthernet1/0/24"
DOWNLINK = "interface GigabitEthernet1/0/1"


@pytest.fixture(scope="module")
def shared() -> Iterator[DeviceLab]:
    with running_lab(tree(3, minute=0.5, boot_seconds=0.05)) as lab:
        yield lab


@pytest.fixture
def lab(shared: DeviceLab) -> DeviceLab:
    shared.clear()
    for name in (CORE, FAR):
        shared.reboot(name)
        until(shared, name)
    shared.forget()
    return shared


def until(lab: DeviceLab, name: str, *, reachable: bool = True) -> None:
    pause = threading.Event()
    while lab.reachable(name) is not reachable:
        pause.wait(0.005)


def answers(lab: DeviceLab, name: str) -> bool:
    """Whether a new connection gets as far as a login within a short while."""

    async def go() -> bool:
        try:
            async with asyncio.timeout(0.3), connecting(lab.hosts()[name]):
                return True
        except (OSError, asyncssh.Error):
            return False

    return asyncio.run(go())


# ---------------------------------------------------------------------- the way to a device


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (FAR, [UPLINK, "switchport trunk allowed vlan remove 99"]),
        (FAR, [UPLINK, "switchport mode access"]),
        (FAR, [UPLINK, "shutdown"]),
        (FAR, ["interface vlan 99", "no ip address"]),
        (FAR, ["no vlan 99"]),
        (CORE, ["interface gi1/0/1", "switchport trunk allowed vlan 110"]),
    ],
)
def test_a_cut_way_stops_every_byte_until_the_timer_restores_it(
    lab: DeviceLab, where: str, line: list[str]
) -> None:
    before = lab.configuration(where)

    async def go() -> tuple[bool, str]:
        async with typing(lab, FAR) as witness, typing(lab, where) as typist:
            await typist.lines("conf t revert timer 2", *line[:-1])
            typist.process.stdin.write(line[-1] + "\r")
            while lab.reachable(FAR):
                await asyncio.sleep(0.005)
            witness.process.stdin.write("show clock\r")
            try:
                async with asyncio.timeout(0.3):
                    silent = not await witness.process.stdout.read(100)
            except TimeoutError:
                silent = True
            return silent, await witness.until()

    silent, later = asyncio.run(go())
    assert silent
    assert " UTC " in later
    assert lab.configuration(where) == before
    assert answers(lab, FAR)


def test_everything_behind_a_cut_is_away_and_the_rest_is_not(lab: DeviceLab) -> None:
    told(lab, CORE, "conf t", DOWNLINK, "sw trunk allowed vlan remove 99")
    assert not lab.reachable(FAR)
    assert not answers(lab, FAR)
    assert lab.reachable("sw-003")
    told(lab, CORE, "conf t", DOWNLINK, "sw trunk allowed vlan add 99")
    assert answers(lab, FAR)


def test_a_pulled_cable(lab: DeviceLab) -> None:
    lab.fault("cable-pulled", host=CORE, port="GigabitEthernet1/0/24")
    assert not any(lab.reachable(name) for name in (CORE, FAR, "sw-003"))
    lab.clear("cable-pulled")
    assert all(lab.reachable(name) for name in (CORE, FAR, "sw-003"))


# ---------------------------------------------------------------------- in the middle of a change

CHANGE = ["vlan 301", "name EVENT", DOWNLINK, "switchport trunk allowed vlan add 301"]


@pytest.mark.parametrize("after", range(len(CHANGE) + 1))
def test_a_session_drops_after_each_line_of_a_change(lab: DeviceLab, after: int) -> None:
    lab.fault("session-drop", host=CORE, after=after)
    with pytest.raises((ConnectionResetError, asyncssh.Error)):
        told(lab, CORE, "conf t revert timer 100", *CHANGE)
    done = [line for line in lab.lines(CORE) if line in CHANGE]
    assert done == CHANGE[:after]
    text = lab.configuration(CORE)
    effects = ["vlan 301\n", " name EVENT\n", "", "110,120,301\n"]
    assert [e in text for e in effects[:after]] == [True] * after
    assert answers(lab, CORE)
    assert lab.state()["faults"] == []


def test_a_session_drops_after_the_line_that_matches(lab: DeviceLab) -> None:
    lab.fault("session-drop", line="^conf.* confirm$")
    with pytest.raises((ConnectionResetError, asyncssh.Error)):
        told(lab, CORE, "conf t revert timer 100", "vlan 301", "end", "configure confirm", "write")
    assert "No Rollback" in told(lab, CORE, "show archive config rollback timer")


def test_a_rejected_line_is_not_carried_out(lab: DeviceLab) -> None:
    lab.fault("line-rejected", host=CORE, line="allowed vlan add", text="Command rejected: no")
    before = lab.configuration(CORE)
    assert told(lab, CORE, "conf t", *CHANGE[2:]) == "Command rejected: no\n"
    assert lab.configuration(CORE) == before
    told(lab, CORE, "conf t", *CHANGE[2:])
    assert lab.configuration(CORE) != before


def test_a_reboot_in_the_middle(lab: DeviceLab) -> None:
    before = lab.configuration(CORE)
    lab.fault("device-reboots", host=CORE, after=2)
    with pytest.raises((ConnectionResetError, asyncssh.Error)):
        told(lab, CORE, "conf t revert timer 100", *CHANGE)
    until(lab, CORE)
    assert lab.configuration(CORE) == before
    assert "No Rollback" in told(lab, CORE, "show archive config rollback timer")


def test_a_timer_that_does_not_fire(lab: DeviceLab) -> None:
    lab.fault("timer-stuck", host=CORE)
    told(lab, CORE, "conf t revert timer 2", "vlan 301", "end")
    threading.Event().wait(1.2)
    assert "vlan 301\n" in lab.configuration(CORE)
    assert "Timer value" in told(lab, CORE, "show archive config rollback timer")


def test_slow_lines(lab: DeviceLab) -> None:
    lab.fault("device-slow", host=CORE, seconds=0.05)
    told(lab, CORE, "show clock", "show clock")
    times = [entry.at for entry in lab.transcript(CORE)]
    assert len(times) == 3
    assert times[-1] - times[0] >= 0.1


# ---------------------------------------------------------------------- at the door


def test_no_more_sessions_than_terminal_lines() -> None:
    with running_lab(replace(tree(1), vty=2)) as lab:
        host = lab.hosts()[CORE]

        async def go() -> None:
            async with connecting(host), connecting(host):
                with pytest.raises((OSError, asyncssh.Error)):
                    await connecting(host)

        asyncio.run(go())
        lab.fault("vty-full", host=CORE)
        assert not answers(lab, CORE)
        lab.clear()
        assert answers(lab, CORE)


def test_dead_mute_and_back(lab: DeviceLab) -> None:
    told(lab, FAR, "conf t", "vlan 301")
    for name in ("device-dead", "device-mute", "login-refused"):
        lab.fault(name, host=FAR)
        assert not answers(lab, FAR)
        assert answers(lab, CORE)
        lab.clear(name)
        assert answers(lab, FAR)
    assert "vlan 301" not in lab.configuration(FAR)


def test_a_changed_host_key_is_noticed(lab: DeviceLab, tmp_path: Path) -> None:
    known = str(lab.known_hosts(tmp_path / "known_hosts"))

    async def go() -> None:
        async with connecting(lab.hosts()[CORE], known_hosts=known):
            pass

    asyncio.run(go())
    lab.fault("device-key-changed", host=CORE)
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        asyncio.run(go())
    lab.clear()
    asyncio.run(go())


def test_openssh_with_a_key_and_strict_checking(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "id")
    (tmp_path / "id").chmod(0o600)
    plan = replace(
        tree(2), password=None, authorized_keys=key.export_public_key("openssh").decode()
    )
    devices = (DevicePlan(CORE, key_type="ssh-rsa"), plan.devices[1])
    with running_lab(replace(plan, devices=devices)) as lab:
        known = lab.known_hosts(tmp_path / "known_hosts")
        for name in (CORE, FAR):
            host = lab.hosts(str(tmp_path / "id"))[name]
            done = subprocess.run(
                [
                    *("/usr/bin/ssh", "-F", "none", "-p", str(host.port)),
                    *("-i", str(host.private_key_file), "-o", f"UserKnownHostsFile={known}"),
                    *("-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"),
                    *(f"{host.user}@{host.address}", "show version"),
                ],
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            )
            assert f"{name} uptime is " in done.stdout


def test_netmiko_works_with_it_as_with_a_switch(lab: DeviceLab) -> None:
    host = lab.hosts()[CORE]
    with ConnectHandler(
        device_type="cisco_ios",
        host=host.address,
        port=host.port,
        username=host.user,
        password=host.password,
    ) as switch:
        assert switch.find_prompt() == "sw-001#"
        switch.send_config_set(CHANGE, error_pattern="% ")
        assert "[OK]" in switch.save_config()
        rows = switch.send_command("show vlan brief")
        assert "301  EVENT" in rows
        with pytest.raises(ConfigInvalidException, match="Invalid input"):
            switch.send_config_set(["nonsense"], error_pattern="% Invalid")
    told(lab, CORE, "conf t", "no vlan 301", DOWNLINK, "sw tr al vl rem 301", "end", "write")


@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
def test_old_switches_offer_old_algorithms_only() -> None:
    plan = tree(1)
    device = replace(plan.devices[0], legacy=True, key_type="ssh-rsa")
    with running_lab(replace(plan, devices=(device,))) as lab:
        assert lab.hosts()[CORE].legacy_crypto
        assert not answers(lab, CORE)
        known = [lab.host_key(CORE).convert_to_public()]
        old = {
            "kex_algs": "diffie-hellman-group14-sha1",
            "encryption_algs": "aes128-cbc",
            "mac_algs": "hmac-sha1",
            "server_host_key_algs": "ssh-rsa",
        }

        async def go() -> None:
            async with connecting(lab.hosts()[CORE], known_hosts=(known, [], []), **old):
                pass

        asyncio.run(go())


def test_refusals_of_the_lab(lab: DeviceLab) -> None:
    with pytest.raises(Mistake, match="session-drop"):
        lab.fault("nosuch")
    with pytest.raises(Mistake, match="seconds"):
        lab.fault("device-slow", colour="red")
    with pytest.raises(Mistake, match="sw-009"):
        lab.fault("device-dead", host="sw-009")
    with pytest.raises(Mistake, match="must be a number"):
        lab.fault("device-slow", seconds="long")
    with pytest.raises(Mistake, match="no cable in Gi1/0/9"):
        lab.fault("cable-pulled", host=CORE, port="Gi1/0/9")
    assert lab.state()["faults"] == []
    with pytest.raises(Mistake, match="sw-009"):
        lab.configuration("sw-009")
    assert {"session-drop", "device-key-changed", "cable-pulled"} <= set(KINDS)


def test_notebook(lab: DeviceLab) -> None:
    before = lab.sessions_seen[CORE]
    told(lab, CORE, "show privilege")
    told(lab, CORE, "show clock")
    assert lab.sessions_seen[CORE] == before + 2
    first, second = lab.transcript(CORE)[1], lab.transcript(CORE)[3]
    assert (first.line, first.answer) == ("show privilege", "Current privilege level is 15\n")
    assert second.session == first.session + 1
    typed = ["terminal length 0", "show privilege", "terminal length 0", "show clock"]
    assert lab.lines(CORE) == typed
