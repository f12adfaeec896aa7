"""What the plans of a network instance put on devices, and where that is otherwise now; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from provisioner.drivers.network import AccessPort, Intent, Reading, Vlan, Wish
from provisioner.errors import StepFailure
from provisioner.plans.model import Plan, RiskLevel
from provisioner.services.device_objects import told
from provisioner.services.marking import is_ours
from provisioner.texts import Message, Phrase, pack, say

CHANGE = "network.change"
Way = Literal["restore", "accept"]
Kind = Literal["missing", "changed", "taken", "silent"]
_BOTH: frozenset[Way] = frozenset({"restore", "accept"})
_ACCEPT: frozenset[Way] = frozenset({"accept"})
HALF = "? "
_ABSENT = "-"
"""What ``seen`` is of an object that is not there."""
_ORDER = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True)
class Standing:
    """What has to stand on each device, and what stood there before us (None: it is ours)."""

    mark: str
    wishes: Mapping[str, tuple[Wish, ...]]
    before: Mapping[str, Mapping[str, Intent | None]]
    waves: tuple[tuple[str, ...], ...]

    def intents(self, host: str) -> list[Intent]:
        """What to ask that device for."""
        return [wish.intent for wish in self.wishes.get(host, ())]


@dataclass(frozen=True)
class NetworkRecord:
    """A network instance that stands, as looking at it and settling differences need to know it."""

    id: str
    number: str
    """The request that made it: its mark on the devices."""
    department: str
    service: str
    name: str
    ended: bool
    """It stands no longer, or its end has begun."""
    ends_at: datetime | None
    standing: Standing
    accepted: Mapping[str, str] = field(default_factory=dict)
    """Key of a finding to the ``seen`` that a person has accepted."""
    keyed_by: str = ""
    """The request with which the passphrase of its WiFi is kept."""


@dataclass(frozen=True)
class NetworkFinding:
    """One difference; ``key`` (device and object) and ``seen`` are stable.

    A finding that was accepted is silent as long as ``seen`` stays the same. ``wish`` is None for
    a device that does not answer.
    """

    key: str
    kind: Kind
    host: str
    what: Phrase
    expected: Phrase
    found: Phrase
    seen: str
    severity: RiskLevel
    ways: frozenset[Way] = frozenset()
    caution: Message | None = None
    wish: Wish | None = None
    now: Intent | None = None

    def to_json(self) -> dict[str, Any]:
        """As the last look keeps it; texts as packed messages."""
        return {
            "key": self.key,
            "kind": self.kind,
            "host": self.host,
            "what": pack(self.what),
            "expected": pack(self.expected),
            "found": pack(self.found),
            "seen": self.seen,
            "severity": self.severity,
            "ways": sorted(self.ways),
            "caution": pack(self.caution) if self.caution else None,
        }


def standing_of(number: str, plans: Sequence[Plan]) -> Standing:
    """What the plans of an instance left on the devices, the first one first.

    A later plan's wish counts before an earlier one for the same object; what it took away is no
    longer wished. What stood before our first plan stays known as such.
    """
    wishes: dict[str, dict[str, Wish]] = {}
    before: dict[str, dict[str, Intent | None]] = {}
    waves: list[tuple[str, ...]] = []
    for params in (s.params for plan in plans for s in plan.steps if s.kind == CHANGE):
        for host, wanted in params["wishes"].items():
            own, stood = wishes.setdefault(host, {}), before.setdefault(host, {})
            for wish in map(Wish.from_json, wanted):
                key = wish.intent.key
                if not wish.present:
                    own.pop(key, None)
                    stood.pop(key, None)
                    continue
                own[key] = wish
                stood.setdefault(key, _intent(params["expected"].get(host, {}).get(key)))
        placed = {host for wave in waves for host in wave}
        fresh = (tuple(h for h in wave if h not in placed) for wave in params["waves"])
        waves += [wave for wave in fresh if wave]
    kept = {host: tuple(own.values()) for host, own in wishes.items() if own}
    ordered = (tuple(h for h in wave if h in kept) for wave in waves)
    return Standing(number, kept, before, tuple(wave for wave in ordered if wave))


def network_findings(
    record: NetworkRecord,
    answers: Mapping[str, Reading | StepFailure],
    *,
    accepted: Mapping[str, str] | None = None,
) -> tuple[NetworkFinding, ...]:
    """Every difference on the devices of ``answers``, gravest first; others are not judged.

    ``accepted``: those that are silent, the record's own if None.
    """
    known = record.accepted if accepted is None else accepted
    found = [one for host in sorted(answers) for one in _on_device(record, host, answers[host])]
    loud = [one for one in found if known.get(one.key) != one.seen]
    return tuple(sorted(loud, key=lambda one: _ORDER[one.severity]))


def stands(wish: Wish, found: Intent | None) -> bool:
    """Whether the wish holds; another request of ours that shares a VLAN may have named it."""
    shared = isinstance(wish.intent, Vlan) and isinstance(found, Vlan) and is_ours(found)
    return wish.holds(found) or (wish.present and shared and is_ours(wish.intent))


def seen_as(found: Intent | None) -> str:
    """An object as a value that does not depend on the language."""
    return _ABSENT if found is None else json.dumps(asdict(found), sort_keys=True, default=str)


def shown(host: str, found: Intent | None, other: Intent | None) -> Phrase:
    """An object for people; where ``other`` reads the same, with what tells the two apart."""
    if found is None:
        return say("not there")
    text = told(host, found)[1]
    if other is None or told(host, other)[1] != text:
        return text
    mine, theirs = asdict(found), asdict(other)
    apart = {key: value for key, value in mine.items() if theirs.get(key) != value}
    if any(_is_half(key, value) for key, value in apart.items()):
        named = [str(value).partition(HALF)[2] for value in apart.values() if HALF in str(value)]
        parts = ", ".join(named) or "-"
        return say("%(text)s, but something of it was changed: %(parts)s", text=text, parts=parts)
    if any(_is_half(key, theirs[key]) for key in apart):
        return text
    shown = ", ".join(f"{key}={value}" for key, value in apart.items())
    return say("%(text)s (%(apart)s)", text=text, apart=shown)


def _is_half(key: str, value: object) -> bool:
    """How drivers mark what reads as wished and yet is not whole: what is amiss behind a sign, a
    VLAN that there is none of, a passphrase that is another."""
    return HALF in str(value) or (key, value) in (("vlan", 0), ("keyed", False))


def _on_device(
    record: NetworkRecord, host: str, answer: Reading | StepFailure
) -> Iterator[NetworkFinding]:
    if isinstance(answer, StepFailure):
        yield NetworkFinding(
            f"{host} silent", "silent", host, say("device %(host)s", host=host),
            say("answers"), answer.what, answer.kind, "medium",
        )  # fmt: skip
        return
    stood = record.standing.before.get(host, {})
    for wish in record.standing.wishes.get(host, ()):
        key = wish.intent.key
        found = answer.objects.get(key)
        if not stands(wish, found):
            before = stood.get(key)
            yield _finding(host, wish, found, ours=before is None or is_ours(before))


def _finding(host: str, wish: Wish, found: Intent | None, ours: bool) -> NetworkFinding:
    kind = _kind(wish.intent, found)
    ways, caution = _BOTH, None
    if kind == "taken":
        ways, caution = _ACCEPT, _TAKEN
    elif not ours:
        caution = _NOT_OURS
    severity: RiskLevel = "medium" if kind == "changed" else "high"
    return NetworkFinding(
        f"{host} {wish.intent.key}", kind, host, told(host, wish.intent)[0],
        shown(host, wish.intent, found), shown(host, found, wish.intent),
        seen_as(found), severity, ways, caution, wish, found,
    )  # fmt: skip


_TAKEN = say(
    "Somebody else has put this to use. Speak with them; what is theirs is never overwritten."
)
_NOT_OURS = say("This stood before us and is not ours. Ask its owner before it is put back.")


def _kind(wanted: Intent, found: Intent | None) -> Kind:
    """Taken: a VLAN under another name, a port in another VLAN that bears no mark of ours."""
    if found is None:
        return "missing"
    if isinstance(found, Vlan) and is_ours(wanted):
        return "taken"
    other_vlan = isinstance(found, AccessPort) and found.vlan != getattr(wanted, "vlan", None)
    return "taken" if other_vlan and not is_ours(found) else "changed"


def state(found: Intent | None) -> dict[str, Any] | None:
    """An object as ``expected`` of a step's params has it: ``{kind, intent}``, or None."""
    if found is None:
        return None
    written = Wish(found).to_json()
    return {"kind": written["kind"], "intent": written["intent"]}


def _intent(written: Mapping[str, Any] | None) -> Intent | None:
    return Wish.from_json({"present": True, **written}).intent if written else None
