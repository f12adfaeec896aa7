"""What a service brings so that its requests can be planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from provisioner.plans.claims import Ledger
from provisioner.plans.model import Claim, Plan
from provisioner.texts import Message


@dataclass(frozen=True)
class Subject:
    """The request being planned."""

    number: str
    department: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Objection:
    """The world holds something against a claim of a plan, such as a stranger at its address."""

    claim: Claim
    how: str
    """What was seen, such as ``tcp/22``."""
    what: Message


class ServicePlanner(Protocol):
    """One service's planning; ``read`` and ``objections`` look at the world, ``plan`` is pure.

    Looks raise the failures of ``errors`` (Retriable, ActionNeeded); ``read`` and ``plan`` raise
    Conflict (``not-plannable``, ``no-capacity``, ``plan-changed``).
    """

    def read(self, subject: Subject, pinned: Mapping[str, Any] | None = None) -> Any:
        """Whatever facts ``plan`` wants; with ``pinned``, also what became of those choices."""
        ...

    def plan(
        self,
        subject: Subject,
        facts: Any,
        ledger: Ledger,
        pinned: Mapping[str, Any] | None = None,
    ) -> Plan:
        """The plan, from nothing but its arguments and configuration."""
        ...

    def objections(self, plan: Plan) -> tuple[Objection, ...]:
        """What speaks against the choices of a plan just made; empty when nothing does."""
        ...

    def beside(self, plan: Plan) -> Mapping[str, Any]:
        """What is shown beside a plan just made, asked of the world; outside the digest."""
        ...
