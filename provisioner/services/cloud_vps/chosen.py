"""Every decision of a plan that makes a VM, as one value; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner.services.cloud_vps.placement import Spot


@dataclass(frozen=True)
class Chosen:
    """Every decision of a plan; ``choices`` is what a re-plan is pinned to."""

    spot: Spot
    storage: str
    storage_shared: bool
    vmid: int
    address: str
    name: str
    pool: str | None

    @property
    def extra_disk(self) -> str:
        """Where the second disk goes, which the template does not have."""
        return "scsi2" if self.spot.template.disk == "scsi1" else "scsi1"

    def choices(self, cluster: str) -> dict[str, Any]:
        """As stored with the plan."""
        return {
            "cluster": cluster,
            "template": self.spot.template.vmid,
            "template_node": self.spot.template.node,
            "clone_kind": self.spot.kind,
            "node": self.spot.node,
            "storage": self.storage,
            "vmid": self.vmid,
            "address": self.address,
            "name": self.name,
            "pool": self.pool,
        }
