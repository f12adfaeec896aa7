"""The recorded answers of a real Proxmox VE 9.1, replayed over HTTPS through the driver."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provisioner.drivers.hypervisor import (
    Clone,
    Configure,
    DropSnapshot,
    GrowDisk,
    PowerOff,
    PowerOn,
    Shutdown,
    TakeSnapshot,
    TaskHandle,
    TemplateKey,
    VmidTaken,
)
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.proxmox.failures import from_text
from provisioner.errors import ActionNeeded, Refused, Retriable
from tests.contract.scripted import Reply, ScriptedCluster
from tests.contract.stages import SECRET, Certificate, cluster_settings

TRANSCRIPT = Path(__file__).parents[2].parent / "shared" / "reference" / "pve-9.1-transcript.jsonl"
pytestmark = pytest.mark.skipif(
    not TRANSCRIPT.exists(), reason="the recording of a real PVE 9.1 lies beside the repository"
)
UPID_OF_RUN = "UPID:pve:000002C6:0007E4E1:6B024A31:qmclone:9000:auto@pve!run:"
STARTED = 0x6B024A31
Find = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in TRANSCRIPT.read_text().splitlines()]


@pytest.fixture
def find(rows: list[dict[str, Any]]) -> Find:
    def search(method: str, path: str, note: str | None = None, nth: int = 0) -> dict[str, Any]:
        found = [
            row
            for row in rows
            if row["method"] == method
            and row["path"] == path
            and (note is None or row["note"] == note)
        ]
        return found[nth]

    return search


@pytest.fixture
def replay(scripted: ScriptedCluster, certificate: Certificate) -> Iterator[ProxmoxCluster]:
    settings = cluster_settings([scripted.url], [certificate.pin], token_id="auto@pve!run")
    driver = ProxmoxCluster("dc1", settings, lambda: SECRET, Path("/"))
    yield driver
    driver.close()


def reply(row: dict[str, Any]) -> Reply:
    """The recorded answer, byte for byte where it counts: status, reason phrase, body."""
    body = row["body"]
    raw = json.dumps(body).encode() if isinstance(body, dict) else str(body).encode()
    return Reply(status=row["status"], reason=row["reason"], raw=raw)


def put(scripted: ScriptedCluster, *rows: dict[str, Any], path: str | None = None) -> None:
    scripted.on(rows[0]["method"], path or rows[0]["path"], *[reply(row) for row in rows])


def test_facts(scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find) -> None:
    """Pitfall 30: stopped VMs and templates are in the listing."""
    put(scripted, find("GET", "/cluster/resources"))
    put(scripted, find("GET", "/cluster/status"))
    put(scripted, find("GET", "/nodes/pve/qemu/9000/config"))
    facts = replay.facts((TemplateKey(vmid=9000),))
    (node,) = facts.nodes
    assert (node.name, node.online, node.cores) == ("pve", True, 2)
    assert (node.memory_mb, node.memory_used_mb) == (24105, 1316)
    (storage,) = facts.storages
    assert (storage.name, storage.shared, storage.active) == ("local", False, True)
    assert "images" in storage.content
    assert storage.total_gb == pytest.approx(251.97, abs=0.01)
    assert storage.free_gb == pytest.approx(218.37, abs=0.01)
    (guest,) = facts.guests
    assert (guest.vmid, guest.template, guest.power) == (9000, True, "stopped")
    (template,) = facts.templates
    assert (template.disk, template.disk_gb, template.storage) == ("scsi0", 2, "local")
    assert template.cloud_init
    assert template.agent
    assert template.linked_clone
    assert not template.storage_shared
    assert template.net0 == "virtio=BC:24:11:9E:70:24,bridge=vmbr0,firewall=1"
    assert facts.quorate  # a node alone has no cluster row
    assert facts.bridges == {}  # not recorded, so refused: no reason to fail


def test_a_configured_vm(scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find) -> None:
    """Pitfall 24: the keys come back as lines."""
    put(scripted, find("GET", "/cluster/nextid", "taken"))
    put(scripted, find("GET", "/nodes"))
    put(scripted, find("GET", "/cluster/resources", "with the new VMs"))
    put(
        scripted,
        find("GET", "/nodes/pve/qemu/2002/config", "audit and allocate only"),
    )
    status = find("GET", "/nodes/pve/qemu/2001/status/current", "running")
    put(scripted, status, path="/nodes/pve/qemu/2002/status/current")
    machine = replay.machine(2002)
    assert machine is not None
    assert (machine.node, machine.name, machine.power) == ("pve", "rec-linked", "running")
    assert machine.uuid == "30ce913f-8625-48c9-9255-f2178b1e3a88"
    assert machine.disks_gb == {"scsi0": 2}
    assert (machine.cores, machine.memory_mb) == (1, 512)
    keys = machine.options["sshkeys"].splitlines()
    assert len(keys) == 2
    assert keys[0].startswith("ssh-ed25519 AAAA")
    assert "+AO5SDl" in keys[0]
    assert keys[0].endswith(" applicant@example")


def test_a_vm_while_it_is_cloned(
    scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find
) -> None:
    """Pitfall 14: only the lock and a temporary description, none of our marks."""
    put(scripted, find("GET", "/cluster/nextid", "taken"))
    put(scripted, find("GET", "/nodes"))
    scripted.on("GET", "/cluster/resources", [])
    put(scripted, find("GET", "/nodes/pve/qemu/2001/config", "during clone"))
    scripted.on("GET", "/nodes/pve/qemu/2001/status/current", {"status": "stopped", "vmid": 2001})
    machine = replay.machine(2001)
    assert machine is not None
    assert machine.lock == "clone"
    assert (machine.name, machine.uuid, machine.disks_gb) == ("", None, {})
    assert machine.description == " qmclone temporary file"


def test_a_vm_that_is_not_there(
    scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find
) -> None:
    """Pitfall 1: asked by number, on the whole cluster, in one call."""
    put(scripted, find("GET", "/cluster/nextid", "free"))
    assert replay.machine(2001) is None
    assert scripted.calls() == ["GET /cluster/nextid"]


def test_the_orders_are_those_that_the_cluster_took(
    scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find
) -> None:
    """Pitfalls 12, 18, 20, 22, 24: same paths and values as recorded."""
    cloned = find("POST", "/nodes/pve/qemu/9000/clone", "linked clone for the host key")
    put(scripted, cloned)
    mark = cloned["params"]["description"]
    handle = replay.submit(Clone(9000, "pve", 2010, "pve", "hostkey", mark, "linked"))
    assert handle == TaskHandle(cloned["body"]["data"], "pve")
    assert scripted.seen[-1].values == {
        **{key: str(value) for key, value in cloned["params"].items()},
        "full": "0",
    }

    put(scripted, find("POST", "/nodes/pve/qemu/2010/config", "cloud-init by task"))
    keys = find("PUT", "/nodes/pve/qemu/2002/config", "sshkeys two keys")["params"]["sshkeys"]
    line = (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ75wwyKHtlY+AO5SDlqcAW9n6fY3yJT506wwaaiKzys "
        "applicant@example"
    )
    options = {"ciuser": "dinkes", "sshkeys": f"\n{line}\n\n  {line}\n"}
    handle = replay.submit(Configure(2010, "pve", options))
    assert ":qmconfig:2010:" in handle.id
    assert scripted.seen[-1].values == {"ciuser": "dinkes", "ciupgrade": "0", "sshkeys": keys}

    put(scripted, find("PUT", "/nodes/pve/qemu/2001/resize", "grow"))
    assert ":resize:2001:" in replay.submit(GrowDisk(2001, "pve", "scsi0", 3)).id
    assert scripted.seen[-1].values == {"disk": "scsi0", "size": "3G"}
    scripted.on("PUT", "/nodes/pve/qemu/2001/resize", Reply(None))
    assert replay.submit(GrowDisk(2001, "pve", "scsi0", 3)).id == ""

    put(scripted, find("POST", "/nodes/pve/qemu/2001/status/start", "start"))
    assert ":qmstart:2001:" in replay.submit(PowerOn(2001, "pve")).id
    put(scripted, find("POST", "/nodes/pve/qemu/2001/status/stop", "stop"))
    assert ":qmstop:2001:" in replay.submit(PowerOff(2001, "pve")).id


def test_the_ends_of_tasks(
    scripted: ScriptedCluster, replay: ProxmoxCluster, rows: list[dict[str, Any]]
) -> None:
    """Pitfall 10: every recorded task, with its log."""
    ended = [
        row
        for row in rows
        if row["path"].endswith("/status") and "exitstatus" in (row["body"].get("data") or {})
    ]
    assert len(ended) > 10
    for row in rows:
        if "/tasks/UPID" in row["path"] and row["path"].endswith("/log"):
            put(scripted, row)
    wanted = {"OK": "ok", "VM 2001 already running": "ok"}
    for row in ended:
        put(scripted, row)
        data = row["body"]["data"]
        state = replay.task(TaskHandle(data["upid"], "pve"))
        assert state.status == wanted.get(data["exitstatus"], "failed")
        assert state.exit == data["exitstatus"]
        if state.status == "failed":
            assert isinstance(state.failure, (Refused, ActionNeeded))
            assert state.log[-1] == f"TASK ERROR: {data['exitstatus']}"
            assert state.failure.log == state.log


def test_a_task_that_is_not_known_yet(
    scripted: ScriptedCluster, replay: ProxmoxCluster, rows: list[dict[str, Any]]
) -> None:
    """Pitfall 10: right after the start the node may not know it."""
    row = next(row for row in rows if row["note"] == "unknown UPID")
    put(scripted, row)
    upid = row["path"].split("/")[4]
    assert replay.task(TaskHandle(upid, "pve")).status == "running"


def test_our_clone_is_found_among_the_tasks(
    scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find
) -> None:
    """Pitfalls 9, 34."""
    put(scripted, find("GET", "/nodes/pve/tasks"))
    log = find(
        "GET", "/nodes/pve/tasks/UPID:pve:0000046B:0008341D:6B024AFC:qmclone:9000:root@pam:/log"
    )
    put(scripted, log, path=f"/nodes/pve/tasks/{UPID_OF_RUN}/log")
    since = datetime.fromtimestamp(STARTED, UTC)
    order = Clone(9000, "pve", 2001, "pve", "rec-full", "REQ VPS-2026-0001", "full")
    assert replay.clone_task(order, since) == TaskHandle(UPID_OF_RUN, "pve")
    asked = next(seen for seen in scripted.seen if seen.path == "/nodes/pve/tasks")
    assert asked.values["typefilter"] == "qmclone"
    assert asked.values["source"] == "all"
    assert asked.values["vmid"] == "9000"
    later = datetime.fromtimestamp(STARTED + 60, UTC)
    assert replay.clone_task(order, later) is None
    other = Clone(9000, "pve", 2002, "pve", "x", "y", "full")
    assert replay.clone_task(other, since) is None


def test_the_guest(scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find) -> None:
    """Pitfall 26: addresses without lo and fe80, cloud-init while it still runs, the host key.

    The key is asked for once cloud-init has ended, or where nobody can tell whether it has.
    """
    agent = "/nodes/pve/qemu/2010/agent"
    put(scripted, find("GET", f"{agent}/network-get-interfaces"))
    put(
        scripted,
        find("GET", f"{agent}/file-read", "cloud-init result"),
        find("GET", f"{agent}/file-read", "host key by agent"),
    )
    report = replay.guest(_machine(2010))
    assert report.answering
    assert report.addresses == {"10.10.10.121"}
    assert report.host_keys == ()
    assert report.cloud_init == "running"
    assert replay.guest(_machine(2010)).host_keys == (
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJWGdHw9VR+dYg4igoY+aZm4N1N+HiQEc7PNQiVfJ7r5",
    )
    status, key = "/run/cloud-init/status.json", "/etc/ssh/ssh_host_ed25519_key.pub"
    files = [seen.values.get("file") for seen in scripted.seen]
    assert files == [None, status, None, status, key]


def test_a_guest_without_agent_yet(
    scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find
) -> None:
    """Pitfall 26: one call, whose answer takes three seconds."""
    path = "/nodes/pve/qemu/2001/agent/network-get-interfaces"
    put(scripted, find("GET", path, "agent not yet"))
    report = replay.guest(_machine(2001))
    assert not report.answering
    assert report.detail == "QEMU guest agent is not running"
    assert len(scripted.seen) == 1


def test_what_stands_of_a_vm(
    scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find, rows: list[dict[str, Any]]
) -> None:
    """Pending options, snapshots, backups, jobs, firewall, pools and the guest, as recorded."""
    machine = _machine(2001)
    put(scripted, find("GET", "/nodes/pve/qemu/2001/pending"))
    assert replay.pending(machine) == {"memory"}
    put(scripted, find("GET", "/nodes/pve/qemu/2001/snapshot"))
    (snapshot,) = replay.snapshots(machine)
    assert (snapshot.name, snapshot.memory) == ("before", False)
    assert snapshot.taken_at == datetime.fromtimestamp(1795312393, UTC)
    put(scripted, find("GET", "/cluster/resources"))
    put(scripted, find("GET", "/nodes/pve/storage/local/content", "after destroy"))
    (backup,) = replay.backups(2002)
    assert backup.volume == "local:backup/vzdump-qemu-2002-2026_11_22-01_55_03.vma.zst"
    assert (backup.size_gb, backup.notes) == (pytest.approx(0.145, abs=0.001), "")
    assert [volume.base for volume in replay.stored()] == [True, False, False]
    listed = [row for row in rows if row["path"] == "/cluster/backup" and row["method"] == "GET"]
    put(scripted, listed[1])
    everything = replay.backup_job("b1")
    named = replay.backup_job("9aebb8b2-de57-4c63-87e9-152520984cf2")
    assert everything is not None
    assert named is not None
    assert (everything.everything, everything.enabled) == (True, False)
    assert (named.vmids, named.enabled, named.storage) == ({2001}, True, "local")
    agent = "/nodes/pve/qemu/2001/agent"
    for question in ("get-host-name", "get-osinfo", "get-fsinfo"):
        put(scripted, find("GET", f"{agent}/{question}"))
    facts = replay.guest_facts(machine)
    assert (facts.hostname, facts.system) == ("rec-full", "Debian GNU/Linux 13 (trixie)")
    assert facts.kernel == "6.12.107+deb13-cloud-amd64"
    assert facts.filesystems == {
        "/": (pytest.approx(0.292, abs=0.001), pytest.approx(2.69, abs=0.01))
    }
    missing = find("GET", "/nodes/pve/qemu/2010/agent/file-read", "missing file")
    put(scripted, missing, path=f"{agent}/file-read")
    assert replay.guest_file(machine, "/etc/nosuch") is None
    put(scripted, find("GET", "/version"))
    put(scripted, find("GET", "/access/permissions"))
    rights = replay.rights()
    assert rights.version == "9.1.8"
    assert rights.has("/vms/2001", "VM.GuestAgent.FileWrite")


def test_the_orders_to_a_standing_vm_are_those_that_the_cluster_took(
    scripted: ScriptedCluster, replay: ProxmoxCluster, find: Find
) -> None:
    vm = "/nodes/pve/qemu/2001"
    for order, method, path, type_ in (
        (Shutdown(2001, "pve", 90), "POST", f"{vm}/status/shutdown", "qmshutdown"),
        (TakeSnapshot(2001, "pve", "before", ""), "POST", f"{vm}/snapshot", "qmsnapshot"),
        (DropSnapshot(2001, "pve", "before"), "DELETE", f"{vm}/snapshot/before", "qmdelsnapshot"),
    ):
        put(scripted, find(method, path))
        assert f":{type_}:2001:" in replay.submit(order).id


REFUSALS = {
    "no such cluster node 'pve9'": ActionNeeded,
    "parameter 'storage' not allowed for linked clones": Refused,
    "SSH public key validation error": Refused,
    "VM 2001 is running - destroy failed": Retriable,
    "can't remove VM 2001 - protection mode enabled": ActionNeeded,
    "checksum mismatch (file change by other user?)": Retriable,
    "unable to create VM 2001: config file already exists": VmidTaken,
    "Permission check failed (/vms/9000, VM.Clone)": ActionNeeded,
    "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)": ActionNeeded,
}


def test_every_recorded_refusal_means_something(rows: list[dict[str, Any]]) -> None:
    seen = set()
    for row in rows:
        if row["status"] < 400 or row["status"] == 401:
            continue
        failure = from_text(row["reason"], cluster="dc1", status=row["status"], token_id="u@pve!t")
        if row["reason"] in REFUSALS:
            assert type(failure) is REFUSALS[row["reason"]]
            seen.add(row["reason"])
    assert seen == set(REFUSALS)


def _machine(vmid: int) -> Any:
    from provisioner.drivers.proxmox import parsing

    return parsing.machine("pve", {}, {"vmid": vmid, "status": "running"})
