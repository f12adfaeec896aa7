"""What an OpenWrt device has noted in its log, of what ``examine.sh`` said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.drivers.linux.scripting import Answer

_LATELY = 3600
_JOINING = 900
"""Seconds back in which a client that was turned away counts."""
_STAMP = re.compile(r"\[(\d{8,})\.\d+\]")
_STRANGE = re.compile(r"DHCPNAK\((?P<device>[^)\s]+)\) \S+ (?P<mac>[0-9a-f:]{17}).*wrong server-ID")
_REFUSED = re.compile(
    r"hostapd: (?P<interface>\S+): AP-(?:STA-POSSIBLE-PSK-MISMATCH|REJECTED-\w+-STA) "
    r"(?P<mac>[0-9a-f:]{17})"
)
_FULL = "Out of memory: Kill"


@dataclass(frozen=True)
class Log:
    """Lines with their age in seconds; 0 where the device does not tell when it was."""

    lines: tuple[tuple[float, str], ...]
    known: bool

    @classmethod
    def of(cls, answer: Answer) -> Log:
        clock = answer.values.get("clock", [""])[0]
        now = float(clock) if re.fullmatch(r"\d+(\.\d+)?", clock) else 0.0
        text = answer.blocks.get("log")
        return cls(tuple(_aged(text or "", now)), text is not None)

    def strangers(self) -> tuple[tuple[str, str], ...]:
        """Devices of this machine on which a client took another server's offer, and its
        Ethernet address; dnsmasq does not tell whose the offer was."""
        found = (_STRANGE.search(line) for age, line in self.lines if age < _LATELY)
        return tuple(dict.fromkeys((m["device"], m["mac"]) for m in found if m))

    def refused(self) -> dict[str, int] | None:
        """How many different clients each interface has turned away lately."""
        if not self.known:
            return None
        turned: dict[str, set[str]] = {}
        for age, line in self.lines:
            if age < _JOINING and (match := _REFUSED.search(line)):
                turned.setdefault(match["interface"], set()).add(match["mac"])
        return {name: len(macs) for name, macs in turned.items()}

    def alarms(self) -> tuple[str, ...]:
        lately = [line for age, line in self.lines if age < _LATELY and _FULL in line]
        return ("out of memory",) if lately else ()


def _aged(text: str, now: float) -> Iterator[tuple[float, str]]:
    for line in text.splitlines():
        stamp = _STAMP.search(line)
        yield (now - float(stamp[1]) if stamp and now else 0.0), line
