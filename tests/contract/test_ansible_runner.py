"""The playbook protocol: verdicts per host, nothing left behind, no secret to be seen, bounds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.ansible.runner import Part, Runner
from provisioner.drivers.network import Order, Reading, Wish
from provisioner.errors import Misconfigured, StepFailure
from tests.contract.openwrt_stage import SSID, Stage, staged, until

SECRET = "rahasia-sekali-4711"
PLAYBOOK = """
- name: Try
  hosts: all
  gather_facts: false
  tasks:
    - name: Say
      ash: {script: [say.sh]}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, 3) as stage:
        yield stage


@pytest.fixture
def runner(stage: Stage, tmp_path: Path) -> Runner:
    """A playbook of this test's own with our action plugin."""
    folder = tmp_path / "playbooks"
    (folder / "files").mkdir(parents=True)
    (folder / "action_plugins").symlink_to(stage.runner.playbooks / "action_plugins")
    (folder / "say.yml").write_text(PLAYBOOK)
    (folder / "files/say.sh").write_text('echo "I am $name"\n[ "$name" != ap-1 ] || exit 7\n')
    return replace(stage.runner, playbooks=folder)


def files(runner: Runner) -> list[Path]:
    """What runs have in memory now; folders may go away while they are walked."""
    assert runner.memory
    walked = os.walk(runner.memory)
    return [Path(at) / name for at, folders, names in walked for name in (*folders, *names)]


def test_every_host_has_a_verdict_of_its_own(stage: Stage, runner: Runner) -> None:
    stage.lab.fault("device-dead", host="ap-2")
    parts = {name: Part({"name": name}) for name in stage.hosts}
    found = runner.run("say.yml", list(stage.hosts.values()), parts, {})
    assert {name: verdict.fate for name, verdict in found.items()} == {
        "ap-0": "changed",
        "ap-1": "failed",
        "ap-2": "unreachable",
    }
    assert found["ap-0"].answers[0]["stdout"] == "I am ap-0\n"
    assert found["ap-1"].answers[0]["rc"] == 7
    assert "ssh" in found["ap-2"].message
    assert files(runner) == []
    assert runner.run("say.yml", [], {}, {}) == {}
    with pytest.raises(Misconfigured):
        runner.run("nowhere.yml", list(stage.hosts.values()), parts, {})


def test_in_check_mode_the_script_is_skipped(stage: Stage, runner: Runner) -> None:
    stage.lab.forget()
    parts = {"ap-0": Part({"name": "ap-0"})}
    found = runner.run("say.yml", [stage.hosts["ap-0"]], parts, {}, check=True)
    assert found["ap-0"].answers == ()
    assert stage.lab.lines("ap-0") == []


def test_a_password_or_a_key_of_its_own_opens_too(stage: Stage, tmp_path: Path) -> None:
    password = stage.lab.hosts()["ap-0"].password
    own = tmp_path / "own key"
    own.write_text(stage.runner.identity() + "\n")
    own.chmod(0o600)
    stage.change("ap-0", password=password)
    stage.change("ap-1", private_key_file=str(own), password="wrong")
    stage.change("ap-2", password="wrong")
    found = stage.platform.read({name: [SSID] for name in stage.hosts})
    assert [isinstance(each, Reading) for each in found.values()] == [True, True, False]


def test_past_the_time_limit_everything_ends_and_the_host_is_unknown(
    stage: Stage, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.drivers.ansible.runner.START_SECONDS", -56.0)
    stage.lab.fault("device-mute", host="ap-0")
    found = replace(runner, connect=30, command=30).run(
        "say.yml", [stage.hosts["ap-0"]], {"ap-0": Part({"name": "x"})}, {}
    )
    assert found["ap-0"].fate == "unknown"
    assert files(runner) == []
    assert at_work(runner) == []


def test_no_key_is_ever_to_be_seen(stage: Stage) -> None:
    """Every file, process list, environment and answer is looked into while it runs."""
    for name in stage.hosts:
        stage.lab.fault("device-slow", host=name, seconds="0.02")
    ssid = replace(SSID, mark="WIFI-2026-0009", ssid="Umum")
    readings = stage.read(ssid=ssid)
    orders = {
        name: Order(stage.platform.preview(reading, [Wish(ssid)]), "t", 5, {ssid.mark: SECRET})
        for name, reading in readings.items()
    }
    seen, looks, over = [], 0, threading.Event()

    def look() -> None:
        nonlocal looks
        while not over.is_set():
            looks += 1
            seen.extend(showing(SECRET.encode(), stage.runner))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        told = [
            stage.platform.evidence(orders),
            stage.platform.apply(orders),
            stage.platform.read({n: [ssid] for n in orders}, {ssid.mark: SECRET}),
            stage.platform.revert(orders),
        ]
    finally:
        over.set()
        watcher.join()
    assert seen == []
    assert looks > 20
    for results in told:
        for result in results.values():
            assert not isinstance(result, StepFailure)
            assert SECRET not in f"{result!r} {getattr(result, 'transcript', '')}"
            assert SECRET not in getattr(result, "configuration", "")
    on_device = [entry.line for name in stage.hosts for entry in stage.lab.transcript(name)]
    assert not [line for line in on_device if SECRET in line]


def showing(secret: bytes, runner: Runner) -> Iterator[str]:
    """Where the secret stands now: arguments and environments of processes, files of a run."""
    places = [*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")]
    places += files(runner)
    for path in places:
        try:
            if path.is_file() and secret in path.read_bytes():
                yield str(path)
        except OSError:
            continue


def at_work(runner: Runner) -> list[str]:
    """Processes that belong to a run of this test."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"PROVISIONER_SOCKET={runner.memory}/".encode() in path.read_bytes():
                found.append(str(path))
        except OSError:
            continue
    return found


def test_nothing_is_left_at_work_when_the_worker_is_killed(stage: Stage, tmp_path: Path) -> None:
    stage.lab.fault("device-slow", host="ap-0", seconds="1")
    (tmp_path / "identity").write_text(stage.runner.identity())
    host = stage.hosts["ap-0"]
    program = f"""
from pathlib import Path
from provisioner.drivers.ansible.runner import Part, Runner
from provisioner.drivers.network import Host
runner = Runner(Path({str(stage.runner.playbooks)!r}), Path({str(stage.runner.known_hosts)!r}),
                Path({str(tmp_path / "identity")!r}).read_text, connect=20, command=60,
                memory=Path({str(stage.runner.memory)!r}))
host = Host("ap-0", "openwrt", frozenset(), {host.address!r}, {host.port}, {host.user!r})
part = Part(code="keyed() {{ :; }}")
runner.run("access_point.yml", [host], {{"ap-0": part}}, {{"phase": "read"}})
"""
    worker = subprocess.Popen([sys.executable, "-c", program])
    try:
        until(lambda: len(stage.lab.lines("ap-0")) > 0, 30)
        assert at_work(stage.runner)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    until(lambda: at_work(stage.runner) == [], 15)
    until(lambda: files(stage.runner) == [], 15)


def test_memory_bounds_how_many_hosts_are_in_flight(tmp_path: Path) -> None:
    with staged(tmp_path, 6, memory_mb=80) as stage:
        for name in stage.hosts:
            stage.lab.fault("device-slow", host=name, seconds="0.05")
        most, over = 0, threading.Event()

        def watch() -> None:
            nonlocal most
            while not over.is_set():
                most = max(most, sum(stage.lab.sessions_open.values()))
                time.sleep(0.01)

        watcher = threading.Thread(target=watch)
        watcher.start()
        found = stage.platform.read({name: [SSID] for name in stage.hosts})
        over.set()
        watcher.join()
        assert all(isinstance(each, Reading) for each in found.values())
        assert 1 <= most <= 2


def test_the_product_never_imports_ansible() -> None:
    program = (
        "import sys, provisioner.drivers.openwrt, provisioner.drivers.ansible.inventory\n"
        "assert not {'ansible', 'ansible_runner'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
