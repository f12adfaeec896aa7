"""The baseline of VMs, played on a real Debian: what it does, that it repeats, and how it fails."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from provisioner.drivers.ansible.guests import Guests, Settled
from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.seat import Door
from provisioner.errors import ActionNeeded, Refused, Retriable
from tests.contract.debian_root import OUTSIDE, PASSWORD, Guest, guest, missing
from tests.contract.openwrt_stage import PLAYBOOKS, until

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
    pytest.mark.xdist_group("debian"),  # they share one system, made by the first
    pytest.mark.timeout(600),  # the first makes it
]

KEY = asyncssh.generate_private_key("ssh-ed25519")
FULL: Mapping[str, Any] = {
    "time_zone": "Asia/Jakarta",
    "ntp_servers": ["10.1.1.1", "ntp.example"],
    "firewall": True,
    "banner": "Milik Pemerintah Kabupaten. Jum'at libur.",
    "monitoring": {
        "package": "nagios-nrpe-server",
        "port": 5666,
        "allowed_hosts": [OUTSIDE, "10.9.0.0/24"],
        "config_file": "/etc/nagios/nrpe.d/office.cfg",
        "config_lines": ["allowed_hosts=ALLOWED_HOSTS"],
    },
}
PORTS = [{"port": 80, "protocol": "tcp"}, {"port": 5353, "protocol": "udp"}]
SMALL: Mapping[str, Any] = {"updates": "none"}
"""Has to install one package all the same: the image has no time daemon."""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    """Keeps the files of its runs in a folder of its own, which has to be empty in the end."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="t", dir=memory if memory.is_dir() else None))
    identity = KEY.export_private_key().decode()
    yield Runner(PLAYBOOKS, Path("/nowhere"), lambda: identity, connect=5, memory=folder)
    folder.rmdir()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Guest]:
    with guest(tmp_path, KEY) as running:
        yield running


def opens(door: Door, user: str, **credentials: Any) -> bool:
    """Whether somebody from outside gets in."""

    async def knock() -> bool:
        known = ([asyncssh.import_public_key(door.host_key)], [], [])
        options: dict[str, Any] = {"client_keys": None, "agent_path": None, "config": None}
        options |= credentials
        try:
            async with asyncssh.connect(
                door.address, door.port, username=user, known_hosts=known, **options
            ):
                return True
        except asyncssh.PermissionDenied:
            return False

    return asyncio.run(knock())


# ---------------------------------------------------------------------- what it does


class Story:
    """A guest before, after the first run and after the second, told once for several tests."""

    def __init__(self, running: Guest, runner: Runner) -> None:
        self.guest = running
        self.before = self._seen()
        self.first = Guests(runner).settle(running.door, FULL, PORTS)
        self.after = self._seen()
        files = self._files()
        self.second = Guests(runner).settle(running.door, FULL, PORTS)
        self.touched = sorted(set(files.items()) ^ set(self._files().items()))

    def _seen(self) -> dict[str, bool]:
        door, ports = self.guest.door, (80, 8080, 5666)
        return {
            "user by key": opens(door, door.user, client_keys=[KEY]),
            "user by password": opens(door, door.user, password=PASSWORD),
            "root by key": opens(door, "root", client_keys=[KEY]),
            "root by password": opens(door, "root", password=PASSWORD),
            **{str(port): self.guest.lets_in(port) for port in ports},
        }

    def _files(self) -> Mapping[str, bytes]:
        return self.guest.files("etc", "home", "root")

    def text(self, path: str) -> str:
        return (self.guest.root / path).read_text()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Iterator[Story]:
    with guest(tmp_path_factory.mktemp("story"), KEY) as running:
        yield Story(running, runner)


def test_the_first_run_changes_and_the_second_does_not(story: Story) -> None:
    assert story.first.changed
    assert "Write the rules of the SSH server" in story.first.lines
    assert story.second == Settled(changed=False)
    assert story.touched == []


def test_only_keys_of_users_open_the_ssh_server_afterwards(story: Story) -> None:
    assert all(story.before.values())
    assert story.after == {
        "user by key": True,
        "user by password": False,
        "root by key": False,
        "root by password": False,
        "80": True,
        "8080": False,
        "5666": True,
    }
    rules = story.guest.run("sshd -T")
    assert "x11forwarding no" in rules
    assert "Jum'at libur." in story.text("etc/ssh/provisioner-banner")


def test_time_updates_and_monitoring_are_the_offices(story: Story) -> None:
    assert story.guest.run("date +%Z").strip() == "WIB"
    assert story.text("etc/timezone") == "Asia/Jakarta\n"
    servers = story.text("etc/chrony/sources.d/provisioner.sources")
    assert "server 10.1.1.1 iburst prefer\nserver ntp.example iburst prefer\n" in servers
    config = story.guest.run("apt-config dump").splitlines()
    assert 'APT::Periodic::Unattended-Upgrade "1";' in config
    origins = [line for line in config if line.startswith("Unattended-Upgrade::Origins-Pattern::")]
    assert len(origins) == 2
    assert all("-security" in line for line in origins)
    assert not [line for line in config if line.startswith("Unattended-Upgrade::Allowed-Origins::")]
    assert f"allowed_hosts={OUTSIDE},10.9.0.0/24" in story.text("etc/nagios/nrpe.d/office.cfg")


def test_nothing_of_the_run_is_left_in_the_guest(story: Story) -> None:
    left = [name for name in story.guest.files("home", "root", "tmp") if "ansible" in name]
    assert left == []
    assert "python" not in story.guest.processes()
    assert not (story.guest.root / "home/warga/.provisioner").exists()
    assert not (story.guest.root / "root/.provisioner").exists()


# ---------------------------------------------------------------------- how it fails


def test_another_host_key_is_refused(fresh: Guest, runner: Runner) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(ActionNeeded, match="another SSH host key") as failed:
        Guests(runner).settle(replace(fresh.door, host_key=other), SMALL)
    assert failed.value.who == "administrator"
    assert not (fresh.root / "home/warga/.provisioner").exists()


def test_nobody_there_is_tried_again(runner: Runner) -> None:
    public = KEY.export_public_key().decode()
    with pytest.raises(Retriable, match="No SSH session"):
        Guests(runner).settle(Door("127.0.0.1", 1, "warga", public), SMALL)


def test_a_key_that_is_not_accepted_is_tried_again(fresh: Guest, runner: Runner) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with pytest.raises(Retriable, match="does not accept the office's key"):
        Guests(runner, lambda: other).settle(fresh.door, SMALL)


def test_without_root_rights_or_python_a_person_is_needed(fresh: Guest, runner: Runner) -> None:
    sudo = fresh.root / "etc/sudoers.d/90-cloud-init-users"
    sudo.write_text("warga ALL=(ALL) ALL\n")
    with pytest.raises(ActionNeeded, match="sudo gives no root rights"):
        Guests(runner).settle(fresh.door, SMALL)
    sudo.write_text("warga ALL=(ALL) NOPASSWD:ALL\n")
    (fresh.root / "usr/bin/python3").unlink()
    with pytest.raises(ActionNeeded, match="no Python 3"):
        Guests(runner).settle(fresh.door, SMALL)


def test_what_the_play_itself_refuses(fresh: Guest, runner: Runner) -> None:
    with pytest.raises(ActionNeeded, match="entered as root"):
        Guests(runner).settle(replace(fresh.door, user="root"), SMALL)
    release = fresh.root / "etc/os-release"
    release.unlink()
    release.write_text('NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel"\nVERSION_ID="9.5"\n')
    (fresh.root / "etc/debian_version").unlink()
    with pytest.raises(ActionNeeded, match="runs Rocky"):
        Guests(runner).settle(fresh.door, SMALL)


def test_a_plan_of_another_version_is_refused(runner: Runner) -> None:
    door = Door("127.0.0.1", 1, "warga", "")
    with pytest.raises(Refused):
        Guests(runner).settle(door, {"banner": "{{ lookup('pipe', 'id') }}"})
    with pytest.raises(Refused):
        Guests(runner).settle(door, SMALL, [{"port": "80; accept", "protocol": "tcp"}])


def test_files_that_the_ssh_server_refuses_are_named(fresh: Guest, runner: Runner) -> None:
    """An administrator's own mistake: ours is not written, the server not touched."""
    (fresh.root / "etc/ssh/sshd_config.d/10-mine.conf").write_text("PermitRootLogin perhaps\n")
    with pytest.raises(ActionNeeded, match="Try the files of the SSH server") as failed:
        Guests(runner).settle(fresh.door, SMALL)
    assert "10-mine.conf" in "\n".join(failed.value.log)
    assert not (fresh.root / "etc/ssh/sshd_config.d/00-provisioner.conf").exists()


def test_a_full_disk_is_said_and_nobody_is_locked_out(tmp_path: Path, runner: Runner) -> None:
    with guest(tmp_path, KEY, megabytes=2) as fresh:
        with pytest.raises(ActionNeeded, match="no space left"):
            Guests(runner).settle(fresh.door, SMALL)
        assert opens(fresh.door, fresh.door.user, client_keys=[KEY])


def test_a_killed_worker_leaves_nothing_and_the_next_run_finishes(
    fresh: Guest, runner: Runner, tmp_path: Path
) -> None:
    (tmp_path / "identity").write_text(runner.identity())
    program = f"""
from pathlib import Path
from provisioner.drivers.ansible.guests import Guests
from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.seat import Door
runner = Runner(Path({str(runner.playbooks)!r}), Path("/nowhere"),
                Path({str(tmp_path / "identity")!r}).read_text, memory=Path({str(runner.memory)!r}))
Guests(runner).settle(Door("127.0.0.1", {fresh.port}, "warga", {fresh.host_key!r}), {SMALL!r})
"""
    rules = fresh.root / "etc/ssh/sshd_config.d/00-provisioner.conf"
    _kill_when(rules.exists, program, runner)  # the server has not read them yet
    _kill_when(lambda: "/usr/bin/dpkg" in fresh.processes(), program, runner)
    Guests(runner).settle(fresh.door, SMALL)
    assert fresh.run("dpkg --audit") == ""
    assert fresh.run("dpkg-query --show --showformat '${db:Status-Status}' chrony") == "installed"
    assert not opens(fresh.door, "root", password=PASSWORD)


def _kill_when(time_has_come: Callable[[], bool], program: str, runner: Runner) -> None:
    worker = subprocess.Popen([sys.executable, "-c", program])
    try:
        until(time_has_come, 100)
        assert _runs(runner)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    until(lambda: _runs(runner) == [], 15)
    assert runner.memory
    memory = runner.memory
    until(lambda: list(memory.iterdir()) == [], 15)


def _runs(runner: Runner) -> list[str]:
    """Processes on our side that belong to a run of this test."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"PROVISIONER_SOCKET={runner.memory}/".encode() in path.read_bytes():
                found.append(str(path))
        except OSError:
            continue
    return found


# ---------------------------------------------------------------------- slow


@pytest.mark.slow
def test_after_a_full_disk_it_goes_on_with_room(tmp_path: Path, runner: Runner) -> None:
    with guest(tmp_path, KEY, megabytes=2) as fresh:
        with pytest.raises(ActionNeeded, match="no space left"):
            Guests(runner).settle(fresh.door, SMALL)
        fresh.make_room(600)
        assert Guests(runner).settle(fresh.door, SMALL).changed


@pytest.mark.slow
def test_a_mirror_that_never_answers_is_given_up(fresh: Guest, runner: Runner) -> None:
    """Packets to it vanish; the agent is in no list at hand."""
    (fresh.root / "etc/apt/sources.list").write_text("deb http://198.51.100.7/debian stable main\n")
    baseline = {**SMALL, "monitoring": {"package": "agent-of-nobody"}}
    with pytest.raises(Retriable, match="cannot fetch packages"):
        Guests(runner).settle(fresh.door, baseline)


@pytest.mark.slow
def test_a_baseline_that_asks_for_less_takes_its_own_away(fresh: Guest, runner: Runner) -> None:
    Guests(runner).settle(fresh.door, FULL, PORTS)
    assert not fresh.lets_in(8080)
    less = {"updates": "none", "ssh": {"password_login": True, "root_login": True}}
    assert Guests(runner).settle(fresh.door, less).changed
    assert fresh.lets_in(8080)
    assert opens(fresh.door, fresh.door.user, password=PASSWORD)
    assert not opens(fresh.door, "root", password=PASSWORD)
    assert opens(fresh.door, "root", client_keys=[KEY])
    assert "Unattended-Upgrade::Origins-Pattern" not in fresh.run("cat /etc/apt/apt.conf.d/90*")
    assert not (fresh.root / "etc/ssh/provisioner-banner").exists()
    assert Guests(runner).settle(fresh.door, less) == Settled(changed=False)
