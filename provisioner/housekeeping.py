"""What has to be done now and then: expired holds, the engine's history, anchors of the record."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from provisioner import events
from provisioner.database import Database, now
from provisioner.plans import store as plans

log = logging.getLogger(__name__)

EVERY = 300.0
"""Seconds."""


def anchors(data_dir: Path) -> Iterator[tuple[str, list[tuple[str, int, str]]]]:
    """(day, its (record, seq, hash) of every chain's head), oldest first."""
    for path in sorted((data_dir / "anchors").glob("*.json")):
        heads = json.loads(path.read_text())["heads"]
        yield path.stem, [(head["record"], head["seq"], head["hash"]) for head in heads]


class Housekeeping:
    """Runs in a thread of the worker; each chore is harmless to repeat."""

    def __init__(
        self, database: Database, data_dir: Path, chores: Sequence[Callable[[], object]]
    ) -> None:
        self._database = database
        self._anchors = data_dir / "anchors"
        self._chores = chores
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def once(self) -> None:
        """All chores, now."""
        with self._database.allocate() as session:
            plans.purge_expired(session, now())
        for chore in self._chores:
            chore()
        self.anchor()

    def anchor(self) -> Path:
        """Write the heads of all event chains of today to a file of their own, once a day."""
        path = self._anchors / f"{now():%Y-%m-%d}.json"
        if not path.exists():
            self._anchors.mkdir(parents=True, exist_ok=True)
            with self._database.read() as session:
                heads = events.heads(session)
            lines = [{"record": r, "seq": s, "hash": h} for r, s, h in heads]
            path.write_text(json.dumps({"at": now().isoformat(), "heads": lines}, indent=1))
        return path

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the chore in hand."""
        self._ending.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self.once()
            except Exception:  # whatever a chore meets, the next turn comes
                log.exception("housekeeping: trying again in %s seconds", EVERY)
            self._ending.wait(EVERY)
