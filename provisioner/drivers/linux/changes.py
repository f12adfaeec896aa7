"""What has to be told a Linux host to make wishes true, the exact way back, and the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from provisioner.drivers.linux import objects, parts, ports, wifi
from provisioner.drivers.linux.parts import Change, Parts
from provisioner.drivers.linux.sayable import check
from provisioner.drivers.linux.state import State
from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    Preview,
    RateLimit,
    Reading,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.sessions import failures
from provisioner.texts import say


def preview(reading: Reading, wishes: Sequence[Wish]) -> Preview:
    """See ``NetworkPlatform.preview``.

    Ports let go of a VLAN before it goes, and get it after it is there.
    """
    state = State.parsed(reading.configuration)
    changes = [_change(reading, state, wish) for wish in sorted(wishes, key=_rank)]
    return Preview(
        reading.host,
        tuple(dict.fromkeys(line for change in changes for line in change.lines)),
        tuple(dict.fromkeys(line for change in reversed(changes) for line in change.undo)),
        tuple(line for change in changes for line in change.diff),
    )


def _rank(wish: Wish) -> int:
    is_vlan = isinstance(wish.intent, Vlan)
    return 2 + (not is_vlan) if wish.present else is_vlan


def _change(reading: Reading, state: State, wish: Wish) -> Change:
    intent = wish.intent
    now = reading.objects.get(intent.key)
    if wish.holds(now):
        return Change()
    check(intent)
    gone = not wish.present and isinstance(intent, Scope | RateLimit | Ssid)
    if (why := reading.problems.get(intent.key)) and not gone:
        raise failures.not_there(reading.host, why)
    if isinstance(intent, TrunkMember | AccessPort) and intent.port not in state.ports:
        raise failures.not_there(reading.host, say("a port of the change is gone"))
    return _of_kind(state, intent, now, wish.present)


def _of_kind(state: State, intent: Intent, now: Intent | None, present: bool) -> Change:
    match intent:
        case Vlan():
            return ports.change_vlan(state, intent, present)
        case TrunkMember():
            return ports.change_member(state, intent, present)
        case AccessPort():
            return ports.change_access(state, intent, present)
        case Description():
            return ports.change_description(state, intent, present)
        case Scope() | RateLimit() | Ssid():
            old = objects.standing_parts(intent, state)
            new = objects.wanted_parts(intent, state) if present else Parts()
            if present and now is not None and new.same(old) and new.trunk == old.trunk:
                return _again(new, state)
            return parts.between(old, new, state)


def _again(new: Parts, state: State) -> Change:
    """It is written as it should be, but does not run, or has another passphrase."""
    files = {path: text for path, text in new.files.items() if wifi.keyed(text) is not None}
    made = parts.between(Parts(), Parts(files or new.files), state)
    return replace(made, undo=())
