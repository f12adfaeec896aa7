"""What the contract tests share: certificates, settings, and the stage that the suite runs on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakepve.certs import make_cert

from provisioner.drivers.hypervisor import Clone, Configure, Machine, PowerOn, TaskHandle, TaskState
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.settings import ClusterSettings
from tests.contract.fakepve_process import SECRET, TOKEN_ID

__all__ = [
    "SECRET",
    "TOKEN_ID",
    "Certificate",
    "Stage",
    "booted",
    "cluster_settings",
    "finish",
    "make_certificate",
]

CLONE = Clone(9000, "pve1", 2001, "pve1", "web-dinkes", "mark", "linked")
"""What most tests make."""


@dataclass(frozen=True)
class Certificate:
    """A server's certificate: its files and its pin."""

    cert: Path
    key: Path
    pin: str


def make_certificate(directory: Path, name: str) -> Certificate:
    cert, key, der = make_cert(str(directory), name, hosts=("127.0.0.1",))
    digest = hashlib.sha256(der).hexdigest()
    pin = "sha256:" + ":".join(digest[i : i + 2] for i in range(0, 64, 2)).upper()
    return Certificate(Path(cert), Path(key), pin)


def cluster_settings(urls: list[str], verify: list[str], **more: Any) -> ClusterSettings:
    values: dict[str, Any] = {
        "urls": urls,
        "verify": verify,
        "token_id": TOKEN_ID,
        "token_secret": "env:PVE_SECRET",
        "vmid_range": (2000, 2999),
        "disk_storage": "shared",
    }
    return ClusterSettings(**{**values, **more})


@dataclass(frozen=True)
class Stage:
    """A cluster that the suite runs on, and where its template stands."""

    driver: ProxmoxCluster
    template: int
    node: str
    other_node: str
    storage: str
    backup_storage: str
    stand: Callable[[int, str], None]
    """Put a stopped VM of somebody else there: VMID, node."""
    plant: Callable[[int], str]
    """Leave a volume behind on the storage for a VMID; returns its id."""
    call: Callable[..., Any]
    """Change something as the administrator does: method, path, and what is sent."""
    address: str = "10.10.10.100"
    """What a VM may get, with a length of 24."""
    boot_seconds: float = 30.0

    def finish(self, handle: TaskHandle) -> TaskState:
        return finish(self.driver, handle)


def finish(driver: ProxmoxCluster, handle: TaskHandle) -> TaskState:
    """Poll until the task has ended; fails after 30 seconds."""
    deadline = time.monotonic() + 30
    pause = 0.01
    while (state := driver.task(handle)).status == "running":
        assert time.monotonic() < deadline, "the task did not end"
        time.sleep(pause)
        pause = min(pause * 2, 0.2)
    return state


def booted(stage: Stage, vmid: int) -> Machine:
    """Let a VM come up with the stage's address, until its agent answers."""
    options = {"ciuser": "dinkes", "ipconfig0": f"ip={stage.address}/24"}
    stage.finish(stage.driver.submit(Configure(vmid, stage.node, options)))
    stage.finish(stage.driver.submit(PowerOn(vmid, stage.node)))
    machine = stage.driver.machine(vmid)
    assert machine is not None
    deadline = time.monotonic() + stage.boot_seconds
    while not stage.driver.guest(machine).addresses:
        assert time.monotonic() < deadline, "the guest did not come up"
        time.sleep(0.05)
    return machine
