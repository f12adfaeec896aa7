"""Which checks prove that a site is connected beyond what its devices answer."""

from __future__ import annotations

from provisioner.services.proving import Check
from provisioner.texts import say

FIELDWORK = "site.fieldwork"
SITE_CLEARED = "site.cleared"
SITE_LINK = "site.link"
SITE_CLIENTS = "site.clients"

CHECKS: tuple[Check, ...] = (
    Check(
        FIELDWORK,
        say("A person has done the work on site and ticked off the list"),
        say("Nobody has confirmed yet that cables and devices are in place."),
        say("Do what the list says and report it as done."),
    ),
    Check(
        SITE_CLEARED,
        say("A person has taken back what was put up on site"),
        say("Devices or cables of the office may still be there."),
        say("Do what the list says and report it as done."),
    ),
    Check(
        SITE_LINK,
        say("Something is plugged into the port and its link is up"),
        say("Nothing is plugged in, or the cable is broken."),
        say("Look at the cable at both ends."),
    ),
    Check(
        SITE_CLIENTS,
        say("Devices at the site have got an address from the router"),
        say("Nobody has asked for an address yet."),
        say("Plug a computer in and look again."),
    ),
)
"""The others are those of ``network_proving``."""
