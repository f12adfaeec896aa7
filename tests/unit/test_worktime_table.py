"""Deadlines of 2026 and 2027, each worked out by hand on a calendar, not by the program.

The office works Monday to Thursday 07:30-16:00 and Friday 07:30-14:30. Off in 2026: 1 Jan, 16 Jan,
16-17 Feb, 18-20 Mar, 23-24 Mar, 3 Apr, 1 May, 14-15 May, 27-28 May, 1 Jun, 16 Jun, 17 Aug, 25 Aug,
24-25 Dec; in 2027: 1 Jan, 5 Jan, 5 Feb, 8-12 Mar, 15 Mar, 25-26 Mar, 6 May, 17-20 May, 1 Jun,
17 Aug, 24 Dec.
"""

from __future__ import annotations

from datetime import date

import pytest

from provisioner import worktime
from tests.unit.test_worktime import local, office, wib

RAMADAN = {
    "title": "Ramadan 1448 H",
    "first": date(2027, 2, 8),
    "last": date(2027, 3, 9),
    "hours": {
        **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), "08:00-15:00"),
        "friday": "08:00-14:00",
    },
}
OWN = office(
    extra_holidays={date(2026, 12, 18): "Hari jadi kabupaten"},
    extra_working_days={date(2026, 12, 24): "Tetap buka", date(2026, 12, 19): "Pengganti"},
    other_hours=[RAMADAN],
)


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        # Lebaran 2026
        ("2026-03-17T10:00", 1, "2026-03-25 16:00"),  # Tue; Wed 25 is the first day after it
        ("2026-03-17T10:00", 2, "2026-03-26 16:00"),
        ("2026-03-17T10:00", 3, "2026-03-27 14:30"),  # the issue's own example
        ("2026-03-17T10:00", 4, "2026-03-30 16:00"),
        ("2026-03-16T10:00", 3, "2026-03-26 16:00"),  # Mon: 17, 25, 26
        ("2026-03-13T14:31", 3, "2026-03-26 16:00"),  # Fri after closing: as Mon 16
        ("2026-03-13T14:30", 3, "2026-03-25 16:00"),  # Fri at the closing: 16, 17, 25
        ("2026-03-20T09:00", 3, "2026-03-30 16:00"),  # within: as Wed 25; 26, 27, 30
        ("2026-03-22T23:59", 1, "2026-03-26 16:00"),  # Sunday of the feast: as Wed 25
        ("2026-03-24T09:00", 0, "2026-03-25 16:00"),  # last day of leave, due at once
        # other holidays of 2026
        ("2026-01-15T08:00", 1, "2026-01-19 16:00"),  # Thu; Fri 16 Isra Mikraj
        ("2026-02-13T08:00", 1, "2026-02-18 16:00"),  # Fri; Mon, Tue Imlek
        ("2026-02-13T15:00", 3, "2026-02-23 16:00"),  # as Wed 18; 19, 20, Mon 23
        ("2026-04-02T08:00", 3, "2026-04-08 16:00"),  # Thu; Good Friday; 6, 7, 8
        ("2026-04-30T08:00", 1, "2026-05-04 16:00"),  # Thu; 1 May a Friday
        ("2026-05-12T08:00", 3, "2026-05-19 16:00"),  # Tue: 13, 18, 19 (14, 15 off)
        ("2026-05-26T08:00", 1, "2026-05-29 14:30"),  # Tue; 27, 28 Idul Adha
        ("2026-05-26T08:00", 2, "2026-06-02 16:00"),  # Mon 1 June Pancasila
        ("2026-06-15T08:00", 1, "2026-06-17 16:00"),  # Mon; Tue Islamic new year
        ("2026-08-14T08:00", 1, "2026-08-18 16:00"),  # Fri; Mon 17 August
        ("2026-08-24T16:01", 1, "2026-08-27 16:00"),  # Mon late; Tue Maulid: as Wed 26
        # plain weeks
        ("2026-11-02T07:00", 1, "2026-11-03 16:00"),  # before opening: that day
        ("2026-11-02T08:00", 5, "2026-11-09 16:00"),
        ("2026-11-05T16:00", 1, "2026-11-06 14:30"),
        ("2026-11-05T16:01", 1, "2026-11-09 16:00"),
        ("2026-11-02T08:00", 14, "2026-11-20 14:30"),
        ("2026-11-02T08:00", 60, "2027-01-29 14:30"),  # 20 in Nov, 21 in Dec, 19 in Jan
        # Christmas and the turn of the year
        ("2026-12-22T08:00", 3, "2026-12-29 16:00"),  # Tue: 23, 28, 29
        ("2026-12-23T16:30", 1, "2026-12-29 16:00"),  # late Wed: as Mon 28
        ("2026-12-24T09:00", 1, "2026-12-29 16:00"),  # on leave: as Mon 28
        ("2026-12-31T08:00", 1, "2027-01-04 16:00"),  # Thu; Fri 1 January
        ("2026-12-31T08:00", 2, "2027-01-06 16:00"),  # Tue 5 Isra Mikraj
        ("2026-12-31T16:01", 3, "2027-01-08 14:30"),  # as Mon 4: 6, 7, 8
        ("2027-01-01T00:00", 0, "2027-01-04 16:00"),
        # Lebaran 2027
        ("2027-03-04T08:00", 1, "2027-03-05 14:30"),  # Thu
        ("2027-03-04T08:00", 3, "2027-03-17 16:00"),  # Fri 5, Tue 16, Wed 17
        ("2027-03-05T08:00", 3, "2027-03-18 16:00"),
        ("2027-03-05T15:00", 3, "2027-03-19 14:30"),  # as Tue 16: 17, 18, 19
        ("2027-03-10T08:00", 1, "2027-03-17 16:00"),
        # other holidays of 2027
        ("2027-02-04T08:00", 1, "2027-02-08 16:00"),  # Thu; Fri leave, Sat Imlek
        ("2027-03-24T08:00", 3, "2027-03-31 16:00"),  # Wed; 25, 26 off; 29, 30, 31
        ("2027-05-05T08:00", 1, "2027-05-07 14:30"),  # Wed; Thu Ascension
        ("2027-05-14T08:00", 3, "2027-05-25 16:00"),  # Fri; Mon to Thu off; 21, 24, 25
        ("2027-05-31T08:00", 1, "2027-06-02 16:00"),
        ("2027-08-16T08:00", 1, "2027-08-18 16:00"),
        ("2027-12-23T08:00", 1, "2027-12-27 16:00"),  # Thu; Fri leave
    ],
)
def test_by_hand(received: str, days: int, due: str) -> None:
    assert local(worktime.due_at(wib(received), days, office())) == due


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        ("2026-12-17T08:00", 1, "2026-12-19 16:00"),  # Thu; Fri own day off; Sat worked instead
        ("2026-12-17T16:01", 1, "2026-12-21 16:00"),  # as Sat 19
        ("2026-12-18T09:00", 1, "2026-12-21 16:00"),  # on the own day off: as Sat 19
        ("2026-12-23T08:00", 1, "2026-12-24 16:00"),  # worked on the collective leave
        ("2026-12-24T16:00", 1, "2026-12-28 16:00"),
        ("2027-02-08T15:00", 1, "2027-02-09 15:00"),  # Ramadan: closes at 15:00
        ("2027-02-08T15:01", 1, "2027-02-10 15:00"),
        ("2027-02-11T08:00", 1, "2027-02-12 14:00"),  # and at 14:00 on Fridays
        ("2027-02-12T14:15", 1, "2027-02-16 15:00"),
        ("2027-03-05T14:00", 1, "2027-03-16 16:00"),  # the first day after Ramadan and the feast
    ],
)
def test_by_hand_with_the_offices_own_days(received: str, days: int, due: str) -> None:
    assert local(worktime.due_at(wib(received), days, OWN), OWN) == due


@pytest.mark.parametrize(
    ("received", "pauses", "due"),
    [
        # stopped on Tue 17 March, completed after the feast: 25 is the day it goes on
        ("2026-03-16T10:00", [("2026-03-17T09:00", "2026-03-25T09:00")], "2026-03-27 14:30"),
        # completed during the feast: counts as Wed 25 as well
        ("2026-03-16T10:00", [("2026-03-17T09:00", "2026-03-21T09:00")], "2026-03-27 14:30"),
        # stopped during the feast and completed during it: nothing is given back
        ("2026-03-16T10:00", [("2026-03-19T09:00", "2026-03-23T09:00")], "2026-03-26 16:00"),
        # stopped on the 16th after closing (as the 17th), completed on the 26th: 25 and 26
        ("2026-03-16T10:00", [("2026-03-16T17:00", "2026-03-26T08:00")], "2026-03-30 16:00"),
        # over Christmas: 23 to 29 December gives back 28 and 29
        ("2026-12-22T08:00", [("2026-12-23T10:00", "2026-12-29T10:00")], "2026-12-31 16:00"),
    ],
)
def test_by_hand_with_a_pause_over_holidays(
    received: str, pauses: list[tuple[str, str]], due: str
) -> None:
    spans = [(wib(begun), wib(ended)) for begun, ended in pauses]
    assert local(worktime.due_at(wib(received), 3, office(), spans)) == due
