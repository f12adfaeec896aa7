"""Compares every VM that stands with our record of it, cluster by cluster; only ever reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database, now
from provisioner.drivers.hypervisor import BackupJob, GuestReading, Hypervisor
from provisioner.errors import NotFound, StepFailure
from provisioner.facts.cloud_vps import Standing, VmRecord
from provisioner.instances import looks
from provisioner.instances.drift_views import (
    ClusterLookView,
    DriftView,
    cluster_view,
    drift_list,
    drift_view,
)
from provisioner.instances.making import VM
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.records import vm_record
from provisioner.people.rules import Actor, may_see, sees_all
from provisioner.requests.model import Request
from provisioner.runs.model import Lease, Run
from provisioner.runs.rules import RunState
from provisioner.services.cloud_vps.drift import Finding, findings
from provisioner.services.cloud_vps.drift_wanted import Expected, expect
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, say

EVERY = timedelta(hours=1)
"""Between two looks at the listing of a cluster."""
THOROUGH = timedelta(hours=20)
"""After which a VM's settings are read though the listing shows nothing new: once a night."""
AT_ONCE = 4
"""VMs of one cluster that are read at the same time."""


@dataclass(frozen=True)
class _Around:
    """What is read once for all VMs of a cluster."""

    guests: Mapping[int, GuestReading]
    pools: Mapping[int, str]
    job: BackupJob | None


class DriftService:
    """Looks, remembers the last look at each VM, and says on its record when that has changed."""

    def __init__(
        self,
        database: Database,
        clusters: Mapping[str, ClusterSettings],
        hypervisors: Mapping[str, Hypervisor],
    ) -> None:
        self._database, self._clusters, self._hypervisors = database, clusters, hypervisors

    def once(self) -> None:
        """Look at every cluster that was not looked at for an hour. Harmless to repeat."""
        moment = now()
        with self._database.read() as session:
            last = looks.looks(session, map(_cluster_subject, self._clusters))
        for cluster in sorted(self._clusters):
            seen = last.get(_cluster_subject(cluster))
            if seen is None or seen.looked_at + EVERY <= moment:
                self.sweep(cluster)

    def sweep(self, cluster: str, *, thorough: bool = False) -> None:
        """Look at all VMs of a cluster now: one listing, and the settings of those that need it.

        Needed: the listing or our record is not what it was, the last look found something or
        failed, or is a night ago (``thorough``: all). A cluster that does not answer is written
        down as such, and what was found before stays.
        """
        try:
            around = self._around(cluster)
        except StepFailure as failure:
            self._keep_cluster(cluster, failure)
            return
        due = self._due(cluster, around, thorough)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(partial(self._look_at, around), due):
                pass
        self._keep_cluster(cluster, [])

    def look(self, actor: Actor, id: str) -> DriftView:
        """Look at one VM now. Raises NotFound, also for what the actor may not see.

        A VM at which a run is at work is not looked at: its last look is given.
        """
        instance = self._visible(actor, id)
        cluster = instance.cluster or ""
        if instance.state != InstanceState.ENDED and cluster in self._hypervisors:
            try:
                self._look_at(self._around(cluster), id)
            except StepFailure as failure:
                self._keep_failure(id, failure)
        return self.get(actor, id)

    def compare(self, id: str) -> tuple[Finding, ...] | None:
        """How one VM differs just now; nothing is kept. None: it stands no longer, or a run is or
        was meanwhile at work on it. Raises as the driver does."""
        with self._database.read() as session:
            record = None if id in at_work(session) else _record(session, id)
        if record is None:
            return None
        found = self._differences(record, self._around(record.cluster))
        with self._database.read() as session:
            stays = id not in at_work(session) and _record(session, id) == record
        return found if stays else None

    def get(self, actor: Actor, id: str) -> DriftView:
        """The last look at one VM. Raises NotFound, also for what the actor may not see."""
        instance = self._visible(actor, id)
        with self._database.read() as session:
            return drift_view(instance, looks.look(session, id), actor.language)

    def list(self, actor: Actor) -> tuple[DriftView, ...]:
        """The VMs whose last look found something or failed, as far as the actor may see them."""
        with self._database.read() as session:
            return drift_list(session, actor, [VM])

    def clusters(self, actor: Actor) -> tuple[ClusterLookView, ...]:
        """When each cluster was looked at, and which did not answer. For the office only."""
        if not sees_all(actor):
            return ()
        with self._database.read() as session:
            last = looks.looks(session, map(_cluster_subject, self._clusters))
        return tuple(
            cluster_view(name, last.get(_cluster_subject(name)), actor.language)
            for name in sorted(self._clusters)
        )

    # ------------------------------------------------------------------ inside

    def _around(self, cluster: str) -> _Around:
        hypervisor, settings = self._hypervisors[cluster], self._clusters[cluster]
        guests = {guest.vmid: guest for guest in hypervisor.facts().guests}
        pools = hypervisor.pools() if settings.pool else {}
        members = {vmid: pool for pool, vmids in pools.items() for vmid in vmids}
        job = hypervisor.backup_job(settings.backup_job) if settings.backup_job else None
        return _Around(guests, members, job)

    def _due(self, cluster: str, around: _Around, thorough: bool) -> Sequence[str]:
        with self._database.read() as session:
            rows = session.scalars(
                select(Instance).where(
                    Instance.kind == VM,
                    Instance.cluster == cluster,
                    Instance.state != InstanceState.ENDED,
                )
            ).all()
            last = looks.looks(session)
            busy = at_work(session)
        oldest = now() - THOROUGH
        due = []
        for row in rows:
            seen = last.get(row.id)
            fresh = (
                seen is not None
                and seen.listing == _digest(row, around)
                and not (seen.found or seen.trouble)
                and seen.looked_at > oldest
            )
            if row.id not in busy and (thorough or not fresh):
                due.append(row.id)
        return due

    def _look_at(self, around: _Around, id: str) -> None:
        """Read one VM and write down the difference; one at which a run works is left alone."""
        with self._database.read() as session:
            record = None if id in at_work(session) else _record(session, id)
        if record is None:
            return
        try:
            found = self._differences(record, around)
        except StepFailure as failure:
            self._keep_failure(id, failure)
            return
        self._keep(record, found, around)

    def _differences(self, record: VmRecord, around: _Around) -> tuple[Finding, ...]:
        expected = expect(record)
        return findings(
            record, self._standing(record, expected, around.job), expected, at=now(),
            pool=around.pools.get(record.vmid),
            look_at_pool=self._clusters[record.cluster].pool is not None,
        )  # fmt: skip

    def _standing(self, record: VmRecord, expected: Expected, job: BackupJob | None) -> Standing:
        hypervisor = self._hypervisors[record.cluster]
        machine = hypervisor.machine(record.vmid)
        standing = Standing(record, machine, backup_job=job)
        if machine is None or not standing.is_ours:
            return standing
        return Standing(
            record, machine,
            pending=hypervisor.pending(machine) if machine.power == "running" else frozenset(),
            snapshots=hypervisor.snapshots(machine) if expected.snapshots else (),
            firewall=hypervisor.firewall(machine) if expected.firewall else None,
            backup_job=job,
        )  # fmt: skip

    def _keep(self, record: VmRecord, found: Sequence[Finding], around: _Around) -> None:
        with self._database.write() as session:
            instance = session.get(Instance, record.id)
            if instance is None or record.id in at_work(session):
                return
            if _record(session, record.id) != record:
                return  # something was done meanwhile; the next look compares with that
            before = looks.look(session, record.id, lock=True)
            was = {_sign(one) for one in before.found} if before else set()
            current = [one.to_json() for one in found]
            if {_sign(one) for one in current} != was:
                events.append(
                    session, record.number, "instance:drift",
                    payload={
                        "instance": record.id, "findings": [one.key for one in found],
                        "text": _told(record.name, found).to_json(),
                    },
                )  # fmt: skip
            looks.keep(session, record.id, current, listing=_digest(instance, around))

    def _keep_failure(self, id: str, failure: StepFailure) -> None:
        with self._database.write() as session:
            looks.keep(session, id, failure)

    def _keep_cluster(self, cluster: str, found: Sequence[Any] | StepFailure) -> None:
        with self._database.write() as session:
            looks.keep(session, _cluster_subject(cluster), found)

    def _visible(self, actor: Actor, id: str) -> Instance:
        with self._database.read() as session:
            row = session.get(Instance, id)
        if row is None or row.kind != VM or not may_see(actor, row.department_id):
            raise NotFound(say("There is no instance %(id)s.", id=id[:40]))
        return row


def at_work(session: Session) -> frozenset[str]:
    """The instances that some run is changing, or has changed and not yet written back."""
    acting = session.scalars(select(Request.details).where(Request.busy))
    named = {str(details["instance"]) for details in acting if "instance" in details}
    given_up = (RunState.FAILED, RunState.STOPPED)
    own = session.scalars(
        select(Instance.id)
        .join(Run, or_(Run.id == Instance.end_run_id, Run.id == Instance.upkeep_run_id))
        .where(Instance.state != InstanceState.ENDED, Run.state.not_in(given_up))
    )
    leases = set(session.scalars(select(Lease.resource).where(Lease.resource.like("vm:%"))))
    held: set[str] = set()
    if leases:
        places = session.execute(
            select(Instance.id, Instance.cluster, Instance.vmid).where(
                Instance.kind == VM, Instance.state != InstanceState.ENDED
            )
        )
        held = {id for id, cluster, vmid in places if f"vm:{cluster}/{vmid}" in leases}
    return frozenset({*named, *own, *held})


def _record(session: Session, id: str) -> VmRecord | None:
    record = vm_record(session, session.get(Instance, id))
    return None if record is None or record.ending else record


def _digest(row: Instance, around: _Around) -> str:
    """Of everything that the listing and our record say without a further call."""
    guest = around.guests.get(row.vmid or 0)
    shown = None if guest is None else (
        guest.node, guest.name, guest.power, guest.template, guest.cores, guest.memory_mb,
        guest.disk_gb, sorted(guest.tags), around.pools.get(guest.vmid),
    )  # fmt: skip
    ours = (row.state, row.node, row.name, row.facts.get("wanted"), row.facts.get("accepted"))
    covers = around.job.covers(row.vmid or 0, around.pools.get(row.vmid or 0)) if around.job else 0
    text = json.dumps([shown, ours, covers], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _sign(finding: Mapping[str, Any]) -> tuple[str, str]:
    return (str(finding["key"]), str(finding["seen"]))


def _told(name: str, found: Sequence[Finding]) -> Message:
    if not found:
        return say("%(name)s is again as our record says.", name=name)
    first = found[0]
    one = say(
        "%(what)s: %(found)s instead of %(expected)s",
        what=first.what, found=first.found, expected=first.expected,
    )  # fmt: skip
    if len(found) == 1:
        return say("%(name)s differs from our record. %(one)s.", name=name, one=one)
    return say(
        "%(name)s differs from our record in %(count)s points. %(one)s.",
        name=name, count=len(found), one=one,
    )  # fmt: skip


def _cluster_subject(cluster: str) -> str:
    return f"cluster:{cluster}"
