"""The end of what stands: begun at its time by itself, moved, and written down when it is gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import NotFound, Refused
from provisioner.facts.event_wifi import InstanceFacts
from provisioner.instances.making import EVENT_WIFI
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.own_runs import begin
from provisioner.instances.records import KEYED_BY, details_now, is_ending, making_plan
from provisioner.plans import store as plans
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.runs.rules import Purpose
from provisioner.runs.starting import Enqueue
from provisioner.texts import say

OVERDUE = timedelta(seconds=60)
"""How long after its end something may still stand before a person is told."""


class OffPlan(Protocol):
    """What ends a plan's effect: a pure function of the service."""

    def __call__(self, on: Plan, number: str, ledger: Ledger, *, at: datetime) -> Plan:
        """``ledger``: what others claim; ``at``: the moment of the end."""
        ...


class Endings:
    """Ends instances at their time; every method is harmless to repeat.

    ``off_plans``: by kind of instance. The truth is the instance's row: its end may be moved until
    the moment it is begun.
    """

    def __init__(
        self, database: Database, enqueue: Enqueue, off_plans: Mapping[str, OffPlan]
    ) -> None:
        self._database, self._enqueue, self._off_plans = database, enqueue, off_plans

    def once(self) -> None:
        """Begin every end that is due, and say which are overdue."""
        moment = now()
        standing = (InstanceState.ACTIVE, InstanceState.ATTENTION)
        query = select(Instance).where(
            Instance.kind.in_(self._off_plans),
            Instance.state.in_(standing),
            Instance.expires_at <= moment,
        )
        with self._database.read() as session:
            due = session.scalars(query).all()
        for instance in due:
            if instance.end_run_id is None:
                self._begin(instance.id)
            elif instance.state == InstanceState.ACTIVE and _overdue(instance, moment):
                self._tell_overdue(instance.id)

    def facts(self, instance_id: str) -> InstanceFacts | None:
        """What planning an action on it needs to know; None where there is no such WiFi."""
        with self._database.read() as session:
            instance = session.get(Instance, instance_id)
            if instance is None or instance.kind != EVENT_WIFI or instance.expires_at is None:
                return None
            on = making_plan(session, instance)
            return InstanceFacts(
                id=instance.id,
                number=instance.request_number,
                department=instance.department_id,
                ended=is_ending(instance),
                ends_at=instance.expires_at,
                plan=on.to_json(),
                details=details_now(session, instance),
                keyed_by=str(instance.facts.get(KEYED_BY, instance.request_number)),
            )

    def ends_at(self, instance_id: str) -> datetime | None:
        """When it ends as things stand."""
        with self._database.read() as session:
            return _get(session, instance_id).expires_at

    def prolong(self, instance_id: str, ends_at: datetime | None) -> None:
        """Move its end, or take it away (None). Raises Refused when the end has begun."""
        with self._database.write() as session:
            instance = _get(session, instance_id, lock=True)
            if instance.end_run_id is not None or instance.state == InstanceState.ENDED:
                raise Refused(
                    say("%(name)s is being ended or has ended already.", name=instance.name),
                    meaning=say("Its end cannot be moved any more."),
                    next=say("Enter a new request for the time that is still needed."),
                )
            before, instance.expires_at, instance.warned_days = instance.expires_at, ends_at, None
            if before != ends_at:
                events.append(
                    session, instance.request_number, "instance:prolonged",
                    payload={"instance": instance.id, "before": before and before.isoformat(),
                             "after": ends_at and ends_at.isoformat()},
                )  # fmt: skip

    def note(self, instance_id: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Replace keys of the instance's facts (None removes one); returns what they were."""
        with self._database.write() as session:
            instance = _get(session, instance_id, lock=True)
            before = {key: instance.facts.get(key) for key in values}
            merged = {**instance.facts, **values}
            instance.facts = {k: v for k, v in merged.items() if v is not None}
            return before

    # ------------------------------------------------------------------ inside

    def _begin(self, instance_id: str) -> None:
        with self._database.allocate() as session:
            instance = _get(session, instance_id, lock=True)
            moment = now()
            if instance.end_run_id is not None or (instance.expires_at or moment) > moment:
                return
            on = making_plan(session, instance)
            others = plans.ledger(session, instance.request_id, moment, instance.id)
            off = self._off_plans[instance.kind](on, instance.request_number, others, at=moment)
            run = begin(session, instance, off, Purpose.END, self._enqueue)
            instance.end_run_id = run.id

    def _tell_overdue(self, instance_id: str) -> None:
        with self._database.write() as session:
            instance = _get(session, instance_id, lock=True)
            if instance.state == InstanceState.ACTIVE:
                instance.state = InstanceState.ATTENTION
                text = say("Its time is over, but a part of it still stands")
                events.append(
                    session, instance.request_number, "instance:attention",
                    payload={"instance": instance.id, "text": text.to_json()},
                )  # fmt: skip


def write_ended(session: Session, instance_id: str, run_id: str) -> None:
    """It stands no longer: its reservations are free again. Twice is once."""
    instance = _get(session, instance_id, lock=True)
    if instance.state == InstanceState.ENDED:
        return
    instance.state, instance.ended_at = InstanceState.ENDED, now()
    instance.end_run_id = instance.end_run_id or run_id
    plans.release_instance(session, instance.id, now())
    events.append(
        session, instance.request_number, "instance:ended", correlation=run_id,
        payload={"instance": instance.id},
    )  # fmt: skip


def _get(session: Session, instance_id: str, *, lock: bool = False) -> Instance:
    query = select(Instance).where(Instance.id == instance_id)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFound(say("There is no instance %(id)s.", id=instance_id[:40]))
    return found


def _overdue(instance: Instance, moment: datetime) -> bool:
    return instance.expires_at is not None and moment > instance.expires_at + OVERDUE
