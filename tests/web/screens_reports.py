"""The monthly reports and the pages of supervision, in every state that matters."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from provisioner.database import Database
from provisioner.facts.capacity import CapacityReading
from provisioner.settings import load_settings
from tests.integration.month_world import Past, at, october
from tests.web.stage import Stage

if TYPE_CHECKING:
    from tests.web.screens import Screen

ISSUED = "2026-10"
MEETING = {
    "held_on": "2026-11-04",
    "place": "Ruang rapat Dinkominfo",
    "attendance": [{"name": "Heru Santoso", "username": "heru"}, {"name": "Camat Purbalingga"}],
    "minutes": "Dua permohonan terlambat karena kabel cadangan habis.\nLayanan lain baik.",
    "actions": [
        {"what": "Membeli kabel cadangan", "who": "Rina Lestari", "until": "2026-11-20"},
        {"what": "Melatih petugas baru memakai antrean", "who": "Dewi Anggraini"},
    ],
}


def past_of(stage: Stage) -> None:
    """October 2026 as ``month_world`` tells it, once for a stage."""
    if (
        stage["heru"]
        .get("/api/v1/reports/monthly/2026-10")
        .json()["figures"]["services"][0]["done"]
    ):
        return
    database = Database(load_settings(stage.directory / "provisioner.toml").absolute_database_url)
    try:
        october(Past(database, stage.people))
        with database.write() as session:
            for n in range(20):
                session.add(_reading(date(2026, 10, 10 + n), 40_000 + 600 * n))
    finally:
        database.close()


def _reading(day: date, used: float) -> CapacityReading:
    amounts = {
        "memory_mb": {"total": 131072, "limit": 122880, "used": used, "promised": 8192},
        "cores": {"total": 64, "limit": 64, "used": 20, "promised": 4},
        "disk:local-lvm": {"total": 2000, "limit": 1800, "used": 700, "promised": 100},
    }
    return CapacityReading(cluster="pusat", day=day, read_at=at(30, "03:00"), amounts=amounts)


def screens(stage: Stage) -> list[Screen]:
    """Made once; the month of October is issued, September is a draft without anything."""
    from tests.web.screens import Screen  # the gallery imports this module

    past_of(stage)
    path = f"/api/v1/reports/monthly/{ISSUED}"
    view = stage["heru"].get(path).json()
    if view["state"] != "issued":
        assert stage["rina"].put(f"{path}/meeting", json=MEETING).status_code == 200
        assert stage["heru"].post(f"{path}/issue").status_code == 200
    now = stage["heru"].get("/api/v1/reports/monthly").json()[0]["month"]
    return [
        Screen("report-paper", "heru", f"/reports/{ISSUED}.pdf"),
        Screen("report-minutes", "heru", f"/reports/{ISSUED}/meeting.pdf"),
        Screen("reports", "heru", "/reports"),
        Screen("report-issued", "heru", f"/reports/{ISSUED}"),
        Screen("report-in-progress", "heru", f"/reports/{now}"),
        Screen("report-empty", "heru", "/reports/2026-09"),
        Screen("report-auditor", "arif", f"/reports/{ISSUED}"),
        Screen("report-meeting", "rina", f"/reports/{ISSUED}/meeting"),
        Screen("report-meeting-next", "rina", f"/reports/{now}/meeting"),
        Screen("report-meeting-read", "arif", f"/reports/{ISSUED}/meeting"),
        Screen("report-not-there", "rina", "/reports/2030-01"),
        Screen("supervision", "heru", f"/supervision?month={ISSUED}"),
        Screen("supervision-empty", "heru", "/supervision?month=2026-01"),
        Screen("supervision-own", "rina", f"/supervision/rina?month={ISSUED}"),
        Screen("supervision-officer", "heru", f"/supervision/dewi?month={ISSUED}"),
        Screen("supervision-refused", "rina", "/supervision/dewi"),
    ]
