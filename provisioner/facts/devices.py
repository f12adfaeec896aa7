"""What was last seen of each network device, kept so that nobody has to ask again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from provisioner.database import Base, Database, now
from provisioner.drivers.network import Reading, Result
from provisioner.errors import StepFailure


class DeviceSight(Base):
    """The last look at one device; ``trouble`` (a failure as JSON) where it did not answer."""

    __tablename__ = "prov_device_sight"

    host: Mapped[str] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    trouble: Mapped[dict[str, Any] | None]


class DeviceSights:
    """Remembers how each look ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, results: Result[Reading]) -> None:
        """Write down what these looks gave."""
        moment = now()
        with self._database.write() as session:
            for host, found in sorted(results.items()):
                sight = session.get(DeviceSight, host) or DeviceSight(host=host)
                session.add(sight)
                sight.looked_at = moment
                failed = isinstance(found, StepFailure)
                sight.trouble = found.to_json() if isinstance(found, StepFailure) else None
                sight.answered_at = sight.answered_at if failed else moment

    def all(self) -> Mapping[str, DeviceSight]:
        """Every device ever looked at, by name."""
        with self._database.read() as session:
            return {row.host: row for row in session.scalars(select(DeviceSight))}
