"""People with a browser each; every one of them fails the test when a script complains."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.stage import PASSWORD, PATIENCE, Stage

Someone = Callable[..., Page]


@pytest.fixture
def someone(chromium: Browser, stage: Stage) -> Iterator[Someone]:
    """``someone("rina")`` signs in with her own browser; ``script=False``: without JavaScript."""
    expect.set_options(timeout=45_000)
    contexts = []
    complaints: list[str] = []

    def sign_in(who: str, *, script: bool = True, width: int = 1366) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script, locale="id-ID"
        )
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()
        page.goto(f"{stage.url}/sign-in")
        expect(page.locator("#username")).to_be_focused()
        page.keyboard.type(who)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{stage.url}/")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert not complaints
