"""The message itself: number, what happened and when, and a link; nothing of anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from provisioner import dates
from provisioner.notices.rules import RULES, path_of
from provisioner.texts import render, say

Happened = tuple[str, datetime]
"""An event's tag, and when it was."""


@dataclass(frozen=True)
class Letterhead:
    """What every message says of its sender."""

    office: str
    public_url: str
    zone: ZoneInfo


def compose(
    head: Letterhead, record: str, happened: Sequence[Happened], language: str, *, account: bool
) -> tuple[str, str]:
    """Subject and body. ``account``: the reader can sign in; others are shown the public page."""
    lines = [(render(RULES[tag][1], language), at) for tag, at in happened]
    subject = lines[-1][0]
    if len(lines) > 1:
        subject = render(
            say("%(last)s, and %(more)s more", last=subject, more=len(lines) - 1), language
        )
    told = [f"- {what} ({dates.moment(at, language, head.zone)})" for what, at in lines]
    link = head.public_url + (path_of(record) if account else "/track")
    body = [record, *told, "", link, "", *_foot(head, language, account)]
    return f"[{head.office}] {record}: {subject}", "\n".join(body)


def trial(head: Letterhead, language: str) -> tuple[str, str]:
    """What a person is sent who wants to see whether a channel works."""
    text = render(say("This is a trial. Notices will come here."), language)
    return f"[{head.office}] {text}", "\n".join([text, "", *_foot(head, language, True)])


def _foot(head: Letterhead, language: str, account: bool) -> list[str]:
    if not account:
        return [head.office]
    where = f"{head.public_url}/account/notices"
    return [head.office, render(say("Choose what you are told: %(where)s", where=where), language)]
