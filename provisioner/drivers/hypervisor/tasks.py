"""The task that an order becomes, and where it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from provisioner.errors import StepFailure

TaskStatus = Literal["running", "ok", "failed"]


@dataclass(frozen=True)
class TaskHandle:
    """A task of the cluster; an empty ``id`` says that nothing had to be done."""

    id: str
    node: str


@dataclass(frozen=True)
class TaskState:
    """Where a task is; ``exit`` is the cluster's own word, ``log`` its last lines."""

    status: TaskStatus
    exit: str = ""
    warnings: bool = False
    log: tuple[str, ...] = ()
    failure: StepFailure | None = field(default=None, compare=False)
    """What a failed task means, by who must act; ready to be raised."""
