"""Claims of Idempotency-Keys, also by those who died in the middle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from provisioner.database import Base, Database, now
from provisioner.errors import Conflict
from provisioner.idempotency import ABANDONED, KEPT, Answer, Idempotency, IdempotencyRow
from provisioner.people.service import PeopleService
from provisioner.tables import MODULES

ANSWER = Answer(201, "application/json", "/api/v1/requests/1", b"{}")


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    assert MODULES
    database = Database(sqlite_url)
    Base.metadata.create_all(database.engine)
    PeopleService(database).add_person("rina", "Rina", None, ["technician"])
    yield database
    database.close()


def _age(database: Database, by: object) -> None:
    with database.write() as session:
        session.execute(update(IdempotencyRow).values(created_at=now() - by))


def test_a_claim_is_answered_once(database: Database) -> None:
    keeper = Idempotency(database)
    assert keeper.claim(1, "k", "a") is None
    with pytest.raises(Conflict) as busy:
        keeper.claim(1, "k", "a")
    assert busy.value.slug == "idempotency-in-progress"
    keeper.keep(1, "k", ANSWER)
    assert keeper.claim(1, "k", "a") == ANSWER
    with pytest.raises(Conflict) as other:
        keeper.claim(1, "k", "b")
    assert other.value.slug == "idempotency-key-reused"


def test_what_was_released_or_abandoned_can_be_claimed_again(database: Database) -> None:
    keeper = Idempotency(database)
    assert keeper.claim(1, "k", "a") is None
    keeper.release(1, "k")
    assert keeper.claim(1, "k", "a") is None
    _age(database, ABANDONED * 1.01)
    assert keeper.claim(1, "k", "a") is None


def test_answers_are_forgotten_after_a_day(database: Database) -> None:
    keeper = Idempotency(database)
    assert keeper.claim(1, "k", "a") is None
    keeper.keep(1, "k", ANSWER)
    keeper.release(1, "k")
    assert keeper.claim(1, "k", "a") == ANSWER, "an answer is no longer released"
    _age(database, KEPT * 1.01)
    assert keeper.claim(1, "k", "b") is None
