"""A change of twelve switches with one failure at every possible point in turn.

`python -m tests.integration.device_matrix` runs all of it in a fixed order (about an hour and a half);
`--every 12` every twelfth point, `--first N` begins at that point.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.errors import StepFailure
from provisioner.lab.devices.ios import IosDevice
from provisioner.runs.steps.base import Done
from tests.integration.change_stage import MINUTE, TIMER, ChangeStage, change_stage, params

STAGES = ("look", "apply", "verify", "confirm", "revert")
_LINES = {"look": 3, "apply": 9, "verify": 3, "confirm": 3, "revert": 7}
"""Lines of a session in that stage."""
_REFUSED = {"apply": range(4, 10), "confirm": (2, 3), "revert": (4,)}
_STANDING: Mapping[str, Mapping[str, Any]] = {
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
        for kind in _STANDING:
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
            if not point.lasting and point.kind in _STANDING:
                stage.lab.clear()
            elif point.lasting and time.monotonic() > self._since + (TIMER + 1) * MINUTE:
                stage.lab.clear()
            return
        self._applied |= call == "apply" and point.host in orders
        now = {"read": "verify" if self._applied else "look"}.get(call, call)
        if point.stage == "revert" and call == "apply" and point.host in orders:
            stage.lab.fault("line-rejected", host=point.host, of="session", after=8)
        if now != point.stage or point.host not in orders:
            return
        self._struck, self._since = True, time.monotonic()
        if point.kind in _STANDING:
            stage.lab.fault(point.kind, host=point.host, **_STANDING[point.kind])
        else:
            stage.lab.fault(point.kind, host=point.host, of="session", after=point.line)

    def run(self) -> Done | StepFailure:
        """Carry the change out, as a person would go on with it after the failure is mended."""
        stage = self._stage
        wanted = params(list(reversed(stage.lab.hosts())))
        fleet, stage.fleet = stage.fleet, Watched(stage.fleet, self._strike)  # type: ignore[assignment]
        try:
            found = stage.apply(wanted, tries=4)
            record = stage.memory["do"]
            while isinstance(found, StepFailure) and record["phase"] in ("reverting", "decided"):
                stage.lab.clear()
                found = stage.apply(wanted, tries=4)
                record = stage.memory["do"]
        finally:
            stage.fleet = fleet
        stage.lab.clear()
        return found


def wrongs(stage: ChangeStage, before: Mapping[str, str], found: Done | StepFailure) -> list[str]:
    """What does not hold after a trial."""
    told = [tag for tag, _ in stage.told]
    deadline = time.monotonic() + 20
    while not all(stage.lab.reachable(name) for name in before) and time.monotonic() < deadline:
        time.sleep(0.01)
    wrong = []
    running = stage.lab.configurations()
    if isinstance(found, Done):
        wrong += [f"{name} lacks it" for name, has in stage.holding().items() if not has]
        wrong += [] if "device:decided" in told else ["done without a decision on record"]
    else:
        wrong += [f"{name} differs" for name, text in running.items() if text != before[name]]
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


def switch(stage: ChangeStage, name: str) -> IosDevice:
    device = stage.lab.device(name)
    assert isinstance(device, IosDevice)
    return device


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
    with tempfile.TemporaryDirectory() as directory, change_stage(Path(directory)) as stage:
        beginning = Beginning(stage)
        for point in chosen:
            beginning.restore()
            began = time.monotonic()
            found = Trial(stage, point).run()
            wrong = wrongs(stage, beginning.texts, found)
            broken += [f"{point}: {each}" for each in wrong]
            text = "done" if isinstance(found, Done) else f"{found.kind}: {found}"
            seconds = time.monotonic() - began
            tell(f"{seconds:5.1f} s  {point.host} {point.stage} {point.kind} {point.line} "
                 f"{'lasting' if point.lasting else ''}: {text}"
                 f"{''.join(f'  WRONG {each}' for each in wrong)}")  # fmt: skip
    return broken


def all_points() -> list[Point]:
    return points([f"sw-{number:03}" for number in range(1, 13)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    chosen = all_points()[given.first :: given.every]
    broken = try_points(chosen, lambda line: print(line, flush=True))
    print(f"{len(chosen)} points tried, {len(broken)} things do not hold")
    print("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
