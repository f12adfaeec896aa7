"""Gives a step its memory and its tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm.attributes import flag_modified

from provisioner.database import Database
from provisioner.plans.model import Step
from provisioner.plans.swap import swap_vmid
from provisioner.runs import journal, store
from provisioner.runs.leases import RunSlots
from provisioner.runs.model import Run
from provisioner.runs.steps.base import Context
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


def make_context(
    database: Database,
    tools: Tools,
    run: Run,
    planned: Mapping[str, Step],
    step: Step,
    memory: Memory,
) -> Context:
    """Everything that the step may use."""
    run_id, number, request_id = run.id, run.number, run.request_id

    def keep_secret(kind: str, value: str) -> str:
        with database.write() as session:
            kept = tools.secrets.find(session, kind, number)
            return kept or tools.secrets.put(session, kind, number, value)

    def find_secret(kind: str) -> str | None:
        with database.read() as session:
            kept = tools.secrets.find(session, kind, number)
        return tools.secrets.get(kept) if kept else None

    def other_vmid(cluster: str, taken: frozenset[int]) -> int:
        listed = {guest.vmid for guest in tools.hypervisors[cluster].facts().guests}
        with database.allocate() as session:
            return swap_vmid(
                session, request_id, cluster, tools.clusters[cluster].vmid_range,
                set(taken | listed),
            )  # fmt: skip

    def warn(text: Message) -> None:
        with database.write() as session:
            journal.note(
                session, store.get(session, run_id), "run:remark", payload={"text": text.to_json()}
            )

    return Context(
        run_id=run_id,
        number=number,
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
        slots=RunSlots(database, run_id, step.key),
        keep_secret=keep_secret,
        find_secret=find_secret,
        other_vmid=other_vmid,
        warn=warn,
        settle=tools.settle,
    )
