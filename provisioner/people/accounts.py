"""Accounts and departments: added, changed, closed and opened again."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from provisioner import events
from provisioner.database import now
from provisioner.errors import Conflict, Forbidden, NotFound, Unauthenticated
from provisioner.people import fields, store
from provisioner.people.model import Department, Person, PersonRole, Role
from provisioner.people.passwords import check_password
from provisioner.people.rules import PASSWORD_LENGTH, Actor
from provisioner.people.subject import SYSTEM, Subject, digest, no_person, person_of
from provisioner.people.tokens import end_tokens
from provisioner.people.views import DepartmentView, PersonView
from provisioner.texts import say

_PASSWORD_TRIES = 5


class Accounts(Subject):
    """Who has an account, and in which department."""

    def add_department(self, id: str, name: str, actor: str = SYSTEM) -> DepartmentView:
        """Add an OPD, or give the one of that id this name. Raises Invalid."""
        fields.check_department(id)
        name = fields.name_of(name)
        with self._database.write() as session:
            row = session.get(Department, id) or Department(id=id, name="")
            before, row.name = row.name, name
            session.add(row)
            if before != name:
                payload = {"department": id, "before": before or None, "after": name}
                events.append(session, SYSTEM, "department:named", actor=actor, payload=payload)
            return DepartmentView.of(row)

    def ensure_department(self, id: str) -> DepartmentView:
        """The OPD of that id; one not yet there is added, with its id for a name."""
        with self._database.read() as session:
            if row := session.get(Department, id):
                return DepartmentView.of(row)
        return self.add_department(id, id)

    def departments(self) -> list[DepartmentView]:
        """All OPD, by name."""
        with self._database.read() as session:
            return [DepartmentView.of(row) for row in store.departments(session)]

    def add_person(
        self,
        username: str,
        name: str,
        password: str | None,
        roles: Iterable[Role | str],
        department: str | None = None,
        language: str = "id",
        actor: str = SYSTEM,
        *,
        email: str | None = None,
        phone: str | None = None,
    ) -> PersonView:
        """Add an account; without a password it uses tokens, or an invitation.

        Raises Invalid for bad fields, Conflict(``username-taken``), NotFound for the department.
        """
        granted = fields.roles_of(roles, department)
        fields.check_username(username)
        name = fields.name_of(name)
        fields.check_language(language)
        email, phone = fields.email_of(email), fields.phone_of(phone)
        hashed = fields.hash_of(password) if password is not None else None
        with self._database.write() as session:
            if store.person(session, username):
                raise Conflict(
                    say("The user name %(name)s is taken.", name=username), slug="username-taken"
                )
            _check_department(session, department)
            row = Person(
                username=username,
                name=name,
                password_hash=hashed,
                department_id=department,
                language=language,
                email=email,
                phone=phone,
                active=True,
                created_at=now(),
                roles=[PersonRole(role=role) for role in granted],
            )
            session.add(row)
            session.flush()
            payload = {"username": username, "roles": list(granted), "department": department}
            events.append(session, SYSTEM, "person:added", actor=actor, payload=payload)
            return self._view(session, row)

    def people(self, q: str = "", role: str = "") -> list[PersonView]:
        """Who has an account, by user name; ``q`` looks in names, department and e-mail."""
        with self._database.read() as session:
            rows = store.people(session)
            coded = store.with_codes(session)
        found = [PersonView.of(row, row.id in coded) for row in rows]
        wanted = q.strip().lower()
        return [one for one in found if one.holds(wanted) and (not role or role in one.roles)]

    def names(self) -> dict[str, str]:
        """What everyone is called, by user name; also of accounts that are closed."""
        with self._database.read() as session:
            return store.names(session)

    def person(self, username: str) -> PersonView:
        """One account. Raises NotFound."""
        with self._database.read() as session:
            return self._view(session, person_of(session, username))

    def update_person(
        self,
        username: str,
        *,
        name: str,
        roles: Iterable[Role | str],
        department: str | None,
        language: str,
        email: str | None,
        phone: str | None,
        actor: str = SYSTEM,
    ) -> PersonView:
        """Change an account. Raises Invalid, NotFound, Conflict(``last-administrator``)."""
        granted = fields.roles_of(roles, department)
        name = fields.name_of(name)
        fields.check_language(language)
        email, phone = fields.email_of(email), fields.phone_of(phone)
        with self._database.allocate() as session:
            row = person_of(session, username)
            _check_department(session, department)
            if Role.ADMINISTRATOR not in granted:
                _keep_an_administrator(session, row)
            before = self._view(session, row)
            row.name, row.department_id, row.language = name, department, language
            row.email, row.phone = email, phone
            if set(before.roles) != set(granted):
                row.roles = [PersonRole(role=role) for role in granted]
                session.flush()
            _changed(session, before, self._view(session, row), actor)
            return self._view(session, row)

    def update_own(
        self, actor: Actor, *, name: str, language: str, email: str | None, phone: str | None
    ) -> PersonView:
        """Change what a person may change of the own account. Raises Invalid."""
        mine = self.person(actor.username)
        return self.update_person(
            actor.username, name=name, roles=mine.roles, department=mine.department,
            language=language, email=email, phone=phone, actor=actor.username,
        )  # fmt: skip

    def set_password(self, username: str, password: str, actor: str = SYSTEM) -> None:
        """Give a person a new password; every browser is signed out, and no token works any more.

        Who needs it has lost the old one, perhaps to somebody who has made tokens with it.
        """
        hashed = fields.hash_of(password)
        with self._database.write() as session:
            row = person_of(session, username)
            row.password_hash = hashed
            store.end_sessions(session, row.id)
            end_tokens(session, row.id, actor)
            payload = {"username": username}
            events.append(session, SYSTEM, "person:password-set", actor=actor, payload=payload)

    def change_password(
        self, actor: Actor, old: str, new: str, keep: str, *, tokens_too: bool = False
    ) -> None:
        """The person's own; other browsers than that of the session ``keep`` are signed out, and
        ``tokens_too`` made worthless where the person says so.

        Raises Forbidden for a token, Unauthenticated(``wrong-credentials``, ``too-many-tries``),
        Invalid.
        """
        if actor.scopes:
            raise Forbidden(say("A token cannot change the password."), slug="scope")
        self.confirm(actor, old)
        hashed = fields.hash_of(new)
        with self._database.write() as session:
            person_of(session, actor.username).password_hash = hashed
            store.end_sessions(session, actor.id, except_for=digest(keep))
            if tokens_too:
                end_tokens(session, actor.id, actor.username)
            payload = {"username": actor.username}
            events.append(
                session, SYSTEM, "person:password-set", actor=actor.username, payload=payload
            )

    def confirm(self, actor: Actor, password: str) -> None:
        """Check that it is the person who sits there. Raises Unauthenticated."""
        key = str(actor.id)
        with self._database.write() as session:
            self._limits.count_in(session, "password", "", _PASSWORD_TRIES, key=key)
            hashed = person_of(session, actor.username).password_hash
        if not check_password(password[: PASSWORD_LENGTH.stop], hashed):
            raise Unauthenticated(say("The present password is wrong."), slug="wrong-credentials")
        with self._database.write() as session:
            self._limits.forget(session, "password", "", key)

    def set_active(self, username: str, active: bool, actor: str = SYSTEM) -> PersonView:
        """Close or reopen an account; sessions and tokens end with closing, for good.

        Raises NotFound, Conflict(``last-administrator``).
        """
        with self._database.allocate() as session:
            row = person_of(session, username)
            if not active:
                _keep_an_administrator(session, row)
            row.active = active
            store.end_sessions(session, row.id)
            end_tokens(session, row.id, actor)
            tag = "person:opened" if active else "person:closed"
            events.append(session, SYSTEM, tag, actor=actor, payload={"username": username})
            return self._view(session, row)

    def actor(self, username: str) -> Actor:
        """The active person of that user name, as an actor; raises NotFound."""
        with self._database.read() as session:
            row = person_of(session, username)
            if not row.active:
                raise NotFound(no_person(username))
            return self._actor(session, row)

    def _view(self, session: Session, row: Person) -> PersonView:
        return PersonView.of(row, row.id in store.with_codes(session))


def _check_department(session: Session, department: str | None) -> None:
    if department and not session.get(Department, department):
        raise NotFound(say("There is no department %(id)s.", id=department[:40]))


def _keep_an_administrator(session: Session, row: Person) -> None:
    """Refuse to take away the last one: nobody could give the role back."""
    if not row.active or Role.ADMINISTRATOR not in {role.role for role in row.roles}:
        return
    if not store.others_with(session, Role.ADMINISTRATOR, row.id):
        raise Conflict(
            say("This is the last administrator. Give somebody else that role first."),
            slug="last-administrator",
        )


def _changed(session: Session, before: PersonView, after: PersonView, actor: str) -> None:
    """In the record stand roles and department in full, of personal data only that it changed."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    names = sorted(key for key in new if old[key] != new[key])
    if not names:
        return
    payload: dict[str, object] = {"username": after.username, "fields": names}
    for key in {"roles", "department"} & {*names}:
        payload[key] = {"before": old[key], "after": new[key]}
    events.append(session, SYSTEM, "person:changed", actor=actor, payload=payload)
