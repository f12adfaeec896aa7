"""What was last seen of an instance, a cluster or its leftovers, kept so that nobody asks again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from provisioner.database import Base, now
from provisioner.errors import StepFailure


class Look(Base):
    """The last look at one subject: an instance by its id, ``cluster:{name}``, ``orphans:{name}``.

    ``answered_at`` is when it last could be read, ``trouble`` (a failure as JSON) why it could not
    be since; ``found`` stays as it was meanwhile.
    """

    __tablename__ = "prov_look"

    subject: Mapped[str] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    listing: Mapped[str | None]
    """What the cluster's listing and our record said then, as a digest: same again, same result."""
    found: Mapped[list[Any]]
    trouble: Mapped[dict[str, Any] | None]


def look(session: Session, subject: str, *, lock: bool = False) -> Look | None:
    """The last look at a subject."""
    query = select(Look).where(Look.subject == subject)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def looks(session: Session, subjects: Iterable[str] | None = None) -> Mapping[str, Look]:
    """The last looks by subject; all of them without ``subjects``."""
    query = select(Look)
    if subjects is not None:
        query = query.where(Look.subject.in_(list(subjects)))
    return {row.subject: row for row in session.scalars(query)}


def keep(
    session: Session,
    subject: str,
    found: Sequence[Any] | StepFailure,
    *,
    listing: str | None = None,
) -> None:
    """Write down what a look gave, or why it gave nothing."""
    row = look(session, subject, lock=True) or Look(subject=subject, found=[])
    session.add(row)
    row.looked_at = now()
    if isinstance(found, StepFailure):
        row.trouble = found.to_json()
    else:
        row.answered_at, row.trouble = row.looked_at, None
        row.found, row.listing = list(found), listing
    session.flush()


def forget(session: Session, subject: str) -> None:
    """Nobody asks for it any more."""
    row = look(session, subject)
    if row is not None:
        session.delete(row)
