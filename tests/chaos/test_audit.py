"""The audit itself: a world in which a promise is broken is told so."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, update

from provisioner.events import EventPayload
from provisioner.plans.record import Reservation
from provisioner.runs.model import Lease, Run
from tests.chaos.audit import violations
from tests.chaos.world import World, world

pytestmark = pytest.mark.timeout(300)


def _break(stage: World, number: str) -> None:
    """An erased claim, an altered event, a lease nobody gives back, a volume without a VM."""
    with stage.product.database.write() as session:
        run = session.query(Run).filter_by(number=number).one()
        session.execute(delete(Reservation).where(Reservation.kind == "address"))
        session.execute(update(EventPayload).values(payload={"altered": True}))
        session.add(
            Lease(resource="node:x", slot=0, run_id=run.id, fence=999, since=run.created_at)
        )


def test_broken_promises_are_told(tmp_path: Path) -> None:
    with world(tmp_path, speed=80) as stage:
        number = stage.file("whole")
        stage.worker.start()
        stage.approve(number)
        assert stage.wait_for_end(number, 120) == "done"
        stage.worker.end()
        assert violations(stage, {number}) == []
        _break(stage, number)
        told = "\n".join(violations(stage, {number, "VPS-1999-0001"}))
    for part in ("ledger: ", "was altered", "lease: node:x", "VPS-1999-0001: is not on record"):
        assert part in told
