"""Looking at letters that go out: lists, pages, files, and what anybody may know of one."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from provisioner.catalogue import Inventory
from provisioner.database import Database
from provisioner.errors import NotFound
from provisioner.people.rules import Actor, may_see, sees_all
from provisioner.printing.sheets import sheet_pdf
from provisioner.reports.letters import store
from provisioner.reports.letters.content import compose
from provisioner.reports.letters.gathering import Gatherer, kinds_of
from provisioner.reports.letters.model import OutLetter
from provisioner.reports.letters.paper import letter_html
from provisioner.reports.letters.present import letter_views
from provisioner.reports.letters.rules import FOR_DEPARTMENT, Kind, LetterState, may_draft
from provisioner.reports.letters.views import OutLetterView, PublicView
from provisioner.requests import store as requests
from provisioner.requests.files import LetterFiles
from provisioner.texts import say

CODE = re.compile(r"[0-9a-f]{32}")
_ALL = frozenset(LetterState)


class LetterLooks:
    """What people see of letters; changes nothing."""

    def __init__(
        self,
        database: Database,
        inventory: Inventory,
        gatherer: Gatherer,
        files: LetterFiles,
        public_url: str,
        roots: Sequence[str],
    ) -> None:
        """``files`` keeps each PDF beside its page; ``roots``: trusted certificates, PEM."""
        self._database, self._inventory, self._gatherer = database, inventory, gatherer
        self._files, self._public_url, self._roots = files, public_url, roots

    # ------------------------------------------------------------------ looking

    def list(
        self,
        actor: Actor,
        *,
        states: Sequence[str] = (),
        before: int | None = None,
        limit: int = 50,
    ) -> builtins.list[OutLetterView]:
        """Letters that the actor may see, newest first; without ``states`` those of all."""
        wanted = ({LetterState(s) for s in states if s in _ALL} or _ALL) & _seen(actor)
        with self._database.read() as session:
            rows = store.find(
                session, states=wanted, department=_only(actor), before_id=before, limit=limit
            )
            return letter_views(session, actor, rows)

    def counts(self, actor: Actor) -> Mapping[str, int]:
        """How many letters that the actor may see are in each state."""
        with self._database.read() as session:
            found = store.counts(session, _only(actor))
        return {state: found.get(state, 0) for state in LetterState if state in _seen(actor)}

    def get(self, actor: Actor, id: int) -> OutLetterView:
        """One letter. Raises NotFound, also for what the actor may not see."""
        with self._database.read() as session:
            return self._view(session, actor, visible(session, actor, id))

    def of_request(self, actor: Actor, number: str) -> builtins.list[OutLetterView]:
        """The letters of one request, newest first. Raises NotFound."""
        with self._database.read() as session:
            request = requests.by_number(session, number)
            if not may_see(actor, request.department_id):
                raise NotFound(requests.no_such_request(number))
            rows = [r for r in store.of_request(session, request.id) if r.state in _seen(actor)]
            return letter_views(session, actor, rows)

    def to_begin(self, actor: Actor, number: str) -> builtins.list[Kind]:
        """The kinds of letter that the actor may begin for the request now. Raises NotFound."""
        found = self._gatherer.kinds(actor, number) if may_draft(actor) else []
        if not found:
            return []
        with self._database.read() as session:
            request = requests.by_number(session, number)
            return [kind for kind in found if store.live(session, request.id, kind) is None]

    def public(self, code: str) -> PublicView | None:
        """What anybody may know of the letter with that code; None without such a letter."""
        known = code if CODE.fullmatch(code) else "-"
        with self._database.read() as session:
            row = store.by_code(session, known)
            if row is None or row.issued_sha256 is None:
                return None
            return PublicView(
                state=row.state,
                kind=row.kind,
                number=row.number or "",
                date=row.date or "",
                issued_sha256=row.issued_sha256,
                signed_sha256=row.signed_sha256,
                signed_as=(row.verdict or {}).get("kind"),
            )

    # ------------------------------------------------------------------ paper

    def page(self, actor: Actor, id: int) -> str:
        """The letter as HTML: as it was frozen, or as it would be printed now. Raises NotFound."""
        with self._database.read() as session:
            row = visible(session, actor, id)
        if row.issued_sha256 is not None:
            return self._files.cleaned(row.issued_sha256).decode()
        return self._written(actor, row, draft=True)

    def pdf(self, actor: Actor, id: int) -> bytes:
        """The PDF that was issued, byte for byte, or one marked as a draft. Raises NotFound."""
        with self._database.read() as session:
            row = visible(session, actor, id)
        if row.issued_sha256 is not None:
            return self._files.original(row.issued_sha256)
        return sheet_pdf(self._written(actor, row, draft=True))

    def signed_file(self, actor: Actor, id: int, *, copy: bool = False) -> bytes:
        """The signed PDF byte for byte, or its cleaned copy to be shown. Raises NotFound."""
        with self._database.read() as session:
            row = visible(session, actor, id)
        if row.signed_sha256 is None:
            raise NotFound(say("The letter has not been signed yet."))
        return (self._files.cleaned if copy else self._files.original)(row.signed_sha256)

    def confirmation(self, actor: Actor, number: str) -> bytes:
        """The letter that answers the request: signed, else issued, else for the office a draft.

        Raises NotFound where there is none (yet).
        """
        with self._database.read() as session:
            request = requests.by_number(session, number)
            if not may_see(actor, request.department_id):
                raise NotFound(requests.no_such_request(number))
            first = next(iter(kinds_of(request)), None)
            row = store.live(session, request.id, first) if first else None
        if first is None or (row is None and not sees_all(actor)):
            raise _no_letter(number)
        if row is None:
            return sheet_pdf(self._would_be(actor, number, first))
        if row.state not in _seen(actor):
            raise _no_letter(number)
        return self.signed_file(actor, row.id) if row.signed_sha256 else self.pdf(actor, row.id)

    # ------------------------------------------------------------------ inside

    def _view(self, session: Session, actor: Actor, row: OutLetter) -> OutLetterView:
        return letter_views(session, actor, [row])[0]

    def _written(
        self, actor: Actor, row: OutLetter, *, draft: bool,
        number: str | None = None, day: str | None = None,
    ) -> str:  # fmt: skip
        matter = self._gatherer.matter(actor, row.request_number, Kind(row.kind))
        letter = compose(matter, self._inventory, row.code, edits=row.edits, number=number, day=day)
        return letter_html(letter, self._inventory.office, self._public_url, draft=draft)

    def _would_be(self, actor: Actor, number: str, kind: Kind) -> str:
        matter = self._gatherer.matter(actor, number, kind)
        letter = compose(matter, self._inventory, "-", edits={}, number=None, day=None)
        return letter_html(letter, self._inventory.office, self._public_url, draft=True)


def _seen(actor: Actor) -> frozenset[LetterState]:
    return _ALL if sees_all(actor) else FOR_DEPARTMENT


def _only(actor: Actor) -> str | None:
    return None if sees_all(actor) else actor.department or "-"


def visible(session: Session, actor: Actor, id: int, *, lock: bool = False) -> OutLetter:
    row = store.by_id(session, id, lock=lock)
    if not may_see(actor, row.department_id) or row.state not in _seen(actor):
        raise NotFound(say("There is no letter %(id)s.", id=str(id)))
    return row


def _no_letter(number: str) -> NotFound:
    return NotFound(say("There is no letter of request %(number)s yet.", number=number))
