"""Wires finding: the queue, the words of requests, saved filters."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.bootstrap.core import Core, Piece
from provisioner.finding.filters import Filters
from provisioner.finding.queue import Queue
from provisioner.finding.words import words_of_instances
from provisioner.reports.letters.store import words_of_letters
from provisioner.requests.search import SearchIndex


@dataclass(frozen=True)
class Finding:
    """The services of finding."""

    queue: Queue
    filters: Filters
    index: SearchIndex


def finding_of(core: Core) -> Piece[Finding]:
    """Made from the core; housekeeping gives words to requests from before there were any."""
    index = SearchIndex(core.database, [words_of_instances, words_of_letters])
    made = Finding(Queue(core.database, core.inventory.office), Filters(core.database), index)
    return Piece(made, chores=[index.catch_up])
