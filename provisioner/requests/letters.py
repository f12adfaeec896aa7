"""Letters as they are received: really opened, in a limited process, before they are kept."""

from __future__ import annotations

import builtins
import hashlib
import json
import logging
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from typing import BinaryIO

from provisioner.errors import FieldError, Invalid
from provisioner.texts import Message, say

MIB = 1024 * 1024
MAX_BYTES = 10 * MIB
SECONDS = 30
_AT_ONCE = BoundedSemaphore(2)
_WORKER = Path(__file__).with_name("letters_worker.py")
_ENDINGS = {
    ".pdf": "application/pdf",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
    ".png": "image/png",
}
_LONGEST_NAME = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExaminedLetter:
    """A letter that holds: ``sha256`` and ``bytes`` of the original, and its cleaned copy."""

    sha256: str
    media_type: str
    pages: int
    bytes: int
    cleaned: builtins.bytes
    cleaned_media_type: str


def examine(data: bytes, filename: str, limit: int = MAX_BYTES) -> ExaminedLetter:
    """Open a PDF, JPEG or PNG and make a cleaned copy; ``data`` itself is not changed.

    The cleaned copy shows the same pages without metadata and anything active. ``filename`` only
    has to agree with the content (no ending agrees with all). Takes ``SECONDS`` at most.

    Raises Invalid at ``/file``: empty, larger than ``limit`` bytes, another type than the three or
    than its name says, encrypted, damaged, more than 50 pages, or with active content (scripts,
    actions, attachments, media, XFA forms).
    """
    _refuse_size(len(data), limit)
    expected = _expected_type(filename)
    answer, cleaned = _ask_worker(data)
    if "fault" in answer:
        raise _refused(_fault(str(answer["fault"])))
    media_type = str(answer["media_type"])
    if expected not in (None, media_type):
        raise _refused(
            say("the content is not what the file's name says; save it anew under its right type")
        )
    return ExaminedLetter(
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type,
        pages=int(str(answer["pages"])),
        bytes=len(data),
        cleaned=cleaned,
        cleaned_media_type=media_type,
    )


def read_upload(stream: BinaryIO, declared: int | None = None, limit: int = MAX_BYTES) -> bytes:
    """All of an upload, refused before reading when ``declared`` is too large already.

    Never holds more than ``limit`` + 1 bytes. Raises Invalid at ``/file``.
    """
    if declared is not None:
        _refuse_size(declared, limit)
    data = stream.read(limit + 1)
    _refuse_size(len(data), limit)
    return data


def display_name(filename: str) -> str:
    """The name as it may be shown: no folders, no control or invisible characters, not long.

    Never use it as a path. Without anything to show it is ``letter``.
    """
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    text = unicodedata.normalize("NFC", last)
    seen = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    name = " ".join(seen.split()).strip(". ") or "letter"
    if len(name) <= _LONGEST_NAME:
        return name
    ending = PurePosixPath(name).suffix[:10]
    return name[: _LONGEST_NAME - len(ending) - 1].rstrip() + "…" + ending


def _refuse_size(size: int, limit: int) -> None:
    if size == 0:
        raise _refused(say("the file is empty; choose the scanned letter"))
    if size > limit:
        raise _refused(
            say(
                "the file is larger than %(limit)s MB; scan it with fewer dots per inch",
                limit=max(1, limit // MIB),
            )
        )


def _expected_type(filename: str) -> str | None:
    ending = PurePosixPath(display_name(filename)).suffix.lower()
    if not ending:
        return None
    if ending not in _ENDINGS:
        raise _refused(_fault("unknown_type"))
    return _ENDINGS[ending]


def _ask_worker(data: bytes) -> tuple[dict[str, object], bytes]:
    with _AT_ONCE, TemporaryFile() as received, TemporaryFile() as answered:
        received.write(data)
        received.seek(0)
        try:
            done = subprocess.run(  # noqa: S603 — our own file, no argument from outside
                [sys.executable, "-I", str(_WORKER)],
                stdin=received,
                stdout=answered,
                stderr=subprocess.PIPE,
                env={"LC_ALL": "C.UTF-8"},
                cwd="/",
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _refused(_fault("too_complicated")) from None
        answered.seek(0)
        head, _, cleaned = answered.read().partition(b"\n")
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().rpartition("\n")[2].partition(":")[0]
        _log.warning("letter worker ended with status %s: %s", done.returncode, why[:80])
        raise _refused(_fault("too_complicated"))
    answer: dict[str, object] = json.loads(head)
    return answer, cleaned


def _fault(code: str) -> Message:
    active = say("print it to a new PDF without this, or scan the paper, and upload that")
    texts = {
        "unknown_type": say("the file has to be a PDF, a JPEG or a PNG"),
        "archive": say("this is an archive (ZIP or office file); upload the letter as a PDF"),
        "two_types": say("the file is two types at once; scan the letter again"),
        "broken": say("the file is damaged or incomplete; save or scan it again as a PDF"),
        "encrypted": say("the PDF has a password; save it without one"),
        "too_many_pages": say("the letter has more than %(limit)s pages", limit=50),
        "too_many_pixels": say("the picture is too large; scan it with fewer dots per inch"),
        "script": say("the PDF contains a script; %(next)s", next=active),
        "action": say("the PDF starts something by itself; %(next)s", next=active),
        "attachment": say("the PDF contains another file; %(next)s", next=active),
        "form": say("the PDF is an active form (XFA); %(next)s", next=active),
        "media": say("the PDF contains sound, film or 3D; %(next)s", next=active),
    }
    return texts.get(code) or say(
        "the file is too complicated to be opened safely; scan the paper and upload that"
    )


def _refused(message: Message) -> Invalid:
    return Invalid([FieldError("/file", message)])
