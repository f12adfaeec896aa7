"""Working time against a counter that goes day by day and second thoughts have not improved."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from provisioner import worktime
from provisioner.catalogue import Office
from tests.unit.test_worktime import office
from tests.unit.test_worktime_table import OWN, RAMADAN

OFFICES = {
    "plain": office(),
    "own days": OWN,
    "six days in the east": office(
        time_zone="Asia/Jayapura",
        working_hours={
            **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), "07:00-14:00"),
            "friday": "07:00-11:00",
            "saturday": "07:00-12:30",
        },
        other_hours=[RAMADAN],
        extra_holidays={date(2026, 11, 9): "Libur daerah"},
    ),
}
where = st.sampled_from(sorted(OFFICES)).map(OFFICES.__getitem__)
moments = st.datetimes(
    min_value=datetime(2025, 12, 1),  # noqa: DTZ001
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
days = st.dates(date(2025, 6, 1), date(2028, 6, 30))


def next_working(day: date, here: Office) -> date:
    while not worktime.is_working_day(day, here):
        day += timedelta(days=1)
    return day


def naive_due(received: datetime, n: int, here: Office) -> datetime:
    local = received.astimezone(here.zone)
    day = local.date()
    worked = worktime.is_working_day(day, here)
    if not worked or local.time() > here.hours_on(day).closes:
        day = next_working(day + timedelta(days=1), here)
    for _ in range(n):
        day = next_working(day + timedelta(days=1), here)
    return datetime.combine(day, here.hours_on(day).closes, here.zone).astimezone(UTC)


def naive_seconds(a: datetime, b: datetime, here: Office) -> float:
    total = 0.0
    day = a.astimezone(here.zone).date()
    while day <= b.astimezone(here.zone).date():
        if worktime.is_working_day(day, here):
            hours = here.hours_on(day)
            opens = datetime.combine(day, hours.opens, here.zone)
            closes = datetime.combine(day, hours.closes, here.zone)
            total += max(0.0, (min(b, closes) - max(a, opens)).total_seconds())
        day += timedelta(days=1)
    return total


@given(where, moments, st.integers(0, 70))
def test_the_same_as_counting_day_by_day(here: Office, received: datetime, n: int) -> None:
    assert worktime.due_at(received, n, here) == naive_due(received, n, here)


@given(where, days, days)
def test_the_same_count_as_day_by_day(here: Office, a: date, b: date) -> None:
    low, high = sorted((a, b))
    every = (low + timedelta(days=n) for n in range(1, (high - low).days + 1))
    count = sum(worktime.is_working_day(day, here) for day in every)
    assert worktime.working_days_between(low, high, here) == count
    assert worktime.working_days_between(high, low, here) == -count


@given(where, moments, moments, st.integers(0, 20))
def test_the_share_is_that_of_hours_counted_day_by_day(
    here: Office, received: datetime, moment: datetime, n: int
) -> None:
    due = worktime.due_at(received, n, here)
    whole = naive_seconds(received, due, here)
    found = worktime.share_used(moment, received, due, here)
    if whole:
        assert abs(found - naive_seconds(received, moment, here) / whole) < 1e-9
    left = worktime.remaining(moment, received, n, here)
    assert (left.used, left.due_at, left.late) == (found, due, moment > due)


@given(where, moments, st.integers(0, 15), st.integers(1, 15))
def test_each_further_day_is_a_later_deadline(
    here: Office, received: datetime, n: int, more: int
) -> None:
    first, second = (worktime.due_at(received, k, here) for k in (n, n + more))
    assert first < second
    between = worktime.working_days_between(
        first.astimezone(here.zone).date(), second.astimezone(here.zone).date(), here
    )
    assert between == more


@given(where, moments, st.lists(st.tuples(st.integers(0, 900), st.integers(0, 400)), max_size=4))
def test_a_further_pause_never_brings_a_deadline_forward(
    here: Office, received: datetime, spans: list[tuple[int, int]]
) -> None:
    pauses = [
        (received + timedelta(hours=start), received + timedelta(hours=start + length))
        for start, length in spans
    ]
    dues = [worktime.due_at(received, 3, here, pauses[:count]) for count in range(len(pauses) + 1)]
    assert dues == sorted(dues)
    longer = [(begun, ended + timedelta(days=3)) for begun, ended in pauses]
    assert worktime.due_at(received, 3, here, longer) >= dues[-1]


@given(moments, st.integers(0, 20), st.sampled_from([-11, -5, 0, 3, 7, 9, 14]))
def test_in_whichever_zone_the_moment_is_written(received: datetime, n: int, hours: int) -> None:
    here = OFFICES["plain"]
    elsewhere = received.astimezone(timezone(timedelta(hours=hours)))
    assert worktime.due_at(elsewhere, n, here) == worktime.due_at(received, n, here)


@given(where, days, st.integers(0, 10))
def test_the_closing_hour_itself_is_still_that_day(here: Office, day: date, n: int) -> None:
    day = next_working(day, here)
    closing = datetime.combine(day, here.hours_on(day).closes, here.zone)
    early = datetime.combine(day, time(0, 1), here.zone)
    after = closing + timedelta(seconds=1)
    assert worktime.due_at(closing, n, here) == worktime.due_at(early, n, here)
    assert worktime.due_at(after, n, here) == worktime.due_at(closing, n + 1, here)


@given(where, days)
def test_a_day_is_of_one_kind(here: Office, day: date) -> None:
    kind = worktime.kind_of(day, here)
    assert (kind in ("work", "extra")) == worktime.is_working_day(day, here)
    named = worktime.holiday_name(day, here) is not None
    assert named == (kind in ("public", "leave", "local"))


def test_another_calendar_is_told_by_its_fingerprint() -> None:
    base, own = OFFICES["plain"], office(extra_holidays={date(2026, 12, 18): "x"})
    assert worktime.fingerprint(base, 2026) == worktime.fingerprint(office(), 2026)
    assert worktime.fingerprint(base, 2026) != worktime.fingerprint(own, 2026)
    assert worktime.fingerprint(office(name="Lain"), 2026) == worktime.fingerprint(base, 2026)


def test_what_was_added_up_belongs_to_one_office_only() -> None:
    here = office()
    received = datetime(2026, 12, 17, 3, tzinfo=UTC)
    before = worktime.due_at(received, 1, here)
    changed = here.model_copy(update={"extra_holidays": {date(2026, 12, 18): "x"}})
    assert worktime.due_at(received, 1, changed) > before
    assert worktime.due_at(received, 1, here) == before
