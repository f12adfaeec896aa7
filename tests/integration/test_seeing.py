"""Drift, overview and capacity of a real lab: what a person does on the cluster is seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from provisioner import events
from provisioner.database import now
from provisioner.drivers.hypervisor import Configure, Destroy, Migrate, PowerOff
from provisioner.errors import NotFound
from provisioner.events import Event
from provisioner.facts.capacity import CapacityReading, keep, series
from provisioner.instances.looks import Look
from provisioner.instances.model import Instance
from provisioner.people.model import Role
from tests.integration import seeing_stage
from tests.integration.harness import Office, public_key
from tests.integration.seeing_stage import Watch
from tests.integration.vm_stage import Server

CHANGES = seeing_stage.CHANGES
pytestmark = [pytest.mark.xdist_group("seeing"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def database_url() -> None:
    """Runs on PostgreSQL are tested elsewhere."""


@pytest.fixture
def watch(office: Office) -> Watch:
    return Watch(office)


@pytest.fixture
def server(office: Office) -> Server:
    return Server.made(office)


def events_of(server: Server) -> list[str]:
    number = server.view.request
    return [tag for tag in server.office.story(number) if tag == "instance:drift"]


def test_what_the_product_made_shows_no_drift(server: Server, watch: Watch) -> None:
    """Firewall, pool, backup job and protection compared too; no word on the record."""
    assert watch.keys(server) == []
    assert events_of(server) == []


def test_every_change_by_hand_is_found_and_told_once(server: Server, watch: Watch) -> None:
    """The event comes when the difference changes, not with every look."""
    before = str(server.vm["config"]["tags"])
    watch.set(server, cores="3", onboot="0", tags="theirs")
    for _ in range(3):
        assert set(watch.keys(server)) == {"cores", "onboot", "tags"}
    assert len(events_of(server)) == 1
    (view,) = [v for v in watch.drift.list(server.office.budi) if v.instance == server.id]
    assert {one.key: one.found for one in view.findings}["cores"] == "3"
    assert "cores" in server.office.texts(server.view.request).lower()
    watch.set(server, cores="1", onboot="1", tags=before)
    assert watch.keys(server) == []
    assert len(events_of(server)) == 2


def test_actions_of_ours_are_no_drift(server: Server, watch: Watch) -> None:
    """What was asked for and done is what is expected from then on."""
    server.do("resize", size="medium")
    server.do("snapshot", name="before")
    server.do("add_key", ssh_keys=[public_key()])
    assert watch.keys(server) == []
    server.do("stop")
    assert watch.keys(server) == []
    server.do("start")
    assert watch.keys(server) == []
    server.do("suspend")
    assert watch.keys(server) == []
    server.do("resume")
    assert watch.keys(server) == []
    assert events_of(server) == []


def test_a_sweep_reads_only_what_may_have_changed(server: Server, watch: Watch) -> None:
    """Power is in the listing, so a sweep finds it; a healthy VM is read once a night."""
    watch.drift.sweep("dc1")
    first = look_of(watch, server)
    watch.drift.sweep("dc1")
    assert look_of(watch, server).looked_at == first.looked_at
    watch.by_hand(PowerOff(server.vm["vmid"], server.vm["node"]))
    while not look_of(watch, server).found:  # the listing lags
        watch.drift.sweep("dc1")
    assert [one["key"] for one in look_of(watch, server).found] == ["power"]
    watch.drift.sweep("dc1", thorough=True)
    assert len(events_of(server)) == 1
    (cluster,) = watch.drift.clusters(server.office.budi)
    assert cluster.trouble is None
    assert cluster.looked_at is not None


def look_of(watch: Watch, server: Server) -> Look:
    with watch.office.product.database.read() as session:
        return session.get_one(Look, server.id)


def test_once_an_hour(server: Server, watch: Watch) -> None:
    """However often the clock asks, and after a restart."""
    watch.drift.once()
    with watch.office.product.database.write() as session:
        row = session.get_one(Look, "cluster:dc1")
        row.looked_at = now() - timedelta(minutes=59)
        seen = row.looked_at
    watch.drift.once()
    with watch.office.product.database.read() as session:
        assert session.get_one(Look, "cluster:dc1").looked_at == seen
    with watch.office.product.database.write() as session:
        session.get_one(Look, "cluster:dc1").looked_at = now() - timedelta(minutes=61)
    Watch(watch.office).drift.once()
    with watch.office.product.database.read() as session:
        assert session.get_one(Look, "cluster:dc1").looked_at > seen


def test_a_vm_that_somebody_moved(server: Server, watch: Watch) -> None:
    """Adopting is one way, moving it back another."""
    vm = server.vm
    other = next(n for n in watch.office.lab.plan.nodes if n.name != vm["node"])
    watch.by_hand(Migrate(vm["vmid"], vm["node"], other.name, online=True))
    found = watch.drift.look(server.office.budi, server.id)
    assert [(one.key, set(one.ways)) for one in found.findings] == [
        ("node", {"adopt", "restore", "accept"})
    ]


def test_a_vm_that_somebody_removed(server: Server, watch: Watch) -> None:
    """Gone is one finding, which only an end or an acceptance answers."""
    forget(watch, server)
    found = watch.drift.look(server.office.budi, server.id)
    assert [(one.key, one.ways) for one in found.findings] == [("gone", ["accept"])]
    assert found.findings[0].severity == "high"


def forget(watch: Watch, server: Server) -> None:
    """As `qm destroy` by a person."""
    vm = server.vm
    machine = watch.office.product.clusters["dc1"].machine(vm["vmid"])
    assert machine is not None
    watch.by_hand(Configure(vm["vmid"], vm["node"], {"protection": "0"}))
    watch.by_hand(PowerOff(vm["vmid"], vm["node"]))
    cluster = watch.office.product.clusters["dc1"]
    handle = cluster.submit(Destroy(vm["vmid"], vm["node"], machine.uuid, machine.description))
    while handle.id and cluster.task(handle).status == "running":
        pass


def test_a_stranger_with_its_number(server: Server, watch: Watch) -> None:
    """Another UUID under our number is not ours, however it looks."""
    watch.set(server, smbios1="uuid=11111111-2222-3333-4444-555555555555", cores="9")
    assert watch.keys(server) == ["uuid"]
    assert look_of(watch, server).found[0]["ways"] == ["accept"]


def test_an_accepted_difference_is_silent(server: Server, watch: Watch) -> None:
    """As the instance's facts say, until it changes again."""
    watch.set(server, cores="3")
    seen = watch.drift.look(server.office.budi, server.id).findings[0].seen
    facts = instance_facts(server)
    server.alter(facts={**facts, "accepted": {"cores": seen}})
    assert watch.keys(server) == []
    watch.set(server, cores="4")
    assert watch.keys(server) == ["cores"]


def instance_facts(server: Server) -> dict[str, object]:
    with server.office.product.database.read() as session:
        return dict(session.get_one(Instance, server.id).facts)


def test_a_difference_settled_by_each_way(server: Server, watch: Watch) -> None:
    """By request, plan, approval and run: afterwards nothing differs any more."""
    watch.set(server, onboot="0", cores="3", ciupgrade="1")
    assert set(watch.keys(server)) == {"onboot", "cores", "ciupgrade"}
    server.do("settle", how="restore", what=["onboot"])
    assert set(watch.keys(server)) == {"cores", "ciupgrade"}
    server.do("settle", how="accept", what=["ciupgrade"])
    assert watch.keys(server) == ["cores"]
    server.do("settle", how="adopt", what=["cores"])
    assert watch.keys(server) == []
    config = server.vm["config"]
    assert [str(config[name]) for name in ("onboot", "cores", "ciupgrade")] == ["1", "3", "1"]


def test_a_vm_at_which_a_run_is_at_work_is_left_alone(server: Server, watch: Watch) -> None:
    """Between its first and its last step everything looks wrong."""
    _, run = server.approve("stop")
    watch.by_hand(PowerOff(server.vm["vmid"], server.vm["node"]))
    assert watch.keys(server) == []
    watch.drift.sweep("dc1", thorough=True)
    assert events_of(server) == []
    assert watch.office.carry_out(run).reason == "plan-changed"
    assert watch.keys(server) == ["power"]


def test_what_waits_for_a_restart(server: Server, watch: Watch) -> None:
    """Somebody's change of a running VM is seen before it takes effect."""
    vm = server.vm
    watch.by_hand(Configure(vm["vmid"], vm["node"], {"cores": "3"}))
    (finding,) = watch.drift.look(server.office.budi, server.id).findings
    assert (finding.key, finding.seen) == ("cores", "pending")
    watch.by_hand(Configure(vm["vmid"], vm["node"], {"cores": "1"}))
    assert watch.keys(server) == []


def test_a_cluster_that_is_away_is_said_to_be_away(server: Server, watch: Watch) -> None:
    """What was found before stays; nothing is written on any record."""
    watch.set(server, cores="3")
    assert watch.keys(server) == ["cores"]
    told = len(events_of(server))
    watch.office.lab.fault("token-revoked")
    watch.drift.sweep("dc1")
    view = watch.drift.look(server.office.budi, server.id)
    assert view.trouble is not None
    assert [one.key for one in view.findings] == ["cores"]
    (cluster,) = watch.drift.clusters(server.office.budi)
    assert cluster.trouble is not None
    assert len(events_of(server)) == told
    watch = reconnected(watch)
    watch.drift.sweep("dc1")
    assert watch.drift.clusters(server.office.budi)[0].trouble is None


def reconnected(watch: Watch) -> Watch:
    """The token holds again, and the product was started anew with it."""
    watch.office.lab.clear()
    watch.office.reconnect()
    return Watch(watch.office)


def test_departments_see_their_own(server: Server, watch: Watch) -> None:
    watch.set(server, cores="3")
    assert watch.keys(server) == ["cores"]
    office = server.office
    office.product.people.add_department("disdik", "Dinas Pendidikan")
    others = office.product.people.add_person
    others("rini", "Rini", None, [Role.APPLICANT], "disdik", language="id")
    rini = office.product.people.actor("rini")
    assert watch.drift.list(rini) == ()
    assert watch.drift.clusters(office.sari) == ()
    assert watch.overview.view(rini).departments == []
    with pytest.raises(NotFound):
        watch.drift.get(rini, server.id)
    assert server.id in {view.instance for view in watch.drift.list(office.sari)}
    with pytest.raises(NotFound):
        watch.capacity.view(office.sari, "dc1")


def test_what_stands_per_department(server: Server, watch: Watch) -> None:
    """From our own books: as promised, whatever the cluster shows."""
    before = watch.overview.view(server.office.budi)
    server.do("resize", size="medium")
    server.alter(expires_at=now() + timedelta(days=1))
    view = watch.overview.view(server.office.budi)
    (dinkes,) = [one for one in view.departments if one.department == "dinkes"]
    assert dinkes.title == "Dinas Kesehatan"
    assert dinkes.ends_soonest[0].instance == server.id
    assert view.count == before.count
    assert view.cores - before.cores == 1
    assert view.memory_mb - before.memory_mb == 4096 - 1024
    assert view.disk_gb - before.disk_gb == 40 - 10
    assert dinkes.cores == view.cores


def test_capacity_now_after_a_plan_and_its_end(office: Office, watch: Watch) -> None:
    """Ten days of readings grow by what is left in a hundred days."""
    number = office.file(size="medium")
    office.product.plans.make(office.budi, number)
    unknown = watch.capacity.view(office.budi, "dc1", number)
    memory = {one.resource: one for one in unknown.resources}["memory_mb"]
    assert memory.after is not None
    assert memory.after.free == memory.now.free - 4096
    assert memory.runs_out is None
    assert memory.unknown
    pace = memory.now.free / 100
    taken = memory.now.used + memory.now.promised
    today = now().astimezone(office.product.inventory.office.zone).date()
    with office.product.database.write() as session:
        for age in range(10, 0, -1):
            amounts = {"memory_mb": {"used": taken - age * pace, "promised": 0.0}}
            keep(session, "dc1", today - timedelta(days=age), amounts)
    known = watch.capacity.view(office.budi, "dc1", number)
    memory = {one.resource: one for one in known.resources}["memory_mb"]
    assert memory.runs_out is not None
    assert memory.runs_out_after is not None
    assert abs((memory.runs_out - today).days - 100) <= 1
    assert memory.runs_out_after < memory.runs_out
    sizes = {one.size: one for one in known.sizes}
    assert {one.node for one in known.nodes} == {node.name for node in office.lab.plan.nodes}
    assert all(one.closed is None and "shared" in one.storages for one in known.nodes)
    assert 0 < sizes["medium"].count <= sizes["small"].count
    assert sum(sizes["medium"].by_node.values()) == sizes["medium"].count


def test_a_reading_a_day(watch: Watch) -> None:
    """Asked every minute, by two processes, with a cluster away in between."""
    database = watch.office.product.database
    with database.write() as session:
        today = now().astimezone(watch.office.product.inventory.office.zone).date()
        if row := session.get(CapacityReading, ("dc1", today)):
            session.delete(row)
    watch.office.lab.fault("token-revoked")
    late = watch.recorder()
    late.once()
    late.once()
    with database.read() as session:
        assert session.get(CapacityReading, ("dc1", today)) is None
    watch = reconnected(watch)
    for recorder in (watch.recorder(), watch.recorder()):
        recorder.once()
        recorder.once()
    with database.read() as session:
        count = select(func.count()).where(CapacityReading.day == today)
        assert session.scalar(count) == 1
        day, amounts = series(session, "dc1")[-1]
    assert day == today
    assert amounts["memory_mb"]["total"] > amounts["memory_mb"]["used"] >= 0
    assert {"memory_mb", "cores", "disk:shared"} <= amounts.keys()


def test_events_are_whole(watch: Watch) -> None:
    """All of the above wrote on real chains."""
    with watch.office.product.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) or 0
        assert events.verify(session) == []
