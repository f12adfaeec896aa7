"""Forms kept half filled in: begun, saved page by page, handed in as one request, or forgotten."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from provisioner.asking.model import Form
from provisioner.database import Database, now
from provisioner.errors import Conflict, Forbidden, NotFound
from provisioner.people.policy import Permission
from provisioner.people.rules import Actor, allows
from provisioner.requests.intake import Intake, KeptLetter
from provisioner.requests.model import Letter, Request
from provisioner.requests.views import NewRequest
from provisioner.secrets import Secret, SecretStore
from provisioner.texts import say

KEPT_DAYS = 30
"""A form that nobody touched for so long is forgotten, with all that was typed."""
_MOST = 20


@dataclass(frozen=True)
class FormView:
    """A form as far as it is filled in; ``secret`` are the names whose answers are kept secret."""

    id: str
    service: str
    answers: Mapping[str, str]
    secret: frozenset[str]
    letter: KeptLetter | None
    number: str | None
    updated_at: datetime

    @property
    def kept_until(self) -> datetime:
        """When it is forgotten unless it is touched."""
        return self.updated_at + timedelta(days=KEPT_DAYS)


class Forms:
    """Every method is one transaction; a form is seen by the person who fills it in alone."""

    def __init__(self, database: Database, secrets: SecretStore, intake: Intake) -> None:
        self._database = database
        self._secrets = secrets
        self._intake = intake

    def begin(
        self, actor: Actor, service: str, answers: Mapping[str, str], secret: Mapping[str, str]
    ) -> FormView:
        """A new form with the first answers. Raises Forbidden."""
        if not allows(actor, Permission.FILE):
            raise Forbidden(say("Your role does not allow this."))
        moment = now()
        with self._database.write() as session:
            self._make_room(session, actor)
            form = Form(
                id=secrets.token_urlsafe(12), person_id=actor.id, service=service,
                answers=dict(answers), created_at=moment, updated_at=moment,
            )  # fmt: skip
            session.add(form)
            session.flush()
            self._keep_secret(session, form, secret)
            return self._view(session, form)

    def save(
        self, actor: Actor, id: str, answers: Mapping[str, str], secret: Mapping[str, str]
    ) -> FormView:
        """Keep a page's answers beside the others. Raises NotFound, Conflict(``form-closed``).

        ``secret``: answers that are kept encrypted; an empty one forgets the former.
        """
        with self._database.write() as session:
            form = self._open(session, actor, id)
            form.answers = {**form.answers, **answers}
            form.updated_at = now()
            self._keep_secret(session, form, secret)
            return self._view(session, form)

    def attach(self, actor: Actor, id: str, file_name: str, data: bytes) -> FormView:
        """Keep the letter's file. Raises Invalid (``/file``), NotFound, Conflict."""
        self.get(actor, id)
        kept = self._intake.receive(file_name, data)
        with self._database.write() as session:
            form = self._open(session, actor, id)
            form.letter, form.updated_at = kept.to_json(), now()
            return self._view(session, form)

    def get(self, actor: Actor, id: str) -> FormView:
        """The form. Raises NotFound, also for another person's."""
        with self._database.read() as session:
            return self._view(session, self._own(session, actor, id))

    def unfinished(self, actor: Actor, service: str | None = None) -> Sequence[FormView]:
        """What the person has begun and not handed in, newest first."""
        query = select(Form).where(Form.person_id == actor.id, Form.number.is_(None))
        if service:
            query = query.where(Form.service == service)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(Form.updated_at.desc()).limit(_MOST))
            return [self._view(session, form) for form in rows]

    def secrets_of(self, actor: Actor, id: str) -> Mapping[str, str]:
        """The secret answers, for handing in. Raises NotFound."""
        with self._database.read() as session:
            form = self._own(session, actor, id)
            return dict(self._secrets.values(session, self._kept(session, form)))

    def hand_in(self, actor: Actor, id: str, new: NewRequest) -> str:
        """Make the request, give it its letter and submit it: all of it, or nothing.

        Returns the number; a form that was handed in already gives the number that it became.
        Raises Invalid with every gap, and the form is as it was.
        """
        with self._database.allocate() as session:
            form = self._own(session, actor, id, lock=True)
            if form.number:
                return form.number
            request = self._intake.create(session, actor, new)
            if form.letter:
                self._intake.attach(session, actor, request, KeptLetter(**form.letter))
            self._intake.hand_in(session, actor, request)
            form.number, form.updated_at, form.answers = request.number, now(), {}
            form.letter = None
            self._secrets.forget(session, _owner(form.id))
            return request.number

    def discard(self, actor: Actor, id: str) -> None:
        """Forget a form and all that was typed. Raises NotFound, Conflict."""
        with self._database.write() as session:
            form = self._open(session, actor, id)
            self._forget(session, form)

    def tidy(self) -> int:
        """Forget what nobody touched for ``KEPT_DAYS``; returns how many."""
        with self._database.write() as session:
            old = session.scalars(
                select(Form).where(Form.updated_at < now() - timedelta(days=KEPT_DAYS)).limit(500)
            ).all()
            for form in old:
                self._forget(session, form)
        return len(old)

    def last_asked(self, actor: Actor) -> Mapping[str, object]:
        """What the person's last request said of applicant and signatory: nobody is asked twice."""
        query = (
            select(Request.applicant, Letter.signatory)
            .outerjoin(Letter, Letter.request_id == Request.id)
            .where(Request.created_by == actor.id)
            .order_by(Request.id.desc())
            .limit(1)
        )
        with self._database.read() as session:
            found = session.execute(query).one_or_none()
        if found is None:
            return {}
        applicant, signatory = found
        letter = {"signatory": signatory} if signatory else {}
        return {"applicant": applicant, "letter": letter}

    # ------------------------------------------------------------------ inside

    def _own(self, session: Session, actor: Actor, id: str, *, lock: bool = False) -> Form:
        form = session.get(Form, id[:64], with_for_update=lock) if "\0" not in id else None
        if form is None or form.person_id != actor.id:
            raise NotFound(say("There is no such form; it may have been handed in or discarded."))
        return form

    def _open(self, session: Session, actor: Actor, id: str) -> Form:
        form = self._own(session, actor, id, lock=True)
        if form.number:
            raise Conflict(
                say("This form was handed in already, as request %(number)s.", number=form.number),
                slug="form-closed", extra={"number": form.number},
            )  # fmt: skip
        return form

    def _keep_secret(self, session: Session, form: Form, secret: Mapping[str, str]) -> None:
        for name, value in secret.items():
            if value:
                self._secrets.replace(session, name, _owner(form.id), value)
            else:
                self._secrets.forget_kind(session, name, _owner(form.id))

    def _kept(self, session: Session, form: Form) -> list[str]:
        owner = _owner(form.id)
        return list(session.scalars(select(Secret.id).where(Secret.owner == owner)))

    def _make_room(self, session: Session, actor: Actor) -> None:
        """Nobody keeps more than a few: the oldest go."""
        mine = select(Form).where(Form.person_id == actor.id).order_by(Form.updated_at.desc())
        for form in session.scalars(mine.offset(_MOST - 1)).all():
            self._forget(session, form)

    def _forget(self, session: Session, form: Form) -> None:
        self._secrets.forget(session, _owner(form.id))
        session.execute(delete(Form).where(Form.id == form.id))

    def _view(self, session: Session, form: Form) -> FormView:
        names = session.scalars(select(Secret.kind).where(Secret.owner == _owner(form.id)))
        letter = KeptLetter(**form.letter) if form.letter else None
        return FormView(
            form.id, form.service, form.answers, frozenset(names), letter, form.number,
            form.updated_at,
        )  # fmt: skip


def _owner(id: str) -> str:
    return f"form {id}"
