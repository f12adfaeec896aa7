"""What others changed on devices since our last change there, for plans to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioner.database import Database
from provisioner.drivers.network import Reading
from provisioner.runs.configurations import ConfigurationHistory
from provisioner.runs.leases import holders


class OutsideChanges:
    """Implements ``facts.event_wifi.ChangedOutside``.

    A device that a run of ours is changing just now is passed over: what differs there is ours.
    """

    def __init__(self, database: Database, history: ConfigurationHistory) -> None:
        self._database, self._history = database, history

    def __call__(self, readings: Mapping[str, Reading]) -> Sequence[Mapping[str, str]]:
        with self._database.read() as session:
            ours = holders(session)
        texts = {h: read.configuration for h, read in readings.items() if h not in ours}
        return self._history.changed_outside(texts)
