"""Which role may do what: the one table that services and addresses both read; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provisioner.people.model import Role

SCOPES = frozenset({"read", "write", "file", "approve"})
"""Of tokens: ``read`` looks, ``write`` changes whatever its person may change, ``file`` only files
and edits requests and complaints, ``approve`` only decides on plans. No scope at all: everything.
"""


class Permission(StrEnum):
    """One thing that some roles may do."""

    SEE = "see"
    """Look at records; those of other departments are hidden from applicants by the services."""
    SEE_OFFICE = "see_office"
    """What only the office looks at: network, capacity, plans."""
    OWN_ACCOUNT = "own_account"
    FILE = "file"
    """File, edit, submit or cancel a request: the department itself, or a technician for it."""
    REVIEW = "review"
    """Return a request for more information, or reject it."""
    PLAN = "plan"
    APPROVE = "approve"
    """Say yes to a plan."""
    APPROVE_SECOND = "approve_second"
    """Be one of the two who a change of high impact needs."""
    DECIDE = "decide"
    """Either of the two above; which one it takes is the approval's rule."""
    OPERATE = "operate"
    """Retry or stop a run, act on an instance, look at devices."""
    LOOK = "look"
    """Have an instance compared with its record now."""
    CONTACT = "contact"
    """Log a contact with an applicant, add a note."""
    DRAFT_LETTERS = "draft_letters"
    """Write a letter and enter the number that it was given."""
    WRITE_LETTERS = "write_letters"
    """Send a letter out: the signed copy, how it went, that it counts no more."""
    RECORD_COMPLAINTS = "record_complaints"
    """Enter what came in over the counter, by telephone, on paper."""
    ERASE_REPORTERS = "erase_reporters"
    """Take a reporter's personal data out of the record."""
    HANDLE_COMPLAINTS = "handle_complaints"
    REPORT = "report"
    """Record the meeting about the monthly report."""
    ISSUE_REPORT = "issue_report"
    """Freeze the monthly report."""
    SUPERVISE = "supervise"
    """See what each officer did; everybody in the office sees the own figures."""
    SET_UP = "set_up"
    """Change the office's calendar."""
    AUDIT = "audit"
    """Read the system's own record."""
    MANAGE_PEOPLE = "manage_people"


@dataclass(frozen=True)
class Grant:
    """Who has a permission, and which of the scopes a token needs to use it for a change."""

    roles: frozenset[Role]
    scopes: frozenset[str] = frozenset({"write"})
    changes: bool = True


def _do(*roles: Role, scopes: tuple[str, ...] = ()) -> Grant:
    return Grant(frozenset(roles), frozenset({"write", *scopes}))


def _look(*roles: Role) -> Grant:
    return Grant(frozenset(roles), changes=False)


_STAFF = frozenset(Role) - {Role.APPLICANT}
_P = Permission
_FIRST = (Role.TECHNICIAN, Role.APPROVER)
_SENIOR = (Role.APPROVER, Role.HEAD, Role.ADMINISTRATOR)

POLICY: dict[Permission, Grant] = {
    _P.SEE: _look(*Role),
    _P.SEE_OFFICE: _look(*_STAFF),
    _P.OWN_ACCOUNT: _do(*Role),
    _P.FILE: _do(Role.APPLICANT, Role.TECHNICIAN, scopes=("file",)),
    _P.REVIEW: _do(*_FIRST),
    _P.PLAN: _do(Role.TECHNICIAN),
    _P.APPROVE: _do(*_FIRST, scopes=("approve",)),
    _P.APPROVE_SECOND: _do(*_SENIOR, scopes=("approve",)),
    _P.DECIDE: _do(*_FIRST, *_SENIOR, scopes=("approve",)),
    _P.OPERATE: _do(Role.TECHNICIAN),
    _P.LOOK: _do(*Role),
    _P.CONTACT: _do(*_STAFF - {Role.AUDITOR}),
    _P.DRAFT_LETTERS: _do(Role.TECHNICIAN),
    _P.RECORD_COMPLAINTS: _do(Role.TECHNICIAN, Role.COMPLAINTS, Role.HEAD, scopes=("file",)),
    _P.ERASE_REPORTERS: _do(Role.COMPLAINTS, Role.ADMINISTRATOR),
    _P.WRITE_LETTERS: _do(Role.TECHNICIAN, Role.HEAD),
    _P.HANDLE_COMPLAINTS: _do(Role.COMPLAINTS, Role.HEAD),
    _P.REPORT: _do(Role.TECHNICIAN, Role.HEAD, Role.COMPLAINTS),
    _P.ISSUE_REPORT: _do(Role.HEAD),
    _P.SUPERVISE: _look(Role.HEAD, Role.AUDITOR, Role.ADMINISTRATOR),
    _P.SET_UP: _do(Role.ADMINISTRATOR),
    _P.AUDIT: _look(Role.AUDITOR, Role.HEAD, Role.ADMINISTRATOR),
    _P.MANAGE_PEOPLE: _do(Role.ADMINISTRATOR),
}

APPROVERS = POLICY[Permission.DECIDE].roles
"""The roles whose yes sets a run off: theirs are the sign-ins worth a second factor."""
