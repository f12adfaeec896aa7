"""What surrounds VMs in the lab: firewall, pools, images, HA, the agent, mishaps, size."""

from __future__ import annotations

import base64
import ssl
import time
from urllib.parse import urlsplit

import pytest
import requests

from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import IMAGE, LabImage, LabNetwork, Times, big_plan
from provisioner.lab.pve import fingerprint_of
from tests.lab.client import Client
from tests.lab.living import (
    KEY,
    OTHER,
    VM,
    booted,
    done,
    enters,
    eventually,
    failed,
    knock,
    make,
    public,
    start,
)

PORT = 22022
WALL = VM + "/firewall"


# ------------------------------------------------------------------ firewall


def test_guests_honour_their_firewall(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)

    def becomes(wanted: str) -> None:
        eventually(lambda: knock(address, PORT) == wanted)

    client.call("PUT", WALL + "/options", enable=1, policy_in="DROP")
    becomes("silent")
    rule = {"type": "in", "action": "ACCEPT", "proto": "tcp", "enable": 1, "comment": "mark"}
    client.post(WALL + "/rules", dport="443", **rule)
    client.post(WALL + "/rules", dport=f"80,{PORT}", **rule)
    becomes("open")
    assert enters(address, PORT)
    rules = client.get(WALL + "/rules")
    assert [(r["pos"], r["dport"], r["comment"]) for r in rules] == [
        (0, f"80,{PORT}", "mark"),
        (1, "443", "mark"),
    ]
    wrong = client.call("DELETE", WALL + "/rules/0", digest="0" * 40)
    assert "modified configuration" in wrong.reason
    client.call("PUT", WALL + "/rules/0", source="10.0.0.0/8", digest=rules[0]["digest"])
    becomes("silent")
    client.call("PUT", WALL + "/rules/0", source="127.0.0.0/8")
    becomes("open")
    client.post(WALL + "/ipset", name="ipfilter-net0")
    becomes("silent")
    client.post(WALL + "/ipset/ipfilter-net0", cidr=address)
    becomes("open")
    client.call("DELETE", f"{WALL}/ipset/ipfilter-net0/{address}")
    assert client.get(WALL + "/ipset/ipfilter-net0") == []
    becomes("silent")
    client.call("PUT", "/cluster/firewall/options", enable=0)
    becomes("open")


def test_a_firewall_starts_with_its_vm(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)
    client.call("PUT", WALL + "/options", enable=1, policy_in="REJECT")
    done(client, client.post(VM + "/status/stop"))
    start(client, lab)
    assert knock(address, PORT) == "refused"
    net0 = client.get(VM + "/config")["net0"]
    client.call("PUT", VM + "/config", net0=net0.replace(",firewall=1", ""))
    eventually(lambda: knock(address, PORT) == "open")


# --------------------------------------------------------------------- pools


def test_pools(lab: LabCluster, client: Client) -> None:
    client.post("/pools", poolid="opd-baru", comment="Dinas Baru")
    again = client.call("POST", "/pools", poolid="opd-baru")
    assert again.reason == "create pool failed: pool 'opd-baru' already exists"
    make(client, lab, pool="opd-baru")
    listed = {r["vmid"]: r.get("pool") for r in client.get("/cluster/resources", type="vm")}
    assert listed[2001] == "opd-baru"
    (pool,) = client.get("/pools", poolid="opd-baru", type="qemu")
    assert [m["vmid"] for m in pool["members"]] == [2001]
    full = client.call("DELETE", "/pools", poolid="opd-baru")
    assert "is not empty (contains VM 2001)" in full.reason
    client.call("PUT", "/pools", poolid="opd-dinkes", vms="2001", allow_move=1)
    client.call("DELETE", "/pools", poolid="opd-baru")
    assert {p["poolid"] for p in client.get("/pools")} == {"opd-dinkes", "opd-disdik"}
    lab.fault("no-quorum")
    assert client.call("POST", "/pools", poolid="x1").reason == (
        "cfs-lock 'file-user_cfg' error: no quorum!"
    )


# -------------------------------------------------------------------- images


def test_from_a_cloud_image_to_a_template(lab: LabCluster, client: Client) -> None:
    fetch = "/nodes/pve1/storage/local/download-url"
    given = {
        "url": IMAGE.url,
        "content": "import",
        "filename": "debian.qcow2",
        "checksum-algorithm": "sha512",
    }
    told = client.get("/nodes/pve1/query-url-metadata", url=IMAGE.url)
    assert told["filename"] == "debian-13-genericcloud-amd64.qcow2"
    wrong = failed(client, client.post(fetch, checksum="0" * 128, **given))[0]
    assert wrong == f"checksum mismatch: got '{IMAGE.checksum('sha512')}' != expect '{'0' * 128}'"
    good = IMAGE.checksum("sha512")
    log = done(client, client.post(fetch, checksum=good, **given))
    assert "calculating checksum...OK, checksum verified" in log
    assert "no need to download" in done(client, client.post(fetch, checksum=good, **given))[1]
    (item,) = client.get("/nodes/pve1/storage/local/content", content="import")
    assert item["volid"] == "local:import/debian.qcow2"
    assert item["format"] == "qcow2"
    bad = client.call("POST", fetch, checksum=good, **given | {"filename": "debian.txt"})
    assert bad.json()["errors"] == {"filename": "invalid filename or wrong extension"}
    other = given | {"url": "https://images.contoh.example/none.qcow2", "filename": "n.qcow2"}
    assert "exit code 8" in failed(client, client.post(fetch, checksum=good, **other))[0]
    options = {
        "name": "tpl", "agent": "1", "scsihw": "virtio-scsi-single", "serial0": "socket",
        "scsi0": "shared:0,import-from=local:import/debian.qcow2", "ide2": "shared:cloudinit",
        "boot": "order=scsi0", "net0": "virtio,bridge=vmbr0", "memory": 1024, "tags": "tpl-x",
    }  # fmt: skip
    done(client, client.post("/nodes/pve1/qemu", vmid=9100, **options))
    config = client.get("/nodes/pve1/qemu/9100/config")
    assert config["scsi0"] == "shared:9100/vm-9100-disk-0.qcow2,size=3G"
    assert config["ide2"].startswith("shared:9100/vm-9100-cloudinit.qcow2,media=cdrom")
    done(client, client.post("/nodes/pve1/qemu/9100/template"))
    config = client.get("/nodes/pve1/qemu/9100/config")
    assert config["template"] == 1
    assert config["scsi0"].startswith("shared:9100/base-9100-disk-0.qcow2")
    twice = client.call("POST", "/nodes/pve1/qemu/9100/template")
    assert twice.reason == "you can't convert a template to a template"
    assert enters(make(client, lab, 9100), PORT)
    missing = options | {"scsi0": "shared:0,import-from=local:import/none.qcow2"}
    assert (
        "does not exist" in failed(client, client.post("/nodes/pve1/qemu", vmid=9101, **missing))[0]
    )
    assert lab.vm(9101) is None


def test_checksums_are_of_the_image() -> None:
    assert IMAGE.checksum("sha256") != LabImage("https://other.example/x").checksum("sha256")


# ------------------------------------------------------------------------ HA


def test_high_availability(lab: LabCluster, client: Client) -> None:
    make(client, lab)
    done(client, client.post(VM + "/status/stop"))
    lab.call(lambda pve: setattr(pve.vm(2001), "ha_state", "stopped"))
    lab.call(lambda pve: setattr(pve, "time_scale", 100))  # the manager takes its time
    upid = client.post(VM + "/status/start")
    assert upid.split(":")[5] == "hastart"
    done(client, upid)
    assert client.get(VM + "/status/current")["status"] == "stopped", "the task ends before"
    lab.call(lambda pve: setattr(pve, "time_scale", 1 / 200))
    done(client, client.post(VM + "/status/start"))
    booted(lab)
    assert client.get(VM + "/status/current")["ha"]["managed"] == 1
    moved = client.post(VM + "/migrate", target="pve2", online=1)
    assert moved.split(":")[5] == "hamigrate"
    done(client, moved)
    eventually(lambda: (lab.vm(2001) or {})["node"] == "pve2")
    here = "/nodes/pve2/qemu/2001"
    eventually(lambda: not (lab.vm(2001) or {})["lock"])
    done(client, client.post(here + "/status/stop"))
    eventually(lambda: (lab.vm(2001) or {})["status"] == "stopped")
    kept = client.call("DELETE", here)
    assert kept.reason == (
        "unable to remove VM 2001 - used in HA resources and purge parameter not set."
    )
    done(client, client.call("DELETE", here, purge=1).json()["data"])


def test_maintenance(lab: LabCluster, client: Client) -> None:
    lab.fault("node-maintenance", node="pve2")
    status = client.get("/cluster/ha/status/manager_status")
    assert status["manager_status"]["node_status"] == {
        "pve1": "online",
        "pve2": "maintenance",
        "pve3": "online",
    }
    assert status["lrm_status"]["pve2"]["mode"] == "maintenance"
    shown = {item["id"]: item["status"] for item in client.get("/cluster/ha/status/current")}
    assert shown["lrm:pve2"].startswith("pve2 (maintenance mode, ")
    assert shown["lrm:pve1"].startswith("pve1 (idle, ")
    lab.clear()
    status = client.get("/cluster/ha/status/manager_status")
    assert set(status["manager_status"]["node_status"].values()) == {"online"}


# --------------------------------------------------------------------- agent


def test_the_agent_reads_and_writes(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)
    agent = VM + "/agent"
    path = "/home/admin/.ssh/authorized_keys"
    now = client.get(agent + "/file-read", file=path)["content"]
    assert now == public(KEY) + "\n"
    client.post(agent + "/file-write", file=path, content=now + public(OTHER) + "\n")
    assert enters(address, PORT, KEY)
    assert enters(address, PORT, OTHER)
    encoded = base64.b64encode(public(OTHER).encode()).decode()
    client.post(agent + "/file-write", file=path, content=encoded, encode=0)
    assert not enters(address, PORT, KEY)
    client.post(agent + "/file-write", file=path, content="")
    assert not enters(address, PORT, OTHER)
    nowhere = client.call("POST", agent + "/file-write", file="/no/where", content="x")
    assert nowhere.reason == (
        "Agent error: failed to open file '/no/where' (mode: 'wb'): No such file or directory"
    )
    assert client.get(agent + "/get-host-name")["result"]["host-name"] == "web-2001"
    assert client.get(agent + "/get-osinfo")["result"]["id"] == "debian"

    def size() -> int:
        return int(client.get(agent + "/get-fsinfo")["result"][0]["total-bytes"])

    before = size()
    done(client, client.call("PUT", VM + "/resize", disk="scsi0", size="8G").json()["data"])
    assert size() == before
    done(client, client.post(VM + "/status/reboot"))
    booted(lab)
    assert size() > 3 * before
    lab.fault("agent-dead")
    dead = client.call("GET", agent + "/get-osinfo")
    assert dead.reason == "VM 2001 qga command 'guest-ping' failed - got timeout"


# -------------------------------------------------------------------- faults


def test_a_node_dies_in_the_middle(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)
    lab.fault("task-slow", type="vzdump", seconds=9000)
    upid = client.post("/nodes/pve1/vzdump", vmid=2001, storage="local")
    lab.clear()
    lab.call(lambda pve: setattr(pve, "time_scale", 100))
    taken = client.post(VM + "/snapshot", snapname="half")
    eventually(lambda: (lab.vm(2001) or {})["lock"] == "snapshot")
    lab.fault("node-gone", node="pve1")
    other = Client(lab, url=lab.urls[1])
    assert other.call("GET", f"/nodes/pve1/tasks/{upid}/status").status_code == 595
    eventually(lambda: knock(address, PORT) == "refused")
    lab.clear()
    lab.call(lambda pve: setattr(pve, "time_scale", 1 / 200))
    for each in (upid, taken):
        assert client.ended(each)[0] == "unexpected status"
    vm = lab.vm(2001)
    assert vm
    assert (vm["status"], vm["lock"]) == ("stopped", "snapshot")
    lab.call(lambda pve: pve.unlock(2001))
    start(client, lab)
    other.close()


def test_a_vm_that_stays_locked(lab: LabCluster, client: Client) -> None:
    done(client, client.post("/nodes/pve1/qemu/9000/clone", newid=2001))
    lab.fault("vm-locked", vmid=2001, lock="snapshot")
    assert client.get(VM + "/config")["lock"] == "snapshot"
    assert failed(client, client.post(VM + "/status/start"))[0] == "VM is locked (snapshot)"
    lab.clear()
    assert "lock" not in client.get(VM + "/config")


def test_a_storage_fills_up_in_the_middle_of_a_clone(lab: LabCluster, client: Client) -> None:
    lab.call(lambda pve: setattr(pve, "time_scale", 0.3))
    upid = client.post("/nodes/pve1/qemu/9000/clone", newid=2001, full=1)
    eventually(lambda: [v for v in lab.state()["volumes"] if "vm-2001-disk" in v["volid"]])
    lab.fault("storage-full", storage="shared")
    assert "No space left on device" in failed(client, upid)[0]
    assert not [v for v in lab.state()["volumes"] if v["vmid"] == 2001]


def test_quorum_is_lost_in_the_middle(lab: LabCluster, client: Client) -> None:
    lab.fault("task-slow", type="qmclone", seconds=30)
    upid = client.post("/nodes/pve1/qemu/9000/clone", newid=2001)
    lab.fault("no-quorum")
    assert "Permission denied" in failed(client, upid)[0]
    assert lab.vm(2001) is None


def test_a_certificate_changes(lab: LabCluster, client: Client) -> None:
    def shown() -> str:
        where = urlsplit(lab.url)
        pem = ssl.get_server_certificate((str(where.hostname), int(where.port or 0)))
        return "sha256:" + fingerprint_of(ssl.PEM_cert_to_DER_cert(pem))

    first = shown()
    assert first == lab.fingerprint
    lab.fault("certificate-changed", node="pve1")
    assert shown() != first
    with pytest.raises(requests.ConnectionError):
        requests.get(lab.url, timeout=5)
    lab.clear()
    assert shown() == first


# ---------------------------------------------------------------------- size


def test_a_big_cluster() -> None:
    times = Times(boot=1)
    net = LabNetwork(cidr="127.43.0.0/16", ssh_port=22022, first=256, last=4095)
    with LabCluster(big_plan(16, 2000, network=net, times=times)) as lab:
        client = Client(lab)
        since = time.monotonic()
        rows = client.get("/cluster/resources")
        assert sum(r["type"] == "qemu" for r in rows) == 2017
        assert len(lab.urls) == 16
        assert time.monotonic() - since < 20
        client.close()
