"""Writes a finished run back on its request: the instance, the hand-over, done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.approvals.model import Approval
from provisioner.database import Database, now
from provisioner.instances.acting import Acted, write_acted, write_suspended, write_tidied
from provisioner.instances.changing import write_changed
from provisioner.instances.ending import write_ended
from provisioner.instances.making import MAKERS, VM, Finished
from provisioner.instances.model import Instance
from provisioner.plans import store as plans
from provisioner.requests.model import Request
from provisioner.requests.rules import RequestState
from provisioner.requests.states import change_state
from provisioner.runs import store as runs
from provisioner.runs.model import Run
from provisioner.runs.rules import Purpose, RunState
from provisioner.runs.steps import network
from provisioner.runs.steps.machine import CONSOLE_PASSWORD
from provisioner.secrets import Handovers, SecretStore
from provisioner.services.troubleshooting.planner import SERVICE as TROUBLESHOOTING

HANDED_OVER = (CONSOLE_PASSWORD, *network.PASSPHRASES)
"""Kinds of secret that the department gets by the one-time link."""


class WriteBack:
    """Handles the outbox topic ``run-finished``; doing it twice is doing it once."""

    def __init__(
        self,
        database: Database,
        secrets: SecretStore,
        handovers: Handovers,
        zone: ZoneInfo,
        grace: timedelta,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._handovers = handovers
        self._zone = zone
        self._grace = grace

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Payload: ``run_id``."""
        with self._database.allocate() as session:
            run = runs.get(session, str(payload["run_id"]), lock=True)
            if run.state != RunState.SUCCEEDED:
                return
            if run.purpose != Purpose.FULFIL:
                self._of_itself(session, run)
                return
            request = runs.request_of(session, run)
            if request.state == RequestState.DONE:
                return
            self._write(session, run, request)
            request.busy = False
            answered = _answered_at(session, run)
            change_state(
                session, request, RequestState.DONE, tag="request:done", correlation=run.id,
                payload={
                    "in_time": request.due_at is None or answered <= request.due_at,
                    "due_at": request.due_at.isoformat() if request.due_at else None,
                },
            )  # fmt: skip

    def _of_itself(self, session: Session, run: Run) -> None:
        """A run that the instance had by itself."""
        if run.purpose == Purpose.END:
            write_ended(session, run.instance_id or "", run.id)
            return
        instance = session.get_one(Instance, run.instance_id, with_for_update=True)
        if run.purpose == Purpose.SUSPEND:
            write_suspended(instance, self._grace)
            events.append(
                session, run.number, "instance:suspended", correlation=run.id,
                payload={"instance": instance.id},
            )  # fmt: skip
        else:
            write_tidied(instance, runs.plan_of(session, run))

    def _write(self, session: Session, run: Run, request: Request) -> None:
        """What the run made, or did with what stands."""
        if request.service == TROUBLESHOOTING:  # it leaves nothing behind but what it says
            plans.release(session, request.id, now())
            return
        action = request.details.get("action")
        if action is not None:
            self._acted(session, run, request, str(action))
            return
        instance = self._made(session, run, request)
        plans.give_to_instance(session, request.id, instance.id)
        self._hand_over(session, request)
        request.instance_id = instance.id
        events.append(
            session, request.number, "instance:created", correlation=run.id,
            payload={"instance": instance.id, "addresses": instance.addresses},
        )  # fmt: skip

    def _acted(self, session: Session, run: Run, request: Request, action: str) -> None:
        request.instance_id = str(request.details["instance"])
        instance = session.get_one(Instance, request.instance_id, with_for_update=True)
        if instance.kind == VM:
            done = self._finished(session, run, request)
            write_acted(Acted(session, instance, done, self._grace))
            if action == "rebuild":
                self._hand_over(session, request)
        elif action == "end":
            write_ended(session, request.instance_id, run.id)
            plans.release(session, request.id, now())
        else:
            if action == "change" and write_changed(
                instance, self._finished(session, run, request)
            ):
                self._hand_over(session, request)
            plans.give_to_instance(session, request.id, request.instance_id)

    def _made(self, session: Session, run: Run, request: Request) -> Instance:
        instance = MAKERS[request.service](self._finished(session, run, request))
        session.add(instance)
        session.flush()
        return instance

    def _finished(self, session: Session, run: Run, request: Request) -> Finished:
        memory = {step.key: step.memory for step in runs.steps(session, run.id)}
        return Finished(run, request, runs.plan_of(session, run), memory, self._zone)

    def _hand_over(self, session: Session, request: Request) -> None:
        found = (self._secrets.find(session, kind, request.number) for kind in HANDED_OVER)
        secrets = [secret for secret in found if secret is not None]
        if secrets and not self._handovers.has(session, request.number):
            self._handovers.create(session, request.number, secrets)


def _answered_at(session: Session, run: Run) -> datetime:
    """When the standard's time stops: now, or the approval where the start lay in the future."""
    if run.begin_at is None or run.begin_at <= run.created_at:
        return now()
    return session.scalars(select(Approval.at).where(Approval.plan_id == run.plan_id)).one()
