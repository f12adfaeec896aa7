"""The same thing from many sides at the same instant, on both databases."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from provisioner.database import Database, now
from provisioner.errors import Conflict
from provisioner.idempotency import Idempotency
from provisioner.people.model import Person
from provisioner.requests.model import Request
from provisioner.requests.search import SearchIndex, SearchTerm
from provisioner.requests.views import RequestPatch, RequestView
from tests.integration.harness import Office, new_request

SIDES = 6


def _at_once(what: Callable[[], object]) -> list[object]:
    barrier = threading.Barrier(SIDES)

    def one(_: int) -> object:
        barrier.wait()
        return what()

    with ThreadPoolExecutor(SIDES) as pool:
        return list(pool.map(one, range(SIDES)))


def _drafted(office: Office, **details: str) -> str:
    new = new_request(office.lab.plan.network.name, details)
    return office.product.requests.create(office.sari, new).number


def test_the_first_requests_of_a_year(office: Office) -> None:
    """Each gets a number of its own, although none has made the year's counter yet."""
    numbers = [str(number) for number in _at_once(office.file)]
    assert sorted(number[-4:] for number in numbers) == [f"{n:04d}" for n in range(1, SIDES + 1)]


def test_of_two_who_change_one_draft_the_second_is_told(office: Office) -> None:
    service = office.product.requests
    number = _drafted(office)
    for turn in range(3):
        seen = service.get(office.sari, number).revision
        turns = iter(range(SIDES))

        def change() -> object:
            patch = {"details": {"hostname": f"mesin-{turn}-{next(turns)}"}, "revision": seen}  # noqa: B023
            try:
                return service.update(office.sari, number, RequestPatch.model_validate(patch))
            except Conflict as conflict:
                return conflict.slug

        given = _at_once(change)
        [kept] = [one for one in given if one != "changed-meanwhile"]
        assert isinstance(kept, RequestView)
        assert service.get(office.sari, number).details == kept.details


def test_a_change_meets_the_chore_that_gives_requests_their_words(
    office: Office,
) -> None:
    """On PostgreSQL both wrote the same words, and one of them failed."""
    if office.product.database.is_sqlite:
        pytest.skip("SQLite has one writer")
    database, service = office.product.database, office.product.requests
    number = _drafted(office, hostname="lama-sekali")
    with database.write() as session:
        session.execute(delete(SearchTerm))
    met, go_on = threading.Event(), threading.Event()

    def slowly(_session: Session, _rows: Sequence[Request]) -> Mapping[int, Iterable[str]]:
        met.set()
        assert go_on.wait(60)
        return {}

    other = Database(database.url)
    chore = SearchIndex(other, [slowly])
    patch = RequestPatch.model_validate({"details": {"hostname": "baru-saja"}})
    with ThreadPoolExecutor(2) as pool:
        catching_up = pool.submit(chore.catch_up)
        assert met.wait(60)
        changing = pool.submit(service.update, office.sari, number, patch)
        while not (changing.done() or _somebody_waits(database)):
            time.sleep(0.02)
        go_on.set()
        assert catching_up.result(60) > 0
        changing.result(60)
    other.close()
    assert [one.number for one in service.list(office.budi, q="baru-saja").items] == [number]
    assert service.list(office.budi, q="lama-sekali").items == []


def _somebody_waits(database: Database) -> bool:
    with database.read() as session:
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        return bool(session.scalar(text(waiting)))


def test_the_same_call_is_carried_out_once(database: Database) -> None:
    with database.write() as session:
        session.add(Person(id=1, username="sari", name="Sari", created_at=now()))
    keys = Idempotency(database)

    def claim() -> object:
        try:
            return keys.claim(1, "key", "fingerprint")
        except Conflict as conflict:
            return conflict.slug

    assert Counter(_at_once(claim)) == {None: 1, "idempotency-in-progress": SIDES - 1}
