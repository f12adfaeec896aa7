"""The screens of complaints in the states that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.web.screens import Screen
    from tests.web.stage import Stage

_PATH = "/api/v1/complaints"


def screens(stage: Stage) -> list[Screen]:
    """Public form and answer, list, recording, each state of a complaint, register."""
    from tests.web.screens import Screen

    unclassified = _recorded(
        stage, text="Petugas loket tidak ada pada jam layanan.", channel="box", privacy="anonymous"
    )
    late = _recorded(
        stage, text="WiFi puskesmas mati sejak dua minggu lalu, belum ada yang datang.",
        received_at="2026-10-05T03:00:00Z", channel="whatsapp", name="Ibu Lestari",
        contact="0812 0000 1111", department="dinkes", privacy="confidential",
    )  # fmt: skip
    _do(stage, late, "classify", classification="normative", summary="WiFi puskesmas mati")
    _do(stage, late, "assign", officer="wulan", team=["Budi", "Ratna"])
    answered = _recorded(
        stage, text="Surat konfirmasi VPS belum diterima.", channel="sp4n_lapor",
        reference="LAPOR-7788990", name="Bapak Joko", request="VPS-2026-0001",
    )  # fmt: skip
    _do(stage, answered, "classify", classification="light", summary="Surat konfirmasi terlambat")
    _do(stage, answered, "assign", officer="wulan", team=[])
    _do(stage, answered, "begin")
    _do(
        stage, answered, "answer", text="Surat sudah kami kirim\npada 20 November.", channel="email"
    )
    closed = _recorded(
        stage, text="Pelayanan cepat dan ramah.", kind="appreciation", channel="visit"
    )
    _do(stage, closed, "close", outcome="noted")
    with stage.browser("sari") as sari:
        sent = sari.post("/complain", data={"kind": "suggestion", "text": "Tambah jam layanan."})
        assert sent.status_code == 201, sent.text
    return [
        Screen("complain", None, "/complain"),
        Screen("complain-answer-closed", None, f"/complain/{answered}"),
        Screen("complaints", "wulan", "/complaints"),
        Screen("complaints-found", "wulan", "/complaints?kind=complaint&q=WiFi"),
        Screen("complaints-none", "wulan", "/complaints?q=tidak-ada-sama-sekali"),
        Screen("complaint-new", "wulan", "/complaints/new"),
        Screen("complaint-received", "wulan", f"/complaints/{unclassified}"),
        Screen("complaint-late", "wulan", f"/complaints/{late}"),
        Screen("complaint-answered", "wulan", f"/complaints/{answered}"),
        Screen("complaint-closed", "wulan", f"/complaints/{closed}"),
        Screen("complaint-register-paper", "wulan", "/complaints/register.pdf"),
        Screen("complaint-register", "wulan", "/complaints/register"),
        Screen("complaint-of-technician", "rina", f"/complaints/{late}"),
        Screen("complaint-trouble", "rina", f"/complaints/{late}/trouble"),
        Screen("complaints-of-applicant", "sari", "/complaints"),
    ]


def _recorded(stage: Stage, **said: Any) -> str:
    answer = stage["wulan"].post(_PATH, json={"kind": "complaint", "channel": "visit", **said})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


def _do(stage: Stage, number: str, action: str, **body: Any) -> None:
    answer = stage["wulan"].post(f"{_PATH}/{number}/{action}", json=body)
    assert answer.status_code == 200, answer.text
