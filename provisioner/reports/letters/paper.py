"""A letter on paper: its page, and that page as PDF/A; the one is made of the other."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup

from provisioner.catalogue import Office
from provisioner.printing.sheets import sheet_html
from provisioner.reports.letters.content import DATE_MISSING, NUMBER_MISSING, LetterContent
from provisioner.reports.letters.rows import LANGUAGE
from provisioner.texts import render, say

_QR_ALT = say("QR code that leads to the verification of this letter")


def verify_url(public_url: str, code: str) -> str:
    """Where anybody can ask whether the letter is ours."""
    return f"{public_url.rstrip('/')}/verify/{code}"


def letter_html(content: LetterContent, office: Office, public_url: str, *, draft: bool) -> str:
    """The letter as a whole page; a draft says so across the paper."""
    url = verify_url(public_url, content.code)
    return sheet_html(
        "letter_handover.html" if content.kind == "handover" else "letter.html",
        office, LANGUAGE,
        letter=content, draft=draft, verify_url=url, qr=_qr(url),
        number_missing=NUMBER_MISSING, date_missing=DATE_MISSING,
    )  # fmt: skip


def _qr(url: str) -> Markup:
    out = io.BytesIO()
    alt = render(_QR_ALT, LANGUAGE)
    segno.make(url, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2, nl=False, title=alt
    )
    return Markup(out.getvalue().decode())  # noqa: S704  our own drawing
