"""Which action follows which state, who may see what, and the deadlines of the four classes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.catalogue.office import Office
from provisioner.complaints.deadlines import due_of
from provisioner.complaints.receiving import new_key, proper_key
from provisioner.complaints.rules import (
    UNANSWERED,
    Class,
    Kind,
    Privacy,
    State,
    actions,
    after,
    allows,
    erasable,
    knows_reporter,
    may_see,
)
from provisioner.complaints.views import Told
from provisioner.people.model import Role
from provisioner.people.rules import Actor

OFFICE = Office.model_validate(
    {
        "name": "Dinas Uji",
        "letter_head": ["PEMERINTAH"],
        "address": {"street": "Jalan", "city": "Purbalingga"},
        "working_hours": {
            **dict.fromkeys(["monday", "tuesday", "wednesday", "thursday"], "07:30-16:00"),
            "friday": "07:30-14:30",
        },
        "signatories": {"head": {"name": "Kepala", "position": "Kepala Dinas"}},
    }
)
_NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ACTIONS = ("classify", "assign", "begin", "answer", "close", "reopen")


def actor(*roles: Role, department: str | None = None, scopes: tuple[str, ...] = ()) -> Actor:
    return Actor(1, "x", "X", frozenset(roles), department, "id", frozenset(scopes))


# Worked out by hand from the joint decrees: in 2026 the leave around Lebaran is 18 to 24 March
# (with Nyepi), then Good Friday 3 April, 1 May, 14/15 May (Ascension, leave), 27/28 May (Adha,
# leave), 1 June, 16 June, 17 August, 25 August, 24/25 December.
BY_HAND = [
    # an ordinary Monday
    ("2026-11-02T10:00", "light", "2026-11-09"),
    ("2026-11-02T10:00", "normative", "2026-11-09"),
    ("2026-11-02T10:00", "not_supervisory", "2026-11-20"),
    # after closing on a Friday (14.30): received on Monday
    ("2026-11-06T15:00", "light", "2026-11-16"),
    # the last day before Lebaran's leave: Wed 25 is the first working day
    ("2026-03-17T10:00", "light", "2026-03-31"),
    ("2026-03-17T10:00", "not_supervisory", "2026-04-14"),
    # in the middle of the leave: counts as received on Wed 25
    ("2026-03-20T10:00", "light", "2026-04-01"),
    # over the turn of the year: 24/25 December, 1 and 5 January are days off
    ("2026-12-21T10:00", "light", "2026-12-30"),
    ("2026-12-21T10:00", "not_supervisory", "2027-01-14"),
    # Lebaran 2027: 8 to 12 and 15 March are days off, so are 25 and 26
    ("2027-03-05T10:00", "light", "2027-03-22"),
    ("2027-03-05T10:00", "not_supervisory", "2027-04-06"),
    # sixty days over Imlek, Lebaran, Good Friday and Labour Day
    ("2026-02-02T10:00", "supervisory", "2026-05-08"),
]


@pytest.mark.parametrize(("received", "sort", "due"), BY_HAND)
def test_the_classes_are_due_as_worked_out_by_hand(received: str, sort: str, due: str) -> None:
    at = datetime.fromisoformat(received).replace(tzinfo=OFFICE.zone)
    found = due_of("complaint", sort, at, OFFICE).astimezone(OFFICE.zone)
    assert found.date() == date.fromisoformat(due)
    assert found.time() == OFFICE.hours_on(found.date()).closes


@given(
    at=st.integers(0, 545 * 24 * 60).map(lambda minutes: _NEW_YEAR + timedelta(minutes=minutes)),
    sort=st.sampled_from(Class),
)
def test_a_weightier_class_is_never_due_before_a_lighter_one(at: datetime, sort: Class) -> None:
    due = due_of("complaint", sort, at, OFFICE)
    assert due_of("complaint", None, at, OFFICE) <= due_of("complaint", "light", at, OFFICE) <= due
    assert due <= due_of("complaint", "supervisory", at, OFFICE)
    assert due > at
    assert due_of("suggestion", None, at, OFFICE) == due_of("complaint", "light", at, OFFICE)


def test_days_are_data() -> None:
    quick = OFFICE.model_validate(
        {**OFFICE.model_dump(), "complaints": {"answer_working_days": {"light": 2}}}
    )
    at = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
    assert due_of("complaint", "light", at, quick).date() == date(2026, 11, 4)
    assert due_of("complaint", "normative", at, quick).date() == date(2026, 11, 9)


@given(kind=st.sampled_from(Kind), steps=st.lists(st.sampled_from(ACTIONS), max_size=12))
def test_no_way_leads_past_the_rules(kind: Kind, steps: list[str]) -> None:
    state, seen = State.RECEIVED, [State.RECEIVED]
    for step in steps:
        if allows(kind, state, step):
            state = after(state, step)
            seen.append(state)
    if kind is Kind.COMPLAINT and State.ANSWERED in seen:
        before = seen[: seen.index(State.ANSWERED)]
        assert {State.CLASSIFIED, State.ASSIGNED} <= set(before)
    if kind is Kind.COMPLAINT and State.CLOSED in seen:
        assert State.ANSWERED in seen
    if kind is not Kind.COMPLAINT:
        assert not {State.CLASSIFIED, State.IN_PROGRESS} & set(seen)
        assert not allows(kind, State.CLOSED, "reopen")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("state", State)
def test_every_open_state_has_a_way_on_and_only_those_who_may_act_have_buttons(
    kind: Kind, state: State
) -> None:
    office = actor(Role.COMPLAINTS)
    ahead = [
        one for one in ACTIONS if one in actions(office, kind, state, erased=False, over=False)
    ]
    reachable = state in UNANSWERED or state is State.ANSWERED
    unused = kind is not Kind.COMPLAINT and state in (State.CLASSIFIED, State.IN_PROGRESS)
    assert bool(ahead) or not reachable or unused
    for roles in ((Role.AUDITOR,), (Role.APPLICANT,), (Role.APPROVER,)):
        assert actions(actor(*roles), kind, state, erased=False, over=True) == []
    reading = actor(Role.COMPLAINTS, scopes=("read",))
    assert actions(reading, kind, state, erased=False, over=True) == []
    assert actions(office, kind, state, erased=True, over=False) == []


def test_only_officer_and_head_know_a_secret_name_and_nobody_an_anonymous_one() -> None:
    knowing = {Role.COMPLAINTS, Role.HEAD}
    for role in Role:
        assert knows_reporter(actor(role), Privacy.CONFIDENTIAL) == (role in knowing)
        assert not knows_reporter(actor(role), Privacy.ANONYMOUS)
        assert knows_reporter(actor(role), Privacy.OPEN)


@given(
    privacy=st.sampled_from(Privacy),
    theirs=st.sampled_from(["dinkes", "dindik", None]),
    of=st.sampled_from(["dinkes", "dindik", None]),
    own=st.booleans(),
)
def test_an_applicant_sees_the_own_and_the_departments_open_ones(
    privacy: Privacy, theirs: str | None, of: str | None, own: bool
) -> None:
    one = actor(Role.APPLICANT, department=theirs)
    openly = privacy is Privacy.OPEN and of is not None and of == theirs
    assert may_see(one, privacy=privacy, department=of, own=own) == (own or openly)
    assert may_see(actor(Role.AUDITOR), privacy=privacy, department=of, own=False)


def test_erasing_waits_for_the_end_of_retention() -> None:
    end = datetime(2026, 11, 2, tzinfo=UTC)
    assert erasable(State.CLOSED, end, end)
    assert not erasable(State.CLOSED, end + timedelta(seconds=1), end)
    assert not erasable(State.ANSWERED, end, end)
    assert not erasable(State.CLOSED, None, end)


def test_keys_are_ours_and_differ() -> None:
    keys = {new_key() for _ in range(50)}
    assert len(keys) == 50
    assert all(proper_key(f" {key.upper()} ") == key for key in keys)
    assert proper_key("kata-sandi-saya") != "kata-sandi-saya"


@given(st.text())
def test_whatever_is_told_can_be_stored(text: str) -> None:
    try:
        said = Told.model_validate({"kind": "complaint", "text": f"Loket {text}"}).text
    except ValueError:
        return
    assert "\0" not in said
    assert said.encode()
    assert "\u202e" not in said
