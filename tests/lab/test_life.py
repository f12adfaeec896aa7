"""The life of a VM in the lab: snapshots, power, pending changes, backups, moves."""

from __future__ import annotations

import pytest

from provisioner.lab.cluster import LabCluster
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
KEYS = "/home/admin/.ssh/authorized_keys"


def snapshots(client: Client) -> list[str]:
    return [item["name"] for item in client.get(VM + "/snapshot")]


def test_a_snapshot_brings_back_disks_settings_and_the_inside(
    lab: LabCluster, client: Client
) -> None:
    address = make(client, lab)
    log = done(client, client.post(VM + "/snapshot", snapname="before", description="mark"))
    assert "snapshotting 'drive-scsi0'" in log[0]
    first = client.get(VM + "/snapshot")
    assert first[0] | {"snaptime": 0} == {
        "name": "before", "description": "mark", "snaptime": 0, "vmstate": 0,
    }  # fmt: skip
    assert first[1]["parent"] == "before"
    done(client, client.call("PUT", VM + "/resize", disk="scsi0", size="9G").json()["data"])
    done(client, client.post(VM + "/config", scsi1="local-lvm:3", tags="late"))
    client.post(VM + "/agent/file-write", file=KEYS, content=public(OTHER) + "\n")
    assert enters(address, PORT, OTHER)
    assert not enters(address, PORT, KEY)
    done(client, client.post(VM + "/snapshot", snapname="after"))
    done(client, client.post(VM + "/snapshot/before/rollback"))
    vm = lab.vm(2001)
    assert vm
    assert vm["status"] == "stopped"
    config = client.get(VM + "/config")
    assert config["scsi0"].endswith("size=2G")
    assert "tags" not in config
    assert "scsi1" not in config
    assert config["unused0"] == "local-lvm:vm-2001-disk-0"
    assert config["parent"] == "before"
    start(client, lab)
    assert enters(address, PORT, KEY)
    assert not enters(address, PORT, OTHER)
    done(client, client.call("DELETE", VM + "/snapshot/before").json()["data"])
    assert snapshots(client) == ["after", "current"]


def test_what_is_refused_of_snapshots(lab: LabCluster, client: Client) -> None:
    make(client, lab)
    done(client, client.post(VM + "/snapshot", snapname="one"))
    end = failed(client, client.post(VM + "/snapshot", snapname="one"))
    assert end == (
        "snapshot name 'one' already used",
        ["TASK ERROR: snapshot name 'one' already used"],
    )
    gone = client.call("DELETE", VM + "/snapshot/two").json()["data"]
    assert failed(client, gone)[0] == "snapshot 'two' does not exist"
    back = client.post(VM + "/snapshot/two/rollback")
    assert failed(client, back)[0] == "snapshot 'two' does not exist"
    lab.fault("storage-full", storage="shared")
    assert "exit code 1" in failed(client, client.post(VM + "/snapshot", snapname="other"))[0]
    lab.clear()
    lab.fault("snapshot-fails")
    assert failed(client, client.post(VM + "/snapshot", snapname="other"))[0].endswith(
        "got timeout"
    )
    assert snapshots(client) == ["one", "current"]
    assert "lock" not in client.get(VM + "/config")


def test_a_snapshot_under_way_locks(lab: LabCluster, client: Client) -> None:
    make(client, lab)
    lab.call(lambda pve: setattr(pve, "time_scale", 1))
    upid = client.post(VM + "/snapshot", snapname="slow")
    eventually(lambda: client.get(VM + "/config").get("lock") == "snapshot")
    answer = client.call("PUT", VM + "/config", cores=2)
    assert (answer.status_code, answer.reason) == (500, "VM is locked (snapshot)")
    done(client, upid)


def test_shutdown_and_reboot(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)
    client.call("PUT", VM + "/config", cores=3, memory=2048, ciuser="admin", tags="x")
    done(client, client.post(VM + "/status/reboot", timeout=60))
    booted(lab)
    assert enters(address, PORT)
    assert client.get(VM + "/config", current=1)["cores"] == 3
    lab.fault("deaf")
    assert failed(client, client.post(VM + "/status/shutdown", timeout=2))[0] == (
        "VM quit/powerdown failed - got timeout"
    )
    log = done(client, client.post(VM + "/status/shutdown", timeout=2, forceStop=1))
    assert log[0].startswith("VM still running - terminating")
    assert knock(address, PORT) == "refused"
    answer = client.call("POST", VM + "/status/shutdown")
    assert (answer.status_code, answer.reason) == (500, "VM 2001 not running")


def test_pending_changes(lab: LabCluster, client: Client) -> None:
    make(client, lab)
    done(client, client.post(VM + "/config", cores=4, memory=4096, name="other", ciuser="neu"))
    pending = {item["key"]: item for item in client.get(VM + "/pending")}
    assert pending["cores"] == {"key": "cores", "value": 1, "pending": 4}
    assert pending["memory"] == {"key": "memory", "value": "512", "pending": "4096"}
    assert pending["name"] == {"key": "name", "value": "other"}
    assert pending["ciuser"] == {"key": "ciuser", "value": "neu"}, "cloud-init is written at once"
    assert client.get(VM + "/config")["cores"] == 4
    assert client.get(VM + "/config", current=1)["cores"] == 1
    client.call("PUT", VM + "/config", cores=1)
    assert "pending" not in {i["key"]: i for i in client.get(VM + "/pending")}["cores"]
    net0 = client.get(VM + "/config")["net0"]
    client.call("PUT", VM + "/config", net0=net0 + ",tag=120", delete="serial0")
    pending = {item["key"]: item for item in client.get(VM + "/pending")}
    assert pending["net0"]["value"].endswith("tag=120"), "cards are plugged"
    assert pending["serial0"]["delete"] == 1
    done(client, client.post(VM + "/status/stop"))
    config = client.get(VM + "/config", current=1)
    assert config["memory"] == "4096"
    assert "serial0" not in config


# -------------------------------------------------------------------- backup


def backups(client: Client, storage: str = "local") -> list[dict[str, object]]:
    path = f"/nodes/pve1/storage/{storage}/content"
    return list(client.get(path, content="backup"))


def back_up(client: Client, **params: object) -> str:
    given = {"storage": "local", "mode": "snapshot", "compress": "zstd", **params}
    return str(client.post("/nodes/pve1/vzdump", vmid=2001, **given))


def test_a_backup_brings_everything_back(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)
    client.call("PUT", VM + "/firewall/options", enable=1, policy_in="REJECT")
    before = client.get(VM + "/config")
    log = done(client, back_up(client, **{"notes-template": "{{guestname}}: mark", "protected": 1}))
    assert log[-2:] == ["INFO: Backup job finished successfully", "TASK OK"]
    (backup,) = backups(client)
    assert backup["notes"] == "web-2001: mark"
    assert backup["protected"] == 1
    assert backup["vmid"] == 2001
    assert backup["subtype"] == "qemu"
    assert str(backup["volid"]).startswith("local:backup/vzdump-qemu-2001-20")
    text = client.get("/nodes/pve1/vzdump/extractconfig", volume=backup["volid"])
    assert f"smbios1: {before['smbios1']}\n" in text
    assert text.startswith("#REQ VPS-2026-0001\n")
    client.post(VM + "/agent/file-write", file=KEYS, content=public(OTHER))
    client.call("PUT", VM + "/config", description="changed", delete="tags")
    client.call("PUT", VM + "/firewall/options", enable=0)
    done(client, client.call("PUT", VM + "/resize", disk="scsi0", size="7G").json()["data"])
    restore = {"vmid": 2001, "archive": backup["volid"], "force": 1}
    answer = client.call("POST", "/nodes/pve1/qemu", **restore)
    assert answer.reason == "unable to restore VM 2001 - vm is running"
    done(client, client.post(VM + "/status/stop"))
    answer = client.call("POST", "/nodes/pve1/qemu", **restore | {"force": 0})
    assert answer.reason == "unable to restore VM 2001 - VM 2001 already exists on node 'pve1'"
    upid = client.post("/nodes/pve1/qemu", **restore)
    assert upid.split(":")[5] == "qmrestore"
    done(client, upid)
    after = client.get(VM + "/config")
    for key in ("smbios1", "description", "net0", "ipconfig0", "name"):
        assert after[key] == before[key]
    assert after["scsi0"].endswith("size=2G")
    assert "/base-" not in after["scsi0"]
    start(client, lab)
    eventually(lambda: knock(address, PORT) == "refused")  # its firewall came back too
    client.call("PUT", VM + "/firewall/options", enable=0)
    eventually(lambda: knock(address, PORT) == "open")
    assert enters(address, PORT, KEY)
    kept = client.call("DELETE", f"/nodes/pve1/storage/local/content/{backup['volid']}")
    assert "protected" in failed(client, kept.json()["data"])[0]


def test_backups_that_fail(lab: LabCluster, client: Client) -> None:
    make(client, lab)
    lab.fault("backup-fails", text="no luck")
    status, log = failed(client, back_up(client))
    assert status == "job errors"
    assert "ERROR: Backup of VM 2001 failed - no luck" in log
    lab.fault("storage-full", storage="local")
    assert any("No space left" in line for line in failed(client, back_up(client))[1])
    assert backups(client) == []
    assert "lock" not in client.get(VM + "/config")
    lab.clear()
    done(client, back_up(client))
    (backup,) = backups(client)
    done(client, client.post(VM + "/status/stop"))
    lab.fault("restore-fails")
    upid = client.post("/nodes/pve1/qemu", vmid=2001, archive=backup["volid"], force=1)
    assert failed(client, upid)[0].startswith("unable to restore VM 2001 - ")
    broken = failed(client, client.post(VM + "/status/start"))[0]
    assert broken.endswith("does not exist"), "the old disks are gone"
    done(client, client.post("/nodes/pve1/qemu", vmid=2001, archive=backup["volid"], force=1))
    start(client, lab)
    gone = client.call("DELETE", f"/nodes/pve1/storage/local/content/{backup['volid']}")
    done(client, gone.json()["data"])
    assert backups(client) == []


def test_a_backup_outlives_its_vm(lab: LabCluster, client: Client) -> None:
    make(client, lab)
    client.post("/cluster/backup", id="nightly", vmid="2001,101", schedule="02:30", storage="local")
    done(client, back_up(client))
    done(client, client.post(VM + "/status/stop"))
    answer = client.call("DELETE", VM, purge=1, destroy_unreferenced_disks=1)
    done(client, answer.json()["data"])
    vmids = {job["id"]: job["vmid"] for job in client.get("/cluster/backup")}
    assert vmids["nightly"] == "101"
    (backup,) = backups(client)
    done(client, client.post("/nodes/pve1/qemu", vmid=2002, archive=backup["volid"], unique=1))
    assert client.get("/nodes/pve1/qemu/2002/config")["name"] == "web-2001"


def test_jobs(lab: LabCluster, client: Client) -> None:
    job = {"id": "weekly", "schedule": "sat 02:00", "storage": "local"}
    for wrong, field in (({}, "vmid"), ({"vmid": "101", "all": 1}, "all")):
        answer = client.call("POST", "/cluster/backup", **job, **wrong)
        assert field in answer.json()["errors"]
    client.post("/cluster/backup", **job, all=1, exclude="101")
    assert client.call("POST", "/cluster/backup", **job, all=1).reason == (
        "Job 'weekly' already exists"
    )
    client.call("PUT", "/cluster/backup/weekly", vmid="102,103")
    found = client.get("/cluster/backup/weekly")
    assert found["vmid"] == "102,103"
    assert "all" not in found
    assert "exclude" not in found
    client.call("PUT", "/cluster/backup/weekly", pool="opd-dinkes", delete="vmid")
    assert client.get("/cluster/backup/weekly")["pool"] == "opd-dinkes"
    assert client.call("PUT", "/cluster/backup/none", vmid="101").reason == "no such vzdump job"
    client.call("DELETE", "/cluster/backup/weekly")
    assert [job["id"] for job in client.get("/cluster/backup")] == ["office-nightly"]


# --------------------------------------------------------------------- moves


@pytest.mark.parametrize(("template", "running"), [(9000, True), (9000, False), (9011, True)])
def test_a_move(lab: LabCluster, client: Client, template: int, running: bool) -> None:
    full = {"full": 1} if template == 9011 else {}
    address = make(client, lab, template, **full)
    if running:
        answer = client.call("POST", VM + "/migrate", target="pve2")
        assert answer.reason == "can't migrate running VM without --online"
    if template == 9011:
        status, log = failed(client, client.post(VM + "/migrate", target="pve2", online=1))
        assert status == "migration aborted"
        assert "without with-local-disks option" in log[-2]
    if not running:
        done(client, client.post(VM + "/status/stop"))
    with_disks = {"with-local-disks": 1, "online": int(running)}
    other = {"targetstorage": "shared"} if template == 9011 else {}
    log = done(client, client.post(VM + "/migrate", target="pve2", **with_disks, **other))
    assert "migration finished successfully" in log[-2]
    vm = lab.vm(2001)
    assert vm
    assert vm["node"] == "pve2"
    assert vm["status"] == ("running" if running else "stopped")
    if running:
        assert enters(address, PORT)
    scsi0 = client.get("/nodes/pve2/qemu/2001/config")["scsi0"]
    assert scsi0.startswith("shared:")
    volumes = [v["volid"] for v in lab.state()["volumes"] if v["vmid"] == 2001]
    assert scsi0.split(",")[0] in volumes
    if other:
        assert not [v for v in volumes if v.startswith("local-lvm")]


def test_what_is_refused_of_moves(lab: LabCluster, client: Client) -> None:
    make(client, lab, 9011, full=1)
    done(client, client.post(VM + "/status/stop"))
    for params, text in (
        ({"target": "pve9"}, "no such cluster node 'pve9'"),
        ({"target": "pve2", "targetstorage": "local"}, "does not support vm images"),
        ({"target": "pve2", "targetstorage": "gone"}, "storage 'gone' does not exist"),
    ):
        answer = client.call("POST", VM + "/migrate", **params)
        assert answer.status_code == 500
        assert text in answer.reason
    answer = client.call("POST", VM + "/migrate", target="pve1")
    assert answer.json()["errors"] == {"target": "target is local node."}
    lab.fault("migrate-fails")
    status, _ = failed(client, client.post(VM + "/migrate", target="pve2"))
    assert status == "migration aborted"
    lab.fault("storage-full", storage="local-lvm", node="pve2")
    assert failed(client, client.post(VM + "/migrate", target="pve2"))[0] == "migration aborted"
    lab.clear()
    vm = lab.vm(2001)
    assert vm
    assert vm["node"] == "pve1"
    assert vm["lock"] is None
    start(client, lab)
