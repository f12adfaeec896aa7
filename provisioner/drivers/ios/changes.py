"""What has to be typed on a switch to make wishes true, the exact way back, and the difference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from provisioner.drivers.ios import rates, scopes
from provisioner.drivers.ios.configuration import ALLOWED, Port, Switch, default_name
from provisioner.drivers.ios.lines import Change, kept
from provisioner.drivers.ios.masking import MASK
from provisioner.drivers.ios.objects import found
from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    Preview,
    RateLimit,
    Reading,
    Scope,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.sessions import failures
from provisioner.texts import say

_NAME = re.compile(r"[A-Za-z0-9_.:/+@=,-]{1,32}")
_DESCRIPTION = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_DESCRIPTION_LENGTH = 200
_RESERVED = frozenset({1, *range(1002, 1006)})
_TYPED = re.compile(r"[ -~]*")


_ORDER = (Vlan, TrunkMember, AccessPort, Description, Scope, RateLimit)
"""What comes first stands first; it goes in the reverse order."""


def preview(reading: Reading, wishes: Sequence[Wish]) -> Preview:
    """See ``NetworkPlatform.preview``.

    Ports and scopes let go of a VLAN before it goes, and get it after it is there.
    """
    switch = Switch.parsed(reading.configuration)
    leaving = [wish for wish in wishes if not wish.present]
    coming = [wish for wish in wishes if wish.present]
    order = [
        *sorted(leaving, key=lambda wish: -_place(wish.intent)),
        *sorted(coming, key=lambda wish: _place(wish.intent)),
    ]
    changes = list(
        dict.fromkeys(c for wish in order for c in _change(reading, switch, wish, wishes))
    )
    return Preview(
        reading.host,
        tuple(line for change in changes for line in change.lines),
        tuple(line for change in reversed(changes) for line in change.undo),
        tuple(line for change in changes for line in change.diff),
    )


def _place(intent: Intent) -> int:
    return next((n for n, kind in enumerate(_ORDER) if isinstance(intent, kind)), len(_ORDER))


def _change(
    reading: Reading, switch: Switch, wish: Wish, wishes: Sequence[Wish]
) -> Iterator[Change]:
    intent = wish.intent
    now = reading.objects[intent.key] if intent.key in reading.objects else found(switch, intent)
    if wish.holds(now):
        return
    if wish.present:
        _check(wish)
    forced = isinstance(intent, Scope | RateLimit) and not wish.present
    if not forced and (why := reading.problems.get(intent.key)):
        raise failures.not_there(reading.host, why)
    for change in _changes(reading, switch, wish, now, wishes):
        _can_be_typed(change)
        yield change


def _changes(
    reading: Reading, switch: Switch, wish: Wish, now: Intent | None, wishes: Sequence[Wish]
) -> Iterator[Change]:
    match wish.intent:
        case Vlan() as intent:
            name = now.name if isinstance(now, Vlan) else None
            yield (_vlan if wish.present else _no_vlan)(switch, intent, name)
        case TrunkMember() as intent:
            yield _member(_there(reading, switch.trunk(intent.port)), intent, wish.present)
        case AccessPort() as intent:
            yield _port(_there(reading, switch.port(intent.port)), intent, wish.present)
        case Description() as intent:
            port = _there(reading, switch.port(intent.port))
            lines = [f"description {intent.text}"] if wish.present else []
            yield from kept(switch, f"interface {port.name}", lines, ["description"])
        case Scope() as intent:
            for other in wishes:
                if isinstance(other.intent, RateLimit) and not other.present:
                    switch = rates.without(switch, other.intent)  # gone before this one
            yield from scopes.changes(switch, intent, wish.present)
        case RateLimit() as intent:
            coming = [other.intent for other in wishes if other.present]
            yield from rates.changes(switch, intent, wish.present, coming)
        case _:
            raise failures.not_there(reading.host, say("a switch announces no WiFi"))


def _check(wish: Wish) -> None:
    """Raises Refused for what would not stay in its place, or not stay as it is."""
    intent = wish.intent
    if isinstance(intent, Vlan):
        _vlan_number(intent.id)
        if not _NAME.fullmatch(intent.name):
            raise failures.not_said("VLAN", intent.name)
    elif isinstance(intent, TrunkMember):
        _vlan_number(intent.vlan)
    elif isinstance(intent, AccessPort):
        _vlan_number(intent.vlan)
        _text(intent.description)
    elif isinstance(intent, Description):
        _text(intent.text or " ")
    elif isinstance(intent, Scope):
        _vlan_number(intent.vlan)
        scopes.check(intent)
    elif isinstance(intent, RateLimit):
        _vlan_number(intent.vlan)
        rates.check(intent)


def _text(text: str) -> None:
    if not _DESCRIPTION.fullmatch(text) or "?" in text or len(text) > _DESCRIPTION_LENGTH:
        raise failures.not_said("description", text)


def _vlan_number(number: int) -> None:
    if not 1 <= number <= 4094 or number in _RESERVED:
        raise failures.not_said("VLAN", str(number))


def _can_be_typed(change: Change) -> None:
    for line in change.undo:
        if not _TYPED.fullmatch(line) or "?" in line or MASK in line:
            raise failures.not_said("undo", line)


def _there(reading: Reading, port: Port | None) -> Port:
    if port is None:
        raise failures.not_there(reading.host, say("a port of the change is gone"))
    return port


def _vlan(switch: Switch, wanted: Vlan, now: str | None) -> Change:
    header, name = f"vlan {wanted.id}", f" name {wanted.name}"
    if now is None:
        return Change((header, name), (f"no {header}",), (f"+{header}", f"+{name}"))
    old = _named(wanted.id, now)
    return Change(
        (header, name),
        (header, *(old or [" no name"])),
        (f" {header}", *(f"-{line}" for line in old), f"+{name}"),
    )


def _no_vlan(switch: Switch, wanted: Vlan, now: str | None) -> Change:
    header = f"vlan {wanted.id}"
    kept = [f" {line}" for line in switch.sections.get(header, ())]
    below = kept or _named(wanted.id, now or "")
    return Change(
        (f"no {header}",), (header, *below), (f"-{header}", *(f"-{line}" for line in below))
    )


def _named(vlan: int, name: str) -> list[str]:
    """The line of its name; none where it is the one that IOS gives by itself."""
    return [] if name in ("", default_name(vlan)) else [f" name {name}"]


def _member(trunk: Port, wanted: TrunkMember, present: bool) -> Change:
    header = f"interface {trunk.name}"
    add, remove = f" {ALLOWED}add {wanted.vlan}", f" {ALLOWED}remove {wanted.vlan}"
    there, back = (add, remove) if present else (remove, add)
    return Change(
        (header, there), (header, back), (f" {header}", f"{'+' if present else '-'}{add}")
    )


def _port(port: Port, wanted: AccessPort, present: bool) -> Change:
    values: dict[str, str | None] = {"switchport access vlan": None, "description": None}
    if present:
        values = {
            "switchport mode": "access",
            "switchport access vlan": str(wanted.vlan),
            "description": wanted.description or None,
        }
    if wanted.poe is not None:
        values["power inline"] = "auto" if wanted.poe or not present else "never"
    changed = {w: value for w, value in values.items() if not port.holds(_set(w, value).strip())}
    header = f"interface {port.name}"
    return Change(
        (header, *(_set(words, value) for words, value in changed.items())),
        (header, *(_set(words, port.value(words)) for words in reversed(changed))),
        (f" {header}", *_difference(port, changed)),
    )


def _set(words: str, value: str | None) -> str:
    return f" no {words}" if value is None else f" {words} {value}"


def _difference(port: Port, changed: dict[str, str | None]) -> Iterator[str]:
    for words, value in changed.items():
        if (old := port.value(words)) is not None:
            yield f"- {words} {old}"
        if value is not None:
            yield f"+ {words} {value}"
