"""The monthly report: figures worked out by hand, frozen when issued, the meeting kept with it."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path

import pikepdf
import pypdf
import pytest
from lxml.etree import fromstring as read_xml

from provisioner.catalogue import Catalogue, Inventory, Network, Office
from provisioner.database import Database
from provisioner.errors import Conflict, Forbidden, Invalid, NotFound
from provisioner.facts.capacity import CapacityReading
from provisioner.people.rules import Actor
from provisioner.reports.monthly.figures import MonthCounter
from provisioner.reports.monthly.findings import findings
from provisioner.reports.monthly.meeting import MeetingIn
from provisioner.reports.monthly.service import MonthlyReports, figures_sha256
from provisioner.reports.monthly.sheets import tables
from provisioner.reports.monthly.views import Figures, WorkView
from provisioner.reports.supervision import Supervision
from tests.integration.month_world import Past, at, october
from tests.integration.query_plans import plans_of

OFFICE = Office.model_validate(
    {
        "name": "Dinas Komunikasi dan Informatika",
        "letter_head": ["PEMERINTAH KABUPATEN", "DINAS KOMUNIKASI"],
        "address": {"street": "Jalan Contoh 1", "city": "Purbalingga"},
        "working_hours": {
            **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), "07:30-16:00"),
            "friday": "07:30-14:30",
        },
        "signatories": {"head": {"name": "Budi Santosa, S.Kom.", "position": "Kepala Dinas"}},
    }
)
TERMS = {
    "services": {
        "cloud_vps": {
            "sla_working_days": 3,
            "letters": ["signed"],
            "sizes": {"medium": {"cores": 2, "memory_mb": 4096, "disk_gb": 40}},
            "images": {"debian-13": {"title": "Debian", "templates": {"dc1": {"vmid": 9000}}}},
        },
        "event_wifi": {"sla_working_days": 1, "letters": ["signed"]},
        "internet": {"sla_working_days": 1, "letters": ["signed"]},
    }
}
INVENTORY = Inventory(Catalogue.model_validate(TERMS), Network(), OFFICE)


class Desk:
    """October, read in November."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.moment = database, at(3, "09:00", month=11)
        self.past = Past(database)
        self.counter = MonthCounter(INVENTORY, None, {"dc1": "local-lvm"}, folder / "anchors")
        self.reports = MonthlyReports(database, INVENTORY, self.counter, lambda: self.moment)
        self.supervision = Supervision(database, OFFICE, lambda: self.moment)

    def who(self, username: str) -> Actor:
        return self.past.people.actor(username)

    def figures(self, month: str = "2026-10") -> Figures:
        return self.reports.get(self.who("heru"), month).figures


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """October 2026 as ``month_world`` tells it, on both databases."""
    desk = Desk(database, tmp_path)
    october(desk.past)
    return desk


def test_the_figures_are_those_worked_out_by_hand(desk: Desk) -> None:
    seen = {one.service: one for one in desk.figures().services}
    vps, wifi, net = seen["cloud_vps"], seen["event_wifi"], seen["internet"]
    assert (vps.received, vps.done, vps.rejected, vps.open) == (3, 2, 0, 1)
    assert (wifi.received, wifi.done, wifi.rejected, wifi.open) == (2, 0, 1, 1)
    assert (net.received, net.done, net.open) == (1, 0, 1)
    assert [(one.number, one.late) for one in vps.promises] == [
        ("VPS-2026-9001", False),
        ("VPS-2026-9002", True),
    ]
    assert [(one.number, one.late) for one in wifi.promises] == [("WIFI-2026-9001", False)]
    assert [(one.number, one.late) for one in net.promises] == [("NET-2026-9001", True)]
    assert (vps.percent, wifi.percent, net.percent) == (50, 100, 0)
    # 1,5 days of the first and 6 of the second (12 to 19 October): their middle
    assert vps.median == WorkView(days=3.75, hours=31.1)
    assert vps.ninetieth == WorkView(days=6.0, hours=49.5)
    # half a day (4,25 hours) and one day (8,5): 0,75 days, 6,4 hours
    assert vps.first_look == WorkView(days=0.75, hours=6.4)


def test_where_time_goes_adds_up_to_the_whole_way(desk: Desk) -> None:
    """Of the two servers: review 1+(1+2), department 1, machine 0,5+1, people 1; mean of two."""
    vps = desk.figures().services[0]
    days = {wait: spent.days for wait, spent in vps.waits.items()}
    assert days == {"applicant": 0.5, "review": 2.0, "machine": 0.75, "people": 0.5, "date": 0.0}
    assert sum(days.values()) == 3.75


def test_the_whole_and_its_parts(desk: Desk) -> None:
    seen = desk.figures()
    assert (seen.received, seen.done, seen.open) == (6, 2, 3)
    assert (seen.in_time, seen.promised, seen.percent) == (2, 4, 50)
    assert seen.states == {"done": 2, "scheduled": 1, "rejected": 1, "submitted": 2}
    assert {one.department: (one.received, one.late) for one in seen.departments} == {
        "dinkes": (5, 1),
        "dindik": (1, 1),
    }
    late = {one.number: (one.working_days, one.carried) for one in seen.late}
    # Thursday 15 to Monday 19 October; Thursday 29 October to Sunday 1 November
    assert late == {"VPS-2026-9002": (2, False), "NET-2026-9001": (1, False)}
    assert (seen.work.started, seen.work.waited, seen.contacts) == (1, 1, 1)
    assert [(one.text, one.count) for one in seen.work.causes] == [
        ("The switch refused the change.", 1)
    ]
    assert seen.letters == {"issued": 1}


def test_the_next_month_takes_over_what_is_open(desk: Desk) -> None:
    """In November only what falls there is measured; what was late before is carried over."""
    seen = desk.figures("2026-11")
    assert seen.in_progress
    assert (seen.received, seen.promised, seen.letters) == (0, 0, {"sent": 1})
    assert [(one.number, one.carried) for one in seen.late] == [("NET-2026-9001", True)]


def test_a_letter_on_paper_counts_from_its_receipt(desk: Desk) -> None:
    desk.past.request(
        "VPS-2026-9004", "cloud_vps", due=at(9, "14:30", month=9),
        received=at(7, "07:30", month=9),
        story=[
            ("submitted", at(8, "07:30", month=9), "rina"),
            ("planned", at(8, "16:00", month=9), "rina"),
        ],
    )  # fmt: skip
    first_look = desk.figures("2026-09").services[0].first_look
    assert first_look is not None
    assert first_look.days == 2


def test_an_empty_month_says_so(desk: Desk) -> None:
    desk.moment = at(2, "09:00", month=12)
    july = desk.reports.get(desk.who("heru"), "2026-07")
    assert july.figures.empty
    assert findings(july.figures, "id")[0].text.startswith("Tidak ada permohonan")
    assert len(desk.reports.pdf(desk.who("heru"), "2026-07")) > 1000


def test_the_room_of_a_cluster_is_told_in_servers(desk: Desk) -> None:
    """Free: memory 57.344 MB (14 of 4.096), cores 40 (20 of 2), disk 1.000 GB (25 of 40)."""
    amounts = {
        "memory_mb": {"total": 131072, "limit": 122880, "used": 57344, "promised": 8192},
        "cores": {"total": 64, "limit": 64, "used": 20, "promised": 4},
        "disk:local-lvm": {"total": 2000, "limit": 1800, "used": 700, "promised": 100},
    }
    with desk.database.write() as session:
        session.add(
            CapacityReading(
                cluster="dc1", day=date(2026, 10, 30), read_at=at(30, "03:00"), amounts=amounts
            )
        )
    [cluster] = desk.figures().clusters
    assert [(one.size, one.count) for one in cluster.sizes] == [("medium", 14)]
    said = [one.text for one in findings(desk.figures(), "id")]
    assert any("± 14" in one for one in said)
    assert desk.figures("2026-11").clusters[0].day == date(2026, 10, 30)


def test_who_may_look_and_issue(desk: Desk) -> None:
    for username in ("rina", "arif", "wulan"):
        assert desk.reports.get(desk.who(username), "2026-10").state == "draft"
        with pytest.raises(Forbidden):
            desk.reports.issue(desk.who(username), "2026-10")
    with pytest.raises(Forbidden):
        desk.reports.get(desk.who("sari"), "2026-10")
    with pytest.raises(Forbidden):
        desk.reports.meet(desk.who("arif"), "2026-10", MeetingIn())
    for month in ("2026-12", "2026-13", "1999-01", "x"):
        with pytest.raises(NotFound):
            desk.reports.get(desk.who("heru"), month)
    with pytest.raises(Conflict, match="not over"):
        desk.reports.issue(desk.who("heru"), "2026-11")


def test_frozen_stays_frozen_when_the_records_change(desk: Desk) -> None:
    heru = desk.who("heru")
    issued = desk.reports.issue(heru, "2026-10")
    pdf, xlsx = desk.reports.pdf(heru, "2026-10"), desk.reports.xlsx(heru, "2026-10")
    assert issued.state == "issued"
    assert desk.reports.get(heru, "2026-10", compare=True).differs == []
    desk.past.happened("VPS-2026-9001", "contact:logged", at(9, "10:00"), "dewi")
    assert desk.reports.get(heru, "2026-10").differs is None, "counted anew only on demand"
    later = desk.reports.get(heru, "2026-10", compare=True)
    assert later.figures == issued.figures
    assert later.differs == ["contacts"]
    assert (desk.reports.pdf(heru, "2026-10"), desk.reports.xlsx(heru, "2026-10")) == (pdf, xlsx)
    assert later.issue is not None
    assert later.issue.sha256["figures"] == figures_sha256(later.figures.model_dump(mode="json"))
    with pytest.raises(Invalid):
        desk.reports.issue(heru, "2026-10")
    again = desk.reports.issue(heru, "2026-10", "Satu kontak belum tercatat")
    assert [(one.revision, one.reason) for one in again.issues] == [
        (1, "Satu kontak belum tercatat"),
        (0, None),
    ]
    assert again.figures.contacts == 2
    assert desk.reports.pdf(heru, "2026-10", revision=0) == pdf
    story = desk.reports.story(heru, "2026-10")
    assert [one.tag for one in story] == ["report:issued", "report:issued"]


def test_the_pdf_says_the_figures_and_is_an_archive_s_pdf(desk: Desk) -> None:
    heru = desk.who("heru")
    desk.reports.issue(heru, "2026-10")
    data = desk.reports.pdf(heru, "2026-10")
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    first = " ".join(pages[0].extract_text().split())
    assert "50 % permohonan selesai tepat waktu (target 100 %): 2 dari 4." in first
    assert "Budi Santosa, S.Kom." in first
    assert "KONSEP" not in first
    whole = " ".join(" ".join(page.extract_text().split()) for page in pages)
    assert "VPS-2026-9002" in whole
    assert "Dinas Pendidikan" in whole
    with pikepdf.open(io.BytesIO(data)) as pdf:
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
        assert pdf.Root.MarkInfo.Marked
        assert "/OutputIntents" in pdf.Root
        assert str(pdf.Root.Lang).startswith("id")


def cells(data: bytes) -> dict[str, list[list[str | float]]]:
    """Sheet name to its rows, read from the XML as it stands."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        strings = read_xml(book.read("xl/sharedStrings.xml"))
        shared = ["".join(one.itertext()) for one in strings.findall("m:si", space)]
        names = read_xml(book.read("xl/workbook.xml")).findall(".//m:sheet", space)
        found: dict[str, list[list[str | float]]] = {}
        for number, sheet in enumerate(names, start=1):
            text = book.read(f"xl/worksheets/sheet{number}.xml")
            assert b"<f>" not in text
            rows = read_xml(text).findall(".//m:row", space)
            found[sheet.attrib["name"]] = [
                [
                    shared[int(cell.findtext("m:v", "0", space))]
                    if cell.get("t") == "s"
                    else float(cell.findtext("m:v", "0", space))
                    for cell in row.findall("m:c", space)
                    if cell.find("m:v", space) is not None
                ]
                for row in rows
            ]
    return found


def test_the_spreadsheet_has_the_numbers_of_the_screen(desk: Desk) -> None:
    desk.past.people.add_department("dindik", '=HYPERLINK("http://x","y")')
    heru = desk.who("heru")
    sheets = cells(desk.reports.xlsx(heru, "2026-10"))
    shown = {one.title: one for one in tables(desk.figures(), "id")}
    names = {re.sub(r"[\[\]:*?/\\]", " ", title)[:31].strip(): title for title in shown}
    assert set(sheets) - {"Temuan"} == set(names)
    for name, title in names.items():
        for row, line in zip(shown[title].rows, sheets[name][1:], strict=False):
            numbers = [cell for cell in row if isinstance(cell, int | float)]
            assert [one for one in line if isinstance(one, float)][
                : len(numbers)
            ] == numbers or any(isinstance(cell, date | datetime) for cell in row)
    departments = sheets["Permohonan menurut perangkat dae"[:31]]
    assert ['=HYPERLINK("http://x","y")', 1.0, 1.0, 0.0, 1.0] in departments


MEETING = {
    "held_on": "2026-11-04",
    "place": "Ruang rapat Dinkominfo",
    "attendance": [{"name": "Heru", "username": "heru"}, {"name": "Camat Kota"}],
    "minutes": "Dua permohonan terlambat.\nSebabnya kabel.",
    "actions": [
        {"what": "Membeli kabel cadangan", "who": "Rina", "until": "2026-11-20"},
        {"what": "Melatih petugas", "who": "Dewi"},
    ],
}


def test_a_meeting_lives_until_the_next_report_is_issued(desk: Desk) -> None:
    rina, heru = desk.who("rina"), desk.who("heru")
    first = desk.reports.meet(rina, "2026-10", MeetingIn.model_validate(MEETING)).meeting
    assert [one.what for one in first.actions] == ["Membeli kabel cadangan", "Melatih petugas"]
    assert first.attendance[1].username is None
    with pytest.raises(Conflict, match="Somebody else"):
        desk.reports.meet(heru, "2026-10", MeetingIn.model_validate({**MEETING, "revision": 99}))
    kept = [
        {"id": one.id, "what": one.what, "who": one.who, "until": one.until}
        for one in first.actions[:1]
    ]
    changed = MeetingIn.model_validate({**MEETING, "actions": kept, "revision": first.revision})
    second = desk.reports.meet(heru, "2026-10", changed).meeting
    assert [one.id for one in second.actions] == [first.actions[0].id]
    desk.reports.meet(heru, "2026-10", changed.model_copy(update={"revision": None}))
    story = desk.reports.story(heru, "2026-10")
    assert [(one.tag, one.actor) for one in story] == [
        ("report:meeting", "rina"),
        ("report:meeting", "heru"),
    ]
    assert story[1].payload is not None
    assert set(story[1].payload["changed"]) == {"actions"}
    text = pypdf.PdfReader(io.BytesIO(desk.reports.meeting_pdf(rina, "2026-10"))).pages[0]
    assert "Membeli kabel cadangan" in text.extract_text()

    desk.moment = at(1, "09:00", month=12)
    carried = desk.figures("2026-11").actions
    assert [(one.what, one.done_on) for one in carried] == [("Membeli kabel cadangan", None)]
    done = {"earlier": [{"id": carried[0].id, "done": True, "outcome": "Sudah dibeli"}]}
    desk.reports.meet(rina, "2026-11", MeetingIn.model_validate(done))
    desk.reports.issue(heru, "2026-11")
    assert not desk.reports.get(rina, "2026-10").meeting.editable
    with pytest.raises(Conflict, match="next report"):
        desk.reports.meet(rina, "2026-10", changed)
    [shown] = desk.figures("2026-11").actions
    assert (shown.done_on, shown.outcome) == (date(2026, 12, 1), "Sudah dibeli")


def test_an_action_of_another_report_is_not_changed(desk: Desk) -> None:
    rina = desk.who("rina")
    stranger = {"actions": [{"id": 4711, "what": "Apa saja", "who": "Siapa"}]}
    with pytest.raises(Invalid):
        desk.reports.meet(rina, "2026-10", MeetingIn.model_validate(stranger))


def test_the_list_of_months_begins_with_the_first_request(desk: Desk) -> None:
    desk.reports.issue(desk.who("heru"), "2026-10")
    months = desk.reports.months(desk.who("arif"))
    assert [(one.month, one.state, one.percent) for one in months] == [
        ("2026-11", "in_progress", None),
        ("2026-10", "issued", 50),
    ]


def test_what_each_officer_did_and_how_fast(desk: Desk) -> None:
    seen = desk.supervision.view(desk.who("heru"), "2026-10")
    officers = {one.username: one for one in seen.officers}
    rina, dewi = officers["rina"], officers["dewi"]
    assert rina.reviewed == 3
    assert rina.deeds == {
        "planned": 2, "approved": 1, "returned": 1, "rejected": 1, "contacts": 1, "letters": 1,
    }  # fmt: skip
    assert dewi.deeds == {"planned": 1, "approved": 2, "retried": 1, "by_hand": 1}
    looked = rina.pace["first_look"]
    # half a day, one day, and an hour of 8,5
    assert looked.count == 3
    assert looked.median == WorkView(days=0.5, hours=4.2)
    assert looked.ninetieth == WorkView(days=1.0, hours=8.5)
    assert dewi.pace["done"].median == WorkView(days=1.5, hours=12.8)
    assert [one.number for one in rina.late] == ["VPS-2026-9002"]
    assert dewi.late == []


def test_an_officer_sees_only_the_own_work(desk: Desk) -> None:
    rina = desk.who("rina")
    assert [one.username for one in desk.supervision.view(rina, "2026-10").officers] == ["rina"]
    assert desk.supervision.of(rina, "rina", "2026-10").officers[0].reviewed == 3
    with pytest.raises(Forbidden):
        desk.supervision.of(rina, "dewi", "2026-10")
    with pytest.raises(Forbidden):
        desk.supervision.view(desk.who("sari"))
    with pytest.raises(NotFound):
        desk.supervision.of(desk.who("arif"), "sari")
    with pytest.raises(NotFound):
        desk.supervision.view(desk.who("arif"), "2027-01")


@pytest.mark.parametrize("month", ["2026-10", "2020-01"])
def test_a_month_is_read_by_its_indexes_however_long_ago(desk: Desk, month: str) -> None:
    """Not the years around it, and without sorting what it found in the database."""
    if not desk.database.is_sqlite:
        pytest.skip("its plans depend on how much is in the tables")
    with plans_of(desk.database) as plans:
        desk.figures(month)
        desk.supervision.view(desk.who("heru"), month)
    read = [step for step in plans if "prov_request" in step]
    assert read
    assert not [step for step in read if step.startswith("SCAN prov_request USING INDEX sqlite")]
    assert "SCAN prov_request" not in read
