"""What changed between two plans of one request, as rows for people and programs; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.plans.model import Plan, Step
from provisioner.texts import Message, Phrase, from_json, pack, render, say, unpack

_Renames = Sequence[tuple[str, str]]
_LABELS = {
    "cluster": say("cluster"),
    "template": say("template"),
    "template_node": say("node of the template"),
    "clone_kind": say("kind of clone"),
    "node": say("node"),
    "storage": say("storage"),
    "vmid": say("VM number"),
    "address": say("address"),
    "name": say("name"),
    "pool": say("pool"),
    "place": say("place"),
    "network": say("event network"),
    "starts_at": say("start"),
    "ends_at": say("end"),
    "ssid": say("name of the WiFi"),
    "access_points": say("access points"),
    "path": say("way to the router"),
    "instance": say("instance"),
    "action": say("action"),
    "size": say("size"),
    "image": say("operating system"),
    "mode": say("kind of end"),
    "from": say("former node"),
    "snapshot": say("snapshot"),
    "keep_days": say("days to keep"),
    "backup": say("backup"),
    "how": say("way to settle it"),
    "what": say("what is settled"),
    "rack": say("rack"),
    "units": say("rack units"),
    "port": say("switch port"),
}
_TOLD_BY_OBJECTS = frozenset({"wishes", "expected"})
"""Params that only repeat what choices and the state of objects say."""


@dataclass(frozen=True)
class DifferenceRow:
    """One thing that is no longer as it was; None where it was, or is, not there."""

    what: Message
    before: Phrase | None
    after: Phrase | None


@dataclass(frozen=True)
class Difference:
    """What changed; ``reason`` says why the old plan cannot be carried out, if that is the case."""

    rows: tuple[DifferenceRow, ...] = ()
    reason: Message | None = None

    def to_json(self) -> dict[str, Any]:
        """As kept with a run; ``from_json`` reads it back."""
        return {
            "reason": self.reason.to_json() if self.reason else None,
            "rows": [
                {"what": r.what.to_json(), "before": pack(r.before), "after": pack(r.after)}
                for r in self.rows
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Difference:
        return cls(
            tuple(
                DifferenceRow(from_json(r["what"]), unpack(r["before"]), unpack(r["after"]))
                for r in data["rows"]
            ),
            from_json(data["reason"]) if data["reason"] else None,
        )

    def view(self, language: str) -> dict[str, Any]:
        """The same with its texts in a language: ``{reason, rows: [{what, before, after}]}``."""
        return {
            "reason": render(self.reason, language) if self.reason else None,
            "rows": [
                {
                    "what": render(r.what, language),
                    "before": _shown(r.before, language),
                    "after": _shown(r.after, language),
                }
                for r in self.rows
            ],
        }


def difference(old: Plan, new: Plan) -> Difference:
    """What the digest covers and the two plans do not share; empty when their digests are equal.

    Choices first, then the state of objects, then steps and what they change. An object that only
    one of them touches is told by the choice that led to it.
    """
    if old.digest == new.digest:
        return Difference()
    return Difference((*_choices(old, new), *_objects(old, new), *_steps(old, new)))


def _choices(old: Plan, new: Plan) -> Iterator[DifferenceRow]:
    for key in dict.fromkeys((*old.choices, *new.choices)):
        before, after = old.choices.get(key), new.choices.get(key)
        if before != after:
            yield DifferenceRow(_LABELS.get(key, Message(key)), _text(before), _text(after))


def _objects(old: Plan, new: Plan) -> Iterator[DifferenceRow]:
    for name in dict.fromkeys((*old.objects, *new.objects)):
        if name not in old.objects or name not in new.objects:
            continue
        before, after = old.objects[name], new.objects[name]
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            for key in dict.fromkeys((*before, *after)):
                if before.get(key) != after.get(key):
                    what = say("%(object)s: %(part)s", object=name, part=key)
                    yield DifferenceRow(what, _text(before.get(key)), _text(after.get(key)))
        elif before != after:
            yield DifferenceRow(
                Message("%(object)s", {"object": name}), _text(before), _text(after)
            )


def _steps(old: Plan, new: Plan) -> Iterator[DifferenceRow]:
    before, after = ({s.key: s for s in plan.steps} for plan in (old, new))
    followed = [
        (str(old.choices[key]), str(new.choices[key]))
        for key in old.choices.keys() & new.choices.keys()
        if old.choices[key] != new.choices[key]
    ]
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if one and other:
            yield from _parts(one, other, followed)
        elif one:
            yield DifferenceRow(say("no longer a step: %(title)s", title=one.title), None, None)
        elif other:
            yield DifferenceRow(say("a further step: %(title)s", title=other.title), None, None)


def _parts(one: Step, other: Step, followed: _Renames) -> Iterator[DifferenceRow]:
    before, after = ({c.object: c.after for c in step.changes} for step in (one, other))
    for name in before:
        if name in after and not _same(before[name], after[name], followed):
            yield DifferenceRow(_named(name), before[name], after[name])
    for path, old, new in _leaves(one.params, other.params):
        if path.partition(".")[0] not in _TOLD_BY_OBJECTS and not _same(old, new, followed):
            what = say("%(object)s: %(part)s", object=one.key, part=path)
            yield DifferenceRow(what, _text(old), _text(new))


def _same(before: Any, after: Any, followed: _Renames) -> bool:
    """Whether it only followed a choice (another node in a step's parameters)."""
    text = str(before)
    for old, new in followed:
        text = text.replace(old, new)
    return text == str(after)


def _leaves(
    one: Mapping[str, Any], other: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys((*one, *other)):
        before, after, name = one.get(key), other.get(key), f"{path}{key}"
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _leaves(before, after, f"{name}.")
        elif before != after:
            yield name, before, after


def _named(thing: Phrase) -> Message:
    return thing if isinstance(thing, Message) else Message("%(object)s", {"object": thing})


def _shown(value: Phrase | None, language: str) -> str | None:
    return None if value is None else render(value, language)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_text(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(_text(inner)) for inner in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
