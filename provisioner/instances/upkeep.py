"""What a VM needs by itself as time goes by: warnings, its end in two parts, old snapshots."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database, now
from provisioner.errors import Misconfigured
from provisioner.facts.cloud_vps import VmRecord
from provisioner.instances.making import VM
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.own_runs import begin
from provisioner.instances.records import vm_record
from provisioner.plans.model import Plan
from provisioner.runs import store as runs
from provisioner.runs.rules import ENDED, Purpose
from provisioner.runs.starting import Enqueue
from provisioner.texts import say

log = logging.getLogger(__name__)
_STANDING = (InstanceState.ACTIVE, InstanceState.ATTENTION, InstanceState.SUSPENDED)


class VmPlans(Protocol):
    """The plans that a VM's own runs carry out, and the terms they rest on."""

    @property
    def warn_days(self) -> Sequence[int]:
        """How many days before its end a department is warned."""
        ...

    @property
    def grace(self) -> timedelta:
        """How long it stays, switched off, before it is taken away."""
        ...

    def suspend(self, record: VmRecord, at: datetime) -> Plan:
        """Switch it off and back it up for the last time."""
        ...

    def remove(self, record: VmRecord, at: datetime) -> Plan:
        """Take it away with every trace."""
        ...

    def drop_snapshot(self, record: VmRecord, name: str) -> Plan:
        """Remove one snapshot."""
        ...


class Upkeep:
    """Looks at every VM; ``once`` is harmless to repeat, and finds what is due after any pause."""

    def __init__(self, database: Database, enqueue: Enqueue, plans: VmPlans) -> None:
        self._database, self._enqueue, self._plans = database, enqueue, plans
        self._told: set[str] = set()

    def once(self) -> None:
        """Warn, switch off what has expired, take away what has had its grace, tidy snapshots."""
        moment = now()
        horizon = moment + timedelta(days=max(self._plans.warn_days, default=0))
        due = or_(
            Instance.expires_at <= horizon,
            Instance.remove_at <= moment,
            Instance.next_tidy_at <= moment,
        )
        query = select(Instance.id).where(
            Instance.kind == VM, Instance.state.in_(_STANDING), Instance.end_run_id.is_(None), due
        )
        with self._database.read() as session:
            found = session.scalars(query).all()
        for id in found:
            try:
                with self._database.allocate() as session:
                    instance = session.get_one(Instance, id, with_for_update=True)
                    self._look(session, instance, now())
            except Misconfigured as fault:
                if id not in self._told:  # once: this is looked at every other second
                    self._told.add(id)
                    log.error("instance %s: %s", id, fault)

    def _look(self, session: Session, instance: Instance, moment: datetime) -> None:
        record = vm_record(session, instance)
        if record is None or record.ending or self._busy(session, instance):
            return
        if instance.remove_at is not None:
            if instance.remove_at <= moment:
                self._end(session, instance, record, moment)
            return
        if instance.expires_at is not None and instance.expires_at <= moment:
            self._expire(session, instance, record, moment)
            return
        self._warn(session, instance, moment)
        name = _old_snapshot(instance.facts, moment)
        if name is not None:
            plan = self._plans.drop_snapshot(record, name)
            instance.upkeep_run_id = begin(session, instance, plan, Purpose.TIDY, self._enqueue).id

    def _expire(
        self, session: Session, instance: Instance, record: VmRecord, moment: datetime
    ) -> None:
        if self._plans.grace <= timedelta(0):
            self._end(session, instance, record, moment)
            return
        plan = self._plans.suspend(record, moment)
        instance.upkeep_run_id = begin(session, instance, plan, Purpose.SUSPEND, self._enqueue).id

    def _end(
        self, session: Session, instance: Instance, record: VmRecord, moment: datetime
    ) -> None:
        plan = self._plans.remove(record, moment)
        instance.end_run_id = begin(session, instance, plan, Purpose.END, self._enqueue).id

    def _warn(self, session: Session, instance: Instance, moment: datetime) -> None:
        if instance.expires_at is None:
            return
        left = instance.expires_at - moment
        near = [days for days in self._plans.warn_days if left <= timedelta(days=days)]
        if not near or (instance.warned_days is not None and instance.warned_days <= min(near)):
            return
        instance.warned_days = min(near)
        text = say(
            "%(name)s ends in %(days)d days or less. Ask for an extension in time if it is still "
            "needed.",
            name=instance.name,
            days=min(near),
        )
        events.append(
            session, instance.request_number, "instance:expiring",
            payload={"instance": instance.id, "ends_at": instance.expires_at.isoformat(),
                     "days": min(near), "text": text.to_json()},
        )  # fmt: skip

    @staticmethod
    def _busy(session: Session, instance: Instance) -> bool:
        """Whether a run of its own is under way; one that waits for a person counts too."""
        if instance.upkeep_run_id is None:
            return False
        return runs.get(session, instance.upkeep_run_id).state not in ENDED


def _old_snapshot(facts: dict[str, Any], moment: datetime) -> str | None:
    kept = facts.get("snapshots", {})
    return next(
        (name for name, until in sorted(kept.items()) if until and _moment(until) <= moment), None
    )


def next_tidy(facts: dict[str, Any]) -> datetime | None:
    """When the next snapshot has had its time."""
    return min((_moment(until) for until in facts.get("snapshots", {}).values() if until),
               default=None)  # fmt: skip


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
