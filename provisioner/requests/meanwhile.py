"""Two people at one request: the second is told what the first did, before anything is lost."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.catalogue import Office
from provisioner.database import now
from provisioner.dates import zone_name
from provisioner.errors import Conflict
from provisioner.events import Event, Happening
from provisioner.people.model import Person
from provisioner.people.rules import Actor
from provisioner.requests.model import Request
from provisioner.requests.present import sentence
from provisioner.texts import Message, say

PROGRAM = "system"


def refuse(
    session: Session,
    actor: Actor,
    request: Request,
    office: Office,
    *,
    seen: int | None = None,
    revision: int | None = None,
) -> None:
    """Raises Conflict(``changed-meanwhile``) where the caller acts on a request that is no more.

    ``seen``: the number of the newest event that the caller had before them; what another person
    did to the request since refuses. ``revision``: of the request as it was read; any other
    refuses. None of the two: nothing is refused. ``extra``: ``by``, ``at``, ``what`` (tag).
    """
    newest = _newest(session, request.number, actor.username, seen)
    if seen is not None and newest is not None:
        raise _told(session, request, newest, office)
    if revision is not None and revision != request.revision:
        raise _told(session, request, newest or _newest(session, request.number), office)


def _newest(
    session: Session, number: str, not_by: str | None = None, after: int | None = None
) -> Event | None:
    """The newest thing that a person did to the request."""
    query = select(Event).where(
        Event.record == number, Event.tag.startswith("request:"), Event.actor != PROGRAM
    )
    if not_by is not None:
        query = query.where(Event.actor != not_by)
    if after is not None:
        query = query.where(Event.seq > min(after, 2**31 - 1))
    return session.scalars(query.order_by(Event.seq.desc()).limit(1)).one_or_none()


def _told(session: Session, request: Request, event: Event | None, office: Office) -> Conflict:
    if event is None:
        return Conflict(
            say("Request %(number)s has changed since you opened it. Nothing was stored; look at "
                "it again, then repeat what you wanted.", number=request.number),
            slug="changed-meanwhile", extra={"revision": request.revision},
        )  # fmt: skip
    name = session.scalar(select(Person.name).where(Person.username == event.actor))
    text = say(
        "%(name)s was faster: “%(what)s”, %(at)s. Nothing of yours was stored; look at the request "
        "as it is now, then repeat what you wanted.",
        name=name or event.actor, what=_what(event), at=_clock(event, office),
    )  # fmt: skip
    extra = {
        "by": event.actor, "at": event.at.isoformat(), "what": event.tag,
        "revision": request.revision,
    }  # fmt: skip
    return Conflict(text, slug="changed-meanwhile", extra=extra)


def _what(event: Event) -> Message:
    return sentence(
        Happening(event.record, event.seq, event.tag, event.actor, event.at, None, None)
    )


def _clock(event: Event, office: Office) -> str:
    """The time, with its day where that is another than today; the same in every language."""
    local = event.at.astimezone(office.zone)
    today = local.date() == now().astimezone(office.zone).date()
    return f"{local:%H:%M}" if today else f"{local:%d-%m-%Y %H:%M} {zone_name(local)}"
