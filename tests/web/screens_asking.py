"""The screens of asking: the standards, the questions, the check, the receipt's page, tracking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.stage import Stage

if TYPE_CHECKING:
    from tests.web.screens import Screen


def screens(stage: Stage) -> list[Screen]:
    """Every page of asking in every state that matters."""
    from tests.web.screens import Screen

    form = _begun(stage)
    received = stage.submitted(hostname="layanan-surat")
    draft = stage.draft(hostname="belum-diajukan")
    return [
        Screen("services", None, "/services"),
        Screen("services-card", None, "/services/cloud_vps"),
        Screen("services-card-trouble", None, "/services/troubleshooting"),
        Screen("track", None, "/track"),
        Screen("track-from-receipt", None, f"/track?number={received}"),
        Screen("services-applicant", "sari", "/services"),
        Screen("services-kept", "sari", f"/services?kept={form.rpartition('/')[2]}"),
        Screen("ask-first", "sari", "/ask/cloud_vps"),
        Screen("ask-times", "sari", f"{form}/q/times"),
        Screen("ask-wifi", "sari", f"{form}/q/ssid"),
        Screen("ask-applicant", "sari", f"{form}/q/applicant"),
        Screen("ask-letter", "sari", f"{form}/q/letter"),
        Screen("ask-file", "sari", f"{form}/q/file"),
        Screen("ask-check", "sari", f"{form}/check"),
        Screen("ask-received", "sari", f"/requests/{received}/received"),
        Screen("ask-not-received", "sari", f"/requests/{draft}/received"),
        Screen("request-choice-unfinished", "sari", "/requests/new"),
        Screen("contacts-applicant", "sari", f"/requests/{received}/contacts"),
        Screen("ask-receipt-of-paper", "rina", "/ask/internet"),
        Screen("contacts", "rina", f"/requests/{received}/contacts"),
    ]


def _begun(stage: Stage) -> str:
    """A form of sari's with some answers; its address."""
    with stage.browser("sari") as sari:
        begun = sari.post("/ask/event_wifi", data={"details/event": "Bazar UMKM", "go": "next"})
        form = str(begun.headers["location"]).rpartition("/q/")[0]
        assert sari.post(f"{form}/q/place", data={"details/place": "aula-pendopo"}).is_redirect
    return form
