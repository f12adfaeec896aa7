"""Every fault shows what it says, once or until it is cleared."""

from __future__ import annotations

import pytest
import requests

from provisioner.errors import Mistake
from provisioner.lab.cluster import LabCluster
from provisioner.lab.faults import KINDS
from provisioner.lab.plan import LabGuest
from tests.lab.client import Client

CLONE = "/nodes/pve1/qemu/9000/clone"
OTHER_DISK = "local-lvm:vm-2001-disk-0"


def made(lab: LabCluster, client: Client, vmid: int) -> bool:
    """Whether the clone came to be, once the tasks have ended."""
    for task in client.get("/nodes/pve1/tasks", source="active"):
        client.ended(task["upid"])
    vm = lab.vm(vmid)
    return vm is not None and vm["lock"] is None


def clone(client: Client, vmid: int = 2001, **params: object) -> tuple[str, list[str]]:
    return client.ended(client.post(CLONE, newid=vmid, name=f"vm-{vmid}", **params))


def test_clone_596_is_carried_out(lab: LabCluster, client: Client) -> None:
    lab.fault("clone-596")
    answer = client.call("POST", CLONE, newid=2001)
    assert answer.status_code == 596
    assert made(lab, client, 2001)
    assert client.call("POST", CLONE, newid=2002).status_code == 200


def test_a_dropped_answer_is_carried_out(lab: LabCluster, client: Client) -> None:
    lab.fault("post-dropped")
    with pytest.raises(requests.ConnectionError):
        client.call("POST", CLONE, newid=2001)
    assert made(lab, client, 2001)


def test_a_lost_call_is_not_carried_out(lab: LabCluster, client: Client) -> None:
    lab.fault("post-lost")
    with pytest.raises(requests.ConnectionError):
        client.call("POST", CLONE, newid=2001)
    assert lab.vm(2001) is None


def test_a_start_fails_although_the_vm_runs(lab: LabCluster, client: Client) -> None:
    clone(client)
    lab.fault("start-half")
    status, _ = client.ended(client.post("/nodes/pve1/qemu/2001/status/start"))
    assert status.startswith("start failed")
    assert (lab.vm(2001) or {})["status"] == "running"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_stranger_takes_the_vmid(lab: LabCluster, client: Client, when: str) -> None:
    lab.fault("vmid-stranger", when=when)
    if when == "before":
        answer = client.call("POST", CLONE, newid=2001, name="mine")
        assert answer.reason == "unable to create VM 2001: config file already exists"
    else:
        with pytest.raises(requests.ConnectionError):
            client.call("POST", CLONE, newid=2001, name="mine")
    assert (lab.vm(2001) or {})["name"] == "not-ours"
    assert [v["volid"] for v in lab.state()["volumes"] if v["vmid"] == 2001] == [OTHER_DISK]


def test_a_failing_clone_leaves_nothing_or_its_disk(lab: LabCluster, client: Client) -> None:
    lab.fault("task-fails", text="simulated breakdown")
    assert clone(client)[0] == "clone failed: simulated breakdown"
    assert lab.vm(2001) is None
    assert not [v for v in lab.state()["volumes"] if v["vmid"] == 2001]
    lab.fault("task-fails", leave=1)
    clone(client)
    left = client.get("/nodes/pve1/storage/shared/content", vmid=2001)
    assert {item["volid"] for item in left} >= {
        "shared:9000/base-9000-disk-0.qcow2/2001/vm-2001-disk-0.qcow2"
    }
    status, _ = clone(client)
    assert status == "OK"


def test_other_tasks_fail(lab: LabCluster, client: Client) -> None:
    clone(client)
    lab.fault("task-fails", type="qmconfig", text="no", times=2)
    for _ in range(2):
        upid = client.post("/nodes/pve1/qemu/2001/config", cores=4)
        assert client.ended(upid)[0] == "no"
    assert (lab.vm(2001) or {})["config"]["cores"] == 1
    client.ended(client.post("/nodes/pve1/qemu/2001/config", cores=4))
    assert (lab.vm(2001) or {})["config"]["cores"] == 4


def test_storage_full_and_busy(lab: LabCluster, client: Client) -> None:
    lab.fault("storage-full", storage="shared")
    assert "No space left on device" in clone(client)[0]
    free = {s["storage"]: s["avail"] for s in client.get("/nodes/pve1/storage")}
    assert free["shared"] == 0
    assert free["local-lvm"] > 0
    lab.clear()
    lab.fault("storage-busy", storage="shared")
    assert clone(client)[0] == (
        "clone failed: cfs-lock 'storage-shared' error: got lock request timeout"
    )
    assert clone(client)[0] == "OK"


def test_node_offline(lab: LabCluster, client: Client) -> None:
    lab.fault("node-offline", node="pve1")
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "/version")
    other = Client(lab, url=lab.urls[1])
    answer = other.call("GET", "/nodes/pve1/qemu")
    assert (answer.status_code, answer.reason) == (595, "No route to host")
    online = {n["node"]: n["status"] for n in other.get("/nodes")}
    assert online == {"pve1": "offline", "pve2": "online", "pve3": "online"}
    lab.fault("node-offline", node="pve3")
    refused = other.call("POST", "/nodes/pve2/qemu/9012/clone", newid=2001)
    assert refused.reason == "cluster not ready - no quorum?"
    other.close()
    lab.clear()
    assert client.get("/version")["version"] == "9.1.8"


def test_node_full(lab: LabCluster, client: Client) -> None:
    clone(client)
    lab.fault("node-full", node="pve1")
    memory = client.get("/nodes/pve1/status")["memory"]
    assert memory["free"] == 0
    listed = client.get("/cluster/resources", type="vm")
    promised = sum(v.get("maxmem", 0) for v in listed if v["node"] == "pve1")
    assert promised > memory["total"]
    status, log = client.ended(client.post("/nodes/pve1/qemu/2001/status/start"))
    assert status == "start failed: QEMU exited with code 1"
    assert "Cannot allocate memory" in log[-2]
    volumes = len(lab.state()["volumes"])
    lab.clear()
    assert len(lab.state()["volumes"]) == volumes - 1
    assert client.get("/nodes/pve1/status")["memory"]["free"] > 0


def test_template_gone(lab: LabCluster, client: Client) -> None:
    lab.fault("template-gone", vmid=9000)
    answer = client.call("POST", CLONE, newid=2001)
    assert answer.status_code == 500
    assert "9000.conf' does not exist" in answer.reason
    assert lab.clear("template-gone") == 1
    assert clone(client)[0] == "OK"


def test_no_quorum(lab: LabCluster, client: Client) -> None:
    lab.fault("no-quorum")
    answer = client.call("POST", CLONE, newid=2001)
    assert (answer.status_code, answer.reason) == (500, "cluster not ready - no quorum?")
    assert client.get("/cluster/status")[0]["quorate"] == 0


def test_lock_timeout(lab: LabCluster, client: Client) -> None:
    lab.fault("lock-timeout", times=2)
    for _ in range(2):
        answer = client.call("POST", CLONE, newid=2001)
        assert answer.reason == (
            "can't lock file '/var/lock/qemu-server/lock-9000.conf' - got timeout"
        )
    assert clone(client)[0] == "OK"


def test_error_and_token(lab: LabCluster, client: Client) -> None:
    lab.fault("error", method="GET", path="/version", status=595, text="Connection refused")
    answer = client.call("GET", "/version")
    assert (answer.status_code, answer.reason) == (595, "Connection refused")
    assert client.call("GET", "/version").status_code == 200
    lab.fault("token-revoked")
    answer = client.call("GET", "/version")
    assert (answer.status_code, answer.reason, answer.text) == (401, "Authentication failed!", "")
    lab.clear()
    assert client.call("GET", "/version").status_code == 200


def test_flaky(lab: LabCluster, client: Client) -> None:
    lab.fault("flaky", rate=0.5, seed=7)
    failed = 0
    for _ in range(20):
        try:
            client.call("GET", "/version")
        except requests.ConnectionError:
            failed += 1
    assert 0 < failed < 20


def test_task_slow_is_visible(lab: LabCluster, client: Client) -> None:
    lab.fault("task-slow", type="qmclone", seconds=60)
    upid = client.post(CLONE, newid=2001, description="REQ VPS-2026-0001")
    config = client.get("/nodes/pve1/qemu/2001/config")
    assert config.pop("digest")
    assert config == {"lock": "clone", "description": " qmclone temporary file"}
    running = client.get("/nodes/pve1/tasks", source="active", typefilter="qmclone", vmid=9000)
    assert [t["upid"] for t in running] == [upid]
    assert running[0]["status"] == "RUNNING"
    assert client.get("/nodes/pve1/tasks", typefilter="qmclone") == []
    log = client.get(f"/nodes/pve1/tasks/{upid}/log")
    assert log[0]["t"] == "creating a clone of VM 9000 with ID 2001"
    assert client.ended(upid)[0] == "OK"
    assert client.get("/nodes/pve1/qemu/2001/config")["description"] == "REQ VPS-2026-0001"


def test_address_answers(lab: LabCluster) -> None:
    import socket

    where = (lab.plan.network.address(160), lab.plan.network.ssh_port)
    lab.fault("address-answers", address=where[0])
    with socket.create_connection(where, timeout=5):
        pass
    lab.clear()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(where, timeout=5):
        pass


def test_unknown_names_and_options_are_told(lab: LabCluster) -> None:
    with pytest.raises(Mistake, match="clone-596"):
        lab.fault("clone-569")
    with pytest.raises(Mistake, match="leave"):
        lab.fault("task-fails", kind="qmclone")
    with pytest.raises(Mistake):
        lab.fault("address-answers", address="192.0.2.1")
    assert lab.state()["faults"] == []


def test_a_stranger_can_be_put_there(lab: LabCluster, client: Client) -> None:
    lab.stand(LabGuest(2005, "stranger", "pve2", "local-lvm"))
    answer = client.call("POST", CLONE, newid=2005)
    assert answer.reason == "unable to create VM 2005: config file already exists"


def test_every_fault_is_explained() -> None:
    assert all(kind.text.template for kind in KINDS.values())
    assert len(KINDS) >= 20
