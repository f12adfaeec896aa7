"""Puts checks, causes and rules into the reader's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from provisioner.checks.chain import Chain
from provisioner.checks.colours import colour_of
from provisioner.checks.model import Cause, Check, Diagnosis, Finding, Place, RemedyOffer, Result
from provisioner.checks.rules import Rule
from provisioner.checks.tables import CheckRow
from provisioner.checks.views import (
    CatalogueView,
    CauseView,
    ChangeView,
    CheckSummary,
    CheckView,
    ComparisonView,
    DiagnosisView,
    ExplainedView,
    PlaceView,
    RemedyView,
    ResultView,
    RuleView,
    SkippedView,
    StationView,
    TroubleView,
    TurnedView,
)  # fmt: skip
from provisioner.people.rules import Actor, sees_all
from provisioner.texts import Message, from_json, render, translate

_GAP = re.compile(r"%\((\w+)\)[^a-z]*[a-z]")


class Words:
    """Puts rows of checks into the words of catalogue and rules."""

    def __init__(self, checks: Mapping[str, Check], rules: Mapping[str, Rule]) -> None:
        """Checks by key, rules by finding."""
        self.checks, self.rules = checks, rules

    def summary(self, row: CheckRow, language: str) -> CheckSummary:
        return CheckSummary(**self._about(row, language))

    def view(
        self, row: CheckRow, green_at: datetime | None, asked: Mapping[str, str], actor: Actor
    ) -> CheckView:
        """``green_at``: when the last green look was that this one is compared with; ``asked``: the
        requests that remedies became.

        Whoever is not of the office reads the first cause and what to do, and nothing of devices.
        """
        language = actor.language
        if not sees_all(actor):
            return self._plain(row, language)
        results = [Result.from_json(each) for each in row.results]
        found = Diagnosis.from_json(row.diagnosis) if row.diagnosis is not None else Diagnosis()
        return CheckView(
            **self._about(row, language),
            checks=row.wanted,
            progress=[render(from_json(each), language) for each in row.progress],
            results=[self._result(r, language) for r in results if r.skipped is None],
            skipped=[
                SkippedView(
                    check=r.check, title=self.title(r.check, language), target=str(r.place),
                    why=render(r.skipped, language),
                )
                for r in results
                if r.skipped is not None
            ],
            diagnosis=self._diagnosis(found, language),
            ruled_out=[render(each, language) for each in found.ruled_out],
            remedies=[*_remedies(found, asked, language)],
            comparison=self._comparison(row, green_at, language),
            trouble=_trouble(row, language),
        )  # fmt: skip

    def _plain(self, row: CheckRow, language: str) -> CheckView:
        found = Diagnosis.from_json(row.diagnosis) if row.diagnosis is not None else Diagnosis()
        first = replace(found.first, explains=()) if found.first else None
        return CheckView(
            **self._about(row, language),
            checks=[], progress=[], results=[], skipped=[], ruled_out=[], remedies=[],
            comparison=None,
            diagnosis=self._diagnosis(Diagnosis((first,) if first else ()), language),
            trouble=_trouble(row, language),
        )  # fmt: skip

    def title(self, check: str, language: str) -> str:
        """What a check is called; its key where it is no longer in the catalogue."""
        known = self.checks.get(check)
        return render(known.title, language) if known else check

    def told(self, finding: Finding, language: str) -> tuple[str, str]:
        """What a finding means and what to do, by its rule; empty where none tells of it."""
        rule = self.rules.get(finding.key)
        if rule is None:
            return "", ""
        values = {"place": str(finding.place), **finding.values}
        cause, next = (replace(text, values=values) for text in (rule.cause, rule.next))
        try:
            return render(cause, language), render(next, language)
        except (KeyError, TypeError):  # kept by an earlier version, whose rule had other values
            return "", ""

    # ------------------------------------------------------------------ inside

    def _about(self, row: CheckRow, language: str) -> dict[str, Any]:
        causes = row.diagnosis["causes"] if row.diagnosis else []
        return {
            "id": row.id,
            "target": row.target,
            "title": row.title,
            "purpose": row.purpose,
            "state": row.state,
            "colour": row.colour,
            "cause": render(from_json(causes[0]["text"]), language) if causes else None,
            "asked_by": row.asked_by,
            "asked_at": row.asked_at,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "request": row.request_number,
            "instance": row.instance_id,
        }

    def _result(self, result: Result, language: str) -> ResultView:
        check, finding = self.checks.get(result.check), result.finding
        meaning, next = self.told(finding, language) if finding else ("", "")
        if check is not None and not meaning:
            meaning = render(check.meaning if finding else check.proves, language)
        if check is not None and finding and not next:
            next = render(check.next, language)
        return ResultView(
            check=result.check,
            title=self.title(result.check, language),
            target=str(result.place),
            place=_place(result.place),
            passed=finding is None,
            evidence=result.evidence,
            finding=finding.key if finding else None,
            weight=finding.weight if finding else None,
            meaning=meaning,
            next=next,
            at=result.at,
        )

    def _cause(self, cause: Cause, language: str) -> dict[str, Any]:
        explains = [
            ExplainedView(
                finding=each.key, target=str(each.place),
                text=self.told(each, language)[0] or each.key,
            )
            for each in cause.explains
        ]  # fmt: skip
        return {
            "key": cause.key,
            "target": str(cause.place),
            "place": _place(cause.place),
            "cause": render(cause.text, language),
            "next": render(cause.next, language),
            "confidence": cause.confidence,
            "explains": explains,
        }

    def _diagnosis(self, found: Diagnosis, language: str) -> DiagnosisView | None:
        """None where everything is as it has to be."""
        if found.first is None:
            return None
        changes = [
            ChangeView(
                at=each.at, device=each.device, what=render(each.what, language),
                request=each.request or None,
            )
            for each in found.changes
        ]  # fmt: skip
        return DiagnosisView(
            **self._cause(found.first, language),
            causes=[CauseView(**self._cause(each, language)) for each in found.causes],
            ruled_out=[render(each, language) for each in found.ruled_out],
            changes=changes,
        )

    def _comparison(
        self, row: CheckRow, green_at: datetime | None, language: str
    ) -> ComparisonView | None:
        kept = row.comparison
        if kept is None:
            return None
        red, mended = (
            [TurnedView(check=c, title=self.title(c, language), target=p) for c, p in kept[name]]
            for name in ("red", "mended")
        )
        return ComparisonView(
            green=kept["green"], green_at=green_at, before=kept["before"],
            turned_red=red, turned_green=mended,
        )  # fmt: skip


def _trouble(row: CheckRow, language: str) -> TroubleView | None:
    if row.failure is None:
        return None
    texts = ("what", "meaning", "next")
    return TroubleView(**{t: render(from_json(row.failure[t]), language) for t in texts})


_ABOUT = {"internet": "internet", "resolver": "dns"}
"""Stations that are no place of ours: the checks about them, by the first part of their keys."""


def stations(row: CheckRow, chain: Chain) -> list[StationView]:
    """The way with what a check found at each station."""
    places: dict[str, list[Result]] = {}
    for each in (each for each in map(Result.from_json, row.results) if each.skipped is None):
        for about in (each.place.name, each.check.partition(".")[0]):
            places.setdefault(about, []).append(each)
    causes = row.diagnosis["causes"] if row.diagnosis else []
    first = causes[0]["place"]["name"] if causes else None
    return [
        StationView(
            kind=each.kind,
            name=each.name,
            colour=colour_of(places[about]) if about in places else "unknown",
            first=each.name == first,
        )
        for each in chain.stations
        for about in (_ABOUT.get(each.kind, each.name),)
    ]


def offers(row: CheckRow) -> Iterator[tuple[Cause, RemedyOffer]]:
    """Every remedy that the diagnosis of a check offers, with its cause."""
    found = Diagnosis.from_json(row.diagnosis) if row.diagnosis is not None else Diagnosis()
    return ((cause, offer) for cause in found.causes for offer in cause.remedies)


def _remedies(found: Diagnosis, asked: Mapping[str, str], language: str) -> Iterator[RemedyView]:
    for cause in found.causes:
        for offer in cause.remedies:
            yield RemedyView(
                key=offer.key, kind=offer.kind, title=render(offer.title, language),
                target=str(cause.place), details=offer.details, request=asked.get(offer.key),
            )  # fmt: skip


def _place(place: Place) -> PlaceView:
    return PlaceView(kind=place.kind, name=place.name, part=place.part)


def catalogue_view(check: Check, language: str) -> CatalogueView:
    """A check, told."""
    return CatalogueView(
        key=check.key,
        title=render(check.title, language),
        proves=render(check.proves, language),
        meaning=render(check.meaning, language),
        next=render(check.next, language),
        limit=check.limit,
        platforms=[*check.platforms],
        standard=not check.heavy,
    )


def rule_view(rule: Rule, language: str) -> RuleView:
    """A rule, told; ``<place>`` and the like stand where it names what was found."""
    return RuleView(
        finding=rule.finding,
        cause=_gaps(rule.cause, language),
        next=_gaps(rule.next, language),
        explains=[*rule.explains],
        reach=rule.reach,
        confidence=rule.confidence,
        along=[*rule.along],
        remedies=[*rule.remedies],
    )


def _gaps(text: Message, language: str) -> str:
    return _GAP.sub(r"<\1>", translate(text.template, language)).replace("%%", "%")
