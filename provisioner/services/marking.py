"""How what we make on a device is told from what others made there; pure."""

from __future__ import annotations

from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    RateLimit,
    Scope,
    Ssid,
    Vlan,
)

MARK = "PROV-"


def vlan_name(number: str) -> str:
    """The name of a VLAN that a request adds, such as ``PROV-WIFI-2026-0001``."""
    return MARK + number


def is_ours(found: Intent | None) -> bool:
    """Whether an object as it stands on a device carries a mark of ours, whichever request's."""
    match found:
        case AccessPort():
            return found.description.startswith(MARK)
        case Description():
            return found.text.startswith(MARK)
        case Vlan():
            return found.name.startswith(MARK)
        case Ssid() | Scope() | RateLimit():
            return True  # found by the mark that all of its parts carry
        case _:
            return False
