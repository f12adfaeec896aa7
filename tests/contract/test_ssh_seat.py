"""The user's seat against a real asyncssh server and, where it is installed, real OpenSSH."""

from __future__ import annotations

import asyncio
import getpass
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest

from provisioner.drivers.host_keys import Presented, Target, presented_host_keys
from provisioner.drivers.seat import Door
from provisioner.drivers.ssh import OUTPUT_LIMIT, SshSeat
from provisioner.errors import ActionNeeded, Misconfigured, Refused, Retriable
from provisioner.lab.devices.lab import running_lab
from provisioner.lab.devices.plan import tree
from provisioner.texts import render, say

SSHD = Path("/usr/sbin/sshd")


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


def private(key: asyncssh.SSHKey) -> str:
    return key.export_private_key().decode()


@dataclass(frozen=True)
class Keys:
    host: asyncssh.SSHKey
    office: asyncssh.SSHKey
    applicant: asyncssh.SSHKey
    stranger: asyncssh.SSHKey


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys(*(asyncssh.generate_private_key("ssh-ed25519") for _ in range(4)))


@dataclass(frozen=True)
class House:
    """A server with one door, and what its users did there."""

    door: Door
    commands: list[str]


@pytest.fixture
def asyncssh_house(keys: Keys, tmp_path: Path) -> Iterator[House]:
    authorized = tmp_path / "authorized_keys"
    authorized.write_text(f"{public(keys.office)}\n{public(keys.applicant)}\n")
    commands: list[str] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def serve(process: asyncssh.SSHServerProcess[str]) -> None:
        command = process.command or ""
        commands.append(command)
        if command == "flood":
            while not process.channel.is_closing():
                process.stdout.write("x" * 4096)
                await asyncio.sleep(0)
        process.stdout.write("" if command == "true" else f"ran {command}\n")
        process.stderr.write("" if command == "true" else "and said so\n")
        process.exit(7 if command == "seven" else 0)

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            asyncssh.SSHServer,
            "127.0.0.1",
            0,
            server_host_keys=[keys.host],
            authorized_client_keys=str(authorized),
            process_factory=serve,
        )

    def run(work: object) -> object:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)  # type: ignore[arg-type]

    acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield House(Door("127.0.0.1", acceptor.get_port(), "dinkes", public(keys.host)), commands)

    async def stop() -> None:
        acceptor.close()
        await acceptor.wait_closed()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    run(stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def openssh_house(keys: Keys, tmp_path: Path) -> Iterator[House]:
    if not SSHD.exists():
        pytest.skip("OpenSSH's server is not installed here")
    host_key, authorized = tmp_path / "host_key", tmp_path / "authorized_keys"
    keys.host.write_private_key(str(host_key))
    host_key.chmod(0o600)
    authorized.write_text(f"{public(keys.office)}\n{public(keys.applicant)}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # OpenSSH insists on it
    config = tmp_path / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {host_key}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {authorized}\nStrictModes no\nPermitRootLogin prohibit-password\n"
        "PasswordAuthentication no\n"
    )
    with subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 10
        while not SshSeat(lambda: "").open("127.0.0.1", port):
            assert time.monotonic() < deadline
            assert server.poll() is None
        yield House(Door("127.0.0.1", port, getpass.getuser(), public(keys.host)), [])
        server.terminate()


@pytest.fixture(params=["asyncssh", "openssh"])
def house(request: pytest.FixtureRequest) -> House:
    found: House = request.getfixturevalue(f"{request.param}_house")
    return found


@pytest.fixture
def seat(keys: Keys) -> SshSeat:
    return SshSeat(lambda: private(keys.office))


def test_a_key_in_place_is_accepted_without_its_private_half(
    house: House, seat: SshSeat, keys: Keys
) -> None:
    """RFC 4252 section 7: nothing is signed, nobody logs in."""
    assert seat.accepts_key(house.door, public(keys.applicant))
    assert not seat.accepts_key(house.door, public(keys.stranger))
    assert house.commands == []


@pytest.mark.parametrize("kind", ["ssh-rsa", "ecdsa-sha2-nistp256"])
def test_older_kinds_of_keys_are_asked_for_too(
    house: House, seat: SshSeat, tmp_path: Path, kind: str
) -> None:
    key = asyncssh.generate_private_key(kind)
    assert not seat.accepts_key(house.door, public(key))
    with (tmp_path / "authorized_keys").open("a") as file:
        file.write(public(key) + "\n")
    assert seat.accepts_key(house.door, public(key) + " somebody@example")


def test_the_office_logs_in_and_runs_one_command(house: House, seat: SshSeat) -> None:
    assert seat.login(house.door).status == 0
    result = seat.login(house.door, "echo of-a-test")
    assert result.status == 0
    assert "of-a-test" in result.output


def test_the_status_and_both_outputs_come_back(asyncssh_house: House, seat: SshSeat) -> None:
    result = seat.login(asyncssh_house.door, "seven")
    assert result.status == 7
    assert "ran seven" in result.output
    assert "and said so" in result.output


def test_a_flood_is_cut_off(asyncssh_house: House, seat: SshSeat) -> None:
    result = seat.login(asyncssh_house.door, "flood")
    assert len(result.output) == OUTPUT_LIMIT
    assert result.status == -1


def test_another_host_key_stops_everything(house: House, seat: SshSeat, keys: Keys) -> None:
    """Nothing is offered to the wrong host, neither key nor login."""
    wrong = replace(house.door, host_key=public(keys.stranger))
    for look in (
        lambda: seat.accepts_key(wrong, public(keys.applicant)),
        lambda: seat.login(wrong),
    ):
        with pytest.raises(ActionNeeded) as caught:
            look()
        assert caught.value.who == "administrator"
        assert "provisioner trust" in render(caught.value.next, "id")
    assert house.commands == []


def test_another_kind_of_host_key_stops_everything(house: House, seat: SshSeat) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    with pytest.raises(ActionNeeded):
        seat.login(replace(house.door, host_key=public(other)))


def test_a_damaged_host_key_is_said(house: House, seat: SshSeat) -> None:
    with pytest.raises(ActionNeeded):
        seat.login(replace(house.door, host_key="ssh-ed25519 AAAA"))


def test_a_key_that_is_not_in_place_yet_is_waited_for(house: House, keys: Keys) -> None:
    with pytest.raises(Retriable):
        SshSeat(lambda: private(keys.stranger)).login(house.door)


def test_nothing_of_this_machine_is_used(
    house: House, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its keys, nor its agent, nor its configuration, nor its known hosts."""
    home = tmp_path / "home" / ".ssh"
    home.mkdir(parents=True)
    (home / "id_ed25519").write_text(private(keys.office))
    (home / "config").write_text("Host *\n  ProxyCommand touch /nowhere/at/all\n  Port 1\n")
    (home / "known_hosts").write_text(f"* {public(keys.stranger)}\n")
    monkeypatch.setenv("HOME", str(home.parent))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "no-agent"))
    with pytest.raises(Retriable):
        SshSeat(lambda: private(keys.stranger)).login(house.door)
    assert SshSeat(lambda: private(keys.office)).login(house.door).status == 0


@pytest.mark.parametrize("user", ["-oProxyCommand=x", "root;id", "", "a b", "UPPER", "x" * 40])
def test_a_name_that_is_none_is_refused(user: str, seat: SshSeat, keys: Keys) -> None:
    with pytest.raises(Refused):
        seat.login(Door("127.0.0.1", 22, user, public(keys.host)))


@pytest.mark.parametrize("address", ["localhost", "-oProxyCommand=x", "127.0.0.1 ", "10.0.0.1/8"])
def test_only_addresses_are_looked_at(address: str, seat: SshSeat, keys: Keys) -> None:
    for look in (
        lambda: seat.login(Door(address, 22, "dinkes", public(keys.host))),
        lambda: seat.open(address, 22),
        lambda: seat.answers(address, (22,)),
    ):
        with pytest.raises(Refused):
            look()


@pytest.mark.parametrize("key", ["", "ssh-ed25519 AAAA", "nonsense", 'command="x" ssh-rsa AAAA'])
def test_a_key_that_is_none_is_refused(key: str, seat: SshSeat, keys: Keys) -> None:
    with pytest.raises(Refused):
        seat.accepts_key(Door("127.0.0.1", 22, "dinkes", public(keys.host)), key)


def test_an_unusable_identity_asks_the_administrator(keys: Keys) -> None:
    def missing() -> str:
        raise Misconfigured("provisioner.toml", "file:var/id_ed25519", say("is empty"))

    locked = keys.office.export_private_key("pkcs8-pem", passphrase="x").decode()
    door = Door("127.0.0.1", 22, "dinkes", public(keys.host))
    for identity in (missing, lambda: "no key", lambda: locked):
        with pytest.raises(ActionNeeded) as caught:
            SshSeat(identity).login(door)
        assert caught.value.who == "administrator"


def test_a_server_that_hangs_up_is_tried_again(seat: SshSeat, keys: Keys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def slam() -> None:
            taken, _ = listener.accept()
            taken.close()

        thread = threading.Thread(target=slam)
        thread.start()
        with pytest.raises(Retriable):
            seat.login(Door("127.0.0.1", listener.getsockname()[1], "dinkes", public(keys.host)))
        thread.join()


def test_what_answers(seat: SshSeat) -> None:
    """On the loopback network a refusal comes from our own kernel and proves nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert seat.open("127.0.0.1", port)
        assert seat.answers("127.0.0.1", (1, port)) == f"tcp/{port}"
    assert not seat.open("127.0.0.1", port)
    assert seat.answers("127.0.0.1", (port,)) is None
    assert seat.answers("127.0.0.1", ()) is None


def test_a_closed_port_is_tried_again(seat: SshSeat, keys: Keys) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Retriable):
        seat.accepts_key(Door("127.0.0.1", port, "dinkes", public(keys.host)), public(keys.office))


@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
def test_an_old_switch_shows_its_host_key_too() -> None:
    plan = tree(1)
    old = replace(plan.devices[0], legacy=True, key_type="ssh-rsa")
    with running_lab(replace(plan, devices=(old,))) as lab:
        (host,) = lab.hosts().values()
        shown = presented_host_keys({"old": Target(host.address, host.port)})["old"]
        key = lab.host_key(host.name).convert_to_public()
        assert isinstance(shown, Presented)
        assert (shown.kind, shown.fingerprint) == ("ssh-rsa", key.get_fingerprint())
