"""What holds for every session with a device, whatever it speaks: whose it is, how often, how long.

The pitfalls of the network that no platform has to itself; see ``network_pitfalls.toml``.
"""

from __future__ import annotations

import ast
import asyncio
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncssh
import paramiko
import pytest

import provisioner
from provisioner.drivers.ios.session import Session as IosSession
from provisioner.drivers.ios.work import SAVE_SECONDS
from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Description,
    Host,
    Intent,
    NetworkPlatform,
    Order,
    Reading,
    Reverted,
    Vlan,
    Wish,
)
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.platforms.mikrotik_routeros import RouterOsPlatform
from provisioner.drivers.routeros.session import Session as RouterOsSession
from provisioner.drivers.routeros.work import EXPORT_SECONDS
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.batches import Sessions
from provisioner.drivers.sessions.terminal import SessionEndedError
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable, StepFailure
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.settings import DeviceSettings
from tests.contract.ios_stage import until

PRODUCT = Path(provisioner.__file__).parent
VLAN = Vlan(301, "PROV-NET-2026-0001")
PORTS = {"cisco_ios": "GigabitEthernet1/0/7", "mikrotik_routeros": "ether6"}
SESSIONS = {"cisco_ios": IosSession, "mikrotik_routeros": RouterOsSession}


@dataclass
class Stage:
    lab: DeviceLab
    hosts: dict[str, Host]
    known_hosts: Path
    platform: NetworkPlatform
    name: str

    @property
    def kind(self) -> str:
        return self.hosts[self.name].platform

    @property
    def wanted(self) -> Sequence[Intent]:
        return (VLAN, Description(PORTS[self.kind], "Rak 2"))

    def read(self) -> Reading | StepFailure:
        return self.platform.read({self.name: self.wanted})[self.name]

    def order(self, minutes: int = 5) -> Order:
        found = self.read()
        assert isinstance(found, Reading), found
        return Order(self.platform.preview(found, [Wish(i) for i in self.wanted]), "t-1", minutes)

    def apply(self, order: Order) -> Applied | StepFailure:
        return self.platform.apply({self.name: order})[self.name]

    def refusal(self) -> str:
        found = self.read()
        assert isinstance(found, ActionNeeded), found
        assert found.who == "administrator"
        return str(found.what)

    def session(self) -> Any:
        login = Access(self.known_hosts, lambda: "").login(self.hosts[self.name])
        return SESSIONS[self.kind](login, 5, 5)


@contextmanager
def staged(directory: Path, kind: str, **settings: float) -> Iterator[Stage]:
    plan = CampusPlan((DevicePlan("sw-7", kind),), boot_seconds=0.05)
    with DeviceLab(plan) as lab:
        hosts = lab.hosts()
        known = lab.known_hosts(directory / "known_hosts")
        chosen = DeviceSettings(**{"connect": 5, "command": 10, **settings})  # type: ignore[arg-type]
        sessions = Sessions(lambda: hosts, chosen, known, lambda: "")
        platform = IosPlatform if kind == "cisco_ios" else RouterOsPlatform
        yield Stage(lab, hosts, known, platform(sessions), "sw-7")


@pytest.fixture(params=list(PORTS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stage(tmp_path: Path, kind: str) -> Iterator[Stage]:
    with staged(tmp_path, kind) as made:
        yield made


# ---------------------------------------------------------------- who is spoken to


def test_only_the_key_on_record_is_spoken_to(stage: Stage) -> None:
    stage.known_hosts.write_text("")
    assert "not known" in stage.refusal()
    stage.lab.known_hosts(stage.known_hosts)
    stage.lab.fault("device-key-changed", host=stage.name)
    assert "another host key" in stage.refusal()
    assert stage.lab.lines(stage.name) == [], "nobody logged in"
    stage.lab.clear()
    assert isinstance(stage.read(), Reading)


def test_nothing_of_netmiko_types_or_trusts_by_itself() -> None:
    """Its ways of typing take a refused line for done, guess prompts and sleep; its policy adds."""
    never = {
        "send_config_set", "send_config_from_file", "send_command", "send_command_timing",
        "send_multiline", "find_prompt", "set_base_prompt", "save_config", "config_mode",
        "exit_config_mode", "check_config_mode", "commit", "ConnectHandler", "AutoAddPolicy",
        "WarningPolicy", "load_system_host_keys", "set_keepalive", "session_log",
        "special_login_handler", "fast_cli",
    }  # fmt: skip
    for path in (PRODUCT / "drivers").rglob("*.py"):
        if "hypervisor" in path.parts or "proxmox" in path.parts:
            continue
        tree = ast.parse(path.read_text())
        said = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        said |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
        said |= {node.name for node in ast.walk(tree) if isinstance(node, ast.alias)}
        assert not said & never, path


# ---------------------------------------------------------------- how often


def test_connecting_is_tried_three_times_and_no_more(tmp_path: Path, kind: str) -> None:
    """Logins that a busy device turns away are tried again, each after a longer pause."""
    seen = 0

    async def turned_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        writer.close()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(turned_away, "127.0.0.1", 0)

    with served(listen) as port, staged(tmp_path, kind) as stage:
        elsewhere(stage, port)
        assert isinstance(stage.read(), Retriable)
    assert seen == 3


def test_a_login_that_is_refused_is_not_tried_again(tmp_path: Path, kind: str) -> None:
    """Else the account is locked, and with it everybody who uses it."""
    seen: list[str] = []

    class Refusing(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            seen.append(username)
            return False

    key = asyncssh.generate_private_key("ssh-ed25519")

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(Refusing, "127.0.0.1", 0, server_host_keys=[key])

    with served(listen) as port, staged(tmp_path, kind) as stage:
        elsewhere(stage, port)
        public = key.export_public_key("openssh").decode().strip()
        stage.known_hosts.write_text(f"[127.0.0.1]:{port} {public}\n")
        assert "log in" in stage.refusal()
    assert len(seen) == 1


@contextmanager
def served(listen: Any) -> Iterator[int]:
    """The port of a server of this test's own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def elsewhere(stage: Stage, port: int) -> None:
    host = stage.hosts[stage.name]
    stage.hosts[stage.name] = replace(host, address="127.0.0.1", port=port)


def test_what_was_half_sent_is_never_sent_again(stage: Stage) -> None:
    order = stage.order()
    seen = stage.lab.sessions_seen[stage.name]
    stage.lab.forget()
    stage.lab.fault("session-drop", host=stage.name, after="1")
    assert isinstance(stage.apply(order), OutcomeUnknown)
    assert stage.lab.sessions_seen[stage.name] == seen + 1
    typed = [line.partition("; :put")[0] for line in stage.lab.lines(stage.name)]
    assert len(typed) == len(set(typed)), "no line twice"


def test_every_call_speaks_on_a_session_of_its_own(stage: Stage) -> None:
    """What was seen over the old session says nothing: a firewall may let that one live on."""
    order = stage.order()
    seen = stage.lab.sessions_seen[stage.name]
    assert isinstance(stage.apply(order), Applied)
    assert isinstance(stage.read(), Reading)
    assert stage.platform.confirm({stage.name: order}) == {stage.name: Confirmed(True)}
    assert stage.platform.revert({stage.name: order}) == {stage.name: Reverted("undo")}
    assert stage.lab.sessions_seen[stage.name] == seen + 4
    until(lambda: stage.lab.sessions_open[stage.name] == 0)


# ---------------------------------------------------------------- how long


@pytest.mark.parametrize("fault", ["line-rejected", "never-answers", "device-mute"])
def test_no_line_of_the_device_stays_taken(tmp_path: Path, kind: str, fault: str) -> None:
    """A device has five of them; a session that leaked would shut everybody out."""
    with staged(tmp_path, kind, connect=2, command=1) as stage:
        order = stage.order()
        match fault:
            case "line-rejected":
                text = "failure: simulated" if "routeros" in kind else "% Invalid input"
                stage.lab.fault(fault, host=stage.name, text=text, after="1")
                assert isinstance(stage.apply(order), Refused | ActionNeeded)
            case "never-answers":
                stage.lab.fault("device-slow", host=stage.name, seconds="30")
                assert isinstance(stage.apply(order), Retriable)
            case _:
                stage.lab.fault(fault, host=stage.name)
                assert isinstance(stage.apply(order), Retriable)
        stage.lab.clear()
        until(lambda: stage.lab.sessions_open[stage.name] == 0)


def test_threads_of_the_library_end_with_the_session(stage: Stage) -> None:
    order = stage.order()
    stage.lab.fault("session-drop", host=stage.name, after="1")
    stage.apply(order)
    stage.lab.clear()
    stage.read()
    until(lambda: not [t for t in threading.enumerate() if isinstance(t, paramiko.Transport)])


# ---------------------------------------------------------------- what is told


def test_a_secret_that_comes_in_pieces_is_masked(stage: Stage) -> None:
    """Masked is what was said altogether, not piece by piece as it came in."""
    with stage.session() as session:
        session.open()
        secret = "rahasia-sekali-4711"
        session._heard += ["snmp-server community rahasia-", "sekali-", "4711 RO\r", "\n", *secret]
        assert "sekali" not in session.transcript([secret])
        password = stage.hosts[stage.name].password
        assert password
        session._heard += [*password, "\n"]
        assert password not in session.transcript()


def test_the_library_logs_nothing_that_is_typed(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Its logger tells all that goes over the wire as soon as somebody asks for DEBUG."""
    with caplog.at_level(logging.DEBUG):
        assert isinstance(stage.apply(stage.order()), Applied)
    assert not [each for each in caplog.records if each.name.startswith(("netmiko", "paramiko"))]
    assert str(stage.hosts[stage.name].password) not in caplog.text


def test_no_privilege_is_told_and_nothing_written(stage: Stage) -> None:
    order, before = stage.order(), stage.lab.configuration(stage.name)
    text = "not enough permissions (9)" if "routeros" in stage.kind else (
        "% Authorization failed.")  # fmt: skip
    line = "script add" if "routeros" in stage.kind else "^configure terminal"
    stage.lab.fault("line-rejected", host=stage.name, line=line, text=text)
    failure = stage.apply(order)
    assert isinstance(failure, StepFailure)
    assert not isinstance(failure, OutcomeUnknown | Retriable)
    assert stage.lab.configuration(stage.name) == before


def test_what_takes_long_has_its_time(stage: Stage) -> None:
    """Saving and exporting take a minute on a busy device; a plain line does not."""
    assert min(EXPORT_SECONDS, SAVE_SECONDS) >= 60
    stage.lab.fault("device-slow", host=stage.name, seconds="0.6")
    line = "/system identity print" if "routeros" in stage.kind else "show privilege"
    login = Access(stage.known_hosts, lambda: "").login(stage.hosts[stage.name])
    for seconds, fails in ((None, True), (60, False)):
        session = SESSIONS[stage.kind](login, 5, 0.3)
        session.open()
        try:
            if fails:
                with pytest.raises(SessionEndedError, match="in time"):
                    session.ask(line, seconds)
            else:
                assert session.ask(line, seconds)
        finally:
            session.disconnect()


def test_a_timer_is_of_whole_minutes_that_devices_take() -> None:
    """Between one minute and two hours, which is what `revert timer` of a switch allows."""
    for wrong in (0, 121, -1):
        with pytest.raises(ValueError, match="timer_minutes"):
            DeviceSettings(timer_minutes=wrong)
    assert DeviceSettings(timer_minutes=120).timer_minutes == 120
