"""Who someone is to the services, and what that person may do; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.people.model import Role
from provisioner.people.policy import POLICY, Permission

USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
DEPARTMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
PASSWORD_LENGTH = range(8, 201)
DECISIONS = frozenset({Permission.APPROVE, Permission.APPROVE_SECOND, Permission.DECIDE})


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
    unproven: bool = False
    """The office asks who approves for one-time codes, and this person has none yet."""

    def has(self, *roles: Role) -> bool:
        """Whether the person has at least one of ``roles``."""
        return not self.roles.isdisjoint(roles)


def allows(actor: Actor, permission: Permission) -> bool:
    """Whether the policy lets this person, by this token, do that."""
    grant = POLICY[permission]
    if not actor.has(*grant.roles) or (permission in DECISIONS and actor.unproven):
        return False
    return not actor.scopes or not actor.scopes.isdisjoint(grant.scopes) or not grant.changes


def may_write(actor: Actor) -> bool:
    """Whether anything at all may be changed: an auditor, and a token to read with, only look."""
    allowed = not actor.scopes or "write" in actor.scopes
    return allowed and bool(actor.roles - {Role.AUDITOR})


def may_see(actor: Actor, department: str) -> bool:
    """The office sees every request, an applicant those of the own department."""
    return sees_all(actor) or _belongs(actor, department)


def sees_all(actor: Actor) -> bool:
    """Whether requests of every department are shown."""
    return allows(actor, Permission.SEE_OFFICE)


def may_file(actor: Actor, department: str) -> bool:
    """File, edit, submit or cancel a request: the department itself, or a technician for it."""
    return allows(actor, Permission.FILE) and (
        actor.has(Role.TECHNICIAN) or _belongs(actor, department)
    )


def may_review(actor: Actor) -> bool:
    """Return a request for more information, or reject it."""
    return allows(actor, Permission.REVIEW)


def may_plan(actor: Actor) -> bool:
    """Have a plan made, which takes holds."""
    return allows(actor, Permission.PLAN)


def may_approve(actor: Actor) -> bool:
    """Say yes to a plan; that it is not the own request is the approval's rule."""
    return allows(actor, Permission.APPROVE)


def may_approve_second(actor: Actor) -> bool:
    """Be one of the two people whom a change of high impact needs."""
    return allows(actor, Permission.APPROVE_SECOND)


def may_operate(actor: Actor) -> bool:
    """Retry or stop a run, act on an instance."""
    return allows(actor, Permission.OPERATE)


def may_manage_people(actor: Actor) -> bool:
    """Add people, departments and tokens of others."""
    return allows(actor, Permission.MANAGE_PEOPLE)


def may_audit(actor: Actor) -> bool:
    """Read the system's own record."""
    return allows(actor, Permission.AUDIT)


def _belongs(actor: Actor, department: str) -> bool:
    return actor.has(Role.APPLICANT) and actor.department == department
