"""The same thing from many sides at the same instant, on both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from provisioner.database import Database, now
from provisioner.errors import Conflict
from provisioner.idempotency import Idempotency
from provisioner.people.model import Person
from tests.integration.harness import Office

SIDES = 6


def _at_once(what: Callable[[], object]) -> list[object]:
    barrier = threading.Barrier(SIDES)

    def one(_: int) -> object:
        barrier.wait()
        return what()

    with ThreadPoolExecutor(SIDES) as pool:
        return list(pool.map(one, range(SIDES)))


def test_the_first_requests_of_a_year(office: Office) -> None:
    """Each gets a number of its own, although none has made the year's counter yet."""
    numbers = [str(number) for number in _at_once(office.file)]
    assert sorted(number[-4:] for number in numbers) == [f"{n:04d}" for n in range(1, SIDES + 1)]


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
