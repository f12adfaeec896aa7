"""An event where no prepared network is free: its own VLAN, network and speed, with its router."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from provisioner.database import now
from provisioner.lab.devices.plan import CAMPUS
from tests.integration.harness import lab_cluster
from tests.integration.wifi_stage import WifiOffice, rfc

pytestmark = [
    pytest.mark.slow, pytest.mark.xdist_group("event-wifi-routed"), pytest.mark.timeout(400),
]  # fmt: skip
ROUTER, PATIENCE, MINUTE = "rt-core-1", 150.0, timedelta(seconds=60)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[WifiOffice]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    campus = replace(CAMPUS, event_networks=())
    with lab_cluster(certificates) as lab, WifiOffice(base, lab, campus=campus) as made:
        made.product.start(worker=True)
        yield made


def until(what: Callable[[], bool], why: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.1)


def on_router(office: WifiOffice, number: str) -> str:
    """What the router has under the mark of that request."""
    lines = office.devices.configuration(ROUTER).splitlines()
    return "\n".join(line for line in lines if re.search(number, line))


def done(office: WifiOffice, number: str) -> None:
    until(lambda: office.request(number).state in ("done", "attention"), lambda: "")
    assert office.request(number).state == "done", office.told(number)


def test_on_in_time_changed_while_on_and_off_by_itself(office: WifiOffice) -> None:
    before = office.devices.configurations()
    starts_at = now() + timedelta(seconds=40)
    number = office.ask(
        starts_at=rfc(starts_at), ends_at=rfc(starts_at + timedelta(seconds=75)), ssid="Bupati's",
        passphrase="kunci-pertama", rate_limit_mbps=40,
    )  # fmt: skip
    office.approve(number)
    done(office, number)
    reached = now()
    assert reached - starts_at < MINUTE
    there = on_router(office, number)
    assert "40M/40M" in there
    assert "/24" in there
    assert all("Bupati's" in heard for heard in office.announced().values())
    changed = office.act(number, "change", passphrase="kunci-kedua", rate_limit_mbps=20)
    office.approve(changed)
    done(office, changed)
    assert "20M/20M" in on_router(office, number)
    text = office.devices.configuration("ap-pendopo-2")
    assert "kunci-kedua" in text
    assert "kunci-pertama" not in text
    until(lambda: office.instance(number).state == "ended", lambda: office.told(number))
    ended = office.instance(number)
    assert ended.ended_at is not None
    assert ended.expires_at is not None
    assert ended.ended_at - ended.expires_at < MINUTE
    assert office.devices.configurations() == before
    assert not any(heard for heard in office.announced().values())
    rows = [row for row in office.reservations(number) if row.kind in ("vlan", "scope")]
    assert {row.state for row in rows} <= {"quarantine"}
    said = office.texts(number) + office.texts(changed)
    assert "kunci-pertama" not in said
    assert "kunci-kedua" not in said
