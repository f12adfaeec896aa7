"""Form fields named by their JSON pointers: text in, nested data out, errors beside the field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from api.pages.details import label
from provisioner.catalogue.fields import FieldFault, refuse_private_key
from provisioner.errors import FieldError
from provisioner.texts import Message, say

LINES = frozenset({"details/ssh_keys"})
"""Fields with one entry per line."""
PORTS = "details/open_ports"


@dataclass(frozen=True)
class Fault:
    """An error with the field that it stands beside; ``label`` heads it in the summary."""

    anchor: str
    label: Message | None
    message: Message


@dataclass(frozen=True)
class Form:
    """What was typed, by field name, and what is wrong with it."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[Fault, ...] = ()


def faults(errors: Iterable[FieldError], fields: Iterable[str]) -> tuple[Fault, ...]:
    """The errors at their fields, in the fields' order, each once; one within a list stands beside
    the list's field.
    """
    known = list(fields)
    places = [anchor(name) for name in known]
    found = dict.fromkeys(_fault(error, known) for error in errors)
    return tuple(
        sorted(found, key=lambda f: places.index(f.anchor) if f.anchor in places else len(places))
    )


def without_private_keys(values: Mapping[str, str]) -> dict[str, str]:
    """The values as they may be sent back: a field that holds a private key comes back empty."""
    return {name: "" if _private(text) else text for name, text in values.items()}


def nested(values: Mapping[str, str]) -> dict[str, Any]:
    """The values as the JSON interface takes them; empty ones are left out."""
    data: dict[str, Any] = {}
    for name, text in values.items():
        value = _typed(name, text)
        if value in ("", []):
            continue
        *groups, last = name.split("/")
        place = data
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return data


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The reverse of ``nested``: what stands in the fields of a form that is opened again."""
    values: dict[str, str] = {}
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            values.update(flat(value, f"{name}/"))
        elif name in LINES:
            values[name] = "\n".join(value or ())
        elif name == PORTS:
            values[name] = ", ".join(f"{p['port']}/{p['protocol']}" for p in value or ())
        elif value is not None:
            values[name] = str(value)
    return values


def anchor(name: str) -> str:
    """The id of a field's element."""
    return "f-" + name.replace("/", "-")


def _typed(name: str, text: str) -> Any:
    if name in LINES and _private(text):
        return [text]  # one entry, refused as one: its lines say nothing each by itself
    if name in LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if name == PORTS:
        return [_port(part) for part in text.replace(",", " ").split()]
    return text.replace("\r\n", "\n").strip()


def _private(text: str) -> bool:
    try:
        refuse_private_key(text)
    except FieldFault:
        return True
    return False


def _port(text: str) -> dict[str, str]:
    number, _, protocol = text.lower().partition("/")
    return {"port": number, "protocol": protocol or "tcp"}


def _fault(error: FieldError, known: Collection[str]) -> Fault:
    name = error.pointer.lstrip("/")
    entry = ""
    while name and name not in known:
        name, _, last = name.rpartition("/")
        entry = last if last.isdecimal() else entry
    message = error.message
    if entry:
        message = say("entry %(number)s: %(what)s", number=int(entry) + 1, what=message)
    return Fault(anchor(name) if name else "main", label(error.pointer), message)
