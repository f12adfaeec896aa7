"""Requests found by the words that people know them by, kept beside them as prefixes to look up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    delete,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from provisioner import events
from provisioner.database import Base, Database
from provisioner.people.model import Department
from provisioner.requests import store
from provisioner.requests.model import Letter, Request
from provisioner.requests.rules import OPEN, RequestState

LONGEST = 64
"""Characters of a word that count."""
MOST_WORDS = 8
"""Of what is searched for; further ones are left out."""
FEW = 20_000
"""So many hits of a word are gathered and sorted; of a more common one the newest are met soon."""
_IN_DETAILS = (
    "hostname", "server_name", "event", "place", "ssid", "site", "location", "instance", "target",
    "device", "mac",
)  # fmt: skip
"""What of the answers is looked up; secrets are no part of a request's details."""
_CHANGES = frozenset(
    {
        "request:created", "request:updated", "request:submitted", "request:done",
        "instance:created", "letter:issued",
    }
)  # fmt: skip
"""Events that may come with other words."""
_MAC = re.compile(r"(?<![0-9a-f:-])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![0-9a-f:-])")
_AT_ONCE = 500

Words = Callable[[Session, Sequence[Request]], Mapping[int, Iterable[str]]]
"""Further texts that requests are known by, by the requests' ids."""


class SearchTerm(Base):
    """One word of one request, without case and accents; every ending of it is one as well."""

    __tablename__ = "prov_search_term"
    __table_args__ = (
        Index("ix_prov_search_term_request", "request_id", "term"),
        {"sqlite_with_rowid": False},
    )

    term: Mapped[str] = mapped_column(
        String(LONGEST).with_variant(String(LONGEST, collation="C"), "postgresql"),
        primary_key=True,
    )
    request_id: Mapped[int] = mapped_column(
        ForeignKey("prov_request.id", ondelete="CASCADE"), primary_key=True
    )


class SearchIndex:
    """Keeps the words of requests up to date within the transactions that change them."""

    def __init__(self, database: Database, more: Collection[Words] = ()) -> None:
        self._database = database
        self._more = more
        self._whole = False
        events.listen(database, self.follow)

    def follow(self, session: Session, happened: events.Happening) -> None:
        """Hears of every event; those of a request that changes what it is known by count."""
        if happened.tag in _CHANGES:
            row = session.scalars(
                select(Request).where(Request.number == happened.record)
            ).one_or_none()
            if row is not None:
                self.write(session, [row])

    def write(self, session: Session, rows: Sequence[Request]) -> None:
        """Make the words of these requests what they are now."""
        ids = [row.id for row in rows]
        kept: dict[int, set[str]] = {id: set() for id in ids}
        query = select(SearchTerm.request_id, SearchTerm.term)
        for id, term in session.execute(query.where(SearchTerm.request_id.in_(ids))):
            kept[id].add(term)
        fresh: list[dict[str, Any]] = []
        for id, wanted in self._terms(session, rows).items():
            if gone := kept[id] - wanted:
                session.execute(
                    delete(SearchTerm).where(SearchTerm.request_id == id, SearchTerm.term.in_(gone))
                )
            fresh += ({"request_id": id, "term": term} for term in sorted(wanted - kept[id]))
        if fresh:
            insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else pg.insert
            # whoever writes the same request's words just now has most of them in common
            session.execute(insert(SearchTerm).on_conflict_do_nothing(), fresh)

    def catch_up(self) -> int:
        """Write the words of requests that have none yet, newest first; returns how many those are.

        Harmless to repeat, and in several processes. Once all have words this costs nothing.
        """
        written, last = 0, None
        while not self._whole:
            with self._database.allocate() as session:
                missing = select(Request).where(
                    ~exists().where(SearchTerm.request_id == Request.id)
                )
                if last is not None:
                    missing = missing.where(Request.id < last)
                missing = missing.order_by(Request.id.desc()).limit(_AT_ONCE)
                # locked: who changes one meanwhile finds these words, and replaces them
                rows = list(session.scalars(missing.with_for_update(key_share=True)))
                self.write(session, rows)
            self._whole = not rows
            written += len(rows)
            last = rows[-1].id if rows else last
        return written

    def _terms(self, session: Session, rows: Sequence[Request]) -> dict[int, set[str]]:
        letters = store.letters(session, rows)
        more = [source(session, rows) for source in self._more]
        return {
            row.id: {
                term
                for text in (
                    *_texts(row, letters.get(row.id)),
                    *(text for found in more for text in found.get(row.id, ())),
                )
                for term in terms_of(text)
            }
            for row in rows
        }


def terms_of(text: str) -> Iterator[str]:
    """What finds the text: each of its words and each ending of one that begins a part of it.

    ``VPS-2026-0042`` is found by ``vps-20``, by ``2026-0042`` and by ``0042``.
    """
    for word in _split(text):
        yield word[:LONGEST]
        for part in re.finditer(r"[^\w]+(?=\w)|_+(?=[^\W_])", word):
            yield word[part.end() :][:LONGEST]
        if _MAC.fullmatch(word):
            yield re.sub("[:-]", "", word)


def words_of(text: str) -> list[str]:
    """The words of what somebody looks for, as they stand in the terms."""
    found = (_address(word)[:LONGEST] for word in _split(text))
    return list(dict.fromkeys(found))[:MOST_WORDS]


def find(
    session: Session,
    *,
    state: str | None = None,
    service: str | None = None,
    department: str | None = None,
    text: str | None = None,
    overdue_at: datetime | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[Request]:
    """Requests newest first, each filter optional. ``text``: all of its words have to be found.

    ``overdue_at``: those whose clock runs and had to be done by then.
    """
    ids: Select[Any] = select(Request.id).order_by(Request.id.desc()).limit(limit)
    filters = (
        (Request.state, state), (Request.service, service), (Request.department_id, department)
    )  # fmt: skip
    wanted = [(column, value) for column, value in filters if value]
    if before_id:
        ids = ids.where(Request.id < before_id)
    led = False
    if overdue_at is not None:
        ids, led = ids.where(Request.id.in_(_overdue(overdue_at))), True
    if text:
        words = words_of(text)
        if not words:
            return []
        ids, narrow = _narrowed(session, ids, words)
        led = led or narrow
    for column, value in wanted:
        # what leads the way is already few: an index on this would lead through far more
        ids = ids.where((column + "" if led else column) == value)
    found = list(session.scalars(ids))
    return list(
        session.scalars(select(Request).where(Request.id.in_(found)).order_by(Request.id.desc()))
    )


def _narrowed(session: Session, ids: Select[Any], words: Sequence[str]) -> tuple[Select[Any], bool]:
    """The query with all words demanded; whether one of them leads to few requests."""
    owners = _departments(session, words)
    counts = {word: _count(session, word, owners[word]) for word in words}
    rarest = min(words, key=lambda word: counts[word])
    few = counts[rarest] <= FEW
    if few:
        ids = ids.where(Request.id.in_(_hits(rarest, owners[rarest])))
    for word in words:
        if not few or word != rarest:
            ids = ids.where(_has(word, owners[word]))
    return ids, few


def _departments(session: Session, words: Sequence[str]) -> dict[str, list[str]]:
    """The departments known by each word; there are few, and their names change."""
    named = [
        (id, _terms_of_department(id, name))
        for id, name in session.execute(select(Department.id, Department.name))
    ]
    return {
        word: [id for id, terms in named if any(term.startswith(word) for term in terms)]
        for word in words
    }


@lru_cache(1024)
def _terms_of_department(id: str, name: str) -> frozenset[str]:
    return frozenset((*terms_of(id), *terms_of(name)))


def _range(word: str) -> ColumnElement[bool]:
    return (SearchTerm.term >= word) & (SearchTerm.term < word + chr(0x10FFFF))


def _hits(word: str, owners: Sequence[str]) -> Select[Any]:
    """The ids of the requests that have the word; one may come several times."""
    own = select(SearchTerm.request_id.label("id")).where(_range(word))
    if not owners:
        return own
    both = union_all(own, select(Request.id.label("id")).where(Request.department_id.in_(owners)))
    return select(both.subquery().c.id)


def _has(word: str, owners: Sequence[str]) -> ColumnElement[bool]:
    own = exists().where(SearchTerm.request_id == Request.id, _range(word))
    return or_(Request.department_id.in_(owners), own) if owners else own


def _count(session: Session, word: str, owners: Sequence[str]) -> int:
    """How many hits, or one more than ``FEW``."""
    some = _hits(word, owners).limit(FEW + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _overdue(moment: datetime) -> Select[Any]:
    running = OPEN - {RequestState.NEEDS_INFO, RequestState.DRAFT}
    return select(Request.id).where(Request.state.in_(sorted(running)), Request.due_at < moment)


def _texts(row: Request, letter: Letter | None) -> Iterator[str]:
    yield row.number
    if name := row.applicant.get("name"):
        yield str(name)
    if row.instance_id:
        yield row.instance_id
    if letter is not None and letter.number:
        yield letter.number
    for key in _IN_DETAILS:
        if isinstance(given := row.details.get(key), str):
            yield given


def _split(text: str) -> Iterator[str]:
    """Words without case, accents and the punctuation around them."""
    plain = unicodedata.normalize("NFKD", text.casefold()).casefold()
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    for word in letters.split():
        trimmed = re.sub(r"^[\W_]+|[\W_]+$", "", word)
        if trimmed:
            yield trimmed


def _address(word: str) -> str:
    """A hardware address is found however its digits are grouped."""
    bare = re.sub(r"[:.-]", "", word)
    grouped = re.fullmatch(r"[0-9a-f]{2}(-[0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}", word)
    return bare if grouped else word
