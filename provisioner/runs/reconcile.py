"""Finds runs that nobody carries on any more, and puts them in line again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from provisioner.database import Database, now
from provisioner.runs import journal, store
from provisioner.runs.engine import workflow_id
from provisioner.runs.rules import RunState
from provisioner.runs.starting import Enqueue, partition_of

log = logging.getLogger(__name__)
_RESTING = (RunState.WAITING_PERSON, RunState.SCHEDULED)
YOUNG = timedelta(minutes=1)
"""A run that was approved just now may not be seen by the engine yet."""


def requeue_lost(
    database: Database, under_way: Callable[[Sequence[str]], set[str]], enqueue: Enqueue
) -> int:
    """Begin a new attempt of every open run that the engine has lost; returns how many.

    Table and engine agree by construction (one commit); this is for a database that was restored
    from a copy, or a history deleted by hand.
    """
    with database.read() as session:
        runs = [
            run
            for run in store.unfinished(session)
            if run.state not in _RESTING and run.created_at < now() - YOUNG
        ]
    if not runs:
        return 0
    alive = under_way([workflow_id(run.id, run.attempt) for run in runs])
    lost = [run for run in runs if workflow_id(run.id, run.attempt) not in alive]
    for found in lost:
        with database.write() as session:
            run = store.get(session, found.id, lock=True)
            if run.attempt != found.attempt or run.state != found.state:
                continue
            log.warning("run %s: the engine has lost attempt %s", run.id, run.attempt)
            run.attempt += 1
            journal.note(session, run, "run:resumed")
            partition = partition_of(store.plan_of(session, run))
            enqueue(session, run.id, run.attempt, partition)
    return len(lost)
