"""The command line and network devices: inventory, trust, doctor, and an event's WiFi over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.lab.letter import sample_letter
from tests.web.bodies import in_hours, new_request
from tests.web.stage import Stage


def run(
    stage: Stage, *words: str, typed: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    token = stage.people.create_token("rina")
    environment = {
        **os.environ,
        "PROVISIONER_CONFIG": str((folder or stage.directory) / "provisioner.toml"),
        "PROVISIONER_URL": stage.url,
        "PROVISIONER_TOKEN": token,
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        [sys.executable, "-m", "provisioner", *words],
        env=environment, input=typed, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip


@pytest.fixture
def other(stage: Stage, tmp_path: Path) -> Path:
    """The same installation without any host key on record."""
    shutil.copy(stage.directory / "provisioner.toml", tmp_path)
    for name in ("inventory", "secrets", "var"):
        ignored = shutil.ignore_patterns("letters", "*.db*")
        shutil.copytree(stage.directory / name, tmp_path / name, ignore=ignored)
    (tmp_path / "var" / "known_hosts").write_text("")
    return tmp_path


def test_the_inventory_names_devices_and_no_secret(stage: Stage, other: Path) -> None:
    hosts = other / "inventory" / "hosts.yml"
    text = hosts.read_text()
    hosts.write_text(
        text.replace("ansible_user: root", "ansible_user: root\n        ansible_password: GeheimX1")
    )
    shown = run(stage, "inventory", "show", folder=other)
    assert shown.returncode == 0, shown.stderr
    devices = json.loads(shown.stdout)["devices"]
    assert devices["sw-core-1"]["platform"] == "cisco_ios"
    assert "GeheimX1" not in shown.stdout
    assert run(stage, "inventory", "check", folder=other).returncode == 0
    hosts.write_text(text.replace("ap-alun-2", "ap-alun-9"))
    found = run(stage, "inventory", "check", "--json", folder=other)
    assert found.returncode == 1
    assert "ap-alun-2" in found.stdout


def test_a_device_is_trusted_by_its_name(stage: Stage, other: Path) -> None:
    before = run(stage, "doctor", "--json", folder=other)
    told = {f["subject"]: f for f in json.loads(before.stdout)["findings"]}
    assert told["sw-core-1"]["verdict"] == "warning"
    assert "provisioner trust sw-core-1" in told["sw-core-1"]["next"]
    refused = run(stage, "trust", "sw-core-1", typed="n\n", folder=other)
    assert refused.returncode == 1
    done = run(stage, "trust", "sw-core-1", typed="y\n", folder=other)
    assert done.returncode == 0, done.stderr
    assert (other / "var" / "known_hosts").read_text().split()[2] in (
        stage.directory / "var" / "known_hosts"
    ).read_text()
    after = run(stage, "doctor", "--devices", "--json", folder=other)
    findings = json.loads(after.stdout)["findings"]
    of_core = [f["what"] for f in findings if f["subject"] == "sw-core-1"]
    assert len(of_core) == 2, "known, and entered"
    assert [f["subject"] for f in findings].count("sw-alun-1") == 1, "not entered unseen"


def test_a_wifi_is_asked_for_and_prolonged(stage: Stage, tmp_path: Path) -> None:
    body = new_request("event_wifi", place="alun-alun", starts_at=in_hours(0), ends_at=in_hours(4))
    whole, letter = tmp_path / "wifi.yml", tmp_path / "surat.pdf"
    details = body["details"]
    lines = "\n".join(f"  {name}: {json.dumps(value)}" for name, value in details.items())
    times = lines.replace(f'"{details["starts_at"]}"', details["starts_at"])
    whole.write_text(
        "\n".join(f"{n}: {json.dumps(v)}" for n, v in body.items() if n != "details")
        + f"\ndetails:\n{times}\n"
    )
    letter.write_bytes(sample_letter("Dinas", "1", "uji"))
    made = run(
        stage, "request", "new", "--from", str(whole), "--letter", str(letter), "--submit", "--json"
    )
    assert made.returncode == 0, made.stderr
    number = json.loads(made.stdout)["number"]
    plan = stage["rina"].post(f"/api/v1/requests/{number}/plan").json()
    path = f"/api/v1/requests/{number}/approve"
    body = {"digest": plan["digest"]}
    assert stage["dewi"].post(path, json=body).status_code == 202
    instance = stage.request_until(number, "done")["instance"]
    assert instance in run(stage, "instance", "list").stdout
    bad = run(stage, "instance", "do", instance, "extend", "--set", "ends_at")
    assert bad.returncode == 2
    asked = run(
        stage, "instance", "do", instance, "extend", "--set", f"ends_at={in_hours(5)}", "--json"
    )
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["details"]["action"] == "extend"
