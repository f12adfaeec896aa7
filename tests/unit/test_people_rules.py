"""Which role may do what."""

from __future__ import annotations

import pytest

from provisioner.people import rules
from provisioner.people.model import Role
from provisioner.people.rules import Actor


def actor(*roles: Role, department: str | None = None, scopes: tuple[str, ...] = ()) -> Actor:
    return Actor(1, "sari", "Sari", frozenset(roles), department, "id", frozenset(scopes))


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.TECHNICIAN}))
def test_only_a_technician_plans_and_operates(role: Role) -> None:
    assert not rules.may_plan(actor(role))
    assert not rules.may_operate(actor(role))
    assert rules.may_plan(actor(role, Role.TECHNICIAN))


def test_a_token_to_read_with_changes_nothing() -> None:
    reader = actor(Role.TECHNICIAN, Role.ADMINISTRATOR, scopes=("read",))
    for may in (rules.may_plan, rules.may_approve, rules.may_operate, rules.may_manage_people):
        assert not may(reader)
    assert rules.may_see(reader, "dinkes")
    assert rules.may_plan(actor(Role.TECHNICIAN, scopes=("read", "write")))


def test_an_auditor_sees_everything_and_changes_nothing() -> None:
    auditor = actor(Role.AUDITOR)
    assert rules.may_see(auditor, "dinkes")
    assert rules.may_audit(auditor)
    assert not rules.may_write(auditor)


def test_an_applicant_sees_and_files_for_the_own_department_only() -> None:
    applicant = actor(Role.APPLICANT, department="dinkes")
    assert rules.may_see(applicant, "dinkes")
    assert rules.may_file(applicant, "dinkes")
    assert not rules.may_see(applicant, "dinsos")
    assert not rules.may_file(applicant, "dinsos")
    assert not rules.sees_all(applicant)


def test_a_department_alone_gives_nothing_without_the_role() -> None:
    assert not rules.may_file(actor(Role.HEAD, department="dinkes"), "dinkes")


def test_approving_is_for_technicians_and_approvers() -> None:
    allowed = {role for role in Role if rules.may_approve(actor(role))}
    assert allowed == {Role.TECHNICIAN, Role.APPROVER}
