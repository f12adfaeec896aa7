"""Letters over HTTP: from the request that is done to the letter that anybody can verify."""

from __future__ import annotations

import hashlib
import re
from io import BytesIO

import httpx
import pytest
from pypdf import PdfReader

from api.pages.verify import FILES, LOOKS
from provisioner.printing.archival import pdfa_faults
from tests.unit.signing_world import authority, holder, sign
from tests.web.letters_read import read
from tests.web.screens_letters import begun, issued, today
from tests.web.stage import Stage


@pytest.fixture(scope="module")
def done(stage: Stage) -> str:
    number, _ = stage.approved(hostname="surat-vps")
    stage.request_until(number, "done")
    return number


def test_a_letter_goes_its_whole_way(stage: Stage, done: str) -> None:
    rina, sari, tono = stage["rina"], stage["sari"], stage["tono"]
    path = f"/api/v1/requests/{done}/confirmation.pdf"
    draft = rina.get(path)
    assert draft.status_code == 200
    assert "KONSEP" in PdfReader(BytesIO(draft.content)).pages[0].extract_text()
    assert sari.get(path).status_code == 404
    id = begun(stage, done)["id"]
    again = rina.post("/api/v1/letters", json={"request": done, "kind": "confirmation"})
    assert again.status_code == 409
    assert again.json()["letter"] == id
    assert sari.get(f"/api/v1/letters/{id}").status_code == 404
    assert rina.post(f"/api/v1/letters/{id}/ready").json()["state"] == "awaiting_number"

    for number, day in (("", today()), ("1/2/3", "2019-01-01"), ("1/2/3", "2999-01-01"), ("1", "")):
        wrong = {"number": number, "date": day}
        assert rina.post(f"/api/v1/letters/{id}/issue", json=wrong).status_code == 422
    letter = issued(stage, id)
    assert letter["state"] == "awaiting_signature"
    assert rina.post(f"/api/v1/letters/{id}/issue",
                     json={"number": "9/9", "date": today()}).status_code == 409  # fmt: skip
    assert "surat-vps" in read(stage, id)
    pdf = sari.get(path).content
    assert hashlib.sha256(pdf).hexdigest() == letter["issued"]["sha256"]
    assert pdfa_faults(pdf) == []
    assert tono.get(path).status_code == 404
    assert tono.get(f"/api/v1/letters/{id}/letter.pdf").status_code == 404

    file = ("surat.pdf", sign(pdf, holder("Kepala", authority())), "application/pdf")
    assert sari.post(f"/api/v1/letters/{id}/signed", files={"file": file}).status_code == 403
    signed = stage["heru"].post(f"/api/v1/letters/{id}/signed", files={"file": file})
    assert signed.status_code == 200, signed.text
    verdict = signed.json()["signed"]
    assert verdict["verdict"]["contains"] == "identical"
    assert not verdict["certain"]
    assert sari.get(path).content == file[1]
    sent = stage["heru"].post(f"/api/v1/letters/{id}/sent", json={"how": "srikandi", "on": today()})
    assert sent.json()["state"] == "sent"
    tags = [event["tag"] for event in rina.get(f"/api/v1/requests/{done}/events").json()]
    assert tags[-5:] == [
        "letter:drafted", "letter:ready", "letter:issued", "letter:signed", "letter:sent",
    ]  # fmt: skip


def test_the_page_is_what_is_printed(stage: Stage) -> None:
    number = stage.submitted(hostname="surat-tolak")
    stage["rina"].post(f"/api/v1/requests/{number}/reject", json={"reason": "Belum lengkap."})
    id = begun(stage, number, "rejection")["id"]
    edits = {"recipient": "Camat Contoh", "copies": ["Inspektur"], "note": "Mohon dilengkapi."}
    assert stage["rina"].patch(f"/api/v1/letters/{id}", json=edits).status_code == 200
    issued(stage, id, "000.1.2/7/2026")
    with stage.browser("rina") as browser:
        answer = browser.get(f"/letters/{id}/preview")
        page = browser.get(f"/letters/{id}")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.status_code == 200
    printed = read(stage, id)
    for said in ("Camat Contoh", "Inspektur", "Belum lengkap", "Mohon dilengkapi."):
        assert said in printed


def test_anybody_verifies_a_letter_and_learns_nothing_of_people(stage: Stage) -> None:
    number = stage.submitted(hostname="surat-cek")
    stage["rina"].post(f"/api/v1/requests/{number}/reject", json={"reason": "Belum lengkap."})
    letter = begun(stage, number, "rejection")
    address = f"/verify/{letter['code']}"
    with stage.client() as anybody:
        assert anybody.get(address).status_code == 404
        issued(stage, letter["id"], "000.1.2/8/2026")
        pdf = stage["rina"].get(f"/api/v1/letters/{letter['id']}/letter.pdf").content
        seen = anybody.get(address)
        assert seen.status_code == 200
        assert "000.1.2/8/2026" in seen.text
        assert hashlib.sha256(pdf).hexdigest() in seen.text
        assert not {"Sari", "surat-cek", number} & set(re.findall(r"[\w-]+", seen.text))
        same = anybody.post(address, files={"file": ("a.pdf", pdf)})
        other = anybody.post(address, files={"file": ("a.pdf", pdf + b" ")})
        assert "tanpa tanda tangan" in same.text
        assert "bukan surat tersebut" in other.text
        assert anybody.post("/verify", data={"code": f"https://x{address}"}).headers[
            "location"] == address  # fmt: skip
        assert anybody.post("/verify", data={"code": "salah"}).status_code == 422
        void = stage["heru"].post(
            f"/api/v1/letters/{letter['id']}/void", json={"reason": "Salah alamat."}
        )
        assert void.status_code == 200
        assert "tidak berlaku lagi" in anybody.get(address).text


def test_codes_are_not_tried_out_and_who_has_a_letter_is_never_sent_away(stage: Stage) -> None:
    number = stage.submitted(hostname="surat-tebak")
    stage["rina"].post(f"/api/v1/requests/{number}/reject", json={"reason": "Belum lengkap."})
    letter = begun(stage, number, "rejection")
    issued(stage, letter["id"], "000.1.2/9/2026")
    address, file = f"/verify/{letter['code']}", {"file": ("a.pdf", b"lain")}
    with _from(stage, "127.9.0.1") as guesser, _from(stage, "127.9.0.2") as neighbour:
        for n in range(LOOKS):
            assert guesser.get(address).status_code == 200, "a right one is no guess"
            assert guesser.get(f"/verify/{n:032x}").status_code == 404
        for answer in (guesser.get(f"/verify/{LOOKS:032x}"), guesser.get(address)):
            assert answer.status_code == 429
            assert "000.1.2/9/2026" not in answer.text
            assert "Terlalu banyak" in answer.text
        assert guesser.get("/verify").status_code == 200
        for n in range(FILES):
            assert guesser.post(address, files=file).status_code == 200
            assert guesser.post(f"/verify/{n:032x}", files=file).status_code == 404
        assert guesser.post(address, files=file).status_code == 429
        assert neighbour.get(address).status_code == 200
        assert neighbour.post(address, files=file).status_code == 200
        for odd in ("..%2fletters", "%27%20or%201=1", "x" * 300, letter["code"].upper()):
            assert neighbour.get(f"/verify/{odd}").status_code == 404


def _from(stage: Stage, address: str) -> httpx.Client:
    transport = httpx.HTTPTransport(local_address=address)
    return httpx.Client(base_url=stage.url, transport=transport, timeout=60)


def test_a_replaced_letter_leads_to_the_new_one(stage: Stage, done: str) -> None:
    id = begun(stage, done, "handover")["id"]
    issued(stage, id, "000.1.3/1/2026")
    new = stage["heru"].post(f"/api/v1/letters/{id}/replace", json={"reason": "Salah nama."})
    assert new.status_code == 201
    assert new.json()["replaces"] == id
    old = stage["rina"].get(f"/api/v1/letters/{id}").json()
    assert (old["state"], old["replaced_by"]) == ("replaced", new.json()["id"])
    assert new.json()["code"] != old["code"]
