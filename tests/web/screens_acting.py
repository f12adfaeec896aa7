"""Screens that only follow upon an act: refusals, results, menus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page

from tests.web.stage import PASSWORD, Stage

if TYPE_CHECKING:
    from tests.web.screens import Screen


def screens(stage: Stage) -> list[Screen]:
    """Each with what is done on it."""
    from tests.web.screens import Screen

    planned, _ = stage.planned(hostname="rencana-basi")
    tracked = stage.submitted(hostname="dilacak")
    rejected = _rejected(stage)
    cancelled = stage.submitted(hostname="tidak-jadi")
    stage["sari"].post(
        f"/api/v1/requests/{cancelled}/cancel", json={"reason": "Kegiatannya dibatalkan."}
    )
    return [
        Screen("sign-in-code", None, "/sign-in", _with_password),
        Screen("track-found", None, f"/track?number={tracked}", _tracks),
        Screen("complain-done", None, "/complain", _complains),
        Screen("request-form-errors", "sari", "/requests/new?service=cloud_vps", _sends),
        Screen("ask-error", "sari", "/ask/cloud_vps", _goes_on),
        Screen("applicant-rejected", "sari", f"/requests/{rejected}"),
        Screen("applicant-cancelled", "sari", f"/requests/{cancelled}"),
        Screen("queue-nothing", "tono", "/"),
        Screen("request-rejected", "dewi", f"/requests/{rejected}"),
        Screen("review-refused", "dewi", f"/requests/{planned}/review", _with_an_old_plan),
        Screen("review-decides", "dewi", f"/requests/{planned}/review", _opens_decisions),
        Screen("menu", "dewi", "/capacity", lambda page: page.click(".who .menu summary")),
        Screen("menu-more", "dewi", "/capacity", lambda page: page.click(".menu.more summary")),
        Screen("keyboard-help", "dewi", "/capacity", lambda page: page.keyboard.press("?")),
        Screen("person-invited", "bagas", "/people/tono", _invites),
        Screen("receipt", "sari", f"/requests/{tracked}/receipt.pdf"),
    ]


def _rejected(stage: Stage) -> str:
    number = stage.submitted(hostname="ditolak")
    because = {"reason": "Aplikasi ini sudah mempunyai server; gunakan yang ada."}
    stage["rina"].post(f"/api/v1/requests/{number}/reject", json=because)
    return number


def _with_password(page: Page) -> None:
    page.fill("#username", "layar.kode")
    page.fill("#password", PASSWORD)
    page.click("main button")


def _tracks(page: Page) -> None:
    page.fill("[name=contact]", "0812 3456 789")
    page.click("main form button")


def _complains(page: Page) -> None:
    page.fill("textarea", "Nomor telepon kantor tidak dijawab pada jam kerja.")
    page.click("#complain button")


def _sends(page: Page) -> None:
    page.fill("[name='details/hostname']", "Salah Nama")
    with page.expect_navigation():
        page.click("form.long button")


def _goes_on(page: Page) -> None:
    page.click(".ask .buttons button")


def _with_an_old_plan(page: Page) -> None:
    page.evaluate("document.querySelector('[name=digest]').value = 'sha256:' + '0'.repeat(64)")
    page.click(".approve-button")


def _opens_decisions(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


def _invites(page: Page) -> None:
    page.click("form[action$=invite] button")
