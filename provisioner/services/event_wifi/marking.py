"""How what we make on a device is told from what others made there; pure."""

from __future__ import annotations

from provisioner.drivers.network import AccessPort, Intent, Ssid, Vlan

MARK = "PROV-"


def vlan_name(number: str) -> str:
    """The name of a VLAN that a request adds, such as ``PROV-WIFI-2026-0001``."""
    return MARK + number


def is_ours(found: Intent | None) -> bool:
    """Whether an object as it stands on a device carries a mark of ours, whichever request's."""
    if isinstance(found, AccessPort):
        return found.description.startswith(MARK)
    return isinstance(found, Ssid) or (isinstance(found, Vlan) and found.name.startswith(MARK))
