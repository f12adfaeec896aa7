"""What has to stand on each device for a request, and what stands there already; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from provisioner.drivers.network import Host, Intent, Reading, Ssid, TrunkMember, Wish
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Change, Claim, Plan
from provisioner.plans.refusals import refuse
from provisioner.services.booking import Bookings
from provisioner.services.device_objects import told
from provisioner.services.marking import is_ours
from provisioner.texts import Message, say

Intents = Mapping[str, tuple[Intent, ...]]
"""By host, in the order of work."""
CHANGE = "network.change"
"""Kind of the step that changes devices."""
_TIMER_LINES = {"cisco_ios": "archive / path flash:prov-archive"}
"""The configuration that lets a platform's timer be armed."""


@dataclass(frozen=True)
class DeviceWishes:
    """One device's wishes, and each object as it stood (None: ours to add and to remove later)."""

    wishes: tuple[Wish, ...]
    expected: Mapping[str, Intent | None]

    @property
    def altered(self) -> tuple[Intent, ...]:
        """What stands and gets other values."""
        return tuple(
            wish.intent
            for wish in self.wishes
            if (there := self.expected[wish.intent.key]) is not None and there != wish.intent
        )

    @property
    def added(self) -> tuple[Intent, ...]:
        """What is ours to add."""
        return tuple(w.intent for w in self.wishes if self.expected[w.intent.key] is None)


def device_wishes(
    needed: Intents,
    readings: Mapping[str, Reading],
    hosts: Mapping[str, Host],
    bookings: Bookings,
    at: datetime,
    unsure: Collection[str] = (),
) -> dict[str, DeviceWishes]:
    """Compare what is needed with what stands.

    What stands and is not ours is wished as it is; what other requests of ours put there, or bears
    our mark, counts as absent. The problems of ``unsure`` devices say nothing about the time of the
    event; they are looked at again before its start.

    Raises Conflict(``not-plannable``) where something cannot be put, or no timer can be armed
    although one is required.
    """
    found = {}
    for host, wanted in needed.items():
        reading = readings[host]
        marked = {key for key, found in reading.objects.items() if is_ours(found)}
        ours = bookings.begun(host, at) | marked
        expected = {i.key: None if i.key in ours else reading.objects[i.key] for i in wanted}
        for intent in wanted:
            refuses = host not in unsure and intent.key in reading.problems
            if refuses and reading.objects[intent.key] is None:
                _refuse_problem(host, intent, reading.problems[intent.key])
        wishes = tuple(Wish(expected[intent.key] or intent) for intent in wanted)
        found[host] = DeviceWishes(wishes, expected)
        if found[host].added and reading.no_timer and hosts[host].dead_man == "required":
            _refuse_timer(hosts[host], reading.no_timer)
    return found


def device_changes(
    needed: Intents,
    on: Plan,
    readings: Mapping[str, Reading],
    hosts: Mapping[str, Host],
    at: datetime,
    *,
    rekeyed: bool,
) -> dict[str, DeviceWishes]:
    """Where what stands for plan ``on`` differs from what is needed now; nothing else is wished.

    What stood before the plan is left as it is, as is what somebody else put where we need it now.
    ``rekeyed``: every SSID is set again, for its passphrase. What is altered stands in ``expected``
    as it is, so that taking the change back brings it back. Raises Conflict like
    ``device_wishes``.
    """
    ours = {(c.scope, str(c.amounts["object"])) for c in on.claims if c.kind == "device_object"}
    known = {(host, w.intent.key) for host, wishes in wishes_of(on).items() for w in wishes}
    nobody = Bookings(Ledger(), ())
    found: dict[str, DeviceWishes] = {}
    for host, wanted in needed.items():
        there = readings[host].objects
        fresh = tuple(i for i in wanted if (host, i.key) not in known and there[i.key] is None)
        altered = tuple(
            intent
            for intent in wanted
            if intent not in fresh
            and ((host, intent.key) in ours or is_ours(there[intent.key]))
            and ((rekeyed and isinstance(intent, Ssid)) or _other(intent, there[intent.key]))
        )
        if fresh or altered:
            asked = device_wishes({host: (*fresh, *altered)}, readings, hosts, nobody, at)[host]
            expected = {i.key: there[i.key] for i in (*fresh, *altered)}
            found[host] = replace(
                asked, wishes=tuple(map(Wish, (*fresh, *altered))), expected=expected
            )
    return found


def _other(wanted: Intent, there: Intent | None) -> bool:
    """Whether it has to be set; a passphrase that was not compared does not count."""
    seen = replace(there, keyed=True) if isinstance(there, Ssid) else there
    return seen != wanted


def wishes_of(plan: Plan) -> dict[str, list[Wish]]:
    """What the plan's change of devices wishes, by host."""
    change = next(step for step in plan.steps if step.kind == CHANGE)
    return {h: list(map(Wish.from_json, wishes)) for h, wishes in change.params["wishes"].items()}


def to_remove(on: Plan, bookings: Bookings, at: datetime) -> dict[str, tuple[Intent, ...]]:
    """What a plan added and nobody else of ours needs at that moment, by host.

    In the reverse order of adding: ports let go of a VLAN before the VLAN goes. What the plan had
    claimed is ours.
    """
    ours = {(c.scope, str(c.amounts["object"])) for c in on.claims if c.kind == "device_object"}
    found = {}
    for host, wishes in wishes_of(on).items():
        needed = bookings.needed(host, at)
        gone = [
            w.intent for w in wishes if (host, w.intent.key) in ours and w.intent.key not in needed
        ]
        if gone:
            found[host] = tuple(reversed(gone))
    return found


def changes_of(devices: Mapping[str, DeviceWishes]) -> Iterator[Change]:
    """What people are shown: what is added, and what gets other values."""
    for host, device in devices.items():
        for intent in device.added:
            name, standing = told(host, intent)
            yield Change(name, None, standing)
        for intent in device.altered:
            before = device.expected[intent.key]
            name, standing = told(host, intent)
            yield Change(name, told(host, before)[1] if before else None, standing)


def object_claims(
    number: str, devices: Mapping[str, DeviceWishes], amounts: Mapping[str, Any]
) -> Iterator[Claim]:
    """A claim on everything that is added; an SSID's says its name."""
    for host, device in devices.items():
        for intent in device.added:
            named = {"ssid": intent.ssid} if isinstance(intent, Ssid) else {}
            about = {"object": intent.key, **named, **amounts}
            yield Claim("device_object", host, f"{intent.key} {number}", about)


def _refuse_problem(host: str, intent: Intent, problem: Message) -> None:
    if isinstance(intent, TrunkMember):
        refuse(
            say(
                "%(device)s, port %(port)s: %(problem)s. Correct the port there (it has to be a "
                "trunk) or the cable under links of network.yml, then plan again.",
                device=host,
                port=intent.port,
                problem=problem,
            ),
            device=host,
            port=intent.port,
        )
    refuse(
        say(
            "%(device)s cannot take this change: %(problem)s. Correct it there, then plan again.",
            device=host,
            problem=problem,
        ),
        device=host,
    )


def _refuse_timer(host: Host, why: Message) -> None:
    lines = _TIMER_LINES.get(host.platform)
    remedy = (
        say("Enter on it: %(lines)s", lines=lines)
        if lines
        else say("Ask the administrator to set it up.")
    )
    refuse(
        say(
            "%(device)s cannot take a change back by itself if it fails midway, and that is "
            "required there: %(why)s. %(remedy)s",
            device=host.name,
            why=why,
            remedy=remedy,
        ),
        device=host.name,
    )


def to_params(devices: Mapping[str, DeviceWishes]) -> dict[str, Any]:
    """``wishes`` and ``expected`` as a step's params carry them."""
    return {
        "wishes": {h: [w.to_json() for w in d.wishes] for h, d in devices.items()},
        "expected": {
            host: {key: _state(found) for key, found in device.expected.items()}
            for host, device in devices.items()
        },
    }


def _state(found: Intent | None) -> dict[str, Any] | None:
    """An object as it stands: ``{kind, intent}``, or None."""
    if found is None:
        return None
    written = Wish(found).to_json()
    return {"kind": written["kind"], "intent": written["intent"]}
