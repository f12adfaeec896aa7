"""A site: asked for, worked on by a team, connected on three platforms, changed, taken away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from provisioner.database import now
from provisioner.instances.model import Instance
from provisioner.plans.record import ReservationState
from provisioner.runs.model import Lease, Run
from tests.integration.harness import lab_cluster
from tests.integration.site_stage import DEVICES, SiteOffice

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("internet")]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[SiteOffice]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    with lab_cluster(certificates) as lab, SiteOffice(base, lab) as made:
        yield made


def test_from_the_letter_to_the_end(office: SiteOffice) -> None:
    number = office.connect(
        fieldwork="cabling", rate_limit_mbps=30, poe=True, ssid="SMP1-Guru",
        security="wpa2-personal", passphrase="rahasia-guru", isolate_clients=True,
    )  # fmt: skip
    run_id = office.approve(number)
    waiting = office.carry_out(run_id)
    assert waiting.state == "waiting_person", office.told(number)
    with office.product.database.read() as session:
        assert not session.scalars(select(Lease)).all()  # no device is held meanwhile
    assert not office.ours(number)
    office.worked(run_id)
    run = office.carry_out(run_id)
    assert run.state == "succeeded", office.told(number)

    assert set(office.ours(number)) == set(DEVICES)
    assert "SMP1-Guru" in office.announced("smp")["ap-smp-1"]
    proof = office.product.reports.get(office.sari, number).proof
    assert all(one.passed for one in proof)
    assert {"site.fieldwork", "access.port", "router.scope", "router.rate", "wifi.key"} <= {
        one.check for one in proof
    }
    instance = office.instance(number)
    assert (instance.kind, instance.rate_limit_mbps) == ("site", 30)
    assert instance.actions == ["change", "extend", "end"]
    assert "rahasia-guru" not in office.texts(number)
    assert set(office.claims(number).values()) == {ReservationState.RESERVED}

    changed = office.act(number, "change", rate_limit_mbps=50, passphrase="kunci-baru-1")
    office.fulfil(changed)
    after = office.instance(number)
    assert after.rate_limit_mbps == 50
    assert "50M/50M" in "".join(office.ours(number)["rt-core-1"])
    assert office.product.reports.get(office.sari, changed).handover is not None

    ended = office.act(number, "end", reason="Pindah gedung")
    office.fulfil(ended)
    assert not office.ours(number)
    assert not office.announced("smp")["ap-smp-1"]
    assert office.instance(number).state == "ended"
    assert set(office.claims(number).values()) == {ReservationState.QUARANTINE}


def test_ends_by_itself_and_the_next_gets_another_network(office: SiteOffice) -> None:
    first, second = office.connect(until="2027-01-31"), office.connect(location="Perpustakaan")
    office.fulfil(first)
    office.fulfil(second)
    one, other = office.instance(first), office.instance(second)
    assert {one.cidr, one.vlan, one.port}.isdisjoint({other.cidr, other.vlan, other.port})
    with office.product.database.write() as session:
        session.get_one(Instance, one.id).expires_at = now() - timedelta(seconds=1)
    office.product.tools.endings.once()  # type: ignore[attr-defined]
    with office.product.database.read() as session:
        end = session.scalars(select(Run).where(Run.instance_id == one.id)).one()
    assert office.carry_out(end.id).state == "succeeded", office.told(first)
    assert not office.ours(first)
    assert set(office.ours(second)) == set(DEVICES) - {"ap-smp-1"}
