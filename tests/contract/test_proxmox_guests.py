"""What guests and configurations say, odd and hostile ones too."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioner.drivers.hypervisor import Machine
from provisioner.drivers.proxmox import ProxmoxCluster, parsing
from provisioner.drivers.proxmox.agent import addresses, cloud_init
from provisioner.errors import ActionNeeded
from tests.contract.scripted import ScriptedCluster, refusal


def guest_machine() -> Machine:
    return parsing.machine("pve1", {}, {"vmid": 2001, "status": "running"})


@pytest.mark.parametrize(
    "text",
    [
        "No QEMU guest agent configured",
        "VM 2001 is not running",
        "QEMU guest agent is not running",
        "VM 2001 qmp command 'guest-ping' failed - got timeout",
    ],
)
def test_an_agent_that_does_not_answer_yet(
    scripted: ScriptedCluster, script: ProxmoxCluster, text: str
) -> None:
    """Pitfall 26: all of them mean "not yet"."""
    scripted.on("GET", "/nodes/pve1/qemu/2001/agent/network-get-interfaces", refusal(text))
    report = script.guest(guest_machine())
    assert not report.answering
    assert report.detail == text


def test_a_missing_right_to_the_agent_is_said(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    scripted.on(
        "GET",
        "/nodes/pve1/qemu/2001/agent/network-get-interfaces",
        refusal("Permission check failed (/vms/2001, VM.GuestAgent.Audit)", 403),
    )
    with pytest.raises(ActionNeeded, match=r"VM\.GuestAgent\.Audit"):
        script.guest(guest_machine())


def test_files_that_may_not_be_read_leave_the_addresses(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    agent = "/nodes/pve1/qemu/2001/agent"
    interfaces = [{"name": "eth0", "ip-addresses": [{"ip-address": "10.0.0.5"}]}]
    scripted.on("GET", f"{agent}/network-get-interfaces", {"result": interfaces})
    refused = "Permission check failed (/vms/2001, VM.GuestAgent.FileRead)"
    scripted.on("GET", f"{agent}/file-read", refusal(refused, 403))
    report = script.guest(guest_machine())
    assert report.addresses == {"10.0.0.5"}
    assert report.host_keys == ()
    assert report.cloud_init == "unknown"
    assert "VM.GuestAgent.FileRead" in report.detail
    assert len(scripted.seen) == 3


@pytest.mark.parametrize(
    "text", ["", "\n", "ssh-ed25519", "ssh-dss AAAA", "* ssh-ed25519 " + "A" * 68, "ssh-rsa <b>"]
)
def test_a_guest_cannot_pass_off_anything_as_a_host_key(
    scripted: ScriptedCluster, script: ProxmoxCluster, text: str
) -> None:
    agent = "/nodes/pve1/qemu/2001/agent"
    interfaces = [{"name": "eth0", "ip-addresses": [{"ip-address": "10.0.0.5"}]}]
    scripted.on("GET", f"{agent}/network-get-interfaces", {"result": interfaces})
    scripted.on("GET", f"{agent}/file-read", {"content": text})
    assert script.guest(guest_machine()).host_keys == ()


def test_addresses_that_nobody_else_reaches_are_left_out() -> None:
    """Pitfall 26."""

    def interface(name: str, *found: str) -> dict[str, Any]:
        return {"name": name, "ip-addresses": [{"ip-address": address} for address in found]}

    assert addresses(
        [
            interface("lo", "127.0.0.1", "::1"),
            interface("eth0", "10.1.2.3", "169.254.9.9", "fe80::1", "2001:DB8::5"),
            interface("eth1", "fe80::2%eth1", "nonsense"),
            interface("docker0", "172.17.0.1"),
            interface("br-9f2a", "172.18.0.1"),
            interface("veth01", "10.9.9.9"),
            {"name": "eth2"},
        ]
    ) == {"10.1.2.3", "2001:db8::5"}
    for nonsense in (None, "x", [1, None, {"name": 3, "ip-addresses": "x"}], {"error": "no"}):
        assert addresses(nonsense) == frozenset()


def stages(finished: float | None, errors: list[str], **more: Any) -> str:
    stage = {"errors": [], "start": 1.0, "finished": 2.0, **more}
    v1 = {
        "datasource": "DataSourceNoCloud",
        "init-local": stage,
        "init": {**stage, "errors": errors},
        "modules-config": stage,
        "modules-final": {**stage, "finished": finished},
        "stage": None if finished else "modules-final",
    }
    return json.dumps({"v1": v1})


@pytest.mark.parametrize(
    ("text", "verdict", "errors"),
    [
        (stages(3.0, []), "done", ()),
        (stages(3.0, [], recoverable_errors={"DEPRECATED": ["x"]}), "done", ()),
        (stages(3.0, ["no disk"]), "error", ("no disk",)),
        (stages(None, []), "running", ()),
        (stages(None, ["no disk"]), "running", ("no disk",)),
        ("", "unknown", ()),
        ("{}", "unknown", ()),
        ('{"v1": []}', "unknown", ()),
        ("not json", "unknown", ()),
        ("[" * 100_000, "unknown", ()),
        (stages(3.0, ["x" * 9999] * 999), "error", ("x" * 500,) * 50),
    ],
)
def test_the_verdict_of_cloud_init(text: str, verdict: str, errors: tuple[str, ...]) -> None:
    assert cloud_init(text) == (verdict, errors)


def test_option_strings() -> None:
    assert parsing.tags("a;b, c") == {"a", "b", "c"}
    assert parsing.tags(None) == frozenset()
    assert [parsing.size_gb(text) for text in ("2G", "512M", "1T", "4194304K", "", "x")] == [
        2,
        0.5,
        1024,
        4,
        0,
        0,
    ]
    config = {
        "scsi0": "lvm:vm-1-disk-0,size=2252M,ssd=1",
        "virtio1": "file=lvm:vm-1-disk-1,size=1T",
        "ide2": "lvm:vm-1-cloudinit,media=cdrom",
        "sata0": "none,media=cdrom",
        "scsihw": "virtio-scsi-pci",
        "memory": "current=2048",
        "sockets": 2,
        "cores": 3,
        "cipassword": "**********",
        "tags": "x",
    }
    machine = parsing.machine(
        "pve1", config, {"vmid": 1, "status": "running", "qmpstatus": "paused"}
    )
    assert machine.disks_gb == {"scsi0": 2252 / 1024, "virtio1": 1024}
    assert (machine.cores, machine.memory_mb, machine.power) == (6, 2048, "paused")
    assert "cipassword" not in machine.options


@pytest.mark.parametrize(
    ("kind", "volume", "able"),
    [
        ("lvmthin", "base-9000-disk-0", True),
        ("rbd", "base-9000-disk-0", True),
        ("zfspool", "base-9000-disk-0", True),
        ("nfs", "9000/base-9000-disk-0.qcow2", True),
        ("lvm", "base-9000-disk-0", False),
        ("iscsi", "base-9000-disk-0", False),
        ("lvmthin", "vm-9000-disk-0", False),
        ("some-plugin", "base-9000-disk-0", False),
    ],
)
def test_which_storages_make_linked_clones(kind: str, volume: str, able: bool) -> None:
    """Pitfall 13."""
    reading = parsing.guest({"vmid": 9000, "node": "pve1", "template": 1})
    config = {"scsi0": f"s:{volume},size=2G", "boot": "order=net0;scsi0", "agent": "enabled=1"}
    template = parsing.template(reading, config, {"s": {"plugintype": kind}})
    assert template is not None
    assert template.linked_clone == able
    assert template.agent
    assert not template.cloud_init
