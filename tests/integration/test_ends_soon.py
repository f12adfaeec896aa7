"""What ends soon is found however much was made after it."""

from __future__ import annotations

from datetime import timedelta

from provisioner.database import Database, now
from provisioner.instances.model import Instance
from provisioner.instances.service import InstanceService
from provisioner.people.model import Role
from provisioner.people.service import PeopleService
from provisioner.requests.model import Request


class _Unasked:
    """Neither requests nor clusters are asked for a list."""


def test_what_ends_soon_is_found_behind_newer_ones(database: Database) -> None:
    people = PeopleService(database)
    people.add_department("dinkes", "Dinas Kesehatan")
    people.add_person("rina", "Rina", "rahasia-sekali-1", [Role.TECHNICIAN])
    rina, moment = people.actor("rina"), now()
    with database.write() as session:
        for n, (state, days) in enumerate((("active", 5), ("ended", 5), ("active", 90))):
            number = f"VPS-2026-{n:04}"
            session.add(
                Request(
                    id=n + 1, number=number, service="cloud_vps", department_id="dinkes",
                    applicant={}, details={}, state="done", created_by=rina.id, created_at=moment,
                    pauses=[],
                )
            )  # fmt: skip
            session.flush()
            session.add(
                Instance(
                    id=f"vm-{n}", kind="vm", request_id=n + 1, request_number=number,
                    department_id="dinkes", name=f"portal-{n}", addresses=[], facts={},
                    state=state, created_at=moment + timedelta(seconds=n), made_at=moment,
                    expires_at=moment + timedelta(days=days),
                )
            )  # fmt: skip
    service = InstanceService(database, _Unasked(), _Unasked())  # type: ignore[arg-type]
    soon = moment + timedelta(days=30)
    assert [one.id for one in service.list(rina, limit=1)] == ["vm-2"]
    assert [one.id for one in service.list(rina, ends_by=soon, limit=1)] == ["vm-0"]
