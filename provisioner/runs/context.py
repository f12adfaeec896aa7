"""Gives a step its memory and its tools."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from provisioner.approvals.model import Approval
from provisioner.database import Database
from provisioner.people.model import Person
from provisioner.plans.model import Step
from provisioner.plans.swap import swap_vmid
from provisioner.runs import journal, store
from provisioner.runs.configurations import Cause
from provisioner.runs.leases import RunDevices, RunSlots
from provisioner.runs.model import Run
from provisioner.runs.steps.base import Context, LastSight
from provisioner.texts import Message

if TYPE_CHECKING:
    from provisioner.runs.runner import Tools


class Memory:
    """What the steps of one run remember; written through to the journal at once.

    Read from the journal once: while it is in use, nobody else carries the run on.
    """

    def __init__(self, database: Database, run_id: str) -> None:
        self._database, self._run_id = database, run_id
        self._kept: dict[str, Mapping[str, Any]] | None = None

    def of(self, key: str) -> Mapping[str, Any]:
        """The memory of one step, as it stands now; empty for a step that the plan left out."""
        if self._kept is None:
            with self._database.read() as session:
                self._kept = {s.key: s.memory for s in store.steps(session, self._run_id)}
        return self._kept.get(key, {})

    def write(self, key: str, values: Mapping[str, Any]) -> None:
        """Change keys of one step's memory; None removes a key. On disk when it returns."""
        with self._database.write() as session:
            step = store.step(session, self._run_id, key)
            merged = {**step.memory, **values}
            step.memory = {k: v for k, v in merged.items() if v is not None}
            flag_modified(step, "memory")
        if self._kept is not None:
            self._kept[key] = step.memory


class _LiveMemory(Mapping[str, Any]):
    """A step's own memory, looked up anew each time."""

    def __init__(self, memory: Memory, key: str) -> None:
        self._memory, self._key = memory, key

    def __getitem__(self, name: str) -> Any:
        return self._memory.of(self._key)[name]

    def __iter__(self) -> Any:
        return iter(self._memory.of(self._key))

    def __len__(self) -> int:
        return len(self._memory.of(self._key))


class _Powers:
    """What steps may do to the record and the books of the request that their run fulfils."""

    def __init__(self, database: Database, tools: Tools, run: Run, step_key: str) -> None:
        self._database, self._tools = database, tools
        self._run_id, self._number, self._request_id = run.id, run.number, run.request_id
        self._step_key = step_key

    def keep_secret(self, kind: str, value: str) -> str:
        with self._database.write() as session:
            kept = self._tools.secrets.find(session, kind, self._number)
            return kept or self._tools.secrets.put(session, kind, self._number, value)

    def find_secret(self, kind: str, number: str | None = None) -> str | None:
        with self._database.read() as session:
            kept = self._tools.secrets.find(session, kind, number or self._number)
        return self._tools.secrets.get(kept) if kept else None

    def other_vmid(self, cluster: str, taken: frozenset[int]) -> int:
        listed = {guest.vmid for guest in self._tools.hypervisors[cluster].facts().guests}
        span = self._tools.clusters[cluster].vmid_range
        with self._database.allocate() as session:
            return swap_vmid(session, self._request_id, cluster, span, set(taken | listed))

    def tell(self, tag: str, text: Message, data: Mapping[str, Any]) -> None:
        with self._database.write() as session:
            step = store.step(session, self._run_id, self._step_key)
            payload = {**data, "text": text.to_json()}
            journal.note(session, store.get(session, self._run_id), tag, step, payload)

    def warn(self, text: Message) -> None:
        with self._database.write() as session:
            run = store.get(session, self._run_id)
            journal.note(session, run, "run:remark", payload={"text": text.to_json()})


def _keep_configuration(
    database: Database, tools: Tools, run: Run, host: str, when: str, text: str
) -> None:
    """In the name of who approved the run's plan; what an instance does by itself is nobody's."""
    approved = select(Person.username).join(Approval, Approval.person_id == Person.id)
    with database.read() as session:
        actor = session.scalar(approved.where(Approval.plan_id == run.plan_id))
    cause = Cause(run.number, run.id, actor or "system")
    tools.configurations.keep(cause, host, when, text)


def make_context(
    database: Database,
    tools: Tools,
    run: Run,
    planned: Mapping[str, Step],
    step: Step,
    memory: Memory,
    sight: LastSight,
) -> Context:
    """Everything that the step may use."""
    powers = _Powers(database, tools, run, step.key)
    return Context(
        run_id=run.id,
        number=run.number,
        step=step,
        memory=_LiveMemory(memory, step.key),
        remember=lambda values: memory.write(step.key, values),
        recall=memory.of,
        planned=lambda key: planned[key].params,
        rewrite=memory.write,
        hypervisors=tools.hypervisors,
        clusters=tools.clusters,
        office_key=tools.office_key(),
        seat=tools.seat,
        guests=tools.guests,
        slots=RunSlots(database, run.id, step.key),
        keep_secret=powers.keep_secret,
        find_secret=powers.find_secret,
        other_vmid=powers.other_vmid,
        warn=powers.warn,
        tell=powers.tell,
        fleet=tools.fleet,
        devices=RunDevices(database, run.id, step.key),
        device_settings=tools.device_settings,
        keep_configuration=partial(_keep_configuration, database, tools, run),
        endings=tools.endings,
        checks=tools.checks,
        settle=tools.settle,
        check_settings=tools.check_settings,
        probes=tools.probes,
        sight=sight,
    )
