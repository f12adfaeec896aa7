"""Wires the view of the record."""

from __future__ import annotations

from provisioner.auditing.service import Audit
from provisioner.bootstrap.core import Core, Piece


def auditing_of(core: Core) -> Piece[Audit]:
    """Made from the core; the anchors are those that housekeeping writes."""
    anchors = core.settings.path(core.settings.data_dir) / "anchors"
    return Piece(Audit(core.database, anchors, core.inventory.office.zone))
