"""A plan as a value: steps, changes, risks and the digest that an approval binds to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from provisioner.texts import Message, Phrase, from_json, pack, unpack

RiskLevel = Literal["low", "medium", "high"]
ReservationKind = Literal[
    "vmid",
    "address",
    "name",
    "capacity",
    "event_network",
    "device_object",
    "rack_unit",
    "rack_power",
    "switch_port",
    "vlan",
    "scope",
]


@dataclass(frozen=True)
class Change:
    """One object before and after; ``before`` is None where nothing stood."""

    object: Phrase
    before: Phrase | None
    after: Phrase | None

    def to_json(self) -> dict[str, Any]:
        return {name: pack(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Step:
    """One thing to do. ``kind`` names the code that does it, ``params`` its needs (no secret)."""

    key: str
    kind: str
    title: Message
    target: str
    driver: str
    params: Mapping[str, Any]
    changes: tuple[Change, ...] = ()
    undo: Message | None = None


@dataclass(frozen=True)
class Risk:
    """What may go wrong, in the reader's words."""

    level: RiskLevel
    text: Message


@dataclass(frozen=True)
class Claim:
    """Something that the plan takes for itself; (kind, scope, key) is unique among live claims.

    ``capacity``: scope is ``{cluster}/{node}``, key the VMID, amounts memory_mb, cores, disk_gb and
    the storage's name.
    """

    kind: ReservationKind
    scope: str
    key: str
    amounts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What would be done for one request.

    ``choices`` are the decisions that a re-plan is pinned to (node, VMID, address …);
    ``objects`` is the state of the smallest objects touched. The digest covers choices, objects,
    and the steps with their params, which hold every change as values; nothing volatile, and no
    wording: a text made better must not send approved plans back.
    """

    service: str
    choices: Mapping[str, Any]
    objects: Mapping[str, Any]
    summary: Message
    steps: tuple[Step, ...]
    claims: tuple[Claim, ...]
    risks: tuple[Risk, ...]
    expected_seconds: int
    picture: Mapping[str, Any] = field(default_factory=dict)
    """Readings shown beside the plan (capacity now and after); outside the digest.

    ``impact``: ``{score, limit, second, reasons}``; ``foreign``: what others changed on the devices
    since our last change, ``[{host, object, before, now}]``.
    """

    @property
    def digest(self) -> str:
        covered = {
            "service": self.service,
            "choices": dict(self.choices),
            "objects": dict(self.objects),
            "steps": [
                {
                    "key": s.key,
                    "kind": s.kind,
                    "target": s.target,
                    "params": dict(s.params),
                }
                for s in self.steps
            ],
        }
        text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {
            "service": self.service,
            "choices": dict(self.choices),
            "objects": dict(self.objects),
            "summary": self.summary.to_json(),
            "steps": [_step_to_json(s) for s in self.steps],
            "claims": [asdict(c) for c in self.claims],
            "risks": [{"level": r.level, "text": r.text.to_json()} for r in self.risks],
            "expected_seconds": self.expected_seconds,
            "picture": dict(self.picture),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        return cls(
            service=data["service"],
            choices=data["choices"],
            objects=data["objects"],
            summary=from_json(data["summary"]),
            steps=tuple(_step_from_json(s) for s in data["steps"]),
            claims=tuple(Claim(**c) for c in data["claims"]),
            risks=tuple(Risk(r["level"], from_json(r["text"])) for r in data["risks"]),
            expected_seconds=data["expected_seconds"],
            picture=data["picture"],
        )


def _step_to_json(step: Step) -> dict[str, Any]:
    return {
        "key": step.key,
        "kind": step.kind,
        "title": step.title.to_json(),
        "target": step.target,
        "driver": step.driver,
        "params": dict(step.params),
        "changes": [c.to_json() for c in step.changes],
        "undo": step.undo.to_json() if step.undo else None,
    }


def _step_from_json(data: Mapping[str, Any]) -> Step:
    return Step(
        key=data["key"],
        kind=data["kind"],
        title=from_json(data["title"]),
        target=data["target"],
        driver=data["driver"],
        params=data["params"],
        changes=tuple(
            Change(**{name: unpack(value) for name, value in c.items()}) for c in data["changes"]
        ),
        undo=from_json(data["undo"]) if data["undo"] else None,
    )
