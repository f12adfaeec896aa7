"""Everything that can go wrong, named by who must act.

ProvisionerError
  Mistake                 the caller can mend it
    Invalid               fields do not hold (a message per JSON pointer)
    NotFound
    Unauthenticated
    Forbidden
    Conflict              the record is in another state than the caller believed
  Misconfigured           the operator can mend it: file, key, remedy
  StepFailure             a step of a run, or a look at the world
    Retriable             nobody: tried again after a while
    ActionNeeded          a named person, then tried again
    Refused               it will never work: undone
    OutcomeUnknown        we cannot know without looking; never repeated blindly
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from provisioner.texts import Message, say

ErrorKind = Literal["retriable", "action_needed", "refused", "outcome_unknown"]


class ProvisionerError(Exception):
    """Base of all failures that we expect; ``slug`` names it for programs."""

    slug: str = "error"

    def __init__(self, what: Message, *, slug: str | None = None) -> None:
        super().__init__(str(what))
        self.what = what
        if slug:
            self.slug = slug


class Mistake(ProvisionerError):
    """The caller asked for something that cannot be done as asked; nothing was changed."""

    slug = "mistake"

    def __init__(
        self, what: Message, *, slug: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(what, slug=slug)
        self.extra: Mapping[str, Any] = dict(extra or {})


@dataclass(frozen=True)
class FieldError:
    """One field that does not hold; ``pointer`` is an RFC 6901 JSON pointer into the body."""

    pointer: str
    message: Message


class Invalid(Mistake):
    """One or more fields do not hold."""

    slug = "invalid"

    def __init__(self, errors: Sequence[FieldError], what: Message | None = None) -> None:
        super().__init__(what or say("Some answers need to be corrected."))
        self.errors = tuple(errors)


class NotFound(Mistake):
    """There is no such record, or it is not the caller's to see."""

    slug = "not-found"


class Unauthenticated(Mistake):
    """Nobody is signed in."""

    slug = "unauthenticated"


class Forbidden(Mistake):
    """The signed-in person may not do this."""

    slug = "forbidden"


class Conflict(Mistake):
    """The record is not as the call expects (``plan-changed``, ``no-capacity`` …)."""

    slug = "conflict"


class Misconfigured(ProvisionerError):
    """A configuration or inventory file does not hold; says file, key and remedy."""

    slug = "misconfigured"

    def __init__(self, file: str, key: str, remedy: Message) -> None:
        super().__init__(say("%(file)s: %(key)s: %(remedy)s", file=file, key=key, remedy=remedy))
        self.file, self.key, self.remedy = file, key, remedy


class StepFailure(ProvisionerError):
    """What happened, what it means, what to do next, and the tail of the log that shows it."""

    kind: ClassVar[ErrorKind]

    def __init__(
        self, what: Message, *, meaning: Message, next: Message, log: Sequence[str] = ()
    ) -> None:
        super().__init__(what)
        self.meaning, self.next, self.log = meaning, next, tuple(log)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "what": self.what.to_json(),
            "meaning": self.meaning.to_json(),
            "next": self.next.to_json(),
            "log": list(self.log),
        }


class Retriable(StepFailure):
    """Passes by itself; try again after ``after`` seconds, a bounded number of times."""

    slug = kind = "retriable"

    def __init__(
        self,
        what: Message,
        *,
        meaning: Message,
        next: Message,
        log: Sequence[str] = (),
        after: float = 2.0,
    ) -> None:
        super().__init__(what, meaning=meaning, next=next, log=log)
        self.after = after


class ActionNeeded(StepFailure):
    """A person has to do ``next`` first; ``who`` is a role (``technician`` …)."""

    slug = "action-needed"
    kind = "action_needed"

    def __init__(
        self,
        what: Message,
        *,
        meaning: Message,
        next: Message,
        log: Sequence[str] = (),
        who: str = "technician",
    ) -> None:
        super().__init__(what, meaning=meaning, next=next, log=log)
        self.who = who


class Refused(StepFailure):
    """It will not work however often it is tried."""

    slug = kind = "refused"


class OutcomeUnknown(StepFailure):
    """The call may or may not have been carried out; ``next`` says how to look."""

    slug = "outcome-unknown"
    kind = "outcome_unknown"
