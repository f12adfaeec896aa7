"""A department's server: asked for, racked by a person, proven, prolonged and taken out again."""

from __future__ import annotations

import io
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import select

from provisioner.database import now
from provisioner.instances.model import Instance
from provisioner.plans.record import ReservationState
from provisioner.requests.views import NewRequest
from provisioner.runs.manual import Photo
from provisioner.runs.model import Lease, Run
from provisioner.runs.views import RunView
from tests.integration.harness import _LETTER, lab_cluster
from tests.integration.wifi_stage import WifiOffice

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("colocation")]
SWITCH, PORT = "sw-pendopo-1", 18443
RACKED = ("delivered", "label", "mounted", "power", "cable", "address", "on")
TAKEN_OUT = ("off", "out", "returned")


class Office(WifiOffice):
    @property
    def first_address(self) -> str:
        """The one that the first server gets."""
        network = self.product.inventory.network.colocation_networks["colo-1"]
        return str(network.assignable[0].first)

    def place(self, name: str, **details: Any) -> str:
        """A complete request for a place in the rack, submitted."""
        service = self.product.requests
        new = service.create(
            self.sari,
            NewRequest.model_validate({
                "service": "colocation", "department": "dinkes",
                "applicant": {
                    "name": "Sari Wulandari", "position": "Kasubbag", "phone": "0281 891010",
                    "email": "sari@dinkes.example.id",
                },
                "letter": {
                    "kind": "srikandi", "number": "045/1/2026", "date": "2026-11-20",
                    "signatory": {"name": "dr. Jusi", "position": "Kepala Dinas"},
                },
                "details": {
                    "server_name": name, "purpose": "Kepegawaian", "model": "Dell R450",
                    "units": 2, "watts": 300, "power_feeds": 2, "network": "colo-1",
                    "contact_on_site": "Sari, 0812",
                    "open_ports": [{"port": PORT, "protocol": "tcp"}], **details,
                },
            }),
        )  # fmt: skip
        service.attach_letter(self.sari, new.number, "surat.pdf", _LETTER)
        service.submit(self.sari, new.number)
        return new.number

    def report(self, run_id: str, key: str, ticked: tuple[str, ...], **answers: str) -> RunView:
        """A technician reports a manual step as done; the run goes on."""
        out = io.BytesIO()
        Image.new("RGB", (40, 30), "red").save(out, "JPEG")
        self.product.manual.complete(
            self.budi, run_id, key, checklist=dict.fromkeys(ticked, True), answers=answers,
            photos=[Photo("rak.jpg", out.getvalue())],
        )  # fmt: skip
        return self.carry_out(run_id)

    def racked(self, number: str) -> str:
        """Planned, approved and put into the rack; the server answers. Returns its address."""
        run_id = self.approve(number)
        run = self.carry_out(run_id)
        assert run.state == "waiting_person", self.told(number)
        address = str(self.product.plans.view(self.budi, number).steps[2].target)
        with answering(address):
            run = self.report(run_id, "colocation.rack", RACKED, serial="SN-9")
        assert run.state == "succeeded", self.told(number)
        return address

    def ours(self) -> list[str]:
        """Lines of the switches that speak of us or of our VLAN."""
        texts = self.devices.configurations().values()
        lines = [line for text in texts for line in text.splitlines()]
        return [line for line in lines if re.search(r"vlan.*\b140\b|PROV-COL", line)]


@contextmanager
def answering(address: str) -> Iterator[None]:
    """The server is switched on."""
    with socket.create_server((address, PORT)):
        yield


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[Office]:
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    with lab_cluster(certificates) as lab, Office(base, lab) as made:
        yield made


def test_from_the_letter_to_the_empty_rack(office: Office) -> None:
    number = office.place("simpeg", until="2027-06-30")
    run_id = office.approve(number)
    waiting = office.carry_out(run_id)
    assert waiting.state == "waiting_person", office.told(number)
    assert waiting.waiting_for is not None
    assert waiting.waiting_for.who == "technician"
    with office.product.database.read() as session:
        assert not session.scalars(select(Lease)).all()  # no device is held meanwhile
    with answering(office.first_address):
        run = office.report(run_id, "colocation.rack", RACKED, serial="SN-9")
    assert run.state == "succeeded", office.told(number)
    assert office.request(number).state == "done"
    proof = office.product.reports.get(office.sari, number).proof
    assert [(one.check, one.passed) for one in proof] == [
        ("server.racked", True), ("port.set_up", True), ("server.answers", True),
        ("server.port_open", True),
    ]  # fmt: skip
    instance = office.instance(number)
    assert (instance.kind, instance.addresses) == ("colocation", [office.first_address])
    assert instance.actions == ["extend", "end"]

    longer = office.act(number, "extend", until="2027-12-31")
    assert office.carry_out(office.approve(longer)).state == "succeeded", office.told(longer)
    assert office.instance(number).expires_at.isoformat() == "2027-12-31T17:00:00+00:00"

    end = office.act(number, "end", confirm="simpeg")
    end_run = office.approve(end)
    assert office.carry_out(end_run).state == "waiting_person", office.told(end)
    assert office.report(end_run, "colocation.take_out", TAKEN_OUT).state == "succeeded"
    assert office.instance(number).state == "ended"
    assert office.ours() == []
    left = office.reservations(number)
    assert [(row.kind, row.key, row.state) for row in left] == [
        ("address", office.first_address, ReservationState.QUARANTINE)
    ]


def test_stopped_before_the_racking_the_port_is_as_before(office: Office) -> None:
    number = office.place("batal")
    run_id = office.approve(number)
    assert office.carry_out(run_id).state == "waiting_person"
    assert office.ours()
    office.product.runs.stop(office.budi, run_id)
    assert office.carry_out(run_id).state == "stopped", office.told(number)
    assert office.ours() == []


def test_its_last_day_over_it_ends_by_itself_and_leaves_the_others(office: Office) -> None:
    first, second = office.place("satu", until="2027-06-30"), office.place("dua")
    office.racked(first)
    address = office.racked(second)
    with office.product.database.write() as session:
        row = session.get_one(Instance, office.instance(first).id)
        row.expires_at = now() - timedelta(seconds=1)
    office.product.tools.endings.once()  # type: ignore[attr-defined]
    with office.product.database.read() as session:
        query = select(Run.id).where(Run.instance_id == office.instance(first).id)
        run_id = session.scalars(query.order_by(Run.created_at.desc())).first()
    assert run_id is not None
    assert office.carry_out(run_id).state == "waiting_person"
    assert office.report(run_id, "colocation.take_out", TAKEN_OUT).state == "succeeded"
    assert office.instance(first).state == "ended"
    assert not any("satu" in line for line in office.devices.configuration(SWITCH).splitlines())
    assert any("dua" in line for line in office.devices.configuration(SWITCH).splitlines())
    assert len(office.ours()) > 3
    assert address != office.first_address
