"""One-time codes, recovery codes, invitations and what the office demands, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import update

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from provisioner.people.model import Invitation, PendingSignIn, Role, SecondFactor, WebSession
from provisioner.people.rules import may_approve, may_approve_second, may_plan
from provisioner.people.second_factor import CODE_TRIES, RECOVERY_CODES
from provisioner.people.service import PeopleService, Terms
from provisioner.people.signing_in import CodeNeeded, SignedIn
from provisioner.secrets import SecretStore, new_key

PASSWORD = "kata sandi yang panjang"
KEY = new_key()


def service(database: Database, *, required: bool = False) -> PeopleService:
    terms = Terms(codes_required=required)
    return PeopleService(database, terms, SecretStore(database, lambda: KEY))


@pytest.fixture
def people(database: Database) -> PeopleService:
    made = service(database)
    made.add_person("dewi", "Dewi", PASSWORD, [Role.TECHNICIAN, Role.APPROVER])
    made.add_person("bagas", "Bagas", PASSWORD, [Role.ADMINISTRATOR])
    return made


def enrolled(people: PeopleService, username: str = "dewi") -> tuple[pyotp.TOTP, list[str]]:
    """Who has codes, the last step of which was used long ago."""
    actor = people.actor(username)
    totp = pyotp.TOTP(people.begin_codes(actor, "Dinkominfo").secret)
    return totp, people.confirm_codes(actor, totp.now())


def forget_step(database: Database) -> None:
    with database.write() as session:
        session.execute(update(SecondFactor).values(last_step=0))


def code_needed(people: PeopleService) -> str:
    found = people.sign_in("dewi", PASSWORD, "10.0.0.1")
    assert isinstance(found, CodeNeeded)
    return found.pending


def slug_of(people: PeopleService, pending: str, code: str) -> str:
    with pytest.raises(Unauthenticated) as failure:
        people.enter_code(pending, code)
    return failure.value.slug


def test_the_uri_is_what_authenticators_read(people: PeopleService) -> None:
    begun = people.begin_codes(people.actor("dewi"), "Dinkominfo Purbalingga")
    read = pyotp.parse_uri(begun.uri)
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.name, read.issuer) == (begun.secret, "dewi", "Dinkominfo Purbalingga")
    assert people.enrolment(people.actor("dewi"), "Dinkominfo Purbalingga") == begun
    assert begun.secret not in repr(begun)


def test_codes_count_only_after_a_first_one_proved_them(people: PeopleService) -> None:
    actor = people.actor("dewi")
    begun = people.begin_codes(actor, "Dinkominfo")
    assert isinstance(people.sign_in("dewi", PASSWORD), SignedIn)
    with pytest.raises(Unauthenticated):
        people.confirm_codes(actor, "000000")
    assert len(people.confirm_codes(actor, pyotp.TOTP(begun.secret).now())) == RECOVERY_CODES
    assert isinstance(people.sign_in("dewi", PASSWORD), CodeNeeded)
    assert people.enrolment(actor, "Dinkominfo") is None
    with pytest.raises(Conflict):
        people.begin_codes(actor, "Dinkominfo")


def test_password_and_code_let_in_and_the_code_only_once(
    people: PeopleService, database: Database
) -> None:
    totp, _ = enrolled(people)
    pending = code_needed(people)
    assert people.by_session(pending) is None
    assert slug_of(people, pending, totp.now()) == "wrong-code"  # used when setting up
    forget_step(database)
    code = totp.now()
    _, actor = people.enter_code(pending, f" {code[:3]} {code[3:]} ", "10.0.0.1", "Firefox")
    assert actor.username == "dewi"
    assert slug_of(people, pending, code) == "sign-in-again"
    assert slug_of(people, code_needed(people), code) == "wrong-code"


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_wrong(
    people: PeopleService, database: Database, steps: int, good: bool
) -> None:
    totp, _ = enrolled(people)
    forget_step(database)
    pending = code_needed(people)
    step = totp.timecode(now())
    code = totp.generate_otp(step + steps)
    if totp.timecode(now()) != step:  # the step changed meanwhile
        code = totp.generate_otp(totp.timecode(now()) + steps)
    if good:
        assert people.enter_code(pending, code).actor.username == "dewi"
    else:
        assert slug_of(people, pending, code) == "wrong-code"


def test_of_two_who_show_the_same_code_at_once_one_gets_in(
    people: PeopleService, database: Database
) -> None:
    totp, _ = enrolled(people)
    forget_step(database)
    code = totp.now()

    def enter(pending: str) -> bool:
        try:
            return bool(people.enter_code(pending, code))
        except Unauthenticated:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(enter, [code_needed(people), code_needed(people)])) == [False, True]


def test_guessing_codes_is_stopped_whatever_the_address(
    people: PeopleService, database: Database
) -> None:
    totp, _ = enrolled(people)
    forget_step(database)
    pending = code_needed(people)
    slugs = [slug_of(people, pending, f"{n:06}") for n in range(CODE_TRIES)]
    assert set(slugs) == {"wrong-code"}
    assert slug_of(people, code_needed(people), totp.now()) == "too-many-tries"


def test_a_recovery_code_works_once_and_new_ones_end_the_old(people: PeopleService) -> None:
    _, recovery = enrolled(people)
    assert people.enter_code(code_needed(people), recovery[0].upper()).actor.username == "dewi"
    assert slug_of(people, code_needed(people), recovery[0]) == "wrong-code"
    assert people.recovery_left("dewi") == RECOVERY_CODES - 1
    fresh = people.renew_recovery(people.actor("dewi"))
    assert slug_of(people, code_needed(people), recovery[1]) == "wrong-code"
    assert people.enter_code(code_needed(people), fresh[0].replace("-", " "))


def test_a_pending_sign_in_ends(people: PeopleService, database: Database) -> None:
    totp, _ = enrolled(people)
    forget_step(database)
    pending = code_needed(people)
    assert people.pending(pending)
    with database.write() as session:
        session.execute(update(PendingSignIn).values(expires_at=now() - timedelta(seconds=1)))
    assert not people.pending(pending)
    assert slug_of(people, pending, totp.now()) == "sign-in-again"


def test_an_administrator_removes_codes_and_ends_the_sessions(
    people: PeopleService, database: Database
) -> None:
    secret, _ = people.sign_in("dewi", PASSWORD)
    enrolled(people)
    people.end_codes("dewi", "bagas")
    assert people.by_session(secret) is None
    assert isinstance(people.sign_in("dewi", PASSWORD), SignedIn)
    with database.read() as session:
        ended = [e for e in events.read(session, "system") if e.tag == "person:codes-ended"]
    assert [e.actor for e in ended] == ["bagas"]


def test_where_codes_are_required_nobody_approves_without(
    people: PeopleService, database: Database
) -> None:
    strict = service(database, required=True)
    token = strict.create_token("dewi")
    for actor in (strict.actor("dewi"), strict.by_token(token)):
        assert actor is not None
        assert actor.unproven
        assert not may_approve(actor)
        assert not may_approve_second(actor)
        assert may_plan(actor)
    assert not may_approve_second(strict.actor("bagas"))  # may be the second of two
    enrolled(strict)
    assert may_approve(strict.actor("dewi"))
    proven = strict.by_token(token)
    assert proven is not None
    assert may_approve(proven)


def test_a_token_changes_nothing_about_signing_in(people: PeopleService) -> None:
    actor = people.by_token(people.create_token("dewi", ["write"]))
    assert actor is not None
    with pytest.raises(Forbidden):
        people.begin_codes(actor, "Dinkominfo")
    with pytest.raises(Forbidden):
        people.change_password(actor, PASSWORD, "sandi yang baru", "")


def test_neither_the_secret_nor_a_code_is_kept_in_clear(
    people: PeopleService, database: Database
) -> None:
    totp, recovery = enrolled(people)
    dump = ""
    tables = ("prov_secret", "prov_second_factor", "prov_recovery_code", "prov_event_payload")
    with database.engine.connect() as connection:
        for table in tables:
            dump += repr(connection.exec_driver_sql(f"select * from {table}").all())  # noqa: S608
    assert "totp" in dump
    for secret in (totp.secret, *recovery, *(code.replace("-", "") for code in recovery)):
        assert secret not in dump


def test_an_invitation_sets_a_password_once(people: PeopleService, database: Database) -> None:
    people.add_person("budi", "Budi", None, [Role.TECHNICIAN], email="budi@purbalinggakab.go.id")
    with pytest.raises(Unauthenticated):
        people.sign_in("budi", "", "10.0.0.1")
    earlier, token = people.invite("budi"), people.invite("budi")
    assert people.invited(token) == "budi"
    with pytest.raises(Invalid):
        people.accept(token, "pendek")
    with pytest.raises(NotFound):
        people.accept(earlier, PASSWORD)
    people.accept(token, PASSWORD)
    assert people.sign_in("budi", PASSWORD)
    with pytest.raises(NotFound):
        people.accept(token, "kata sandi lain")
    late = people.invite("budi")
    with database.write() as session:
        session.execute(update(Invitation).values(expires_at=now() - timedelta(seconds=1)))
    with pytest.raises(NotFound):
        people.invited(late)


def test_the_last_administrator_stays(people: PeopleService) -> None:
    bagas = people.person("bagas")
    kept = {"name": "Bagas", "department": None, "language": "id", "email": None, "phone": None}
    with pytest.raises(Conflict, match="last administrator"):
        people.set_active("bagas", False)
    with pytest.raises(Conflict, match="last administrator"):
        people.update_person("bagas", **kept, roles=["technician"])  # type: ignore[arg-type]
    assert people.person("bagas") == bagas
    people.add_person("sinta", "Sinta", PASSWORD, [Role.ADMINISTRATOR])
    assert not people.set_active("bagas", False).active


def test_of_two_administrators_who_close_each_other_one_stays(people: PeopleService) -> None:
    people.add_person("sinta", "Sinta", PASSWORD, [Role.ADMINISTRATOR])

    def close(username: str) -> bool:
        try:
            return not people.set_active(username, False).active
        except Conflict:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(close, ["bagas", "sinta"])) == [False, True]


def test_changing_an_account_says_what_changed_but_not_to_which_address(
    people: PeopleService, database: Database
) -> None:
    changed = people.update_person(
        "dewi", name="Dewi A.", roles=["technician"], department=None, language="en",
        email="dewi@purbalinggakab.go.id", phone="+62 812 3456 7890", actor="bagas",
    )  # fmt: skip
    assert (changed.roles, changed.email) == ([Role.TECHNICIAN], "dewi@purbalinggakab.go.id")
    with database.read() as session:
        last = events.read(session, "system")[-1]
    assert last.payload is not None
    assert last.payload["fields"] == ["email", "language", "name", "phone", "roles"]
    assert "purbalinggakab" not in repr(last.payload)
    assert last.actor == "bagas"
    for field, value in (("email", "bukan alamat"), ("phone", "abc")):
        own = {"name": "D", "language": "id", "email": None, "phone": None, field: value}
        with pytest.raises(Invalid) as failure:
            people.update_own(people.actor("dewi"), **own)  # type: ignore[arg-type]
        assert failure.value.errors[0].pointer == f"/{field}"


def test_sessions_are_listed_and_ended_one_by_one(
    people: PeopleService, database: Database
) -> None:
    mine, _ = people.sign_in("dewi", PASSWORD, "10.0.0.1", "Mozilla/5.0 Firefox/140")
    other, _ = people.sign_in("dewi", PASSWORD, "10.0.0.2", "curl/8\n")
    third, _ = people.sign_in("dewi", PASSWORD, "10.0.0.3")
    listed = people.sessions("dewi", mine)
    assert [one.address for one in listed if one.current] == ["10.0.0.1"]
    assert {one.browser for one in listed} == {"Mozilla/5.0 Firefox/140", "curl/8", ""}
    [gone] = [one for one in listed if one.address == "10.0.0.2"]
    with pytest.raises(NotFound):
        people.end_session("bagas", gone.id)
    people.end_session("dewi", gone.id, "dewi")
    assert people.by_session(other) is None
    people.end_others("dewi", mine, "dewi")
    assert people.by_session(third) is None
    assert people.by_session(mine)


def test_an_unused_session_ends_and_a_used_one_is_noted(
    people: PeopleService, database: Database
) -> None:
    secret, _ = people.sign_in("dewi", PASSWORD)
    for minutes, alive in ((30, True), (239, True), (241, False)):
        then = now() - timedelta(minutes=minutes)
        with database.write() as session:
            session.execute(update(WebSession).values(seen_at=then))
        assert (people.by_session(secret) is not None) is alive
        [row] = people.sessions("dewi", secret) or [None]
        assert (row is not None) is alive
        if row:
            assert now() - row.seen_at < timedelta(minutes=1)


def test_the_own_password_takes_the_old_one_and_ends_other_sessions(
    people: PeopleService,
) -> None:
    mine, actor = people.sign_in("dewi", PASSWORD)
    other, _ = people.sign_in("dewi", PASSWORD)
    with pytest.raises(Unauthenticated, match="present password is wrong"):
        people.change_password(actor, "salah", "sandi yang baru", mine)
    people.change_password(actor, PASSWORD, "sandi yang baru", mine)
    assert people.by_session(mine)
    assert people.by_session(other) is None
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            people.confirm(actor, "salah")
    with pytest.raises(Unauthenticated) as failure:
        people.confirm(actor, "sandi yang baru")
    assert failure.value.slug == "too-many-tries"


def test_that_somebody_is_refused_for_guessing_stands_in_the_record_once(
    people: PeopleService, database: Database
) -> None:
    for _ in range(9):
        with pytest.raises(Unauthenticated):
            people.sign_in("dewi", "salah", "10.9.9.9")
    with database.read() as session:
        limited = [
            e.payload for e in events.read(session, "system") if e.tag == "person:sign-in-limited"
        ]
    assert limited == [{"username": "dewi", "address": "10.9.9.9"}]
