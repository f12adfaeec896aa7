"""A change over thirty devices of mixed platforms with a failure at every point in turn.

`python -m tests.integration.mixed_matrix` tries every point: each of the devices, each stage, each
kind of failure, and line by line on one device of each platform. `--every 13` every thirteenth,
`--first N` begins there, `--devices 16,8,6`: how many of IOS, RouterOS and OpenWrt; `--kills`: the
process dies after every batch of calls instead.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioner.errors import StepFailure
from provisioner.lab.devices.plan import CampusPlan
from provisioner.runs.steps.base import Done
from tests.integration.change_stage import KilledError
from tests.integration.device_matrix import STAGES, STANDING, Mortal, Point, finish
from tests.integration.mixed_stage import (
    SLOW_MINUTE,
    MixedStage,
    driven,
    mixed_plan,
    mixed_stage,
    wrongs,
)

CORE = "sw-core-1"
FAST, WHOLE = (18, 12, 0), (16, 8, 6)
"""How many devices of IOS, RouterOS and OpenWrt; access points cost seconds a call."""
_FEW, _MANY = (1,), range(12)
"""After which lines of a session it strikes: on most devices, and on one of each platform."""


def points(plan: CampusPlan) -> list[Point]:
    """All of them, in a fixed order."""
    first = {each.platform: each.name for each in reversed(plan.devices)}
    found = []
    for each in plan.devices:
        lines = _MANY if first[each.platform] == each.name else _FEW
        found += [Point(each.name, *what) for what in _kinds(lines)]
    return found


def _kinds(lines: Sequence[int]) -> Iterator[tuple[str, str, int, bool]]:
    for stage in STAGES:
        for line in lines:
            yield stage, "session-drop", line, False
            if stage != "look" and line:
                yield stage, "device-reboots", line, False
            if stage not in ("look", "verify") and line > 1:
                yield stage, "line-rejected", line, False
        for kind in STANDING:
            yield stage, kind, 0, False
            if stage != "look":
                yield stage, kind, 0, True


class Trial:
    """One point tried on a stage whose devices are as in the beginning."""

    def __init__(self, stage: MixedStage, point: Point) -> None:
        self._stage, self._point = stage, point
        self._struck = self._applied = False
        self._since = 0.0

    def _strike(self, call: str, orders: Mapping[str, Any]) -> None:
        lab, point, settings = self._stage.lab, self._point, self._stage.settings
        if self._struck:
            stands = (settings.timer_minutes + 1) * settings.minute if point.lasting else 0
            if point.kind in STANDING and time.monotonic() > self._since + stands:
                lab.clear()
            return
        self._applied |= call == "apply" and point.host in orders
        now = {"read": "verify" if self._applied else "look"}.get(call, call)
        if point.stage == "revert" and call == "apply" and CORE in orders:
            lab.fault("line-rejected", host=CORE, of="session", after=8)  # the last that is changed
        if now != point.stage or point.host not in orders:
            return
        self._struck, self._since = True, time.monotonic()
        if point.kind in STANDING:
            lab.fault(point.kind, host=point.host, **STANDING[point.kind])
        else:
            lab.fault(point.kind, host=point.host, of="session", after=point.line)

    def run(self, wanted: Mapping[str, Any]) -> Done | StepFailure:
        """Carry the change out, as a person would go on with it after the failure is mended."""
        return finish(self._stage, self._strike, lambda: self._stage.apply(wanted, tries=4))


def judge(stage: MixedStage, before: Mapping[str, str], found: Done | StepFailure) -> list[str]:
    """What does not hold after a trial, and after everything is taken away again."""
    wrong = wrongs(stage, before, found)
    if isinstance(found, Done):
        back = stage.undo(stage.wanted(), tries=4)
        wrong += [] if isinstance(back, Done) else [f"cannot be taken away: {back}"]
        now = stage.lab.configurations()
        wrong += [f"{name} differs after all is away" for name in now if now[name] != before[name]]
    stage.memory.clear()
    stage.told.clear()
    stage.lab.forget()
    return wrong


def try_points(chosen: Sequence[Point], plan: CampusPlan, tell: Callable[[str], None]) -> list[str]:
    """Each of them; what does not hold, by point. A campus that is not whole is not used again."""
    broken: list[str] = []
    waiting = list(chosen)
    while waiting:
        with _stage(plan) as stage:
            before = stage.lab.configurations()
            while waiting:
                point = waiting.pop(0)
                began = time.monotonic()
                found = Trial(stage, point).run(stage.wanted())
                wrong = judge(stage, before, found)
                broken += [f"{point}: {each}" for each in wrong]
                text = "done" if isinstance(found, Done) else f"{found.kind}: {found}"
                tell(f"{time.monotonic() - began:5.1f} s  {point.host} {point.stage} {point.kind} "
                     f"{point.line} {'lasting' if point.lasting else ''}: {text}"
                     f"{''.join(f'  WRONG {each}' for each in wrong)}")  # fmt: skip
                if wrong:
                    break
    return broken


def try_deaths(plan: CampusPlan, every: int, tell: Callable[[str], None]) -> list[str]:
    """The process dies within each batch of calls, after some of its devices; another goes on.

    ``every``: after how many more devices of a batch it dies next.
    """
    broken: list[str] = []
    batch, done = 1, 0
    with _stage(plan) as stage:
        before, fleet = stage.lab.configurations(), stage.fleet
        while True:
            mortal = Mortal(fleet, batch, done)
            stage.fleet = mortal  # type: ignore[assignment]
            try:
                stage.apply(stage.wanted())
                stage.fleet = fleet
                return broken if batch > 4 else ["it hardly did anything"]
            except KilledError:
                stage.fleet = fleet
            found = stage.apply(stage.wanted())
            wrong = [] if isinstance(found, Done) else [f"did not go on: {found}"]
            broken += [f"{batch}.{done}: {e}" for e in wrong + judge(stage, before, found)]
            name, size = mortal.sizes[-1]
            tell(f"killed in batch {batch} ({name}), after {done} of {size} devices")
            batch, done = (batch + 1, 0) if done >= size else (batch, min(done + every, size))


@contextmanager
def _stage(plan: CampusPlan) -> Iterator[MixedStage]:
    slow = any(each.platform == "openwrt" for each in plan.devices)
    with (
        tempfile.TemporaryDirectory() as directory,
        mixed_stage(Path(directory), plan, timer=15 if slow else 10) as stage,
    ):
        yield stage


def campus(ios: int, routeros: int, openwrt: int) -> CampusPlan:
    """The campus; Cisco switches stand where the lab has no RouterOS."""
    minute = {"minute": SLOW_MINUTE} if openwrt else {}
    plan = mixed_plan(ios, routeros, openwrt, **minute)
    return plan if driven(plan) else mixed_plan(ios + routeros, 0, openwrt, **minute)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--devices", default=",".join(map(str, WHOLE)))
    parser.add_argument("--kills", action="store_true", help="die everywhere instead")
    given = parser.parse_args()
    plan = campus(*map(int, given.devices.split(",")))
    if given.kills:
        broken = try_deaths(plan, given.every, _tell)
    else:
        chosen = points(plan)[given.first :: given.every]
        _tell(f"{len(chosen)} of {len(points(plan))} points")
        broken = try_points(chosen, plan, _tell)
    _tell(f"{len(broken)} things do not hold")
    _tell("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
