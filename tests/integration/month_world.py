"""A month of requests and events made by hand, whose right figures can be worked out on paper."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database
from provisioner.events import Event
from provisioner.people.model import Role
from provisioner.people.service import PeopleService
from provisioner.requests.model import Request

JAKARTA = ZoneInfo("Asia/Jakarta")
STATES = {
    "submitted": "submitted", "returned": "needs_info", "planned": "planned",
    "approved": "approved", "scheduled": "scheduled", "in-progress": "in_progress",
    "attention": "attention", "done": "done", "rejected": "rejected", "cancelled": "cancelled",
}  # fmt: skip


def at(day: int, clock: str, month: int = 10) -> datetime:
    """A moment of 2026 by the office's clock."""
    hour, minute = clock.split(":")
    return datetime(2026, month, day, int(hour), int(minute), tzinfo=JAKARTA)


class Past:
    """Writes what happened then; the record's clock is set back afterwards."""

    def __init__(self, database: Database, people: PeopleService | None = None) -> None:
        self._database = database
        self.people = people or _office(database)
        self._sari = self.people.actor("sari").id

    def request(
        self,
        number: str,
        service: str,
        story: list[tuple[str, datetime, str]],
        due: datetime,
        department: str = "dinkes",
        received: datetime | None = None,
    ) -> None:
        """A request by its story of (what, when, who); ``what`` as in ``STATES``."""
        ended = {"done", "rejected", "cancelled"}
        with self._database.write() as session:
            session.add(
                Request(
                    number=number, service=service, department_id=department, applicant={},
                    details={}, state=STATES[story[-1][0]], created_by=self._sari,
                    created_at=story[0][1], submitted_at=story[0][1], due_at=due, pauses=[],
                    received_at=received,
                    closed_at=story[-1][1] if story[-1][0] in ended else None,
                )
            )  # fmt: skip
            for what, when, who in story:
                self.event(session, number, f"request:{what}", when, who)

    def happened(
        self, record: str, tag: str, when: datetime, who: str = "system",
        payload: dict[str, object] | None = None,
    ) -> None:  # fmt: skip
        """One event."""
        with self._database.write() as session:
            self.event(session, record, tag, when, who, payload)

    @staticmethod
    def event(
        session: Session, record: str, tag: str, when: datetime, who: str,
        payload: dict[str, object] | None = None,
    ) -> None:  # fmt: skip
        seq = events.append(session, record, tag, actor=who, payload=payload)
        session.execute(
            update(Event).where(Event.record == record, Event.seq == seq).values(at=when)
        )


def october(past: Past) -> None:
    """October 2026 has no holiday; its office days are Monday to Friday, 07:30 to 16:00 and
    Friday to 14:30. Thursday 1 October is the first, Friday 30 the last."""
    past.request(
        "VPS-2026-9001", "cloud_vps", due=at(8, "16:00"), story=[
            ("submitted", at(5, "07:30"), "sari"),       # Monday, as the office opens
            ("planned", at(5, "11:45"), "rina"),         # half a day
            ("approved", at(6, "07:30"), "dewi"),        # one day
            ("in-progress", at(6, "07:30"), "system"),
            ("done", at(6, "11:45"), "system"),          # one day and a half; in time
        ],
    )  # fmt: skip
    past.request(
        "VPS-2026-9002", "cloud_vps", due=at(15, "16:00"), department="dindik", story=[
            ("submitted", at(12, "07:30"), "sari"),      # Monday
            ("returned", at(13, "07:30"), "rina"),       # one day until looked at
            ("submitted", at(14, "07:30"), "sari"),      # one day with the department
            ("planned", at(14, "16:00"), "rina"),
            ("approved", at(16, "07:30"), "rina"),       # two days of review
            ("in-progress", at(16, "07:30"), "system"),
            ("attention", at(16, "14:30"), "system"),    # one day of the machine (a Friday)
            ("in-progress", at(19, "16:00"), "dewi"),    # one day of people
            ("done", at(19, "16:00"), "system"),         # due on Thursday 15: late
        ],
    )  # fmt: skip
    past.request(
        "WIFI-2026-9001", "event_wifi", due=at(21, "16:00"), story=[
            ("submitted", at(20, "07:30"), "sari"),
            ("planned", at(20, "07:30"), "dewi"),
            ("approved", at(20, "16:00"), "dewi"),
            ("scheduled", at(20, "16:00"), "system"),    # stands ready: in time
        ],
    )  # fmt: skip
    past.request(
        "WIFI-2026-9002", "event_wifi", due=at(23, "14:30"), story=[
            ("submitted", at(22, "09:00"), "sari"),
            ("rejected", at(22, "10:00"), "rina"),
        ],
    )  # fmt: skip
    past.request(
        "NET-2026-9001", "internet", due=at(29, "16:00"), story=[
            ("submitted", at(28, "08:00"), "sari"),      # nobody looked: late, and open
        ],
    )  # fmt: skip
    past.request(
        "VPS-2026-9003", "cloud_vps", due=at(3, "16:00", month=11), story=[
            ("submitted", at(29, "08:00"), "sari"),      # open, due in November
        ],
    )  # fmt: skip
    error = {
        "kind": "action_needed",
        "what": {"template": "The switch refused the change.", "values": {}},
    }
    past.happened("VPS-2026-9002", "run:started", at(16, "07:30"))
    past.happened("VPS-2026-9002", "step:failed", at(16, "14:30"), payload={"error": error})
    past.happened("VPS-2026-9002", "run:waiting-person", at(16, "14:30"))
    past.happened("VPS-2026-9002", "run:retried", at(19, "15:00"), "dewi")
    past.happened("VPS-2026-9002", "step:completed", at(19, "15:00"), payload={"by": "dewi"})
    past.happened("VPS-2026-9001", "contact:logged", at(5, "10:00"), "rina")
    past.happened("VPS-2026-9001", "letter:issued", at(7, "10:00"), "rina")
    past.happened("VPS-2026-9001", "letter:sent", at(2, "10:00", month=11), "rina")


def _office(database: Database) -> PeopleService:
    people = PeopleService(database)
    people.add_department("dinkes", "Dinas Kesehatan")
    people.add_department("dindik", "Dinas Pendidikan")
    for name, roles in (
        ("sari", [Role.APPLICANT]), ("rina", [Role.TECHNICIAN]),
        ("dewi", [Role.TECHNICIAN, Role.APPROVER]), ("heru", [Role.HEAD]),
        ("arif", [Role.AUDITOR]), ("wulan", [Role.COMPLAINTS]),
    ):  # fmt: skip
        people.add_person(name, name.title(), None, roles, "dinkes" if name == "sari" else None)
    return people
