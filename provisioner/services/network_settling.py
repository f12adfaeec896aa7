"""Plans to settle what was found otherwise on the devices of a network instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from provisioner.catalogue.fields import FieldFault
from provisioner.drivers.network import Host, Reading, Wish
from provisioner.errors import StepFailure
from provisioner.facts.event_wifi import ReadDevices
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Change, Plan, Risk, Step
from provisioner.plans.planner import Objection, ServicePlanner, Subject
from provisioner.plans.refusals import refuse
from provisioner.services.booking import rfc3339
from provisioner.services.cloud_vps.on_vm import BOOKS
from provisioner.services.event_wifi.details import InstanceId, Reason
from provisioner.services.event_wifi.wanted import form
from provisioner.services.forms import answers, checked
from provisioner.services.network_findings import (
    CHANGE,
    NetworkFinding,
    NetworkRecord,
    network_findings,
    state,
)
from provisioner.services.risks import gravest_first, without_timer
from provisioner.texts import say

SETTLE = "settle"
NOTE = "instance.note"
MAX_FINDINGS = 100
_KEY_LENGTH = 200
_SECONDS_PER_DEVICE = 20


def _finding_key(value: object) -> str:
    plain = isinstance(value, str) and 0 < len(value) <= _KEY_LENGTH and value.isprintable()
    if not plain:
        raise FieldFault(say("is not the key of a difference"))
    return str(value)


def _finding_keys(value: object) -> object:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_FINDINGS:
        raise FieldFault(say("must name 1 to %(limit)s differences", limit=MAX_FINDINGS))
    return tuple(value)


How = Literal["restore", "accept"]
What = Annotated[
    tuple[Annotated[str, BeforeValidator(_finding_key)], ...], BeforeValidator(_finding_keys)
]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SettleDetails(_Form):
    """Settle differences on devices, named by the keys of their findings."""

    action: Literal["settle"]
    instance: InstanceId
    how: How
    what: What
    reason: Reason | None = None
    """Why it is accepted as it is; needed for that."""


class _Draft(_Form):
    action: Literal["settle"] | None = None
    instance: InstanceId | None = None
    how: How | None = None
    what: What | None = None
    reason: Reason | None = None


def parse_settle(data: object) -> SettleDetails:
    """The details of a request to settle. Raises Invalid with every fault at its pointer."""

    def fits(sound: Mapping[str, Any]) -> Any:
        if sound.get("how") == "accept" and not sound.get("reason"):
            yield ("reason",), say("please say why it may stay as it is")

    return checked(SettleDetails, _Draft, answers(data), fits)


@dataclass(frozen=True)
class SettleFacts:
    """The instance, and the devices of the findings chosen as they answered."""

    record: NetworkRecord | None
    answers: Mapping[str, Reading | StepFailure] = field(default_factory=dict)


class WithSettling:
    """Implements ``plans.planner.ServicePlanner``: ``settle`` here, all else by ``inner``.

    ``read`` asks devices, ``record_of`` finds a network instance by its identifier.
    """

    def __init__(
        self,
        inner: ServicePlanner,
        hosts: Callable[[], Mapping[str, Host]],
        read: ReadDevices,
        record_of: Callable[[str], NetworkRecord | None],
    ) -> None:
        self._inner, self._hosts, self._read, self._record_of = inner, hosts, read, record_of

    def read(self, subject: Subject, pinned: Mapping[str, Any] | None = None) -> Any:
        """The devices of the findings chosen; raises the failure of one that does not answer."""
        if subject.details.get("action") != SETTLE:
            return self._inner.read(subject, pinned)
        details = form(SettleDetails, subject.details)
        record = self._record_of(details.instance)
        if record is None:
            return SettleFacts(None)
        named = {key.partition(" ")[0] for key in details.what}
        wanted = {
            host: record.standing.intents(host) for host in named & set(record.standing.wishes)
        }
        found = self._read(wanted) if wanted else {}
        for _, answer in sorted(found.items()):
            if isinstance(answer, StepFailure):
                raise answer
        return SettleFacts(record, found)

    def plan(
        self,
        subject: Subject,
        facts: Any,
        ledger: Ledger,
        pinned: Mapping[str, Any] | None = None,
    ) -> Plan:
        """See ``plan_settle``."""
        if not isinstance(facts, SettleFacts):
            return self._inner.plan(subject, facts, ledger, pinned)
        details = form(SettleDetails, subject.details)
        return plan_settle(subject.department, details, facts, self._hosts())

    def objections(self, plan: Plan) -> tuple[Objection, ...]:
        """None for ``settle``: the devices have been asked already."""
        return () if _settles(plan) else self._inner.objections(plan)

    def beside(self, plan: Plan) -> Mapping[str, Any]:
        """Nothing more for ``settle``."""
        return {} if _settles(plan) else self._inner.beside(plan)


def plan_settle(
    department: str, details: SettleDetails, facts: SettleFacts, hosts: Mapping[str, Host]
) -> Plan:
    """Put back what our plans left on the devices, or accept what stands there instead.

    Raises Conflict(``not-plannable``) for an instance that does not stand, for a difference that
    is there no more, and for one that may not be settled in that way.
    """
    record = facts.record
    if record is None or record.department != department:
        refuse(say("There is no instance %(id)s of this department.", id=details.instance))
    if record.ended:
        refuse(say("%(name)s has ended already, or its end has begun.", name=record.name))
    chosen = _chosen(record, details, facts)
    if details.how == "restore":
        step, summary = _restore(record, chosen), _RESTORE
        changed = {one.host for one in chosen}
        readings = {h: a for h, a in facts.answers.items() if isinstance(a, Reading)}
        timers = without_timer(sorted(changed), readings, hosts)
    else:
        step, summary, changed, timers = _accept(record, chosen), _ACCEPT, set(), iter(())
    cautions = [Risk("medium", text) for text in {one.caution for one in chosen} if text]
    return Plan(
        service=record.service,
        choices={
            "action": SETTLE,
            "instance": record.id,
            "how": details.how,
            "what": sorted(details.what),
        },
        objects={f"difference {one.key}": one.seen for one in chosen},
        summary=say(
            "%(what)s (%(name)s, %(count)d).", what=summary, name=record.name, count=len(chosen)
        ),
        steps=(step,),
        claims=(),
        risks=gravest_first(*timers, *(cautions if details.how == "restore" else ())),
        expected_seconds=max(1, _SECONDS_PER_DEVICE * len(changed)),
    )


_RESTORE = say("Puts back on the devices what our plans left there")
_ACCEPT = say("Accepts differences on the devices as they are")


def _settles(plan: Plan) -> bool:
    return plan.choices.get("action") == SETTLE


def _chosen(
    record: NetworkRecord, details: SettleDetails, facts: SettleFacts
) -> list[NetworkFinding]:
    found = {one.key: one for one in network_findings(record, facts.answers, accepted={})}
    for key in details.what:
        if key not in found:
            refuse(
                say(
                    "There is no difference %(key)s any more. There are: %(keys)s.",
                    key=key,
                    keys=", ".join(sorted(found)) or "-",
                ),
                pointer="/details/what",
            )
        if details.how not in found[key].ways:
            refuse(
                say(
                    "The difference %(key)s cannot be settled in that way. Possible: %(ways)s.",
                    key=key,
                    ways=", ".join(sorted(found[key].ways)) or "-",
                ),
                pointer="/details/how",
            )
    return [one for key, one in found.items() if key in details.what]


def _restore(record: NetworkRecord, chosen: Sequence[NetworkFinding]) -> Step:
    """The same ``network.change`` with the wishes that do not hold, in the order of the plan."""
    standing = record.standing
    unmet = {(one.host, one.wish.intent.key): one for one in chosen if one.wish}
    wishes: dict[str, list[Wish]] = {}
    for host, wanted in standing.wishes.items():
        if mine := [wish for wish in wanted if (host, wish.intent.key) in unmet]:
            wishes[host] = mine
    owner = record.keyed_by or record.number
    more = {"key_of": owner, "key_before": owner}
    if record.ends_at is not None:
        more["ends_at"] = rfc3339(record.ends_at)
    return Step(
        key=CHANGE,
        kind=CHANGE,
        title=say("Put back what is missing or changed (devices: %(count)d)", count=len(wishes)),
        target=record.name,
        driver="network",
        params={
            "mark": standing.mark,
            "wishes": {host: [wish.to_json() for wish in mine] for host, mine in wishes.items()},
            "expected": {
                host: {w.intent.key: state(unmet[host, w.intent.key].now) for w in mine}
                for host, mine in wishes.items()
            },
            "waves": [
                wave
                for wave in ([h for h in wave if h in wishes] for wave in standing.waves)
                if wave
            ],
            "tolerant": False,
            **more,
        },
        changes=tuple(Change(one.what, one.found, one.expected) for one in chosen),
        undo=say("The devices are brought back to what was found on them."),
    )


def _accept(record: NetworkRecord, chosen: Sequence[NetworkFinding]) -> Step:
    return Step(
        key=NOTE,
        kind=NOTE,
        title=_ACCEPT,
        target=record.name,
        driver=BOOKS,
        params={
            "instance": record.id,
            "accept": {**record.accepted, **{one.key: one.seen for one in chosen}},
        },
        changes=tuple(
            Change(say("our record: %(what)s", what=one.what), one.expected, one.found)
            for one in chosen
        ),
        undo=say("The differences are told again."),
    )
