"""The checks of every service, by their keys."""

from __future__ import annotations

from provisioner.services import network_proving
from provisioner.services.cloud_vps import acceptance as cloud_vps
from provisioner.services.colocation import acceptance as colocation
from provisioner.services.event_wifi import acceptance as event_wifi
from provisioner.services.internet import acceptance as internet
from provisioner.services.proving import Check
from provisioner.services.troubleshooting import acceptance as troubleshooting

__all__ = ["Check", "check"]

_BY_KEY = {
    check.key: check
    for check in (
        *cloud_vps.CHECKS,
        *cloud_vps.CHECKS_OF_THE_END,
        *cloud_vps.CHECKS_OF_THE_BOOKS,
        *colocation.CHECKS,
        *event_wifi.CHECKS,
        *network_proving.CHECKS,
        *internet.CHECKS,
        *troubleshooting.CHECKS,
    )
}


def check(key: str) -> Check:
    """The check of that key."""
    return _BY_KEY[key]
