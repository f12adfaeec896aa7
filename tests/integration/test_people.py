"""Accounts, sign-in, sessions and tokens on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import Conflict, NotFound, Unauthenticated
from provisioner.people.model import Role, SignInTry, Token, WebSession
from provisioner.people.service import TRIES_PER_ADDRESS, TRIES_PER_NAME, PeopleService

PASSWORD = "kata sandi yang panjang"


@pytest.fixture
def people(database: Database) -> PeopleService:
    service = PeopleService(database)
    service.add_department("dinkes", "Dinas Kesehatan")
    service.add_person("sari", "Sari Wulandari", PASSWORD, [Role.APPLICANT], "dinkes")
    return service


def tags(database: Database) -> list[str]:
    with database.read() as session:
        return [e.tag for e in events.read(session, "system")]


def test_signing_in_gives_a_session_that_names_the_person(people: PeopleService) -> None:
    secret, actor = people.sign_in("sari", PASSWORD, "10.0.0.1")
    assert actor.department == "dinkes"
    assert actor.has(Role.APPLICANT)
    assert people.by_session(secret) == actor
    people.sign_out(secret)
    assert people.by_session(secret) is None


@pytest.mark.parametrize(("name", "password"), [("sari", "salah"), ("nobody", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    people: PeopleService, database: Database, name: str, password: str
) -> None:
    with pytest.raises(Unauthenticated, match="The user name or the password is wrong"):
        people.sign_in(name, password, "10.0.0.1")
    assert tags(database)[-1] == "person:sign-in-failed"


def test_what_was_typed_is_not_recorded_for_an_unknown_name(
    people: PeopleService, database: Database
) -> None:
    with pytest.raises(Unauthenticated):
        people.sign_in("my-password-in-the-wrong-field", "x", "10.0.0.1")
    with database.read() as session:
        last = events.read(session, "system")[-1]
    assert last.payload == {"username": None, "address": "10.0.0.1"}


def test_guessing_is_stopped_even_when_done_in_parallel(people: PeopleService) -> None:
    def guess(n: int) -> str:
        with pytest.raises(Unauthenticated) as failure:
            people.sign_in("sari", f"guess {n}", "10.0.0.9")
        return failure.value.slug

    with ThreadPoolExecutor(4) as pool:
        slugs = list(pool.map(guess, range(TRIES_PER_NAME + 3)))
    assert slugs.count("wrong-credentials") == TRIES_PER_NAME
    with pytest.raises(Unauthenticated) as failure:
        people.sign_in("sari", PASSWORD, "10.0.0.9")
    assert 0 < failure.value.extra["after"] <= 900
    assert people.sign_in("sari", PASSWORD, "10.0.0.10")  # others are not locked out


def test_tries_are_forgotten_after_a_while_and_after_success(
    people: PeopleService, database: Database
) -> None:
    with pytest.raises(Unauthenticated):
        people.sign_in("sari", "salah", "10.0.0.1")
    with database.write() as session:
        session.execute(update(SignInTry).values(tries=TRIES_PER_NAME))
    with pytest.raises(Unauthenticated):
        people.sign_in("sari", PASSWORD, "10.0.0.1")
    with database.write() as session:
        session.execute(update(SignInTry).values(since=now() - timedelta(minutes=16)))
    assert people.sign_in("sari", PASSWORD, "10.0.0.1")
    with database.read() as session:
        tries = [row.tries for row in session.scalars(select(SignInTry))]
    assert sorted(tries) == [0, 1]  # the other stands for the notice in the record


def test_one_address_cannot_try_name_after_name(people: PeopleService, database: Database) -> None:
    with pytest.raises(Unauthenticated):
        people.sign_in("a-name", "x", "10.0.0.2")
    with database.write() as session:
        session.execute(
            update(SignInTry).where(SignInTry.tries == 1).values(tries=TRIES_PER_ADDRESS)
        )
    with pytest.raises(Unauthenticated) as failure:
        people.sign_in("another-name", "x", "10.0.0.2")
    assert failure.value.slug == "too-many-tries"


def test_an_expired_session_and_a_closed_account_let_nobody_in(
    people: PeopleService, database: Database
) -> None:
    secret, _ = people.sign_in("sari", PASSWORD)
    with database.write() as session:
        session.execute(update(WebSession).values(expires_at=now() - timedelta(seconds=1)))
    assert people.by_session(secret) is None

    secret, _ = people.sign_in("sari", PASSWORD)
    token = people.create_token("sari")
    people.set_active("sari", False)
    assert people.by_session(secret) is None
    assert people.by_token(token) is None
    with pytest.raises(Unauthenticated):
        people.sign_in("sari", PASSWORD)
    with pytest.raises(NotFound):
        people.actor("sari")


def test_a_new_password_signs_every_browser_out(people: PeopleService) -> None:
    secret, _ = people.sign_in("sari", PASSWORD)
    people.set_password("sari", "sandi yang baru")
    assert people.by_session(secret) is None
    assert people.sign_in("sari", "sandi yang baru")


def test_a_token_has_scopes_and_an_end(people: PeopleService, database: Database) -> None:
    secret = people.create_token("sari", ["read"], days=1)
    actor = people.by_token(secret)
    assert actor is not None
    assert actor.scopes == {"read"}
    assert people.tokens("sari")[0].last_used_at is not None
    assert people.by_token(secret + "x") is None
    with database.write() as session:
        session.execute(update(Token).values(expires_at=now() - timedelta(seconds=1)))
    assert people.by_token(secret) is None


def test_a_revoked_token_is_worthless(people: PeopleService, database: Database) -> None:
    secret = people.create_token("sari")
    people.revoke_token(people.tokens("sari")[0].id)
    people.revoke_token(people.tokens("sari")[0].id)
    assert people.by_token(secret) is None
    assert tags(database)[-2:] == ["token:created", "token:revoked"]


def test_neither_password_nor_token_nor_cookie_is_kept(
    people: PeopleService, database: Database
) -> None:
    secrets = (people.sign_in("sari", PASSWORD)[0], people.create_token("sari"), PASSWORD)
    dump = ""
    with database.engine.connect() as connection:
        for table in ("prov_person", "prov_token", "prov_web_session", "prov_event_payload"):
            dump += repr(connection.exec_driver_sql(f"select * from {table}").all())  # noqa: S608
    assert "sari" in dump
    for secret in secrets:
        assert secret not in dump


def test_a_name_is_taken_once_and_a_department_has_to_be(people: PeopleService) -> None:
    with pytest.raises(Conflict):
        people.add_person("sari", "Other", PASSWORD, ["technician"])
    with pytest.raises(NotFound):
        people.add_person("budi", "Budi", PASSWORD, ["applicant"], "dinsos")
    assert people.ensure_department("dinsos").name == "dinsos"
    assert people.add_department("dinsos", "Dinas Sosial").name == "Dinas Sosial"
    assert [d.id for d in people.departments()] == ["dinkes", "dinsos"]
