"""Which checks prove that an event's WiFi is on, that it is gone, and that it ends in time."""

from __future__ import annotations

from provisioner.services.network_proving import CHECKS as NETWORK_CHECKS
from provisioner.services.network_proving import Judgement, judge
from provisioner.services.proving import Check
from provisioner.texts import say

__all__ = ["CHECKS", "WIFI_UNTIL", "Judgement", "judge"]

WIFI_UNTIL = "wifi.until"

CHECKS: tuple[Check, ...] = (
    *NETWORK_CHECKS,
    Check(
        WIFI_UNTIL,
        say("The WiFi ends at the new time"),
        say("The WiFi would be switched off at another time than was approved."),
        say("Choose retry: the end is set once more."),
    ),
)
"""In the order in which they are made; each has to pass on every device that it concerns."""
