"""The same event WiFi in an office that describes everything otherwise: configuration alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.acceptance.campus import Campus
from tests.acceptance.office import PEOPLE, opened

pytestmark = [pytest.mark.xdist_group("acceptance-wifi-elsewhere"), pytest.mark.timeout(300)]
VAULT = "kata sandi brankas 'sulit' $1"


def vaulted(text: str) -> str:
    secret = VaultSecret(VAULT.encode())
    return VaultLib([("default", secret)]).encrypt(text.encode(), secret).decode()


def test_vault_ini_and_script(tmp_path: Path) -> None:
    """Switches from an INI file, access points from a script, a password in a vaulted file."""
    people = {name: PEOPLE[name] for name in ("sari", "rina", "dewi")}
    with opened(Campus(tmp_path / "banyumas", "banyumas")) as campus:
        campus.set_up("127.98.0.0/24", people=people)
        password = rewrite(campus)
        campus.start()
        sound = campus.command("inventory", "check")
        assert sound.returncode == 0, sound.stdout + sound.stderr
        assert password not in campus.command("inventory", "show").stdout
        before = campus.configurations()
        number, report = campus.on(place="gedung-serba-guna", ssid="Banyumas")
        assert campus.announced()["ap-alun-1"] == ["Banyumas"]
        assert not campus.announced()["ap-alun-2"], "one of the two only"
        assert report["instance"]["network"] == "tamu"
        standing = campus.configurations()
        assert "PROV-" + number in standing["sw-alun-1"]
        campus.off(report["instance"]["id"])
        assert not campus.differs(before)
        for secret in (password, VAULT):
            assert secret not in campus.log.read_text()
            for path in (campus.directory / "var").rglob("*"):
                hidden = path.is_file() and path.name != "vault-password"
                assert not hidden or secret.encode() not in path.read_bytes(), path


SWITCHES = ("sw-core-1", "sw-pendopo-1", "sw-alun-1")


def rewrite(campus: Campus) -> str:
    """Another inventory for the same devices; returns the password of the switches."""
    folder = campus.directory / "inventory"
    password = json.loads((campus.directory / "lab" / "devices.json").read_text())["password"]
    lines = ["[switches]"]
    for name, (address, port) in campus.devices.items():
        if name in SWITCHES:
            lines.append(f"{name} ansible_host={address} ansible_port={port}")
    lines += ["[switches:vars]", "ansible_user=provisioner", "provisioner_platform=cisco_ios"]
    lines += ["[routers]", "rt-core-1", "[probes]"]
    other = campus.directory / "sumber"
    (other / "group_vars").mkdir(parents=True)
    (other / "saklar.ini").write_text("\n".join(lines) + "\n")
    sealed = vaulted(password).replace("\n", "\n  ")
    (other / "group_vars" / "switches.yml").write_text(f"ansible_password: !vault |\n  {sealed}\n")
    hosts = {
        name: {
            "ansible_host": address, "ansible_port": port, "ansible_user": "root",
            "provisioner_platform": "openwrt", "provisioner_site": "alun-alun",
        }
        for name, (address, port) in campus.devices.items()
        if name.startswith("ap-alun")
    }  # fmt: skip
    found = {"access_points": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}
    script = other / "titik_akses.py"
    script.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(json.dumps(found))})\n")
    script.chmod(0o755)
    network = yaml.safe_load((folder / "network.yml").read_text())
    network["places"] = {
        "gedung-serba-guna": {
            "site": "alun-alun", "title": "Gedung Serba Guna", "access_points": ["ap-alun-1"],
        }
    }  # fmt: skip
    network["event_networks"] = {"tamu": {"vlan": 517, "cidr": "10.51.7.0/24"}}
    network["links"] = [
        link for link in network["links"]
        if not any(end.startswith(("ap-pendopo", "ap-smp", "sw-smp", "sw-skpd")) for end in link)
    ]  # fmt: skip
    network["sites"] = {key: {"title": site["title"]} for key, site in network["sites"].items()}
    (other / "jaringan.yml").write_text(yaml.safe_dump(network))
    (campus.directory / "var" / "vault-password").write_text(VAULT + "\n")
    campus.set("inventory", '["sumber/saklar.ini", "sumber/titik_akses.py"]')
    campus.set("network", '"sumber/jaringan.yml"')
    text = campus.config.read_text()
    campus.config.write_text(text + '\n[ansible]\nvault_password = "file:var/vault-password"\n')
    return str(password)
