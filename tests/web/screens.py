"""Every screen of the console in the states that matter, opened one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, Page

from tests.web.stage import PASSWORD, Stage

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Screen:
    """A screen: its name, who looks at it, and where it is."""

    name: str
    who: str | None
    path: str


def open_screens(
    chromium: Browser, stage: Stage, width: int, scheme: Scheme = "light"
) -> Iterator[tuple[str, Page]]:
    """Each screen as (name, page), at that width."""
    screens = _screens(stage)
    for who in dict.fromkeys(screen.who for screen in screens):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        page = context.new_page()
        if who:
            page.goto(f"{stage.url}/sign-in")
            page.fill("#username", who)
            page.fill("#password", PASSWORD)
            page.click("main button")
            page.wait_for_url(f"{stage.url}/")
        for screen in screens:
            if screen.who == who:
                page.goto(f"{stage.url}{screen.path}")
                yield screen.name, page
        context.close()


_made: dict[str, list[Screen]] = {}


def _screens(stage: Stage) -> list[Screen]:
    if stage.url not in _made:
        _made[stage.url] = _set_up(stage)
    return _made[stage.url]


def _set_up(stage: Stage) -> list[Screen]:
    done, run = stage.approved(hostname="data-kesehatan")
    stage.request_until(done, "done")
    failed, failed_run = _failed(stage)
    submitted = stage.submitted(hostname="portal-wisata")
    planned, _ = stage.planned(hostname="layanan-antrean")
    own, _ = stage.planned("dewi", hostname="cadangan")
    draft = stage.draft(hostname="arsip-digital")
    returned = stage.submitted(hostname="lapor-warga")
    stage["rina"].post(
        f"/api/v1/requests/{returned}/return", json={"reason": "Stempel pada surat belum ada."}
    )
    return [
        Screen("sign-in", None, "/sign-in"),
        Screen("source", None, "/source"),
        Screen("hand-over-closed", None, "/handover/none"),
        Screen("queue", "dewi", "/"),
        Screen("search", "dewi", "/?q=data"),
        Screen("request-form", "dewi", "/requests/new"),
        Screen("request-submitted", "dewi", f"/requests/{submitted}"),
        Screen("review-without-plan", "dewi", f"/requests/{submitted}/review"),
        Screen("review", "dewi", f"/requests/{planned}/review"),
        Screen("review-own", "dewi", f"/requests/{own}/review"),
        Screen("run-done", "dewi", f"/runs/{run}"),
        Screen("run-failed", "dewi", f"/runs/{failed_run}"),
        Screen("request-attention", "dewi", f"/requests/{failed}"),
        Screen("servers", "dewi", "/instances"),
        Screen("not-found", "dewi", "/requests/VPS-2026-9999"),
        Screen("applicant-list", "sari", "/"),
        Screen("applicant-draft", "sari", f"/requests/{draft}"),
        Screen("applicant-edit", "sari", f"/requests/{draft}/edit"),
        Screen("applicant-returned", "sari", f"/requests/{returned}"),
        Screen("applicant-done", "sari", f"/requests/{done}"),
    ]


def _failed(stage: Stage) -> tuple[str, str]:
    stage.lab.fault("task-fails", type="qmstart", text="start failed: simulated", times="20")
    try:
        number, run = stage.approved(hostname="uji-gagal")
        stage.run_until(run, "failed", "waiting_person")
    finally:
        stage.lab.clear("task-fails")
    stage.request_until(number, "attention")
    return number, run
