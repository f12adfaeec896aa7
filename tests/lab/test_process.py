"""A lab in another process: an ordinary configuration, faults by command, and clear refusals."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml
from typer.testing import CliRunner

from provisioner.catalogue import load_inventory
from provisioner.errors import Mistake
from provisioner.lab.cluster import LabCluster
from provisioner.lab.commands import lab_app
from provisioner.lab.control import RemoteLab
from provisioner.lab.devices.plan import CAMPUS
from provisioner.lab.plan import LabPlan
from provisioner.lab.serving import LabOptions, start_in_background, stop
from provisioner.lab.up import inventory_files, write_configuration
from provisioner.settings import ClusterSettings, load_settings

OPTIONS = LabOptions(names=("dc1", "dc2"), speed=100)
COMMITTED = Path(__file__).parents[2] / "inventory" / "lab"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    where = tmp_path_factory.mktemp("lab")
    start_in_background(where, OPTIONS)
    yield where
    stop(where)


def version(directory: Path, cluster: ClusterSettings) -> requests.Response:
    secret = load_settings(directory / "provisioner.toml").secret(cluster.token_secret)
    with requests.Session() as session:
        session.trust_env = False
        return session.get(
            cluster.urls[0] + "/api2/json/version",
            headers={"Authorization": f"PVEAPIToken={cluster.token_id}={secret}"},
            verify=False,
            timeout=30,
        )


def test_writes_an_ordinary_configuration(directory: Path) -> None:
    settings = load_settings(directory / "provisioner.toml")
    inventory = load_inventory(settings)
    assert set(settings.clusters) == {"dc1", "dc2"}
    assert {n.cluster for n in inventory.network.networks.values()} == {"dc1", "dc2"}
    assert len({str(n.cidr) for n in inventory.network.networks.values()}) == 2
    assert len({n.ssh_port for n in inventory.network.networks.values()}) == 2
    assert all(n.ssh_port > 1024 for n in inventory.network.networks.values())
    for cluster in settings.clusters.values():
        assert version(directory, cluster).status_code == 200
    assert settings.secret(settings.ssh.identity).startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    secrets = [*directory.glob("secrets/*"), directory / "var" / "id_ed25519"]
    secrets += [directory / "lab" / "control.json", directory / "lab" / "cluster-dc1.json"]
    secrets.append(directory / "lab" / "devices.json")
    assert len(secrets) == 6
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in secrets)


def test_faults_by_command(directory: Path) -> None:
    settings = load_settings(directory / "provisioner.toml")
    lab = RemoteLab(directory)
    lab.fault("error", path="/version", status=596, text="Connection timed out")
    assert version(directory, settings.clusters["dc2"]).status_code == 200
    assert version(directory, settings.clusters["dc1"]).status_code == 596
    command = ["fault", "--dir", str(directory)]
    runner = CliRunner()
    shown = runner.invoke(
        lab_app, [*command, "--cluster", "dc2", "task-fails", "type=qmstart", "--json"]
    )
    assert json.loads(shown.output)["options"]["type"] == "qmstart"
    assert [f["name"] for f in lab.state("dc2")["faults"]] == ["task-fails"]
    runner.invoke(lab_app, [*command, "--cluster", "dc2", "--clear"])
    assert lab.state("dc2")["faults"] == []
    with pytest.raises(Mistake, match="key=value"):
        runner.invoke(lab_app, [*command, "flaky", "0.5"], catch_exceptions=False)
    with pytest.raises(Mistake, match="clone-596"):
        lab.fault("nosuch")
    with pytest.raises(Mistake, match="dc1, dc2"):
        lab.state("dc9")
    listed = runner.invoke(lab_app, ["fault", "--list"])
    assert "clone-596" in listed.output


def test_the_control_channel_wants_its_token(directory: Path) -> None:
    where = json.loads((directory / "lab" / "control.json").read_text())
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(where["url"] + "/stop", json={}, timeout=30)
    assert answer.status_code == 401
    assert RemoteLab(directory).answers()


def test_a_vm_by_the_configuration_alone(directory: Path) -> None:
    before = [vm["vmid"] for vm in RemoteLab(directory).state("dc2")["vms"]]
    command = ["test", "--dir", str(directory), "--only", "cluster", "--cluster", "dc2"]
    shown = CliRunner().invoke(lab_app, command, catch_exceptions=False)
    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) == 8
    assert shown.output.splitlines()[-1].endswith("7 of 7")
    assert [vm["vmid"] for vm in RemoteLab(directory).state("dc2")["vms"]] == before
    RemoteLab(directory).fault("task-fails", "dc2", type="qmclone", text="no space")
    shown = CliRunner().invoke(lab_app, [*command, "--json"], catch_exceptions=False)
    assert shown.exit_code == 1
    assert "no space" in json.loads(shown.output)[-1]["why"]


def test_up_twice_is_refused(directory: Path) -> None:
    with pytest.raises(Mistake, match="already up"):
        start_in_background(directory, OPTIONS)


def test_a_killed_lab_comes_up_again_as_it_was(tmp_path: Path) -> None:
    lab = start_in_background(tmp_path, LabOptions(speed=100))
    before = (tmp_path / "provisioner.toml").read_text()
    os.kill(lab.pid or 0, signal.SIGKILL)
    while lab.answers():
        pass
    with pytest.raises(Mistake, match="does not answer"):
        lab.state()
    start_in_background(tmp_path, LabOptions())
    settings = load_settings(tmp_path / "provisioner.toml")
    assert version(tmp_path, settings.clusters["dc1"]).status_code == 200
    assert (tmp_path / "provisioner.toml").read_text() == before
    assert stop(tmp_path)
    assert not stop(tmp_path)
    with pytest.raises(Mistake, match="No lab is up"):
        lab.state()
    port = int(settings.clusters["dc1"].urls[0].rsplit(":", 1)[1])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(Mistake, match="cannot listen"):
            start_in_background(tmp_path, LabOptions())


def test_the_same_from_a_lab_in_this_process(tmp_path: Path) -> None:
    with LabCluster(LabPlan(name="other")) as lab:
        settings = load_settings(write_configuration(tmp_path, [lab]))
        assert list(settings.clusters) == ["other"]
        assert settings.clusters["other"].verify == lab.fingerprints


def test_the_committed_inventory_is_what_is_written() -> None:
    for name, content in inventory_files([LabPlan()], CAMPUS, 2022).items():
        assert (COMMITTED / name).read_text() == content, name
        assert yaml.safe_load(content)


def test_many_nodes_of_an_older_version(tmp_path: Path) -> None:
    options = LabOptions(speed=100, nodes=8, pve="8.4.5")
    for given in (options, LabOptions()):
        start_in_background(tmp_path, given)
        settings = load_settings(tmp_path / "provisioner.toml")
        (cluster,) = settings.clusters.values()
        assert len(cluster.urls) == 8
        assert version(tmp_path, cluster).json()["data"]["version"] == "8.4.5"
        (network,) = load_inventory(settings).network.networks.values()
        assert len(list(network.addresses())) > 3000
        stop(tmp_path)
