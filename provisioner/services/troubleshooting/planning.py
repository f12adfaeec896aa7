"""What the service troubleshooting brings to the plan service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import Objection, Subject
from provisioner.services.event_wifi.wanted import form
from provisioner.services.troubleshooting.details import RemedyDetails, TroubleDetails
from provisioner.services.troubleshooting.planner import (
    RemedySight,
    TroubleSight,
    plan_diagnosis,
    plan_remedy,
)


class TroubleshootingPlanning:
    """Implements ``plans.planner.ServicePlanner``; reads our own books only.

    ``find`` gives what a target of that department is (Conflict where it is not there),
    ``remedied`` what is known of a remedy's device.
    """

    def __init__(
        self,
        find: Callable[[str, str], TroubleSight],
        remedied: Callable[[RemedyDetails], RemedySight],
    ) -> None:
        self._find, self._remedied = find, remedied

    def read(
        self, subject: Subject, pinned: Mapping[str, Any] | None = None
    ) -> TroubleSight | RemedySight:
        """Raises Conflict(``not-plannable``)."""
        if "action" in subject.details:
            return self._remedied(form(RemedyDetails, subject.details))
        return self._find(str(subject.details["target"]), subject.department)

    def plan(
        self,
        subject: Subject,
        facts: TroubleSight | RemedySight,
        ledger: Ledger,
        pinned: Mapping[str, Any] | None = None,
    ) -> Plan:
        """See ``planner``."""
        if isinstance(facts, RemedySight):
            return plan_remedy(form(RemedyDetails, subject.details), facts, pinned)
        return plan_diagnosis(form(TroubleDetails, subject.details), facts, pinned)

    def objections(self, plan: Plan) -> tuple[Objection, ...]:
        """None: nothing is taken."""
        return ()

    def beside(self, plan: Plan) -> Mapping[str, Any]:
        """Nothing."""
        return {}
