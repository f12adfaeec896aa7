"""`trust HOST`: a host key is compared, kept once, and never silently replaced."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import asyncssh
import pytest

from tests.integration.cli_tools import Terminal, terminal

__all__ = ["terminal"]


@dataclass(frozen=True)
class Host:
    """An SSH server and its key."""

    port: int
    key: asyncssh.SSHKey

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def line(self) -> str:
        kind, value = self.key.export_public_key("openssh").decode().split()[:2]
        return f"[127.0.0.1]:{self.port} {kind} {value}"


@pytest.fixture
def host() -> Iterator[Host]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncssh.listen("127.0.0.1", 0, server_host_keys=[key]))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield Host(server.get_port(), key)
    server.close()
    asyncio.run_coroutine_threadsafe(server.wait_closed(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_host_is_trusted_with_the_right_fingerprint_only(terminal: Terminal, host: Host) -> None:
    terminal("init")
    known = terminal.folder / "var/known_hosts"
    wrong = terminal("trust", host.name, "--yes", "--fingerprint", "SHA256:" + "A" * 43)
    assert wrong.status == 1
    assert not known.exists()
    right = ("trust", host.name, "--yes", "--fingerprint", host.key.get_fingerprint())
    assert terminal(*right).status == 0
    assert terminal(*right).status == 0
    assert known.read_text() == host.line + "\n"


def test_another_key_of_a_known_host_is_refused(terminal: Terminal, host: Host) -> None:
    terminal("init")
    known = terminal.folder / "var/known_hosts"
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[1]
    known.write_text(f"# kept\n[127.0.0.1]:{host.port} ssh-ed25519 {stranger}\n")
    before = known.read_text()
    outcome = terminal("trust", host.name, typed="y\n")
    assert host.key.get_fingerprint() in outcome.out
    assert outcome.status == 1
    assert "line 2" in outcome.err
    assert known.read_text() == before
