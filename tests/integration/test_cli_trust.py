"""`trust` and `doctor` against a running lab, over its real HTTPS and SSH."""

from __future__ import annotations

import json
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.lab.serving import LabOptions, start_in_background, stop
from tests.integration.cli_tools import Terminal, terminal

__all__ = ["terminal"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("lab")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start_in_background(folder, LabOptions(("dc1",), 50, None, None, port))
    yield folder
    stop(folder)


@pytest.fixture
def in_lab(lab: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for source in lab.rglob("*"):
        target = terminal.folder / source.relative_to(lab)
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode & 0o777)
    return terminal


def toml(terminal: Terminal) -> dict[str, object]:
    return tomllib.loads((terminal.folder / "provisioner.toml").read_text())


def test_a_cluster_is_trusted_only_with_the_fingerprints_it_shows(in_lab: Terminal) -> None:
    path = in_lab.folder / "provisioner.toml"
    before = toml(in_lab)
    pins = before["clusters"]["dc1"]["verify"]  # type: ignore[index]
    old = path.read_text()
    path.write_text(old.replace(json.dumps(pins), '["sha256:' + "00" * 32 + '"]'))

    wrong = in_lab("trust", "dc1", "--yes", "--fingerprint", "sha256:" + "11" * 32)
    assert wrong.status == 1
    assert "which is not what you gave" in wrong.err
    assert in_lab("trust", "dc1", typed="n\n").status == 1
    nobody = in_lab("trust", "dc1", typed="")
    assert (nobody.status, "--yes --fingerprint" in nobody.err) == (1, True)
    assert "sha256:" + "00" * 32 in path.read_text()

    given = [
        arg for pin in pins for arg in ("--fingerprint", pin.lower().replace("sha256", "SHA256"))
    ]
    right = in_lab("trust", "dc1", "--yes", *given, "--json")
    assert right.status == 0, right.err
    assert right.json()["written"] is True
    after = toml(in_lab)
    assert sorted(after["clusters"]["dc1"].pop("verify")) == sorted(set(pins))  # type: ignore[index]
    before["clusters"]["dc1"].pop("verify")  # type: ignore[index]
    assert after == before


def test_doctor_is_content_with_a_lab_and_names_what_is_wrong(in_lab: Terminal) -> None:
    in_lab("init")
    in_lab("db", "upgrade")
    well = in_lab("doctor", "--json")
    assert well.status == 0, well.out
    assert any(f["subject"] == "clusters.dc1" for f in well.json()["findings"])

    path = in_lab.folder / "provisioner.toml"
    text = path.read_text()
    path.write_text(text.replace('disk_storage = "shared"', 'disk_storage = "nowhere"'))
    assert "No node has an active storage nowhere for disks." in in_lab("doctor").out

    path.write_text(text)
    (in_lab.folder / "var/secret.key").chmod(0o644)
    (in_lab.folder / "secrets/dc1-token").write_text("wrong")
    ill = in_lab("doctor", "--json")
    assert ill.status == 1
    failed = {f["subject"] for f in ill.json()["findings"] if f["verdict"] == "failed"}
    assert {"secrets.key", "clusters.dc1"} <= failed
