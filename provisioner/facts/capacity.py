"""What each cluster had and had given away, one reading a day, kept so that trends can be seen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from provisioner.database import Base, Database, now
from provisioner.errors import StepFailure

log = logging.getLogger(__name__)
KEPT_DAYS = 800
"""A little more than two years: enough to compare a month with the same month before."""
LOOK_AGAIN = timedelta(minutes=10)
"""When a cluster did not answer."""

Amounts = Mapping[str, Mapping[str, float]]
"""Resource (``memory_mb``, ``cores``, ``disk:local-lvm`` …) to its ``total``, ``limit``, ``used``
and ``promised``."""


class CapacityReading(Base):
    """One cluster on one day of the office's calendar."""

    __tablename__ = "prov_capacity_reading"

    cluster: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    read_at: Mapped[datetime]
    amounts: Mapped[dict[str, Any]]


class CapacityRecorder:
    """Takes each cluster's reading once a day; ``measure`` looks at a cluster now."""

    def __init__(
        self,
        database: Database,
        clusters: Collection[str],
        measure: Callable[[str], Amounts],
        zone: ZoneInfo,
    ) -> None:
        self._database, self._clusters = database, clusters
        self._measure, self._zone = measure, zone
        self._not_before: dict[str, datetime] = {}

    def once(self) -> None:
        """Read every cluster that has no reading of today; a cluster away is tried again later.

        Harmless to repeat, at any pace and in several processes.
        """
        moment = now()
        due = [c for c in self._clusters if self._not_before.get(c, moment) <= moment]
        if not due:
            return
        today = moment.astimezone(self._zone).date()
        with self._database.read() as session:
            query = select(CapacityReading.cluster).where(CapacityReading.day == today)
            done = set(session.scalars(query))
        for cluster in due:
            if cluster in done:
                self._not_before[cluster] = self._tomorrow(today)
            else:
                self._take(cluster, today, moment)

    def _take(self, cluster: str, today: date, moment: datetime) -> None:
        try:
            amounts = self._measure(cluster)
        except StepFailure as failure:
            log.warning("capacity of %s could not be read: %s", cluster, failure)
            self._not_before[cluster] = moment + LOOK_AGAIN
            return
        with self._database.allocate() as session:
            keep(session, cluster, today, amounts)
            session.execute(
                delete(CapacityReading).where(
                    CapacityReading.cluster == cluster,
                    CapacityReading.day < today - timedelta(days=KEPT_DAYS),
                )
            )
        self._not_before[cluster] = self._tomorrow(today)

    def _tomorrow(self, today: date) -> datetime:
        midnight = datetime.min.time()
        return datetime.combine(today + timedelta(days=1), midnight, self._zone)


def keep(session: Session, cluster: str, day: date, amounts: Amounts) -> None:
    """Write the day's reading; the first one of a day stays."""
    if session.get(CapacityReading, (cluster, day)) is None:
        row = CapacityReading(cluster=cluster, day=day, read_at=now(), amounts=dict(amounts))
        session.add(row)
        session.flush()


def series(session: Session, cluster: str, days: int = 90) -> Sequence[tuple[date, Amounts]]:
    """The newest readings of a cluster, at most ``days``, oldest first."""
    rows = session.execute(
        select(CapacityReading.day, CapacityReading.amounts)
        .where(CapacityReading.cluster == cluster)
        .order_by(CapacityReading.day.desc())
        .limit(days)
    )
    return [(day, amounts) for day, amounts in reversed(rows.all())]
