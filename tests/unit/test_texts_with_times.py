"""A day or a moment within a text: in the reader's words, and the same after being kept."""

from __future__ import annotations

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from provisioner.texts import Message, from_json, render

AT = datetime(2026, 11, 22, 19, 30, tzinfo=ZoneInfo("Asia/Jayapura"))


@pytest.mark.parametrize(
    ("value", "language", "told"),
    [
        (AT, "id", "22 Nov 2026 19:30 WIT"),
        (AT, "en", "22 Nov 2026 19:30 WIT"),
        (datetime(2026, 8, 17, 8, tzinfo=ZoneInfo("Asia/Jakarta")), "id", "17 Agu 2026 08:00 WIB"),
        (date(2026, 8, 17), "id", "17 Agustus 2026"),
        (date(2026, 8, 17), "en", "17 August 2026"),
    ],
)
def test_a_time_is_written_in_words_also_after_it_was_kept(
    value: date, language: str, told: str
) -> None:
    message = Message("%(inner)s", {"inner": Message("%(when)s", {"when": value})})
    assert render(message, language) == told
    kept = from_json(json.loads(json.dumps(message.to_json())))
    assert render(kept, language) == told
