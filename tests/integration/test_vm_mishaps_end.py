"""The end of a VM leaves nothing on the cluster, whoever lends a hand and whenever."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.drivers.hypervisor import BackUp, Configure, Destroy, LeaveBackupJob, PowerOff
from tests.integration import vm_stage
from tests.integration.harness import Office
from tests.integration.mishap_stage import Clock
from tests.integration.vm_stage import Server, ago, remove_by_hand

CHANGES = {
    **vm_stage.CHANGES,
    "office_key_after_handover: keep": "office_key_after_handover: keep\n    extra_disk_gb_max: 50",
    "quarantine_hours: 0": "quarantine_hours: 24",
}
pytestmark = [pytest.mark.xdist_group("vm-ends"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def database_url() -> None:
    """The cluster is the same."""


def traces(office: Office, vmid: int) -> dict[str, Any]:
    """Everything on the cluster that names the VM; backups, which outlive it, are not of it."""

    def look(pve: Any) -> dict[str, Any]:
        jobs = {
            id: str(job.get("vmid", "")).split(",") for id, job in getattr(pve, "jobs", {}).items()
        }
        found = {
            "vm": pve.vm(vmid) is not None,
            "firewall": vmid in pve._fw()["guests"],
            "pool": [pool for pool, value in pve.pools.items() if str(vmid) in str(value)],
            "jobs": [id for id, vmids in jobs.items() if str(vmid) in vmids],
            "guest": vmid in pve.guests,
        }
        return {name: value for name, value in found.items() if value}

    found: dict[str, Any] = office.lab.call(look)
    volumes = [volume for volume in office.volumes(vmid) if "vzdump" not in volume]
    cluster = office.product.clusters["dc1"]
    if any(vmid in members for members in cluster.pools().values()):
        found["members"] = True
    job = cluster.backup_job(office.settings.clusters["dc1"].backup_job or "")
    assert job is not None, "the job outlives its VMs"
    if vmid in job.vmids:
        found["job"] = True
    return {**found, **({"volumes": volumes} if volumes else {})}


def furnished(office: Office) -> tuple[Server, int]:
    """With all that a VM may have: a second disk, a snapshot, a backup."""
    server = Server.made(office, extra_disk_gb=10)
    server.do("snapshot", name="before")
    server.do("backup")
    vmid = server.view.vmid or 0
    there = traces(office, vmid)
    assert {"vm", "firewall", "members", "job", "volumes"} <= set(there), there
    assert any("cloudinit" in volume for volume in there["volumes"])
    assert len(there["volumes"]) >= 3, there
    return server, vmid


def removal(server: Server) -> str:
    """Its grace is over: the run that takes it away, begun."""
    server.alter(state="suspended", expires_at=ago(days=20), remove_at=ago(minutes=1))
    (run,) = Clock(server.office).begun()
    return run


def ended(server: Server, vmid: int) -> None:
    office = server.office
    assert server.view.state == "ended"
    assert traces(office, vmid) == {}
    rows = office.reservations(server.view.request)
    assert {(row.kind, row.state) for row in rows} == {
        ("vmid", "quarantine"), ("address", "quarantine"),
    }  # fmt: skip
    assert office.leases() == []


def test_it_leaves_nothing(office: Office) -> None:
    server, vmid = furnished(office)
    others = office.lab.state()
    run = office.carry_out(removal(server))
    assert run.state == "succeeded", run
    ended(server, vmid)
    after = office.lab.state()
    assert {vm["vmid"] for vm in others["vms"]} - {vm["vmid"] for vm in after["vms"]} == {vmid}
    kept = [v["volid"] for v in after["volumes"] if v["vmid"] != vmid]
    assert kept == [v["volid"] for v in others["volumes"] if v["vmid"] != vmid]
    assert office.product.clusters["dc1"].backups(vmid), "the last backup is kept"


def test_asked_for_and_at_once_gone_by_hand(office: Office) -> None:
    """Between approval and run: there is nothing to switch off any more."""
    server, vmid = furnished(office)
    number, run = server.approve("end", **server.answer())
    remove_by_hand(server)
    view = office.carry_out(run)
    if view.state == "stopped":  # the plan does not hold any more: planned anew, without the VM
        assert view.reason == "plan-changed"
        view = office.carry_out(office.approve(number, office.tono))
    assert view.state == "succeeded", office.told(number)
    ended(server, vmid)


@pytest.mark.parametrize("before", [PowerOff, Configure, LeaveBackupJob, Destroy])
def test_removed_by_hand_in_the_middle(office: Office, before: type) -> None:
    server = Server.made(office)
    vmid, gone = server.view.vmid or 0, []

    def meanwhile(order: object) -> None:
        if isinstance(order, before) and not gone:
            gone.append(order)
            remove_by_hand(server)

    run = removal(server)
    view = office.carry_out(run, office.runner_that(meanwhile))
    for _ in range(3):
        if view.state == "waiting_person":
            office.product.runs.retry(office.tono, run)
            view = office.carry_out(run)
    assert gone
    assert view.state == "succeeded", view
    ended(server, vmid)


def test_removed_by_hand_before_its_last_backup(office: Office) -> None:
    """Nothing is left to take back: the undoing ends, and the end is asked for once more."""
    server = Server.made(office)
    vmid = server.view.vmid or 0
    number, run = server.approve("end", **server.answer())

    def meanwhile(order: object) -> None:
        if isinstance(order, BackUp) and office.lab.vm(vmid):
            remove_by_hand(server)

    view = office.carry_out(run, office.runner_that(meanwhile))
    assert (view.state, view.phase) == ("failed", "undo"), office.told(number)
    office.product.requests.cancel(office.sari, number, "removed by hand")
    server.do("end", **server.answer())
    ended(server, vmid)
