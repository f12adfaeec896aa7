"""The label of a server in a rack, and its hand-over sheet, from the approved plan on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.database import Database
from provisioner.errors import NotFound
from provisioner.people.model import Department
from provisioner.plans.model import Plan
from provisioner.requests import store as requests
from provisioner.runs import store as runs
from provisioner.runs.steps.manual import COMPLETED
from provisioner.services.colocation.ending import SERVICE
from provisioner.services.colocation.label import Item, Label, Sheet, label, sheet
from provisioner.services.colocation.steps import HAND_OVER, RACK
from provisioner.texts import say, unpack


@dataclass(frozen=True)
class _Placed:
    """A request whose plan was approved."""

    number: str
    department: str
    details: Mapping[str, Any]
    plan: Plan
    report: Mapping[str, Any]
    """What was said of the racking; empty before it."""

    def params(self, key: str) -> Mapping[str, Any]:
        return next(step.params for step in self.plan.steps if step.key == key)


class Labels:
    """Labels and hand-over sheets; they may be printed before the server arrives."""

    def __init__(self, database: Database, public_url: str) -> None:
        self._database, self._public_url = database, public_url.rstrip("/")

    def label(self, number: str) -> Label:
        """The label. Raises NotFound where no place was approved."""
        found = self._placed(number)
        link = self._link(found)
        return label(found.number, link, found.department, found.params(HAND_OVER))

    def sheet(self, number: str) -> Sheet:
        """The hand-over sheet. Raises NotFound where no place was approved."""
        found = self._placed(number)
        ticked = found.report.get("checklist", {})
        items = [
            Item(unpack(point["text"]), ticked.get(point["key"]) is True)
            for point in found.params(RACK)["checklist"]
        ]
        return sheet(
            found.number, self._link(found), found.department, found.params(HAND_OVER),
            found.details, items, found.report,
        )  # fmt: skip

    def has(self, number: str) -> bool:
        """Whether there is something to print for that request."""
        try:
            self._placed(number)
        except NotFound:
            return False
        return True

    def _link(self, found: _Placed) -> str:
        return f"{self._public_url}/requests/{found.number}"

    def _placed(self, number: str) -> _Placed:
        with self._database.read() as session:
            request = requests.by_number(session, number)
            fits = request.service == SERVICE and "action" not in request.details
            if not fits or request.run_id is None:
                raise NotFound(say("There is no label for %(number)s.", number=number[:40]))
            run = runs.get(session, request.run_id)
            memory = {step.key: step.memory for step in runs.steps(session, run.id)}
            department = session.get(Department, request.department_id)
            return _Placed(
                number=request.number,
                department=department.name if department else request.department_id,
                details=dict(request.details),
                plan=runs.plan_of(session, run),
                report=memory.get(RACK, {}).get(COMPLETED, {}),
            )
