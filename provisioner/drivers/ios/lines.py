"""Pieces of a change on a switch: what is typed, the exact way back, and the difference shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioner.drivers.ios.configuration import Switch


@dataclass(frozen=True)
class Change:
    lines: tuple[str, ...]
    undo: tuple[str, ...]
    diff: tuple[str, ...]


def below(switch: Switch, header: str) -> tuple[str, ...]:
    """What stands below a top line now, as it was written."""
    return switch.sections.get(header, ())


def added(header: str, lines: Sequence[str] = ()) -> Change:
    """A part that is not there yet."""
    block = (header, *(f" {line}" for line in lines))
    return Change(block, (f"no {header}",), tuple(f"+{line}" for line in block))


def gone(switch: Switch, header: str) -> Change:
    """A part that goes with all that stands below it."""
    block = (header, *(f" {line}" for line in below(switch, header)))
    return Change((f"no {header}",), block, tuple(f"-{line}" for line in block))


def kept(
    switch: Switch, header: str, lines: Sequence[str], keys: Sequence[str]
) -> Iterator[Change]:
    """A part that has to hold ``lines``; of what begins with one of ``keys``, nothing else stays.

    ``keys`` are the words of lines that can stand only once; setting one takes the old one away.
    """
    if not switch.holds("", header):
        yield added(header, lines)
        return
    there = below(switch, header)
    new = [line for line in lines if not switch.holds(header, line)]
    old = [
        line for line in there if any(f"{line} ".startswith(f"{key} ") for key in keys)
        and line not in lines
    ]  # fmt: skip
    dropped = [
        line for line in old if not any(_same(line, other, keys) for other in new)
    ]  # fmt: skip
    if not new and not dropped:
        return
    fresh = [line for line in new if not any(_same(line, other, keys) for other in old)]
    yield Change(
        (header, *(f" no {line}" for line in dropped), *(f" {line}" for line in new)),
        (header, *(f" no {line}" for line in reversed(fresh)), *(f" {line}" for line in old)),
        (f" {header}", *(f"- {line}" for line in old), *(f"+ {line}" for line in new)),
    )


def _same(one: str, other: str, keys: Sequence[str]) -> bool:
    """Whether the one line takes the other's place."""
    key = next((k for k in keys if f"{one} ".startswith(f"{k} ")), None)
    return key is not None and f"{other} ".startswith(f"{key} ")
