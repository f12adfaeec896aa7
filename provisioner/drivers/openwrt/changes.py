"""All kinds of intents on an OpenWrt device: what stands there, what makes wishes true."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.drivers.network import (
    Intent,
    Preview,
    RateLimit,
    Reading,
    Scope,
    Ssid,
    Vlan,
    Wish,
)
from provisioner.drivers.openwrt import bridges, scopes, wifi
from provisioner.drivers.openwrt.names import named, unsayable
from provisioner.drivers.openwrt.sections import Change, Section, parsed, swapped
from provisioner.texts import Message, say


def state(found: Sequence[Section], wanted: Intent, keyed: frozenset[str]) -> Intent | None:
    """What stands on the device for ``wanted``; ``keyed``: sections whose key is the one given."""
    match wanted:
        case Ssid():
            return wifi.state(found, wanted, keyed)
        case Scope():
            return scopes.scope_state(found, wanted)
        case RateLimit():
            return scopes.rate_state(found, wanted)
        case _:
            return bridges.state(found, wanted)


def problem(
    found: Sequence[Section],
    packages: frozenset[str],
    ports: frozenset[str],
    wanted: Intent,
    all_wanted: Sequence[Intent],
) -> Message | None:
    """Why the intent could not be put there."""
    match wanted:
        case Ssid():
            return wifi.problem(found, ports, wanted)
        case Scope():
            return scopes.scope_problem(found, packages, ports, wanted)
        case RateLimit():
            return scopes.rate_problem(found, packages, wanted)
        case _:
            return bridges.problem(found, ports, wanted, all_wanted)


def preview(reading: Reading, wishes: Sequence[Wish]) -> Preview:
    """See ``NetworkPlatform.preview``.

    Ports let go of a VLAN before it goes and get it after it is there; a limit is the last to come
    and the first to go.
    """
    found: Sequence[Section] = parsed(reading.configuration)
    steps: list[Change] = []
    for wish in sorted(wishes, key=_turn):
        if wish.holds(reading.objects.get(wish.intent.key)):
            continue
        if wish.present:
            _check(wish.intent)
        why = reading.problems.get(wish.intent.key)
        if why is not None and (wish.present or isinstance(wish.intent, Vlan)):
            raise unsayable(say("%(host)s: %(why)s", host=reading.host, why=why))
        for step in _steps(found, wish.intent, wish.present):
            steps.append(step)
            found = step.after
    return Preview(
        reading.host,
        tuple(line for step in steps for line in step.lines),
        tuple(line for step in reversed(steps) for line in step.undo),
        tuple(line for step in steps for line in step.diff),
    )


def _turn(wish: Wish) -> int:
    match wish.intent:
        case RateLimit():
            return 5 if wish.present else 0
        case Vlan():
            return 3 if wish.present else 2
        case _:
            return 4 if wish.present else 1


def _steps(found: Sequence[Section], wanted: Intent, present: bool) -> list[Change]:
    match wanted:
        case Ssid():
            old = wifi.ours(found, wanted.mark)
            new = wifi.sections(wanted, found) if present else []
        case Scope():
            old = named(found, scopes.scope_name(wanted.mark))
            new = scopes.scope_sections(wanted, found) if present else []
        case RateLimit():
            old = named(found, scopes.rate_name(wanted.mark))
            new = scopes.rate_sections(wanted, found) if present else []
            if present and not new:
                raise unsayable(say("there is no network %(cidr)s", cidr=wanted.cidr))
        case _:
            return bridges.changes(found, wanted, present)
    return [swapped(found, old, new)] if old or new else []


def _check(intent: Intent) -> None:
    match intent:
        case Ssid():
            wifi.check(intent)
        case Scope():
            scopes.check_scope(intent)
        case RateLimit():
            scopes.check_rate(intent)
        case _:
            bridges.check(intent)
