"""The service desk, wired: asking, letters, complaints, reports, notices, the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.bootstrap.core import Core, Piece
from provisioner.outbox import Handler


@dataclass(frozen=True)
class Desk:
    """Its services, and what the outbox, housekeeping and the clock call of all of them."""

    handlers: Mapping[str, Handler]
    chores: Sequence[Callable[[], object]]
    watchers: Sequence[Callable[[], object]]


def desk_of(core: Core) -> Desk:
    """All of it; each piece is made in a module of its own."""
    pieces: dict[str, Piece[Any]] = {}
    return Desk(
        **{name: piece.service for name, piece in pieces.items()},
        handlers={key: handler for one in pieces.values() for key, handler in one.handlers.items()},
        chores=[chore for one in pieces.values() for chore in one.chores],
        watchers=[watcher for one in pieces.values() for watcher in one.watchers],
    )
