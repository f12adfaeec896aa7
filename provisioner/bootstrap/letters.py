"""Letters that go out, wired."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provisioner.bootstrap.core import Core, Piece
from provisioner.errors import Misconfigured
from provisioner.reports.letters.gathering import Gatherer
from provisioner.reports.letters.service import OutLetterService
from provisioner.requests.files import LetterFiles
from provisioner.texts import say


def letters_of(core: Core) -> Piece[OutLetterService]:
    """The service. Raises Misconfigured where a trusted certificate cannot be read."""
    settings = core.settings
    return Piece(
        OutLetterService(
            core.database,
            core.inventory,
            Gatherer(core.database, core.reports, core.checks),
            LetterFiles(settings.path(settings.data_dir) / "letters_out"),
            settings.web.public_url,
            list(_roots(core)),
        )
    )


def _roots(core: Core) -> Iterator[str]:
    """The certificates of the authorities that the office trusts, PEM."""
    for name in core.inventory.office.letters.trusted_roots:
        path = core.settings.path(Path(name))
        try:
            text = path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            text = ""
        if "-----BEGIN CERTIFICATE-----" not in text:
            raise Misconfigured(
                str(core.settings.office), "letters.trusted_roots",
                say("%(path)s is no certificate in PEM; correct the path, or convert the file",
                    path=str(path)),
            )  # fmt: skip
        yield text
