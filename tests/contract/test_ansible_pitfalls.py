"""What trips up others with Ansible and ansible-runner on devices: each with a test of its own.

Elsewhere: no file, process list or event shows a key, memory bounds the hosts in flight, a killed
worker leaves nothing at work (test_ansible_runner); plays are idempotent (test_day_zero).
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.drivers.ansible import playing
from provisioner.drivers.ansible.runner import Part, Runner, _verdicts
from provisioner.drivers.network import Host
from provisioner.drivers.openwrt.answers import failure
from provisioner.errors import OutcomeUnknown, Retriable
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from tests.contract.openwrt_stage import PLAYBOOKS, SSID, Stage, staged, until
from tests.contract.test_ansible_runner import at_work, files

SOCKET = 108
"""Characters that a socket's path may have, its end included."""


def connection(**values: object) -> Mapping[str, Any]:
    made = {
        "address": "192.0.2.1", "port": 22, "user": "admin", "key_file": None, "password": "x",
        "legacy": False, "terminal": None, "become_password": None,
    }  # fmt: skip
    return {**made, **values}


ORDER = {"connect": 5, "command": 60, "forks": 4, "one_session": True}


def test_sockets_have_short_paths_of_their_own(tmp_path: Path) -> None:
    """In the user's HOME they would be shared, outlive the run, and get too long."""
    memory = Runner(tmp_path, tmp_path, str).memory
    assert memory is not None
    folder = memory / "p12345678"
    [_, control, _] = playing._sharing(folder, one_session=True)
    path = control.partition("=")[2].replace("%C", "c" * 40) + "." + "r" * 16
    assert len(path) < SOCKET
    environment = playing._environment(tmp_path, ORDER)
    assert f"control_path_dir = {tmp_path}/c\n" in (tmp_path / "ansible.cfg").read_text()
    assert {environment[name] for name in ("HOME", "ANSIBLE_HOME")} == {f"{tmp_path}/home"}


def test_the_user_of_a_console_gets_its_suffix(tmp_path: Path) -> None:
    """Without it RouterOS colours and asks, and a long identity is no prompt."""
    made = playing._terminal(tmp_path, connection(terminal="community.routeros.routeros"))
    assert made["ansible_user"] == "admin+cet1024w"
    made = playing._terminal(tmp_path, connection(terminal="cisco.ios.ios"))
    assert made["ansible_user"] == "admin"


def test_host_keys_are_checked_and_old_algorithms_only_where_told(tmp_path: Path) -> None:
    for terminal in ("community.routeros.routeros", "cisco.ios.ios"):
        made = playing._terminal(tmp_path, connection(terminal=terminal))
        assert made["ansible_host_key_checking"] is True
        assert made["ansible_network_cli_ssh_type"] == "paramiko", "said, never `auto`"
    for legacy in (False, True):
        text = str(playing._openssh(tmp_path, connection(legacy=legacy), ORDER))
        assert "StrictHostKeyChecking=yes" in text
        assert f"UserKnownHostsFile={tmp_path}/known" in text
        assert ("ssh-rsa" in text) == legacy
    playing._environment(tmp_path, ORDER)
    assert "host_key_checking = true" in (tmp_path / "ansible.cfg").read_text()


def event(host: str, fate: str, changed: bool = False) -> str:
    answer = {"changed": changed}
    return json.dumps({"host": host, "fate": fate, "task": "T", "answer": answer}) + "\n"


def test_a_host_without_its_last_event_is_unknown() -> None:
    """Events go missing: none at all where a limit matches nothing, the last where it is killed."""
    through = json.dumps({"through": ["a", "b", "f"]}) + "\n"
    lines = [event("a", "ok", changed=True), event("b", "skipped"), event("c", "ok"),
             event("f", "failed"), through]  # fmt: skip
    found = {name: each.fate for name, each in _verdicts([*"abcdf"], lines).items()}
    assert found == {"a": "changed", "b": "ok", "c": "unknown", "d": "unknown", "f": "failed"}
    assert {each.fate for each in _verdicts([*"ab"], []).values()} == {"unknown"}
    cut = _verdicts(["a"], [event("a", "ok"), through[:-5]])
    assert cut["a"].fate == "unknown", "half a line is none"


def test_what_is_unknown_is_read_back_and_what_only_looked_is_tried_again() -> None:
    [verdict] = _verdicts(["ap-0"], []).values()
    assert isinstance(failure("ap-0", verdict, writing=True), OutcomeUnknown)
    assert isinstance(failure("ap-0", verdict, writing=False), Retriable)


def test_one_bad_host_is_not_the_whole_run() -> None:
    """The run as such says `failed` where one of two hundred did."""
    names = [f"ap-{number}" for number in range(200)]
    lines = [event(name, "failed" if name == "ap-7" else "ok") for name in names]
    lines.append(json.dumps({"through": names}) + "\n")
    fates = [each.fate for each in _verdicts(names, lines).values()]
    assert (fates.count("ok"), fates.count("failed")) == (199, 1)


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[DeviceLab]:
    with DeviceLab(CampusPlan((DevicePlan("sw-0"),), vty=5)) as lab:
        lab.known_hosts(tmp_path / "known_hosts")
        yield lab


@pytest.mark.timeout(120)
def test_connection_processes_end_with_their_run(
    switch: DeviceLab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They detach themselves and linger for half a minute, holding one of five lines."""
    (tmp_path / "look.yml").write_text(
        "- hosts: all\n  gather_facts: false\n  tasks:\n"
        "    - {name: Look, cisco.ios.ios_command: {commands: [show version]}}\n"
    )
    (tmp_path / "m").mkdir()
    monkeypatch.setattr("provisioner.drivers.ansible.runner.START_SECONDS", -50.0)
    runner = Runner(
        tmp_path, tmp_path / "known_hosts", str, connect=10, command=50, memory=tmp_path / "m"
    )
    switch.fault("device-slow", host="sw-0", seconds="30")
    hosts: list[Host] = [*switch.hosts().values()]
    found = runner.run("look.yml", hosts, {"sw-0": Part()}, {})
    assert switch.sessions_seen["sw-0"] == 1, "it had begun"
    assert found["sw-0"].fate == "unknown"
    assert at_work(runner) == []
    assert files(runner) == []
    switch.clear()
    until(lambda: switch.sessions_open["sw-0"] == 0)


def test_what_a_run_keeps_is_for_us_alone(tmp_path: Path) -> None:
    """Inventory, passwords and answers lie in clear in ansible-runner's folder while it runs."""
    with staged(tmp_path) as stage:
        memory = stage.runner.memory
        assert memory is not None
        seen = watched(stage, memory)
    assert seen
    assert {stat.S_IMODE(mode) for mode, owner in seen} == {0o700}
    assert {owner for _, owner in seen} == {os.getuid()}


def watched(stage: Stage, memory: Path) -> set[tuple[int, int]]:
    """Mode and owner of the folders of a run while it lasts."""
    stage.lab.fault("device-slow", host="ap-0", seconds="0.02")
    over, seen = threading.Event(), set[tuple[int, int]]()

    def look() -> None:
        while not over.is_set():
            for folder in memory.glob("p*"):
                try:
                    about = folder.stat()
                except FileNotFoundError:
                    continue
                seen.add((about.st_mode, about.st_uid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        stage.platform.read({"ap-0": [SSID]})
    finally:
        over.set()
        watcher.join()
    return seen


def test_only_tasks_with_a_password_hide_what_they_do() -> None:
    """`no_log` blanks the difference as well, which is what is to be shown."""
    hidden = []
    for path in PLAYBOOKS.rglob("*.yml"):
        for task in tasks(yaml.safe_load(path.read_text())):
            if task.get("no_log"):
                hidden.append(task)
    assert hidden
    assert all("secret" in str(task) or "password" in str(task) for task in hidden)
    assert not [task for task in hidden if "config" in task.get("name", "").lower()]


def tasks(found: object) -> Iterator[Mapping[str, Any]]:
    """All tasks of a playbook or of a file of tasks, those in blocks too."""
    for entry in found if isinstance(found, list) else ():
        inner = [entry.get(key) for key in ("tasks", "handlers", "block", "pre_tasks", "rescue")]
        if not any(inner):
            yield entry
        for each in inner:
            yield from tasks(each)


def test_no_script_trusts_a_timer_that_a_reboot_forgets() -> None:
    """rpcd's own rollback lies in memory; and a plain reload of all has no way back at all."""
    scripts = [path.read_text() for path in (PLAYBOOKS / "files" / "access_point").glob("*.sh")]
    assert scripts
    for never in ("uci apply", "uci confirm", "ubus call uci", "wifi reload_legacy", "reset"):
        assert not [text for text in scripts if f"{never}\n" in text or f"{never} " in text], never
