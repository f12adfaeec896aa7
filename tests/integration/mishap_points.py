"""Which mishaps strike which runs of a VM, when, and what they may come to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.integration.vm_stage import ACTIONS

FAULTS = (
    "no-quorum", "node-gone", "storage-full", "token-revoked", "certificate-changed", "agent-dead",
)  # fmt: skip
LOST = ("post-dropped", "post-lost")
"""An answer that never comes; the order was carried out, or was not."""
STOPPED = "stopped"
"""No mishap: a person stops the run in that moment."""
MOMENTS = ("before", "sent", "running")
"""When it strikes: before the run's first order, right after it, or while its task runs."""
OWN_RUNS = ("removal", "expiry", "tidy")
"""What a VM does by itself: its removal after the grace, its end, a snapshot that had its time."""
KINDS = ("create", *(name for name in ACTIONS if name != "extend"), "resume", *OWN_RUNS)
PASSING = ("no-quorum", "node-gone", "agent-dead")
"""Faults that a run may wait out by itself."""
ORDERS: Mapping[str, int] = {
    "create": 7, "rebuild": 11, "restore": 4, "removal": 4, "resize": 3, "suspend": 2, "end": 3,
    "expiry": 3, "resume": 2, "rollback": 2,
}  # fmt: skip
"""How many orders a run of that kind sends; 1 unless said."""
SLOW = 120
"""Seconds of a real cluster that a task takes which is to be struck while it runs."""

ONCE: Mapping[str, Mapping[str, int]] = {
    "create": {"qmclone": 1, "resize": 1},
    "resize": {"resize": 1, "qmreboot": 1},
    "snapshot": {"qmsnapshot": 1},
    "rollback": {"qmrollback": 1},
    "delete_snapshot": {"qmdelsnapshot": 1},
    "tidy": {"qmdelsnapshot": 1},
    "restart": {"qmreboot": 1},
    "rebuild": {"qmdestroy": 1, "qmclone": 1},
    "move": {"qmigrate": 1},
    "backup": {"vzdump": 1},
    "restore": {"qmrestore": 1},
    "end": {"vzdump": 1, "qmdestroy": 0},
    "expiry": {"vzdump": 1, "qmdestroy": 0},
    "removal": {"qmdestroy": 1},
}
"""Tasks of the cluster that may end well so often in a run of that kind, and no more."""
NEVER = ("qmclone", "qmdestroy", "qmrollback", "qmrestore", "vzdump", "qmigrate", "qmsnapshot")
KEYWORDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "storage-full": ("administrator", ("full", "Free space")),
    "token-revoked": ("administrator", ("token", "pveum user token list", "retry")),
    "certificate-changed": ("administrator", ("certificate", "fingerprint", "provisioner trust")),
    "no-quorum": ("", ("dc1", "again|retry")),
    "node-gone": ("", ("node|VM|dc1", "again|retry")),
    "agent-dead": ("", ("agent", "again|retry")),
}
"""Who is asked ("": whoever), and what the text names: parts of which each | is one way."""


@dataclass(frozen=True)
class Point:
    """One mishap. ``lasting``: until a person is asked; ``stop``: who then stops the run.

    ``order``: at which of the run's orders it strikes.
    """

    kind: str
    fault: str
    moment: str
    lasting: bool = False
    stop: bool = False
    order: int = 1

    def __str__(self) -> str:
        words = [self.kind, self.fault, f"{self.moment}{self.order if self.order > 1 else ''}"]
        return "-".join([*words, *(w for w in ("lasting", "stop") if getattr(self, w))])


def points() -> Iterator[Point]:
    """All of them, in a fixed order."""
    for kind, fault, moment in itertools.product(KINDS, FAULTS, MOMENTS):
        yield Point(kind, fault, moment)
        if fault in PASSING and moment != "sent":
            yield Point(kind, fault, moment, lasting=True)
        if kind not in OWN_RUNS and moment == "running":
            yield Point(kind, fault, moment, lasting=True, stop=True)


def lost_answers() -> Iterator[Point]:
    """Each order of each kind of run, with either way to lose its answer."""
    for kind, fault in itertools.product(KINDS, LOST):
        for order in range(1, ORDERS.get(kind, 1) + 1):
            yield Point(kind, fault, "before", order=order)


def stops() -> Iterator[Point]:
    """A person stops the run while the task of one of its orders is under way."""
    for kind in KINDS:
        for order in range(1, 3) if kind not in OWN_RUNS else ():
            if order <= ORDERS.get(kind, 1):
                yield Point(kind, STOPPED, "running", stop=True, order=order)
