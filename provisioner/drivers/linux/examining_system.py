"""The host itself, of what ``examine.sh`` said: load, memory, disk, heat, alarms, clock."""

from __future__ import annotations

import re

from provisioner.drivers.linux.around import release_of
from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.linux.state import ovs_rows
from provisioner.drivers.network import System

_KB = re.compile(r"^(\w+):\s+(\d+) kB", re.MULTILINE)
_BROKEN_ARRAY = re.compile(r"^(md\w+) : .*\n.*\[(U*_[U_]*)\]", re.MULTILINE)
_HOTTEST = 200
"""Degrees; sensors that nothing is soldered to say more, or less than nothing."""


def system(answer: Answer) -> System:
    """All but the clock's offset."""
    return System(
        model=_line(answer, "model"),
        version=release_of(answer.blocks.get("release", "")).get("PRETTY_NAME", ""),
        serial=answer.one("serial"),
        uptime=_number(answer.one("uptime").partition(" ")[0]),
        cpu_percent=_busy(answer),
        memory_percent=_memory(answer),
        storage_percent=_disk(answer),
        temperature=_heat(answer),
        alarms=_alarms(answer),
        synchronized=_follows(answer),
    )


def offset(answer: Answer, asked: float, answered: float) -> float | None:
    """Seconds by which its clock is ahead, as little as what was said allows.

    It told its time after ``asked`` and once more before ``answered``, so that the way there and
    back is in the bounds, not in the result.
    """
    told = [time for text in answer.values.get("clock", ()) if (time := _number(text)) is not None]
    if not told:
        return None
    low, high = told[-1] - answered, told[0] - asked
    return 0.0 if low <= 0 <= high else min(low, high, key=abs)


def _number(text: str) -> float | None:
    match = re.match(r"\d+(\.\d+)?", text)
    return float(match[0]) if match else None


def _line(answer: Answer, block: str) -> str:
    return answer.blocks.get(block, "").strip().partition("\n")[0]


def _busy(answer: Answer) -> float | None:
    """Of all processors: now, and no more than what waited for them over the last minute.

    A second alone would tell of the question as much as of the host.
    """
    rows = [[int(n) for n in text.split()[1:9]] for text in answer.values.get("stat", ())]
    if len(rows) < 2:
        return None
    spent = [after - before for before, after in zip(rows[0], rows[-1], strict=True)]
    total = sum(spent)
    if total <= 0:
        return None
    now = 100 * (1 - (spent[3] + spent[4]) / total)
    load, count = _number(answer.one("load")), _number(answer.one("processors"))
    minute = 100.0 if load is None or not count else 100 * load / count
    return round(min(now, minute, 100.0), 1)


def _memory(answer: Answer) -> float | None:
    known = {name: int(size) for name, size in _KB.findall(answer.blocks.get("memory", ""))}
    total, free = known.get("MemTotal"), known.get("MemAvailable")
    return round(100 * (1 - free / total), 1) if total and free is not None else None


def _disk(answer: Answer) -> float | None:
    """As df counts it: of what may be used by those who are not root."""
    rows = [line.split() for line in answer.blocks.get("disk", "").splitlines()]
    for row in rows:
        if len(row) >= 6 and row[4].endswith("%"):
            used, free = float(row[2]), float(row[3])
            return round(100 * used / (used + free), 1) if used + free else None
    return None


def _heat(answer: Answer) -> float | None:
    told = [int(t) / 1000 for t in answer.values.get("heat", ()) if t.lstrip("-").isdecimal()]
    return max((degrees for degrees in told if 0 < degrees < _HOTTEST), default=None)


def _alarms(answer: Answer) -> tuple[str, ...]:
    arrays = _BROKEN_ARRAY.findall(answer.blocks.get("arrays", ""))
    return tuple(
        dict.fromkeys(
            [
                *answer.values.get("alarm", ()),
                *(f"{name} [{disks}]" for name, disks in arrays),
                *(f"{program} does not answer" for program in answer.values.get("asleep", ())),
                *_lost_ports(answer),
            ]
        )
    )


def _lost_ports(answer: Answer) -> list[str]:
    """Ports of Open vSwitch that it cannot open."""
    text = answer.blocks.get("ovs-errors", "").strip()
    rows = ovs_rows(text) if text.startswith("{") else []
    return [f"{row['name']}: {row['error']}" for row in rows if row["error"]]


def _follows(answer: Answer) -> bool | None:
    if word := answer.one("follows"):
        return word == "yes"
    if match := re.search(r"^Leap status\s*: (.+)$", answer.blocks.get("chrony", ""), re.MULTILINE):
        return match[1].strip() != "Not synchronised"
    if match := re.search(r"\bleap=(\d+)", answer.blocks.get("ntp", "")):
        return match[1] != "11"
    return None
