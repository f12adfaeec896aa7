"""What is checked, what was found, and what it is taken to mean; values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from provisioner.drivers.network import Topic
from provisioner.texts import Message, pack, render, unpack
from provisioner.texts import from_json as message

PlaceKind = Literal[
    "device", "port", "vlan", "scope", "radio", "ssid", "site", "cluster", "node", "storage", "vm",
    "service", "office",
]  # fmt: skip
TargetKind = Literal["site", "place", "device", "instance", "cluster", "url"]
Confidence = Literal["certain", "likely", "unknown"]
UNKNOWN = "unknown"
"""Key of the cause of symptoms that no rule explains."""
Value = Message | str | int | float
"""For a text: a message is put in the reader's language with it."""
Weight = Literal["broken", "weak"]
"""``broken``: somebody cannot work because of it. ``weak``: it will hurt, or it slows people."""


@dataclass(frozen=True, order=True)
class Place:
    """Where something is: ``Place("port", "sw-core-1", "GigabitEthernet1/0/3")``."""

    kind: PlaceKind
    name: str
    """Of the device, site, cluster …; of a VM ``cluster/vmid``; of a service its URL."""
    part: str = ""
    """Of a device: the port, VLAN, scope, radio, SSID; of a cluster: the node, storage."""

    def __str__(self) -> str:
        return f"{self.name}:{self.part}" if self.part else self.name

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "name": self.name, "part": self.part}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Place:
        return cls(data["kind"], data["name"], data["part"])


@dataclass(frozen=True)
class Target:
    """What is looked at, such as ``site:smp-1``, ``device:sw-core-1``, ``instance:…``,
    ``place:…``, ``cluster:dc1``, ``url:https://…``."""

    kind: TargetKind
    key: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True)
class Check:
    """One check of the catalogue: what it is, not how it is made."""

    key: str
    """``port.state``: for programs, never changed."""
    title: Message
    proves: Message
    """What is known when it is green."""
    meaning: Message
    """What red means for people, where no rule says it better."""
    next: Message
    """What to do then."""
    topics: frozenset[Topic] = frozenset()
    """What it needs to have read from devices."""
    needs: frozenset[str] = frozenset()
    """What else: ``reach``, ``pings``, ``names``, ``drift``, ``cluster``, ``vm``, ``service``,
    ``probe``, ``before`` (the last look at the device)."""
    limit: float = 20.0
    """Seconds that making it may take."""
    platforms: tuple[str, ...] = ()
    """Platforms of devices that it can be made on; empty: no device is asked, or all can."""
    heavy: bool = False
    """Not of the standard set: made when asked for by name, or in a diagnosis."""


@dataclass(frozen=True)
class Finding:
    """What is not as it has to be. ``key`` belongs to a rule (``checks.rules``)."""

    key: str
    """``port.err_disabled``."""
    place: Place
    values: Mapping[str, Value] = field(default_factory=dict)
    """For the rule's texts; ``place`` is there by itself."""
    weight: Weight = "broken"

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "place": self.place.to_json(),
            "values": {name: pack(value) for name, value in self.values.items()},
            "weight": self.weight,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        place = Place.from_json(data["place"])
        values = {name: unpack(value) for name, value in data["values"].items()}
        return cls(data["key"], place, values, data["weight"])


@dataclass(frozen=True)
class Result:
    """One check at one place, made or left out."""

    check: str
    place: Place
    at: datetime
    evidence: str = ""
    """What was seen, in the words of the device or in numbers; never a secret."""
    finding: Finding | None = None
    skipped: Message | None = None
    """Why it could not be made; it is neither green nor red then."""

    @property
    def passed(self) -> bool | None:
        """None where it was not made."""
        return None if self.skipped is not None else self.finding is None

    def to_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "place": self.place.to_json(),
            "at": self.at.isoformat(),
            "evidence": self.evidence,
            "finding": None if self.finding is None else self.finding.to_json(),
            "skipped": None if self.skipped is None else self.skipped.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Result:
        finding, skipped = data["finding"], data["skipped"]
        return cls(
            check=data["check"],
            place=Place.from_json(data["place"]),
            at=datetime.fromisoformat(data["at"]),
            evidence=data["evidence"],
            finding=None if finding is None else Finding.from_json(finding),
            skipped=None if skipped is None else message(skipped),
        )


@dataclass(frozen=True)
class RemedyOffer:
    """A remedy that fits a cause. ``kind`` is one of ``services.troubleshooting`` (bounce_port,
    enable_port, cycle_power, drop_lease, restart_radio), or ``instance`` with an action of it."""

    key: str
    """Unique within the diagnosis."""
    kind: str
    title: Message
    details: Mapping[str, Any] = field(default_factory=dict)
    """Of the request that it becomes."""

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "title": self.title.to_json(),
            "details": dict(self.details),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RemedyOffer:
        title = message(data["title"])
        return cls(data["key"], data["kind"], title, data["details"])


@dataclass(frozen=True)
class Change:
    """Something that was changed on the way shortly before."""

    at: datetime
    device: str
    what: Message
    request: str = ""
    """The number, where it was a run of ours."""

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "device": self.device,
            "what": self.what.to_json(),
            "request": self.request,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Change:
        what = message(data["what"])
        return cls(datetime.fromisoformat(data["at"]), data["device"], what, data["request"])


@dataclass(frozen=True)
class Cause:
    """One cause, named."""

    key: str
    """Of the rule; ``unknown`` where none fits."""
    place: Place
    text: Message
    next: Message
    confidence: Confidence
    explains: tuple[Finding, ...] = ()
    """What else was found and comes from this; its own finding is not among them."""
    remedies: tuple[RemedyOffer, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "place": self.place.to_json(),
            "text": self.text.to_json(),
            "next": self.next.to_json(),
            "confidence": self.confidence,
            "explains": [each.to_json() for each in self.explains],
            "remedies": [each.to_json() for each in self.remedies],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Cause:
        return cls(
            key=data["key"],
            place=Place.from_json(data["place"]),
            text=message(data["text"]),
            next=message(data["next"]),
            confidence=data["confidence"],
            explains=tuple(Finding.from_json(each) for each in data["explains"]),
            remedies=tuple(RemedyOffer.from_json(each) for each in data["remedies"]),
        )


@dataclass(frozen=True)
class Diagnosis:
    """What the results come down to. No ``causes``: everything is as it has to be."""

    causes: tuple[Cause, ...] = ()
    """The first explains the symptoms; more where they are independent of each other."""
    ruled_out: tuple[Message, ...] = ()
    """What was looked at and is in order, a line each, from the user's end to the core."""
    changes: tuple[Change, ...] = ()
    """On the way, the newest first."""

    @property
    def first(self) -> Cause | None:
        return self.causes[0] if self.causes else None

    def to_json(self) -> dict[str, Any]:
        return {
            "causes": [each.to_json() for each in self.causes],
            "ruled_out": [each.to_json() for each in self.ruled_out],
            "changes": [each.to_json() for each in self.changes],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Diagnosis:
        return cls(
            causes=tuple(Cause.from_json(each) for each in data["causes"]),
            ruled_out=tuple(message(each) for each in data["ruled_out"]),
            changes=tuple(Change.from_json(each) for each in data["changes"]),
        )


def cause_line(cause: Cause, language: str) -> str:
    """A cause in one line for logs and lists."""
    return f"{cause.place}: {render(cause.text, language)}"
