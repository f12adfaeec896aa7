"""Files of complaints on disk; those that nothing names any more can be taken away."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass

from provisioner.requests.files import LetterFiles
from provisioner.requests.letters import display_name, examine


@dataclass(frozen=True)
class Attachment:
    """A file as it was sent."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Kept:
    """A file that was examined and is on disk."""

    sha256: str
    name: str
    media_type: str
    bytes: int


class ComplaintFiles(LetterFiles):
    """As letters are kept, in a folder of their own."""

    def take_in(self, sent: Attachment, *, anonymous: bool) -> Kept:
        """Examine and keep it. Raises Invalid (``/file``), Retriable.

        Of an anonymous reporter only the cleaned copy is kept, which has no metadata (the place
        where a photo was taken, the author), and no name that says more than its type.
        """
        found = examine(sent.data, sent.name)
        original, name = sent.data, display_name(sent.name)
        if anonymous:
            original = found.cleaned
            name = "lampiran." + found.cleaned_media_type.rpartition("/")[2]
        sha256 = hashlib.sha256(original).hexdigest()
        self.keep(sha256, original, found.cleaned)
        return Kept(sha256, name, found.cleaned_media_type, len(original))

    def remove(self, sha256: str) -> None:
        """Take it off the disk; nothing happens where it is gone already."""
        shutil.rmtree(self._place(sha256), ignore_errors=True)
