"""Deadlines in working days: Indonesia's holidays, the office's own days, stopped clocks."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner import worktime
from provisioner.catalogue import Office

WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), "07:30-16:00")
BASIC: dict[str, Any] = {
    "name": "Kantor",
    "letter_head": ["KANTOR"],
    "address": {"street": "Jalan 1", "city": "Purbalingga"},
    "working_hours": {**WEEK, "friday": "07:30-14:30"},
    "signatories": {"head": {"name": "A", "position": "Kepala"}},
}


def office(**changes: Any) -> Office:
    return Office.model_validate({**BASIC, **changes})


def wib(text: str, where: Office | None = None) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=(where or office()).zone)


def local(moment: datetime, where: Office | None = None) -> str:
    return moment.astimezone((where or office()).zone).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2026-03-17T09:00", 3, "2026-03-27 14:30"),  # Nyepi, Idulfitri and collective leave
        ("2026-03-17T16:00", 3, "2026-03-27 14:30"),  # at the very closing: still that day
        ("2026-03-17T16:01", 3, "2026-03-30 16:00"),  # after closing: counts as the 25th
        ("2026-03-17T03:00", 3, "2026-03-27 14:30"),  # before opening: that day
        ("2026-03-21T09:00", 1, "2026-03-26 16:00"),  # on a holiday: counts as the 25th
        ("2026-11-06T14:31", 1, "2026-11-10 16:00"),  # Friday closes earlier
        ("2026-11-07T09:00", 0, "2026-11-09 16:00"),  # nothing is due on a Saturday
        ("2026-11-05T09:00", 3, "2026-11-10 16:00"),  # over a week-end
        ("2026-12-23T09:00", 1, "2026-12-28 16:00"),  # Christmas and its collective leave
        ("2026-12-30T09:00", 3, "2027-01-06 16:00"),  # New Year and Isra Mikraj
    ],
)
def test_due_at_the_end_of_the_nth_working_day(received: str, days: int, due: str) -> None:
    answer = worktime.due_at(wib(received), days, office())
    assert local(answer) == due
    assert answer.tzinfo is UTC


def test_the_offices_zone_decides_which_day_it_is() -> None:
    east = office(time_zone="Asia/Jayapura")
    moment = datetime(2026, 11, 5, 23, 0, tzinfo=UTC)  # Friday 06:00 in Jakarta, 08:00 in Jayapura
    assert local(worktime.due_at(moment, 0, east), east) == "2026-11-06 14:30"
    assert worktime.due_at(moment, 0, east) == worktime.due_at(moment, 0, office()) - timedelta(
        hours=2
    )


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        worktime.due_at(datetime(2026, 3, 17, 9), 3, office())  # noqa: DTZ001


def test_collective_leave_is_no_working_day_and_has_a_name() -> None:
    day = date(2026, 3, 18)
    assert not worktime.is_working_day(day, office())
    assert worktime.holiday_name(day, office()) == "Cuti Bersama Hari Suci Nyepi"
    assert worktime.holiday_name(date(2026, 11, 7), office()) is None


def test_the_offices_own_days_go_before_the_national_ones() -> None:
    own = office(
        extra_holidays={date(2026, 11, 10): "Hari jadi"},
        extra_working_days={date(2026, 3, 18): "Tetap buka", date(2026, 11, 14): "Ganti"},
    )
    assert worktime.holiday_name(date(2026, 11, 10), own) == "Hari jadi"
    assert worktime.is_working_day(date(2026, 3, 18), own)
    assert worktime.holiday_name(date(2026, 3, 18), own) is None
    assert local(worktime.due_at(wib("2026-11-09T09:00"), 1, own)) == "2026-11-11 16:00"
    # A Saturday worked instead has the hours of the week's first day.
    assert local(worktime.due_at(wib("2026-11-13T09:00"), 1, own)) == "2026-11-14 16:00"


def test_other_hours_replace_the_week() -> None:
    ramadan = office(
        other_hours=[
            {
                "title": "Ramadan",
                "first": date(2026, 2, 18),
                "last": date(2026, 3, 17),
                "hours": {"tuesday": "08:00-15:00", "wednesday": "08:00-15:00"},
            }
        ]
    )
    assert local(worktime.due_at(wib("2026-02-24T09:00"), 1, ramadan)) == "2026-02-25 15:00"
    assert not worktime.is_working_day(date(2026, 2, 26), ramadan)
    assert local(worktime.due_at(wib("2026-02-24T15:30"), 0, ramadan)) == "2026-02-25 15:00"
    assert worktime.is_working_day(date(2026, 4, 2), ramadan)


@pytest.mark.parametrize(
    ("pauses", "due"),
    [
        ([], "2026-11-06 14:30"),
        ([("2026-11-04T09:00", "2026-11-04T15:00")], "2026-11-06 14:30"),  # within one day
        ([("2026-11-04T09:00", "2026-11-05T09:00")], "2026-11-09 16:00"),
        ([("2026-11-06T09:00", "2026-11-09T09:00")], "2026-11-09 16:00"),  # over a week-end
        ([("2026-11-04T17:00", "2026-11-05T09:00")], "2026-11-06 14:30"),  # begun after closing
        (
            [("2026-11-04T09:00", "2026-11-05T09:00"), ("2026-11-04T10:00", "2026-11-05T08:00")],
            "2026-11-09 16:00",
        ),  # overlapping ones once
        (
            [("2026-11-05T09:00", "2026-11-06T09:00"), ("2026-11-09T09:00", "2026-11-10T09:00")],
            "2026-11-10 16:00",
        ),  # the second begins before the deadline that the first moved
        ([("2026-11-06T15:00", "2026-11-20T09:00")], "2026-11-06 14:30"),  # late before the pause
        ([("2026-11-02T09:00", "2026-11-03T09:30")], "2026-11-06 14:30"),  # before the receipt
        ([("2026-11-04T09:00", None)], "2026-11-06 14:30"),  # still open
    ],
)
def test_a_stopped_clock_gives_back_whole_working_days(
    pauses: list[tuple[str, str | None]], due: str
) -> None:
    spans = [(wib(a), wib(b) if b else None) for a, b in pauses]
    assert local(worktime.due_at(wib("2026-11-03T10:00"), 3, office(), spans)) == due


def test_remaining_while_it_runs_stands_and_is_late() -> None:
    received = wib("2026-11-03T07:30")
    fresh = worktime.remaining(received, received, 3, office())
    assert (fresh.working_days, fresh.used, fresh.late, fresh.stopped) == (3, 0, False, False)

    whole = 8.5 * 3 + 7
    half = worktime.remaining(wib("2026-11-04T16:00"), received, 3, office())
    assert half.used == pytest.approx(17 / whole)
    assert half.working_days == 2

    stopped = worktime.remaining(
        wib("2026-11-20T09:00"), received, 3, office(), [(wib("2026-11-04T16:00"), None)]
    )
    assert stopped.stopped
    assert not stopped.late
    assert 0 < stopped.used <= half.used  # rounded to whole days in the office's favour

    late = worktime.remaining(wib("2026-11-10T09:00"), received, 3, office())
    assert late.late
    assert late.working_days == -2
    assert late.used > 1


def test_the_library_knows_collective_leave_of_this_and_the_next_year() -> None:
    known = worktime.holiday_data_until()
    assert known >= 2027
    assert worktime.year_without_holidays(date(known, 11, 30)) is None
    assert worktime.year_without_holidays(date(known, 12, 1)) == known + 1


moments = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001
    max_value=datetime(2035, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
days = st.dates(date(2020, 1, 1), date(2032, 12, 31))


@given(moments, st.integers(0, 20))
def test_a_deadline_is_a_closing_after_the_receipt(received: datetime, n: int) -> None:
    here = office()
    due = worktime.due_at(received, n, here)
    day = due.astimezone(here.zone).date()
    assert due >= received
    assert worktime.is_working_day(day, here)
    assert due.astimezone(here.zone).time() == here.hours_on(day).closes
    between = worktime.working_days_between(received.astimezone(here.zone).date(), day, here)
    assert between in (n, n + 1)


@given(moments, moments, st.integers(0, 10), st.integers(0, 10))
def test_later_receipts_and_longer_terms_are_never_due_earlier(
    one: datetime, other: datetime, a: int, b: int
) -> None:
    first, second = sorted((one, other))
    short, long = sorted((a, b))
    assert worktime.due_at(first, short, office()) <= worktime.due_at(second, long, office())


@given(moments, st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), max_size=4))
def test_pauses_never_bring_a_deadline_forward(
    received: datetime, spans: list[tuple[int, int]]
) -> None:
    pauses = [
        (received + timedelta(hours=start), received + timedelta(hours=start + length))
        for start, length in spans
    ]
    plain = worktime.due_at(received, 3, office())
    shifted = worktime.due_at(received, 3, office(), pauses)
    assert shifted >= plain
    assert worktime.due_at(received, 3, office(), pauses[::-1]) == shifted
    assert worktime.due_at(received, 3, office(), pauses + pauses) == shifted


@given(days, days, days)
def test_working_days_add_up(a: date, b: date, c: date) -> None:
    def between(x: date, y: date) -> int:
        return worktime.working_days_between(x, y, office())

    assert between(a, b) == -between(b, a)
    assert between(a, b) + between(b, c) == between(a, c)
