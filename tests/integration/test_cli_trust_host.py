"""`trust HOST…`: host keys are compared, kept once, and never silently replaced."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from tests.integration.cli_tools import Terminal, terminal

__all__ = ["terminal"]


@dataclass
class Host:
    """An SSH server and its key."""

    loop: asyncio.AbstractEventLoop
    key: asyncssh.SSHKey
    port: int = 0
    server: asyncssh.SSHAcceptor | None = None

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def line(self) -> str:
        kind, value = self.key.export_public_key("openssh").decode().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {value}"

    def start(self) -> None:
        listening = asyncssh.listen("127.0.0.1", self.port, server_host_keys=[self.key])
        self.server = self._run(listening)
        self.port = self.server.get_port()

    def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            self._run(self.server.wait_closed())
            self.server = None

    def set_up_anew(self) -> None:
        self.stop()
        self.key = asyncssh.generate_private_key(self.key.get_algorithm())
        self.start()

    def _run(self, work):  # type: ignore[no-untyped-def]
        async def go():  # type: ignore[no-untyped-def]
            return await work

        return asyncio.run_coroutine_threadsafe(go(), self.loop).result(10)


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Three servers; the last has an RSA key, as old switches have."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    kinds = ("ssh-ed25519", "ssh-ed25519", "ssh-rsa")
    made = [Host(loop, asyncssh.generate_private_key(kind)) for kind in kinds]
    for each in made:
        each.start()
    yield made
    for each in made:
        each.stop()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def host(hosts: list[Host]) -> Host:
    return hosts[0]


@pytest.fixture
def office(terminal: Terminal, hosts: list[Host]) -> Terminal:
    """The three servers as switches of the inventory, and a router that is only looked up."""
    terminal("init")
    lines = "".join(
        f"        sw-{number}: {{ansible_host: 127.0.0.1, ansible_port: {each.port}, "
        "ansible_user: u, provisioner_platform: cisco_ios}\n"
        for number, each in enumerate(hosts, start=1)
    )
    (terminal.folder / "inventory/hosts.yml").write_text(
        f"all:\n  children:\n    routers: {{hosts: {{rt-1: {{}}}}}}\n"
        f"    switches:\n      hosts:\n{lines}"
    )
    return terminal


def known(terminal: Terminal) -> Path:
    return terminal.folder / "var/known_hosts"


def test_a_host_is_trusted_with_the_right_fingerprint_only(terminal: Terminal, host: Host) -> None:
    terminal("init")
    wrong = terminal("trust", host.name, "--yes", "--fingerprint", "SHA256:" + "A" * 43)
    assert wrong.status == 1
    assert not known(terminal).exists()
    right = ("trust", host.name, "--yes", "--fingerprint", host.key.get_fingerprint())
    assert terminal(*right).status == 0
    assert terminal(*right).status == 0
    assert known(terminal).read_text() == host.line + "\n"
    told = terminal(*right, "--json").json()
    assert (told["host"], told["hosts"][0]["state"]) == (f"[127.0.0.1]:{host.port}", "known")


def test_another_key_of_a_known_host_is_asked_for_by_itself(terminal: Terminal, host: Host) -> None:
    terminal("init")
    assert terminal("trust", host.name, typed="y\n").status == 0
    known(terminal).write_text("# kept\n" + known(terminal).read_text())
    before = known(terminal).read_text()
    host.set_up_anew()
    refused = terminal("trust", host.name, typed="n\n")
    assert refused.status == 1
    assert "CHANGED" in refused.out
    assert "line 2" in refused.err
    given = ("--yes", "--fingerprint", host.key.get_fingerprint())
    assert terminal("trust", host.name, *given).status == 1
    assert known(terminal).read_text() == before
    assert terminal("trust", host.name, *given, "--changed").status == 0
    assert known(terminal).read_text() == f"# kept\n{host.line}\n"


def test_all_devices_are_shown_in_one_table_and_asked_for_once(
    office: Terminal, hosts: list[Host]
) -> None:
    shown = office("trust", "--all", typed="y\n")
    assert shown.status == 0, shown.err
    assert shown.err.count("[y/N]") == 1
    for number, each in enumerate(hosts, start=1):
        assert f"sw-{number}" in shown.out
        assert each.key.get_fingerprint() in shown.out
    assert "show ip ssh" in shown.out
    assert sorted(known(office).read_text().splitlines()) == sorted(h.line for h in hosts)
    again = office("trust", "--group", "switches", "--json").json()
    assert {one["state"] for one in again["hosts"]} == {"known"}


def test_one_that_changed_among_new_ones(office: Terminal, hosts: list[Host]) -> None:
    assert office("trust", "sw-1", typed="y\n").status == 0
    hosts[0].set_up_anew()
    outcome = office("trust", "--group", "switches", typed="n\ny\n")
    assert outcome.status == 1
    assert outcome.err.count("[y/N]") == 2
    held = known(office).read_text()
    assert hosts[1].line in held
    assert hosts[2].line in held
    assert hosts[0].line not in held
    assert office("trust", "--all", typed="y\n").status == 0
    assert sorted(known(office).read_text().splitlines()) == sorted(h.line for h in hosts)


def test_by_fingerprints_only_those_that_show_one_are_trusted(
    office: Terminal, hosts: list[Host]
) -> None:
    given = ["--fingerprint", hosts[1].key.get_fingerprint()]
    outcome = office("trust", "--all", "--yes", *given, "--json")
    assert outcome.status == 1
    trusted = {one["host"] for one in outcome.json()["hosts"] if one["trusted"]}
    assert trusted == {"sw-2"}
    assert known(office).read_text() == hosts[1].line + "\n"


def test_one_that_does_not_answer_stops_no_other(office: Terminal, hosts: list[Host]) -> None:
    hosts[2].stop()
    outcome = office("trust", "--all", typed="y\n")
    assert outcome.status == 1
    assert "shows no SSH host key" in outcome.out
    assert len(known(office).read_text().splitlines()) == 2


def test_no_device_named_is_wrong_use(office: Terminal) -> None:
    assert office("trust").status == 2
    assert office("trust", "--group", "nothing").status == 2
    assert office("trust", "--all", "--yes").status == 2
