"""A connected site as it was handed over: what its sheet says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner.bootstrap import Product
from provisioner.instances.model import Instance
from provisioner.instances.records import making_plan
from provisioner.services.internet.steps import HAND_OVER


@dataclass(frozen=True)
class Connection:
    """What the department gets, in the values that count now."""

    site: str
    address: str | None
    location: str
    port: str
    vlan: int
    cidr: str
    gateway: str
    leases: str
    dns: tuple[str, ...]
    mbps: int
    poe: bool | None
    ssid: str | None
    security: str | None


def connection_of(product: Product, id: str) -> Connection | None:
    """The connection of a site; None for another instance."""
    with product.database.read() as session:
        instance = session.get_one(Instance, id)
        steps = making_plan(session, instance).steps
    said: Any = next((step.params for step in steps if step.key == HAND_OVER), None)
    if said is None or "cidr" not in said:
        return None
    known = product.inventory.network.sites.get(said["site"])
    return Connection(
        site=said["title"],
        address=known.address if known else None,
        location=said["location"],
        port=f"{said['switch']}:{said['port']}",
        vlan=said["vlan"],
        cidr=said["cidr"],
        gateway=said["gateway"],
        leases=f"{said['leases']['first']} – {said['leases']['last']}",
        dns=tuple(said["dns"]),
        mbps=said["mbps"],
        poe=said["poe"],
        ssid=said["ssid"],
        security=said["security"],
    )
