"""Where a probe stands, an event's WiFi is proven by using it; elsewhere nothing changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import pytest

from provisioner.drivers.hypervisor import Hypervisor
from provisioner.drivers.network import Result
from provisioner.drivers.probe import ProbeOrder, ProbeReport
from provisioner.drivers.seat import UserSeat
from provisioner.errors import Retriable, StepFailure
from provisioner.runs.runner import Tools
from provisioner.texts import say
from tests.integration.harness import lab_cluster
from tests.integration.wifi_stage import WifiOffice

pytestmark = [pytest.mark.xdist_group("event-wifi"), pytest.mark.timeout(300)]
PROBE = "pr-pendopo-1"
WELL = ProbeReport(
    PROBE, joined=True, leased=True, address="10.31.1.20", gateway="10.31.1.1", gateway_ms=2.0,
    names={"kominfo.go.id": ("1.2.3.4",)}, pages={"http://x/": 200}, mbps=20.0,
)  # fmt: skip
UNSEEN = ProbeReport(PROBE, joined=False, join_error="not-found")
AWAY = Retriable(say("No session with %(host)s: %(why)s", host=PROBE, why="-"),
                 meaning=say("-"), next=say("-"))  # fmt: skip


@dataclass
class Standing:
    """A probe at one site that meets these, one after the other."""

    meets: list[ProbeReport | StepFailure] = field(default_factory=list)
    told: list[ProbeOrder] = field(default_factory=list)

    def at(self, site: str) -> tuple[str, ...]:
        return (PROBE,) if site == "pendopo" else ()

    def try_out(self, orders: Mapping[str, ProbeOrder]) -> Result[ProbeReport]:
        assert set(orders) == {PROBE}
        self.told += orders.values()
        return {PROBE: self.meets.pop(0)}


@dataclass
class ProbedOffice(WifiOffice):
    standing: Standing = field(default_factory=Standing)

    def tools(self, hypervisor: Hypervisor | None = None, seat: UserSeat | None = None) -> Tools:
        return replace(super().tools(hypervisor, seat), probes=self.standing)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[ProbedOffice]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    with lab_cluster(certificates) as lab, ProbedOffice(base, lab, {}, None) as made:
        yield made


def test_what_the_probe_meets_decides(office: ProbedOffice) -> None:
    office.standing = Standing([UNSEEN, WELL])
    number = office.ask(passphrase="rahasia sekali 1")
    run = office.carry_out(office.approve(number))
    assert run.state == "succeeded", office.told(number)
    assert office.standing.meets == []
    for order in office.standing.told:
        assert (order.ssid, order.passphrase) == ("Rapat-Pendopo", "rahasia sekali 1")
    proof = office.product.reports.get(office.sari, number).proof
    (seen,) = [each for each in proof if each.check == "probe.wifi"]
    assert seen.passed
    assert seen.target == PROBE
    assert "10.31.1.20" in seen.evidence


@pytest.mark.slow
def test_a_probe_that_cannot_be_asked_stops_nothing(office: ProbedOffice) -> None:
    office.standing = Standing([AWAY])
    number = office.ask(ssid="Rapat-Lain", starts=-1)
    assert office.carry_out(office.approve(number)).state == "succeeded", office.told(number)
    proof = office.product.reports.get(office.sari, number).proof
    assert "probe.wifi" not in {each.check for each in proof}
    assert "run:remark" in office.told(number)
    off = office.act(number, "end", reason="Selesai")
    assert office.carry_out(office.approve(off)).state == "succeeded"
    assert len(office.standing.told) == 1, "what is switched off is not tried"
