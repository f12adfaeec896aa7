"""The append-only record: numbered without gaps, chained, erasable, tamper-evident."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import delete, update

from provisioner import events
from provisioner.database import Database
from provisioner.housekeeping import Housekeeping, anchors


def _append(database: Database, record: str, n: int) -> None:
    with database.write() as session:
        events.append(session, record, "step:changed", payload={"n": n})


def test_parallel_writers_get_consecutive_numbers(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: _append(database, "VPS-2026-0001", n), range(40)))
    with database.read() as session:
        assert [e.seq for e in events.read(session, "VPS-2026-0001")] == list(range(1, 41))
        assert events.verify(session) == []


def test_reading_after_a_number_gives_only_what_followed(database: Database) -> None:
    for n in range(5):
        _append(database, "VPS-2026-0002", n)
    with database.read() as session:
        assert [e.seq for e in events.read(session, "VPS-2026-0002", after=3)] == [4, 5]
        assert events.read(session, "VPS-2026-0003") == []


def test_an_erased_payload_leaves_the_chain_whole(database: Database) -> None:
    for n in range(3):
        _append(database, "VPS-2026-0001", n)
    with database.write() as session:
        session.execute(delete(events.EventPayload).where(events.EventPayload.event_id == 2))
    with database.read() as session:
        assert events.verify(session) == []
        assert [e.payload for e in events.read(session, "VPS-2026-0001")][1] is None


def test_what_was_altered_is_found(database: Database) -> None:
    for n in range(4):
        _append(database, "VPS-2026-0001", n)
    with database.write() as session:
        session.execute(
            update(events.EventPayload)
            .where(events.EventPayload.event_id == 2)
            .values(payload={"n": 99})
        )
        session.execute(update(events.Event).where(events.Event.seq == 3).values(actor="someone"))
    with database.read() as session:
        faults = events.verify(session)
    assert any("#2" in fault and "payload" in fault for fault in faults)
    assert any("#3" in fault and "chain" in fault for fault in faults)


def test_a_missing_event_is_found(database: Database) -> None:
    for n in range(4):
        _append(database, "VPS-2026-0001", n)
    with database.write() as session:
        session.execute(delete(events.EventPayload).where(events.EventPayload.event_id == 2))
        session.execute(delete(events.Event).where(events.Event.id == 2))
    with database.read() as session:
        assert any("number 2 is missing" in fault for fault in events.verify(session))


def test_a_chain_cut_off_at_its_end_is_found_by_its_anchor(
    sqlite_database: Database, tmp_path: Path
) -> None:
    for n in range(3):
        _append(sqlite_database, "VPS-2026-0001", n)
    Housekeeping(sqlite_database, tmp_path, []).anchor()
    [(_, anchored)] = anchors(tmp_path)
    with sqlite_database.read() as session:
        assert events.verify_anchor(session, anchored) == []
    with sqlite_database.write() as session:
        session.execute(delete(events.EventPayload).where(events.EventPayload.event_id == 3))
        session.execute(delete(events.Event).where(events.Event.id == 3))
    with sqlite_database.read() as session:
        assert events.verify(session) == []
        assert events.verify_anchor(session, anchored) == [
            "VPS-2026-0001#3: is not what was anchored"
        ]
