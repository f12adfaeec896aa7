"""Issue 5, must hold 6: sites that the whole product connects, proven with clients' packets."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from os import kill
from pathlib import Path

import pytest
from sqlalchemy import select

from provisioner.database import now
from provisioner.errors import Conflict, Invalid
from provisioner.instances.model import Instance
from provisioner.runs.model import Run
from provisioner.texts import render
from tests.dataplane.campus import (
    DNS,
    OFFICE_NAME,
    OUTSIDE,
    ROUTER,
    SWITCH,
    Campus,
    campus,
    transfer,
)
from tests.dataplane.nodes import missing, until
from tests.dataplane.office import SiteOffice, leases, reached, undisturbed
from tests.integration.conftest import certificates as certificates
from tests.integration.harness import lab_cluster
from tests.integration.mortal import Death

pytestmark = [pytest.mark.xdist_group("dataplane"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[SiteOffice]:
    if why := missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("product")
    with (
        campus(tmp_path_factory.mktemp("campus")) as ground,
        lab_cluster(certificates) as lab,
        SiteOffice(folder / "office", lab, campus=ground) as made,
    ):
        yield made


def works(office: SiteOffice, number: str, client: str) -> str:
    """A client behind the site's port is served as it should be; returns its address."""
    campus, cidr = office.campus, str(office.instance(number).cidr)
    prefix = cidr.removesuffix("0/24")
    mine = campus.lease(client)
    assert mine.startswith(prefix), office.told(number)
    assert campus[client].path("/run/lease").read_text().split() == [mine, f"{prefix}1", DNS]
    said = campus[client].run(f"dig +short +time=2 +tries=1 @{DNS} {OFFICE_NAME}")
    assert said == OUTSIDE, "it resolves"
    assert campus.reaches(client, OUTSIDE)
    return mine


def test_a_site_from_its_letter_to_its_end(office: SiteOffice) -> None:
    campus, empty = office.campus, office.held()
    second = office.connected("smp-2", office.rina)
    before, configured = office.held(), office.configurations()

    number = office.connect("smp-1", fieldwork="cabling", rate_limit_mbps=8)
    run_id = office.approve(number)
    other = works(office, second, "c2")
    with undisturbed(campus, "c2", OUTSIDE):
        assert office.carry_out(run_id).state == "waiting_person", office.told(number)
        assert office.held() == before, "nothing is configured before the work is done"
        office.worked(run_id)
        assert office.carry_out(run_id).state == "succeeded", office.told(number)
        mine = works(office, number, "c1")
        assert campus["internet"].run("ip route show 10.40.0.0/16") == "", "so it was translated"

        gateways = [f"{each.rpartition('.')[0]}.1" for each in (mine, other)]
        assert reached(
            campus, "c1", gateways[0], OUTSIDE, other, gateways[1], "10.10.10.254", DNS
        ) == {gateways[0], OUTSIDE}, "no other department, nothing of the office but names"
        assert reached(campus, "c2", mine, gateways[0]) == set(), "nor the other way round"
        assert reached(campus, "office", mine, other) == {mine, other}, "what begins there passes"
        proof = office.product.reports.get(office.sari, number).proof
        assert all(one.passed for one in proof)
        assert {"site.fieldwork", "access.port", "router.scope", "router.rate"} <= {
            one.check for one in proof
        }
        down = transfer(campus["internet"], campus["c1"], OUTSIDE, 5001, 1.5)
        assert 4 < down < 9.5, f"{down} Mbit/s instead of 8"

        assert list(office.foreign()) == [], "what we left is never taken for another's"
        changed = office.act(number, "change", rate_limit_mbps=20)
        office.fulfil(changed)
        down = transfer(campus["internet"], campus["c1"], OUTSIDE, 5002, 1.5)
        assert 10 < down < 23, f"{down} Mbit/s instead of 20"
        assert office.instance(number).rate_limit_mbps == 20
        assert campus.lease("c1") == mine, "everything else stayed"
        assert list(office.foreign()) == []

        office.end(number)
    assert leases(campus, "c1", "c2") == ["", other]
    assert not campus.reaches("c1", OUTSIDE)
    assert office.held() == before
    assert office.configurations() == configured
    expire(office, second)
    assert campus.lease("c2") == ""
    assert office.held() == empty, "nothing of ours is left at all"


def test_power_over_ethernet_is_a_problem_of_the_plan(office: SiteOffice) -> None:
    before = office.held()
    for poe in (True, False):
        number = office.connect("smp-1", poe=poe)
        with pytest.raises(Conflict) as refused:
            office.product.plans.make(office.budi, number)
        assert "power of a port" in render(refused.value.what, "en")
        assert f"{SWITCH}" in render(refused.value.what, "en")
    assert office.held() == before


def expire(office: SiteOffice, number: str) -> None:
    """Its time is over: the product takes it away by itself."""
    id = office.instance(number).id
    with office.product.database.write() as session:
        session.get_one(Instance, id).expires_at = now() - timedelta(seconds=1)
    office.product.tools.endings.once()  # type: ignore[attr-defined]
    with office.product.database.read() as session:
        end = session.scalars(select(Run).where(Run.instance_id == id)).one()
    assert office.carry_out(end.id).state == "succeeded", office.told(number)
    assert office.instance(number).state == "ended"


# ------------------------------------------------------------------ in the middle of a change


@contextmanager
def cleared(office: SiteOffice) -> Iterator[Campus]:
    """All sites that stand at the end of the test are ended; then it is as it was."""
    before = office.held()
    yield office.campus
    with office.product.database.read() as session:
        rows = session.scalars(select(Instance).where(Instance.state != "ended"))
        standing = [row.request_number for row in rows]
    office.end(*standing)
    assert office.held() == before


def test_a_router_that_falls_silent_after_the_switch_was_changed(office: SiteOffice) -> None:
    with cleared(office) as campus:
        before = office.held()
        number = office.connect("smp-1")
        run_id = office.approve(number)
        try:
            with office.meanwhile("before apply", ROUTER, lambda: _stop(campus)):
                office.carry_out(run_id, until=lambda run: "device:armed" in office.story(number))
            assert office.held() == before, "all or none: the switch is as before"
            assert campus.lease("c1") == ""
        finally:
            kill(campus.router.pid, signal.SIGCONT)
        assert office.carry_out(run_id).state == "succeeded", office.told(number)
        assert "device:back" in office.story(number)
        works(office, number, "c1")


@pytest.mark.slow
def test_a_router_silent_after_its_change_goes_back_by_its_timer(office: SiteOffice) -> None:
    with cleared(office) as campus:
        number = office.connected("smp-1", rate_limit_mbps=8)
        mine = works(office, number, "c1")
        before = office.held()
        changed = office.act(number, "change", rate_limit_mbps=40)
        run_id = office.approve(changed)
        try:
            with office.meanwhile("after apply", ROUTER, lambda: _stop(campus)):
                office.carry_out(run_id, until=lambda run: "device:armed" in office.story(changed))
            until(lambda: office.held() == before, 30)
            assert campus.lease("c1") == mine
        finally:
            kill(campus.router.pid, signal.SIGCONT)
        run = office.carry_out(run_id)
        assert run.state == "failed", "as if the change had cut the way to its own device"
        assert office.held() == before
        assert office.instance(number).rate_limit_mbps == 8
        office.fulfil(changed)
        assert office.instance(number).rate_limit_mbps == 40


@pytest.mark.parametrize(
    "moment", [pytest.param("after apply", marks=pytest.mark.slow), "before confirm"]
)
def test_a_router_that_boots_in_the_middle(office: SiteOffice, moment: str) -> None:
    """Before the decision it is begun again; after it, it goes on."""
    with cleared(office) as campus:
        number = office.connect("smp-1")
        run_id = office.approve(number)
        with office.meanwhile(moment, ROUTER, lambda: campus.reboot(ROUTER)):
            assert office.carry_out(run_id).state == "succeeded", office.told(number)
        again = {"after apply": "device:back", "before confirm": "device:again"}[moment]
        assert again in office.story(number)
        works(office, number, "c1")


@pytest.mark.parametrize(
    ("moment", "host"),
    [
        pytest.param("after apply", SWITCH, marks=pytest.mark.slow),
        pytest.param("after apply", ROUTER, marks=pytest.mark.slow),
        ("before confirm", ROUTER),
        pytest.param("after confirm", ROUTER, marks=pytest.mark.slow),
    ],
)
def test_a_worker_that_stops_carries_on(office: SiteOffice, moment: str, host: str) -> None:
    with cleared(office):
        number = office.connect("smp-1")
        run_id = office.approve(number)
        with office.meanwhile(moment, host, _die), pytest.raises(Death):
            office.carry_out(run_id)
        office.reconnect()
        assert office.carry_out(run_id).state == "succeeded", office.told(number)
        works(office, number, "c1")
        assert list(office.foreign()) == []


def _die() -> None:
    raise Death


def _stop(campus: Campus) -> None:
    """Its sshd answers nobody any more; what it forwards, it forwards."""
    kill(campus.router.pid, signal.SIGSTOP)


# ------------------------------------------------------------------------ somebody else's hands


def test_what_others_change_between_plan_and_run_stops_it(office: SiteOffice) -> None:
    with cleared(office) as campus:
        number = office.connect("smp-1")
        run_id = office.approve(number)
        campus.switch.run("ovs-vsctl set Port swp1 tag=77 external_ids:description=CCTV")
        held = office.held()
        run = office.carry_out(run_id)
        assert run.state != "succeeded"
        assert office.held() == held, "not a line was written"
        assert office.request(number).state in ("attention", "planned"), office.told(number)
        campus.switch.run("ovs-vsctl set Port swp1 tag=1 -- clear Port swp1 external_ids")
        office.fulfil(number)


def test_what_others_changed_needs_a_reason(office: SiteOffice) -> None:
    with cleared(office) as campus:
        number = office.connected("smp-1")
        works(office, number, "c1")
        later = office.connect("smp-3", office.rina)
        plan = office.product.plans.make(office.budi, later)
        assert "foreign" not in plan.picture, "our own change is nobody else's"
        campus.switch.run("ovs-vsctl set Port swp4 tag=77")
        campus.router.run("echo 'table ip tamu {}' > /etc/nftables.d/tamu.nft")
        plan = office.product.plans.make(office.budi, later)
        assert {each["host"] for each in plan.picture["foreign"]} == {SWITCH, ROUTER}
        approve = office.product.approvals.approve
        with pytest.raises(Conflict) as refused:
            approve(office.budi, later, plan.digest)
        assert refused.value.slug == "foreign-changes"
        with pytest.raises(Invalid):
            approve(office.budi, later, plan.digest, override_reason="ok")
        given = approve(
            office.budi, later, plan.digest, override_reason="tamu dari kantor sebelah, boleh"
        )
        assert office.carry_out(str(given.run)).state == "succeeded", office.told(later)
        works(office, later, "c3")
        works(office, number, "c1")
        assert list(office.foreign()) == [], "our change went over it knowingly"
        campus.switch.run("ovs-vsctl set Port swp4 tag=1")
        campus.router.run("rm /etc/nftables.d/tamu.nft")


def test_what_was_removed_by_hand_is_found_and_put_back(office: SiteOffice) -> None:
    with cleared(office) as campus:
        number, second = office.connected("smp-1"), office.connected("smp-2", office.rina)
        mine, other = leases(campus, "c1", "c2")
        before = office.held()
        drift, id = office.product.network_drift, office.instance(number).id
        drift.sweep()
        assert drift.list(office.budi) == ()
        campus.router.run(
            f"rm /etc/dnsmasq.d/PROV-{number}.scope.conf; /etc/init.d/dnsmasq restart;"
            f" nft delete table inet prov_{number.lower().replace('-', '_')}_rate"
        )
        assert leases(campus, "c1", "c2") == ["", other]
        drift.sweep()
        assert drift.get(office.budi, office.instance(second).id).findings == []
        found = [one.key for one in drift.get(office.budi, id).findings]
        assert found == [f"{ROUTER} scope {number}", f"{ROUTER} rate {number}"]
        settle = office.act(number, "settle", office.budi, how="restore", what=found)
        with undisturbed(campus, "c2", OUTSIDE):
            run = office.carry_out(office.approve(settle, office.tono))
        assert run.state == "succeeded", office.told(settle)
        assert leases(campus, "c1", "c2") == [mine, other]
        assert office.held() == before
        assert drift.look(office.budi, id).findings == []
