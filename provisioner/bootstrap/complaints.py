"""Complaints, wired."""

from __future__ import annotations

from provisioner.bootstrap.core import Core, Piece
from provisioner.complaints.deadlines import Deadlines
from provisioner.complaints.files import ComplaintFiles
from provisioner.complaints.service import ComplaintService


def complaints_of(core: Core) -> Piece[ComplaintService]:
    """The service, and the clock that warns of its deadlines."""
    office = core.inventory.office
    folder = core.settings.path(core.settings.data_dir) / "complaints"
    service = ComplaintService(core.database, office, ComplaintFiles(folder))
    return Piece(service, watchers=(Deadlines(core.database, office).once,))
