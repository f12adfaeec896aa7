"""Devices of a lab in another process: an ordinary inventory, faults by command, and its trial."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from provisioner.catalogue import check_hosts, load_inventory
from provisioner.drivers.ansible.inventory import read_hosts
from provisioner.errors import Mistake
from provisioner.lab.cluster import LabCluster
from provisioner.lab.commands import lab_app
from provisioner.lab.control import RemoteLab
from provisioner.lab.devices.lab import running_lab
from provisioner.lab.devices.plan import CAMPUS, tree
from provisioner.lab.plan import LabPlan
from provisioner.lab.serving import LabOptions, start_in_background, stop
from provisioner.lab.up import inventory_files, write_configuration
from provisioner.settings import load_settings

SWITCHES = LabOptions(speed=100, minute=0.5, switches=3)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    where = tmp_path_factory.mktemp("lab")
    start_in_background(where, SWITCHES)
    yield where
    stop(where)


@pytest.fixture
def lab(directory: Path) -> RemoteLab:
    lab = RemoteLab(directory)
    lab.clear()
    return lab


def command(*words: str, status: int = 0) -> Any:
    shown = CliRunner().invoke(lab_app, [*words, "--json"], catch_exceptions=False)
    assert shown.exit_code == status, shown.output
    return json.loads(shown.output)


def test_writes_an_ordinary_inventory(tmp_path: Path) -> None:
    with running_lab(CAMPUS) as campus, LabCluster(LabPlan(name="dc1")) as cluster:
        settings = load_settings(write_configuration(tmp_path, [cluster], 8080, campus))
        assert settings.devices.minute == CAMPUS.minute
        inventory = load_inventory(settings)
        hosts = read_hosts([settings.path(path) for path in settings.inventory])
        assert set(hosts) == {"rt-core-1", *(each.name for each in CAMPUS.devices)}
        assert check_hosts(inventory.network, hosts) == []
        assert inventory.event_wifi is not None
        for name, meant in campus.hosts().items():
            found = hosts[name]
            assert (found.address, found.port) == (meant.address, meant.port)
            assert (found.user, found.platform) == (meant.user, meant.platform)
            assert (found.groups, found.site) == (meant.groups, meant.site)
        known = (tmp_path / "var" / "known_hosts").read_text().splitlines()
        assert known == campus.known_hosts_lines()
        write_configuration(tmp_path, [cluster], 8080, campus)
        assert (tmp_path / "var" / "known_hosts").read_text().splitlines() == known


def test_without_devices_the_inventory_has_none() -> None:
    written = inventory_files([])
    assert "ansible_host" not in written["hosts.yml"]
    assert "event_wifi" not in written["catalogue.yml"]


def test_a_restart_finds_keys_and_port_again(tmp_path: Path) -> None:
    start_in_background(tmp_path, LabOptions(speed=100, minute=1.0))
    before = RemoteLab(tmp_path).state()["devices"]
    known = (tmp_path / "var" / "known_hosts").read_text()
    stop(tmp_path)
    start_in_background(tmp_path, LabOptions())
    after = RemoteLab(tmp_path).state()["devices"]
    assert {n: d["address"] for n, d in after.items()} == {
        n: d["address"] for n, d in before.items()
    }
    assert {d["port"] for d in after.values()} == {d["port"] for d in before.values()}
    assert (tmp_path / "var" / "known_hosts").read_text() == known
    stop(tmp_path)
    with pytest.raises(Mistake, match="lasts 1 seconds"):
        start_in_background(tmp_path, LabOptions(minute=60.0))


def test_faults_by_command(directory: Path, lab: RemoteLab) -> None:
    where = ["fault", "--dir", str(directory)]
    made = command(*where, "device-dead", "host=sw-002")
    assert made["options"] == {"host": "sw-002"}
    assert lab.state()["devices"]["sw-002"]["up"] is False
    command(*where, "cable-pulled", "host=sw-001", "port=GigabitEthernet1/0/2")
    command(*where, "clone-596")
    shown = [fault["name"] for fault in command(*where)]
    assert sorted(shown) == ["cable-pulled", "clone-596", "device-dead"]
    assert lab.state()["devices"]["sw-003"]["reachable"] is False
    assert command(*where, "--clear") == {"cleared": 3}
    assert all(d["reachable"] for d in lab.state()["devices"].values())
    with pytest.raises(Mistake, match="sw-009"):
        command(*where, "device-dead", "host=sw-009")
    listed = command("fault", "--list")
    assert {"session-drop", "timer-stuck", "task-fails"} <= set(listed)


def test_the_trial_proves_what_is_there(directory: Path, lab: RemoteLab) -> None:
    proofs = command("test", "--dir", str(directory), "--only", "devices")
    assert [p["proven"] for p in proofs] == [True] * (3 * 3 + 6)
    assert {p["subject"] for p in proofs} == {"sw-001", "sw-002", "sw-003"}
    assert all(p["seconds"] >= 0 for p in proofs)


@pytest.mark.parametrize(
    ("fault", "options", "why"),
    [
        ("device-key-changed", {"host": "sw-002"}, "key"),
        ("login-refused", {"host": "sw-002"}, "sw-002"),
        ("line-rejected", {"host": "sw-001", "line": "vlan add"}, "simulated refusal"),
    ],
)
def test_the_trial_says_what_was_not_proven(
    directory: Path, lab: RemoteLab, fault: str, options: dict[str, str], why: str
) -> None:
    lab.fault(fault, **options)
    proofs = command("test", "--dir", str(directory), "--only", "devices", status=1)
    failed = [p for p in proofs if not p["proven"]]
    assert len(failed) == 1
    assert failed[0]["subject"] == options["host"]
    assert why in failed[0]["why"]


def test_the_trial_leaves_nothing_behind(directory: Path, lab: RemoteLab) -> None:
    lab.fault("timer-stuck", host="sw-001")
    command("test", "--dir", str(directory), "--only", "devices", status=1)
    lab.clear()
    proofs = command("test", "--dir", str(directory), "--only", "devices")
    assert all(p["proven"] for p in proofs)


@pytest.mark.slow
def test_the_trial_of_a_campus_with_access_points(tmp_path: Path) -> None:
    start_in_background(tmp_path, LabOptions(speed=100, minute=1.0))
    try:
        proofs = command("test", "--dir", str(tmp_path), "--place", "alun-alun")
        assert [p for p in proofs if not p["proven"]] == []
        changed = [p["subject"] for p in proofs if p["part"] == "devices"][-12:]
        assert changed == ["sw-alun-1"] * 6 + ["ap-alun-1"] * 6
        with pytest.raises(Mistake, match="aula-pendopo"):
            command("test", "--dir", str(tmp_path), "--place", "nowhere")
    finally:
        stop(tmp_path)


def test_five_hundred_devices_in_one_process() -> None:
    with running_lab(tree(500)) as lab:
        assert all(lab.reachable(each.name) for each in lab.plan.devices)
