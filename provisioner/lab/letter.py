"""A letter of request as a department would scan it, for the demo and tests."""

from __future__ import annotations

import io

import pikepdf


def sample_letter(department: str, number: str, purpose: str) -> bytes:
    """A PDF of one page with a few lines of text."""
    lines = [
        "PEMERINTAH KABUPATEN PURBALINGGA",
        department.upper(),
        "",
        f"Nomor: {number}",
        "Hal: Permohonan Cloud VPS",
        "",
        "Yth. Kepala Dinas Komunikasi dan Informatika",
        "",
        f"Kami mohon satu mesin virtual untuk: {purpose}.",
        "",
        "Kepala Dinas (tanda tangan dan stempel)",
    ]
    shown = "\n".join(f"({_escaped(line)}) Tj T*" for line in lines)
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
    )
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    page.Contents = pdf.make_stream(
        f"BT /F1 12 Tf 18 TL 72 760 Td\n{shown}\nET".encode("latin-1", "replace")
    )
    file = io.BytesIO()
    pdf.save(file)
    return file.getvalue()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
