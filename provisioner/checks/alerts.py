"""Who has to know that something turned red or green again: once per cause, not per site."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.checks import store
from provisioner.checks.model import UNKNOWN, Cause, Diagnosis, Finding, Place, Result
from provisioner.checks.tables import AlertRow, CheckRow, place_key
from provisioner.database import now
from provisioner.texts import DEFAULT_LANGUAGE, Message, from_json, render, say

CALM = timedelta(minutes=30)
"""A cause that comes back within this time is told again only once it has stood as long."""


class Announce(Protocol):
    """Puts a text on its way to everybody who has to know, in the transaction."""

    def __call__(self, session: Session, text: str) -> None: ...


class Seen(Protocol):
    """Results and diagnosis of one look."""

    @property
    def results(self) -> Sequence[Result]: ...
    @property
    def diagnosis(self) -> Diagnosis: ...


class Alerts:
    """Open causes. Needs ``Database.allocate``: two looks never open the same cause twice."""

    def __init__(self, announce: Announce, public_url: str) -> None:
        self._announce, self._public_url = announce, public_url.rstrip("/")

    def after(self, session: Session, row: CheckRow, found: Seen, numbers: Collection[str]) -> None:
        """What a look changes; ``numbers``: the requests of what stands there.

        Looks with some checks only never close anything: what they did not look at may stand.
        """
        causes = {_sign(cause): cause for cause in broken(found)}
        if not row.wanted:
            for alert in store.open_alerts(session):
                gone = row.target in alert.targets and (alert.key, alert.place) not in causes
                if gone and not _may_stand(alert, found):
                    self._leave(session, alert, row)
        for cause in causes.values():
            self._join(session, cause, row, numbers, _check_of(cause, found))

    def gone(self, session: Session, row: CheckRow) -> None:
        """The target of a look is not there any more."""
        for alert in store.open_alerts(session):
            if row.target in alert.targets:
                self._leave(session, alert, row)

    # ------------------------------------------------------------------ inside

    def _join(
        self, session: Session, cause: Cause, row: CheckRow, numbers: Collection[str], check: str
    ) -> None:
        alert = _last(session, cause)
        moment = now()
        if alert is None or (alert.closed_at is not None and alert.closed_at < moment - CALM):
            key, place = _sign(cause)
            kept = {**cause.to_json(), "check": check}
            alert = AlertRow(key=key, place=place, cause=kept, targets={}, opened_at=moment)
            session.add(alert)
        elif alert.closed_at is not None:
            alert.closed_at, alert.opened_at, alert.targets = None, moment, {}
        known = _numbers(alert.targets)
        told = {"check": row.id, "numbers": sorted(numbers)}
        alert.targets = {**alert.targets, row.target: told}
        text = say("%(title)s is disturbed: %(cause)s", title=row.title, cause=cause.text)
        _note(session, row, "check:red", sorted(set(numbers) - known), text)
        calm = alert.told == "closed" and alert.opened_at > moment - CALM
        if alert.told != "opened" and not calm:
            self._tell(session, alert, row, "opened")
        session.flush()

    def _leave(self, session: Session, alert: AlertRow, row: CheckRow) -> None:
        left = alert.targets[row.target]["numbers"]
        alert.targets = {t: kept for t, kept in alert.targets.items() if t != row.target}
        text = say(
            "%(title)s is in order again. It was: %(cause)s",
            title=row.title, cause=from_json(alert.cause["text"]),
        )  # fmt: skip
        _note(session, row, "check:green", sorted(set(left) - _numbers(alert.targets)), text)
        if not alert.targets:
            alert.closed_at = now()
            if alert.told == "opened":
                self._tell(session, alert, row, "closed")
        session.flush()

    def _tell(self, session: Session, alert: AlertRow, row: CheckRow, what: str) -> None:
        alert.told, alert.told_at = what, now()
        cause = Cause.from_json(alert.cause)
        values = {
            "who": _who(row),
            "key": cause.key.replace(".", " ").replace("_", " "),
            "place": str(cause.place),
            "link": f"{self._public_url}/checks/{row.id}",
        }
        text = (
            say("Fault: %(key)s, %(place)s. First seen at %(who)s. %(link)s", **values)
            if what == "opened"
            else say("In order again: %(key)s, %(place)s. Last seen at %(who)s. %(link)s", **values)
        )
        self._announce(session, render(text, DEFAULT_LANGUAGE))


def broken(found: Seen) -> Iterator[Cause]:
    """The causes for which somebody cannot work; what only will hurt wakes nobody."""
    weights = {
        (each.finding.key, each.finding.place): each.finding.weight
        for each in found.results
        if each.finding is not None
    }
    red = "broken" in weights.values()
    for cause in found.diagnosis.causes:
        own = weights.get((cause.key, cause.place))
        grave = any(each.weight == "broken" for each in cause.explains)
        if grave or own == "broken" or (own is None and red):
            yield cause


def _check_of(cause: Cause, found: Seen) -> str:
    """By which check it was found; of an unknown cause the first at its place."""
    made = (
        each.check
        for each in found.results
        if each.finding is not None
        and each.finding.place == cause.place
        and cause.key in (each.finding.key, UNKNOWN)
    )
    return next(made, "")


def _may_stand(alert: AlertRow, found: Seen) -> bool:
    """Whether the look does not say that it is over: it is there and comes from another cause now,
    or that kept its check from being made."""
    place = Place.from_json(alert.cause["place"])
    names = {place.name, place.name.partition("/")[0]}  # of a VM its cluster as well
    here = [each for each in found.results if each.place.name in names]
    if any(each.finding and _at(each.finding) == (alert.key, alert.place) for each in here):
        return True
    made = [each for each in here if each.check == alert.cause.get("check")]
    if not made:
        return any(each.finding is not None for each in here)
    return all(each.passed is None for each in made)


def _at(finding: Finding) -> tuple[str, str]:
    return finding.key, place_key(finding.place.to_json())


def _sign(cause: Cause) -> tuple[str, str]:
    return cause.key, place_key(cause.place.to_json())


def _last(session: Session, cause: Cause) -> AlertRow | None:
    key, place = _sign(cause)
    query = select(AlertRow).where(AlertRow.key == key, AlertRow.place == place)
    return session.scalars(query.order_by(AlertRow.id.desc()).limit(1)).one_or_none()


def _numbers(targets: Mapping[str, Any]) -> set[str]:
    return {number for each in targets.values() for number in each["numbers"]}


def _who(row: CheckRow) -> str:
    """A request's number or the key of a site or device; never anybody's name."""
    kind, _, key = row.target.partition(":")
    return row.request_number or key if kind == "instance" else key


def _note(session: Session, row: CheckRow, tag: str, numbers: Sequence[str], text: Message) -> None:
    for number in numbers:
        payload = {"check": row.id, "target": row.target, "text": text.to_json()}
        events.append(session, number, tag, payload=payload)
