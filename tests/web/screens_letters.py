"""Letters in every state, the card on the request, and the public check."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.unit.signing_world import authority, holder, sign
from tests.web.stage import Stage

if TYPE_CHECKING:
    from tests.web.screens import Screen


def today() -> str:
    """The day of the stage's office."""
    return datetime.now(UTC).astimezone(ZoneInfo("Asia/Jakarta")).date().isoformat()


def begun(stage: Stage, number: str, kind: str = "confirmation") -> dict[str, Any]:
    """A letter that was begun."""
    answer = stage["rina"].post("/api/v1/letters", json={"request": number, "kind": kind})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def issued(stage: Stage, id: int, number: str = "000.1.2/123/2026") -> dict[str, Any]:
    """A letter with its number."""
    answer = stage["rina"].post(
        f"/api/v1/letters/{id}/issue", json={"number": number, "date": today()}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def signed(stage: Stage, id: int) -> dict[str, Any]:
    """A letter that came back signed, by an authority that nobody here knows."""
    pdf = stage["rina"].get(f"/api/v1/letters/{id}/letter.pdf").content
    head = holder("Budi Santosa, S.Kom., M.Si.", authority())
    file = ("surat.pdf", sign(pdf, head), "application/pdf")
    answer = stage["heru"].post(f"/api/v1/letters/{id}/signed", files={"file": file})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def screens(stage: Stage) -> list[Screen]:
    """One request with letters in all states; a rejected one with its letter."""
    from tests.web.screens import Screen

    number, _ = stage.approved(hostname="surat-konfirmasi")
    stage.request_until(number, "done")
    old = begun(stage, number)["id"]
    issued(stage, old, "000.1.2/122/2026")
    new = stage["rina"].post(
        f"/api/v1/letters/{old}/replace", json={"reason": "Nomor surat permohonan keliru."}
    ).json()["id"]  # fmt: skip
    issued(stage, new)
    code = signed(stage, new)["code"]
    sent = {"how": "srikandi", "on": today()}
    assert stage["heru"].post(f"/api/v1/letters/{new}/sent", json=sent).status_code == 200
    handover = begun(stage, number, "handover")["id"]
    issued(stage, handover, "000.1.3/7/2026")
    refused = stage.submitted(hostname="surat-penolakan")
    because = {"reason": "Surat permohonan belum ditandatangani oleh kepala perangkat daerah."}
    stage["rina"].post(f"/api/v1/requests/{refused}/reject", json=because)
    rejection = begun(stage, refused, "rejection")["id"]
    return [
        Screen("letters", "dewi", "/letters"),
        Screen("letters-none", "dewi", "/letters?state=void"),
        Screen("letter-draft", "dewi", f"/letters/{rejection}"),
        Screen("letter-issued", "dewi", f"/letters/{handover}"),
        Screen("letter-sent", "dewi", f"/letters/{new}"),
        Screen("letter-replaced", "dewi", f"/letters/{old}"),
        Screen("letter-paper", "dewi", f"/letters/{new}/preview"),
        Screen("letter-paper-handover", "dewi", f"/letters/{handover}/preview"),
        Screen("letter-confirmation", "dewi", f"/letters/{new}/letter.pdf"),
        Screen("letter-signed", "dewi", f"/letters/{new}/signed.pdf"),
        Screen("letter-handover", "dewi", f"/letters/{handover}/letter.pdf"),
        Screen("letter-rejection", "dewi", f"/letters/{rejection}/letter.pdf"),
        Screen("letter-request", "dewi", f"/requests/{number}"),
        Screen("applicant-letter", "sari", f"/letters/{new}"),
        Screen("applicant-letters", "sari", "/letters"),
        Screen("verify", None, "/verify"),
        Screen("verify-genuine", None, f"/verify/{code}"),
        Screen("verify-unknown", None, "/verify/" + "0" * 32),
    ]
