"""Form fields named by their JSON pointers: text in, nested data out, errors beside the field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from api.pages.details import label
from provisioner.catalogue.fields import FieldFault, refuse_private_key
from provisioner.errors import FieldError
from provisioner.texts import Message, say

LINES = frozenset({"details/ssh_keys", "details/what"})
"""Fields with one entry per line."""
PORTS = "details/open_ports"
MOMENTS = frozenset({"details/starts_at", "details/ends_at", "received_at"})
"""Fields with a date and a time in the office's zone; the JSON interface has them with a zone."""
SECRET = "details/passphrase"  # noqa: S105 — the field, not the secret


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


def without_secrets(values: Mapping[str, str]) -> dict[str, str]:
    """The values as they may be sent back: a private key or a passphrase comes back empty."""
    return {name: "" if name == SECRET or _private(text) else text for name, text in values.items()}


def nested(values: Mapping[str, str], zone: tzinfo) -> dict[str, Any]:
    """The values as the JSON interface takes them; empty ones are left out."""
    data: dict[str, Any] = {}
    for name, text in values.items():
        value = _typed(name, text, zone)
        if value in ("", []):
            continue
        *groups, last = name.split("/")
        place = data
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return data


def flat(data: Mapping[str, Any], zone: tzinfo, prefix: str = "") -> dict[str, str]:
    """The reverse of ``nested``: what stands in the fields of a form that is opened again."""
    values: dict[str, str] = {}
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            values.update(flat(value, zone, f"{name}/"))
        elif name in LINES:
            values[name] = "\n".join(value or ())
        elif name == PORTS:
            values[name] = ", ".join(f"{p['port']}/{p['protocol']}" for p in value or ())
        elif name in MOMENTS and value is not None:
            local = datetime.fromisoformat(value).astimezone(zone)
            values[name] = local.strftime("%Y-%m-%dT%H:%M")
        elif isinstance(value, bool):
            values[name] = "true" if value else "false"
        elif value is not None:
            values[name] = str(value)
    return values


def anchor(name: str) -> str:
    """The id of a field's element."""
    return "f-" + name.replace("/", "-")


def in_zone(text: str, zone: tzinfo) -> str:
    """A date and time of a form's field as RFC 3339; what is none stays, to be refused as it is."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text.strip()
    has_time = len(text.strip()) > len("2026-01-01")
    return moment.replace(tzinfo=zone).isoformat() if has_time and not moment.tzinfo else text


def _typed(name: str, text: str, zone: tzinfo) -> Any:
    if name == SECRET:
        return text  # spaces are a part of it
    if name in MOMENTS:
        return in_zone(text, zone)
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
