"""What has to be typed on a switch to make wishes true, the exact way back, and the difference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioner.drivers.ios import failures
from provisioner.drivers.ios.configuration import ALLOWED, Port, Switch, default_name
from provisioner.drivers.ios.objects import found
from provisioner.drivers.network import AccessPort, Preview, Reading, TrunkMember, Vlan, Wish
from provisioner.texts import say

_NAME = re.compile(r"[A-Za-z0-9_.:/+@=,-]{1,32}")
_DESCRIPTION = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_DESCRIPTION_LENGTH = 200
_RESERVED = frozenset({1, *range(1002, 1006)})
_TYPED = re.compile(r"[ -~]*")


@dataclass(frozen=True)
class _Change:
    lines: tuple[str, ...]
    undo: tuple[str, ...]
    diff: tuple[str, ...]


def preview(reading: Reading, wishes: Sequence[Wish]) -> Preview:
    """See ``NetworkPlatform.preview``.

    Ports let go of a VLAN before it goes, and get it after it is there.
    """
    switch = Switch.parsed(reading.configuration)
    leaving = [wish for wish in wishes if not wish.present]
    coming = [wish for wish in wishes if wish.present]
    order = [
        *(wish for wish in leaving if not isinstance(wish.intent, Vlan)),
        *(wish for wish in leaving if isinstance(wish.intent, Vlan)),
        *(wish for wish in coming if isinstance(wish.intent, Vlan)),
        *(wish for wish in coming if not isinstance(wish.intent, Vlan)),
    ]
    changes = list(dict.fromkeys(c for wish in order for c in _change(reading, switch, wish)))
    return Preview(
        reading.host,
        tuple(line for change in changes for line in change.lines),
        tuple(line for change in reversed(changes) for line in change.undo),
        tuple(line for change in changes for line in change.diff),
    )


def _change(reading: Reading, switch: Switch, wish: Wish) -> Iterator[_Change]:
    intent = wish.intent
    now = reading.objects[intent.key] if intent.key in reading.objects else found(switch, intent)
    if wish.present:
        _check(wish)
    if wish.holds(now):
        return
    if why := reading.problems.get(intent.key):
        raise failures.not_there(reading.host, why)
    if isinstance(intent, Vlan):
        name = now.name if isinstance(now, Vlan) else None
        change = (_vlan if wish.present else _no_vlan)(switch, intent, name)
    elif isinstance(intent, TrunkMember):
        change = _member(_there(reading, switch.trunk(intent.port)), intent, wish.present)
    elif isinstance(intent, AccessPort):
        change = _port(_there(reading, switch.port(intent.port)), intent, wish.present)
    else:
        raise failures.not_there(reading.host, say("a switch announces no WiFi"))
    _can_be_typed(change)
    yield change


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
        text = intent.description
        if not _DESCRIPTION.fullmatch(text) or "?" in text or len(text) > _DESCRIPTION_LENGTH:
            raise failures.not_said("description", text)


def _vlan_number(number: int) -> None:
    if not 1 <= number <= 4094 or number in _RESERVED:
        raise failures.not_said("VLAN", str(number))


def _can_be_typed(change: _Change) -> None:
    for line in change.undo:
        if not _TYPED.fullmatch(line) or "?" in line:
            raise failures.not_said("undo", line)


def _there(reading: Reading, port: Port | None) -> Port:
    if port is None:
        raise failures.not_there(reading.host, say("a port of the change is gone"))
    return port


def _vlan(switch: Switch, wanted: Vlan, now: str | None) -> _Change:
    header, name = f"vlan {wanted.id}", f" name {wanted.name}"
    if now is None:
        return _Change((header, name), (f"no {header}",), (f"+{header}", f"+{name}"))
    old = _named(wanted.id, now)
    return _Change(
        (header, name),
        (header, *(old or [" no name"])),
        (f" {header}", *(f"-{line}" for line in old), f"+{name}"),
    )


def _no_vlan(switch: Switch, wanted: Vlan, now: str | None) -> _Change:
    header = f"vlan {wanted.id}"
    kept = [f" {line}" for line in switch.sections.get(header, ())]
    below = kept or _named(wanted.id, now or "")
    return _Change(
        (f"no {header}",), (header, *below), (f"-{header}", *(f"-{line}" for line in below))
    )


def _named(vlan: int, name: str) -> list[str]:
    """The line of its name; none where it is the one that IOS gives by itself."""
    return [] if name in ("", default_name(vlan)) else [f" name {name}"]


def _member(trunk: Port, wanted: TrunkMember, present: bool) -> _Change:
    header = f"interface {trunk.name}"
    add, remove = f" {ALLOWED}add {wanted.vlan}", f" {ALLOWED}remove {wanted.vlan}"
    there, back = (add, remove) if present else (remove, add)
    return _Change(
        (header, there), (header, back), (f" {header}", f"{'+' if present else '-'}{add}")
    )


def _port(port: Port, wanted: AccessPort, present: bool) -> _Change:
    values: dict[str, str | None] = {"switchport access vlan": None, "description": None}
    if present:
        values = {
            "switchport mode": "access",
            "switchport access vlan": str(wanted.vlan),
            "description": wanted.description or None,
        }
    changed = {words: value for words, value in values.items() if port.value(words) != value}
    header = f"interface {port.name}"
    return _Change(
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
