"""What somebody without a mouse does on a page."""

from __future__ import annotations

from datetime import date

from playwright.sync_api import Page


def tab_to(page: Page, selector: str) -> None:
    """By Tab alone, as somebody without a mouse gets there; what has the focus must show it."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            row = page.evaluate(
                "getComputedStyle(document.activeElement.closest('.row') ?? document.body)"
                ".outlineStyle"
            )
            assert "solid" in (outline, row)
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


def press(page: Page, selector: str) -> None:
    """Go there by Tab, and press Enter."""
    tab_to(page, selector)
    page.keyboard.press("Enter")


def write(page: Page, selector: str, text: str) -> None:
    """Go there by Tab, and type."""
    tab_to(page, selector)
    page.keyboard.type(text)


def write_date(page: Page, selector: str, day: date) -> None:
    """A day in a date field, whose parts stand in the order of the browser's own language."""
    tab_to(page, selector)
    for order in ("%m%d%Y", "%d%m%Y"):
        page.keyboard.type(day.strftime(order))
        if page.input_value(selector) == day.isoformat():
            return
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
    raise AssertionError(page.input_value(selector))
