"""Which mishaps strike a site that is connected, changed or ended, when, and how they strike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.site_stage import SiteOffice

ROUTER = "rt-core-1"
SITES: Mapping[str, tuple[str, ...]] = {
    "skpd": (ROUTER, "sw-core-1", "sw-skpd-1"),
    "smp-1": (ROUTER, "sw-core-1", "sw-smp-1", "ap-smp-1"),
}
ACTIONS = ("connect", "end", "change", "connect-stopped", "change-stopped")
"""``stopped``: a person stops it once the devices are changed; it strikes while it is undone."""
STAGES = ("plan", "look", "apply", "verify", "confirm", "prove", "revert")
STANDING: Mapping[str, Mapping[str, Any]] = {
    "device-slow": {"seconds": 4},
    "device-dead": {},
    "device-mute": {},
    "vty-full": {},
    "login-refused": {},
    "device-key-changed": {},
    "timer-stuck": {},
}
LINES = 30
"""More lines than any session has; points behind the end of one are not reached and not counted."""
TIMER = 10


@dataclass(frozen=True)
class Point:
    """One mishap; ``lasting``: until the timers have fired, or a person is asked."""

    site: str
    action: str
    stage: str
    host: str
    kind: str
    line: int = 0
    lasting: bool = False

    def __str__(self) -> str:
        at = f" at line {self.line}" if self.line else " lasting" if self.lasting else ""
        return f"{self.site} {self.action}/{self.stage} {self.host} {self.kind}{at}"


def points(site: str) -> list[Point]:
    """All of them, in a fixed order; connecting and ending take turns, as one needs the other."""
    found = []
    for stage in STAGES:
        for host in SITES[site]:
            for kind, line, lasting in _kinds(stage):
                for action in ACTIONS:
                    if _makes_sense(action, stage):
                        found.append(Point(site, action, stage, host, kind, line, lasting))
    return found


def _makes_sense(action: str, stage: str) -> bool:
    if action == "end":
        return stage not in ("revert", "plan")
    return not (action.endswith("-stopped") and stage in ("plan", "prove", "revert"))


def _kinds(stage: str) -> Iterator[tuple[str, int, bool]]:
    for kind in STANDING:
        yield kind, 0, False
        if stage not in ("look", "plan"):
            yield kind, 0, True
    for line in range(LINES) if stage != "plan" else ():
        yield "session-drop", line, False
        if line and stage != "look":
            yield "device-reboots", line, False
        if line and stage in ("apply", "confirm", "revert"):
            yield "line-rejected", line, False


@dataclass
class Strike:
    """Lets the point's mishap strike when its stage has come."""

    office: SiteOffice
    point: Point
    armed: bool = True
    stop: Callable[[], object] | None = None
    """Asks to end the run; called once all devices are changed."""
    struck: bool = False
    _since: float = 0.0
    _applied: bool = False
    _confirmed: bool = False
    _spoilt: bool = False
    """The router, which comes last, has refused: so the others are told to go back."""

    def __call__(self, call: str, orders: Mapping[str, Any]) -> None:
        point = self.point
        self._confirmed |= call == "confirm"
        if not self.armed:
            if self.stop and self._confirmed and call == "read":
                self.stop()
                self.armed, self._confirmed = True, False
            return
        if self.struck:
            self._let_go()
            return
        self._applied |= call == "apply" and point.host in orders
        seen = "prove" if self._confirmed else "verify" if self._applied else "look"
        now = seen if call == "read" else call
        if point.stage == "revert" and call == "apply" and ROUTER in orders and not self._spoilt:
            self._spoilt = True
            self.office.devices.fault("line-rejected", host=ROUTER, of="change", after=3)
        if now == point.stage and point.host in orders:
            self.strike()

    def strike(self) -> None:
        self.struck, self._since = True, time.monotonic()
        point, devices = self.point, self.office.devices
        if point.kind not in STANDING:
            devices.fault(point.kind, host=point.host, of="session", after=point.line)
            return
        devices.fault(point.kind, host=point.host, **STANDING[point.kind])
        if point.kind == "timer-stuck":
            devices.fault("device-mute", host=point.host)

    def _let_go(self) -> None:
        lasts = (TIMER + 1) * self.office.minute if self.point.lasting else 0
        if self.point.kind in STANDING and time.monotonic() > self._since + lasts:
            self.office.devices.clear()

    @property
    def reached(self) -> bool:
        """Whether anything happened: a session may have ended before that line."""
        left = {fault["name"] for fault in self.office.devices.state()["faults"]}
        return self.struck and (self.point.kind in STANDING or self.point.kind not in left)
