"""Who someone is to the services, and which role may do what; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.people.model import Role

USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
DEPARTMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
PASSWORD_LENGTH = range(8, 201)
SCOPES = frozenset({"read", "write"})

_OFFICE = frozenset(Role) - {Role.APPLICANT}


@dataclass(frozen=True)
class Actor:
    """The person on whose behalf a service acts.

    ``scopes`` are those of the token used: empty means everything that the person may do.
    """

    id: int
    username: str
    name: str
    roles: frozenset[Role]
    department: str | None
    language: str
    scopes: frozenset[str] = frozenset()

    def has(self, *roles: Role) -> bool:
        """Whether the person has at least one of ``roles``."""
        return not self.roles.isdisjoint(roles)


def may_write(actor: Actor) -> bool:
    """Whether anything at all may be changed: an auditor, and a token to read with, only look."""
    allowed = not actor.scopes or "write" in actor.scopes
    return allowed and bool(actor.roles - {Role.AUDITOR})


def may_see(actor: Actor, department: str) -> bool:
    """The office sees every request, an applicant those of the own department."""
    return actor.has(*_OFFICE) or _belongs(actor, department)


def sees_all(actor: Actor) -> bool:
    """Whether requests of every department are shown."""
    return actor.has(*_OFFICE)


def may_file(actor: Actor, department: str) -> bool:
    """File, edit, submit or cancel a request: the department itself, or a technician for it."""
    return may_write(actor) and (actor.has(Role.TECHNICIAN) or _belongs(actor, department))


def may_review(actor: Actor) -> bool:
    """Return a request for more information, or reject it."""
    return may_write(actor) and actor.has(Role.TECHNICIAN, Role.APPROVER)


def may_plan(actor: Actor) -> bool:
    """Have a plan made, which takes holds."""
    return may_write(actor) and actor.has(Role.TECHNICIAN)


def may_approve(actor: Actor) -> bool:
    """Say yes to a plan; that it is not the own request is the approval's rule."""
    return may_write(actor) and actor.has(Role.TECHNICIAN, Role.APPROVER)


def may_operate(actor: Actor) -> bool:
    """Retry or stop a run, act on an instance."""
    return may_write(actor) and actor.has(Role.TECHNICIAN)


def may_manage_people(actor: Actor) -> bool:
    """Add people, departments and tokens of others."""
    return may_write(actor) and actor.has(Role.ADMINISTRATOR)


def may_audit(actor: Actor) -> bool:
    """Read the system's own record."""
    return actor.has(Role.AUDITOR, Role.HEAD, Role.ADMINISTRATOR)


def _belongs(actor: Actor, department: str) -> bool:
    return actor.has(Role.APPLICANT) and actor.department == department
