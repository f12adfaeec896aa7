"""Network devices as the product sees them: hosts, neutral intents, and what a platform can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar, get_args

from provisioner.errors import StepFailure
from provisioner.texts import Message

DeadMan = Literal["required", "best_effort"]
Security = Literal["wpa2-personal", "wpa3-personal", "open"]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Host:
    """One device of the inventory; secrets never show in its repr."""

    name: str
    platform: str
    groups: frozenset[str]
    address: str
    port: int
    user: str
    site: str | None = None
    dead_man: DeadMan = "required"
    legacy_crypto: bool = False
    aaa: str | None = None
    """The login domain that caps connections."""
    password: str | None = field(default=None, repr=False)
    private_key_file: str | None = None
    """None, and no password: the office's own identity."""
    become_password: str | None = field(default=None, repr=False)


# ---------------------------------------------------------------------- intents


@dataclass(frozen=True)
class Vlan:
    """A VLAN known to a device; ``name`` carries our mark when it is ours."""

    id: int
    name: str

    @property
    def key(self) -> str:
        return f"vlan {self.id}"


@dataclass(frozen=True)
class TrunkMember:
    """One VLAN on one trunk, never the trunk's whole list."""

    port: str
    vlan: int

    @property
    def key(self) -> str:
        return f"trunk {self.port} vlan {self.vlan}"


@dataclass(frozen=True)
class AccessPort:
    """A port that puts whatever is plugged in into one VLAN."""

    port: str
    vlan: int
    description: str

    @property
    def key(self) -> str:
        return f"port {self.port}"


@dataclass(frozen=True)
class Ssid:
    """A wireless network that an access point announces on all its radios.

    ``mark`` is the request's number and names it on the device; ``uplink`` is the wired port that
    carries its VLAN. The passphrase travels apart; ``keyed`` says whether the device has it.
    """

    mark: str
    ssid: str
    security: Security
    vlan: int
    uplink: str
    isolate: bool
    keyed: bool = True

    @property
    def key(self) -> str:
        return f"ssid {self.mark}"


Intent = Vlan | TrunkMember | AccessPort | Ssid
_KINDS: dict[str, type[Intent]] = {kind.__name__: kind for kind in get_args(Intent)}


@dataclass(frozen=True)
class Wish:
    """An intent that has to stand on a device (``present``), or to be gone from it."""

    intent: Intent
    present: bool = True

    def holds(self, found: Intent | None) -> bool:
        """Whether what a device answered for ``intent.key`` is as wished."""
        return found == self.intent if self.present else found is None

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": type(self.intent).__name__,
            "present": self.present,
            "intent": asdict(self.intent),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wish:
        return cls(_KINDS[data["kind"]](**data["intent"]), data["present"])


# ---------------------------------------------------------------------- what is read and done


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


class NetworkPlatform(Protocol):
    """One kind of device, many at once; every call is one session per device, always closed.

    Failures by host: Retriable (could not connect or log in; nothing was done), Refused (the device
    rejected a line; what was accepted before it stands), OutcomeUnknown (the session ended midway),
    ActionNeeded (host key, login, wrong hostname, no timer though required, a stranger's timer).
    Nothing is written to a device whose hostname is not its name in the inventory.
    """

    def read(
        self, wanted: Mapping[str, Sequence[Intent]], keys: Mapping[str, str] | None = None
    ) -> Result[Reading]:
        """Read the intents' objects and the whole configuration of each host.

        ``keys``: passphrases by mark; an SSID with another one comes back as not ``keyed``.
        """
        ...

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """What would make the wishes true on that device; empty lines where they are. Pure.

        Raises Refused for what cannot be said in the device's syntax.
        """
        ...

    def apply(self, orders: Mapping[str, Order]) -> Result[Applied]:
        """Arm the timer and send the lines; not saved. Idempotent."""
        ...

    def confirm(self, orders: Mapping[str, Order]) -> Result[Confirmed]:
        """Disarm our timer and save."""
        ...

    def revert(self, orders: Mapping[str, Order]) -> Result[Reverted]:
        """Put the device back to what it was before ``apply``, now; disarm our timer."""
        ...
