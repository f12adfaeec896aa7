"""The faults that a lab can be told to show: their names, options and which are active now."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.errors import Mistake
from provisioner.texts import Message, say


@dataclass(frozen=True)
class FaultKind:
    """A fault by name. ``options`` are the ones it takes with their defaults ('' is any)."""

    name: str
    text: Message
    options: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    """Gone after it has struck ``times`` times (1 unless given); else until cleared."""


_KINDS = (
    FaultKind("clone-596", say("the clone is carried out, but its answer is HTTP 596"), once=True),
    FaultKind(
        "post-dropped",
        say("a write is carried out, but the connection drops before the answer"),
        {"path": "/clone"},
        once=True,
    ),
    FaultKind(
        "post-lost",
        say("a write is not carried out, and the connection drops without an answer"),
        {"path": "/clone"},
        once=True,
    ),
    FaultKind("start-half", say("a start task fails although the VM runs"), once=True),
    FaultKind(
        "vmid-stranger",
        say("someone else's VM takes the VMID of the next clone: when=before or when=after"),
        {"when": "before"},
        once=True,
    ),
    FaultKind(
        "task-fails",
        say("a task ends with this text; leave=1 lets a clone leave its disk behind"),
        {"type": "qmclone", "text": "simulated failure", "leave": ""},
        once=True,
    ),
    FaultKind(
        "task-slow",
        say("tasks take so many seconds longer"),
        {"type": "", "seconds": "30"},
    ),
    FaultKind("storage-full", say("a storage has no space left"), {"storage": "", "node": ""}),
    FaultKind(
        "storage-busy",
        say("every allocation waits for the storage's lock in vain"),
        {"storage": ""},
        once=True,
    ),
    FaultKind(
        "node-offline",
        say("a node is off: its address refuses, calls for it get 595"),
        {"node": ""},
    ),
    FaultKind(
        "node-gone",
        say("a node dies: its guests are off, its tasks break off and leave locks behind"),
        {"node": ""},
    ),
    FaultKind(
        "node-maintenance",
        say("the administrator empties a node (HA maintenance mode)"),
        {"node": ""},
    ),
    FaultKind(
        "certificate-changed", say("a node shows another certificate than before"), {"node": ""}
    ),
    FaultKind("node-full", say("other guests have taken all memory of a node"), {"node": ""}),
    FaultKind("template-gone", say("a template is not there any more"), {"vmid": "9000"}),
    FaultKind("no-quorum", say("the cluster has lost its quorum; reading works, writing fails")),
    FaultKind(
        "lock-timeout",
        say("writes to a VM fail because its lock is held"),
        {"path": ""},
        once=True,
    ),
    FaultKind(
        "vm-locked",
        say("a VM stays locked, as after something that was broken off"),
        {"vmid": "", "lock": "backup"},
    ),
    FaultKind(
        "error",
        say("calls get an HTTP error of your choice"),
        {"method": "", "path": "", "status": "595", "text": "Connection refused"},
        once=True,
    ),
    FaultKind("token-revoked", say("the API token is not accepted any more")),
    FaultKind(
        "flaky", say("a share of all calls is dropped unanswered"), {"rate": "0.2", "seed": ""}
    ),
    FaultKind("slow", say("every call takes so many seconds longer"), {"seconds": "1"}),
    FaultKind("agent-silent", say("the guest agent never answers"), {"vmid": ""}),
    FaultKind("agent-dead", say("the guest agent hangs: every call to it times out"), {"vmid": ""}),
    FaultKind("deaf", say("a guest does not react when asked to shut down"), {"vmid": ""}),
    FaultKind(
        "snapshot-fails",
        say("a snapshot fails in its middle"),
        {"vmid": "", "text": "VM snapshot failed - got timeout"},
        once=True,
    ),
    FaultKind(
        "backup-fails",
        say("a backup fails in its middle and leaves no file"),
        {"vmid": "", "text": "backup write data failed: command error"},
        once=True,
    ),
    FaultKind(
        "restore-fails",
        say("putting back a backup fails in its middle: the old disks are gone by then"),
        {"vmid": "", "text": "command 'vma extract' failed: exit code 1"},
        once=True,
    ),
    FaultKind(
        "migrate-fails",
        say("a move to another node fails in its middle; the VM stays where it was"),
        {"vmid": "", "text": "online migrate failure - aborting"},
        once=True,
    ),
    FaultKind("download-fails", say("an image cannot be fetched from its address")),
    FaultKind("boot-never", say("a guest starts but never boots"), {"vmid": ""}),
    FaultKind(
        "cloud-init-error",
        say("cloud-init ends with an error"),
        {"vmid": "", "text": "Failed to run module set-passwords"},
    ),
    FaultKind(
        "wrong-address",
        say("the guest comes up with another address"),
        {"vmid": "", "address": ""},
    ),
    FaultKind(
        "host-key-changed",
        say("the guest's SSH server shows another host key than the agent reports"),
        {"vmid": ""},
    ),
    FaultKind(
        "guest-disk-full",
        say("the root file system inside a guest is that full, in per cent"),
        {"vmid": "", "percent": "97"},
    ),
    FaultKind("guest-memory-full", say("a guest uses all of its memory"), {"vmid": ""}),
    FaultKind(
        "vm-paused",
        say("a VM stands still: QEMU's state is io-error, paused or internal-error"),
        {"vmid": "", "state": "io-error"},
    ),
    FaultKind(
        "snapshot-old",
        say("somebody left a snapshot of a VM so many days ago"),
        {"vmid": "", "days": "30"},
    ),
    FaultKind(
        "backup-old",
        say("the newest backup of a VM is so many days old"),
        {"vmid": "", "days": "5"},
    ),
    FaultKind("backup-missing", say("a VM has no backup"), {"vmid": ""}),
    FaultKind(
        "task-failed",
        say("a task ended badly an hour ago"),
        {"type": "vzdump", "id": "", "node": "", "text": "job errors"},
    ),
    FaultKind("storage-away", say("a storage cannot be reached"), {"storage": "", "node": ""}),
    FaultKind(
        "node-root-full",
        say("the root file system of a node is that full, in per cent"),
        {"node": "", "percent": "97"},
    ),
    FaultKind("node-busy", say("a node's processors have no time left"), {"node": ""}),
    FaultKind(
        "node-clock",
        say("a node's clock is ahead by so many seconds, or behind with a minus"),
        {"node": "", "seconds": "300"},
    ),
    FaultKind(
        "certificate-expiring",
        say("a node's certificate ends in so many days"),
        {"node": "", "days": "7"},
    ),
    FaultKind(
        "certificate-expired",
        say("a node's certificate ended so many days ago"),
        {"node": "", "days": "1"},
    ),
    FaultKind(
        "address-answers",
        say("a host that we did not make answers at an address"),
        {"address": "", "port": ""},
    ),
)
"""In the order in which they are shown; every kind also takes ``times``."""
KINDS: Mapping[str, FaultKind] = {kind.name: kind for kind in _KINDS}


@dataclass
class Fault:
    """One active fault; ``left`` counts down to nothing, None stays until cleared."""

    number: int
    name: str
    options: dict[str, str]
    left: int | None

    def says(self, **asked: object) -> bool:
        """Whether the fault concerns this; an option left empty concerns everything."""
        return all(self.options.get(k, "") in ("", str(v)) for k, v in asked.items())

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "name": self.name,
            "options": self.options,
            "left": self.left,
        }


class Faults:
    """All active faults of one cluster or of the devices; used from the lab's own loop only."""

    def __init__(self, kinds: Mapping[str, FaultKind] = KINDS) -> None:
        self._kinds = kinds
        self._active: list[Fault] = []
        self._numbers = itertools.count(1)

    def __iter__(self) -> Any:
        return iter(list(self._active))

    def make(self, name: str, options: Mapping[str, object]) -> Fault:
        """A fault by name. Raises Mistake for an unknown name or option."""
        kind = self._kinds.get(name)
        if kind is None:
            raise Mistake(
                say(
                    "There is no fault %(name)s; these exist: %(known)s",
                    name=name,
                    known=", ".join(self._kinds),
                )
            )
        given = {key: str(value) for key, value in options.items()}
        times = given.pop("times", "")
        unknown = sorted(set(given) - set(kind.options))
        if unknown or (times and not times.isdecimal()):
            raise Mistake(
                say(
                    "The fault %(name)s takes only these options: %(known)s",
                    name=name,
                    known=", ".join([*kind.options, "times"]),
                )
            )
        left = int(times) if times else (1 if kind.once else None)
        return Fault(next(self._numbers), name, {**kind.options, **given}, left)

    def add(self, fault: Fault) -> None:
        self._active.append(fault)

    def remove(self, name: str | None = None) -> list[Fault]:
        """Take away all faults (of that name); returns them."""
        gone = [f for f in self._active if name in (None, f.name)]
        self._active = [f for f in self._active if f not in gone]
        return gone

    def active(self, name: str, **asked: object) -> Fault | None:
        """The first active fault of that name that concerns what is asked; it stays."""
        return next((f for f in self._active if f.name == name and f.says(**asked)), None)

    def take(self, name: str, **asked: object) -> Fault | None:
        """As ``active``, but one strike of it is used up."""
        fault = self.active(name, **asked)
        if fault is not None:
            self.strike(fault)
        return fault

    def strike(self, fault: Fault) -> None:
        """Use up one strike of it."""
        if fault.left is not None:
            fault.left -= 1
            if fault.left <= 0:
                self._active.remove(fault)
