"""Living on: each action on a VM that stands, carried out on the lab and read back from it."""

from __future__ import annotations

import pytest

from tests.integration import vm_stage
from tests.integration.harness import Office, public_key
from tests.integration.vm_stage import Server, Timekeeper, ago, remove_by_hand

CHANGES = vm_stage.CHANGES
pytestmark = [pytest.mark.xdist_group("vm-life"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def database_url() -> None:
    """Runs on PostgreSQL are tested elsewhere."""


@pytest.fixture
def server(office: Office) -> Server:
    return Server.made(office)


def test_a_new_server_has_all_that_its_office_wants(server: Server) -> None:
    config = server.vm["config"]
    assert config["protection"] in (1, "1")
    assert config["onboot"] in (1, "1")
    assert server.view.system is not None
    cluster = server.office.product.clusters["dc1"]
    vmid = server.view.vmid or 0
    assert vmid in cluster.pools()["opd-dinkes"]
    job = cluster.backup_job(server.office.settings.clusters["dc1"].backup_job or "")
    assert job is not None
    assert job.covers(vmid, "opd-dinkes")
    machine = cluster.machine(vmid)
    assert machine is not None
    wall = cluster.firewall(machine)
    assert wall.enabled
    assert {(r.protocol, r.port) for r in wall.rules} >= {("tcp", 443)}
    assert wall.addresses == frozenset(server.view.addresses)


def test_resize(server: Server) -> None:
    server.do("resize", size="medium")
    assert server.view.size == "medium"
    config = server.vm["config"]
    assert (int(config["cores"]), int(config["memory"])) == (2, 4096)
    assert "size=40G" in config["scsi0"]
    assert server.vm["status"] == "running"


def test_snapshot_rollback_and_removal(server: Server) -> None:
    server.do("snapshot", name="before", note="sebelum pembaruan")
    assert list(server.view.snapshots) == ["before"]
    server.do("rollback", snapshot="before")
    assert server.vm["status"] == "running"
    server.do("delete_snapshot", snapshot="before")
    assert server.view.snapshots == {}


def test_a_snapshot_goes_when_it_has_had_its_time(server: Server) -> None:
    server.do("snapshot", name="before")
    past = ago(minutes=1)
    server.note(snapshots={"before": past.isoformat()})
    server.alter(next_tidy_at=past)
    (run,) = Timekeeper(server.office).tick()
    assert run.state == "succeeded"
    assert server.view.snapshots == {}
    machine = server.office.product.clusters["dc1"].machine(server.view.vmid or 0)
    assert machine is not None
    assert server.office.product.clusters["dc1"].snapshots(machine) == ()
    assert Timekeeper(server.office).tick() == []


def test_power(server: Server) -> None:
    server.do("stop")
    assert server.vm["status"] == "stopped"
    server.do("start")
    assert server.vm["status"] == "running"
    server.do("restart")
    assert server.vm["status"] == "running"


def test_a_further_key(server: Server) -> None:
    key = public_key()
    server.do("add_key", ssh_keys=[key])
    assert key.split()[1] in " ".join(server.vm["guest"]["keys"])


def test_backup_and_restore(server: Server) -> None:
    server.do("backup", note="sebelum pembaruan")
    volume = vm_stage.backup_of(server)
    uuid = server.view.uuid
    server.do("restore", **server.answer(backup=volume))
    assert server.vm["status"] == "running"
    assert uuid in server.vm["config"]["smbios1"]


def test_move(server: Server) -> None:
    home = server.view.node
    server.do("move")
    assert server.view.node != home
    assert server.vm["node"] == server.view.node


def test_rebuild(server: Server) -> None:
    before = server.view
    server.do("rebuild", **server.answer())
    after = server.view
    assert (after.vmid, after.addresses, after.name) == (
        before.vmid, before.addresses, before.name,
    )  # fmt: skip
    assert after.uuid != before.uuid
    assert after.host_key != before.host_key
    server.do("restart")


def test_suspend_and_resume(server: Server) -> None:
    server.do("suspend")
    assert (server.view.state, server.vm["status"]) == ("suspended", "stopped")
    assert int(server.vm["config"].get("onboot", 0)) == 0
    server.do("resume")
    assert (server.view.state, server.vm["status"]) == ("active", "running")
    assert int(server.vm["config"]["onboot"]) == 1


def test_the_end_leaves_nothing(server: Server) -> None:
    vmid, number = server.view.vmid or 0, server.view.request
    server.do("end", **server.answer())
    assert (server.view.state, server.vm["status"]) == ("suspended", "stopped")
    assert server.view.remove_at is not None
    assert Timekeeper(server.office).tick() == []  # its grace lasts
    server.alter(remove_at=ago(minutes=1))
    (run,) = Timekeeper(server.office).tick()
    assert run.state == "succeeded", run
    assert server.view.state == "ended"
    office = server.office
    assert office.lab.vm(vmid) is None
    assert [v for v in office.volumes(vmid) if "vzdump" not in v] == []
    cluster = office.product.clusters["dc1"]
    assert all(vmid not in members for members in cluster.pools().values())
    job = cluster.backup_job(server.office.settings.clusters["dc1"].backup_job or "")
    assert job is not None, "the job itself must outlive its last VM"
    assert vmid not in job.vmids
    assert {row.kind for row in office.reservations(number)} <= {"vmid", "address"}
    assert {row.state for row in office.reservations(number)} == {"quarantine"}
    report = office.product.reports.get(office.budi, number)
    assert {"vm.gone", "vm.volumes_gone", "address.silent"} <= {p.check for p in report.proof}


def test_the_end_of_a_server_that_somebody_removed_by_hand(server: Server) -> None:
    vmid = server.view.vmid or 0
    remove_by_hand(server)
    assert server.office.lab.vm(vmid) is None
    server.do("end", **server.answer())
    assert server.view.state == "ended"


def test_expiry_warns_switches_off_and_takes_away(server: Server) -> None:
    clock = Timekeeper(server.office)
    number = server.view.request
    server.alter(expires_at=ago(days=-29))
    clock.tick()
    server.alter(expires_at=ago(days=-6))
    clock.tick()
    clock.tick()
    server.alter(expires_at=ago(hours=-20))
    clock.tick()
    assert server.office.story(number).count("instance:expiring") == 3
    server.alter(expires_at=ago(minutes=1))
    (run,) = clock.tick()
    assert run.state == "succeeded", run
    assert (server.view.state, server.vm["status"]) == ("suspended", "stopped")
    assert clock.tick() == []
    server.alter(remove_at=ago(minutes=1))
    (run,) = clock.tick()
    assert run.state == "succeeded", run
    assert server.view.state == "ended"
