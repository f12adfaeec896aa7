"""What people print from the screen comes on the paper that they file."""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from tests.web.screens import signed_in
from tests.web.screens_reports import ISSUED, past_of
from tests.web.stage import Stage

pytestmark = pytest.mark.browser
A4 = (595, 842)
"""Points."""


def test_the_monthly_report_is_printed_on_a4(stage: Stage, chromium: Browser) -> None:
    past_of(stage)
    with signed_in(chromium, stage, "heru", 1366) as page:
        page.goto(f"{stage.url}/reports/{ISSUED}")
        made = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    sizes = {(round(one.mediabox.width), round(one.mediabox.height)) for one in made.pages}
    assert sizes == {A4}
    assert len(made.pages) < 12
