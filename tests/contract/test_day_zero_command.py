"""`device bring-up` as a person or a program uses it: shown, asked about, told, exit statuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest
import typer
from typer.testing import CliRunner

from provisioner.commands.device_bring_up import bring_up
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.lab.openwrt.device import OpenWrtDevice

PASSWORD = "pabrik-0815"
CONFIGURATION = """
inventory = ["hosts.yml"]

[ssh]
known_hosts = "known_hosts"
identity = "file:identity"
"""
INVENTORY = """
all:
  hosts:
    ap-0:
      ansible_host: {host.address}
      ansible_port: {host.port}
      ansible_user: root
      provisioner_platform: openwrt
      day_zero_password: {password}
      day_zero_ntp: [10.0.0.1]
"""


@dataclass
class Office:
    lab: DeviceLab
    folder: Path

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit status and output of the command."""
        app = typer.Typer()
        app.command()(bring_up)
        found = CliRunner().invoke(app, [*arguments])
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return found.exit_code, found.output

    @property
    def tree(self) -> dict[str, bytes]:
        device = self.lab.device("ap-0")
        assert isinstance(device, OpenWrtDevice)
        return self.lab.call(device.tree)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    identity = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "identity").write_bytes(identity.export_private_key("openssh"))
    (tmp_path / "provisioner.toml").write_text(CONFIGURATION)
    monkeypatch.setenv("PROVISIONER_CONFIG", str(tmp_path / "provisioner.toml"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    plan = CampusPlan(
        devices=(DevicePlan("ap-0", "openwrt"),),
        password=PASSWORD,
        authorized_keys=identity.export_public_key("openssh").decode(),
    )
    with DeviceLab(plan) as lab:
        lab.known_hosts(tmp_path / "known_hosts")
        text = INVENTORY.format(host=lab.hosts()["ap-0"], password=PASSWORD)
        (tmp_path / "hosts.yml").write_text(text)
        yield Office(lab, tmp_path)


@pytest.mark.timeout(300)
def test_shown_asked_about_carried_out_and_unchanged(office: Office) -> None:
    before = office.tree
    status, said = office.run("ap-0", "--check")
    assert status == 0
    assert "list server '10.0.0.1'" in said
    assert PASSWORD not in said
    status, said = office.run("ap-0")
    assert (status, office.tree) == (3, before), "nobody is at a terminal to agree"
    assert "--yes" in said
    status, said = office.run("ap-0", "--yes")
    assert status == 0, said
    assert "changed, and ready" in said
    assert b"ssh-ed25519 " in office.tree["/etc/dropbear/authorized_keys"]
    status, said = office.run("ap-0", "--yes", "--json")
    assert status == 0
    assert json.loads(said) == {"devices": {"ap-0": {"outcome": "unchanged", "lines": []}}}


@pytest.mark.timeout(200)
def test_what_fails_is_told_with_cause_and_remedy(office: Office) -> None:
    (office.folder / "known_hosts").write_text("")
    status, said = office.run("ap-0", "ap-9", "--json")
    assert status == 3
    told = json.loads(said)["devices"]
    assert "provisioner trust" in told["ap-0"]["next"]
    assert "not in the inventory" in told["ap-9"]["what"]
    office.lab.known_hosts(office.folder / "known_hosts")
    office.lab.fault("device-dead", host="ap-0")
    status, said = office.run("ap-0", "--yes")
    assert status == 1
    assert "reachable" in said
