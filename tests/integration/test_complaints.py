"""Complaints on both databases: their life, their deadlines, and what anonymous and secret mean."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text

from provisioner import events
from provisioner.catalogue.office import Office
from provisioner.complaints.deadlines import Deadlines
from provisioner.complaints.files import Attachment, ComplaintFiles
from provisioner.complaints.model import Complaint
from provisioner.complaints.receiving import new_key
from provisioner.complaints.register import register_of
from provisioner.complaints.service import ComplaintService
from provisioner.complaints.store import Filter
from provisioner.complaints.views import (
    Answer,
    Assign,
    Classify,
    Close,
    ComplaintView,
    LinkTo,
    NewComplaint,
    Reopen,
    Told,
)
from provisioner.database import Database, now
from provisioner.errors import Conflict, Forbidden, Invalid, NotFound
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.people.service import PeopleService

NAME = "Pak Sukirman Wijanarko"
CONTACT = "0813-9999-1234"
OFFICE = Office.model_validate(
    {
        "name": "Dinas Uji",
        "letter_head": ["PEMERINTAH"],
        "address": {"street": "Jalan", "city": "Purbalingga"},
        "working_hours": dict.fromkeys(
            ["monday", "tuesday", "wednesday", "thursday", "friday"], "07:30-16:00"
        ),
        "signatories": {"head": {"name": "Kepala", "position": "Kepala Dinas"}},
        "complaints": {"retention_days": 30},
    }
)
Act = Callable[[str], Actor]


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> ComplaintService:
    return ComplaintService(database, OFFICE, ComplaintFiles(tmp_path / "complaints"))


@pytest.fixture
def who(database: Database) -> Act:
    people = PeopleService(database)
    people.add_department("dinkes", "Dinas Kesehatan")
    people.add_department("dindik", "Dinas Pendidikan")
    found: dict[str, Actor] = {}
    for username, roles, department in (
        ("wulan", [Role.COMPLAINTS], None),
        ("heru", [Role.HEAD], None),
        ("rina", [Role.TECHNICIAN], None),
        ("arif", [Role.AUDITOR], None),
        ("bagas", [Role.ADMINISTRATOR], None),
        ("sari", [Role.APPLICANT], "dinkes"),
        ("sita", [Role.APPLICANT], "dinkes"),
        ("tono", [Role.APPLICANT], "dindik"),
    ):
        view = people.add_person(username, username.title(), None, roles, department)
        found[username] = Actor(view.id, username, view.name, frozenset(roles), department, "id")
    return found.__getitem__


def told(**more: Any) -> Told:
    body = {"kind": "complaint", "text": "WiFi di loket mati sejak Senin.", **more}
    return Told.model_validate(body)


def recorded(desk: ComplaintService, actor: Actor, **more: Any) -> ComplaintView:
    body = {"kind": "complaint", "channel": "visit", "text": "Loket tutup lebih awal.", **more}
    return desk.record(actor, NewComplaint.model_validate(body))


def aged(database: Database, number: str, **changes: Any) -> None:
    """As if it were older."""
    with database.write() as session:
        row = session.query(Complaint).filter_by(number=number).one()
        for name, value in changes.items():
            setattr(row, name, value)


def everything(database: Database) -> str:
    """All that is stored, in every table."""
    with database.read() as session:
        names = session.execute(
            text(
                "select name from sqlite_master where type = 'table'"
                if database.is_sqlite
                else "select tablename from pg_tables where schemaname = 'public'"
            )
        ).scalars()
        rows = [session.execute(text(f'select * from "{name}"')).all() for name in names]  # noqa: S608
    return repr(rows)


def tags(desk: ComplaintService, actor: Actor, number: str) -> list[str]:
    return [one.tag.partition(":")[2] for one in desk.events(actor, number)]


def test_the_whole_life_stands_on_one_chained_timeline(
    desk: ComplaintService, database: Database, who: Act
) -> None:
    wulan = who("wulan")
    number = recorded(desk, wulan, name=NAME, contact=CONTACT).number
    assert desk.get(wulan, number).actions == ["classify", "link"]
    view = desk.classify(
        wulan, number, Classify(classification="light", summary="Loket tutup awal")
    )
    assert (view.state, view.actions) == ("classified", ["classify", "assign", "link"])
    view = desk.assign(wulan, number, Assign(officer="wulan", team=["Budi", "Budi"]))
    assert (view.officer, view.team) == ("wulan", ["Budi"])
    desk.begin(wulan, number)
    given = Answer.model_validate({"text": "Loket kini buka sampai 16.00.", "channel": "phone"})
    assert desk.answer(wulan, number, given).actions == ["close", "reopen", "link"]
    view = desk.reopen(wulan, number, Reopen(reason="Masih tutup awal"))
    assert (view.state, view.answered_at) == ("in_progress", None)
    desk.answer(wulan, number, given)
    view = desk.close(wulan, number, Close.model_validate({"outcome": "satisfied"}))
    assert (view.state, len(view.answers), view.actions) == ("closed", 2, ["reopen", "link"])
    assert tags(desk, wulan, number) == [
        "received", "classified", "assigned", "in-progress", "answered", "reopened", "answered",
        "closed",
    ]  # fmt: skip
    with database.read() as session:
        assert events.verify(session) == []


def test_what_the_state_or_the_role_does_not_allow_is_refused(
    desk: ComplaintService, who: Act
) -> None:
    wulan = who("wulan")
    number = recorded(desk, who("rina")).number
    given = Answer.model_validate({"text": "Sudah beres.", "channel": "phone"})
    with pytest.raises(Conflict, match="Received"):
        desk.answer(wulan, number, given)
    for nobody in ("rina", "arif", "sari"):
        with pytest.raises(Forbidden):
            desk.classify(who(nobody), number, Classify(classification="light"))
    for nobody in ("arif", "sari", "bagas"):
        with pytest.raises(Forbidden):
            recorded(desk, who(nobody))
    with pytest.raises(NotFound):
        desk.classify(wulan, "ADU-2026-9999", Classify(classification="light"))


def test_two_who_act_at_once_the_second_is_told(desk: ComplaintService, who: Act) -> None:
    number = recorded(desk, who("rina")).number
    seen = desk.get(who("wulan"), number).revision
    first = {"classification": "light", "revision": seen}
    desk.classify(who("heru"), number, Classify.model_validate(first))
    other = {"classification": "supervisory", "reason": "berat sekali", "revision": seen}
    with pytest.raises(Conflict, match="Somebody else") as refused:
        desk.classify(who("wulan"), number, Classify.model_validate(other))
    assert refused.value.slug == "changed-meanwhile"
    assert desk.get(who("wulan"), number).classification == "light"


def test_another_class_needs_a_reason_and_counts_from_the_receipt(
    desk: ComplaintService, who: Act
) -> None:
    wulan, received = who("wulan"), datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    number = recorded(desk, wulan, received_at=received).number
    light = desk.classify(wulan, number, Classify(classification="light"))
    assert light.due_at.date() == date(2026, 11, 9)
    with pytest.raises(Invalid):
        desk.classify(wulan, number, Classify(classification="not_supervisory"))
    again = Classify.model_validate({"classification": "not_supervisory", "reason": "perlu telaah"})
    assert desk.classify(wulan, number, again).due_at.date() == date(2026, 11, 20)
    last = desk.events(wulan, number)[-1]
    assert last.data is not None
    assert (last.data["reason"], last.data["before"]) == ("perlu telaah", "light")


def test_an_anonymous_reporter_leaves_nothing(
    desk: ComplaintService, database: Database, who: Act, tmp_path: Path
) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x9286] = exif[0x010E] = NAME
    Image.new("RGB", (40, 40)).save(out, "JPEG", exif=exif)
    assert NAME.encode() in out.getvalue()
    key = new_key()
    receipt = desk.hand_in(
        told(privacy="anonymous", name=NAME, contact=CONTACT),
        key,
        who("sari"),
        Attachment(f"{NAME}.jpg", out.getvalue()),
    )
    assert receipt.key == key
    stored = everything(database)
    assert "WiFi di loket mati" in stored
    for secret in (NAME, CONTACT, key):
        assert secret not in stored
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    if database.is_sqlite:
        assert all(NAME.encode() not in data for data in kept)
        assert all(CONTACT.encode() not in data for data in kept)
    assert all(b"Sukirman" not in data for data in kept)
    with database.read() as session:
        row = session.query(Complaint).one()
        assert (row.reporter, row.handed_in_by, row.department_id) == (None, None, None)
        assert {one.actor for one in events.read(session, row.number)} == {"public"}
    with pytest.raises(NotFound):
        desk.get(who("sari"), receipt.number)
    assert desk.outlook(receipt.number.lower(), f" {key.upper()} ").state == "received"
    for number, wrong in ((receipt.number, new_key()), ("ADU-2026-0002", key), ("", "")):
        with pytest.raises(NotFound, match="do not belong together"):
            desk.outlook(number, wrong)


def test_a_secret_name_is_seen_by_officer_head_and_the_reporter_only(
    desk: ComplaintService, database: Database, who: Act
) -> None:
    number = desk.hand_in(
        told(privacy="confidential", name=NAME, contact=CONTACT), new_key(), who("sari")
    ).number
    for knowing in ("wulan", "heru", "sari"):
        assert desk.get(who(knowing), number).reporter.name == NAME
    for other in ("rina", "arif", "bagas"):
        view = desk.get(who(other), number)
        assert NAME not in view.model_dump_json()
        assert view.reporter.model_dump(exclude_none=True) == {"shown": "hidden"}
    for stranger in ("sita", "tono"):
        with pytest.raises(NotFound):
            desk.get(who(stranger), number)
        assert desk.find(who(stranger)) == []
    with database.read() as session:
        told_of = repr(events.read(session, number))
    assert NAME not in told_of
    assert "sari" not in told_of
    page = register_of(desk, who("wulan"), OFFICE, now().date().replace(day=1), now())
    assert NAME not in page.html("id", now())
    assert "dirahasiakan" in page.html("id", now())


def test_applicants_see_what_their_department_says_openly(desk: ComplaintService, who: Act) -> None:
    number = desk.hand_in(told(), new_key(), who("sari")).number
    assert desk.get(who("sita"), number).reporter.department == "dinkes"
    assert [one.number for one in desk.find(who("sari"))] == [number]
    with pytest.raises(NotFound):
        desk.events(who("tono"), number)
    assert all(one.data is None for one in desk.events(who("sari"), number))
    assert desk.get(who("sari"), number).actions == []


def test_a_form_sent_twice_is_kept_once(desk: ComplaintService, who: Act) -> None:
    key = new_key()
    first, again = (desk.hand_in(told(), key) for _ in range(2))
    assert (first.number, first.key) == (again.number, again.key)
    other = desk.hand_in(told(text="Yang lain sama sekali."), key)
    assert (other.number != first.number, other.key != key) == (True, True)


def test_warnings_are_said_once_for_each_due_date(
    desk: ComplaintService, database: Database, who: Act
) -> None:
    wulan, clock = who("wulan"), Deadlines(database, OFFICE)
    monday = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)  # 08.00
    number = recorded(desk, wulan, received_at=monday).number
    desk.classify(wulan, number, Classify(classification="light"))
    times = [monday + timedelta(days=d) for d in (0, 4, 7, 7, 8, 8, 9)]
    assert [clock.once(at) for at in times] == [0, 0, 1, 0, 1, 0, 0]
    assert tags(desk, wulan, number)[2:] == ["due-soon", "overdue"]
    [*_, last] = desk.events(wulan, number)
    assert last.data is not None
    assert last.data["to"] == "head"
    reason = {"classification": "not_supervisory", "reason": "perlu telaah"}
    desk.classify(wulan, number, Classify.model_validate(reason))
    assert [clock.once(monday + timedelta(days=d)) for d in (10, 17, 30)] == [0, 1, 1]
    suggestion = recorded(desk, wulan, kind="suggestion", received_at=monday).number
    desk.close(wulan, suggestion, Close.model_validate({"outcome": "noted"}))
    assert clock.once(monday + timedelta(days=60)) == 0


def test_what_is_not_classified_in_time_is_told_to_the_head(
    desk: ComplaintService, database: Database, who: Act
) -> None:
    monday = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    number = recorded(desk, who("rina"), received_at=monday).number
    assert Deadlines(database, OFFICE).once(monday + timedelta(days=2)) == 1
    [*_, last] = desk.events(who("heru"), number)
    assert (last.tag, last.text) == (
        "complaint:overdue",
        "Belum diklasifikasi tepat waktu; kepala diberi tahu",
    )


def test_erasing_takes_the_words_and_leaves_the_chain(
    desk: ComplaintService, database: Database, who: Act, tmp_path: Path
) -> None:
    wulan, key, out = who("wulan"), new_key(), io.BytesIO()
    Image.new("RGB", (40, 40)).save(out, "PNG")
    number = desk.hand_in(
        told(name=NAME, contact=CONTACT), key, who("sari"), Attachment("bukti.png", out.getvalue())
    ).number
    desk.classify(
        wulan, number, Classify.model_validate({"classification": "light", "summary": "WiFi loket"})
    )
    desk.assign(wulan, number, Assign(officer="wulan"))
    said = {"text": f"Yth. {NAME}, sudah menyala.", "channel": "email"}
    desk.answer(wulan, number, Answer.model_validate(said))
    desk.reopen(wulan, number, Reopen(reason=f"{NAME} menelepon lagi"))
    desk.answer(wulan, number, Answer.model_validate(said))
    desk.close(wulan, number, Close.model_validate({"outcome": "no_reaction"}))
    with pytest.raises(Conflict):
        desk.erase(wulan, number)
    aged(database, number, closed_at=now() - timedelta(days=31))
    assert "erase" in desk.get(who("bagas"), number).actions
    with pytest.raises(Forbidden):
        desk.erase(who("rina"), number)
    view = desk.erase(who("bagas"), number)
    assert (view.reporter.shown, view.text, view.summary) == ("erased", "", "WiFi loket")
    assert (view.files, view.classification, view.actions) == ([], "light", [])
    stored = everything(database)
    for gone in (NAME, CONTACT, "WiFi di loket mati", "menelepon lagi"):
        assert gone not in stored
    assert not [path for path in (tmp_path / "complaints").rglob("*") if path.is_file()]
    with database.read() as session:
        assert events.verify(session) == []
    assert tags(desk, wulan, number)[-1] == "erased"
    with pytest.raises(NotFound):
        desk.outlook(number, key)


def test_searching_and_filtering(desk: ComplaintService, database: Database, who: Act) -> None:
    wulan = who("wulan")
    one = recorded(desk, wulan, channel="sp4n_lapor", reference="LAPOR-778899", request="TRB-1")
    two = recorded(desk, wulan, kind="appreciation", text="Pelayanan 100% cepat_sekali.")
    desk.link(wulan, one.number, LinkTo(target="NET-2026-0099"))

    def found(**chosen: Any) -> list[str]:
        return [view.number for view in desk.find(wulan, Filter(**chosen))]

    assert found() == [two.number, one.number]
    assert found(text="778899") == found(text="net-2026-0099") == [one.number]
    assert found(channel="sp4n_lapor") == found(classification="none") == [one.number]
    assert found(text="100%") == found(text="T_S") == found(kind="appreciation") == [two.number]
    assert found(state="open", kind="suggestion") == found(text="tidak ada") == []
    assert desk.linked_to(who("rina"), "request", "NET-2026-0099") == [one.number]
    assert desk.linked_to(who("sari"), "request", "NET-2026-0099") == []


def test_figures_and_register_say_the_same(
    desk: ComplaintService, database: Database, who: Act
) -> None:
    wulan = who("wulan")
    monday = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    numbers = [recorded(desk, wulan, received_at=monday).number for _ in range(3)]
    recorded(desk, wulan, kind="suggestion", channel="box", received_at=monday)
    for number in numbers[:2]:
        desk.classify(wulan, number, Classify(classification="light"))
        desk.assign(wulan, number, Assign(officer="wulan"))
        given = {"text": "Sudah diperbaiki.", "channel": "phone", "day": "2026-11-04"}
        desk.answer(wulan, number, Answer.model_validate(given))
    aged(database, numbers[0], answered_at=monday + timedelta(days=2))
    aged(database, numbers[1], answered_at=monday + timedelta(days=9))
    with database.read() as session:
        found = desk.figures(session, date(2026, 11, 1), date(2026, 11, 30))
        before = desk.figures(session, date(2026, 10, 1), date(2026, 10, 31))
    assert (found.received, before.received) == (4, 0)
    assert found.by_kind == {"complaint": 3, "suggestion": 1}
    assert found.by_class == {"light": 2, "unclassified": 1}
    assert found.by_channel == {"visit": 3, "box": 1}
    assert (found.answered_in_time, found.answered_late, found.open) == (1, 1, 2)
    assert found.median_days == 4.5
    assert [one.number for one in found.late][:1] == [numbers[1]]
    late = next(one for one in found.late if one.number == numbers[1])
    assert (late.days_late, late.officer, late.summary) == (2, "Wulan", "")
    register = register_of(desk, wulan, OFFICE, date(2026, 11, 1), now())
    assert [one.number for one in register.entries][:3] == numbers
    assert [one.days for one in register.entries][:3] == [2, 7, None]
    lines = register.csv("id").decode("utf-8-sig").splitlines()
    assert len(lines) == 5
    assert lines[1].startswith(f"{numbers[0]},2026-11-02,Tatap muka,–,")
