"""Orders to VMs that stand, call by call: what is sent, what is lost, what others changed."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.drivers.hypervisor import (
    BackUp,
    DropBackup,
    EnsurePool,
    FirewallRule,
    JoinBackupJob,
    LeaveBackupJob,
    Migrate,
    Order,
    PowerOff,
    PowerOn,
    Restart,
    RestoreBackup,
    Rights,
    RollBack,
    SetFirewall,
    Shutdown,
    TakeSnapshot,
    TaskHandle,
    VmOrder,
    WriteGuestFile,
)
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable
from tests.contract.scripted import Reply, ScriptedCluster, refusal
from tests.contract.test_proxmox_orders import stands, upid

VM = "/nodes/pve1/qemu/2001"
BACKUP = "local:backup/vzdump-qemu-2001-2026_11_22-01_55_03.vma.zst"
CONTENT = "/nodes/pve1/storage/local/content"
RULE = FirewallRule("tcp", 22, "provisioner: request VPS-2026-0001")
JOB = {"id": "ours", "vmid": "2005", "enabled": 1, "storage": "local", "type": "vzdump"}


def ready(scripted: ScriptedCluster) -> None:
    """VM 2001 stands on pve1, with a backup, without firewall, and there is a job."""
    stands(scripted, "pve1", smbios1="uuid=aaaa-bb", description="mark")
    scripted.on("GET", CONTENT, [{"volid": BACKUP, "vmid": 2001, "content": "backup"}])
    scripted.on("GET", f"{VM}/firewall/options", {})
    scripted.on("GET", f"{VM}/firewall/ipset", [])
    scripted.on("GET", f"{VM}/firewall/rules", [])
    scripted.on("GET", "/pools", [])
    scripted.on("GET", "/cluster/backup", [JOB])


@pytest.mark.parametrize(
    ("call", "order"),
    [
        (f"POST {VM}/status/shutdown", Shutdown(2001, "pve1", 60)),
        (f"POST {VM}/status/reboot", Restart(2001, "pve1", 60)),
        (f"POST {VM}/snapshot", TakeSnapshot(2001, "pve1", "before", "mark")),
        (f"POST {VM}/snapshot/before/rollback", RollBack(2001, "pve1", "before", "AAAA-bb")),
        (f"POST {VM}/migrate", Migrate(2001, "pve1", "pve2", online=True)),
        ("POST /nodes/pve1/vzdump", BackUp(2001, "pve1", "local", "mark")),
        ("POST /nodes/pve1/qemu", RestoreBackup(2001, "pve1", BACKUP, "aaaa-bb")),
        (f"DELETE {CONTENT}/{BACKUP}", DropBackup(2001, "pve1", BACKUP)),
        (f"POST {VM}/firewall/ipset", SetFirewall(2001, "pve1", (RULE,), ("10.0.0.5",))),
        ("POST /pools", EnsurePool("opd", "x")),
        ("PUT /cluster/backup/ours", JoinBackupJob("ours", 2001)),
        (f"POST {VM}/agent/file-write", WriteGuestFile(2001, "pve1", "/etc/x", "y")),
    ],
)
def test_an_answer_that_is_lost_is_unknown_and_nothing_is_repeated(
    scripted: ScriptedCluster, script: ProxmoxCluster, call: str, order: Order
) -> None:
    """Pitfalls 6 and 7, for each order."""
    ready(scripted)
    scripted.on(*call.split(" ", 1), Reply(drop=True))
    with pytest.raises(OutcomeUnknown):
        script.submit(order)
    writes = [seen for seen in scripted.calls() if not seen.startswith("GET")]
    assert writes == [call]


def test_a_restore_is_compared_right_before_the_call(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    ready(scripted)
    task = upid("qmrestore")
    scripted.on("POST", "/nodes/pve1/qemu", task)
    order = RestoreBackup(2001, "pve1", BACKUP, "AAAA-BB", "shared")
    assert script.submit(order) == TaskHandle(task, "pve1")
    sent = {"vmid": "2001", "archive": BACKUP, "force": "1", "storage": "shared"}
    assert scripted.seen[-1].values == sent
    for strange in ("aaaa-cc", ""):
        with pytest.raises(Refused):
            script.submit(RestoreBackup(2001, "pve1", BACKUP, strange))
    for volume in ("pbs:backup/vm/2002/2026-11-22T01:55:03Z", "local:2001/vm-2001-disk-0.qcow2"):
        with pytest.raises(Refused):
            script.submit(RestoreBackup(2001, "pve1", volume, "aaaa-bb"))
    stands(scripted, "pve1", smbios1="uuid=aaaa-bb", template=1)
    with pytest.raises(Refused):
        script.submit(order)
    assert len(scripted.calls("POST")) == 1


def test_a_backup_of_a_backup_server_is_known_by_its_name(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    volume = "pbs:backup/vm/2001/2026-11-22T01:55:03Z"
    path = "/nodes/pve1/storage/pbs/content"
    scripted.on("GET", path, [{"volid": volume, "vmid": 2001, "content": "backup"}])
    scripted.on("DELETE", f"{path}/{volume}", upid("imgdel"))
    assert script.submit(DropBackup(2001, "pve1", volume)).id
    scripted.on("GET", path, [])
    assert script.submit(DropBackup(2001, "pve1", volume)).id == ""
    assert len(scripted.calls("DELETE")) == 1
    with pytest.raises(Refused):
        script.submit(DropBackup(200, "pve1", volume))


def test_notes_are_taken_literally(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    ready(scripted)
    scripted.on("POST", "/nodes/pve1/vzdump", upid("vzdump"))
    script.submit(BackUp(2001, "pve1", "local", "a\nb \\ {{vmid}}", protected=True))
    sent = scripted.seen[-1].values
    assert sent["notes-template"] == "a\\nb \\\\ { {vmid}}"
    assert (sent["mode"], sent["remove"], sent["protected"]) == ("snapshot", "0", "1")


def test_a_files_characters_arrive_as_bytes(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    ready(scripted)
    scripted.on("POST", f"{VM}/agent/file-write", None)
    script.submit(WriteGuestFile(2001, "pve1", "/etc/x", "plain"))
    assert scripted.seen[-1].values == {"file": "/etc/x", "content": "plain"}
    script.submit(WriteGuestFile(2001, "pve1", "/etc/x", "é–"))
    sent = scripted.seen[-1].values
    assert (base64.b64decode(sent["content"]).decode(), sent["encode"]) == ("é–", "0")
    machine = script.machine(2001)
    assert machine is not None
    as_pve = "é–".encode().decode("latin-1")
    scripted.on("GET", f"{VM}/agent/file-read", {"content": as_pve}, {"content": "é"})
    assert script.guest_file(machine, "/etc/x") == "é–"
    assert script.guest_file(machine, "/etc/x") == "é"


def test_a_firewall_that_is_as_wanted_is_left_alone(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    ready(scripted)
    row = {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "22", "enable": 1}
    ours = {**row, "pos": 0, "comment": RULE.comment, "digest": "one"}
    theirs = {**row, "pos": 1, "comment": "by hand", "digest": "one"}
    options = {"enable": 1, "policy_in": "DROP", "digest": "x"}
    scripted.on("GET", f"{VM}/firewall/options", options)
    scripted.on("GET", f"{VM}/firewall/ipset", [{"name": "ipfilter-net0"}])
    scripted.on("GET", f"{VM}/firewall/ipset/ipfilter-net0", [{"cidr": "10.0.0.5/32"}])
    scripted.on("GET", f"{VM}/firewall/rules", [ours, theirs])
    script.submit(SetFirewall(2001, "pve1", (RULE,), ("10.0.0.5",)))
    assert [call for call in scripted.calls() if not call.startswith("GET")] == []

    stale = {**ours, "pos": 2, "digest": "two"}  # ours twice, as after a lost answer
    scripted.on(
        "GET",
        f"{VM}/firewall/rules",
        [ours, theirs, stale],
        [ours, theirs, stale],
        [ours, theirs],
    )
    scripted.on("PUT", f"{VM}/firewall/options", None)
    scripted.on("GET", f"{VM}/firewall/options", {**options, "macfilter": 0})
    scripted.on("DELETE", f"{VM}/firewall/rules/2", None)
    script.submit(SetFirewall(2001, "pve1", (RULE,), ("10.0.0.5",)))
    writes = [seen for seen in scripted.seen if seen.method != "GET"]
    assert [(seen.method, seen.values) for seen in writes] == [
        ("PUT", {"macfilter": "1"}),
        ("DELETE", {"digest": "two"}),
    ]


def test_a_job_that_another_wrote_at_once_is_written_again(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    ready(scripted)
    scripted.on("PUT", "/cluster/backup/ours", None)
    with pytest.raises(Retriable):
        script.submit(JoinBackupJob("ours", 2001))  # the list reads back without it
    assert scripted.seen[-2].values == {"vmid": "2001,2005"}
    scripted.on("GET", "/cluster/backup", [JOB], [{**JOB, "vmid": "999999999", "enabled": 0}])
    script.submit(LeaveBackupJob("ours", 2005))
    assert scripted.seen[-2].values == {"vmid": "999999999", "enabled": "0"}
    writes = len(scripted.calls("PUT"))
    script.submit(LeaveBackupJob("ours", 2005))
    script.submit(LeaveBackupJob("nosuch", 2005))
    assert len(scripted.calls("PUT")) == writes


def test_a_job_of_a_pool_covers_its_vms(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    row = {"type": "qemu", "vmid": 2001, "node": "pve1", "pool": "opd"}
    scripted.on("GET", "/cluster/resources", [row])
    scripted.on("GET", "/cluster/backup", [{"id": "ours", "pool": "opd", "storage": "local"}])
    script.submit(JoinBackupJob("ours", 2001))
    with pytest.raises(ActionNeeded):
        script.submit(JoinBackupJob("ours", 2002))
    assert scripted.calls("PUT") == []


def test_a_pool_that_is_there_needs_no_right_to_make_one(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    scripted.on("GET", "/pools", [{"poolid": "opd"}])
    script.submit(EnsurePool("opd", "x"))
    assert scripted.calls("POST") == []
    scripted.on("GET", "/pools", [])
    scripted.on("POST", "/pools", refusal("create pool failed: pool 'opd' already exists"))
    script.submit(EnsurePool("opd", "x"))  # one that the token does not see
    scripted.on(
        "POST", "/pools", refusal("Permission check failed (/pool/opd, Pool.Allocate)", 403)
    )
    with pytest.raises(ActionNeeded, match=r"Pool\.Allocate"):
        script.submit(EnsurePool("opd", "x"))


@pytest.mark.parametrize(
    ("order", "type_", "id_"),
    [
        (PowerOn(2001, "pve1"), "hastart", "2001"),
        (PowerOff(2001, "pve1"), "hastop", "2001"),
        (Migrate(2001, "pve1", "pve2", online=True), "hamigrate", "2001"),
        (BackUp(2001, "pve1", "local", "x"), "vzdump", "2001"),
        (RestoreBackup(2001, "pve1", BACKUP, "x"), "qmrestore", "2001"),
        (Restart(2001, "pve1", 9), "qmreboot", "2001"),
        (DropBackup(2001, "pve1", BACKUP), "imgdel", "2001@local"),
    ],
)
def test_the_task_of_an_order_is_found_on_any_node(
    scripted: ScriptedCluster, script: ProxmoxCluster, order: VmOrder, type_: str, id_: str
) -> None:
    since = datetime.now(UTC)
    scripted.on("GET", "/cluster/resources", [])
    scripted.on("GET", "/nodes", [{"node": name} for name in ("pve1", "pve2", "pve3")])
    moment = f"{int(time.time()):08X}"

    def task(node: str, user: str = "provisioner@pve!service", kind: str = type_) -> dict[str, Any]:
        return {"upid": f"UPID:{node}:0000046B:0008341D:{moment}:{kind}:{id_}:{user}:"}

    others = [task("pve1", "other@pve!x"), task("pve1", kind="qmclone")]
    scripted.on("GET", "/nodes/pve1/tasks", others)
    scripted.on("GET", "/nodes/pve2/tasks", [task("pve2")])
    scripted.on("GET", "/nodes/pve3/tasks", refusal("No route to host", 595))
    found = script.order_task(order, since)
    assert found == TaskHandle(str(task("pve2")["upid"]), "pve2")
    scripted.on("GET", "/nodes/pve2/tasks", [])
    assert script.order_task(order, since) is None  # pve3 has nothing to do with it
    scripted.on("GET", "/nodes/pve1/tasks", refusal("No route to host", 595))
    with pytest.raises(Retriable, match="pve1"):
        script.order_task(order, since)


def test_backups_of_storages_that_answer(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    row = {"type": "storage", "status": "available", "content": "backup,images", "node": "pve1"}
    scripted.on(
        "GET",
        "/cluster/resources",
        [{**row, "storage": name} for name in ("local", "nfs")],
    )
    old = {"volid": BACKUP, "vmid": 2001, "content": "backup", "ctime": 5, "size": 1 << 30}
    new = {**old, "volid": BACKUP.replace("55", "56"), "ctime": 9, "notes": "mark", "protected": 1}
    base = {"volid": "local:9000/base-9000-disk-0.qcow2", "vmid": 9000, "content": "images"}
    scripted.on("GET", CONTENT, [old, new, {**old, "vmid": 2002}, base, {"content": "iso"}])
    scripted.on("GET", "/nodes/pve1/storage/nfs/content", refusal("storage 'nfs' is not online"))
    newest, oldest = script.backups(2001)
    assert (newest.notes, newest.protected, oldest.size_gb) == ("mark", True, 1)
    assert newest.made_at == datetime.fromtimestamp(9, UTC)
    first, *rest = script.stored()
    assert (first.content, first.base, first.vmid) == ("images", True, 9000)
    assert len(rest) == 3


@pytest.mark.parametrize(
    ("status", "emptied"),
    [
        ({"manager_status": {"node_status": {"pve1": "maintenance"}}}, {"pve1"}),
        ({"lrm_status": {"pve2": {"mode": "maintenance", "state": "active"}}}, {"pve2"}),
        ({"manager_status": None, "lrm_status": {"pve1": None}, "quorum": {}}, set()),
        (refusal("Permission check failed (/, Sys.Audit)", 403), set()),
    ],
)
def test_nodes_in_maintenance(
    scripted: ScriptedCluster, script: ProxmoxCluster, status: Any, emptied: set[str]
) -> None:
    node = {"type": "node", "status": "online", "maxcpu": 8, "maxmem": 1 << 34}
    storage = {"type": "storage", "node": "pve1", "storage": "local", "plugintype": "dir"}
    rows = [{**node, "node": name} for name in ("pve1", "pve2")]
    scripted.on("GET", "/cluster/resources", [*rows, storage])
    scripted.on("GET", "/cluster/ha/status/manager_status", status)
    facts = script.facts()
    assert {node.name for node in facts.nodes if node.maintenance} == emptied
    assert [storage.kind for storage in facts.storages] == ["dir"]
    assert facts.version == ""


def test_rights_are_inherited_unless_they_end_where_they_are(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    scripted.on("GET", "/version", {"version": "8.4.5"})
    permissions = {"/": {"Sys.Modify": 0, "VM.Audit": 1}, "/vms": {"VM.Audit": 1, "VM.Clone": 1}}
    scripted.on("GET", "/access/permissions", permissions)
    rights = script.rights()
    assert isinstance(rights, Rights)
    assert rights.version == "8.4.5"
    assert rights.has("/", "Sys.Modify")
    assert not rights.has("/nodes/pve1", "Sys.Modify")
    assert rights.has("/storage/local", "VM.Audit")
    assert rights.has("/vms/2001", "VM.Clone")
    assert not rights.has("/pool/opd", "VM.Clone")


def test_what_an_agent_does_not_tell_is_empty(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    ready(scripted)
    machine = script.machine(2001)
    assert machine is not None
    agent = f"{VM}/agent"
    scripted.on("GET", f"{agent}/get-host-name", {"result": {"host-name": "x" * 9999}})
    scripted.on("GET", f"{agent}/get-osinfo", refusal("Agent error: disabled"))
    strange: list[Any] = [{"mountpoint": "/", "used-bytes": "many"}, 7, {"mountpoint": "/boot"}]
    scripted.on("GET", f"{agent}/get-fsinfo", {"result": strange})
    facts = script.guest_facts(machine)
    assert (len(facts.hostname), facts.system, facts.filesystems) == (500, "", {})
    scripted.on("GET", f"{agent}/get-host-name", refusal("QEMU guest agent is not running"))
    before = len(scripted.seen)
    assert script.guest_facts(machine).hostname == ""
    assert len(scripted.seen) == before + 1  # each further question would take three seconds
    denied = refusal("Permission check failed (/vms/2001, VM.GuestAgent.Audit)", 403)
    scripted.on("GET", f"{agent}/get-host-name", denied)
    with pytest.raises(ActionNeeded):
        script.guest_facts(machine)
