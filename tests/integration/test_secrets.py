"""Secrets at rest and their hand-over, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import Conflict, Misconfigured, NotFound
from provisioner.secrets import Handover, Handovers, SecretStore, new_key, redact

VALUE = "kunci-wifi-aula"


class Keys:
    """A key file in memory."""

    def __init__(self) -> None:
        self.text = new_key()

    def __call__(self) -> str:
        return self.text


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def store(database: Database, keys: Keys) -> SecretStore:
    return SecretStore(database, keys)


@pytest.fixture
def kept(database: Database, store: SecretStore) -> str:
    with database.write() as session:
        return store.put(session, "password", "VPS-2026-0001", VALUE)


@pytest.fixture
def handovers(database: Database, store: SecretStore) -> Handovers:
    return Handovers(database, store)


def dump(database: Database) -> str:
    tables = ("prov_secret", "prov_handover", "prov_event_payload")
    with database.engine.connect() as connection:
        return "".join(
            repr(connection.exec_driver_sql(f"select * from {table}").all())  # noqa: S608
            for table in tables
        )


def test_a_secret_comes_back_and_is_not_in_clear(
    database: Database, store: SecretStore, kept: str
) -> None:
    assert store.get(kept) == VALUE
    assert VALUE not in dump(database)
    assert VALUE not in repr(store)
    with database.read() as session:
        assert store.find(session, "password", "VPS-2026-0001") == kept
        assert store.find(session, "passphrase", "VPS-2026-0001") is None


def test_forgetting_an_owner_leaves_the_others(
    database: Database, store: SecretStore, kept: str
) -> None:
    with database.write() as session:
        other = store.put(session, "password", "VPS-2026-0002", "lain")
        store.forget(session, "VPS-2026-0001")
    with pytest.raises(NotFound):
        store.get(kept)
    assert store.get(other) == "lain"


def test_after_rotation_the_new_key_alone_reads_everything(
    database: Database, store: SecretStore, handovers: Handovers, keys: Keys, kept: str
) -> None:
    with database.write() as session:
        token = handovers.create(session, "VPS-2026-0001", [kept])
    fresh = new_key()
    former, keys.text = keys.text, f"{fresh}\n{keys.text}"
    assert store.rotate(fresh) == 2
    keys.text = fresh
    assert store.get(kept) == VALUE
    assert store.check() == 1
    status = handovers.status("VPS-2026-0001")
    assert status is not None
    assert status.token == token
    keys.text = former
    with pytest.raises(Misconfigured, match="put the former key back"):
        store.get(kept)


def test_a_rotation_that_cannot_read_one_value_changes_none(
    database: Database, store: SecretStore, keys: Keys, kept: str
) -> None:
    before = dump(database)
    keys.text = new_key()
    with pytest.raises(Misconfigured):
        store.rotate(new_key())
    assert dump(database) == before


@pytest.mark.parametrize("text", ["", "not a key", "c2hvcnQ="])
def test_a_bad_key_is_refused_plainly(store: SecretStore, keys: Keys, text: str) -> None:
    keys.text = text
    with pytest.raises(Misconfigured, match=r"secrets\.key"):
        store.encrypt("x")


def test_looking_at_a_link_does_not_use_it_up(
    database: Database, handovers: Handovers, kept: str
) -> None:
    with database.write() as session:
        token = handovers.create(session, "VPS-2026-0001", [kept])
    assert handovers.peek(token)
    assert handovers.peek(token)
    assert not handovers.peek(token + "x")
    assert handovers.open(token, by="sari") == {"password": VALUE}
    assert not handovers.peek(token)
    with pytest.raises(Conflict):
        handovers.open(token)
    status = handovers.status("VPS-2026-0001")
    assert status is not None
    assert (status.opened_by, status.token) == ("sari", None)
    assert token not in dump(database)
    with database.read() as session:
        assert [e.tag for e in events.read(session, "VPS-2026-0001")] == ["handover:opened"]


def test_of_many_who_open_at_once_one_gets_it(
    database: Database, handovers: Handovers, kept: str
) -> None:
    with database.write() as session:
        token = handovers.create(session, "VPS-2026-0001", [kept])

    def attempt(_: int) -> int:
        try:
            handovers.open(token)
        except Conflict:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_link_ends_by_time_and_by_a_newer_one(
    database: Database, handovers: Handovers, kept: str
) -> None:
    with database.write() as session:
        first = handovers.create(session, "VPS-2026-0001", [kept])
        second = handovers.create(session, "VPS-2026-0001", [kept])
    assert not handovers.peek(first)
    with pytest.raises(NotFound):
        handovers.open(first)
    with database.write() as session:
        session.execute(update(Handover).values(expires_at=now() - timedelta(seconds=1)))
    assert not handovers.peek(second)
    with pytest.raises(Conflict):
        handovers.open(second)
    status = handovers.status("VPS-2026-0001")
    assert status is not None
    assert status.token is None
    assert second not in repr(status)
    assert handovers.status("VPS-2026-0099") is None


def test_redacting_masks_longer_secrets_first() -> None:
    assert redact("a rahasia-besar, rahasia", ["rahasia", "rahasia-besar"]) == "a •••, •••"
    assert redact("abc", ["abc", ""]) == "abc"
