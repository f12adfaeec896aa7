"""What a change of network devices is made of: its wishes, and the record of how far it got; pure.

The record is the transaction's journal: it is on disk before each touch and read after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from provisioner.drivers.network import AccessPort, Intent, Reading, Ssid, TrunkMember, Vlan, Wish
from provisioner.services.marking import is_ours
from provisioner.texts import Message, say

Phase = Literal["new", "applying", "reverting", "decided"]
Expected = Mapping[str, Mapping[str, Intent | None]]


@dataclass(frozen=True)
class Task:
    """What has to become true, on which devices, in which order."""

    mark: str
    wishes: Mapping[str, tuple[Wish, ...]]
    expected: Expected
    waves: tuple[tuple[str, ...], ...]
    tolerant: bool = False
    """A device that cannot be changed now does not stop the others; it follows when it can."""

    @classmethod
    def of_params(cls, params: Mapping[str, Any]) -> Task:
        """As the plan says it."""
        return cls(
            mark=params["mark"],
            wishes={
                host: tuple(Wish.from_json(w) for w in wishes)
                for host, wishes in params["wishes"].items()
            },
            expected={
                host: {key: _intent(found) for key, found in states.items()}
                for host, states in params["expected"].items()
            },
            waves=tuple(tuple(wave) for wave in params["waves"]),
            tolerant=bool(params.get("tolerant", False)),
        )

    def reverse(self) -> Task:
        """What takes it back: everything that we added goes, what stood before stands again."""
        wishes, expected = {}, {}
        for host, wanted in self.wishes.items():
            before = self.expected.get(host, {})
            wishes[host] = tuple(_reversed(wish, before.get(wish.intent.key)) for wish in wanted)
            expected[host] = {
                wish.intent.key: wish.intent if wish.present else None for wish in wanted
            }
        return replace(self, wishes=wishes, expected=expected)

    def only(self, hosts: Iterable[str]) -> Task:
        """The same for some of its devices."""
        chosen = set(hosts)
        waves = (tuple(h for h in wave if h in chosen) for wave in self.waves)
        return replace(
            self,
            wishes={host: wishes for host, wishes in self.wishes.items() if host in chosen},
            waves=tuple(wave for wave in waves if wave),
        )

    @property
    def needs_key(self) -> bool:
        """Whether a passphrase has to be set."""
        return any(wish.present for wish in self._keyed())

    @property
    def has_key(self) -> bool:
        """Whether a passphrase belongs to it: taking back a removal sets it again."""
        return any(True for _ in self._keyed())

    def _keyed(self) -> Iterator[Wish]:
        for wish in (wish for wishes in self.wishes.values() for wish in wishes):
            if isinstance(wish.intent, Ssid) and wish.intent.security != "open":
                yield wish

    def intents(self, host: str) -> list[Intent]:
        """What to ask that device for."""
        return [wish.intent for wish in self.wishes[host]]

    def still_wished(self, reading: Reading) -> tuple[Wish, ...]:
        """The wishes that are to be carried out on a device as it is now.

        What is to go goes only where it is ours: a VLAN that somebody renamed is theirs.
        """
        return tuple(
            wish
            for wish in self.wishes[reading.host]
            if wish.present or not _foreign(wish.intent, reading.objects.get(wish.intent.key))
        )

    def objections(self, reading: Reading) -> list[Message]:
        """What somebody else changed of the objects concerned since the plan was made."""
        before = self.expected.get(reading.host, {})
        found = []
        for wish in self.still_wished(reading):
            key = wish.intent.key
            there = reading.objects.get(key)
            fits = wish.holds(there) or there == before.get(key) or there is None
            if wish.present and not fits and not is_ours(there):
                found.append(_changed(reading.host, key, before.get(key), there))
            elif wish.present and there is None and before.get(key) is not None:
                found.append(_changed(reading.host, key, before.get(key), None))
            elif wish.present and before.get(key, there) is None and _put_there(reading, there):
                found.append(_changed(reading.host, key, None, there))
            elif wish.present and key in reading.problems and there is None:
                found.append(say("%(host)s: %(why)s", host=reading.host, why=reading.problems[key]))
        return found

    def unmet(self, reading: Reading) -> list[Message]:
        """Which wishes a device does not fulfil."""
        return [
            _changed(
                reading.host, wish.intent.key,
                wish.intent if wish.present else None, reading.objects.get(wish.intent.key),
            )
            for wish in self.still_wished(reading)
            if not wish.holds(reading.objects.get(wish.intent.key))
        ]  # fmt: skip


@dataclass
class Record:
    """How far one transaction got."""

    phase: Phase = "new"
    round: int = 1
    previews: dict[str, Any] = field(default_factory=dict)
    armed: dict[str, str] = field(default_factory=dict)
    """Device to the moment (RFC 3339) at which its timer has fired for certain; written before it
    is touched. The empty text: changed without a timer."""
    reverted: dict[str, str] = field(default_factory=dict)
    confirmed: list[str] = field(default_factory=list)
    todo: list[str] | None = None
    """The devices of this round; None: all of the task."""
    left: dict[str, Any] = field(default_factory=dict)
    """Devices that could not be changed in this round and follow later (``Task.tolerant``), with
    the failure's kind and text."""
    known: dict[str, Any] = field(default_factory=dict)
    """Those that were left in the round before."""
    loose: dict[str, Any] = field(default_factory=dict)
    """Previews of devices that were touched and then left: a timer may run there, and what stands
    may not be saved."""
    silent: list[str] = field(default_factory=list)
    """Devices that gave no answer while or since they were changed."""
    asked: int = 0
    """How often they were told so since all timers must have ended."""
    outlasted: bool = False
    """While taking back, some device answered only when its timer had fired."""
    because: dict[str, Any] | None = None
    """The failure that led to taking everything back; None after a crash."""
    decision: str | None = None
    breaks: int = 0
    """How often the process ended in the middle."""
    done: list[str] = field(default_factory=list)
    """The differences that stand, as lines; of earlier rounds too."""
    finished: bool = False
    """Nothing is left to do, and the devices are given back."""

    @classmethod
    def of_memory(cls, memory: Mapping[str, Any]) -> Record:
        return cls(**memory)

    def to_memory(self) -> dict[str, Any]:
        return asdict(self)

    def next_round(self) -> Record:
        """Everything was taken back, or a part is done: begin again with what is told so far."""
        loose = {host: preview for host, preview in self.loose.items() if host in self.left}
        return Record(
            round=self.round + 1,
            todo=list(self.left) or self.todo,
            known=self.left,
            loose=loose,
            armed={host: at for host, at in self.armed.items() if host in loose},
            breaks=self.breaks,
            done=self.done,
        )

    @property
    def standing(self) -> list[str]:
        """Devices that were touched and are not known to be as before."""
        return [h for h in self.armed if h in self.previews and h not in self.reverted]

    @property
    def news(self) -> list[str]:
        """Devices that were left now, or for another kind of reason than before."""
        known = {host: why["kind"] for host, why in self.known.items()}
        return [host for host, why in self.left.items() if known.get(host) != why["kind"]]

    @property
    def open(self) -> list[str]:
        """Devices that still have to be confirmed."""
        return [host for host in self.previews if host not in self.confirmed]

    def expires(self, host: str) -> datetime | None:
        """When that device's timer has fired for certain; None where none was armed."""
        at = self.armed.get(host)
        return datetime.fromisoformat(at) if at else None


def told(previews: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The differences of several devices as lines for the record."""
    return [line for host in previews for line in (f"[{host}]", *previews[host]["diff"])]


def _intent(found: Mapping[str, Any] | None) -> Intent | None:
    return Wish.from_json({"present": True, **found}).intent if found else None


def _reversed(wish: Wish, before: Intent | None) -> Wish:
    if not wish.present:
        return Wish(wish.intent)
    return Wish(before) if before is not None else Wish(wish.intent, present=False)


def _foreign(intent: Intent, found: Intent | None) -> bool:
    """A VLAN or an access port under a name that is not ours is not taken away."""
    named = isinstance(intent, Vlan | AccessPort)
    return named and found is not None and found != intent


def _put_there(reading: Reading, found: Intent | None) -> bool:
    """Whether somebody else put a VLAN on a trunk; ours are told by the VLAN's own name."""
    return isinstance(found, TrunkMember) and not is_ours(reading.objects.get(f"vlan {found.vlan}"))


def _changed(host: str, key: str, before: Intent | None, now: Intent | None) -> Message:
    return say(
        "%(host)s, %(object)s: %(now)s instead of %(before)s",
        host=host, object=key, now=_shown(now), before=_shown(before),
    )  # fmt: skip


def _shown(found: Intent | None) -> Message | str:
    if found is None:
        return say("not there")
    values = (f"{k}={v}" for k, v in asdict(found).items() if k not in ("mark", "port"))
    return ", ".join(values)
