"""In which order devices are changed: nobody is cut off, and a mistake shows on few; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby

FEW = 10
"""Up to so many devices a wave has no bound of its own."""
SHARE = 10
"""Percent of the devices that the second wave may have; the first has one."""


def waves(
    distances: Mapping[str, int], redundant: Iterable[Collection[str]] = ()
) -> list[list[str]]:
    """The devices by their distance from the router, the far end first, as waves.

    A wave never holds two devices that stand in for each other (``redundant``), nor devices that
    are not equally far. Of more than ten devices one goes first alone, then at most a tenth of
    them, then the rest. The same devices give the same waves. Source: network.md 1.4 and 3.2.
    """
    apart = [frozenset(group) for group in redundant]
    order = sorted(distances, key=lambda device: (-distances[device], device))
    found: list[list[str]] = []
    for _, level in groupby(order, key=distances.__getitem__):
        waiting = list(level)
        while waiting:
            wave = _wave(waiting, apart, _bound(len(found), len(order)))
            waiting = [device for device in waiting if device not in wave]
            found.append(wave)
    return found


def _wave(waiting: list[str], apart: list[frozenset[str]], bound: int) -> list[str]:
    """The first of those that wait, no two of them from one group."""
    wave: list[str] = []
    for device in waiting:
        groups = [group for group in apart if device in group]
        if len(wave) < bound and not any(group & set(wave) for group in groups):
            wave.append(device)
    return wave


def _bound(number: int, devices: int) -> int:
    """How many devices the wave of that number (from 0) may have."""
    if devices <= FEW or number > 1:
        return devices
    return 1 if number == 0 else max(1, -(-devices * SHARE // 100))
