"""What neither fakepve nor the recording shows: HA, moves, half-dead clusters, lost tasks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.drivers.hypervisor import (
    Clone,
    Configure,
    Destroy,
    PowerOff,
    PowerOn,
    TaskHandle,
    TemplateKey,
)
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable
from tests.contract.scripted import Reply, ScriptedCluster, refusal
from tests.contract.stages import TOKEN_ID

TAKEN = Reply(
    status=400, reason="Parameter verification failed.", errors={"vmid": "VM 2001 already exists"}
)
GONE = "Configuration file 'nodes/{}/qemu-server/2001.conf' does not exist"
CLONE = Clone(9000, "pve1", 2001, "pve1", "web", "mark", "linked")


def upid(kind: str = "qmstart", vmid: int = 2001, node: str = "pve1", user: str = TOKEN_ID) -> str:
    started = f"{int(time.time()):08X}"
    return f"UPID:{node}:0000046B:0008341D:{started}:{kind}:{vmid}:{user}:"


def ends(scripted: ScriptedCluster, task: str, exit_: str, log: list[str] | None = None) -> None:
    node = task.split(":")[1]
    lines = [{"n": n, "t": text} for n, text in enumerate(log or [], 1)]
    scripted.on(
        "GET", f"/nodes/{node}/tasks/{task}/status", {"status": "stopped", "exitstatus": exit_}
    )
    scripted.on("GET", f"/nodes/{node}/tasks/{task}/log", lines)


def stands(scripted: ScriptedCluster, node: str, **config: Any) -> None:
    """VM 2001 is on this node of pve1 and pve2, and on no other."""
    scripted.on("GET", "/cluster/nextid", TAKEN)
    scripted.on("GET", "/cluster/resources", [])
    scripted.on("GET", "/nodes", [{"node": n, "status": "online"} for n in ("pve1", "pve2")])
    for name in ("pve1", "pve2"):
        path = f"/nodes/{name}/qemu/2001"
        there = name == node
        scripted.on(
            "GET",
            f"{path}/config",
            {"name": "web", **config} if there else refusal(GONE.format(name)),
        )
        status = {"status": "stopped", "vmid": 2001}
        scripted.on(
            "GET", f"{path}/status/current", status if there else refusal(GONE.format(name))
        )


@pytest.mark.parametrize(
    ("kind", "exit_", "status", "warnings"),
    [
        ("qmclone", "OK", "ok", False),
        ("qmclone", "WARNINGS: 2", "ok", True),
        ("qmclone", "clone failed: got timeout", "failed", False),
        ("qmstart", "VM 2001 already running", "ok", False),
        ("qmstop", "VM 2001 not running", "ok", False),
        ("qmclone", "VM 2001 already running", "failed", False),
        ("qmdestroy", GONE.format("pve1"), "ok", False),
        ("qmconfig", GONE.format("pve1"), "failed", False),
    ],
)
def test_how_a_task_ended(
    scripted: ScriptedCluster,
    script: ProxmoxCluster,
    kind: str,
    exit_: str,
    status: str,
    warnings: bool,
) -> None:
    """Pitfall 10: warnings are a success, the wanted state is a success, all else is not."""
    task = upid(kind)
    ends(scripted, task, exit_, [f"line {n}" for n in range(50)])
    state = script.task(TaskHandle(task, "pve1"))
    assert (state.status, state.warnings) == (status, warnings)
    assert (state.failure is None) == (status == "ok")
    named = (f"{task} (node pve1)",) if status == "failed" else ()
    if status == "failed" or warnings:
        assert state.log == (*named, *(f"line {n}" for n in range(30, 50)))


def test_the_log_of_a_failed_task_shows_no_secret(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    task = upid("qmconfig")
    ends(scripted, task, "boom", ["update VM 2001: -cipassword 0pen-sesame -cores 2", "secret: x1"])
    state = script.task(TaskHandle(task, "pve1"))
    assert state.log[0] == f"{task} (node pve1)"
    assert state.log[1:] == ("update VM 2001: -cipassword *** -cores 2", "secret: ***")


def test_nothing_to_wait_for_is_done(script: ProxmoxCluster) -> None:
    assert script.task(TaskHandle("", "pve1")).status == "ok"


def test_an_ha_guest_is_asked_for_not_started(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfall 17: the hastart task ends at once; whether it runs is told by the machine."""
    stands(scripted, "pve1")
    task = upid("hastart")
    scripted.on("POST", "/nodes/pve1/qemu/2001/status/start", task)
    ends(scripted, task, "OK")
    assert script.task(script.submit(PowerOn(2001, "pve1"))).status == "ok"
    machine = script.machine(2001)
    assert machine is not None
    assert machine.power == "stopped"


def test_an_order_follows_a_vm_that_moved(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfalls 12, 17: HA moved it; where it is not, nothing was done."""
    stands(scripted, "pve2")
    scripted.on("POST", "/nodes/pve1/qemu/2001/status/start", refusal(GONE.format("pve1")))
    task = upid(node="pve2")
    scripted.on("POST", "/nodes/pve2/qemu/2001/status/start", task)
    assert script.submit(PowerOn(2001, "pve1")) == TaskHandle(task, "pve2")
    assert script.submit(PowerOn(2001, "pve1")).node == "pve2"
    assert len(scripted.calls("POST")) == 3


def test_an_order_to_a_vm_that_is_gone(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    scripted.on("POST", "/nodes/pve1/qemu/2001/config", refusal(GONE.format("pve1")))
    scripted.on("GET", "/cluster/nextid", "2001")
    with pytest.raises(Refused):
        script.submit(Configure(2001, "pve1", {"cores": "2"}))
    assert len(scripted.calls("POST")) == 1


def test_a_stopped_vm_needs_no_stop(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    scripted.on("POST", "/nodes/pve1/qemu/2001/status/stop", refusal("VM 2001 not running"))
    assert script.submit(PowerOff(2001, "pve1")) == TaskHandle("", "pve1")


def test_destroying_removes_every_trace(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    """Pitfall 16: pool, backup jobs, HA and forgotten disks, on the node where the VM is now."""
    stands(scripted, "pve2", smbios1="uuid=AAAA-BB", description="mark\n")
    task = upid("qmdestroy", node="pve2")
    scripted.on("DELETE", "/nodes/pve2/qemu/2001", task)
    assert script.submit(Destroy(2001, "pve1", "aaaa-bb", "mark")).id == task
    assert scripted.seen[-1].values == {"purge": "1", "destroy-unreferenced-disks": "1"}
    with pytest.raises(Refused):
        script.submit(Destroy(2001, "pve1", "aaaa-cc", "mark"))
    assert script.submit(Destroy(2001, "pve1", None, "mark")).id == task
    assert len(scripted.calls("DELETE")) == 2


def test_a_template_is_never_destroyed(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    stands(scripted, "pve1", smbios1="uuid=aaaa-bb", template=1)
    with pytest.raises(Refused):
        script.submit(Destroy(2001, "pve1", "aaaa-bb", ""))
    assert scripted.calls("DELETE") == []


def test_a_vm_that_only_an_absent_node_can_hold(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfall 30: not found is not the same as not there."""
    stands(scripted, "pve3")
    scripted.on(
        "GET",
        "/nodes",
        [{"node": "pve1", "status": "online"}, {"node": "pve3", "status": "offline"}],
    )
    with pytest.raises(Retriable, match="pve3"):
        script.machine(2001)


def test_where_a_vm_was_last_is_asked_first(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    stands(scripted, "pve2")
    script.machine(2001)
    before = len(scripted.seen)
    script.machine(2001)
    assert scripted.calls()[before:] == [
        "GET /nodes/pve2/qemu/2001/config",
        "GET /nodes/pve2/qemu/2001/status/current",
    ]


def test_a_vm_is_found_though_its_last_node_died(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfall 17: HA started it elsewhere."""
    stands(scripted, "pve1")
    script.machine(2001)
    stands(scripted, "pve2")
    scripted.on("GET", "/nodes/pve1/qemu/2001/config", refusal("No route to host", 595))
    machine = script.machine(2001)
    assert machine is not None
    assert machine.node == "pve2"


def test_dead_storages_and_nodes_do_not_spoil_the_facts(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfalls 6, 30: what is away is shown as away, and nobody waits for it."""
    template = {"type": "qemu", "template": 1, "status": "stopped"}
    scripted.on(
        "GET",
        "/cluster/resources",
        [
            {"type": "node", "node": "pve1", "status": "online", "maxcpu": 8, "maxmem": 1 << 34},
            {"type": "node", "node": "pve2", "status": "offline"},
            {"type": "storage", "node": "pve1", "storage": "nfs", "status": "unknown", "shared": 1},
            {**template, "vmid": 9000, "node": "pve1"},
            {**template, "vmid": 9001, "node": "pve2"},
            {"type": "lxc", "vmid": 300, "node": "pve2", "status": "unknown"},
            {"type": "sdn", "node": "pve1", "sdn": "localnetwork", "status": "ok"},
        ],
    )
    scripted.on("GET", "/cluster/status", refusal("Permission check failed (/, Sys.Audit)", 403))
    scripted.on("GET", "/nodes/pve1/network", [{"iface": "vmbr0", "type": "bridge"}])
    scripted.on("GET", "/nodes/pve1/qemu/9000/config", refusal("rbd error: Connection timed out"))
    facts = script.facts((TemplateKey(vmid=9000), TemplateKey(vmid=9001)))
    assert [(n.name, n.online, n.cores) for n in facts.nodes] == [
        ("pve1", True, 8),
        ("pve2", False, 0),
    ]
    assert [(s.name, s.active) for s in facts.storages] == [("nfs", False)]
    assert [(g.vmid, g.power) for g in facts.guests][-1] == (300, "unknown")
    assert facts.templates == ()
    assert facts.bridges == {"pve1": {"vmbr0"}}
    assert facts.quorate
    assert not [call for call in scripted.calls() if "pve2" in call]


@pytest.mark.parametrize(
    ("node", "missing"),
    [
        ({}, "pveum acl modify /nodes --roles Provisioner"),
        ({"maxcpu": 8, "maxmem": 1 << 34}, "pveum acl modify /storage --roles Provisioner"),
    ],
)
def test_a_token_that_sees_nothing_is_told_so(
    scripted: ScriptedCluster, script: ProxmoxCluster, node: dict[str, int], missing: str
) -> None:
    """Pitfall 28, as recorded: without rights the listing is simply poorer."""
    row = {"type": "node", "node": "pve1", "status": "online", **node}
    scripted.on("GET", "/cluster/resources", [row])
    with pytest.raises(ActionNeeded) as caught:
        script.facts()
    assert missing in str(caught.value.next)


def test_quorum_is_read(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    """Pitfall 31."""
    scripted.on("GET", "/cluster/resources", [])
    scripted.on("GET", "/cluster/status", [{"type": "cluster", "quorate": 0}, {"type": "node"}])
    assert not script.facts().quorate


def test_volumes_of_shared_storages_are_asked_for_once(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfall 15; a storage that is away is left out."""
    row = {"type": "storage", "status": "available", "content": "images"}
    scripted.on(
        "GET",
        "/cluster/resources",
        [
            {**row, "node": "pve1", "storage": "nfs", "shared": 1},
            {**row, "node": "pve2", "storage": "nfs", "shared": 1},
            {**row, "node": "pve2", "storage": "lvm"},
            {**row, "node": "pve1", "storage": "lvm", "status": "unknown"},
            {**row, "node": "pve1", "storage": "iso", "content": "iso"},
        ],
    )
    scripted.on(
        "GET",
        "/nodes/pve1/storage/nfs/content",
        [{"volid": "nfs:2001/vm-2001-disk-0.qcow2", "vmid": "2001"}, {"volid": "n:x", "vmid": 9}],
    )
    scripted.on("GET", "/nodes/pve2/storage/lvm/content", [])
    assert script.volumes(2001) == (("pve1", "nfs:2001/vm-2001-disk-0.qcow2"),)


def test_only_our_own_running_clone_is_taken_for_ours(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfalls 9, 34: another token's clone of the same template is not ours."""
    since = datetime.now(UTC)
    ours, theirs = upid("qmclone", 9000), upid("qmclone", 9000, user="other@pve!x")
    tasks = [{"upid": t, "type": "qmclone", "starttime": int(time.time())} for t in (theirs, ours)]
    scripted.on("GET", "/nodes/pve1/tasks", tasks)
    log = [{"n": 1, "t": "creating a clone of VM 9000 with ID 2001"}]
    for task in (ours, theirs):
        scripted.on("GET", f"/nodes/pve1/tasks/{task}/log", log)
    assert script.clone_task(CLONE, since) == TaskHandle(ours, "pve1")
    scripted.on("GET", "/nodes/pve1/tasks", tasks[:1])
    assert script.clone_task(CLONE, since) is None


def test_a_clone_that_has_not_yet_said_whom_it_makes(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    """Pitfall 9: to say "there is none" would clone twice."""
    task = upid("qmclone", 9000)
    row = {"upid": task, "type": "qmclone", "starttime": int(time.time())}
    scripted.on("GET", "/nodes/pve1/tasks", [row])
    scripted.on("GET", f"/nodes/pve1/tasks/{task}/log", [])
    with pytest.raises(Retriable):
        script.clone_task(CLONE, datetime.now(UTC))
    scripted.on("GET", "/nodes/pve1/tasks", [{**row, "endtime": int(time.time())}])
    assert script.clone_task(CLONE, datetime.now(UTC)) is None


def test_a_task_that_stays_unknown(scripted: ScriptedCluster, script: ProxmoxCluster) -> None:
    """Pitfall 10: after a while it is no longer "just started"."""
    from provisioner.drivers.proxmox import tasks

    missing = Reply(
        status=400, reason="Parameter verification failed.", errors={"upid": "no such task"}
    )
    task = upid()
    scripted.on("GET", f"/nodes/pve1/tasks/{task}/status", missing)
    waiting = tasks.Tasks(script._connection, unknown_seconds=0)
    with pytest.raises(OutcomeUnknown):
        waiting.state(TaskHandle(task, "pve1"))
    assert script.task(TaskHandle(task, "pve1")).status == "running"
