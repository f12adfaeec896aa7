"""An event's WiFi from request to proof and to its end, on the real engine, drivers and devices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from provisioner.database import now
from provisioner.texts import render
from tests.integration.harness import lab_cluster
from tests.integration.wifi_stage import WifiOffice, rfc

pytestmark = [
    pytest.mark.xdist_group("event-wifi"),
    pytest.mark.timeout(300),
    pytest.mark.parametrize(
        "database_url",
        ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
        indirect=True,
        scope="module",
    ),
]
PATIENCE = 120.0


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, certificates: Path, database_url: str | None
) -> Iterator[WifiOffice]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    with lab_cluster(certificates) as lab, WifiOffice(base, lab, {}, database_url) as made:
        made.product.start(worker=True)
        yield made


def until(what: Callable[[], bool], why: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.1)


def settled(office: WifiOffice, number: str, *states: str) -> None:
    """Wait until the request is in one of these states."""
    until(lambda: office.request(number).state in states, lambda: office.told(number))


def test_on_proven_prolonged_and_off_by_itself(office: WifiOffice) -> None:
    before = office.devices.configurations()
    number = office.ask(lasts=45, ssid="Acara 'Bupati' $HOME", passphrase="rahasia sekali 1")
    office.approve(number)
    settled(office, number, "done", "attention")
    assert office.request(number).state == "done", office.told(number)
    report = office.product.reports.get(office.sari, number)
    assert report.proof
    assert all(proof.passed for proof in report.proof)
    assert any("not tried by a client" in p.evidence for p in report.proof) or any(
        "tidak" in p.evidence for p in report.proof
    )
    assert all("Acara 'Bupati' $HOME" in heard for heard in office.announced().values())
    assert report.handover is not None
    assert report.handover.url is not None
    instance = office.instance(number)
    later = office.act(number, "extend", ends_at=rfc(now() + timedelta(seconds=60)))
    office.approve(later)
    settled(office, later, "done", "attention")
    assert office.request(later).state == "done", office.told(later)
    (until_then,) = office.product.reports.get(office.sari, later).proof
    assert until_then.check == "wifi.until"
    assert until_then.passed
    assert office.instance(number).expires_at > instance.expires_at  # type: ignore[operator]
    until(lambda: office.instance(number).state == "ended", lambda: office.told(number))
    ended = office.instance(number)
    assert ended.ended_at is not None
    assert ended.expires_at is not None
    assert ended.ended_at - ended.expires_at < timedelta(seconds=60)
    assert office.devices.configurations() == before
    assert all("Acara 'Bupati' $HOME" not in heard for heard in office.announced().values())
    assert office.reservations(number) == []
    told = "".join(
        e.text + str(e.data) for e in office.product.requests.events(office.budi, number)
    )
    assert "rahasia sekali 1" not in told
    assert render(report.proof[0].title, "en")


def test_begins_by_itself_and_ends_early(office: WifiOffice) -> None:
    before = office.devices.configurations()
    number = office.ask(starts=70, lasts=3600, ssid="Nanti")
    office.approve(number)
    assert office.request(number).state == "scheduled"
    settled(office, number, "done", "attention")
    assert office.request(number).state == "done", office.told(number)
    end = office.act(number, "end", reason="Acara selesai lebih awal")
    office.approve(end)
    settled(office, end, "done", "attention")
    assert office.request(end).state == "done", office.told(end)
    assert office.instance(number).state == "ended"
    assert office.devices.configurations() == before


def test_a_dead_access_point_is_cleaned_when_it_returns(office: WifiOffice) -> None:
    before = office.devices.configurations()
    number = office.ask(lasts=40, ssid="Mati")
    office.approve(number)
    settled(office, number, "done", "attention")
    assert office.request(number).state == "done", office.told(number)
    office.devices.fault("device-dead", host="ap-pendopo-2")
    until(lambda: "Mati" not in office.announced()["ap-pendopo-1"], lambda: office.told(number))
    assert office.instance(number).state == "active"
    office.devices.clear()
    until(lambda: office.instance(number).state == "ended", lambda: office.told(number))
    assert office.devices.configurations() == before


def test_two_events_at_one_place(office: WifiOffice) -> None:
    """They wait for each other at the devices, and neither takes what the other needs."""
    before = office.devices.configurations()
    first, second = office.ask(ssid="Acara-A"), office.ask(ssid="Acara-B")
    for number in (first, second):
        office.approve(number)
    for number in (first, second):
        settled(office, number, "done", "attention")
        assert office.request(number).state == "done", office.told(number)
    assert all({"Acara-A", "Acara-B"} <= heard for heard in office.announced().values())
    for number, left in ((first, {"Acara-B"}), (second, set())):
        end = office.act(number, "end")
        office.approve(end)
        settled(office, end, "done", "attention")
        assert office.request(end).state == "done", office.told(end)
        assert all(heard == left for heard in office.announced().values())
    assert office.devices.configurations() == before
