"""What a plan touches on network devices and when, as the pages show it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from api.campus import distances
from api.words import TOUCHED, UNTOUCHED, Tag
from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.drivers.network import Wish
from provisioner.plans import store as plans
from provisioner.plans.model import Plan
from provisioner.plans.views import ChangeView, PlanView
from provisioner.requests import store as requests
from provisioner.requests.views import EventView
from provisioner.runs import store as runs
from provisioner.runs.starting import LOOKS, end_of, start_of
from provisioner.services.wishes import CHANGE
from provisioner.texts import Message, say


@dataclass(frozen=True)
class DeviceChanges:
    """What a plan changes on one device; a step that people do stands by its title."""

    host: str
    changes: tuple[ChangeView, ...]


@dataclass(frozen=True)
class Stop:
    """A device on the way, with the ports by which the way enters and leaves it."""

    device: str
    ports: tuple[str, ...]
    icon: str


@dataclass(frozen=True)
class WayDrawing:
    """From the far end to the router; devices that stand in for each other share a place."""

    start: str
    stops: tuple[tuple[Stop, ...], ...]

    @property
    def redundant(self) -> bool:
        return any(len(those) > 1 for those in self.stops)


@dataclass(frozen=True)
class WifiPlan:
    """The devices of a plan, the ways between them, and its times."""

    devices: tuple[DeviceChanges, ...]
    paths: tuple[WayDrawing, ...]
    begins_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    looks: tuple[datetime, ...]
    """When it will be planned again before its start."""
    timed: bool
    """Devices are changed under a timer."""
    what: Message
    """What begins and ends at these times."""


def wifi_plan(product: Product, number: str, shown: PlanView) -> WifiPlan | None:
    """What the request's current plan touches; None where it changes no device."""
    with product.database.read() as session:
        record = plans.current(session, requests.by_number(session, number).id)
        plan = plans.plan(record) if record else None
    if plan is None or not any(step.kind == CHANGE for step in plan.steps):
        return None
    starts_at = start_of(plan)
    begins_at = starts_at - timedelta(seconds=plan.expected_seconds) if starts_at else None
    later = begins_at is not None and begins_at > now()
    return WifiPlan(
        devices=tuple(_by_device(plan, shown)),
        paths=tuple(_drawn(product, ports) for ports in _ways(plan)),
        begins_at=begins_at if later else None,
        starts_at=starts_at,
        ends_at=end_of(plan),
        looks=tuple(at for span in LOOKS if starts_at and (at := starts_at - span) > now()),
        timed=any(step.kind == CHANGE for step in plan.steps),
        what=_WHAT.get(plan.service, _WHAT["event_wifi"]),
    )


_WHAT = {
    "event_wifi": say("The WiFi ends by itself and is removed."),
    "internet": say("The connection ends by itself and is removed."),
    "colocation": say("The place ends by itself and is cleared."),
}


def _ways(plan: Plan) -> list[Sequence[str]]:
    """The ports on each way to the router; that of a site begins with the port it is given."""
    path, choices = plan.choices.get("path", ()), plan.choices
    ways = list(path.values()) if isinstance(path, Mapping) else [path] if path else []
    given = f"{choices.get('switch')}:{choices.get('port')}"
    own = choices.get("switch") if plan.service == "internet" else None
    return [[given, *way] if way and way[0].partition(":")[0] == own else way for way in ways]


def _by_device(plan: Plan, shown: PlanView) -> Iterator[DeviceChanges]:
    """A step's changes stand in the order of its devices, as many as it changes on each."""
    for step, view in zip(plan.steps, shown.steps, strict=True):
        if step.kind != CHANGE:
            if view.changes:
                yield DeviceChanges(view.title, view.changes)
            continue
        rest = list(view.changes)
        for host, count in _counts(step.params):
            mine, rest = rest[:count], rest[count:]
            if mine:
                yield DeviceChanges(host, tuple(mine))


def _counts(params: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """What is added, gets other values, or is taken away."""
    for host, wishes in params["wishes"].items():
        before = params["expected"].get(host, {})
        yield host, sum(_changes(wish, before) for wish in map(Wish.from_json, wishes))


def _changes(wish: Wish, before: Mapping[str, Any]) -> bool:
    there = before.get(wish.intent.key)
    if there is None or not wish.present:
        return True
    return Wish.from_json({"present": True, **there}).intent != wish.intent


def _drawn(product: Product, ports: Sequence[str]) -> WayDrawing:
    """``ap:eth0, sw:1, sw:24, rt:5`` as three stops, those equally far from the router as one."""
    hosts, far = product.hosts(), distances(product)
    found: dict[str, list[str]] = {}
    for text in ports:
        device, _, port = text.partition(":")
        found.setdefault(device, []).append(port)
    levels: dict[int, list[Stop]] = {}
    for place, (device, those) in enumerate(found.items()):
        groups = hosts[device].groups if device in hosts else frozenset()
        level = far.get(device, -1 - place)
        levels.setdefault(level, []).append(Stop(device, tuple(those), _icon(groups)))
    return WayDrawing(next(iter(found)), tuple(map(tuple, levels.values())))


def _icon(groups: Collection[str]) -> str:
    if "routers" in groups:
        return "router"
    return "switch" if "switches" in groups else "wifi"


def devices_of_run(
    session: Session, run_id: str, step: str, events: Sequence[EventView]
) -> list[tuple[str, Tag]]:
    """Each device of a step that changes several, and how far the newest event says it is."""
    plan = runs.plan_of(session, runs.get(session, run_id))
    params = next((s.params for s in plan.steps if s.key == step and s.kind == CHANGE), None)
    if params is None:
        return []
    newest = {
        host: TOUCHED[event.tag]
        for event in events
        if event.tag in TOUCHED and event.correlation == run_id
        for host in (event.data or {}).get("hosts", ())
    }
    return [(host, newest.get(host, UNTOUCHED)) for wave in params["waves"] for host in wave]


def diff_by_device(diff: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The lines of a step's difference under the device that ``[name]`` announces."""
    found: list[tuple[str, list[str]]] = []
    for line in diff:
        if line.startswith("[") and line.endswith("]"):
            found.append((line[1:-1], []))
        elif found:
            found[-1][1].append(line)
        else:
            found.append(("", [line]))
    return found
