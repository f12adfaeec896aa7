"""From a diagnosis to a remedy: a request like any other, and a look whether it helped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from provisioner.checks import store as checks
from provisioner.checks.model import RemedyOffer
from provisioner.checks.records import Records
from provisioner.checks.service import CheckService
from provisioner.checks.tables import CheckRow, Purpose, RemedyRow
from provisioner.checks.words import offers
from provisioner.database import Database
from provisioner.errors import Conflict, Forbidden, NotFound
from provisioner.instances.service import InstanceService
from provisioner.people.rules import Actor, may_operate
from provisioner.requests import store as requests
from provisioner.requests.model import Request
from provisioner.requests.service import RequestService
from provisioner.requests.views import ApplicantIn, NewRequest, RequestView
from provisioner.runs import store as runs
from provisioner.runs.rules import RunState
from provisioner.services.troubleshooting.details import REMEDY
from provisioner.services.troubleshooting.planner import SERVICE
from provisioner.texts import say

INSTANCE = "instance"
"""Kind of the offers that are actions of an instance."""


class Remedies:
    """Asks for remedies that a check offers."""

    def __init__(
        self,
        database: Database,
        service: CheckService,
        requests: RequestService,
        instances: InstanceService,
        records: Records,
    ) -> None:
        self._database, self._service, self._records = database, service, records
        self._requests, self._instances = requests, instances

    def ask(self, actor: Actor, check: str, key: str, reason: str | None = None) -> RequestView:
        """Make the request that a remedy becomes, handed in at once.

        Asked for twice it stays one request as long as that one is open. Raises NotFound,
        Forbidden, Conflict, Invalid.
        """
        if not may_operate(actor):
            raise Forbidden(say("Your role does not allow this."))
        with self._database.read() as session:
            row = self._service.row(session, actor, check)
            asked = checks.remedies(session, check).get(key)
        offer = next((each for _, each in offers(row) if each.key == key), None)
        if offer is None:
            raise NotFound(say("This check offers no such remedy."))
        if asked is not None and (earlier := self._requests.get(actor, asked)).closed_at is None:
            return earlier
        made = self._made(actor, row, offer, reason)
        with self._database.write() as session:
            session.add(RemedyRow(number=made.number, check_id=check, key=key))
        return made

    def _made(
        self, actor: Actor, row: CheckRow, offer: RemedyOffer, reason: str | None
    ) -> RequestView:
        if offer.kind == INSTANCE or offer.kind.startswith(f"{INSTANCE}."):
            said = dict(offer.details)
            action = str(said.pop("action", offer.kind.partition(".")[2]))
            return self._instances.act(actor, str(said.pop("instance")), action, said)
        origin = self._requests.get(actor, self._origin(row))
        details = {**offer.details, "action": REMEDY, "remedy": offer.kind, "check": row.id}
        if reason:
            details["reason"] = reason
        said = {name: value for name, value in details.items() if value != ""}
        made = self._requests.create(
            actor,
            NewRequest(
                service=SERVICE,
                department=origin.department,
                applicant=ApplicantIn.model_validate(origin.applicant),
                details=said,
            ),
        )
        return self._requests.submit(actor, made.number)

    def _origin(self, row: CheckRow) -> str:
        """The request in whose name it is done: that of the check, else of what stands there.

        Raises Conflict(``no-request``).
        """
        if row.request_number is not None:
            return row.request_number
        kind, _, key = row.target.partition(":")
        if kind == "site":
            for stands in self._records.stands(site=key):
                return stands.number
        raise Conflict(
            say(
                "This check belongs to no request. File a request for help with a fault for "
                "%(target)s first; its own check offers the remedy again.",
                target=row.target,
            ),
            slug="no-request",
        )


_OF_THE_OFFICE = frozenset({"device", "cluster", "url"})
"""Kinds of targets that are looked at only when the office says so."""


class OnSubmitted:
    """Handles ``request-submitted``: a complaint is looked at before anybody reads it."""

    def __init__(self, database: Database, service: CheckService) -> None:
        self._database, self._service = database, service

    def __call__(self, payload: Mapping[str, Any]) -> None:
        with self._database.read() as session:
            request = requests.by_number(session, str(payload["number"]))
            known = _has(session, request)
        target = request.details.get("target")
        if request.service != SERVICE or "action" in request.details or not target or known:
            return
        try:
            if self._service.chain(str(target)).target.kind in _OF_THE_OFFICE:
                return  # nobody has the office look at any address or device by writing to it
            self._service.begin(str(target), purpose=Purpose.COMPLAINT, request=request.number)
        except (NotFound, Conflict, Forbidden):
            return  # what it names is not there, or another department's: planning says so


class OnFinished:
    """Handles ``run-finished``: after a remedy that the run did not verify itself."""

    def __init__(self, database: Database, service: CheckService) -> None:
        self._database, self._service = database, service

    def __call__(self, payload: Mapping[str, Any]) -> None:
        with self._database.read() as session:
            run = runs.get(session, str(payload["run_id"]))
            link = session.get(RemedyRow, run.number)
            verified = requests.service_of(run.number) == SERVICE
        if link is None or verified or run.state != RunState.SUCCEEDED:
            return
        try:
            self._service.again(link.check_id)
        except NotFound:
            return  # the check was pruned, or what it looked at has ended


def both(*handlers: Callable[[Mapping[str, Any]], None]) -> Callable[[Mapping[str, Any]], None]:
    """One handler after the other; each is idempotent, as every handler of the outbox."""

    def handle(payload: Mapping[str, Any]) -> None:
        for handler in handlers:
            handler(payload)

    return handle


def _has(session: Session, request: Request) -> bool:
    mine = (CheckRow.request_number == request.number, CheckRow.purpose == Purpose.COMPLAINT)
    return bool(checks.find(session, *mine, limit=1))
