"""On what terms VMs stand here, and the plans that their own runs carry out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from provisioner.catalogue import CloudVpsOffer, Inventory
from provisioner.errors import Misconfigured
from provisioner.facts.cloud_vps import VmRecord
from provisioner.plans.model import Plan
from provisioner.services.cloud_vps.ending import remove_plan, snapshot_plan, suspend_plan
from provisioner.settings import ClusterSettings
from provisioner.texts import say


class VmTerms:
    """Implements ``upkeep.VmPlans`` from catalogue and configuration."""

    def __init__(self, clusters: Mapping[str, ClusterSettings], inventory: Inventory) -> None:
        self._clusters, self._inventory = clusters, inventory

    @property
    def warn_days(self) -> Sequence[int]:
        offer = self._inventory.cloud_vps
        return offer.warn_days if offer else ()

    @property
    def grace(self) -> timedelta:
        offer = self._inventory.cloud_vps
        return timedelta(days=offer.grace_days if offer else 0)

    def suspend(self, record: VmRecord, at: datetime) -> Plan:
        return suspend_plan(
            record, at=at, settings=self._settings(record), offer=self._offer(record)
        )

    def remove(self, record: VmRecord, at: datetime) -> Plan:
        return remove_plan(
            record, at=at, settings=self._settings(record), offer=self._offer(record)
        )

    def drop_snapshot(self, record: VmRecord, name: str) -> Plan:
        return snapshot_plan(record, name)

    def _settings(self, record: VmRecord) -> ClusterSettings:
        """Raises Misconfigured when a VM stands on a cluster that is configured no longer."""
        found = self._clusters.get(record.cluster)
        if found is None:
            raise Misconfigured(
                "provisioner.toml",
                f"clusters.{record.cluster}",
                say("is gone although %(name)s stands there; put it back", name=record.name),
            )
        return found

    def _offer(self, record: VmRecord) -> CloudVpsOffer:
        offer = self._inventory.cloud_vps
        if offer is None:
            raise Misconfigured(
                "catalogue.yml",
                "services.cloud_vps",
                say("is gone although %(name)s stands; put it back", name=record.name),
            )
        return offer
