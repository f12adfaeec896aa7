"""Shows each fault in a lab that is at work, has it diagnosed over HTTP, and compares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from provisioner.errors import Mistake
from provisioner.lab.control import RemoteLab
from provisioner.lab.trouble.case import Case, Scenery, Shown, Typed
from provisioner.texts import say

Call = Callable[..., Any]
"""``call(method, path, json=…)``: what the product's API answers, as a technician."""
Verdict = Literal["right", "right, not first", "unknown", "unsure", "wrong", "nothing"]
_PATIENCE, _EVERY = 180.0, 0.3


@dataclass(frozen=True)
class Outcome:
    """What came of one fault."""

    case: Case
    seconds: float
    causes: tuple[Mapping[str, Any], ...]
    """As the API tells them, the first cause first."""
    verdict: Verdict

    @property
    def first(self) -> str:
        """The first cause and its place."""
        if not self.causes:
            return "-"
        cause = self.causes[0]
        return f"{cause['key']} @ {cause['target']} ({cause['confidence']})"

    def line(self) -> str:
        """Its line of the table."""
        return (
            f"{self.verdict:16} {self.seconds:6.1f} s  {self.case.part:18} "
            f"{self.case.name:28} {self.first}"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.case.name,
            "part": self.case.part,
            "expected": [f"{c} @ {p}" for c in self.case.causes for p in self.case.places],
            "found": [f"{c['key']} @ {c['target']} ({c['confidence']})" for c in self.causes],
            "verdict": self.verdict,
            "seconds": round(self.seconds, 2),
        }


class Trial:
    """Faults one after the other in one lab; each is taken away before the next."""

    def __init__(self, lab: RemoteLab, call: Call, scenery: Scenery) -> None:
        self._lab, self._call, self._scenery = lab, call, scenery

    def healthy(self, targets: Sequence[str]) -> list[Mapping[str, Any]]:
        """The causes that are found where there is no fault."""
        found: list[Mapping[str, Any]] = []
        for target in targets:
            found += self.diagnosed(self._scenery.filled(target))[0]
        return found

    def run(self, cases: Sequence[Case]) -> Iterator[Outcome]:
        """Each outcome as it is known."""
        for case in cases:
            with self._made(case):
                time.sleep(case.settle)
                causes, seconds = self.diagnosed(self._scenery.filled(case.target))
            yield Outcome(case, seconds, tuple(causes), self._judged(case, causes))

    def diagnosed(self, target: str) -> tuple[list[Mapping[str, Any]], float]:
        """The causes of a check of that target, and the seconds until they were known."""
        began = time.monotonic()
        check = self._call("POST", "/checks", json={"target": target})
        while check["state"] in ("queued", "running"):
            if time.monotonic() - began > _PATIENCE:
                raise Mistake(say("The check %(id)s does not end.", id=check["id"]))
            time.sleep(_EVERY)
            check = self._call("GET", f"/checks/{check['id']}")
        return list((check["diagnosis"] or {}).get("causes", ())), time.monotonic() - began

    def _judged(self, case: Case, causes: Sequence[Mapping[str, Any]]) -> Verdict:
        """``unsure``: another cause, but told as likely only; ``wrong``: told as certain."""
        if not causes:
            return "nothing"
        places = {self._scenery.filled(place) for place in case.places}
        fits = [cause["key"] in case.causes and cause["target"] in places for cause in causes]
        named = {cause["key"] for cause in causes}
        if fits[0] and set(case.more) <= named:
            return "right"
        if any(fits):
            return "right, not first"
        first = causes[0]
        if first["key"] == "unknown":
            return "unknown"
        return "wrong" if first["confidence"] == "certain" else "unsure"

    @contextmanager
    def _made(self, case: Case) -> Iterator[None]:
        try:
            for make in case.make:
                match make:
                    case Shown():
                        options = {k: self._scenery.filled(v) for k, v in make.options.items()}
                        self._lab.fault(make.name, **options)
                    case Typed():
                        self._type(make.host, make.lines)
            yield
        finally:
            for make in reversed(case.make):
                if isinstance(make, Typed):
                    self._type(make.host, make.back)
            self._lab.clear()

    def _type(self, host: str, lines: Sequence[str]) -> None:
        self._lab.type(host, [self._scenery.filled(line) for line in lines])
