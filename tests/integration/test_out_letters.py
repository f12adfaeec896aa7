"""Letters that go out, on both databases: two at once, scans, and what a draft leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import Conflict, Invalid
from provisioner.people.rules import Actor
from provisioner.printing.sheets import sheet_pdf
from provisioner.reports.letters.content import Matter
from provisioner.reports.letters.gathering import Gatherer
from provisioner.reports.letters.model import OutLetter
from provisioner.reports.letters.rules import Kind
from provisioner.reports.letters.service import OutLetterService
from provisioner.reports.letters.views import LetterEdits
from provisioner.requests.files import LetterFiles
from tests.integration.month_world import Past
from tests.unit.letters_world import MATTER, inventory

NUMBER = "VPS-2026-0042"


class Known(Gatherer):
    """The matter of a server that stands; which kinds there may be is read from the record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def matter(self, actor: Actor, number: str, kind: Kind) -> Matter:
        return MATTER


class Office:
    """One request that is done, and its people."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.past = database, Past(database)
        self.past.request(NUMBER, "cloud_vps", [("submitted", now(), "sari"),
                                                ("done", now(), "system")], due=now())  # fmt: skip
        self.letters = OutLetterService(
            database, inventory(), Known(database), LetterFiles(folder / "out"),
            "https://layanan.example", [],
        )  # fmt: skip
        self.rina, self.dewi, self.heru = map(self.past.people.actor, ("rina", "dewi", "heru"))
        self.today = now().astimezone(inventory().office.zone).date().isoformat()

    def tags(self) -> list[str]:
        with self.database.read() as session:
            found = events.read(session, NUMBER)
        return [one.tag for one in found if one.tag.startswith("letter:")]


@pytest.fixture
def office(database: Database, tmp_path: Path) -> Office:
    return Office(database, tmp_path)


def _together(*acts: Callable[[], Any]) -> list[Any]:
    """What each gave, a refusal as its short name; they begin at the same moment."""
    gate = Barrier(len(acts))

    def act(one: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return one()
        except Conflict as refusal:
            return refusal.slug

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def test_two_begin_and_issue_the_same_letter_and_the_second_is_told(office: Office) -> None:
    begun = _together(
        *(lambda: office.letters.begin(office.rina, NUMBER, "confirmation") for _ in range(2))
    )
    [letter] = [one for one in begun if one != "letter-exists"]
    assert len(begun) == 2
    given = _together(
        lambda: office.letters.issue(office.rina, letter.id, "000.1.2/1/2026", office.today),
        lambda: office.letters.issue(office.dewi, letter.id, "000.1.2/2/2026", office.today),
    )
    [issued] = [one for one in given if one not in ("wrong-state", "changed-meanwhile")]
    assert len(given) == 2
    now_known = office.letters.get(office.heru, letter.id)
    assert now_known.number == issued.number
    assert office.tags() == ["letter:drafted", "letter:issued"]
    with office.database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutLetter)) == 1
    printed = office.letters.page(office.heru, letter.id)
    assert issued.number in printed, "the frozen page has the number that was kept"


def test_of_two_who_change_one_draft_the_second_is_told_and_nothing_is_overwritten(
    office: Office,
) -> None:
    letter = office.letters.begin(office.rina, NUMBER, "confirmation")
    for turn in range(4):
        seen = office.letters.get(office.rina, letter.id).revision
        wanted = [LetterEdits(subject=f"Perihal {turn} {who}") for who in ("rina", "dewi")]
        given = _together(
            lambda: office.letters.edit(office.rina, letter.id, wanted[0], seen),  # noqa: B023
            lambda: office.letters.edit(office.dewi, letter.id, wanted[1], seen),  # noqa: B023
        )
        [kept] = [one for one in given if one != "changed-meanwhile"]
        assert len(given) == 2
        assert office.letters.get(office.heru, letter.id).edits == kept.edits
        assert kept.revision != seen
    with pytest.raises(Conflict) as refusal:
        office.letters.issue(office.rina, letter.id, "000.1.2/1/2026", office.today, seen)
    assert refusal.value.slug == "changed-meanwhile"


def test_a_scan_of_the_signed_paper_is_kept_and_the_letter_itself_is_none(office: Office) -> None:
    id = office.letters.begin(office.rina, NUMBER, "confirmation").id
    office.letters.issue(office.rina, id, "000.1.2/1/2026", office.today)
    own = office.letters.pdf(office.rina, id)
    with pytest.raises(Invalid):
        office.letters.attach_signed(office.heru, id, "surat.pdf", own, scan=True)
    scan = sheet_pdf("<p>Pindaian surat bertanda tangan basah</p>")
    view = office.letters.attach_signed(office.heru, id, "pindaian.pdf", scan, scan=True)
    assert view.signed is not None
    assert view.signed.verdict.kind == "scan"
    assert office.letters.signed_file(office.heru, id) == scan
    public = office.letters.public(view.code)
    assert public is not None
    assert public.signed_as == "scan"


def test_what_was_never_issued_is_dropped_and_what_was_is_withdrawn(office: Office) -> None:
    draft = office.letters.begin(office.rina, NUMBER, "confirmation")
    office.letters.void(office.heru, draft.id, "Salah jenis.")
    assert office.letters.public(draft.code) is None
    second = office.letters.begin(office.rina, NUMBER, "confirmation")
    office.letters.issue(office.rina, second.id, "000.1.2/1/2026", office.today)
    office.letters.void(office.heru, second.id, "Salah alamat.")
    assert office.tags()[1::3] == ["letter:dropped", "letter:void"]
    public = office.letters.public(second.code)
    assert public is not None
    assert public.state == "void"
