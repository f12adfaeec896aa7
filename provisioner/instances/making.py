"""What stands after a run has succeeded, by service: the instance's row from plan and journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from provisioner.database import now
from provisioner.instances.model import Instance
from provisioner.plans.model import Plan
from provisioner.requests.model import Request
from provisioner.runs.model import Run
from provisioner.runs.starting import end_of, start_of
from provisioner.runs.steps.ownership import CLONE, WAIT_CLONE
from provisioner.runs.steps.proof import PROVE, WAIT_BOOT
from provisioner.services.colocation.steps import HAND_OVER as PLACED
from provisioner.services.internet.steps import HAND_OVER as CONNECTED

VM, EVENT_WIFI, COLOCATION, SITE = "vm", "event_wifi", "colocation", "site"
MIGRATE, FACTS = "vm.migrate", "vm.facts"


@dataclass(frozen=True)
class Finished:
    """A run that has succeeded, with all that its steps remember."""

    run: Run
    request: Request
    plan: Plan
    memory: Mapping[str, Mapping[str, Any]]
    zone: ZoneInfo


def virtual_machine(done: Finished) -> Instance:
    """A VM: where it is, its marks, and what its user needs."""
    plan, request = done.plan, done.request
    made = made_machine(done)
    until = request.details.get("until")
    return _instance(
        done,
        id=f"vm-{plan.choices['cluster']}-{made.vmid}-{done.run.id.removeprefix('run-')[:6]}",
        kind=VM,
        name=str(plan.choices["name"]),
        cluster=str(plan.choices["cluster"]),
        node=made.node,
        vmid=made.vmid,
        uuid=made.uuid,
        addresses=[made.address],
        size=str(request.details["size"]),
        image=str(request.details["image"]),
        facts=made.facts,
        expires_at=_end_of_day(date.fromisoformat(until), done.zone) if until else None,
    )


@dataclass(frozen=True)
class MadeMachine:
    """What a run that made a VM knows of it."""

    vmid: int
    node: str
    uuid: str
    address: str
    facts: dict[str, Any]


def made_machine(done: Finished) -> MadeMachine:
    """From the memory of the run's steps."""
    plan, memory = done.plan, done.memory
    prove = next(step for step in plan.steps if step.key == PROVE).params
    born = memory[WAIT_CLONE]
    return MadeMachine(
        vmid=int(memory[CLONE].get("vmid", plan.choices["vmid"])),
        node=str(memory.get(MIGRATE, {}).get("to", born["node"])),
        uuid=str(born["uuid"]),
        address=str(prove["address"]),
        facts={
            "user": prove["user"],
            "ssh_port": prove["port"],
            "host_key": memory[PROVE].get("host_key"),
            "host_keys": memory[WAIT_BOOT].get("host_keys", []),
            **memory.get(FACTS, {}).get("facts", {}),
        },
    )


def event_wifi(done: Finished) -> Instance:
    """The WiFi of an event: where it is announced, on which network, from when to when."""
    choices = done.plan.choices
    starts_at = start_of(done.plan)
    return _instance(
        done,
        id=f"wifi-{done.request.number.lower()}",
        kind=EVENT_WIFI,
        name=str(done.request.details["event"]),
        addresses=[],
        facts={
            "place": choices["place"],
            "network": choices["network"],
            "ssid": choices["ssid"],
            "security": done.request.details["security"],
            "access_points": list(choices["access_points"]),
            "starts_at": starts_at.isoformat() if starts_at else None,
        },
        expires_at=end_of(done.plan),
    )


def colocation(done: Finished) -> Instance:
    """A department's own server: its place in the rack, its port and its address."""
    choices = done.plan.choices
    placed = next(step.params for step in done.plan.steps if step.key == PLACED)
    return _instance(
        done,
        id=f"colocation-{done.request.number.lower()}",
        kind=COLOCATION,
        name=str(choices["server"]),
        addresses=[str(choices["address"])],
        facts={
            **placed,
            "network": choices["network"],
            "serial": done.memory[PLACED].get("serial"),
        },
        expires_at=end_of(done.plan),
    )


def site(done: Finished) -> Instance:
    """A connected site: its port, its network, its speed and its WiFi."""
    handed = next(step.params for step in done.plan.steps if step.key == CONNECTED)
    return _instance(
        done,
        id=f"site-{done.request.number.lower()}",
        kind=SITE,
        name=f"{handed['title']}, {handed['location']}",
        addresses=[str(handed["cidr"])],
        facts={**handed},
        expires_at=end_of(done.plan),
    )


MAKERS: Mapping[str, Callable[[Finished], Instance]] = {
    "cloud_vps": virtual_machine,
    "event_wifi": event_wifi,
    "colocation": colocation,
    "internet": site,
}
"""By service."""


def _instance(done: Finished, **values: Any) -> Instance:
    return Instance(
        request_id=done.request.id,
        request_number=done.request.number,
        department_id=done.request.department_id,
        created_at=now(),
        made_at=now(),
        **values,
    )


def _end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The end of the last day of use."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
