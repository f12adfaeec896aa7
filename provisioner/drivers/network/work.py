"""What is read from a device and what is done there: readings, previews, orders, answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

from provisioner.drivers.network.intents import Intent
from provisioner.errors import StepFailure
from provisioner.texts import Message

_T = TypeVar("_T")


@dataclass(frozen=True)
class Reading:
    """One device as it answered on a session of its own.

    ``objects`` has an entry for every intent asked for, by its key: the same kind of thing as it is
    on the device, or None where it is not there.
    """

    host: str
    hostname: str
    at: datetime
    objects: Mapping[str, Intent | None]
    problems: Mapping[str, Message] = field(default_factory=dict)
    """By key: why the object could not be put there (no such port, port is no trunk …)."""
    configuration: str = field(default="", repr=False)
    """The whole of it as text, secrets masked and volatile lines left out."""
    no_timer: Message | None = None
    """Why no dead-man timer can be armed here; None where one can."""
    pending: str | None = None
    """A timer runs: the token of ours, or how the device names a stranger's."""
    announced: frozenset[str] = frozenset()
    """SSIDs that are on the air right now."""


@dataclass(frozen=True)
class Preview:
    """What would be sent to one device, its stored reverse, and the difference, in its own syntax.

    Carries no passphrase: its place is masked in ``diff`` and empty in ``lines`` and ``undo``.
    """

    host: str
    lines: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "host": self.host,
            "lines": list(self.lines),
            "undo": list(self.undo),
            "diff": list(self.diff),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Preview:
        return cls(
            data["host"], tuple(data["lines"]), tuple(data["undo"]), tuple(data["diff"])
        )  # fmt: skip


@dataclass(frozen=True)
class Order:
    """A preview to be carried out, confirmed or taken back.

    ``token`` names our timer on the device; ``minutes`` 0 means that none is armed.
    """

    preview: Preview
    token: str
    minutes: int
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Passphrases by the mark of their SSID."""
    former: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those that stood before, where the change replaces one."""

    @property
    def undo_keys(self) -> Mapping[str, str]:
        """The passphrases that belong to ``preview.undo``."""
        return {**self.keys, **self.former}


@dataclass(frozen=True)
class Applied:
    """What was sent has been accepted; the timer runs if one was asked for."""

    changed: bool
    transcript: str = field(default="", repr=False)
    """The session as it went, secrets masked."""


@dataclass(frozen=True)
class Confirmed:
    """The timer is off and the configuration saved.

    ``kept`` False: no timer of ours was running any more, so it may have taken the change back;
    nothing was saved. Read, and apply again.
    """

    kept: bool


@dataclass(frozen=True)
class Reverted:
    """The device is as it was before: by its own restore (``timer``), by the stored ``undo``, or
    because ``nothing`` of ours was there any more."""

    how: Literal["timer", "undo", "nothing"]


Result = Mapping[str, _T | StepFailure]
"""By host; a failure says what happened to that host alone, the others are not affected."""
