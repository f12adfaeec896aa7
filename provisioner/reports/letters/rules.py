"""Which kinds of letter there are, which state may follow which, and who may do what; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from provisioner.people.policy import Permission
from provisioner.people.rules import Actor, allows


class Kind(StrEnum):
    """What a letter is for."""

    CONFIRMATION = "confirmation"
    REJECTION = "rejection"
    HANDOVER = "handover"
    ANSWER = "answer"


class LetterState(StrEnum):
    """Where a letter stands."""

    DRAFT = "draft"
    AWAITING_NUMBER = "awaiting_number"
    AWAITING_SIGNATURE = "awaiting_signature"
    SIGNED = "signed"
    SENT = "sent"
    VOID = "void"
    REPLACED = "replaced"


S = LetterState
NEXT: Mapping[LetterState, frozenset[LetterState]] = {
    S.DRAFT: frozenset({S.AWAITING_NUMBER, S.AWAITING_SIGNATURE, S.VOID}),
    S.AWAITING_NUMBER: frozenset({S.AWAITING_SIGNATURE, S.VOID}),
    S.AWAITING_SIGNATURE: frozenset({S.SIGNED, S.VOID, S.REPLACED}),
    S.SIGNED: frozenset({S.SENT, S.VOID, S.REPLACED}),
    S.SENT: frozenset({S.VOID, S.REPLACED}),
    S.VOID: frozenset(),
    S.REPLACED: frozenset(),
}
"""The one table of letter states; a state that nothing follows is final."""
UNISSUED = frozenset({S.DRAFT, S.AWAITING_NUMBER})
"""Still written anew from the record at every look."""
LIVE = frozenset(state for state, after in NEXT.items() if after)
FOR_DEPARTMENT = frozenset({S.AWAITING_SIGNATURE, S.SIGNED, S.SENT})
"""What an applicant may see and save."""


@dataclass(frozen=True)
class Act:
    """Something that may be done with a letter: to which state it leads, and who may do it."""

    after: LetterState | None
    needs: Permission


_WRITERS = Permission.DRAFT_LETTERS
_SENDERS = Permission.WRITE_LETTERS
ACTS: Mapping[str, Act] = {
    "edit": Act(None, _WRITERS),
    "ready": Act(S.AWAITING_NUMBER, _WRITERS),
    "issue": Act(S.AWAITING_SIGNATURE, _WRITERS),
    "signed": Act(S.SIGNED, _SENDERS),
    "sent": Act(S.SENT, _SENDERS),
    "replace": Act(S.REPLACED, _SENDERS),
    "void": Act(S.VOID, _SENDERS),
}


def may_follow(before: LetterState, after: LetterState) -> bool:
    """Whether ``after`` may follow ``before``."""
    return after in NEXT[before]


def actions(actor: Actor, state: LetterState) -> list[str]:
    """What someone may do with a letter now, in the order of its page."""
    return [
        name
        for name, act in ACTS.items()
        if allows(actor, act.needs)
        and (state in UNISSUED if act.after is None else may_follow(state, act.after))
    ]


def may_draft(actor: Actor) -> bool:
    """Begin a letter."""
    return allows(actor, _WRITERS)


def kinds(service: str, state: str, *, action: bool, made: bool) -> list[Kind]:
    """The letters that a request may have, the one that answers it first.

    ``action``: it was about something that stood already; ``made``: something stands because of it.
    """
    if state == "rejected":
        return [Kind.REJECTION]
    if state != "done":
        return []
    if service == "troubleshooting":
        return [Kind.ANSWER]
    return [Kind.CONFIRMATION, *([Kind.HANDOVER] if made and not action else [])]
