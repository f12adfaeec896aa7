"""What devices themselves say a change would do, asked without writing anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from provisioner.drivers.network import Intent, Order, Preview, Reading, Result, Ssid, Wish
from provisioner.errors import StepFailure
from provisioner.texts import pack

STAND_IN = "********"
"""For a passphrase: what is only asked about needs none, and none should travel for it."""


class Rehearsing(Protocol):
    """A platform that can be asked in advance (Ansible's check mode)."""

    def read(
        self, wanted: Mapping[str, Sequence[Intent]], keys: Mapping[str, str] | None = None
    ) -> Result[Reading]: ...

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview: ...

    def evidence(self, orders: Mapping[str, Order]) -> Result[tuple[str, ...]]:
        """By host, the lines before and after; nothing is written. See ``Fleet.evidence``."""
        ...


def rehearse(platform: Rehearsing, wishes: Mapping[str, Sequence[Wish]]) -> dict[str, Any]:
    """By host, the lines that the device answered, or what kept it from answering (packed text)."""
    readings = platform.read({h: [w.intent for w in wishes[h]] for h in wishes})
    told: dict[str, Any] = {}
    orders: dict[str, Order] = {}
    for host, reading in readings.items():
        if isinstance(reading, StepFailure):
            told[host] = pack(reading.what)
        else:
            marks = (w.intent.mark for w in wishes[host] if isinstance(w.intent, Ssid))
            keys = dict.fromkeys(marks, STAND_IN)
            try:
                preview = platform.preview(reading, wishes[host])
            except StepFailure as failure:  # as the device is now; the event may be later
                told[host] = pack(failure.what)
                continue
            orders[host] = Order(preview, "rehearsal", 0, keys)
    for host, answer in platform.evidence(orders).items():
        told[host] = pack(answer.what) if isinstance(answer, StepFailure) else list(answer)
    return told
