"""Reads from the record what a letter is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from provisioner.checks.service import CheckService
from provisioner.database import Database, now
from provisioner.errors import NotFound
from provisioner.instances.model import Instance
from provisioner.people.model import Department
from provisioner.people.rules import Actor, may_see
from provisioner.reports.letters.content import Matter
from provisioner.reports.letters.rows import LANGUAGE, Made, Proof
from provisioner.reports.letters.rules import Kind, kinds
from provisioner.reports.service import ReportService
from provisioner.requests import store as requests
from provisioner.requests.model import Request


class Gatherer:
    """What is known of a request when its letter is written; reads only."""

    def __init__(self, database: Database, reports: ReportService, checks: CheckService) -> None:
        self._database, self._reports, self._checks = database, reports, checks

    def matter(self, actor: Actor, number: str, kind: Kind) -> Matter:
        """Raises NotFound, also for what the actor may not see."""
        reader = replace(actor, language=LANGUAGE)
        report = self._reports.get(reader, number)
        cause, advice = self._cause(reader, number) if kind is Kind.ANSWER else (None, None)
        with self._database.read() as session:
            request = requests.by_number(session, number)
            department = session.get_one(Department, request.department_id)
            ended = request.details.get("action") == "end"
            made = session.get(Instance, request.instance_id) if request.instance_id else None
            return Matter(
                kind=kind,
                number=number,
                service=request.service,
                department=department.name,
                applicant=request.applicant,
                details=_details(session, request, made),
                received_at=request.received_at or request.submitted_at or request.created_at,
                closed_at=request.closed_at or now(),
                reason=request.reason,
                asked_by=_asked_by(session, request),
                made=_made(made) if made is not None and not ended else None,
                proofs=[Proof(p.title, p.at) for p in report.proof if p.passed],
                cause=cause,
                advice=advice,
            )

    def kinds(self, actor: Actor, number: str) -> list[Kind]:
        """The letters that the request may have now. Raises NotFound."""
        with self._database.read() as session:
            request = requests.by_number(session, number)
            if not may_see(actor, request.department_id):
                raise NotFound(requests.no_such_request(number))
            return kinds_of(request)

    def _cause(self, actor: Actor, number: str) -> tuple[str | None, str | None]:
        """What the newest look that found something says, and what is to be done."""
        for one in self._checks.list(actor, request=number, limit=10):
            if one.cause and (said := self._checks.get(actor, one.id).diagnosis):
                return said.cause, said.next
        return None, None


def kinds_of(request: Request) -> list[Kind]:
    """The letters that the request may have now."""
    return kinds(
        request.service, request.state,
        action="action" in request.details, made=request.instance_id is not None,
    )  # fmt: skip


def _details(session: Session, request: Request, made: Instance | None) -> Mapping[str, Any]:
    """The answers that describe what stands: those of its first request, under the later ones."""
    if made is None or made.request_id == request.id:
        return request.details
    return {**session.get_one(Request, made.request_id).details, **request.details}


def _asked_by(session: Session, request: Request) -> dict[str, Any]:
    letter = requests.letter_of(session, request)
    if letter is None:
        return {}
    return {"number": letter.number, "date": letter.date, "signatory": letter.signatory}


def _made(row: Instance) -> Made:
    return Made(
        kind=row.kind, name=row.name, cluster=row.cluster, node=row.node, vmid=row.vmid,
        addresses=row.addresses, size=row.size, image=row.image, expires_at=row.expires_at,
        facts=row.facts,
    )  # fmt: skip
