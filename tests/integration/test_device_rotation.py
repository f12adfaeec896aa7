"""`device rotate-key` on real SSH servers with a real shell: nobody is locked out, ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from provisioner.drivers.login_keys import FILES, LoginKeys, new_identity, public_half
from provisioner.drivers.network import Host
from provisioner.errors import StepFailure
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.lab.up import office_key
from provisioner.settings import DeviceSettings
from tests.integration.cli_tools import Outcome, Terminal, terminal
from tests.integration.harness import free_network
from tests.lab.devices import connecting

__all__ = ["terminal"]


@dataclass
class Box:
    """A Linux device: its home, and who logs in, read from its own file at each login."""

    home: Path
    key: asyncssh.SSHKey = field(
        default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519")
    )
    port: int = 0
    server: asyncssh.SSHAcceptor | None = None
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.home / ".ssh" / "authorized_keys"

    def knows(self, public: str) -> bool:
        return public.split()[1] in self.file.read_text()


class _Login(asyncssh.SSHServer):
    def __init__(self, box: Box) -> None:
        self._box = box

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._box.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        lines = self._box.file.read_text().splitlines()
        return key in [asyncssh.import_public_key(line) for line in lines if line.strip()]


@dataclass
class Field:
    """Three boxes, an installation that knows them, and its key files."""

    terminal: Terminal
    boxes: list[Box]
    loop: asyncio.AbstractEventLoop

    @property
    def identity(self) -> Path:
        return self.terminal.folder / "var" / "id_ed25519"

    @property
    def public(self) -> str:
        return asyncssh.read_private_key(str(self.identity)).export_public_key().decode()

    def beside(self, end: str) -> Path:
        return self.identity.with_name(f"{self.identity.name}.{end}")

    def rotate(self, *args: str) -> Outcome:
        return self.terminal("device", "rotate-key", "--json", *args)

    def start(self, box: Box) -> None:
        async def talk(process: asyncssh.SSHServerProcess[bytes]) -> None:
            shell = await asyncio.create_subprocess_exec(
                "sh", "-c", process.command or "",
                env={"HOME": str(box.home), "PATH": "/usr/bin:/bin"},
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, errors = await shell.communicate()
            process.stdout.write(out)
            process.stderr.write(errors)
            process.exit(shell.returncode or 0)

        box.server = self.run(
            asyncssh.listen(
                "127.0.0.1", box.port, server_host_keys=[box.key], process_factory=talk,
                server_factory=lambda: _Login(box), encoding=None,
            )
        )  # fmt: skip
        box.port = box.server.get_port()  # type: ignore[union-attr]

    def stop(self, box: Box) -> None:
        if box.server is not None:
            box.server.close()
            self.run(box.server.wait_closed())
            for connection in box.connections:
                self.loop.call_soon_threadsafe(connection.abort)
                self.run(connection.wait_closed())
            box.server = None

    def run(self, work: Any) -> Any:
        async def go() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(go(), self.loop).result(10)


@pytest.fixture
def ground(terminal: Terminal, tmp_path: Path) -> Iterator[Field]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    made = Field(terminal, [Box(tmp_path / f"box-{n}") for n in (1, 2, 3)], loop)
    assert terminal("init").status == 0
    assert terminal("db", "upgrade").status == 0
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    somebody = " ".join(other.split()[:2])
    for box in made.boxes:
        box.file.parent.mkdir(parents=True)
        box.file.write_text(f"{somebody} somebody-else\n{made.public.strip()}")
        made.start(box)
    lines = "".join(
        f"        ap-{n}: {{ansible_host: 127.0.0.1, ansible_port: {box.port}, ansible_user: root,"
        " provisioner_platform: linux}\n"
        for n, box in enumerate(made.boxes, start=1)
    )
    (tmp_path / "inventory/hosts.yml").write_text(
        f"all:\n  children:\n    access_points:\n      hosts:\n{lines}"
    )
    path = tmp_path / "provisioner.toml"
    path.write_text(path.read_text() + "\n[devices]\nconnect = 2\n")
    assert terminal("trust", "--all", typed="y\n").status == 0
    yield made
    for box in made.boxes:
        made.stop(box)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_the_new_key_is_proven_before_the_old_one_goes(ground: Field) -> None:
    old = ground.public
    outcome = ground.rotate()
    assert outcome.status == 0, outcome
    assert set(outcome.json()["devices"].values()) == {"done"}
    fresh = ground.public
    assert fresh != old
    for box in ground.boxes:
        assert box.knows(fresh)
        assert not box.knows(old)
        assert "somebody-else" in box.file.read_text(), "others are left alone"
        assert box.file.stat().st_mode & 0o777 == 0o600
    assert not ground.beside("next").exists()
    assert not ground.beside("old").exists()
    assert ground.identity.stat().st_mode & 0o777 == 0o600


def test_one_that_is_away_keeps_the_old_key_in_use_everywhere(ground: Field) -> None:
    old = ground.public
    ground.stop(ground.boxes[2])
    first = ground.rotate()
    assert first.status == 1
    assert [one["host"] for one in first.json()["failed"]] == ["ap-3"]
    assert ground.public == old
    assert all(box.knows(old) for box in ground.boxes)
    pending = ground.beside("next").read_text()
    ground.start(ground.boxes[2])
    second = ground.rotate()
    assert second.status == 0, second
    assert ground.identity.read_text() == pending, "the same key as was begun with"
    assert not any(box.knows(old) for box in ground.boxes)


def test_broken_off_after_the_switch_it_goes_on_with_removing(ground: Field) -> None:
    old, path = ground.identity.read_text(), ground.identity
    public = ground.public
    assert ground.rotate().status == 0
    ground.beside("old").write_text(old)
    for box in ground.boxes:
        box.file.write_text(box.file.read_text() + public)
    fresh = path.read_text()
    assert ground.rotate().status == 0
    assert path.read_text() == fresh
    assert not any(box.knows(public) for box in ground.boxes)
    assert not ground.beside("old").exists()


def test_a_device_that_is_gone_can_be_left_out(ground: Field) -> None:
    old = ground.public
    ground.stop(ground.boxes[0])
    assert ground.rotate().status == 1
    outcome = ground.rotate("--leave-out", "ap-1")
    assert outcome.status == 0, outcome
    assert ground.boxes[0].knows(old)
    assert ground.public != old


def test_where_no_key_can_be_entered_nothing_is_done(ground: Field) -> None:
    hosts = ground.terminal.folder / "inventory/hosts.yml"
    hosts.write_text(hosts.read_text().replace("linux", "cisco_ios", 1))
    outcome = ground.rotate()
    assert outcome.status == 1
    assert "ap-1" in outcome.err
    assert not ground.beside("next").exists()


def test_an_openwrt_device_takes_and_forgets_a_key(tmp_path: Path) -> None:
    public, file = office_key(tmp_path), FILES["openwrt"]
    plan = CampusPlan(
        (DevicePlan("ap-1", "openwrt"),), cidr=free_network().cidr, authorized_keys=public
    )
    with DeviceLab(plan) as lab:
        hosts = lab.hosts(str(tmp_path / "var" / "id_ed25519"))
        known = lab.known_hosts(tmp_path / "known_hosts")
        keys = LoginKeys(lambda: hosts, DeviceSettings(), known, "")
        other = public_half(new_identity())
        assert isinstance(keys.remove(["ap-1"], other)["ap-1"], bool)
        assert keys.add(["ap-1"], public) == {"ap-1": True}
        assert [keys.add(["ap-1"], other)["ap-1"] for _ in range(2)] == [True, False]
        kept = asyncio.run(_printed(lab.hosts()["ap-1"], f"cat {file}"))
        assert [line.split()[1] for line in kept.splitlines()] == [
            public.split()[1], other.split()[1],
        ]  # fmt: skip
        assert keys.remove(["ap-1"], other) == {"ap-1": True}
        assert isinstance(keys.remove(["ap-1"], public)["ap-1"], StepFailure), "the last one"
        assert keys.prove(["ap-1"]) == {"ap-1": True}


async def _printed(host: Host, command: str) -> str:
    async with connecting(host) as connection:
        return str((await connection.run(command, check=True)).stdout)
