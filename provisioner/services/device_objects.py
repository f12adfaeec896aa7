"""The objects of network devices in words for people, and as text for the digest; pure."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    RateLimit,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
)
from provisioner.texts import Message, Phrase, say

SECURITY: Mapping[str, Phrase] = {
    "wpa2-personal": "WPA2",
    "wpa3-personal": "WPA3",
    "open": say("open, without a passphrase"),
}
"""What people call the kinds of security."""


def told(host: str, intent: Intent) -> tuple[Message, Phrase]:
    """What the object is called, and how it stands once it is as wished."""
    match intent:
        case Ssid():
            return (
                say("wireless network on the access point %(host)s", host=host),
                say(
                    '"%(ssid)s" (%(security)s) into VLAN %(vlan)s, on all its radios',
                    ssid=intent.ssid,
                    security=SECURITY[intent.security],
                    vlan=intent.vlan,
                ),
            )
        case Vlan():
            return say("VLAN %(vlan)s on switch %(host)s", vlan=intent.id, host=host), intent.name
        case TrunkMember():
            where = say(
                "VLAN %(vlan)s on trunk %(port)s of switch %(host)s",
                vlan=intent.vlan,
                port=intent.port,
                host=host,
            )
            return where, say("carried")
        case AccessPort():
            text = say("VLAN %(vlan)s, %(text)s", vlan=intent.vlan, text=intent.description)
            powered = say("%(text)s, with power", text=text) if intent.poe else text
            return say("port %(port)s of switch %(host)s", port=intent.port, host=host), powered
        case Scope():
            return (
                say("addresses of VLAN %(vlan)s on router %(host)s", vlan=intent.vlan, host=host),
                say(
                    "%(cidr)s, leased %(first)s to %(last)s",
                    cidr=intent.cidr,
                    first=intent.first,
                    last=intent.last,
                ),
            )
        case RateLimit():
            return (
                say("speed of %(cidr)s on router %(host)s", cidr=intent.cidr, host=host),
                say(
                    "%(down)d Mbit/s down, %(up)d Mbit/s up",
                    down=intent.down_mbps,
                    up=intent.up_mbps,
                ),
            )
        case Description():
            where = say("label of port %(port)s of %(host)s", port=intent.port, host=host)
            return where, intent.text


def as_text(found: Intent | None) -> str | None:
    """An object as it stands, for the digest and for people who read a difference."""
    match found:
        case None:
            return None
        case Ssid():
            isolated = ", isolated" if found.isolate else ""
            return f'"{found.ssid}", {found.security}, VLAN {found.vlan}, {found.uplink}{isolated}'
        case Vlan():
            return found.name
        case Scope():
            return f"VLAN {found.vlan}, {found.gateway}, {found.first}-{found.last}"
        case RateLimit():
            return f"{found.cidr}, {found.down_mbps}/{found.up_mbps} Mbit/s"
        case Description():
            return found.text
        case AccessPort():
            powered = {True: ", PoE", False: ", no PoE", None: ""}[found.poe]
            return f"VLAN {found.vlan}, {found.description}{powered}"
        case _:
            return f"VLAN {found.vlan}"
