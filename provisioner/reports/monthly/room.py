"""How much room the clusters had at the end of a month, and about how many servers it is for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioner.catalogue import Inventory
from provisioner.facts.capacity import CapacityReading
from provisioner.plans.capacity import Amount
from provisioner.plans.forecast import CORES, DISK, MEMORY, MOST_DAYS, Series, outlook
from provisioner.reports.monthly.views import ClusterFigures, ResourceFigures, SizeFigures


def cluster_figures(
    session: Session, inventory: Inventory, storages: Mapping[str, str], last: date
) -> list[ClusterFigures]:
    """Each cluster by its last reading up to that day, at most 90 days old; none read, none told.

    ``storages``: where each cluster's disks are made.
    """
    query = (
        select(CapacityReading.cluster, CapacityReading.day, CapacityReading.amounts)
        .where(CapacityReading.day <= last, CapacityReading.day > last - timedelta(days=MOST_DAYS))
        .order_by(CapacityReading.cluster, CapacityReading.day)
    )
    read: dict[str, list[tuple[date, Mapping[str, Any]]]] = {}
    for cluster, day, amounts in session.execute(query):
        read.setdefault(cluster, []).append((day, amounts))
    return [
        _cluster(cluster, series, inventory, storages.get(cluster, ""))
        for cluster, series in read.items()
    ]


def _cluster(cluster: str, series: Series, inventory: Inventory, storage: str) -> ClusterFigures:
    day, amounts = series[-1]
    held = {name: Amount(**one) for name, one in amounts.items()}
    offer = inventory.cloud_vps
    return ClusterFigures(
        cluster=cluster,
        day=day,
        resources=[
            ResourceFigures(
                resource=name,
                total=one.total,
                limit=one.limit,
                used=one.used,
                promised=one.promised,
                runs_out=outlook(name, one, series, day).runs_out,
            )
            for name, one in held.items()
        ],
        sizes=[
            SizeFigures(
                size=name,
                title=size.title or name,
                count=_fitting(
                    held,
                    {
                        MEMORY: size.memory_mb,
                        CORES: size.cores,
                        f"{DISK}{size.disk_storage or storage}": size.disk_gb,
                    },
                ),
            )
            for name, size in (offer.sizes if offer else {}).items()
        ],
    )


def _fitting(held: Mapping[str, Amount], needed: Mapping[str, float]) -> int:
    """By the scarcest resource, the cluster taken as a whole."""
    fits = [held[name].free // need for name, need in needed.items() if name in held]
    return int(max(0, min(fits, default=0)))
