"""A change of twelve switches with one failure at every possible point in turn.

`python -m tests.integration.device_matrix` runs all of it in a fixed order (an hour and a half);
`--every 13` every thirteenth point, `--first N` begins at that point; `--kills`: the process dies
at every writing of the journal and after every device of every batch of calls.
"""

from __future__ import annotations

import argparse
import copy
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.drivers.fleet import Fleet
from provisioner.errors import StepFailure
from provisioner.lab.devices.ios import IosDevice
from provisioner.lab.devices.plan import tree
from provisioner.runs.steps.base import Done
from tests.integration.change_stage import (
    MINUTE,
    TIMER,
    ChangeStage,
    KilledError,
    change_stage,
    params,
    switch,
)

STAGES = ("look", "apply", "verify", "confirm", "revert")
_LINES = {"look": 3, "apply": 9, "verify": 3, "confirm": 3, "revert": 7}
"""Lines of a session in that stage."""
_REFUSED = {"apply": range(4, 10), "confirm": (2, 3), "revert": (4,)}
STANDING: Mapping[str, Mapping[str, Any]] = {
    "device-slow": {"seconds": 4},
    "device-dead": {},
    "device-mute": {},
    "vty-full": {},
    "login-refused": {},
    "device-key-changed": {},
}


@dataclass(frozen=True)
class Point:
    """One failure: on which device, in which stage, what, and after which line of the session.

    ``lasting``: it stands until the timers have fired, or a person is asked.
    """

    host: str
    stage: str
    kind: str
    line: int = 0
    lasting: bool = False


def points(hosts: list[str]) -> list[Point]:
    """All of them, in a fixed order."""
    return [Point(host, *what) for host in hosts for what in _kinds()]


def _kinds() -> Iterator[tuple[str, str, int, bool]]:
    for stage in STAGES:
        for line in range(_LINES[stage] + 1):
            yield stage, "session-drop", line, False
        for line in range(1, _LINES[stage] + 1) if stage != "look" else ():
            yield stage, "device-reboots", line, False
        for line in _REFUSED.get(stage, ()):
            yield stage, "line-rejected", line, False
        for kind in STANDING:
            yield stage, kind, 0, False
            if stage != "look":
                yield stage, kind, 0, True


class Watched:
    """The fleet, with something that happens before and after each batch of calls."""

    def __init__(self, fleet: Any, before: Callable[[str, Any], None]) -> None:
        self._fleet, self._before = fleet, before

    def __getattr__(self, name: str) -> Any:
        if name not in ("read", "apply", "confirm", "revert"):
            return getattr(self._fleet, name)

        def call(orders: Any, *rest: Any) -> Any:
            self._before(name, orders)
            return getattr(self._fleet, name)(orders, *rest)

        return call


class Trial:
    """One point tried on a stage whose devices are as in the beginning."""

    def __init__(self, stage: ChangeStage, point: Point) -> None:
        self._stage, self._point = stage, point
        self._struck = self._applied = False
        self._since = 0.0

    def _strike(self, call: str, orders: Mapping[str, Any]) -> None:
        stage, point = self._stage, self._point
        if self._struck:
            stands = (TIMER + 1) * MINUTE if point.lasting else 0
            if point.kind in STANDING and time.monotonic() > self._since + stands:
                stage.lab.clear()
            return
        self._applied |= call == "apply" and point.host in orders
        now = {"read": "verify" if self._applied else "look"}.get(call, call)
        if point.stage == "revert" and call == "apply" and point.host in orders:
            stage.lab.fault("line-rejected", host=point.host, of="session", after=8)
        if now != point.stage or point.host not in orders:
            return
        self._struck, self._since = True, time.monotonic()
        if point.kind in STANDING:
            stage.lab.fault(point.kind, host=point.host, **STANDING[point.kind])
        else:
            stage.lab.fault(point.kind, host=point.host, of="session", after=point.line)

    def run(self) -> Done | StepFailure:
        """Carry the change out, as a person would go on with it after the failure is mended."""
        wanted = params(list(reversed(self._stage.lab.hosts())))
        return finish(self._stage, self._strike, lambda: self._stage.apply(wanted, tries=4))


def finish(
    stage: Any, strike: Callable[[str, Any], None], apply: Callable[[], Done | StepFailure]
) -> Done | StepFailure:
    """Apply while it strikes; what waits for a person is gone on with after the fault is mended."""
    fleet, stage.fleet = stage.fleet, Watched(stage.fleet, strike)
    try:
        found = apply()
        while isinstance(found, StepFailure) and _phase(stage) in ("reverting", "decided"):
            stage.lab.clear()
            found = apply()
    finally:
        stage.fleet = fleet
    stage.lab.clear()
    return found


def _phase(stage: Any) -> str:
    return str(stage.memory.get("do", {}).get("phase", "new"))


def wrongs(
    stage: ChangeStage, before: Mapping[str, str], found: Done | StepFailure, gone: bool = False
) -> list[str]:
    """What does not hold after a trial; ``gone``: being done means that all is as before."""
    told = [tag for tag, _ in stage.told]
    deadline = time.monotonic() + 20
    while not all(stage.lab.reachable(name) for name in before) and time.monotonic() < deadline:
        time.sleep(0.01)
    wrong = []
    running = stage.lab.configurations()
    if isinstance(found, Done) and not gone:
        wrong += [f"{name} lacks it" for name, has in stage.holding().items() if not has]
    else:
        wrong += [f"{name} differs" for name, text in running.items() if text != before[name]]
    if isinstance(found, StepFailure):
        wrong += ["decided on record, but failed"] if "device:decided" in told else []
        if stage.memory.get("do", {}).get("armed"):
            wrong.append("the record says that something stands")
        if "device:armed" in told and "device:back" not in told:
            wrong.append("nobody was told that it was taken back")
    for name, text in running.items():
        device = switch(stage, name)
        if text != "\n".join(device.startup.lines()) + "\n":
            wrong.append(f"{name}: running and startup differ")
        if device.pending is not None:
            wrong.append(f"{name}: a timer runs")
    return wrong


@dataclass
class Beginning:
    """How all switches were, and a way back to it."""

    stage: ChangeStage

    def __post_init__(self) -> None:
        self._kept = {
            n: copy.deepcopy(switch(self.stage, n).startup) for n in self.stage.lab.hosts()
        }
        self.texts = self.stage.lab.configurations()

    def restore(self) -> None:
        stage = self.stage
        stage.lab.clear()
        for name, kept in self._kept.items():
            device = switch(stage, name)

            def back(device: IosDevice = device, kept: Any = kept) -> None:
                device.confirm()
                device.startup = copy.deepcopy(kept)
                device.running = copy.deepcopy(kept)
                device.changed("")

            stage.lab.call(back)
        stage.lab.forget()
        stage.memory.clear()
        stage.told.clear()


def try_points(chosen: list[Point], tell: Callable[[str], None]) -> list[str]:
    """Each of them on the same lab; what does not hold, by point."""
    broken = []
    with _stage(12) as stage:
        beginning = Beginning(stage)
        for point in chosen:
            beginning.restore()
            began = time.monotonic()
            found = Trial(stage, point).run()
            wrong = wrongs(stage, beginning.texts, found)
            if isinstance(found, Done) and "device:decided" not in [tag for tag, _ in stage.told]:
                wrong.append("done without a decision on record")
            broken += [f"{point}: {each}" for each in wrong]
            text = "done" if isinstance(found, Done) else f"{found.kind}: {found}"
            seconds = time.monotonic() - began
            tell(f"{seconds:5.1f} s  {point.host} {point.stage} {point.kind} {point.line} "
                 f"{'lasting' if point.lasting else ''}: {text}"
                 f"{''.join(f'  WRONG {each}' for each in wrong)}")  # fmt: skip
    return broken


class Mortal:
    """Dies in the Nth batch, when ``done`` of its devices have been spoken to."""

    def __init__(self, fleet: Fleet, batch: int, done: int) -> None:
        self._fleet, self._batch, self._done = fleet, batch, done
        self.sizes: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        if name not in ("read", "apply", "confirm", "revert"):
            return getattr(self._fleet, name)

        def call(orders: Any, *rest: Any) -> Any:
            self.sizes.append((name, len(orders)))
            if len(self.sizes) == self._batch:
                some = dict(list(orders.items())[: self._done])
                getattr(self._fleet, name)(some, *rest)
                raise KilledError
            return getattr(self._fleet, name)(orders, *rest)

        return call


def try_deaths(switches: int, tolerant: bool, tell: Callable[[str], None]) -> list[str]:
    """The process dies after each device of each batch of calls, and another goes on; what does
    not hold. ``tolerant``: the end of an event instead of its beginning."""
    broken = []
    batch, done = 1, 0
    with _stage(switches) as stage:
        beginning, fleet = Beginning(stage), stage.fleet
        wanted = params(list(reversed(stage.lab.hosts())))
        while True:
            beginning.restore()
            if tolerant:
                stage.apply(wanted)
                stage.memory.clear()
                stage.told.clear()
            work = {**wanted, **_ending(wanted)} if tolerant else wanted
            mortal = Mortal(fleet, batch, done)
            stage.fleet = mortal  # type: ignore[assignment]
            try:
                stage.apply(work)
                stage.fleet = fleet
                return broken if batch > 4 else ["it hardly did anything"]
            except KilledError:
                stage.fleet = fleet
            broken += [f"{batch}.{done}: {each}" for each in _went_on(stage, work, beginning)]
            name, size = mortal.sizes[-1]
            tell(f"killed in batch {batch} ({name}), after {done} of {size} devices")
            batch, done = (batch + 1, 0) if done == size else (batch, done + 1)


def try_dying_writings(switches: int, tell: Callable[[str], None]) -> list[str]:
    """The process dies at each writing of the journal, and another goes on."""
    broken = []
    with _stage(switches) as stage:
        beginning = Beginning(stage)
        wanted = params(list(reversed(stage.lab.hosts())))
        for at in range(1, 100):
            beginning.restore()
            stage.written, stage.killed_at = 0, at
            try:
                stage.apply(wanted)
                return broken if at > 4 else ["it hardly wrote anything"]
            except KilledError:
                stage.killed_at = None
            broken += [f"writing {at}: {each}" for each in _went_on(stage, wanted, beginning)]
            tell(f"killed at writing {at}")
    return broken


def _went_on(stage: ChangeStage, work: Mapping[str, Any], beginning: Beginning) -> list[str]:
    found = stage.apply(work)
    if not isinstance(found, Done):
        return [f"did not go on: {found}"]
    if work["tolerant"]:  # all is as before there was an event
        return wrongs(stage, beginning.texts, found, gone=True)
    return wrongs(stage, beginning.texts, found)


def _ending(wanted: Mapping[str, Any]) -> dict[str, Any]:
    off = {
        host: [{**wish, "present": False} for wish in wishes]
        for host, wishes in wanted["wishes"].items()
    }
    return {"wishes": off, "tolerant": True}


@contextmanager
def _stage(switches: int) -> Iterator[ChangeStage]:
    with (
        tempfile.TemporaryDirectory() as directory,
        change_stage(Path(directory), tree(switches, minute=MINUTE)) as stage,
    ):
        yield stage


def all_points() -> list[Point]:
    return points([f"sw-{number:03}" for number in range(1, 13)])


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kills", action="store_true", help="die everywhere instead")
    given = parser.parse_args()
    if given.kills:
        broken = [
            *try_dying_writings(12, _tell), *try_deaths(12, False, _tell),
            *try_deaths(12, True, _tell),
        ]  # fmt: skip
    else:
        broken = try_points(all_points()[given.first :: given.every], _tell)
    _tell(f"{len(broken)} things do not hold")
    _tell("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
