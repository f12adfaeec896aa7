"""Carries out checks that were asked for, in threads of a worker process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from provisioner.checks import store
from provisioner.checks.chain import Chain
from provisioner.checks.model import Diagnosis, Result, Target
from provisioner.checks.seen import Sighting
from provisioner.checks.tables import BY_PEOPLE, CheckRow
from provisioner.database import Database
from provisioner.errors import ProvisionerError, StepFailure
from provisioner.texts import Message, say

log = logging.getLogger(__name__)

LANES = 3
"""Checks at once in one process; one lane more is for what people wait for."""
PULSE = 1.0
"""Seconds between two signs of life, which also store what came meanwhile."""
TRIES = 3
"""So many workers may die of one check."""

Tell = Callable[[Message], None]
"""Told how far it is, a sentence at a time; from any thread."""


class Found(Protocol):
    """What a look gave (``examining.Examined``)."""

    @property
    def chain(self) -> Chain: ...
    @property
    def results(self) -> Sequence[Result]: ...
    @property
    def diagnosis(self) -> Diagnosis: ...
    @property
    def sightings(self) -> Mapping[str, Sighting]: ...


class Examines(Protocol):
    """Makes checks (``examining.Examiner``)."""

    def examine(self, target: Target, checks: Collection[str] | None, tell: Tell) -> Found:
        """Raises NotFound for what is not there (any more)."""
        ...


Finish = Callable[[str, str, "Found | dict[str, Any]"], None]
"""Stores the end of a check: its id, the worker, what was found or why it was broken off."""


class CheckWorker:
    """Takes checks that are due one by one; several processes may do so at the same time.

    A check is claimed by one worker, which says once a second that it lives; one that was not
    heard of for half a minute is taken to be dead, and its checks are made anew by others.
    """

    def __init__(
        self, database: Database, examiner: Examines, finish: Finish, *, lanes: int = LANES
    ) -> None:
        self._database, self._examiner, self._finish = database, examiner, finish
        self._lanes = lanes
        self.name = f"worker-{uuid4().hex[:12]}"
        self._ending = threading.Event()
        self._bell = threading.Condition()
        self._rung = 0
        self._threads: list[threading.Thread] = []
        self._hands: dict[str, _Hand] = {}
        self._lock, self._taking = threading.Lock(), threading.Lock()

    def start(self) -> None:
        """Begin, in threads of its own."""
        self._ending.clear()
        for lane in range(self._lanes + 1):
            only = BY_PEOPLE if lane == self._lanes else None
            self._begin(f"checks-{lane}", self._work, only)
        self._begin("checks-pulse", self._pulse)

    def stop(self) -> None:
        """Take nothing more; what is in hand is given back for another worker to make."""
        self._ending.set()
        self.wake()
        if self._threads:
            with self._taking, self._database.write() as session:
                store.give_back(session, self.name)
        for thread in self._threads:
            thread.join(timeout=PULSE * 2)
        self._threads.clear()

    def wake(self) -> None:
        """Look now rather than in a second."""
        with self._bell:
            self._rung += 1
            self._bell.notify_all()

    def once(self, purposes: Collection[str] | None = None) -> bool:
        """Make the next check that is due; whether there was one."""
        with self._database.read() as session:
            if not store.is_due(session):
                return False
        with self._taking:
            if self._ending.is_set():
                return False
            with self._database.allocate() as session:
                row = store.claim(session, self.name, purposes)
        if row is None:
            return False
        self._make(row)
        return True

    # ------------------------------------------------------------------ inside

    def _begin(self, name: str, run: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=run, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, purposes: Collection[str] | None) -> None:
        seen = -1
        while not self._ending.is_set():
            with self._bell:
                if self._rung == seen:
                    self._bell.wait(PULSE)
                seen = self._rung
            try:
                while not self._ending.is_set() and self.once(purposes):
                    pass
            except SQLAlchemyError:
                log.exception("checks: the database did not answer; trying again")
                self._ending.wait(PULSE)

    def _make(self, row: CheckRow) -> None:
        hand = _Hand()
        with self._lock:
            self._hands[row.id] = hand
        try:
            found = self._examined(row, hand)
            self._say(row.id, hand)
            self._end(row, found)
        finally:
            with self._lock:
                del self._hands[row.id]

    def _examined(self, row: CheckRow, hand: _Hand) -> Found | dict[str, Any]:
        if row.tries > TRIES:
            return as_failure(_DEADLY)
        kind, _, key = row.target.partition(":")
        try:
            return self._examiner.examine(Target(kind, key), row.wanted or None, hand.tell)  # type: ignore[arg-type]
        except StepFailure as failure:
            return failure.to_json()
        except ProvisionerError as error:
            return {**as_failure(error.what), "slug": error.slug}
        except Exception:  # a fault of ours in one check must not end the worker
            log.exception("checks: %s of %s was broken off", row.id, row.target)
            return as_failure(_OUR_FAULT)

    def _end(self, row: CheckRow, found: Found | dict[str, Any]) -> None:
        """A result that cannot be stored breaks its own check off, not the worker."""
        try:
            self._finish(row.id, self.name, found)
        except OperationalError:  # not of what was found: it is made anew
            raise
        except Exception:
            log.exception("checks: what %s of %s gave cannot be stored", row.id, row.target)
            self._finish(row.id, self.name, as_failure(_OUR_FAULT))

    def _pulse(self) -> None:
        while not self._ending.wait(PULSE):
            with self._lock:
                hands = dict(self._hands)
            for id, hand in hands.items():
                try:
                    self._say(id, hand)
                except SQLAlchemyError:
                    log.exception("checks: the database did not answer; trying again")

    def _say(self, id: str, hand: _Hand) -> None:
        with self._database.write() as session:
            store.beat(session, id, self.name, hand.fresh())


class _Hand:
    """How far one check in hand is."""

    def __init__(self) -> None:
        self._told: list[Any] = []
        self._stored = 0
        self._lock = threading.Lock()

    def tell(self, message: Message) -> None:
        with self._lock:
            self._told.append(message.to_json())

    def fresh(self) -> list[Any] | None:
        """All so far, or None where nothing came since the last time."""
        with self._lock:
            if len(self._told) == self._stored:
                return None
            self._stored = len(self._told)
            return [*self._told]


def as_failure(what: Message) -> dict[str, Any]:
    """Why a check was broken off, as JSON."""
    return {"what": what.to_json(), "meaning": _MEANING.to_json(), "next": _NEXT.to_json()}


_DEADLY = say("The program ended several times while it made this check.")
_OUR_FAULT = say("The program made a mistake while it checked; its log says which.")
_MEANING = say("Nothing is known of the state of what was to be checked.")
_NEXT = say("Start the check again; if it breaks off again, tell whoever runs the program.")
