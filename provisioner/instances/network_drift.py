"""Looks whether what our plans put on network devices is still there; only ever reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import Database, now
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.groups import GROUP, in_groups
from provisioner.drivers.network import Intent, Reading, Ssid
from provisioner.errors import NotFound, StepFailure
from provisioner.instances import looks
from provisioner.instances.drift import at_work
from provisioner.instances.drift_views import DriftView, drift_list, drift_view
from provisioner.instances.model import Instance
from provisioner.instances.network_records import KINDS, key_owners, network_record, network_records
from provisioner.people.rules import Actor, may_see
from provisioner.runs import leases
from provisioner.services.network_findings import NetworkFinding, NetworkRecord, network_findings
from provisioner.texts import Message, say

SWEEP = "network:devices"
"""Subject of the look at all devices."""
Answers = Mapping[str, Reading | StepFailure]


class NetworkDriftService:
    """Looks at the devices of network instances, and says on their record when that has changed.

    ``passphrase_of`` gives what the users of a request's WiFi type in, None where that is not
    kept: then it is not compared. ``hour`` (0 to 23, of the office's day in ``zone``) is when all
    devices are looked at by ``once``; None: only when asked.
    """

    def __init__(
        self,
        database: Database,
        fleet: Fleet,
        passphrase_of: Callable[[str], str | None],
        *,
        zone: tzinfo,
        hour: int | None = 2,
        group: int = GROUP,
    ) -> None:
        self._database, self._fleet, self._passphrase_of = database, fleet, passphrase_of
        self._zone, self._hour, self._group = zone, hour, group
        self._sweeping = threading.Lock()

    def once(self) -> None:
        """Look at all devices where that has not been done since the hour last struck."""
        due = self._last_due()
        if due is None:
            return
        with self._database.read() as session:
            last = looks.look(session, SWEEP)
        if last is None or last.looked_at < due:
            self.sweep()

    def sweep(self) -> None:
        """Look at every network instance now, each device once. Two sweeps never overlap.

        What a run of ours is changing just now is left for the next look.
        """
        with self._sweeping:
            self._look_at(None)
            with self._database.write() as session:
                looks.keep(session, SWEEP, [])

    def look(self, actor: Actor, id: str) -> DriftView:
        """Look at one instance now. Raises NotFound, also for what the actor may not see."""
        self._visible(actor, id)
        self._look_at([id])
        return self.get(actor, id)

    def get(self, actor: Actor, id: str) -> DriftView:
        """The last look at one instance. Raises NotFound like ``look``."""
        instance = self._visible(actor, id)
        with self._database.read() as session:
            return drift_view(instance, looks.look(session, id), actor.language)

    def list(self, actor: Actor) -> tuple[DriftView, ...]:
        """The instances whose last look found something, as far as the actor may see them."""
        with self._database.read() as session:
            return drift_list(session, actor, KINDS)

    def record(self, id: str) -> NetworkRecord | None:
        """What planning ``settle`` needs to know of an instance; None where it does not stand."""
        with self._database.read() as session:
            return network_record(session, id)

    def read(self, wanted: Mapping[str, Sequence[Intent]], *, whole: bool = False) -> Answers:
        """Read devices as a look does, with the passphrases that we know of; ``whole``: their
        configurations too, which take room."""
        keys = self._keys(intent for intents in wanted.values() for intent in intents)
        found = self._fleet.read(wanted, keys)
        return {host: _comparable(answer, keys, whole) for host, answer in found.items()}

    # ------------------------------------------------------------------ inside

    def _last_due(self) -> datetime | None:
        """When the hour struck last."""
        if self._hour is None:
            return None
        local = now().astimezone(self._zone)
        today = datetime.combine(local.date(), time(self._hour), self._zone)
        return today if today <= local else today - timedelta(days=1)

    def _look_at(self, ids: Iterable[str] | None) -> None:
        with self._database.read() as session:
            busy = at_work(session)
            held = set(leases.holders(session))
            records = [
                record
                for id, record in network_records(session, ids).items()
                if id not in busy and not record.ended
            ]
        wanted: dict[str, dict[str, Intent]] = {}
        for record in records:
            for host in record.standing.wishes:
                for intent in record.standing.intents(host):
                    wanted.setdefault(host, {})[intent.key] = intent
        answers: dict[str, Reading | StepFailure] = {}
        for hosts in in_groups(sorted(wanted.keys() - held), self._group):
            answers |= self.read({host: list(wanted[host].values()) for host in hosts})
        for record in records:
            self._keep(record, answers)

    def _keys(self, intents: Iterable[Intent]) -> dict[str, str]:
        marks = {i.mark for i in intents if isinstance(i, Ssid) and i.security != "open"}
        if not marks:
            return {}
        with self._database.read() as session:
            owners = key_owners(session, marks)
        found = {mark: self._passphrase_of(owners.get(mark, mark)) for mark in sorted(marks)}
        return {mark: key for mark, key in found.items() if key}

    def _keep(self, record: NetworkRecord, answers: Answers) -> None:
        with self._database.write() as session:
            if record.id in at_work(session) or network_record(session, record.id) != record:
                return  # something was done meanwhile; the next look compares with that
            held = leases.holders(session)
            own = set(record.standing.wishes)
            mine = {h: a for h, a in answers.items() if h in own and h not in held}
            found = network_findings(record, mine)
            before = looks.look(session, record.id, lock=True)
            stale = [] if before is None else _still_unknown(before.found, own, mine)
            current = [*(one.to_json() for one in found), *stale]
            was = {_sign(one) for one in before.found} if before else set()
            if {_sign(one) for one in current} != was:
                self._tell(session, record, found, current)
            looks.keep(session, record.id, current)

    def _tell(
        self,
        session: Session,
        record: NetworkRecord,
        found: Sequence[NetworkFinding],
        current: Sequence[Mapping[str, Any]],
    ) -> None:
        text = _told(record.name, found, len(current))
        keys = [one["key"] for one in current]
        events.append(
            session, record.number, "instance:drift",
            payload={"instance": record.id, "findings": keys, "text": text.to_json()},
        )  # fmt: skip

    def _visible(self, actor: Actor, id: str) -> Instance:
        with self._database.read() as session:
            row = session.get(Instance, id)
        if row is None or row.kind not in KINDS or not may_see(actor, row.department_id):
            raise NotFound(say("There is no instance %(id)s.", id=id[:40]))
        return row


def _comparable(
    answer: Reading | StepFailure, keys: Mapping[str, str], whole: bool
) -> Reading | StepFailure:
    """A passphrase that we do not know counts as the right one."""
    if isinstance(answer, StepFailure):
        return answer
    objects = {
        key: replace(found, keyed=True)
        if isinstance(found, Ssid) and found.mark not in keys
        else found
        for key, found in answer.objects.items()
    }
    text = answer.configuration if whole else ""
    return replace(answer, objects=objects, configuration=text)


def _still_unknown(
    before: Iterable[Mapping[str, Any]], own: set[str], answers: Answers
) -> list[Mapping[str, Any]]:
    """What was found before on devices that could not be looked at now."""
    return [
        one
        for one in before
        if (host := one.get("host")) in own
        and (
            host not in answers
            or (isinstance(answers[host], StepFailure) and one.get("kind") != "silent")
        )
    ]


def _sign(finding: Mapping[str, Any]) -> tuple[str, str]:
    return (str(finding["key"]), str(finding["seen"]))


def _told(name: str, found: Sequence[NetworkFinding], count: int) -> Message:
    if not count:
        return say("%(name)s stands on its devices again as it has to.", name=name)
    if not found:
        return say("%(name)s: its devices could not be looked at again.", name=name)
    first = found[0]
    one = say(
        "%(what)s: %(found)s instead of %(expected)s",
        what=first.what, found=first.found, expected=first.expected,
    )  # fmt: skip
    if count == 1:
        return say("%(name)s is not on its devices as it has to be. %(one)s.", name=name, one=one)
    return say(
        "%(name)s is not on its devices as it has to be, in %(count)s points. %(one)s.",
        name=name, count=count, one=one,
    )  # fmt: skip
