"""The screens of the calendar, the catalogue and what people are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.stage import Stage

if TYPE_CHECKING:
    from tests.web.screens import Screen


def screens(stage: Stage) -> list[Screen]:
    """In every state that matters."""
    from tests.web.screens import Screen  # it imports this module

    return [
        Screen("calendar", "dewi", "/calendar?year=2026"),
        Screen("calendar-estimates", "heru", "/calendar?year=2027"),
        Screen("calendar-what-if", "dewi", "/calendar?year=2026&day=2026-12-01&kind=holiday"),
        Screen("calendar-what-if-same", "dewi", "/calendar?day=2026-12-25&kind=holiday"),
        Screen("calendar-error", "dewi", "/calendar?day=besok"),
        Screen("catalogue", "dewi", "/catalogue"),
        Screen("notices", "dewi", "/account/notices"),
        Screen("notices-chosen", "heru", "/account/notices?done=chosen"),
        Screen("notices-applicant", "sari", "/account/notices"),
    ]
