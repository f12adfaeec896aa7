"""What a plan for an event's WiFi touches and when, as the pages show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from api.words import TOUCHED, UNTOUCHED, Tag
from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.plans import store as plans
from provisioner.plans.model import Plan
from provisioner.plans.views import ChangeView, PlanView
from provisioner.requests import store as requests
from provisioner.requests.views import EventView
from provisioner.runs import store as runs
from provisioner.runs.starting import LOOKS, end_of, start_of
from provisioner.services.event_wifi.steps import CHANGE


@dataclass(frozen=True)
class DeviceChanges:
    """What a plan changes on one device."""

    host: str
    changes: tuple[ChangeView, ...]


@dataclass(frozen=True)
class Stop:
    """A device on the way, with the ports by which the way enters and leaves it."""

    device: str
    ports: tuple[str, ...]


@dataclass(frozen=True)
class WifiPlan:
    """The devices of a plan, the ways between them, and its times."""

    devices: tuple[DeviceChanges, ...]
    paths: tuple[tuple[Stop, ...], ...]
    begins_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    looks: tuple[datetime, ...]
    """When it will be planned again before its start."""
    timed: bool
    """Devices are changed under a timer."""


def wifi_plan(product: Product, number: str, shown: PlanView) -> WifiPlan | None:
    """What the request's current plan touches; None for another service's."""
    with product.database.read() as session:
        record = plans.current(session, requests.by_number(session, number).id)
        plan = plans.plan(record) if record else None
    if plan is None or plan.service != "event_wifi":
        return None
    starts_at = start_of(plan)
    begins_at = starts_at - timedelta(seconds=plan.expected_seconds) if starts_at else None
    later = begins_at is not None and begins_at > now()
    return WifiPlan(
        devices=tuple(_by_device(plan, shown)),
        paths=tuple(_stops(ports) for ports in plan.choices.get("path", {}).values()),
        begins_at=begins_at if later else None,
        starts_at=starts_at,
        ends_at=end_of(plan),
        looks=tuple(at for span in LOOKS if starts_at and (at := starts_at - span) > now()),
        timed=any(step.kind == CHANGE for step in plan.steps),
    )


def _by_device(plan: Plan, shown: PlanView) -> Iterator[DeviceChanges]:
    """A step's changes stand in the order of its devices, those objects only that it adds."""
    for step, view in zip(plan.steps, shown.steps, strict=True):
        if step.kind != CHANGE:
            continue
        rest = list(view.changes)
        for host, count in _counts(step.params):
            mine, rest = rest[:count], rest[count:]
            if mine:
                yield DeviceChanges(host, tuple(mine))


def _counts(params: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for host in params["wishes"]:
        yield host, sum(found is None for found in params["expected"][host].values())


def _stops(ports: Sequence[str]) -> tuple[Stop, ...]:
    """``ap:eth0, sw:1, sw:24, rt:5`` as three stops."""
    found: dict[str, list[str]] = {}
    for text in ports:
        device, _, port = text.partition(":")
        found.setdefault(device, []).append(port)
    return tuple(Stop(device, tuple(those)) for device, those in found.items())


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
