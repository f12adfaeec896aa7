"""Accounts, sign-in, sessions and tokens on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import select, update

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import Conflict, NotFound, Unauthenticated
from provisioner.people.limits import FREE_TRIES, Limits
from provisioner.people.model import Role, SignInTry, Token, WebSession
from provisioner.people.service import TRIES_PER_ADDRESS, TRIES_PER_NAME, PeopleService
from provisioner.secrets import SecretStore, new_key

PASSWORD = "kata sandi yang panjang"
KEY = new_key()


@pytest.fixture
def people(database: Database) -> PeopleService:
    service = PeopleService(database, secrets=SecretStore(database, lambda: KEY))
    service.add_department("dinkes", "Dinas Kesehatan")
    service.add_person("sari", "Sari Wulandari", PASSWORD, [Role.APPLICANT], "dinkes")
    return service


def tags(database: Database) -> list[str]:
    with database.read() as session:
        return [e.tag for e in events.read(session, "system")]


def refusal(
    people: PeopleService, address: str, typed: str = "salah", known: str = ""
) -> Unauthenticated:
    """Why signing in as sari is refused."""
    with pytest.raises(Unauthenticated) as failure:
        people.sign_in("sari", typed, address, known=known)
    return failure.value


def later(database: Database, minutes: int) -> None:
    """As if that time had passed since everything that was tried."""
    with database.write() as session:
        for row in session.scalars(select(SignInTry)):
            row.since -= timedelta(minutes=minutes)


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
    later(database, minutes=16)
    assert people.sign_in("sari", PASSWORD, "10.0.0.1")
    with database.read() as session:
        tries = [row.tries for row in session.scalars(select(SignInTry))]
    assert sorted(tries) == [0, 1]  # the other stands for the notice in the record


def test_the_waits_for_one_name_grow_to_a_quarter_of_an_hour_and_no_further(
    database: Database,
) -> None:
    limits = Limits(database, SecretStore(database, lambda: KEY))

    def wait() -> int:
        """Seconds to wait; 0 when the try was let through."""
        try:
            with database.write() as session:
                limits.slow_down(session, "sign-in-name", "sari")
        except Unauthenticated as refused:
            return int(refused.extra["after"])
        return 0

    assert [wait() for _ in range(FREE_TRIES)] == [0] * FREE_TRIES
    for expected in (30, 60, 120, 240, 480, 900, 900):
        assert wait() == pytest.approx(expected, abs=9)
        assert wait() <= expected  # asking again makes it no longer
        later(database, minutes=15)
        assert wait() == 0
    later(database, minutes=24 * 60)
    assert [wait() for _ in range(FREE_TRIES)] == [0] * FREE_TRIES  # after a day anew


def test_one_name_is_not_guessed_at_from_ever_new_addresses_and_its_owner_comes_in(
    people: PeopleService, database: Database
) -> None:
    known = people.vouch("sari")
    refusal(people, "10.1.0.1")
    with database.write() as session:
        session.execute(update(SignInTry).values(tries=FREE_TRIES))
    for other in ("", known + "0", people.vouch("tono")):
        assert refusal(people, "10.6.0.1", PASSWORD, other).slug == "too-many-tries"
    assert people.sign_in("sari", PASSWORD, "10.6.0.1", known=known)
    assert refusal(people, "10.6.0.2", PASSWORD).slug == "too-many-tries"  # for others as before
    later(database, minutes=1)
    assert people.sign_in("sari", PASSWORD, "10.6.0.2")
    assert refusal(people, "10.6.0.3").slug == "wrong-credentials"  # right once, it begins anew
    tries = [refusal(people, f"10.7.0.{n}", known=known).slug for n in range(TRIES_PER_NAME + 1)]
    assert tries == ["wrong-credentials"] * TRIES_PER_NAME + ["too-many-tries"]


def test_a_whole_network_of_ipv6_counts_as_one_address(people: PeopleService) -> None:
    for n in range(TRIES_PER_NAME):
        assert refusal(people, f"2001:db8:1:2::{n}").slug == "wrong-credentials"
    assert refusal(people, "2001:db8:1:2:ffff::1").slug == "too-many-tries"
    assert refusal(people, "2001:db8:1:3::1").slug == "wrong-credentials"


def test_which_address_tried_is_not_to_be_found_out_without_our_secret(
    people: PeopleService, database: Database
) -> None:
    refusal(people, "10.0.0.1")
    other = PeopleService(database, secrets=SecretStore(database, new_key))
    with database.read() as session:
        kept = {row.key for row in session.scalars(select(SignInTry))}
    refusal(other, "10.0.0.1")
    with database.read() as session:
        assert len({row.key for row in session.scalars(select(SignInTry))}) == 2 * len(kept) == 6
    plain = (f"sign-in\n10.0.0.1\n{name}" for name in ("", "sari"))
    assert kept.isdisjoint(sha256(text.encode()).hexdigest() for text in plain)


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
    people.set_active("sari", True)
    assert people.by_token(token) is None  # opened again, the old ones are not


def test_a_new_password_ends_browsers_and_tokens(people: PeopleService, database: Database) -> None:
    secret, _ = people.sign_in("sari", PASSWORD)
    token = people.create_token("sari")
    people.set_password("sari", "sandi yang baru", "bagas")
    assert people.by_session(secret) is None
    assert people.by_token(token) is None
    assert tags(database)[-2:] == ["token:revoked", "person:password-set"]
    _, actor = people.sign_in("sari", "sandi yang baru")
    token = people.create_token("sari")
    people.change_password(actor, "sandi yang baru", PASSWORD, "")  # the own one asks
    assert people.by_token(token)
    people.change_password(actor, PASSWORD, "sandi ketiga", "", tokens_too=True)
    assert people.by_token(token) is None
    token = people.create_token("sari")
    people.accept(people.invite("sari"), PASSWORD)
    assert people.by_token(token) is None


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
