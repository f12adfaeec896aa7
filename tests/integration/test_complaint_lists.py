"""The list of complaints, page by page, on both databases."""

from __future__ import annotations

from datetime import timedelta
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
