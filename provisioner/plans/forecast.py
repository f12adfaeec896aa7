"""What a cluster has left, when it runs out at the present pace, and what still fits; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations
from statistics import median
from typing import Any

from provisioner.plans.capacity import Amount, Need, NodeRoom
from provisioner.plans.model import Plan
from provisioner.texts import Message, say

FEWEST_DAYS = 7
"""Fewer days with a reading tell nothing about a pace."""
MOST_DAYS = 90
FARTHEST = 3650
"""Days; what is farther off is not worth a date."""
ENOUGH = 500
"""Where counting what fits ends."""

MEMORY, CORES, DISK = "memory_mb", "cores", "disk:"
Series = Sequence[tuple[date, Mapping[str, Mapping[str, float]]]]
"""As ``facts.capacity.series`` gives it, oldest first."""


def holding(rooms: Mapping[str, NodeRoom]) -> dict[str, Amount]:
    """The cluster as a whole, by resource: all nodes that are online together.

    ``memory_mb``, ``cores`` and ``disk:{storage}`` for every storage that takes disks; a shared
    storage counts once.
    """
    online = [room for _, room in sorted(rooms.items()) if room.online]
    found = {
        MEMORY: _sum(room.memory for room in online),
        CORES: _sum(room.cores for room in online),
    }
    for room in online:
        for name, storage in sorted(room.storages.items()):
            if not (storage.active and storage.takes_disks):
                continue
            key = f"{DISK}{name}"
            if key not in found:
                found[key] = storage.disk
            elif not storage.shared:
                found[key] = _sum((found[key], storage.disk))
    return found


def reading(amounts: Mapping[str, Amount]) -> dict[str, dict[str, float]]:
    """The holding as it is kept from day to day (``facts.capacity``)."""
    return {
        name: {
            "total": round(one.total, 1),
            "limit": round(one.limit, 1),
            "used": round(one.used, 1),
            "promised": round(one.promised, 1),
        }
        for name, one in amounts.items()
    }


def after(amounts: Mapping[str, Amount], plan: Plan | Mapping[str, Any]) -> dict[str, Amount]:
    """The holding once that plan's capacity claims have been granted too."""
    claims: Iterable[tuple[str, Mapping[str, Any]]]
    if isinstance(plan, Plan):
        claims = [(claim.kind, claim.amounts) for claim in plan.claims]
    else:
        claims = [(claim["kind"], claim["amounts"]) for claim in plan["claims"]]
    found = dict(amounts)
    for kind, asked in claims:
        if kind != "capacity" or asked.get("moving"):  # what moves is counted already
            continue
        wanted = {
            MEMORY: asked.get("memory_mb", 0),
            CORES: asked.get("cores", 0),
            f"{DISK}{asked.get('storage')}": asked.get("disk_gb", 0)
            + asked.get("extra_disk_gb", 0),
        }
        for name, more in wanted.items():
            if name in found:
                found[name] = _promise(found[name], more)
    return found


@dataclass(frozen=True)
class Outlook:
    """When one resource runs out. Without ``runs_out``, ``unknown`` says why there is no date."""

    resource: str
    per_day: float | None
    """What is given away a day; None while that is not known."""
    runs_out: date | None
    unknown: Message | None


def outlook(resource: str, now: Amount, series: Series, today: date) -> Outlook:
    """The day on which the resource is given away, at the pace of the last 90 readings.

    The pace is the Theil-Sen estimate (median of the slopes of all pairs of days): one odd day,
    such as one with a node away, does not bend it. It starts from what is free ``now``.
    """
    points = [
        (day.toordinal(), amounts[resource]["used"] + amounts[resource]["promised"])
        for day, amounts in series[-MOST_DAYS:]
        if resource in amounts
    ]
    if now.free <= 0:
        return Outlook(resource, pace(points), today, None)
    if len({day for day, _ in points}) < FEWEST_DAYS:
        return Outlook(
            resource, None, None,
            say("Not known yet: there are readings of %(days)s days, %(needed)s are needed.",
                days=len(points), needed=FEWEST_DAYS),
        )  # fmt: skip
    per_day = pace(points)
    if per_day is None or per_day <= 0:
        return Outlook(resource, per_day, None, say("It does not grow at present."))
    days = now.free / per_day
    if days > FARTHEST:
        return Outlook(resource, per_day, None, say("Not within the next ten years."))
    return Outlook(resource, per_day, today + timedelta(days=int(days)), None)


def pace(points: Sequence[tuple[int, float]]) -> float | None:
    """Median growth a day over all pairs of days; None with fewer than two days."""
    slopes = [(b - a) / (t - s) for (s, a), (t, b) in combinations(points, 2) if t != s]
    return median(slopes) if slopes else None


@dataclass(frozen=True)
class Fit:
    """How many more VMs of one size fit; ``more`` where counting was ended before the room was."""

    count: int
    by_node: Mapping[str, int]
    more: bool
    why_not: Mapping[str, tuple[Message, ...]]
    """Per node why the next one does not fit there; empty with ``more``."""


def fits(
    rooms: Mapping[str, NodeRoom],
    need: Need,
    storage: str,
    *,
    nodes: Collection[str] | None = None,
    limit: int = ENOUGH,
) -> Fit:
    """Place VM after VM with the planner's own rules (``NodeRoom``) until none fits.

    ``nodes``: where such a VM can be made at all (template, bridge); None: everywhere.
    """
    left = {name: room for name, room in rooms.items() if nodes is None or name in nodes}
    count: Counter[str] = Counter()
    while count.total() < limit:
        able = [room for room in left.values() if not room.why_not(need, storage)]
        if not able:
            why = {name: room.why_not(need, storage) for name, room in sorted(left.items())}
            return Fit(count.total(), dict(count), False, why)
        best = min(able, key=lambda room: room.score(need, storage, ""))
        count[best.node] += 1
        left = _placed(left, best, need, storage)
    return Fit(count.total(), dict(count), True, {})


def _placed(
    rooms: Mapping[str, NodeRoom], best: NodeRoom, need: Need, storage: str
) -> dict[str, NodeRoom]:
    """The rooms with one more VM promised; a shared storage is the same for every node."""
    shared = best.storages[storage].shared
    found = dict(rooms)
    for name, room in rooms.items():
        if name == best.node:
            room = replace(
                room,
                memory=_promise(room.memory, need.memory_mb),
                cores=_promise(room.cores, need.cores),
                own_by_department={"": room.own_by_department.get("", 0) + 1},
            )
        if (name == best.node or shared) and storage in room.storages:
            disk = room.storages[storage]
            less = replace(disk, disk=_promise(disk.disk, need.disk_gb))
            room = replace(room, storages={**room.storages, storage: less})
        found[name] = room
    return found


def _promise(amount: Amount, more: float) -> Amount:
    return replace(amount, promised=amount.promised + more)


def _sum(amounts: Iterable[Amount]) -> Amount:
    parts = list(amounts)
    return Amount(
        total=sum(one.total for one in parts),
        limit=sum(one.limit for one in parts),
        used=sum(one.used for one in parts),
        promised=sum(one.promised for one in parts),
    )
