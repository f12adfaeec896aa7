"""Which state of a run or step may follow which; pure."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """What a run is for: what its request asks, or what its instance needs by itself later.

    ``suspend`` switches off what has expired, ``end`` takes it away, ``tidy`` removes what has had
    its time (snapshots).
    """

    FULFIL = "fulfil"
    SUSPEND = "suspend"
    END = "end"
    TIDY = "tidy"


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    WAITING_RETRY = "waiting_retry"
    WAITING_PERSON = "waiting_person"
    UNDOING = "undoing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


class StepState(StrEnum):
    """Where a step stands; ``unchanged`` found everything as it should be."""

    PENDING = "pending"
    RUNNING = "running"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNDONE = "undone"


R = RunState
T = StepState

NEXT_RUN: dict[RunState, frozenset[RunState]] = {
    R.QUEUED: frozenset({R.RUNNING, R.UNDOING, R.STOPPED}),
    R.SCHEDULED: frozenset({R.QUEUED, R.RUNNING, R.STOPPED}),
    R.RUNNING: frozenset(
        {R.WAITING_RETRY, R.WAITING_PERSON, R.UNDOING, R.SUCCEEDED, R.FAILED, R.STOPPED}
    ),
    R.WAITING_RETRY: frozenset({R.RUNNING, R.WAITING_PERSON, R.UNDOING}),
    R.WAITING_PERSON: frozenset({R.QUEUED, R.UNDOING}),
    R.UNDOING: frozenset({R.WAITING_PERSON, R.FAILED, R.STOPPED}),
    R.SUCCEEDED: frozenset(),
    R.FAILED: frozenset(),
    R.STOPPED: frozenset(),
}
"""The one table of run states."""

NEXT_STEP: dict[StepState, frozenset[StepState]] = {
    T.PENDING: frozenset({T.RUNNING, T.SKIPPED}),
    T.RUNNING: frozenset({T.CHANGED, T.UNCHANGED, T.FAILED, T.UNDONE}),
    T.CHANGED: frozenset({T.UNDONE}),
    T.UNCHANGED: frozenset({T.UNDONE}),
    T.SKIPPED: frozenset(),
    T.FAILED: frozenset({T.RUNNING, T.UNDONE}),
    T.UNDONE: frozenset(),
}
"""The one table of step states."""

ENDED = frozenset(state for state, following in NEXT_RUN.items() if not following)
STEP_DONE = frozenset({T.CHANGED, T.UNCHANGED, T.SKIPPED})
