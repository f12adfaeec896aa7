"""The meeting about a month's report: who came, what was said and agreed, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from provisioner import events
from provisioner.catalogue.fields import FieldFault
from provisioner.errors import Conflict, FieldError, Invalid
from provisioner.people.rules import Actor
from provisioner.reports.journeys import Month
from provisioner.reports.monthly import agreed, words
from provisioner.reports.monthly.model import ReportAction, ReportMeeting
from provisioner.reports.monthly.views import ActionView
from provisioner.texts import say

MOST_PEOPLE, MOST_ACTIONS = 60, 40


def _one_line(value: object) -> object:
    if isinstance(value, str) and any(ord(sign) < 32 for sign in value.strip()):
        raise FieldFault(say("must be one line of plain text"))
    return value.strip() if isinstance(value, str) else value


Line = Annotated[str, BeforeValidator(_one_line), Field(max_length=300)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


class AttendeeIn(_In):
    """Somebody who came; ``username`` where they have an account here."""

    name: Annotated[Line, Field(min_length=2)]
    username: str | None = Field(None, max_length=40)


class ActionIn(_In):
    """Something agreed. With ``id`` one that is there already, else a new one."""

    id: int | None = None
    what: Annotated[Line, Field(min_length=3)]
    who: Annotated[Line, Field(min_length=2)]
    until: date | None = None
    done: bool = False
    outcome: Line = ""


class OutcomeIn(_In):
    """What came of something agreed earlier."""

    id: int
    done: bool = False
    outcome: Line = ""


class MeetingIn(_In):
    """The meeting as it is to stand; actions left out of ``actions`` are struck.

    ``revision``: of the meeting that was read; another one in between is refused.
    """

    held_on: date | None = None
    place: Line = ""
    attendance: list[AttendeeIn] = Field(default_factory=list, max_length=MOST_PEOPLE)
    minutes: str = Field("", max_length=20_000)
    actions: list[ActionIn] = Field(default_factory=list, max_length=MOST_ACTIONS)
    earlier: list[OutcomeIn] = Field(default_factory=list, max_length=200)
    revision: int | None = None


class AttendeeView(BaseModel):
    """Somebody who came."""

    model_config = ConfigDict(frozen=True)

    name: str
    username: str | None


class MeetingView(BaseModel):
    """The meeting; ``revision`` 0: nothing is written down yet."""

    model_config = ConfigDict(frozen=True)

    held_on: date | None
    place: str
    attendance: list[AttendeeView]
    minutes: str
    actions: list[ActionView]
    earlier: list[ActionView]
    """Agreed in earlier meetings: open, or done since the report before."""
    revision: int
    editable: bool
    """Until the next month's report is issued."""


def view_of(session: Session, month: Month) -> MeetingView:
    """What is written down about the meeting."""
    row = session.get(ReportMeeting, str(month))
    return MeetingView(
        held_on=row.held_on if row else None,
        place=row.place if row else "",
        attendance=[AttendeeView(**one) for one in (row.attendance if row else ())],
        minutes=row.minutes if row else "",
        actions=[agreed.view_of(one) for one in agreed.of_month(session, month)],
        earlier=[agreed.view_of(one) for one in agreed.earlier(session, month)],
        revision=row.revision if row else 0,
        editable=agreed.issued(session, month.following) is None,
    )


def keep(session: Session, actor: Actor, month: Month, given: MeetingIn, today: date) -> None:
    """Write it down, with what changed on the record. Nothing changed writes nothing.

    Raises Conflict (``meeting-closed``: the next report is out, ``meeting-changed``: by somebody
    else meanwhile) and Invalid for an action that is not of this report.
    """
    before = view_of(session, month)
    if not before.editable:
        raise Conflict(
            say("The next report has been issued, so this meeting can no longer be changed."),
            slug="meeting-closed",
        )
    if given.revision is not None and given.revision != before.revision:
        raise Conflict(
            say("Somebody else has changed the meeting meanwhile. Nothing of yours was saved yet; "
                "compare and save again."),
            slug="meeting-changed",
            extra={"revision": before.revision},
        )  # fmt: skip
    row = session.get(ReportMeeting, str(month))
    if row is None:
        row = ReportMeeting(month=str(month), place="", attendance=[], minutes="")
        session.add(row)
    row.held_on, row.place, row.minutes = given.held_on, given.place, given.minutes
    row.attendance = [one.model_dump() for one in given.attendance]
    _agree(session, month, given.actions, today)
    _follow(agreed.earlier(session, month), given.earlier, today)
    session.flush()
    changed = _changes(before, view_of(session, month))
    if not changed:
        return
    if before.revision and row.revision == before.revision:
        row.revision += 1  # only what was agreed has changed
    text = (
        say("Meeting about the report changed")
        if before.revision
        else say("Meeting about the report written down")
    )
    events.append(
        session,
        words.number_of(str(month)),
        "report:meeting",
        actor=actor.username,
        payload={"text": text.to_json(), "changed": changed},
    )


def _agree(session: Session, month: Month, given: Sequence[ActionIn], today: date) -> None:
    known = {row.id: row for row in agreed.of_month(session, month)}
    for number, one in enumerate(given):
        if one.id is None:
            row = ReportAction(month=str(month))
            session.add(row)
        elif one.id in known:
            row = known.pop(one.id)
        else:
            raise _not_of_this(f"/actions/{number}/id")
        row.what, row.who, row.until = one.what, one.who, one.until
        _settle(row, one.done, one.outcome, today)
    for struck in known.values():
        session.delete(struck)


def _follow(known: Sequence[ReportAction], given: Sequence[OutcomeIn], today: date) -> None:
    by_id = {row.id: row for row in known}
    for number, one in enumerate(given):
        if one.id not in by_id:
            raise _not_of_this(f"/earlier/{number}/id")
        _settle(by_id[one.id], one.done, one.outcome, today)


def _settle(row: ReportAction, done: bool, outcome: str, today: date) -> None:
    row.outcome = outcome
    row.done_on = (row.done_on or today) if done else None


def _not_of_this(pointer: str) -> Invalid:
    return Invalid([FieldError(pointer, say("is not of this report; load the page again"))])


def _changes(before: MeetingView, after: MeetingView) -> dict[str, Mapping[str, Any]]:
    """Field to what it was and what it is, of those that differ."""
    left_out = {"revision", "editable"}
    was, now = (view.model_dump(mode="json", exclude=left_out) for view in (before, after))
    return {key: {"before": was[key], "after": now[key]} for key in was if was[key] != now[key]}
