"""Making plans: facts read outside, choices and holds in one transaction, choices then probed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from provisioner.database import Database, now
from provisioner.errors import Conflict, Forbidden, NotFound, ProvisionerError
from provisioner.people.rules import Actor, may_plan, may_see
from provisioner.plans import store
from provisioner.plans.diff import Difference, difference
from provisioner.plans.model import Plan
from provisioner.plans.planner import Objection, ServicePlanner, Subject
from provisioner.plans.record import PlanRecord
from provisioner.plans.views import PlanView, plan_view
from provisioner.requests import store as requests
from provisioner.requests.model import Request
from provisioner.requests.rules import PLANNABLE, RequestState
from provisioner.requests.states import change_state, wrong_state
from provisioner.texts import say

HOLD_FOR = timedelta(hours=24)
_TRIES = 8
"""How many answering addresses are passed over before a person has to look at the range."""
_KEEPS_ITS_CLAIMS = frozenset(
    {
        RequestState.PLANNED,
        RequestState.APPROVED,
        RequestState.SCHEDULED,
        RequestState.IN_PROGRESS,
        RequestState.ATTENTION,
        RequestState.DONE,
    }
)


@dataclass(frozen=True)
class _Candidate:
    """A plan with its holds taken, not shown to anybody before its choices have been probed."""

    record: PlanRecord
    plan: Plan
    planner: ServicePlanner


class PlanService:
    """Plans of all services; ``planners`` maps a service's name to what it brings."""

    def __init__(
        self,
        database: Database,
        planners: Mapping[str, ServicePlanner],
        *,
        hold_for: timedelta = HOLD_FOR,
    ) -> None:
        self._database = database
        self._planners = planners
        self._hold_for = hold_for

    def make(self, actor: Actor, number: str) -> PlanView:
        """Make a plan, take its holds, and let it replace the request's earlier one.

        An address where something answers although it is free in our books is passed over and kept
        from others for a while. Raises Forbidden, NotFound, Conflict (``wrong-state``,
        ``no-capacity``, ``not-plannable``), and Retriable or ActionNeeded when the world cannot be
        looked at.
        """
        if not may_plan(actor):
            raise Forbidden(say("Your role does not allow this."))
        objection: Objection | None = None
        for _ in range(_TRIES):
            candidate = self._candidate(actor, number)
            objection = self._objection(candidate)
            if objection is None:
                beside = candidate.planner.beside(candidate.plan)
                return self._publish(actor, number, candidate, beside)
            self._withdraw(candidate, objection)
        raise Conflict(
            say(
                "%(tries)d choices in a row were free in our books but not in truth; the last: "
                "%(what)s Look at the range in the configuration.",
                tries=_TRIES,
                what=objection.what if objection else "",
            ),
            slug="no-capacity",
        )

    def view(self, actor: Actor, number: str) -> PlanView:
        """The request's current plan. Raises NotFound, also where there is none."""
        with self._database.read() as session:
            request = requests.by_number(session, number)
            record = store.current(session, request.id)
            if not may_see(actor, request.department_id) or record is None:
                raise NotFound(say("Request %(number)s has no plan.", number=request.number))
            return plan_view(record, request.number, actor.language)

    def replan_pinned(self, number: str, plan: Plan) -> Difference | None:
        """Make the plan again with all its choices kept; None when it is the same still.

        For the run's look before its first side effect. Takes and gives no claims. Raises the
        failures of ``errors`` when the world cannot be looked at.
        """
        with self._database.read() as session:
            request = requests.by_number(session, number)
            subject = _subject(request)
        planner = self._planner(request)
        try:
            facts = planner.read(subject, plan.choices)
            with self._database.read() as session:
                ledger = store.ledger(session, request.id, now())
            again = planner.plan(subject, facts, ledger, plan.choices)
        except Conflict as conflict:
            return Difference(reason=conflict.what)
        found = difference(plan, again)
        return None if again.digest == plan.digest else found

    def forget(self, request_id: int) -> None:
        """Give back the holds of a request that was returned, rejected or cancelled.

        Idempotent, and harmless when the request has gone on meanwhile: then its newer plan, or
        its run, keeps what it has.
        """
        with self._database.write() as session:
            request = session.get(Request, request_id, with_for_update=True)
            if request is None or request.busy or request.state in _KEEPS_ITS_CLAIMS:
                return
            store.drop_holds(session, request_id)
            store.supersede(session, request_id)

    # ------------------------------------------------------------------ inside

    def _candidate(self, actor: Actor, number: str) -> _Candidate:
        with self._database.read() as session:
            request = self._plannable(session, actor, number)
            subject = _subject(request)
        planner = self._planner(request)
        facts = planner.read(subject)
        with self._database.allocate() as session:
            request = self._plannable(session, actor, number, lock=True)
            if _subject(request) != subject:
                raise wrong_state(request)
            moment = now()
            store.purge_expired(session, moment)
            store.drop_holds(session, request.id)
            plan = planner.plan(subject, facts, store.ledger(session, request.id, moment))
            store.supersede(session, request.id)
            record = PlanRecord(
                id=uuid4().hex,
                request_id=request.id,
                digest=plan.digest,
                body=plan.to_json(),
                made_at=moment,
                made_by=actor.id,
                holds_until=moment + self._hold_for,
                superseded=True,
            )
            session.add(record)
            session.flush()
            store.hold(session, record, plan.claims)
        return _Candidate(record, plan, planner)

    def _objection(self, candidate: _Candidate) -> Objection | None:
        try:
            return next(iter(candidate.planner.objections(candidate.plan)), None)
        except ProvisionerError:
            self._withdraw(candidate, None)
            raise

    def _withdraw(self, candidate: _Candidate, objection: Objection | None) -> None:
        record = candidate.record
        with self._database.allocate() as session:
            if objection is not None:
                store.pass_over(session, record, objection.claim, objection.how, now())
            store.drop_holds_of(session, record)

    def _publish(
        self, actor: Actor, number: str, candidate: _Candidate, beside: Mapping[str, Any]
    ) -> PlanView:
        with self._database.allocate() as session:
            request = self._plannable(session, actor, number, lock=True)
            record = store.by_id(session, candidate.record.id)
            if not store.holds_whole(session, record, now()):
                raise Conflict(
                    say(
                        "Someone else planned request %(number)s at the same moment. Load it "
                        "again to see that plan.",
                        number=request.number,
                    ),
                    slug="plan-changed",
                )
            record.superseded = False
            if beside:
                record.body = {**record.body, "picture": {**record.body["picture"], **beside}}
            change_state(
                session, request, RequestState.PLANNED, tag="request:planned",
                actor=actor.username, payload=_told(record, candidate.plan),
            )  # fmt: skip
            return plan_view(record, request.number, actor.language)

    def _plannable(
        self, session: Session, actor: Actor, number: str, *, lock: bool = False
    ) -> Request:
        request = requests.by_number(session, number, lock=lock)
        if not may_see(actor, request.department_id):
            raise NotFound(say("There is no request %(number)s.", number=number[:40]))
        if request.state not in PLANNABLE or request.busy:
            raise wrong_state(request)
        if store.has_reservations(session, request.id):
            raise wrong_state(request)
        return request

    def _planner(self, request: Request) -> ServicePlanner:
        planner = self._planners.get(request.service)
        if planner is None:
            raise Conflict(
                say("Requests of this service cannot be planned by the program yet."),
                slug="not-plannable",
                extra={"service": request.service},
            )
        return planner


def _subject(request: Request) -> Subject:
    return Subject(request.number, request.department_id, dict(request.details))


def _told(record: PlanRecord, plan: Plan) -> dict[str, Any]:
    return {
        "plan": record.id,
        "digest": record.digest,
        "summary": plan.summary.to_json(),
        "holds_until": record.holds_until.isoformat(),
    }
