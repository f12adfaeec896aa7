"""The poster of a WiFi as a PDF: one page whose code is a picture, fit for the archive."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from provisioner.printing.archival import pdfa_faults
from provisioner.printing.sheets import sheet_html, sheet_pdf
from provisioner.services.event_wifi.poster import poster
from tests.unit.letters_world import inventory

NAMES = {
    "short": ("UMKM", "Aula"),
    "long": ("Pameran Produk UMKM dan Pentas Seni Hari Jadi Kabupaten ke-196 Tahun 2026",
             "Gedung Serbaguna Alun-alun Kabupaten, sayap timur lantai dua"),
}  # fmt: skip


@pytest.mark.parametrize("length", NAMES)
@pytest.mark.parametrize("language", ["id", "en"])
def test_the_code_is_drawn_and_all_fits_on_one_page(length: str, language: str) -> None:
    event, place = NAMES[length]
    made = poster(
        event, place, "UMKM <Purbalingga> & 'Kita'", "open", None,
        datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC),
        inventory().office.zone,
    )  # fmt: skip
    html = sheet_html(
        "letter_poster.html", inventory().office, language, poster=made, number="WIFI-2026-0001"
    )
    pdf = sheet_pdf(html)
    [page] = PdfReader(BytesIO(pdf)).pages
    text = page.extract_text()
    assert "svg" not in text, "the drawing is no text"
    assert "UMKM <Purbalingga> & 'Kita'" in text
    assert "WIFI-2026-0001" in text
    assert html.count("<svg") == 1
    assert pdfa_faults(pdf) == []
