"""What came of a request, for those who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from provisioner.checks.catalogue import CATALOGUE
from provisioner.database import Database
from provisioner.errors import NotFound
from provisioner.instances.model import Instance
from provisioner.instances.service import instance_view
from provisioner.instances.views import InstanceView
from provisioner.people.rules import Actor, may_file, may_see
from provisioner.requests import store as requests
from provisioner.requests.model import Request
from provisioner.runs import store as runs
from provisioner.runs.rules import RunState
from provisioner.runs.views import ErrorView, error_view, evidence_view
from provisioner.secrets import Handovers
from provisioner.services.checks import check
from provisioner.texts import render


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProofView(_View):
    """One check as it was made."""

    check: str
    title: str
    target: str
    passed: bool
    evidence: str
    at: datetime


class HandoverView(_View):
    """A one-time link; ``url`` is None once opened or expired, and for those who only look."""

    url: str | None
    expires_at: datetime
    opened_at: datetime | None


class ReportView(_View):
    """What came of the request."""

    number: str
    state: str
    outcome: str | None
    error: ErrorView | None
    instance: InstanceView | None
    proof: list[ProofView]
    handover: HandoverView | None


class ReportService:
    """Reports of all services; read from the record, never computed twice."""

    def __init__(self, database: Database, handovers: Handovers, public_url: str) -> None:
        self._database = database
        self._handovers = handovers
        self._public_url = public_url.rstrip("/")

    def get(self, actor: Actor, number: str) -> ReportView:
        """The report as it stands now. Raises NotFound."""
        with self._database.read() as session:
            request = requests.by_number(session, number)
            if not may_see(actor, request.department_id):
                raise NotFound(requests.no_such_request(number))
            return self._view(session, actor, request)

    def _view(self, session: Session, actor: Actor, request: Request) -> ReportView:
        run = runs.get(session, request.run_id) if request.run_id else None
        proof: list[dict[str, Any]] = []
        error = None
        if run is not None:
            steps = runs.steps(session, run.id)
            failed = run.waiting_for or next((s.error for s in steps if s.error), None)
            if failed and run.state != RunState.SUCCEEDED:
                error = error_view(failed, actor.language)
        row = session.get(Instance, request.instance_id) if request.instance_id else None
        made_here = row is not None and row.request_id == request.id
        ending = row.end_run_id if row is not None and made_here else None
        for run_id in filter(None, (request.run_id, ending)):
            for step in runs.steps(session, run_id):
                proof += [one for one in step.evidence or [] if "check" in one]
        return ReportView(
            number=request.number,
            state=request.state,
            outcome=run.state if run else None,
            error=error,
            instance=instance_view(row, actor) if row else None,
            proof=[_proof_view(one, actor.language) for one in proof],
            handover=self._handover(actor, request),
        )

    def _handover(self, actor: Actor, request: Request) -> HandoverView | None:
        """The link itself is for those only who act for the department; looking is not opening."""
        status = self._handovers.status(request.number)
        if status is None:
            return None
        given = status.token and may_file(actor, request.department_id)
        return HandoverView(
            url=f"{self._public_url}/handover/{status.token}" if given else None,
            expires_at=status.expires_at,
            opened_at=status.opened_at,
        )


def _proof_view(proof: Mapping[str, Any], language: str) -> ProofView:
    known = CATALOGUE.get(proof["check"])
    title = render((known.CHECK if known else check(proof["check"])).title, language)
    return ProofView(title=title, **evidence_view(proof, language))
