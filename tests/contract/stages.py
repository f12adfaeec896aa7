"""What the contract tests share: certificates, settings, and the stage that the suite runs on."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fakepve.certs import make_cert

from provisioner.drivers.hypervisor import TaskHandle, TaskState
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.settings import ClusterSettings

TOKEN_ID, SECRET = "provisioner@pve!service", "5ecre7-0f-the-t0ken"

FAKEPVE_LACKS: Mapping[str, str] = {
    "resize": "fakepve answers OK to a resize and changes nothing",
    "names of bridges": "fakepve invents its network interfaces",
}
"""What the suite leaves out on fakepve 0.5.0, and why."""


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
    stand: Callable[[int, str], None]
    """Put a stopped VM of somebody else there: VMID, node."""
    plant: Callable[[int], str]
    """Leave a volume behind on the storage for a VMID; returns its id."""
    lacks: Mapping[str, str] = field(default_factory=dict)

    def needs(self, ability: str) -> None:
        if ability in self.lacks:
            pytest.skip(self.lacks[ability])

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
