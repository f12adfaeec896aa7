"""What people do with checks: have one made, look at it while it runs, look back."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.checks import store
from provisioner.checks.chain import Chain
from provisioner.checks.chaining import chain_of
from provisioner.checks.ground import KINDS, Ground, parse_target
from provisioner.checks.model import Check, Diagnosis, Result, Target
from provisioner.checks.records import Records
from provisioner.checks.rules import Rule
from provisioner.checks.tables import BY_PEOPLE, OPEN, CheckRow, Purpose
from provisioner.checks.targets import target_of_request, unknown_checks
from provisioner.checks.views import (
    CatalogueView,
    CheckSummary,
    CheckView,
    RuleView,
    StationView,
)
from provisioner.checks.words import Words, catalogue_view, rule_view, stations
from provisioner.database import Database
from provisioner.errors import FieldError, Forbidden, Invalid, NotFound
from provisioner.people.rules import Actor, may_file, may_operate, may_see, sees_all
from provisioner.requests import store as requests
from provisioner.texts import Message, say


@dataclass(frozen=True)
class Outcome:
    """A check for other parts of the product: values instead of words."""

    id: str
    target: str
    title: str
    state: str
    colour: str | None
    ended_at: datetime
    results: tuple[Result, ...]
    diagnosis: Diagnosis | None
    """None where it was broken off."""


@dataclass(frozen=True)
class _Subject:
    """What is to be checked, on whose record, and who may see it."""

    target: Target
    number: str | None = None
    instance: str | None = None
    department: str | None = None


_BESIDE_REMEDIES = frozenset({"device.uptime", "config.others"})
"""What no remedy mends, and one may bring about: a device whose power is cycled has just
restarted."""


class CheckService:
    """Checks of all targets."""

    def __init__(
        self,
        database: Database,
        ground: Callable[[], Ground],
        records: Records,
        catalogue: Mapping[str, Check],
        rules: Sequence[Rule],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """``ground``: all that may be checked, as it is now; ``wake`` tells the worker of this
        process that there is something to do."""
        self._database, self._ground, self._records = database, ground, records
        self._wake = wake
        self._catalogue, self._rules = catalogue, rules
        self._words = Words(catalogue, _first(rules))

    def start(
        self,
        actor: Actor,
        *,
        target: str | None = None,
        request: str | None = None,
        instance: str | None = None,
        checks: Collection[str] | None = None,
        purpose: str = Purpose.ASKED,
    ) -> CheckView:
        """Have a target checked, what a request is about, or an instance; one of the three.

        ``checks``: only those, the standard set without. Technicians check anything, a department
        its own instances. Raises Invalid, NotFound, Conflict, Forbidden.
        """
        given = {"target": target, "request": request, "instance": instance}
        named = {key: value for key, value in given.items() if value}
        if len(named) != 1:
            one = say("name either a target, a request or an instance")
            raise Invalid([FieldError("/target", one)])
        if purpose not in BY_PEOPLE:
            raise Invalid([FieldError("/purpose", say("is not known"))])
        wanted = sorted(set(checks or ()))
        unknown_checks(wanted, self._catalogue)
        subject = self._subject(actor, **named)
        self._may_start(actor, subject)
        row = self._add(subject, purpose, wanted, actor.username)
        return self._words.view(row, None, {}, actor)

    def begin(
        self,
        target: str,
        *,
        purpose: str,
        request: str | None = None,
        instance: str | None = None,
        checks: Collection[str] | None = None,
    ) -> str:
        """Have a target checked by the product itself; the id.

        ``request``: on whose record it is told; an open check of that purpose for it is taken
        instead of a new one. Raises NotFound for what is not there, Forbidden where a request
        names what is another department's.
        """
        subject = self._for_request(self._parse(target), request, instance)
        if subject.number is not None:
            with self._database.read() as session:
                found = store.find(
                    session, CheckRow.request_number == subject.number,
                    CheckRow.purpose == purpose, CheckRow.target == str(subject.target),
                    CheckRow.state.in_(OPEN), limit=1,
                )  # fmt: skip
            if found:
                return found[0].id
        return self._add(subject, purpose, sorted(set(checks or ())), "system").id

    def again(self, id: str) -> str:
        """Have only that checked again which was red in an earlier check; the id.

        One that is still open is taken instead of a new one. Raises NotFound.
        """
        with self._database.read() as session:
            row = store.get(session, id)
            mine = (CheckRow.again_of == id, CheckRow.state.in_(OPEN))
            if found := store.find(session, *mine, limit=1):
                return found[0].id
        results = map(Result.from_json, row.results)
        red = {each.check for each in results if each.passed is False}
        wanted = sorted(red - _BESIDE_REMEDIES or red)
        subject = _Subject(
            self._parse(row.target), row.request_number, row.instance_id, row.department_id
        )
        return self._add(subject, Purpose.REMEDY, wanted, "system", again_of=id).id

    def outcome(self, id: str) -> Outcome | None:
        """What a check gave, as values; None while it is under way. Raises NotFound."""
        with self._database.read() as session:
            row = store.get(session, id)
        if row.ended_at is None:
            return None
        return Outcome(
            id=row.id,
            target=row.target,
            title=row.title,
            state=row.state,
            colour=row.colour,
            ended_at=row.ended_at,
            results=tuple(map(Result.from_json, row.results)),
            diagnosis=Diagnosis.from_json(row.diagnosis) if row.diagnosis is not None else None,
        )

    def chain(self, text: str) -> Chain:
        """What lies between the users of a target and the core. Raises NotFound, Conflict."""
        ground = self._ground()
        return chain_of(parse_target(text, ground), ground)

    def get(self, actor: Actor, id: str) -> CheckView:
        """One check, with what was found so far. Raises NotFound, also for what is not theirs."""
        with self._database.read() as session:
            row = self.row(session, actor, id)
            green = row.comparison and row.comparison["green"]
            earlier = session.get(CheckRow, green) if green else None
            asked = store.remedies(session, id)
        at = earlier.asked_at if earlier else None
        return self._words.view(row, at, asked, actor)

    def progress(self, actor: Actor, id: str) -> CheckSummary:
        """How far it is, for whoever polls. Raises like ``get``."""
        with self._database.read() as session:
            return self._words.summary(self.row(session, actor, id), actor.language)

    def list(
        self,
        actor: Actor,
        *,
        target: str | None = None,
        request: str | None = None,
        instance: str | None = None,
        limit: int = 50,
    ) -> builtins.list[CheckSummary]:
        """Checks that the actor may see, the newest first."""
        conditions: builtins.list[ColumnElement[bool]] = []
        if target is not None:
            conditions.append(CheckRow.target == self._as_kept(target))
        if request is not None:
            conditions.append(CheckRow.request_number == request)
        if instance is not None:
            conditions.append(CheckRow.instance_id == instance)
        if not sees_all(actor):
            conditions.append(CheckRow.department_id == (actor.department or "-"))
        with self._database.read() as session:
            rows = store.find(session, *conditions, limit=limit)
        return [self._words.summary(row, actor.language) for row in rows]

    def way(self, actor: Actor, id: str) -> builtins.list[StationView]:
        """The stations of a check, as far as they still stand; for the office only."""
        with self._database.read() as session:
            row = self.row(session, actor, id)
        if not sees_all(actor):
            return []
        kind, _, key = row.target.partition(":")
        try:
            chain = chain_of(Target(kind, key), self._ground())  # type: ignore[arg-type]
        except NotFound:
            return []
        return stations(row, chain)

    def last_of_sites(self, actor: Actor) -> Mapping[str, CheckSummary]:
        """Target (``site:KEY``) to the last check of it that is over; for the office only."""
        if not sees_all(actor):
            return {}
        with self._database.read() as session:
            rows = store.last_of_each(session, "site:")
        return {row.target: self._words.summary(row, actor.language) for row in rows}

    def catalogue(self, actor: Actor) -> builtins.list[CatalogueView]:
        """All checks that there are."""
        found = sorted(self._catalogue.items())
        return [catalogue_view(check, actor.language) for _, check in found]

    def rules(self, actor: Actor) -> builtins.list[RuleView]:
        """All rules, from finding to cause."""
        found = sorted(self._rules, key=lambda rule: rule.finding)
        return [rule_view(rule, actor.language) for rule in found]

    def row(self, session: Session, actor: Actor, id: str) -> CheckRow:
        """The row of a check that the actor may see. Raises NotFound."""
        row = store.get(session, id)
        allowed = (
            may_see(actor, row.department_id) if row.department_id is not None else sees_all(actor)
        )
        if not allowed:
            raise NotFound(store.no_such_check(id))
        return row

    # ------------------------------------------------------------------ inside

    def _parse(self, text: str) -> Target:
        return parse_target(text, self._ground())

    def _as_kept(self, text: str) -> str:
        """Also of what is not there any more."""
        return text if text.partition(":")[0] in KINDS else str(self._parse(text))

    def _subject(
        self,
        actor: Actor,
        target: str | None = None,
        request: str | None = None,
        instance: str | None = None,
    ) -> _Subject:
        if request is not None:
            with self._database.read() as session:
                row = requests.by_number(session, request)
                if not may_see(actor, row.department_id):
                    raise NotFound(requests.no_such_request(request))
            found = target_of_request(row, self._parse)
            if found.kind != "instance":
                return _Subject(found, row.number, None, row.department_id)
            stands = next(iter(self._records.stands(instance=found.key)), None)
            if stands is None or stands.department != row.department_id:
                raise NotFound(_no_such_instance(found.key))
            return _Subject(found, row.number, found.key, row.department_id)
        found = Target("instance", instance) if instance else self._parse(str(target))
        if found.kind != "instance":
            return _Subject(found)
        stands = next(iter(self._records.stands(instance=found.key)), None)
        if stands is None or not may_see(actor, stands.department):
            raise NotFound(_no_such_instance(found.key))
        return _Subject(found, stands.number, stands.instance, stands.department)

    def _for_request(self, target: Target, number: str | None, instance: str | None) -> _Subject:
        """The subject of a check that nobody asks for in person."""
        stands = None
        if target.kind == "instance":
            stands = next(iter(self._records.stands(instance=target.key)), None)
        if number is None:
            if stands is None:
                return _Subject(target, None, instance)
            return _Subject(target, stands.number, stands.instance, stands.department)
        with self._database.read() as session:
            department = requests.by_number(session, number).department_id
        if stands is not None and stands.department != department:
            raise Forbidden(say("%(target)s is another department's.", target=str(target)))
        return _Subject(target, number, stands.instance if stands else instance, department)

    def _may_start(self, actor: Actor, subject: _Subject) -> None:
        own = subject.instance is not None and subject.department is not None
        if may_operate(actor) or (own and may_file(actor, str(subject.department))):
            return
        raise Forbidden(say("Your role does not allow this."))

    def _add(
        self,
        subject: _Subject,
        purpose: str,
        wanted: builtins.list[str],
        asked_by: str,
        again_of: str | None = None,
    ) -> CheckRow:
        chain = chain_of(subject.target, self._ground())
        with self._database.write() as session:
            row = store.add(
                session, subject.target, chain.title, purpose, asked_by=asked_by,
                number=subject.number, instance=subject.instance,
                department=subject.department, wanted=wanted, again_of=again_of,
            )  # fmt: skip
            if row.request_number is not None:
                text = say("Check of %(title)s was asked for", title=row.title)
                events.append(
                    session, row.request_number, "check:asked", actor=asked_by,
                    payload={"check": row.id, "target": row.target, "text": text.to_json()},
                )  # fmt: skip
        self._wake()
        return row


def _no_such_instance(id: str) -> Message:
    """Also said of those of another department."""
    return say("There is no instance %(id)s.", id=id[:40])


def _first(rules: Sequence[Rule]) -> dict[str, Rule]:
    """One rule for each finding: that which holds without others first."""
    found: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda each: bool(each.along)):
        found.setdefault(rule.finding, rule)
    return found
