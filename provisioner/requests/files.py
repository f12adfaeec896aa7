"""Letters on disk: the original byte for byte and its cleaned copy, named by its hash."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from provisioner.errors import Retriable
from provisioner.texts import say

log = logging.getLogger(__name__)


class LetterFiles:
    """Files below ``folder``; a name that stands is never written again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, sha256: str, original: bytes, cleaned: bytes) -> None:
        """Store both; on return they are on disk. Raises Retriable (disk full, not writable)."""
        place = self._place(sha256)
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name, data in (("original", original), ("cleaned", cleaned)):
                _write(place / name, data)
        except OSError as error:
            log.error("letters cannot be written below %s: %s", self._folder, error.strerror)
            raise _no_room() from error

    def original(self, sha256: str) -> bytes:
        """The bytes as they were received."""
        return (self._place(sha256) / "original").read_bytes()

    def cleaned(self, sha256: str) -> bytes:
        """The copy that is safe to show."""
        return (self._place(sha256) / "cleaned").read_bytes()

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _no_room() -> Retriable:
    return Retriable(
        say("The letter could not be written to disk. Nothing was stored."),
        meaning=say("The disk of this service is full, or may not be written to."),
        next=say("Tell the administrator, and send the letter again later; the draft is kept."),
        after=60,
    )


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, also when the power fails in between."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).rename(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
