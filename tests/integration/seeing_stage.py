"""An office that looks at its clusters: the services of seeing, wired on the lab."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from provisioner.drivers.hypervisor import Configure, Order, PowerOff, PowerOn, TaskHandle
from provisioner.facts.capacity import CapacityRecorder
from provisioner.instances.capacity import CapacityService
from provisioner.instances.drift import DriftService
from provisioner.instances.orphans import OrphanService
from provisioner.instances.overview import OverviewService
from tests.integration.harness import Office
from tests.integration.vm_stage import Server

CHANGES = {'disk_storage = "shared"': 'disk_storage = "shared"\npool = "opd-{department}"'}
"""Of the lab's configuration: pools per department."""


@dataclass
class Watch:
    """The services of one office; ``by_hand`` is what a person does on the cluster."""

    office: Office

    @cached_property
    def drift(self) -> DriftService:
        product = self.office.product
        return DriftService(product.database, product.settings.clusters, product.clusters)

    @cached_property
    def orphans(self) -> OrphanService:
        product = self.office.product
        return OrphanService(
            product.database, product.settings.clusters, product.clusters,
            product.inventory.network, self.office.tools().seat,
        )  # fmt: skip

    @cached_property
    def capacity(self) -> CapacityService:
        product = self.office.product
        return CapacityService(
            product.database, product.inventory, product.settings.clusters, product.clusters
        )

    @cached_property
    def overview(self) -> OverviewService:
        return OverviewService(self.office.product.database)

    def recorder(self) -> CapacityRecorder:
        product = self.office.product
        return CapacityRecorder(
            product.database, product.clusters, self.capacity.measure,
            product.inventory.office.zone,
        )  # fmt: skip

    def by_hand(self, order: Order) -> None:
        """Carried out by the cluster without any request."""
        cluster = self.office.product.clusters["dc1"]
        handle: TaskHandle = cluster.submit(order)
        while handle.id and cluster.task(handle).status == "running":
            pass

    def set(self, server: Server, **options: str) -> None:
        """Options of a VM, by hand, while it is switched off for a moment."""
        vmid, node = server.vm["vmid"], server.vm["node"]
        self.by_hand(PowerOff(vmid, node))
        self.by_hand(Configure(vmid, node, options))
        self.by_hand(PowerOn(vmid, node))

    def keys(self, server: Server) -> list[str]:
        """What a look at it finds now."""
        found = self.drift.look(self.office.budi, server.id)
        assert found.trouble is None, found
        return [one.key for one in found.findings]
