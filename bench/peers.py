"""What a user would pick instead, started as he would start it, timed from outside."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.measuring import Meter, Sample
from tests.chaos.world import World

ROOT = Path(__file__).parents[1]
ANSIBLE_VENV = ROOT / ".venv-bench"
"""Of its own: the package ``ansible`` brings hundreds of megabytes of collections."""
_FIRST_ADDRESS, _FIRST_VMID = 210, 5001


def wanted(world: World, number: int) -> dict[str, Any]:
    """The VPS that a peer makes as its ``number``-th, beside what the product would choose."""
    settings = world.product.settings.clusters["dc1"]
    network = world.product.inventory.network.networks["server-opd"]
    host, _, port = settings.urls[0].removeprefix("https://").partition(":")
    user, _, token = settings.token_id.partition("!")
    address = str(network.cidr[_FIRST_ADDRESS + number])
    return {
        "host": host,
        "port": int(port),
        "user": user,
        "token": token,
        "secret": world.product.settings.secret(settings.token_secret),
        "node": "pve1",
        "template": 9000,
        "template_name": "debian-13",
        "vmid": _FIRST_VMID + number,
        "name": f"peer{number:03d}",
        "ssh_key": (world.directory / "var" / "id_ed25519.pub").read_text().strip(),
        "address": address,
        "ssh_port": network.ssh_port,
        "ipconfig0": f"ip={address}/{network.cidr.prefixlen},gw={network.gateway}",
        "net0": f"virtio,bridge={network.bridge},tag={network.vlan},firewall=1",
        "rules": [
            {"proto": "tcp", "dport": str(network.ssh_port)},
            {"proto": "tcp", "dport": "443"},
            {"proto": "icmp"},
        ],
        "backup_job": settings.backup_job,
    }


def bare(world: World, meter: Meter, number: int) -> Sample:
    """The proxmoxer script of ``bench.bare``."""
    command = [sys.executable, "-m", "bench.bare", str(_file(world, number))]
    return _timed(meter, command, {})


def ansible(world: World, meter: Meter, number: int) -> Sample:
    """The play of ``bench/vps.yml`` with the collection community.proxmox."""
    variables = _file(world, number)
    python = ANSIBLE_VENV / "bin" / "python"
    command = [
        str(ANSIBLE_VENV / "bin" / "ansible-playbook"), "-i", "localhost,",
        "-e", f"@{variables}", "-e", f"ansible_python_interpreter={python}",
        str(ROOT / "bench" / "vps.yml"),
    ]  # fmt: skip
    return _timed(meter, command, {"PYTHONWARNINGS": "ignore", "LC_ALL": "C.UTF-8"})


def _file(world: World, number: int) -> Path:
    path = world.directory / f"peer{number}.json"
    path.write_text(json.dumps(wanted(world, number)))
    return path


def why_no_ansible(install: bool) -> str | None:
    """None where ansible-playbook is there (or could be installed), else why it is not."""
    if (ANSIBLE_VENV / "bin" / "ansible-playbook").exists():
        return None
    if not install:
        return "ansible is not installed; --with-ansible puts it into .venv-bench"
    commands: Sequence[list[str]] = (
        [sys.executable, "-m", "venv", str(ANSIBLE_VENV)],
        [str(ANSIBLE_VENV / "bin" / "python"), "-m", "pip", "install", "-q", "ansible",
         "proxmoxer", "requests"],
    )  # fmt: skip
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return f"ansible could not be installed: {done.stderr.strip().splitlines()[-1:]}"
    return None


def _timed(meter: Meter, command: Sequence[str], environment: dict[str, str]) -> Sample:
    meter.reset()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    start_up = _until_first_call(meter, process, began)
    output, _ = process.communicate()
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{output[-3000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    calls, tasks = meter.read()
    return Sample(wall=wall, cpu=cpu, calls=calls, tasks=tasks, start_up=start_up)


def _until_first_call(meter: Meter, process: subprocess.Popen[str], began: float) -> float:
    while process.poll() is None and meter.read()[0] == 0:
        time.sleep(0.02)
    return time.monotonic() - began
