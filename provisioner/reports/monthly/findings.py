"""What a month's figures say, in sentences: the first page of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from provisioner import dates
from provisioner.reports.clock import NOTHING, Work
from provisioner.reports.journeys import WAITS
from provisioner.reports.monthly import words
from provisioner.reports.monthly.views import ClusterFigures, Figures
from provisioner.texts import Message, render, say

TARGET = 100
"""Percent of the promises that the standards make."""
_NAMED = 6
Tone = Literal["good", "bad", "info"]


@dataclass(frozen=True)
class Finding:
    """One sentence; ``key`` is the table that it comes from."""

    key: str
    tone: Tone
    text: str


def findings(figures: Figures, language: str) -> list[Finding]:
    """The sentences, the most important first."""
    made = [
        *_promises(figures, language),
        *_late(figures),
        *_slow(figures, language),
        *_failures(figures, language),
        *_complaints(figures),
        *(found for cluster in figures.clusters for found in _room(cluster, language)),
        *_actions(figures),
    ]
    return [Finding(key, tone, render(message, language)) for key, tone, message in made]


_Made = Iterator[tuple[str, Tone, Message]]


def _promises(figures: Figures, language: str) -> _Made:
    if figures.empty:
        yield "requests", "info", say("No request was received, done or left open in this month.")
        return
    yield (
        "requests",
        "info",
        say(
            "%(received)s requests were received, %(done)s were done, %(open)s are still open.",
            received=figures.received,
            done=figures.done,
            open=figures.open,
        ),
    )
    if figures.percent is None:
        yield "targets", "info", say("No deadline fell in this month.")
        return
    yield (
        "targets",
        "good" if figures.percent >= TARGET else "bad",
        say(
            "%(percent)s %% of the requests were done in time (target %(target)s %%): "
            "%(in_time)s of %(all)s.",
            percent=figures.percent,
            target=TARGET,
            in_time=figures.in_time,
            all=figures.promised,
        ),
    )
    for one in figures.services:
        if one.percent is not None and one.percent < figures.percent:
            yield (
                "targets",
                "bad",
                say(
                    "Furthest from the target: %(service)s, %(percent)s %% in time.",
                    service=words.word(words.SERVICES, one.service, language),
                    percent=one.percent,
                ),
            )
            return


def _late(figures: Figures) -> _Made:
    still = [one for one in figures.late if one.ended_at is None]
    if not figures.late:
        return
    names = ", ".join(one.number for one in figures.late[:_NAMED])
    if len(figures.late) > _NAMED:
        names += ", …"
    yield (
        "late",
        "bad",
        say(
            "%(count)s requests missed their deadline, %(open)s of them are not done yet: "
            "%(names)s.",
            count=len(figures.late),
            open=len(still),
            names=names,
        ),
    )


def shares(figures: Figures) -> dict[str, tuple[Work, int]]:
    """By who was waited for: the working time of all that was done, and its whole percent."""
    spent = dict.fromkeys(WAITS, NOTHING)
    for one in figures.services:
        for wait in WAITS:
            each = one.waits[wait]
            of_all = Work(each.days * one.done, each.hours * one.done)
            spent[wait] = spent[wait].plus(of_all)
    total = sum(work.days for work in spent.values())
    return {
        wait: (work, round(100 * work.days / total) if total else 0) for wait, work in spent.items()
    }


def _slow(figures: Figures, language: str) -> _Made:
    spent = shares(figures)
    most = max(spent, key=lambda wait: spent[wait][0].days)
    if spent[most][0].days > 0:
        yield (
            "waits",
            "info",
            say(
                "Most of the time went into: %(what)s (%(percent)s %%).",
                what=words.WAITS[most],
                percent=spent[most][1],
            ),
        )


def _failures(figures: Figures, language: str) -> _Made:
    for key, causes, sentence in (
        (
            "failures",
            figures.work.causes,
            "Work failed most often because: %(cause)s (%(count)s requests)",
        ),
        (
            "faults",
            figures.work.faults,
            "Checks most often found: %(cause)s (%(count)s places)",
        ),
    ):
        if causes:
            text = causes[0].text_id if language == "id" else causes[0].text
            values = {"cause": text.rstrip("."), "count": causes[0].count}
            yield key, "bad", Message(_SENTENCES[sentence].template, values)


_SENTENCES = {
    message.template: message
    for message in (
        say("Work failed most often because: %(cause)s (%(count)s requests)"),
        say("Checks most often found: %(cause)s (%(count)s places)"),
    )
}


def _complaints(figures: Figures) -> _Made:
    seen = figures.complaints
    if seen is None or not (seen.received or seen.open or seen.answered_late):
        return
    yield (
        "complaints",
        "bad" if seen.open_late or seen.answered_late else "good",
        say(
            "%(received)s complaints and suggestions were received; %(in_time)s were answered in "
            "time, %(late)s late, %(open)s are still open.",
            received=seen.received,
            in_time=seen.answered_in_time,
            late=seen.answered_late,
            open=seen.open,
        ),
    )


def _room(cluster: ClusterFigures, language: str) -> _Made:
    """For the middle one of the sizes, as the catalogue lists them."""
    if not cluster.sizes:
        return
    size = cluster.sizes[len(cluster.sizes) // 2]
    ends = [one for one in cluster.resources if one.runs_out]
    first = min(ends, key=lambda one: str(one.runs_out), default=None)
    tone: Tone = "info" if size.count > 5 else "bad"
    if first is None or first.runs_out is None:
        yield (
            "capacity",
            tone,
            say(
                "%(cluster)s has room for about ± %(count)s servers of the size %(size)s.",
                cluster=cluster.cluster,
                count=size.count,
                size=size.title,
            ),
        )
        return
    yield (
        "capacity",
        tone,
        say(
            "%(cluster)s has room for about ± %(count)s servers of the size %(size)s; at the "
            "present pace %(resource)s lasts until %(month)s.",
            cluster=cluster.cluster,
            count=size.count,
            size=size.title,
            resource=words.resource(first.resource, language),
            month=dates.month(first.runs_out, language),
        ),
    )


def _actions(figures: Figures) -> _Made:
    if not figures.actions:
        return
    done = sum(one.done_on is not None for one in figures.actions)
    past = sum(
        one.done_on is None and one.until is not None and one.until < figures.until.date()
        for one in figures.actions
    )
    yield (
        "actions",
        "bad" if past else "good",
        say(
            "Of %(all)s things agreed before, %(done)s are done; %(past)s of the others are past "
            "their day.",
            all=len(figures.actions),
            done=done,
            past=past,
        ),
    )
