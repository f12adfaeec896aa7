"""How an applicant asks: question by question, whatever page comes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from playwright.sync_api import Page, expect

from provisioner.lab.letter import sample_letter

LETTER = {
    "letter/kind": "signed",
    "letter/number": "005/21/2026",
    "letter/date": "2026-01-05",
    "letter/signatory/name": "dr. Budi Santosa",
    "letter/signatory/position": "Kepala Dinas Kesehatan",
}
APPLICANT = {
    "applicant/name": "Sari Wulandari",
    "applicant/position": "Kepala Subbagian Umum",
    "applicant/phone": "0812 7654 999",
    "applicant/email": "sari@dinkes.example",
}


def ask(page: Page, url: str, service: str, answers: Mapping[str, str]) -> str:
    """From the standard's card to the page that says it was received; the request's number."""
    answers = {**APPLICANT, **LETTER, **answers}
    page.goto(f"{url}/services/{service}")
    page.locator(f"main a[href='/ask/{service}']").first.click()
    for _ in range(20):
        if page.url.endswith("/check"):
            break
        assert page.locator("h1").count() == 1
        if page.locator("#f-file").count():
            pdf = sample_letter("Dinas Kesehatan", "005/21", "Permohonan")
            letter = {"name": "surat.pdf", "mimeType": "application/pdf", "buffer": pdf}
            page.set_input_files("#f-file", files=[letter])  # type: ignore[arg-type]
        for field in page.locator("#typed [name*='/']:visible").all():
            name = field.get_attribute("name") or ""
            if name not in answers:
                continue
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(answers[name])
            else:
                field.fill(answers[name])
        page.locator("#typed button[name=go][value=next]").click()
        expect(page.locator("#problems")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("Kepala Subbagian Umum")
    page.locator("main form.buttons button").click()
    page.wait_for_url(re.compile("/received$"))
    expect(page.locator("h1")).to_have_text("Permohonan Anda sudah kami terima")
    return page.locator(".number strong").inner_text()
