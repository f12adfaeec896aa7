"""Writes an ordinary configuration and inventory for a lab, so that the product needs no other."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncssh
import yaml

from provisioner.lab.cluster import LabCluster
from provisioner.lab.devices import office
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan
from provisioner.lab.plan import LabPlan

_TOML = """\
# Written by `provisioner lab up`; an ordinary configuration, which may be changed by hand.
database_url = "sqlite:///var/provisioner.db"
data_dir = "var"
inventory = ["inventory/hosts.yml"]
catalogue = "inventory/catalogue.yml"
network = "inventory/network.yml"
office = "inventory/office.yml"

[secrets]
key = "file:var/secret.key"

[ssh]
known_hosts = "var/known_hosts"
identity = "file:var/id_ed25519"

[web]
host = "127.0.0.1"
port = {web_port}
public_url = "http://127.0.0.1:{web_port}"
"""
_CLUSTER = """
[clusters.{name}]
urls = {urls}
verify = {verify}
token_id = "{token_id}"
token_secret = "file:secrets/{name}-token"
vmid_range = [{low}, {high}]
disk_storage = "shared"
clone = "auto"
backup_storage = "backup"
backup_job = "{job}"
timeouts = {{ request = 35, task = 300, guest_boot = {boot} }}
"""
_DEVICES = """
[devices]
minute = {minute:g}
"""


def write_configuration(
    directory: Path,
    labs: Sequence[LabCluster],
    web_port: int = 8080,
    devices: DeviceLab | None = None,
) -> Path:
    """Write provisioner.toml, inventory/ and the known secrets (0600) into ``directory``.

    Files that are there already stay as they are; known_hosts gets the devices' keys that it
    misses. Returns the path of provisioner.toml.
    """
    plans = [lab.plan for lab in labs]
    campus, port = (devices.plan, devices.port) if devices else (None, 0)
    for name, content in inventory_files(plans, campus, port).items():
        _write(directory / "inventory" / name, content)
    for plan in plans:
        _secret(directory / "secrets" / f"{plan.name}-token", plan.token_secret + "\n")
    office_key(directory)
    config = directory / "provisioner.toml"
    text = _TOML.format(web_port=web_port) + "".join(_section(lab) for lab in labs)
    if devices:
        text += _DEVICES.format(minute=devices.plan.minute)
        office.trust(directory / "var" / "known_hosts", devices)
    _write(config, text)
    return config


def office_key(directory: Path) -> str:
    """The office's public key; the pair is made where it is not there."""
    identity = directory / "var" / "id_ed25519"
    if not identity.exists():
        key = asyncssh.generate_private_key("ssh-ed25519", comment="office")
        _secret(identity, key.export_private_key("openssh").decode())
        _write(identity.with_suffix(".pub"), key.export_public_key().decode())
    return asyncssh.read_private_key(str(identity)).export_public_key().decode()


def _section(lab: LabCluster) -> str:
    plan = lab.plan
    boot = plan.times.boot / plan.speed
    return _CLUSTER.format(
        name=plan.name,
        urls=json.dumps(lab.urls),
        verify=json.dumps(lab.fingerprints),
        token_id=plan.token_id,
        job=plan.jobs[0].id,
        low=2000,
        high=2999,
        boot=max(20, round(10 * boot)),
    )


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(content)


def _secret(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(content)


# ---------------------------------------------------------------- inventory


def inventory_files(
    plans: Sequence[LabPlan], campus: CampusPlan | None = None, port: int = 0
) -> dict[str, str]:
    """File name to content of the lab's inventory; ``port`` is the SSH port of the devices."""
    catalogue, network = _catalogue(plans), _network(plans)
    if campus:
        if campus.segment:
            catalogue["services"]["internet"] = office.internet()
        catalogue["services"]["event_wifi"] = office.event_wifi(campus)
        network.update(office.network(campus))
        catalogue["services"]["troubleshooting"] = office.troubleshooting()
    if campus and office.has_racks(campus):
        catalogue["services"]["colocation"] = office.colocation()
        network.update(office.data_centre(campus))
    made: dict[str, tuple[str, dict[str, Any]]] = {
        "catalogue.yml": ("What the lab's office offers.", catalogue),
        "network.yml": ("Where the lab's guests live, and its campus.", network),
        "office.yml": ("An invented office for the lab.", _office()),
        "hosts.yml": (
            "The lab's network devices: loopback addresses.",
            office.hosts(campus or CampusPlan((), routers=()), port),
        ),
    }
    return {
        name: f"# {comment} Written by `provisioner lab up`.\n"
        + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100)
        for name, (comment, data) in made.items()
    }


def _catalogue(plans: Sequence[LabPlan]) -> dict[str, Any]:
    sizes = {"small": (1, 1024, 10), "medium": (2, 4096, 40), "large": (4, 8192, 80)}
    by_vmid = {plan.name: {"vmid": 9000} for plan in plans}
    by_tag = {plan.name: {"tag": "tpl-debian-13"} for plan in plans}
    return {
        "services": {
            "cloud_vps": {
                "sla_working_days": 3,
                "letters": ["signed"],
                "sizes": {
                    name: {"cores": cores, "memory_mb": memory, "disk_gb": disk}
                    for name, (cores, memory, disk) in sizes.items()
                },
                "images": {
                    "debian-13": {"title": "Debian 13", "templates": by_vmid},
                    "debian-13-local": {
                        "title": "Debian 13 (local disk)",
                        "templates": by_tag,
                        "disk_storage": "local-lvm",
                    },
                },
                "office_key_after_handover": "keep",
            }
        }
    }


def _network(plans: Sequence[LabPlan]) -> dict[str, Any]:
    networks: dict[str, Any] = {}
    for plan in plans:
        name = plan.network.name if len(plans) == 1 else f"{plan.network.name}-{plan.name}"
        first = ipaddress.ip_network(plan.network.cidr)[1]
        net = plan.network
        span = f"{net.address(net.first)}-{net.address(net.last)}"
        networks[name] = {
            "cluster": plan.name,
            "bridge": plan.network.bridge,
            **({"vlan": plan.network.vlan} if plan.network.vlan else {}),
            "cidr": plan.network.cidr,
            "gateway": str(first),
            "dns": [str(first)],
            "assignable": [span],
            "quarantine_hours": 0,
            "ssh_port": plan.network.ssh_port,
        }
    return {"networks": networks}


def _office() -> dict[str, Any]:
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), "07:30-16:00")
    return {
        "name": "Dinas Komunikasi dan Informatika Kabupaten Contoh",
        "short_name": "Dinkominfo Contoh",
        "letter_head": [
            "PEMERINTAH KABUPATEN CONTOH",
            "DINAS KOMUNIKASI DAN INFORMATIKA",
            "Jalan Percobaan Nomor 1, Contoh",
        ],
        "address": {
            "street": "Jalan Percobaan Nomor 1",
            "city": "Contoh",
            "postal_code": "53300",
            "phone": "(0281) 000000",
            "email": "dinkominfo@contoh.example",
        },
        "time_zone": "Asia/Jakarta",
        "working_hours": {**week, "friday": "07:30-14:30"},
        "signatories": {
            "head": {
                "name": "Budi Santosa, S.Kom., M.Si.",
                "position": "Kepala Dinas Komunikasi dan Informatika",
                "rank": "Pembina Tingkat I, IV/b",
                "employee_id": "197501012000031001",
            }
        },
        "legal_basis": [
            "Undang-Undang Nomor 11 Tahun 2008 tentang Informasi dan Transaksi Elektronik",
            "Peraturan Presiden Nomor 95 Tahun 2018 tentang Sistem Pemerintahan Berbasis "
            "Elektronik",
        ],
        "complaint_channels": [{"title": "SP4N-LAPOR!", "contact": "www.lapor.go.id"}],
        "tembusan": ["Arsip"],
    }


# ------------------------------------------------- what outlives a restart


def remember(path: Path, plan: LabPlan, ports: Sequence[int]) -> None:
    """Keep what a restart of the lab must find again: names, ports, secrets, address plan."""
    kept = {
        "name": plan.name,
        "speed": plan.speed,
        "version": plan.version,
        "big": plan.nodes[0] != LabPlan().nodes[0],
        "token_id": plan.token_id,
        "token_secret": plan.token_secret,
        "root_password": plan.root_password,
        "ports": list(ports),
        "network": asdict(plan.network),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(kept, indent=1) + "\n")
