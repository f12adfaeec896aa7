"""Requests are found by the beginning of any word they are known by, along an index."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from provisioner import events
from provisioner.database import Database, now
from provisioner.finding.words import words_of_instances
from provisioner.instances.model import Instance
from provisioner.people.model import Department, Person
from provisioner.reports.letters.model import OutLetter
from provisioner.reports.letters.store import words_of_letters
from provisioner.requests import search
from provisioner.requests.model import Letter, Request
from provisioner.requests.search import SearchIndex, SearchTerm, find, terms_of, words_of
from tests.integration.query_plans import plans_of, scans

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=80)
TYPED = st.text("abcdefghijklmnop0123456789ÉèßIİ.-:/_", min_size=2, max_size=30).filter(
    lambda word: word[0].isalnum() and word[1].isalnum()
)


@given(before=WORDS, word=TYPED, after=WORDS, cut=st.integers(2, 30))
def test_any_beginning_of_a_word_finds_it(before: str, word: str, after: str, cut: int) -> None:
    [typed] = words_of(word[:cut]) or [None]
    assert typed is not None
    assert any(term.startswith(typed) for term in terms_of(f"{before} {word} {after}"))


@given(WORDS)
def test_any_text_has_words_that_a_database_takes(given_text: str) -> None:
    for term in [*terms_of(given_text), *words_of(given_text)]:
        assert 0 < len(term) <= search.LONGEST
        assert term == term.casefold()
        assert "\0" not in term


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("VPS-2026-0042", "0042"),
        ("VPS-2026-0042", "2026-00"),
        ("VPS-2026-0042", "vps-2026-0042"),
        ("10.10.10.101", "10.10.10.1"),
        ("web.purbalinggakab.go.id", "purbalinggakab"),
        ("BC:24:11:0a:b0:0c", "bc24110ab0"),
        ("BC:24:11:0a:b0:0c", "BC-24-11-0A-B0-0C"),
        ("BC:24:11:0a:b0:0c", "bc24.110a.b00c"),
        ("BC:24:11:0a:b0:0c", "bc:24:11"),
        ("Dinas Kesehatan,", "kesehatan"),
        ("“Café Pendopo”", "cafe"),
        ("005/112/2026", "112"),
        ("nama_server", "server"),
    ],
)
def test_how_people_write_it(said: str, typed: str) -> None:
    [word] = words_of(typed)
    assert any(term.startswith(word) for term in terms_of(said))


@pytest.fixture
def office(database: Database) -> Database:
    with database.write() as session:
        session.add_all(
            [
                Department(id="dinkes", name="Dinas Kesehatan"),
                Department(id="dindik", name="Dinas Pendidikan"),
                Person(id=1, username="sari", name="Sari", created_at=now()),
            ]
        )
    return database


def _request(database: Database, number: str, department: str = "dinkes", **given: Any) -> int:
    with database.write() as session:
        row = Request(
            number=number, service=given.pop("service", "cloud_vps"), department_id=department,
            applicant={"name": given.pop("applicant", "Budi Santosa"), "email": "rahasia@x.id"},
            state=given.pop("state", "submitted"), created_by=1, created_at=now(), pauses=[],
            due_at=given.pop("due_at", None), instance_id=given.pop("instance", None),
            details=given,
        )  # fmt: skip
        session.add(row)
        session.flush()
        events.append(session, number, "request:created")
        return row.id


def _found(database: Database, typed: str, **filters: Any) -> list[str]:
    with database.read() as session:
        return [row.number for row in find(session, text=typed, **filters)]


def test_found_by_all_that_it_is_known_by(office: Database) -> None:
    SearchIndex(office, [words_of_instances])
    _request(office, "VPS-2026-0001", hostname="portal-gizi", passphrase_given=True)
    wifi = _request(
        office, "WIFI-2026-0002", "dindik", service="event_wifi", event="Bazar UMKM",
        ssid="Bazar Guru", place="aula-pendopo", applicant="Tono Prasetyo",
    )  # fmt: skip
    with office.write() as session:
        session.add(Letter(request_id=wifi, kind="signed", number="005/77/2026"))
        session.flush()
        events.append(session, "WIFI-2026-0002", "request:updated")
        row = session.get_one(Request, 1)
        row.instance_id = "vm-dc1-2001-ab12"
        session.add(
            Instance(
                id=row.instance_id, kind="vm", request_id=1, request_number=row.number,
                department_id="dinkes", name="portal-gizi", addresses=["10.10.10.107"],
                facts={"wanted": {"net0": "virtio=BC:24:11:0A:B0:0C,bridge=vmbr0"}},
                created_at=now(), made_at=now(),
            )
        )  # fmt: skip
        session.flush()
        events.append(session, row.number, "instance:created")
    vps, event = ["VPS-2026-0001"], ["WIFI-2026-0002"]
    for typed in (
        "VPS-2026-0001", "0001", "portal", "gizi", "10.10.10.107", "10.10.10", "BC:24:11:0a:b0:0c",
        "vm-dc1", "budi", "dinkes", "kesehatan", "dinas kes", "portal santosa 0001",
    ):  # fmt: skip
        assert _found(office, typed) == vps, typed
    for typed in ("bazar", "guru", "aula-pen", "tono", "dindik", "005/77", "77/2026", "umkm bazar"):
        assert _found(office, typed) == event, typed
    assert _found(office, "dinas") == event + vps  # the newest first
    assert _found(office, "2026") == event + vps
    for typed in ("portal bazar", "rahasia", "true", "passphrase", "%", "_", "--", "tan"):
        assert _found(office, typed) == [], typed


def test_found_by_the_numbers_of_letters_that_went_out(office: Database) -> None:
    SearchIndex(office, [words_of_letters])
    request = _request(office, "VPS-2026-0001")
    _request(office, "VPS-2026-0002")
    with office.write() as session:
        session.add(
            OutLetter(
                request_id=request, request_number="VPS-2026-0001", department_id="dinkes",
                kind="confirmation", code="c" * 32, edits={}, number="500.12/1071/2026",
                created_by="rina", created_at=now(),
            )
        )  # fmt: skip
        session.flush()
        events.append(session, "VPS-2026-0001", "letter:issued")
    for typed in ("500.12/1071/2026", "500.12/10", "1071/2026"):
        assert _found(office, typed) == ["VPS-2026-0001"], typed
    assert _found(office, "500.12/1072") == []


def test_other_departments_stay_unseen(office: Database) -> None:
    SearchIndex(office)
    _request(office, "VPS-2026-0001", hostname="portal")
    _request(office, "VPS-2026-0002", "dindik", hostname="portal")
    assert _found(office, "portal", department="dindik") == ["VPS-2026-0002"]
    assert _found(office, "dinkes", department="dindik") == []
    assert _found(office, "0001", department="dindik") == []


def test_filters_and_cursor_go_together(office: Database) -> None:
    SearchIndex(office)
    for n in range(1, 8):
        state = "done" if n % 2 else "submitted"
        late = now() + timedelta(days=-1 if n > 3 else 1)
        _request(office, f"VPS-2026-{n:04}", hostname=f"portal-{n}", state=state, due_at=late)
    assert _found(office, "portal", state="done", limit=2) == ["VPS-2026-0007", "VPS-2026-0005"]
    with office.read() as session:
        five = session.query(Request).filter_by(number="VPS-2026-0005").one().id
    rest = ["VPS-2026-0003", "VPS-2026-0001"]
    assert _found(office, "portal", state="done", before_id=five) == rest
    late = _found(office, "portal", overdue_at=now())
    assert late == ["VPS-2026-0006", "VPS-2026-0004"]  # what is done is not late


def test_what_changes_is_found_anew(office: Database) -> None:
    SearchIndex(office)
    id = _request(office, "VPS-2026-0001", hostname="lama")
    with office.write() as session:
        session.get_one(Request, id).details = {"hostname": "baru"}
        session.flush()
        events.append(session, "VPS-2026-0001", "request:updated")
    assert _found(office, "lama") == []
    assert _found(office, "baru") == ["VPS-2026-0001"]
    with office.write() as session:
        session.get_one(Department, "dinkes").name = "Dinas Kesehatan dan KB"
    assert _found(office, "kb") == ["VPS-2026-0001"]


def test_old_requests_get_their_words_once(office: Database) -> None:
    for n in range(1, 4):
        _request(office, f"VPS-2026-{n:04}", hostname=f"lama-{n}")
    assert _found(office, "lama") == []
    index = SearchIndex(office)
    assert index.catch_up() == 3
    assert len(_found(office, "lama")) == 3
    assert index.catch_up() == 0
    assert SearchIndex(office).catch_up() == 0


@pytest.mark.parametrize(
    "asked",
    [
        {"state": "done"}, {"service": "cloud_vps"}, {"department": "dinkes"},
        {"department": "dinkes", "state": "done"}, {"service": "cloud_vps", "state": "submitted"},
        {"text": "0001"}, {"text": "dinas 10.10"}, {"text": "portal", "state": "done"},
        {"text": "portal", "department": "dinkes", "before_id": 3}, {"text": "dinkes"},
    ],
)  # fmt: skip
def test_lists_and_searches_follow_an_index(
    sqlite_database: Database, asked: dict[str, Any]
) -> None:
    database = sqlite_database
    with database.read() as session, plans_of(database) as plans:
        find(session, **asked)
    assert any("prov_request" in step for step in plans), plans
    assert scans(plans) == [], plans
    with database.read() as session, plans_of(database) as plans:
        session.execute(text("SELECT * FROM prov_request WHERE reason = 'x'"))
    assert scans(plans) == ["SCAN prov_request"]  # the test would see one


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.from_regex(r"[a-d]{2,4}-[a-d]{1,3}", fullmatch=True), min_size=1, max_size=6),
    typed=st.from_regex(r"[a-d]{2,3}", fullmatch=True),
    department=st.sampled_from(["dinkes", "dindik"]),
)
def test_exactly_the_own_that_fit(
    searched: Database, names: list[str], typed: str, department: str
) -> None:
    index = SearchIndex(searched)
    with searched.write() as session:
        session.execute(SearchTerm.__table__.delete())  # type: ignore[attr-defined]
        session.execute(Request.__table__.delete())  # type: ignore[attr-defined]
        rows = [
            Request(
                number=f"VPS-2026-{n:04}", service="cloud_vps",
                department_id="dinkes" if n % 2 else "dindik", applicant={}, state="draft",
                created_by=1, created_at=now(), pauses=[], details={"hostname": name},
            )
            for n, name in enumerate(names)
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        index.write(session, rows)
    expected = [
        row.number
        for row, name in zip(reversed(rows), reversed(names), strict=True)
        if row.department_id == department
        and any(part.startswith(typed) for part in name.split("-"))
    ]
    assert _found(searched, typed, department=department) == expected


@pytest.fixture
def searched(sqlite_database: Database) -> Database:
    with sqlite_database.write() as session:
        session.add_all(
            [
                Department(id="dinkes", name="Kesehatan"),
                Department(id="dindik", name="Pendidikan"),
                Person(id=1, username="sari", name="Sari", created_at=now()),
            ]
        )
    return sqlite_database
