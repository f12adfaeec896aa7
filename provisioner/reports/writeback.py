"""Writes a finished run back on its request: the instance, the hand-over, done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database, now
from provisioner.instances.model import Instance
from provisioner.plans import store as plans
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.requests.states import change_state
from provisioner.runs import store as runs
from provisioner.runs.model import Run
from provisioner.runs.rules import RunState
from provisioner.runs.steps.machine import CONSOLE_PASSWORD
from provisioner.runs.steps.ownership import CLONE, WAIT_CLONE
from provisioner.runs.steps.proof import PROVE, WAIT_BOOT
from provisioner.secrets import Handovers, SecretStore


class WriteBack:
    """Handles the outbox topic ``run-finished``; doing it twice is doing it once."""

    def __init__(
        self, database: Database, secrets: SecretStore, handovers: Handovers, zone: ZoneInfo
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._handovers = handovers
        self._zone = zone

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Payload: ``run_id``."""
        with self._database.write() as session:
            run = runs.get(session, str(payload["run_id"]), lock=True)
            request = runs.request_of(session, run)
            if run.state != RunState.SUCCEEDED or request.state == RequestState.DONE:
                return
            instance = self._instance(session, run, request)
            plans.give_to_instance(session, request.id, instance.id)
            secret = self._secrets.find(session, CONSOLE_PASSWORD, request.number)
            if secret:
                self._handovers.create(session, request.number, [secret])
            request.instance_id, request.busy = instance.id, False
            events.append(
                session, request.number, "instance:created", correlation=run.id,
                payload={"instance": instance.id, "addresses": instance.addresses},
            )  # fmt: skip
            change_state(
                session, request, RequestState.DONE, tag="request:done", correlation=run.id,
                payload={
                    "in_time": request.due_at is None or now() <= request.due_at,
                    "due_at": request.due_at.isoformat() if request.due_at else None,
                },
            )  # fmt: skip

    def _instance(self, session: Session, run: Run, request: Request) -> Instance:
        plan = runs.plan_of(session, run)
        memory = {step.key: step.memory for step in runs.steps(session, run.id)}
        prove = next(step for step in plan.steps if step.key == PROVE).params
        vmid = int(memory[CLONE].get("vmid", plan.choices["vmid"]))
        until = request.details.get("until")
        instance = Instance(
            id=f"vm-{plan.choices['cluster']}-{vmid}-{run.id.removeprefix('run-')[:6]}",
            kind="vm",
            request_id=request.id,
            request_number=request.number,
            department_id=request.department_id,
            name=str(plan.choices["name"]),
            cluster=str(plan.choices["cluster"]),
            node=str(memory[WAIT_CLONE]["node"]),
            vmid=vmid,
            uuid=str(memory[WAIT_CLONE]["uuid"]),
            addresses=[str(prove["address"])],
            size=str(request.details["size"]),
            image=str(request.details["image"]),
            facts={
                "user": prove["user"],
                "ssh_port": prove["port"],
                "host_key": memory[PROVE].get("host_key"),
                "host_keys": memory[WAIT_BOOT].get("host_keys", []),
            },
            created_at=now(),
            expires_at=_end_of(date.fromisoformat(until), self._zone) if until else None,
        )
        session.add(instance)
        session.flush()
        return instance


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    """The end of the last day of use."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
