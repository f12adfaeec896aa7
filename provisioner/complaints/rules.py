"""Kinds, channels, classes and states of complaints, and who may do what in each; pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from provisioner.people.model import Role
from provisioner.people.policy import Permission
from provisioner.people.rules import Actor, may_operate, sees_all
from provisioner.people.rules import allows as permits


class Kind(StrEnum):
    """What somebody has to say."""

    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    APPRECIATION = "appreciation"


class Channel(StrEnum):
    """Where it came in, or how it was answered; those of the service standard."""

    VISIT = "visit"
    BOX = "box"
    WHATSAPP = "whatsapp"
    PHONE = "phone"
    EMAIL = "email"
    SP4N_LAPOR = "sp4n_lapor"
    SOCIAL_MEDIA = "social_media"
    WEB = "web"


class Class(StrEnum):
    """How weighty a complaint is, which decides how long its answer may take."""

    LIGHT = "light"
    NORMATIVE = "normative"
    NOT_SUPERVISORY = "not_supervisory"
    SUPERVISORY = "supervisory"


class Privacy(StrEnum):
    """What others learn of the reporter."""

    OPEN = "open"
    CONFIDENTIAL = "confidential"
    ANONYMOUS = "anonymous"


class Outcome(StrEnum):
    """How it ended."""

    SATISFIED = "satisfied"
    NO_REACTION = "no_reaction"
    NOTED = "noted"


class State(StrEnum):
    """Where a complaint stands."""

    RECEIVED = "received"
    CLASSIFIED = "classified"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    CLOSED = "closed"


S = State
UNANSWERED = (S.RECEIVED, S.CLASSIFIED, S.ASSIGNED, S.IN_PROGRESS)
LETTERBOX = "public"
"""Actor of what came through the public form: never the reporter's own name."""

_COMPLAINT: dict[str, frozenset[State]] = {
    "classify": frozenset(UNANSWERED),
    "assign": frozenset({S.CLASSIFIED, S.ASSIGNED, S.IN_PROGRESS}),
    "begin": frozenset({S.ASSIGNED}),
    "answer": frozenset({S.ASSIGNED, S.IN_PROGRESS}),
    "close": frozenset({S.ANSWERED}),
    "reopen": frozenset({S.ANSWERED, S.CLOSED}),
    "link": frozenset(State),
}
_OTHER: dict[str, frozenset[State]] = {
    "assign": frozenset({S.RECEIVED, S.ASSIGNED}),
    "answer": frozenset({S.RECEIVED, S.ASSIGNED}),
    "close": frozenset({S.RECEIVED, S.ASSIGNED, S.ANSWERED}),
    "link": frozenset(State),
}
"""Suggestions and appreciation live shorter."""
_AFTER = {
    "assign": S.ASSIGNED,
    "begin": S.IN_PROGRESS,
    "answer": S.ANSWERED,
    "close": S.CLOSED,
    "reopen": S.IN_PROGRESS,
}


def allows(kind: Kind, state: State, action: str) -> bool:
    """Whether that can be done in that state, whoever does it."""
    table = _COMPLAINT if kind is Kind.COMPLAINT else _OTHER
    return state in table.get(action, frozenset())


def after(state: State, action: str) -> State:
    """Where an allowed action leads."""
    if action == "classify":
        return S.CLASSIFIED if state is S.RECEIVED else state
    if action == "assign" and state is S.IN_PROGRESS:
        return state
    return _AFTER.get(action, state)


def outcomes(kind: Kind, state: State) -> tuple[Outcome, ...]:
    """How it can be closed from there."""
    if kind is Kind.COMPLAINT:
        return (Outcome.SATISFIED, Outcome.NO_REACTION)
    return (Outcome.NOTED,)


def may_record(actor: Actor) -> bool:
    """Enter what came in over the counter, by telephone, on paper."""
    return permits(actor, Permission.RECORD_COMPLAINTS)


def may_handle(actor: Actor) -> bool:
    """Classify, assign, answer, close, reopen."""
    return permits(actor, Permission.HANDLE_COMPLAINTS)


def may_link(actor: Actor) -> bool:
    """Say which request or check it has to do with."""
    return may_handle(actor) or may_operate(actor)


def may_erase(actor: Actor) -> bool:
    """Take the reporter's personal data out of the record."""
    return permits(actor, Permission.ERASE_REPORTERS)


def knows_reporter(actor: Actor, privacy: Privacy) -> bool:
    """Whether the reporter's name may be shown to someone of the office."""
    if privacy is Privacy.CONFIDENTIAL:
        return actor.has(Role.COMPLAINTS, Role.HEAD)
    return privacy is Privacy.OPEN


def may_see(actor: Actor, *, privacy: Privacy, department: str | None, own: bool) -> bool:
    """The office sees all; an applicant what they handed in, or their department openly did."""
    if sees_all(actor) or own:
        return True
    of_department = department is not None and actor.department == department
    return of_department and actor.has(Role.APPLICANT) and privacy is Privacy.OPEN


def erasable(state: State, closed_at: datetime | None, before: datetime) -> bool:
    """Whether it is closed and was so before that moment (the end of retention)."""
    return state is S.CLOSED and closed_at is not None and closed_at <= before


def actions(actor: Actor, kind: Kind, state: State, *, erased: bool, over: bool) -> list[str]:
    """What someone may do now, in the order of the page; ``over``: retention has ended."""
    found: list[str] = []
    if not erased:
        if may_handle(actor):
            handling = ("classify", "assign", "begin", "answer", "close", "reopen")
            found += [one for one in handling if allows(kind, state, one)]
        if may_link(actor):
            found.append("link")
        if may_operate(actor) and kind is Kind.COMPLAINT and state in UNANSWERED:
            found.append("trouble")
        if may_erase(actor) and over:
            found.append("erase")
    return found
