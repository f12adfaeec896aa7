"""A released address rests: nobody gets it before its time, whatever restarts in between."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioner.database import now
from provisioner.plans.record import Reservation, ReservationState
from tests.integration import vm_stage
from tests.integration.harness import Office
from tests.integration.vm_stage import Server, Timekeeper, ago

CHANGES = {**vm_stage.CHANGES, "quarantine_hours: 0": "quarantine_hours: 24"}
HOURS = 24
"""Of the lab's network."""
pytestmark = [pytest.mark.xdist_group("vm-quarantine"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def database_url() -> None:
    """The same rows on both."""


def rest(office: Office, address: str) -> Reservation:
    """The one row that keeps everybody off the address."""
    with office.product.database.read() as session:
        (row,) = session.query(Reservation).filter_by(kind="address", key=address).all()
    return row


def time_passes(office: Office, address: str) -> None:
    with office.product.database.write() as session:
        (row,) = session.query(Reservation).filter_by(kind="address", key=address).all()
        assert row.state == ReservationState.QUARANTINE
        row.expires_at = ago(seconds=1)


def planned_address(office: Office) -> str:
    """What a new request is given; it gives it back at once."""
    number = office.file()
    plan = office.product.plans.make(office.budi, number)
    address = str(office.choices(number)["address"])
    assert plan.digest
    office.product.requests.cancel(office.sari, number, "only asked")
    office.product.outbox.deliver_due()
    return address


def rests_across_restarts(office: Office, address: str) -> None:
    row = rest(office, address)
    assert row.state == ReservationState.QUARANTINE
    assert row.expires_at is not None
    assert abs(row.expires_at - now() - timedelta(hours=HOURS)) < timedelta(minutes=5)
    assert planned_address(office) != address
    office.reconnect()
    assert planned_address(office) != address
    assert rest(office, address).state == ReservationState.QUARANTINE
    time_passes(office, address)
    assert planned_address(office) == address, "it is the lowest that is free"


def test_after_the_end_of_its_vm(office: Office) -> None:
    server = Server.made(office)
    (address,) = server.view.addresses
    server.alter(state="suspended", expires_at=ago(days=20), remove_at=ago(minutes=1))
    (run,) = Timekeeper(office).tick()
    assert run.state == "succeeded", run
    rests_across_restarts(office, address)


def test_after_an_undoing(office: Office) -> None:
    number, run = office.approved()
    address = str(office.choices(number)["address"])
    office.lab.fault("task-fails", type="qmstart", text="shrinking disks is not supported")
    assert office.carry_out(run).state == "failed"
    rests_across_restarts(office, address)


def test_a_rebuilt_vm_keeps_it(office: Office) -> None:
    server = Server.made(office)
    (address,) = server.view.addresses
    server.do("rebuild", **server.answer())
    assert server.view.addresses == [address]
    row = rest(office, address)
    assert (row.state, row.instance_id) == (ReservationState.RESERVED, server.id)
    office.reconnect()
    assert planned_address(office) != address


def test_an_address_that_was_never_used_does_not_rest(office: Office) -> None:
    number, run = office.approved()
    address = str(office.choices(number)["address"])
    office.product.runs.stop(office.budi, run)
    office.carry_out(run)
    assert office.run(run).state == "stopped"
    assert planned_address(office) == address, "it is the lowest that is free"
