"""A letter as its reader has it: begun, issued, and the same words on the page and in the PDF."""

from __future__ import annotations

import re
from io import BytesIO

from pypdf import PdfReader

from provisioner.printing.archival import pdfa_faults
from tests.web.screens_letters import begun, issued
from tests.web.stage import Stage


def written(stage: Stage, number: str, kind: str = "confirmation") -> str:
    """What the letter of that kind to a finished request says, once it has its number."""
    id = begun(stage, number, kind)["id"]
    issued(stage, id, f"000.1.2/{id}/2026")
    return read(stage, id)


def read(stage: Stage, id: int) -> str:
    """The text of an issued letter; its page says word for word what its PDF says."""
    with stage.browser("rina") as browser:
        page = browser.get(f"/letters/{id}/preview").text
        pdf = browser.get(f"/letters/{id}/letter.pdf").content
    assert pdfa_faults(pdf) == []
    body = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", page, flags=re.S)
    text = " ".join(" ".join(p.extract_text() for p in PdfReader(BytesIO(pdf)).pages).split())
    assert _words(text) == _words(re.sub(r"<[^>]+>", " ", body))
    return text


def _words(text: str) -> list[str]:
    return sorted(re.findall(r"[^\W\d_]+", text))
