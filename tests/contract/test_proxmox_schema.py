"""Every call of the driver by the API's own schema: path, parameters and their kinds (9.1.3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.drivers.hypervisor import (
    BackUp,
    Clone,
    Configure,
    Destroy,
    Download,
    DropBackup,
    DropSnapshot,
    FirewallRule,
    FreeVolume,
    GrowDisk,
    MakeTemplate,
    MakeVm,
    Migrate,
    PowerOff,
    PowerOn,
    Restart,
    RestoreBackup,
    RollBack,
    Shutdown,
    TakeSnapshot,
    WriteGuestFile,
)
from provisioner.drivers.proxmox import firewall, orders
from provisioner.drivers.proxmox.orders import Call

SCHEMA = Path(__file__).parents[2].parent / "shared" / "reference" / "pve-api-9.1.3.json"
pytestmark = pytest.mark.skipif(
    not SCHEMA.exists(), reason="the API's schema lies beside the repository"
)
BACKUP = "local:backup/vzdump-qemu-2001-2026_11_22-01_55_03.vma.zst"
MACHINE = ("nodes", "pve1", "qemu", 2001)

CALLS = [
    orders.clone_call(Clone(9000, "pve1", 2001, "pve2", "web", "mark", "full", "shared", "opd")),
    *(
        orders.simple_call(order, "pve1")
        for order in (
            Configure(2001, "pve1", {"cores": "2", "sshkeys": "x"}, "0" * 40, {"cipassword": "x"}),
            Configure(2001, "pve1", {}, delete=("nameserver",)),
            GrowDisk(2001, "pve1", "scsi0", 5),
            PowerOn(2001, "pve1"),
            PowerOff(2001, "pve1"),
            Shutdown(2001, "pve1", 60),
            Restart(2001, "pve1", 60),
            TakeSnapshot(2001, "pve1", "before", "mark"),
            DropSnapshot(2001, "pve1", "before"),
            Migrate(2001, "pve1", "pve2", online=True, storage="lvm", local_disks=True),
            WriteGuestFile(2001, "pve1", "/etc/x", "é"),
            MakeTemplate(2001, "pve1"),
        )
    ),
    *(
        orders.vm_call(order, "pve1")
        for order in (
            Destroy(2001, "pve1", "x", "mark"),
            RollBack(2001, "pve1", "before"),
            RestoreBackup(2001, "pve1", BACKUP, "x", "shared"),
            BackUp(2001, "pve1", "local", "mark", protected=True),
        )
    ),
    orders.volume_call(FreeVolume(2001, "pve1", "shared:2001/vm-2001-disk-0.qcow2")),
    orders.volume_call(DropBackup(2001, "pve1", BACKUP)),
    orders.download_call(Download("pve1", "local", "https://x/y", "y.qcow2", "0")),
    orders.make_call(MakeVm(2001, "pve1", {"name": "x", "scsi0": "local:0,import-from=l:i/x"})),
    Call(
        "POST",
        (*MACHINE, "firewall", "rules"),
        firewall._rule(FirewallRule("tcp", 22, "provisioner", "10.0.0.0/8")),
    ),
    Call("DELETE", (*MACHINE, "firewall", "rules", 0), {"digest": "x"}),
    Call("PUT", (*MACHINE, "firewall", "options"), {**firewall._DEFAULTS, "enable": 1}),
    Call("POST", (*MACHINE, "firewall", "ipset"), {"name": "ipfilter-net0"}),
    Call("POST", (*MACHINE, "firewall", "ipset", "ipfilter-net0"), {"cidr": "10.0.0.1"}),
    Call("DELETE", (*MACHINE, "firewall", "ipset", "ipfilter-net0", "10.0.0.1")),
    Call("DELETE", (*MACHINE, "firewall", "ipset", "ipfilter-net0")),
    Call("PUT", ("cluster", "backup", "ours"), {"vmid": "2001,2002", "enabled": 1}),
    Call("POST", ("pools",), {"poolid": "opd", "comment": "x"}),
    *(Call("GET", MACHINE + rest, {}) for rest in (("pending",), ("snapshot",))),
    Call("GET", ("cluster", "ha", "status", "manager_status")),
    Call("GET", ("cluster", "firewall", "options")),
    Call("GET", ("access", "permissions")),
    Call("GET", ("nodes", "pve1", "storage", "local", "content"), {"vmid": 1, "content": "backup"}),
    Call(
        "GET",
        ("nodes", "pve1", "tasks"),
        {"since": 1, "source": "all", "limit": 500, "vmid": 1, "typefilter": "imgdel"},
    ),
    *(
        Call("GET", (*MACHINE, "agent", question))
        for question in ("get-host-name", "get-osinfo", "get-fsinfo")
    ),
    Call("GET", (*MACHINE, "agent", "file-read"), {"file": "/etc/x"}),
]
KINDS = {"integer": int, "boolean": int, "string": str}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text())
    return found


def found_path(schema: dict[str, Any], call: Call) -> tuple[str, set[str]]:
    """The schema's path and the names of its places; a literal part wins over a place."""
    parts = [str(part) for part in call.path]

    def fits(path: str) -> bool:
        names = path.strip("/").split("/")
        return len(names) == len(parts) and all(
            name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
        )

    path = min((path for path in schema if fits(path)), key=lambda path: path.count("{"))
    return path, {name[1:-1] for name in path.split("/") if name.startswith("{")}


@pytest.mark.parametrize("call", CALLS, ids=lambda c: f"{c.method} {'/'.join(map(str, c.path))}")
def test_a_call_is_one_that_the_api_knows(schema: dict[str, Any], call: Call) -> None:
    path, places = found_path(schema, call)
    known = schema[path][call.method]["parameters"].get("properties", {})
    numbered = {name.removesuffix("[n]") for name in known if name.endswith("[n]")}
    for name, value in call.data.items():
        if name not in known:
            assert name.rstrip("0123456789") in numbered, f"{path} takes no {name}"
            continue
        kind = known[name].get("type", "string")
        if kind in ("integer", "boolean"):
            assert int(value) >= 0
        assert str(value) in [str(v) for v in known[name].get("enum", [str(value)])]
    required = {name for name, what in known.items() if not int(what.get("optional") or 0)}
    assert required - places <= set(call.data), f"{path} needs more"
