"""From results to named causes: what explains what, what is left, and how sure that is; pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from provisioner.checks.catalogue import CATALOGUE
from provisioner.checks.chain import Chain
from provisioner.checks.explaining import OF_DEVICE, Ground, explains, holding
from provisioner.checks.model import (
    UNKNOWN,
    Cause,
    Change,
    Confidence,
    Diagnosis,
    Finding,
    Place,
    Result,
)
from provisioner.checks.rules import Rule
from provisioner.checks.rules.all import RULES
from provisioner.texts import Message, Phrase, say

SILENT = frozenset({"device.unreachable", "device.silent"})
_VALUE = re.compile(r"%\((\w+)\)")
_MANY = 3
"""So many symptoms are told in the text of an unknown cause."""


def diagnose(
    chain: Chain,
    results: Iterable[Result],
    changes: Iterable[Change] = (),
    rules: Sequence[Rule] = RULES,
    titles: Mapping[str, Message] | None = None,
) -> Diagnosis:
    """What the results come down to; the same for the same results in any order.

    A finding that a rule lets come from another one is silenced by it; those that are left are the
    causes, ``broken`` before ``weak``, named before unknown, those of last resort behind others,
    then the nearest to the core first.
    Symptoms that no cause explains are one unknown cause together. ``titles``: of checks by key,
    the catalogue's if None.
    """
    made = sorted(results, key=lambda each: (each.check, each.place))
    ground = Ground(chain)
    work = _work(ground, _findings(ground, made), rules)
    told = {key: module.CHECK.title for key, module in CATALOGUE.items()}
    return Diagnosis(
        causes=_causes(work, made),
        ruled_out=tuple(_ruled_out(chain, made, told if titles is None else titles)),
        changes=tuple(sorted(changes, key=lambda each: (each.at, each.device), reverse=True)),
    )


@dataclass(frozen=True)
class _Root:
    """A finding that comes from no other, and all that comes from it."""

    finding: Finding
    explained: tuple[Finding, ...]

    @property
    def broken(self) -> bool:
        return any(each.weight == "broken" for each in (self.finding, *self.explained))


class _Work:
    """The findings with their rules, and the graph between them."""

    def __init__(self, ground: Ground, findings: Sequence[Finding], rules: Sequence[Rule]) -> None:
        self.ground = ground
        self.rules = holding(rules, findings)
        ranks = {rule.finding: index for index, rule in reversed(list(enumerate(rules)))}
        self._ranks = ranks
        self.findings = sorted(findings, key=self.rank)
        self._by_key: dict[str, list[Finding]] = defaultdict(list)
        for each in self.findings:
            self._by_key[each.key].append(each)
        self._effects = {_id(each): self._effects_of(each) for each in self.findings}
        self.roots = self._roots()

    def rank(self, finding: Finding) -> tuple[float, int, str, Place]:
        """Which of two that could each come from the other goes before: the one nearer to the
        core, then the one whose rule stands first."""
        return (
            self.ground.distance(finding.place),
            self._ranks.get(finding.key, len(self._ranks)),
            finding.key,
            finding.place,
        )

    def named(self, finding: Finding) -> Rule | None:
        """The rule that makes it a cause; None for a symptom."""
        rule = self.rules.get(finding.key)
        return None if rule is None or rule.confidence == "symptom" else rule

    def _effects_of(self, cause: Finding) -> list[Finding]:
        rule = self.rules.get(cause.key)
        if rule is None or not rule.explains:
            return []
        return [
            other
            for key, others in self._by_key.items()
            if explains(rule, key)
            for other in others
            if other is not cause and self.ground.covers(cause.place, other.place, rule.reach)
        ]

    def _roots(self) -> list[_Root]:
        reached = {_id(each): self._all_effects(each) for each in self.findings}
        silenced: set[_Id] = set()
        for place, cause in enumerate(self.findings):  # in the order of their ranks
            earlier = {_id(each) for each in self.findings[:place]}
            silenced |= {
                effect
                for effect in reached[_id(cause)]
                if effect not in earlier or _id(cause) not in reached[effect]
            }
        return sorted(
            (
                _Root(each, tuple(reached[_id(each)].values()))
                for each in self.findings
                if _id(each) not in silenced
            ),
            key=self._order,
        )

    def _all_effects(self, cause: Finding) -> dict[_Id, Finding]:
        found: dict[_Id, Finding] = {}
        border = [cause]
        while border:
            fresh = [e for one in border for e in self._effects[_id(one)] if e is not cause]
            new = {_id(each): each for each in fresh if _id(each) not in found}
            border = list(new.values())
            found |= new
        return dict(sorted(found.items(), key=lambda pair: self.rank(pair[1])))

    def _order(self, root: _Root) -> tuple[bool, bool, bool, tuple[float, int, str, Place]]:
        rule = self.named(root.finding)
        last = rule is not None and rule.last
        return (not root.broken, rule is None, last, self.rank(root.finding))


def _work(ground: Ground, findings: Sequence[Finding], rules: Sequence[Rule]) -> _Work:
    """With the causes of last resort only where the others do not explain everything."""
    last = {rule.finding for rule in rules if rule.last}
    plain = _Work(ground, [each for each in findings if each.key not in last], rules)
    if plain.roots and all(plain.named(root.finding) for root in plain.roots):
        return plain
    return _Work(ground, findings, rules)


_Id = tuple[str, Place]


def _id(finding: Finding) -> _Id:
    return finding.key, finding.place


def _findings(ground: Ground, results: Sequence[Result]) -> list[Finding]:
    """Each once; the same at both ends of a cable is one, at the end nearer to the core."""
    found: dict[tuple[str, Place], Finding] = {}
    for finding in (each.finding for each in results if each.finding is not None):
        key = finding.key, ground.place(finding.place)
        before = found.get(key)
        if before is None or _better(finding, before, ground):
            found[key] = finding
    return list(found.values())


def _better(one: Finding, other: Finding, ground: Ground) -> bool:
    def rank(finding: Finding) -> tuple[bool, bool, Place, str]:
        inner = ground.place(finding.place) == finding.place
        return (
            finding.weight != "broken",
            not inner,
            finding.place,
            repr(sorted(finding.values.items())),
        )

    return rank(one) < rank(other)


# ---------------------------------------------------------------- causes


def _causes(work: _Work, results: Sequence[Result]) -> tuple[Cause, ...]:
    evidence = {_id(r.finding): r.evidence for r in results if r.finding is not None}
    causes: list[tuple[_Root, Cause]] = []
    dark: list[_Root] = []
    for root in work.roots:
        rule = work.named(root.finding)
        if rule is None:
            dark.append(root)
        else:
            causes.append((root, _named(work, root, rule, results)))
    if dark:
        causes.append((dark[0], _unknown(work, dark, evidence)))
    ordered = sorted(
        causes, key=lambda pair: (not _broken(pair, dark), pair[1].key == UNKNOWN)
    )  # stable: those of one sort stay as the roots are
    return tuple(cause for _, cause in ordered)


def _broken(pair: tuple[_Root, Cause], dark: Sequence[_Root]) -> bool:
    root, cause = pair
    return any(each.broken for each in dark) if cause.key == UNKNOWN else root.broken


def _named(work: _Work, root: _Root, rule: Rule, results: Sequence[Result]) -> Cause:
    finding = root.finding
    return Cause(
        key=finding.key,
        place=finding.place,
        text=_filled(rule.cause, finding),
        next=_filled(rule.next, finding),
        confidence=_confidence(work, root, rule, results),
        explains=root.explained,
    )


def _unknown(work: _Work, roots: Sequence[_Root], evidence: Mapping[_Id, str]) -> Cause:
    findings = [root.finding for root in roots]
    first = findings[0]
    shown = [_symptom(work, each, evidence.get(_id(each), "")) for each in findings[:_MANY]]
    effects = {_id(e): e for root in roots for e in (root.finding, *root.explained)}
    effects.pop(_id(first))
    return Cause(
        key=UNKNOWN,
        place=first.place,
        text=say("The cause is not known. What shows: %(shown)s", shown=_listed(shown, " ")),
        next=say(
            "Look at %(place)s by hand. What was looked at and is in order is listed; it need not "
            "be looked at again.",
            place=str(first.place),
        ),
        confidence="unknown",
        explains=tuple(sorted(effects.values(), key=work.rank)),
    )


def _symptom(work: _Work, finding: Finding, evidence: str) -> Phrase:
    rule = work.rules.get(finding.key)
    text: Phrase = _filled(rule.cause, finding) if rule else f"{finding.place}: {finding.key}"
    return say("%(text)s (%(evidence)s)", text=text, evidence=evidence) if evidence else text


def _filled(template: Message, finding: Finding) -> Message:
    """The rule's text with the finding's values; a value that is not known is a dash."""
    unknown = dict.fromkeys(_VALUE.findall(template.template), "-")
    known = {"place": str(finding.place), **template.values, **finding.values}
    return replace(template, values={**unknown, **known})


def _confidence(work: _Work, root: _Root, rule: Rule, results: Sequence[Result]) -> Confidence:
    if rule.confidence != "certain":
        return "likely"
    doubts = _is_contradicted(work.ground, root.finding, results) or _is_shared(work, root)
    return "likely" if doubts else "certain"


def _is_contradicted(ground: Ground, finding: Finding, results: Sequence[Result]) -> bool:
    """A device that is silent although the port it is plugged into is green: it may be at work and
    only not let us in."""
    if finding.key not in SILENT:
        return False
    parents = {
        Place("port", far.device, far.port)
        for near, far in ground.chain.cables
        if near.device == finding.place.name
    }
    return any(each.place in parents and each.passed is True for each in results)


def _is_shared(work: _Work, root: _Root) -> bool:
    """Another cause of the same weight, that has nothing to do with this one, explains one of the
    same symptoms: nobody can tell whose it is. The same fault twice on one device is related."""
    mine = {_id(each) for each in root.explained if each.weight == "broken"}

    def is_rival(other: _Root) -> bool:
        one, two = root.finding, other.finding
        related = (one.key, one.place.name) == (two.key, two.place.name)
        matters = two.weight == "broken" or one.weight == "weak"
        return not related and matters and work.named(two) is not None

    return any(mine & {_id(e) for e in other.explained} for other in work.roots if is_rival(other))


# ---------------------------------------------------------------- what is in order


def _ruled_out(
    chain: Chain, results: Sequence[Result], titles: Mapping[str, Message]
) -> Iterator[Message]:
    """A line for each station with all that was looked at there and is green."""
    passed: dict[str, dict[str, bool]] = defaultdict(dict)
    for each in results:
        if each.passed is not None:
            at = _station(each.place)
            passed[at][each.check] = passed[at].get(each.check, True) and each.passed
    order = {station.name: index for index, station in enumerate(chain.stations)}
    for name in sorted(passed, key=lambda name: (order.get(name, len(order)), name)):
        green = sorted(key for key, good in passed[name].items() if good)
        if green:
            yield say(
                "%(place)s: in order: %(checks)s",
                place=name or "-",
                checks=_listed([titles.get(key, key) for key in green], ", "),
            )


def _station(place: Place) -> str:
    return place.name if place.kind in OF_DEVICE else str(place.name)


def _listed(texts: Collection[Phrase], mark: str) -> Phrase:
    """Texts in one, each in the reader's language."""
    return reduce(lambda one, other: say("%(one)s%(mark)s%(other)s", one=one, mark=mark,
                                         other=other), texts)  # fmt: skip
