"""Network devices as the product sees them: hosts, neutral intents, and what a platform can do."""

from __future__ import annotations

from provisioner.drivers.network.host import (
    DeadMan,
    Host,
)
from provisioner.drivers.network.intents import (
    AccessPort,
    Band,
    Description,
    Intent,
    RateLimit,
    Scope,
    Security,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.network.protocol import (
    NetworkPlatform,
)
from provisioner.drivers.network.survey import (
    Learned,
    Lease,
    Neighbor,
    PortState,
    Survey,
)
from provisioner.drivers.network.work import (
    Applied,
    Confirmed,
    Order,
    Preview,
    Reading,
    Result,
    Reverted,
)

__all__ = [
    "AccessPort",
    "Applied",
    "Band",
    "Confirmed",
    "DeadMan",
    "Description",
    "Host",
    "Intent",
    "Learned",
    "Lease",
    "Neighbor",
    "NetworkPlatform",
    "Order",
    "PortState",
    "Preview",
    "RateLimit",
    "Reading",
    "Result",
    "Reverted",
    "Scope",
    "Security",
    "Ssid",
    "Survey",
    "TrunkMember",
    "Vlan",
    "Wish",
]
