"""Recordings of real devices beside the repository: where they lie, and whether they are these."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1].parent / "shared" / "fixtures"
_KNOWN = {"cisco_ios": "3e67aeafb825d0ab", "mikrotik_routeros": "93ffae9694f7825e"}
"""The recordings that tests quote from; others may lie there and are read by all other tests."""


def present(kind: str) -> pytest.MarkDecorator:
    """Skips where there are no recordings of that platform."""
    gone = not (FOLDER / kind).is_dir()
    return pytest.mark.skipif(gone, reason="the recordings of real devices are not here")


def quoted(kind: str) -> pytest.MarkDecorator:
    """Skips where other recordings lie than those whose words the test expects."""
    other = _digest(kind) != _KNOWN[kind]
    return pytest.mark.skipif(other, reason="the recordings that this test quotes are not here")


@cache
def _digest(kind: str) -> str:
    told = hashlib.sha256()
    folder = FOLDER / kind
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        told.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return told.hexdigest()[:16]
