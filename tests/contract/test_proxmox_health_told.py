"""How a cluster is doing, as recorded ones and scripted ones tell it; nodes that hang."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.proxmox.agent import filesystems
from provisioner.drivers.proxmox.survey import Rarely
from provisioner.errors import Retriable
from provisioner.texts import say
from tests.contract.scripted import ScriptedCluster, refusal
from tests.lab.transcript import TRANSCRIPT


@pytest.fixture
def recorded(scripted: ScriptedCluster) -> ScriptedCluster:
    """Plays what the recorded PVE 9.1 answered."""
    if not TRANSCRIPT.exists():
        pytest.skip("the recorded transcript is not beside this repository")
    entries = [json.loads(line) for line in TRANSCRIPT.read_text().splitlines()]
    for entry in reversed(entries):
        if entry["method"] == "GET" and entry["status"] == 200 and isinstance(entry["body"], dict):
            scripted.on("GET", entry["path"], entry["body"]["data"])
    return scripted


def test_as_recorded(recorded: ScriptedCluster, script: ProxmoxCluster) -> None:
    resources = script_rows(recorded, "/cluster/resources")
    recorded.on("GET", "/cluster/resources", [*resources, listed(2001)])
    health = script.health()
    assert health.version == "9.1.8"
    assert health.quorate  # a single node has no row of a cluster
    (only,) = health.nodes
    assert (only.online, only.cpu_percent, only.root_percent) == (True, 1.2, 13.3)
    assert only.memory_percent == 5.5
    assert {"node pve"} == health.untold.keys()  # /time was not recorded
    assert health.failed == ()
    read = script.vm_health(2001)
    assert read.machine
    assert read.state == "running"
    assert [each.name for each in read.snapshots] == ["before"]
    assert recorded.calls("POST") == []


def script_rows(scripted: ScriptedCluster, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = scripted._next("GET", path).data
    return rows


def listed(vmid: int, node: str = "pve") -> dict[str, Any]:
    return {"type": "qemu", "vmid": vmid, "node": node, "status": "running"}


NODES = [{"type": "node", "node": f"pve{n}", "status": "online", "maxmem": 8, "mem": 2,
          "maxcpu": 4, "cpu": 0.5, "disk": 1, "maxdisk": 2} for n in range(1, 9)]  # fmt: skip


def test_nodes_that_hang_do_not_add_up(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    """All eight are being asked before the first has answered."""
    scripted.on("GET", "/cluster/resources", NODES)
    for row in NODES:
        scripted.on("GET", f"/nodes/{row['node']}/time", replace(refusal("x", 595), hang=True))
    asked: list[str] = []

    def wait() -> None:
        deadline = time.monotonic() + 20
        while len(asked) < len(NODES) and time.monotonic() < deadline:
            asked[:] = [call for call in scripted.calls() if call.endswith("/time")]
            time.sleep(0.01)
        scripted.stop()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        health = script.health()
        waiting.result()
    assert len(set(asked)) == len(NODES)
    assert {f"node pve{n}" for n in range(1, 9)} <= health.untold.keys()
    later = ("/certificates/info", "/tasks")
    assert not [call for call in scripted.calls() if call.endswith(later)]
    assert [each.memory_percent for each in health.nodes] == [25.0] * len(NODES)


def test_a_task_that_is_at_work_explains_a_lock(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    path = "/nodes/pve1/qemu/2001"
    scripted.on("GET", "/cluster/resources", [NODES[0], listed(2001, "pve1")])
    scripted.on("GET", f"{path}/config", {"name": "x", "lock": "backup", "agent": "0"})
    status = {"vmid": 2001, "status": "running", "qmpstatus": "running"}
    scripted.on("GET", f"{path}/status/current", status)
    scripted.on("GET", f"{path}/snapshot", [{"name": "current"}])
    job = {"type": "vzdump", "id": "", "status": "RUNNING"}
    scripted.on("GET", "/nodes/pve1/tasks", [job], [])
    assert script.vm_health(2001).working == "vzdump"
    read = script.vm_health(2001)
    assert read.working == ""
    assert "backups" in read.untold  # no storage of backups is to be seen


def test_tasks_with_warnings_did_not_fail(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    scripted.on("GET", "/cluster/resources", NODES[:1])
    scripted.on("GET", "/nodes/pve1/time", {"time": int(time.time())})
    soon = int(time.time()) + 86400
    names = ("pve-root-ca.pem", "pveproxy-ssl.pem", "pve-ssl.pem")
    files = [{"filename": name, "notafter": soon + n * 86400} for n, name in enumerate(names)]
    scripted.on("GET", "/nodes/pve1/certificates/info", files)
    texts = ("WARNINGS: 2", "OK", "job errors", "unexpected status")
    rows = [
        {"type": "vzdump", "id": "", "starttime": 1, "endtime": n, "status": text}
        for n, text in enumerate(texts, 2)
    ]
    scripted.on("GET", "/nodes/pve1/tasks", [*rows, {"type": "qmstart", "starttime": 9}])
    health = script.health()
    assert [task.text for task in health.failed] == ["unexpected status", "job errors"]
    (only,) = health.nodes
    assert only.certificate_until == datetime.fromtimestamp(soon + 86400, UTC)
    asked = next(seen for seen in scripted.seen if seen.path == "/nodes/pve1/tasks")
    assert asked.values["errors"] == "1"


def test_discs_and_packages_are_full_by_nature() -> None:
    rows = [
        {"mountpoint": mount, "type": kind, "used-bytes": 5 << 30, "total-bytes": 5 << 30}
        for mount, kind in (("/", "ext4"), ("/snap/x", "squashfs"), ("D:\\", "CDFS"))
    ]
    assert filesystems(rows).keys() == {"/"}


def test_what_many_want_at_once_is_asked_once() -> None:
    rarely, asked, let_go = Rarely(), [], threading.Event()

    def reader() -> str:
        asked.append(1)
        assert let_go.wait(10)
        return "read"

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(rarely.read, "x", reader) for _ in range(8)]
        let_go.set()
        assert {each.result() for each in waiting} == {"read"}
    assert asked == [1]


def test_a_failure_is_not_kept() -> None:
    rarely = Rarely()

    def reader() -> str:
        raise Retriable(say("away"), meaning=say("m"), next=say("n"))

    with pytest.raises(Retriable):
        rarely.read("x", reader)
    assert rarely.read("x", lambda: "read") == "read"
