"""What an approval asks of the stage that carries plans out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from provisioner.plans.model import Plan


@dataclass(frozen=True)
class ApprovedPlan:
    """A plan that was approved just now, within the same transaction."""

    request_id: int
    number: str
    plan_id: str
    plan: Plan
    actor: str


class RunStarter(Protocol):
    """Implemented by the runs; handed in by ``bootstrap``, so that both are one commit."""

    def start(self, session: Session, approved: ApprovedPlan) -> str:
        """Make the run and put it in the queue within the caller's transaction; returns its id."""
        ...
