"""Asking question by question, by plain forms: every service, saved, corrected, handed in once."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pypdf
import pytest

from provisioner.lab.letter import sample_letter
from tests.web.bodies import PUBLIC_KEY, new_request
from tests.web.stage import Stage

_APPLICANT = {
    "applicant/name": "Sari Wulandari",
    "applicant/position": "Kepala Subbagian Umum",
    "applicant/phone": "0812 7654 321",
    "applicant/email": "sari@dinkes.example",
}
_LETTER = {
    "letter/kind": "signed",
    "letter/number": "005/7/2026",
    "letter/date": "2026-01-05",
    "letter/signatory/name": "dr. Budi Santosa",
    "letter/signatory/position": "Kepala Dinas Kesehatan",
}


def _answers(service: str, **more: str) -> dict[str, str]:
    """Flat answers of a complete request."""
    details = new_request(service)["details"]
    flat: dict[str, str] = {}
    for name, value in details.items():
        text = str(value)
        if name == "ssh_keys":
            text = PUBLIC_KEY
        elif name == "open_ports":
            text = ", ".join(f"{p['port']}/{p['protocol']}" for p in value)
        elif isinstance(value, bool):
            text = str(value).lower()
        elif name in ("starts_at", "ends_at"):
            text = (datetime.fromisoformat(value) + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M")
        flat[f"details/{name}"] = text
    return {**flat, **_APPLICANT, **_LETTER, **more}


def _walk(client: httpx.Client, service: str, values: dict[str, str]) -> str:
    """Answer page after page as they come; returns the address of the check page."""
    path = f"/ask/{service}"
    for _ in range(20):
        if path.endswith("/check"):
            return path
        shown = client.get(path)
        assert shown.status_code == 200, shown.text
        if 'name="file"' in shown.text:
            pdf = ("surat.pdf", sample_letter("Dinas Kesehatan", "005/7", "uji"), "application/pdf")
            target = path.replace("/q/file", "/file")
            answer = client.post(target, data={"go": "next"}, files={"file": pdf})
        else:
            names = re.findall(r'<(?:input|select|textarea)[^>]* name="([a-z_/]+)"', shown.text)
            asked = {name: values.get(name, "") for name in names if "/" in name or name in values}
            answer = client.post(path, data={**asked, "go": "next"})
        assert answer.status_code == 303, answer.text[answer.text.find("problems") :][:600]
        path = answer.headers["location"]
    raise AssertionError(path)


@pytest.mark.parametrize(
    "service", ["cloud_vps", "event_wifi", "internet", "colocation", "troubleshooting"]
)
def test_every_service_is_asked_for_question_by_question(stage: Stage, service: str) -> None:
    with stage.browser("sari") as sari:
        check = _walk(sari, service, _answers(service))
        shown = sari.get(check)
        assert "Periksa jawaban" in shown.text
        assert "Kepala Subbagian Umum" in shown.text
        made = sari.post(check)
        assert made.status_code == 303, made.text
        received = made.headers["location"]
        assert re.fullmatch(r"/requests/[A-Z]+-\d{4}-\d{4}/received", received)
        page = sari.get(received)
        assert "Kami menjawab paling lambat" in page.text
        assert sari.post(check).headers["location"] == received  # a second click
        number = received.split("/")[2]
        view = stage["sari"].get(f"/api/v1/requests/{number}").json()
        assert (view["state"], view["channel"]) == ("submitted", "web")
        assert view["applicant"]["phone"] == "0812 7654 321"
        assert bool(view["letter"] and view["letter"]["file"]) == (service != "troubleshooting")


def test_a_wrong_answer_is_told_beside_it_and_the_next_question_waits(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        wrong = sari.post("/ask/cloud_vps", data={"details/purpose": "", "go": "next"})
        assert wrong.status_code == 422
        assert "<title>Kesalahan: " in wrong.text
        assert 'href="#f-details-purpose"' in wrong.text
        assert 'aria-describedby="f-details-purpose-hint f-details-purpose-error"' in wrong.text
        begun = sari.post("/ask/cloud_vps", data={"details/purpose": "Layanan surat", "go": "next"})
        path = begun.headers["location"]
        assert path.endswith("/q/name")
        bad = sari.post(path, data={"details/hostname": "Bukan Nama!", "go": "next"})
        assert bad.status_code == 422
        assert 'value="Bukan Nama!"' in bad.text
        later = sari.post(path, data={"details/hostname": "surat-dinkes", "go": "later"})
        assert later.headers["location"].startswith("/services?kept=")
        kept = sari.get(later.headers["location"])
        assert "Jawaban Anda disimpan sampai" in kept.text
        form = path.removesuffix("/q/name")
        assert f'href="{form}"' in kept.text
        assert sari.get(form).headers["location"] == f"{form}/q/size"
        back = sari.post(
            f"{form}/q/purpose", data={"details/purpose": "Arsip surat", "back": "check"}
        )
        assert back.headers["location"] == f"{form}/check"
        refused = sari.post(f"{form}/check")
        assert refused.status_code == 422
        assert f"{form}/q/size?back=check#f-details-size" in refused.text
        with stage.browser("tono") as tono:
            assert tono.get(f"{form}/check").status_code == 404
        assert sari.post(f"{form}/discard").status_code == 303
        assert sari.get(f"{form}/check").status_code == 404


def test_a_private_key_is_not_kept_even_for_later(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        begun = sari.post("/ask/cloud_vps", data={"details/purpose": "Uji kunci", "go": "later"})
        form = "/ask/cloud_vps/" + begun.headers["location"].partition("kept=")[2]
        key = "-----BEGIN OPENSSH PRIVATE KEY-----\nrahasia\n-----END OPENSSH PRIVATE KEY-----"
        said = {"details/admin_user": "admin", "details/ssh_keys": key, "go": "later"}
        refused = sari.post(f"{form}/q/access", data=said)
        assert refused.status_code == 422
        assert "PRIVATE KEY" not in refused.text
        assert "PRIVATE KEY" not in sari.get(f"{form}/q/access").text


def test_a_passphrase_is_kept_but_never_shown(stage: Stage) -> None:
    secret = "kata sandi rahasia tamu"
    with stage.browser("sari") as sari:
        values = _answers("event_wifi", **{"details/passphrase": secret})
        check = _walk(sari, "event_wifi", values)
        form = check.removesuffix("/check")
        shown = sari.get(check).text + sari.get(f"{form}/q/ssid").text
        assert secret not in shown
        assert "sudah diberikan" in shown or "dirahasiakan" in shown
        number = sari.post(check).headers["location"].split("/")[2]
        view = stage["sari"].get(f"/api/v1/requests/{number}").json()
        assert view["details"]["passphrase_given"] is True
        receipt = sari.get(f"/requests/{number}/receipt.pdf")
        text = "".join(page.extract_text() for page in _pages(receipt.content))
        assert number in text
        assert secret not in text


def _pages(data: bytes) -> list[Any]:
    return list(pypdf.PdfReader(io.BytesIO(data)).pages)


def test_two_clicks_at_the_same_instant_make_one_request(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        check = _walk(sari, "troubleshooting", _answers("troubleshooting"))
        cookies = dict(sari.cookies)

        def click(_: int) -> str:
            with httpx.Client(base_url=stage.url, cookies=cookies, trust_env=False) as one:
                return str(one.post(check, timeout=60).headers["location"])

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(click, range(4)))) == 1


def test_what_the_last_request_told_is_not_asked_again(stage: Stage) -> None:
    with stage.browser("sari") as sari:
        check = _walk(sari, "troubleshooting", _answers("troubleshooting"))
        assert sari.post(check).status_code == 303
        begun = sari.post("/ask/event_wifi", data={"details/event": "Senam", "go": "later"})
        form = "/ask/event_wifi/" + begun.headers["location"].partition("kept=")[2]
        asked = sari.get(f"{form}/q/applicant").text
        assert 'value="0812 7654 321"' in asked
        assert 'value="Kepala Subbagian Umum"' in asked


def test_a_letter_on_paper_is_entered_with_its_receipt(stage: Stage) -> None:
    received = (datetime.now(UTC) - timedelta(days=7)).replace(microsecond=0)
    body = {**new_request("internet"), "channel": "paper", "received_at": received.isoformat()}
    assert stage["sari"].post("/api/v1/requests", json=body).status_code == 403
    future = {**body, "received_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}
    answer = stage["rina"].post("/api/v1/requests", json=future)
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/received_at"]
    early = {**body, "received_at": "2026-01-01T08:00:00+07:00"}
    assert stage["rina"].post("/api/v1/requests", json=early).status_code == 422
    number = stage["rina"].post("/api/v1/requests", json=body).json()["number"]
    pdf = ("surat.pdf", sample_letter("Dinas Kesehatan", "005/7", "uji"), "application/pdf")
    path = f"/api/v1/requests/{number}"
    assert stage["rina"].post(f"{path}/letter", files={"file": pdf}).status_code == 201
    view = stage["rina"].post(f"{path}/submit").json()
    assert view["channel"] == "paper"
    due = datetime.fromisoformat(view["due_at"])
    assert due < datetime.now(UTC), "the clock began when the letter came"
    assert view["used"] > 1


def test_everybody_reads_the_standard_of_a_service(stage: Stage) -> None:
    with stage.client() as nobody:
        assert "Kolokasi" in nobody.get("/services").text
        shown = nobody.get("/services/cloud_vps").text
        for part in ("Persyaratan", "Prosedur", "3 hari kerja", "Dasar hukum", "SP4N-LAPOR"):
            assert part in shown
        found = nobody.get("/api/v1/services").json()
        assert {one["service"] for one in found} >= {"cloud_vps", "troubleshooting"}
        one = nobody.get("/api/v1/services/cloud_vps").json()
        assert (one["sla_working_days"], one["cost"]) == (3, "gratis")
        assert nobody.get("/services/nothing").status_code == 404
        assert nobody.get("/ask/cloud_vps").status_code == 303


def test_tracking_tells_the_state_and_nothing_personal(stage: Stage) -> None:
    number = stage.submitted(hostname="lacak-ini", purpose="Tujuan yang tidak boleh terlihat")
    with stage.client() as nobody:
        for contact in ("0812 3456 789", "+62 812-3456-789", "628123456789", "SARI@dinkes.example"):
            shown = nobody.post("/track", data={"number": number.lower(), "contact": contact})
            assert shown.status_code == 200, contact
            assert "Diajukan" in shown.text
            for hidden in ("Sari", "lacak-ini", "Tujuan yang", "dinkes"):
                assert hidden not in shown.text
        wrong = nobody.post("/track", data={"number": number, "contact": "0899 0000 000"})
        other = nobody.post("/track", data={"number": "VPS-2026-9998", "contact": "0812 3456 789"})
        strip = re.compile(r"VPS-2026-\d+|0899 0000 000|0812 3456 789")
        assert wrong.status_code == other.status_code == 404
        assert strip.sub("", wrong.text) == strip.sub("", other.text)
        guess = {"number": "VPS-2026-9997", "contact": "0812 345678"}
        told = [nobody.post("/track", data=guess).status_code for _ in range(11)]
        assert told == [404] * 10 + [429]


def test_contacts_are_on_the_timeline_and_notes_are_the_offices(stage: Stage) -> None:
    number = stage.submitted(hostname="kontak-uji")
    path = f"/api/v1/requests/{number}"
    said = {"channel": "whatsapp", "with": "Bu Sari", "summary": "Menanyakan ukuran disk"}
    assert stage["rina"].post(f"{path}/contacts", json=said).status_code == 201
    assert stage["sari"].post(f"{path}/contacts", json=said).status_code == 403
    assert stage["arif"].post(f"{path}/notes", json={"text": "uji coba"}).status_code == 403
    note = {"text": "Hati-hati, pernah gagal", "pinned": True}
    made = stage["rina"].post(f"{path}/notes", json=note).json()
    tags = [one["tag"] for one in stage["rina"].get(f"{path}/events").json()]
    assert {"contact:logged", "note:added"} <= set(tags)
    seen = stage["sari"].get(f"{path}/events")
    assert "WhatsApp dengan Bu Sari: Menanyakan ukuran disk" in seen.text
    assert "note" not in {one["tag"].partition(":")[0] for one in seen.json()}
    with stage.browser("sari") as sari, stage.browser("rina") as rina:
        assert "pernah gagal" not in sari.get(f"/requests/{number}").text
        assert "Catatan tersemat" in rina.get(f"/requests/{number}").text
        empty = rina.post(f"/requests/{number}/contacts", data={"channel": "phone", "with": "Bu"})
        assert empty.status_code == 422
        assert 'value="Bu"' in empty.text
        assert rina.post(f"/requests/{number}/notes/{made['id']}/unpin").status_code == 303
        assert "Catatan tersemat" not in rina.get(f"/requests/{number}").text


def test_the_receipt_is_one_page_with_number_and_day(stage: Stage) -> None:
    number = stage.submitted(hostname="tanda-terima")
    answer = stage["sari"].get(f"/api/v1/requests/{number}/receipt.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    [page] = _pages(answer.content)
    text = page.extract_text()
    sha = stage["sari"].get(f"/api/v1/requests/{number}").json()["letter"]["file"]["sha256"]
    assert number in text
    assert "tanda-terima" in text
    assert sha in re.sub(r"\s", "", text)
    assert f"/track?number={number}" in text
    assert stage["tono"].get(f"/api/v1/requests/{number}/receipt.pdf").status_code == 404


def test_the_second_of_two_is_told_and_loses_nothing(stage: Stage) -> None:
    number = stage.submitted(hostname="berdua-uji")
    path = f"/api/v1/requests/{number}"
    assert stage["rina"].post(f"{path}/return", json={"reason": "Lengkapi"}).status_code == 200
    with stage.browser("sari") as sari:
        form = sari.get(f"/requests/{number}/edit").text
        seen = re.search(r'name="seen" value="(\d+)"', form)
        assert seen
        patch = {"details": new_request(hostname="berdua-lain")["details"]}
        assert stage["rina"].patch(path, json=patch).status_code == 200
        typed = {**_answers("cloud_vps"), "details/purpose": "Ketikan saya", "seen": seen[1]}
        told = sari.post(f"/requests/{number}/edit", data=typed)
        assert told.status_code == 409
        assert "Rina Lestari lebih dulu" in told.text
        assert "Ketikan saya" in told.text
        again = re.search(r'name="seen" value="(\d+)"', told.text)
        assert again
        once_more = sari.post(f"/requests/{number}/edit", data={**typed, "seen": again[1]})
        assert once_more.status_code == 303


def test_many_at_once_change_a_request_and_one_wins(stage: Stage) -> None:
    number = stage.draft(hostname="serentak-uji")
    path = f"/api/v1/requests/{number}"
    revision = stage["sari"].get(path).json()["revision"]

    def change(n: int) -> int:
        details = new_request(hostname=f"serentak-{n}")["details"]
        headers = {"If-Match": f'"{revision}"'}
        return (
            stage["sari" if n % 2 else "rina"]
            .patch(path, json={"details": details}, headers=headers)
            .status_code
        )

    for who in ("sari", "rina"):
        stage[who].get(path)
    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(change, range(6))) == [200, 409, 409, 409, 409, 409]
    stale = stage["sari"].patch(path, json={"details": {}, "revision": revision}).json()
    assert stale["type"].endswith("changed-meanwhile")
    assert {stale["by"], stale["what"]} <= {"sari", "rina", "request:updated"}
