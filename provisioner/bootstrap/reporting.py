"""The reports to the head, wired: each month's, and what each officer did."""

from __future__ import annotations

from provisioner.bootstrap.core import Core, Piece
from provisioner.reports.monthly.figures import MonthCounter
from provisioner.reports.monthly.service import MonthlyReports
from provisioner.reports.monthly.views import Complaints
from provisioner.reports.supervision import Supervision


def monthly_of(core: Core, complaints: Complaints | None) -> Piece[MonthlyReports]:
    """Monthly reports; ``complaints`` counts those of a month."""
    counter = MonthCounter(
        core.inventory,
        complaints,
        {name: cluster.disk_storage for name, cluster in core.settings.clusters.items()},
        core.settings.path(core.settings.data_dir) / "anchors",
    )
    return Piece(MonthlyReports(core.database, core.inventory, counter))


def supervision_of(core: Core) -> Piece[Supervision]:
    """What each officer did and how fast."""
    return Piece(Supervision(core.database, core.inventory.office))
