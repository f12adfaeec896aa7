"""What has to be true once everything has come to rest; each broken promise is one line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.bootstrap.noticing import OUTWARD
from provisioner.events import Event
from provisioner.instances.model import Instance
from provisioner.outbox import OutboxRow
from provisioner.plans.record import Reservation
from provisioner.requests.model import Request
from provisioner.runs.model import Lease, Run, StepAttempt, StepRecord
from tests.chaos.world import World

STRANGER = "not-ours"
"""The name of the VMs that the lab's fault ``vmid-stranger`` makes."""
TO_DELIVER = (OutboxRow.done_at.is_(None), OutboxRow.topic.not_in(OUTWARD))
"""What is still on its way; news for people is gathered for a minute and delays nothing."""
_MARK = "provisioner: request "
_ONCE = ("request:done", "instance:created", "run:succeeded", "run:started")


def violations(world: World, settled: set[str]) -> list[str]:
    """Broken promises; ``settled`` are the numbers of all requests that were approved."""
    state = world.lab.state()
    ours, others = _by_mark(state["vms"])
    with world.product.database.read() as session:
        rows = list(session.scalars(select(Request).where(Request.number.in_(settled))))
        found = [
            *(line for row in rows for line in _request(world, session, row, ours)),
            *_cluster(rows, state, ours, others, _kept_by_waiting(session)),
            *_ledger(session),
            *_engine(session),
            *_connections(session, world.worker.started),
            *(f"events: {line}" for line in events.verify(session)),
        ]
    missing = settled - {row.number for row in rows}
    return [*found, *(f"{number}: is not on record" for number in sorted(missing))]


def _by_mark(vms: list[dict[str, Any]]) -> tuple[dict[str, list[Any]], list[Any]]:
    """VMs by the request that their description names, and those without a mark."""
    ours: dict[str, list[Any]] = defaultdict(list)
    others = []
    for vm in vms:
        _, found, rest = str(vm["config"].get("description", "")).partition(_MARK)
        if found:
            ours[rest.split()[0].rstrip(".,;")].append(vm)
        else:
            others.append(vm)
    return ours, others


def _request(
    world: World, session: Session, row: Request, ours: dict[str, list[Any]]
) -> Iterator[str]:
    vms = ours.get(row.number, [])
    run = session.get_one(Run, row.run_id)
    if row.state == "done":
        yield from _done(world, session, row, vms)
    elif row.state == "attention" and run.state == "waiting_person":
        if not run.waiting_who or not run.waiting_for or not run.waiting_for.get("next"):
            yield f"{row.number}: waits for a person, but does not say who and for what"
        if len(vms) > 1:
            yield f"{row.number}: waits for a person and has {len(vms)} VMs"
    elif row.state == "attention" and run.state in {"failed", "stopped"}:
        if vms:
            yield f"{row.number}: {run.state}, but VM {vms[0]['vmid']} stands"
        if row.busy or "plan" not in world.product.requests.get(world.budi, row.number).actions:
            yield f"{row.number}: {run.state}, but no technician can plan it anew"
    else:
        yield f"{row.number}: at rest as {row.state}, its run {run.state} ({run.reason})"
    steps = session.scalars(select(StepRecord).where(StepRecord.run_id == run.id))
    yield from (f"{row.number}: step {s.key} is running" for s in steps if s.state == "running")
    tags = Counter(session.scalars(select(Event.tag).where(Event.record == row.number)))
    yield from (f"{row.number}: {t} is told {tags[t]} times" for t in _ONCE if tags[t] > 1)


def _done(world: World, session: Session, row: Request, vms: list[Any]) -> Iterator[str]:
    instance = session.get(Instance, row.instance_id)
    report = world.product.reports.get(world.budi, row.number)
    if not report.proof or not all(proof.passed for proof in report.proof):
        yield f"{row.number}: done without a whole proof"
    if report.handover is None:
        yield f"{row.number}: done without a hand-over"
    if instance is None or len(vms) != 1:
        yield f"{row.number}: done with {len(vms)} VMs, instance {row.instance_id}"
        return
    vm = vms[0]
    if vm["vmid"] != instance.vmid or instance.uuid not in vm["config"]["smbios1"]:
        yield f"{row.number}: the instance is VM {instance.vmid}, the cluster's is {vm['vmid']}"
    if vm["status"] != "running" or not (vm["guest"] or {}).get("booted"):
        yield f"{row.number}: VM {vm['vmid']} does not run"
    if vm["guest"] and vm["guest"]["address"] != instance.addresses[0]:
        yield f"{row.number}: VM {vm['vmid']} has address {vm['guest']['address']}"


def _kept_by_waiting(session: Session) -> set[int]:
    """VMIDs reserved by runs that wait for a person: what they left behind is asked about."""
    query = (
        select(Reservation.key)
        .join(Run, Run.request_id == Reservation.request_id)
        .where(
            Run.state == "waiting_person",
            Reservation.kind == "vmid",
            Reservation.state == "reserved",
        )
    )
    return {int(key) for key in session.scalars(query)}


def _cluster(
    rows: list[Request],
    state: dict[str, Any],
    ours: dict[str, list[Any]],
    others: list[Any],
    waiting: set[int],
) -> Iterator[str]:
    known = {row.number for row in rows}
    for number in sorted(set(ours) - known):
        yield f"cluster: a VM is marked {number}, which was never approved"
    for vm in others:
        if vm["name"] != STRANGER and vm["vmid"] >= 2000 and not vm["template"]:
            yield f"cluster: VM {vm['vmid']} ({vm['name']}, lock {vm['lock']}) has no owner"
    there = {vm["vmid"] for vm in state["vms"]} | waiting
    for volume in state["volumes"]:
        if volume["vmid"] not in there:
            yield f"cluster: volume {volume['volid']} has no VM"
    addresses = Counter(vm["guest"]["address"] for vm in state["vms"] if vm["guest"])
    yield from (f"cluster: {a} is used {n} times" for a, n in addresses.items() if n > 1)


def _ledger(session: Session) -> Iterator[str]:
    requests = {row.id: row for row in session.scalars(select(Request))}
    runs = {run.id: run for run in session.scalars(select(Run))}
    kept: dict[int, Counter[str]] = defaultdict(Counter)
    for claim in session.scalars(select(Reservation)):
        owner = requests[claim.request_id]
        what = f"ledger: {claim.state} {claim.kind} {claim.scope}/{claim.key} of {owner.number}"
        if claim.state == "reserved":
            kept[owner.id][claim.kind] += 1
            if owner.state == "done" and claim.instance_id != owner.instance_id:
                yield f"{what} belongs to no instance"
            if owner.state != "done" and not owner.busy:
                yield f"{what} belongs to no run"
        elif claim.expires_at is None:
            yield f"{what} never ends"
        elif claim.state == "hold" and owner.state != "planned":
            yield f"{what}, which is {owner.state}"
    for id, owner in requests.items():
        if owner.state == "done" and (kept[id]["vmid"], kept[id]["address"]) != (1, 1):
            yield f"ledger: {owner.number} is done and has {dict(kept[id])}"
        if owner.state == "done":
            instance = session.get_one(Instance, owner.instance_id)
            query = select(Reservation.key).where(
                Reservation.request_id == id, Reservation.kind == "vmid"
            )
            if session.scalars(query).first() != str(instance.vmid):
                yield f"ledger: {owner.number} has another VMID than its instance"
    for lease in session.scalars(select(Lease)):
        yield f"lease: {lease.resource} of {runs[lease.run_id].number} ({runs[lease.run_id].state})"


def _engine(session: Session) -> Iterator[str]:
    for attempt in session.scalars(select(StepAttempt).where(StepAttempt.ended_at.is_(None))):
        yield f"journal: an attempt at {attempt.run_id}/{attempt.key} has no end"
    for row in session.scalars(select(OutboxRow).where(*TO_DELIVER)):
        yield f"outbox: {row.topic} {row.payload} was not delivered: {row.error}"
    for status, count in workflows(session).items():
        if status != "SUCCESS":
            yield f"engine: {count} workflows are {status}"


def workflows(session: Session) -> Counter[str]:
    """How many of the engine's workflows there are, by status."""
    schema = "" if session.get_bind().dialect.name == "sqlite" else "dbos."
    query = f"select status, count(*) as total from {schema}workflow_status group by status"  # noqa: S608
    found = session.execute(text(query)).all()
    return Counter({row.status: row.total for row in found})


def _connections(session: Session, started: datetime) -> Iterator[str]:
    """What killed workers had open on PostgreSQL; this process is none and has other names."""
    if session.get_bind().dialect.name == "sqlite":
        return
    query = text(
        "select application_name, state, query from pg_stat_activity"
        " where datname = current_database()"
        " and application_name not in ('', 'dbos_transact_client') and backend_start < :started"
    )
    for name, state, last in session.execute(query, {"started": started}):
        yield f"database: a connection of {name} from an earlier life is {state}: {last}"
