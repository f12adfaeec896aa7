"""The list of complaints page by page, and answers entered days later, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from provisioner.complaints.files import ComplaintFiles
from provisioner.complaints.service import ComplaintService
from provisioner.complaints.store import Filter
from provisioner.complaints.views import Answer, Assign, Classify
from provisioner.database import Database, now
from provisioner.errors import NotFound
from provisioner.people.model import Role
from provisioner.people.service import PeopleService
from tests.integration.test_complaints import OFFICE, aged, recorded


def test_the_list_is_turned_page_by_page_and_nothing_is_left_out(
    database: Database, tmp_path: Path
) -> None:
    desk = ComplaintService(database, OFFICE, ComplaintFiles(tmp_path / "complaints"))
    people = PeopleService(database)
    people.add_department("dindik", "Dinas Pendidikan")
    people.add_person("wulan", "Wulan", None, [Role.COMPLAINTS])
    people.add_person("tono", "Tono", None, [Role.APPLICANT], "dindik")
    wulan = people.actor("wulan")
    numbers = [recorded(desk, wulan).number for _ in range(7)]
    then = now()
    for number in numbers[2:5]:  # received at one instant: the later number comes first
        aged(database, number, received_at=then)
    aged(database, numbers[0], received_at=then - timedelta(days=400))
    seen: list[str] = []
    while found := desk.find(wulan, before=seen[-1] if seen else "", limit=2):
        seen += [one.number for one in found]
    assert seen == [one.number for one in desk.find(wulan)]
    assert sorted(seen) == numbers
    assert seen[-1] == numbers[0]
    with pytest.raises(NotFound):
        desk.find(people.actor("tono"), before=numbers[3])
    given = Answer.model_validate({"text": "Sudah dibuka.", "channel": "phone"})
    desk.classify(wulan, numbers[0], Classify(classification="light", summary="Loket"))
    desk.assign(wulan, numbers[0], Assign(officer="wulan", team=[]))
    desk.answer(wulan, numbers[0], given)
    assert [one.number for one in desk.find(wulan, Filter(state="ended"))] == numbers[:1]
    assert len(desk.find(wulan, Filter(state="open"))) == 6


def test_an_answer_counts_from_the_day_on_which_it_was_given(
    database: Database, tmp_path: Path
) -> None:
    desk = ComplaintService(database, OFFICE, ComplaintFiles(tmp_path / "complaints"))
    people = PeopleService(database)
    people.add_person("wulan", "Wulan", None, [Role.COMPLAINTS])
    wulan, received = people.actor("wulan"), "2026-07-01T09:00:00+07:00"
    for day, late in (("2026-07-08", 0), ("2026-07-15", 1)):
        number = recorded(desk, wulan, received_at=received).number
        desk.classify(wulan, number, Classify(classification="light", summary="Loket"))
        desk.assign(wulan, number, Assign(officer="wulan", team=[]))
        given = {"text": "Sudah dibuka.", "channel": "phone", "day": day}
        desk.answer(wulan, number, Answer.model_validate(given))
        with database.read() as session:
            seen = desk.figures(session, date(2026, 7, 1), date(2026, 7, 31))
        assert (seen.answered_in_time, seen.answered_late, seen.open) == (1, late, 0)
