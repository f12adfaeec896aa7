"""What was made, as the labelled lines of a letter; pure, without anything secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from provisioner import dates
from provisioner.catalogue import Inventory
from provisioner.instances.making import COLOCATION, EVENT_WIFI, SITE, VM
from provisioner.services.cloud_vps.ssh_keys import fingerprint
from provisioner.texts import Message, render, say

LANGUAGE = "id"
"""Official letters are in Indonesian, whoever reads the console."""
Row = tuple[str, str]


@dataclass(frozen=True)
class Made:
    """What stands because of a request; ``facts`` are those of its instance."""

    kind: str
    name: str
    cluster: str | None = None
    node: str | None = None
    vmid: int | None = None
    addresses: Sequence[str] = ()
    size: str | None = None
    image: str | None = None
    expires_at: datetime | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """One check that passed."""

    title: str
    at: datetime


def rows_of(
    made: Made, details: Mapping[str, Any], inventory: Inventory, zone: ZoneInfo
) -> list[Row]:
    """The lines of what was made, its end last."""
    lines = _BY_KIND[made.kind](made, details, inventory)
    found = [(say_id(label), say_id(value)) for label, value in lines if value not in (None, "")]
    if made.kind == EVENT_WIFI:
        return found
    return [*found, (say_id(say("Valid until")), _until(made, zone))]


def say_id(message: Message | str | int | float | None) -> str:
    """The text as letters have it."""
    return render(message, LANGUAGE) if isinstance(message, Message | str) else str(message)


def proof_text(proofs: Sequence[Proof], zone: ZoneInfo) -> str:
    """How many checks passed, which and until when; empty without any."""
    if not proofs:
        return ""
    titles = "; ".join(dict.fromkeys(proof.title for proof in proofs))
    last = max(proof.at for proof in proofs)
    return say_id(
        say(
            "%(count)s checks passed, the last on %(moment)s: %(titles)s.",
            count=len(proofs), moment=dates.moment(last, LANGUAGE, zone), titles=titles,
        )
    )  # fmt: skip


def moments(begins: str | datetime, ends: str | datetime, zone: ZoneInfo) -> str:
    """From when to when, with the hours."""
    a, b = (datetime.fromisoformat(m) if isinstance(m, str) else m for m in (begins, ends))
    return say_id(
        say(
            "%(first)s until %(last)s",
            first=dates.moment(a, LANGUAGE, zone), last=dates.moment(b, LANGUAGE, zone),
        )
    )  # fmt: skip


_Lines = Iterator[tuple[Message, Any]]


def _until(made: Made, zone: ZoneInfo) -> str:
    if made.expires_at is None:
        return say_id(say("no end yet"))
    return dates.day(dates.last_day(made.expires_at), LANGUAGE, zone)


def _machine(made: Made, details: Mapping[str, Any], inventory: Inventory) -> _Lines:
    facts, offer = made.facts, inventory.cloud_vps
    yield say("Name of the server"), made.name
    yield say("Purpose"), details.get("purpose")
    size = offer.sizes.get(made.size or "") if offer else None
    if size:
        yield say("Size"), say(
            "%(cores)s cores, %(memory)s GB memory, %(disk)s GB disk",
            cores=size.cores, memory=f"{size.memory_mb / 1024:g}", disk=size.disk_gb,
        )  # fmt: skip
    image = offer.images.get(made.image or "") if offer else None
    yield say("Operating system"), image.title if image else made.image
    yield say("IP address"), ", ".join(made.addresses)
    network = inventory.network.networks.get(str(details.get("network")))
    if network:
        title = network.title or str(details.get("network"))
        yield say("Network"), title + (f" (VLAN {network.vlan})" if network.vlan else "")
    yield say("Runs on"), f"{made.node} ({made.cluster}), VM {made.vmid}"
    port = facts.get("ssh_port") or 22
    where = made.addresses[0] if made.addresses else made.name
    command = f"ssh {f'-p {port} ' if port != 22 else ''}{facts.get('user')}@{where}"
    yield (
        say("How to sign in"),
        say("%(command)s, with the SSH key that was handed in with the request", command=command),
    )
    if facts.get("host_key"):
        yield say("Key of the server"), fingerprint(str(facts["host_key"]))
    ports = ", ".join(f"{p['port']}/{p['protocol']}" for p in details.get("open_ports") or ())
    yield say("Open ports"), ports


def _wifi(made: Made, details: Mapping[str, Any], inventory: Inventory) -> _Lines:
    facts, network = made.facts, inventory.network
    place = network.places.get(str(facts.get("place")))
    vlan = network.event_networks.get(str(facts.get("network")))
    yield say("Event"), made.name
    yield say("Place"), place.title if place else facts.get("place")
    begins = facts.get("starts_at") or details.get("starts_at")
    if begins and made.expires_at:
        yield say("When"), moments(begins, made.expires_at, inventory.office.zone)
    yield say("Name of the network (SSID)"), facts.get("ssid")
    yield from _protected(facts.get("security"))
    yield say("Expected users"), details.get("expected_users")
    yield say("Access points"), ", ".join(facts.get("access_points", ()))
    yield say("VLAN"), vlan.vlan if vlan else facts.get("network")


def _protected(security: object) -> _Lines:
    """How the WiFi is protected; the passphrase itself has no place in a letter."""
    if security == "open":
        yield say("Protection"), say("none: open to everybody")
    elif security:
        kind = {"wpa2-personal": "WPA2", "wpa3-personal": "WPA3"}.get(str(security), str(security))
        yield (
            say("Protection"),
            say(
                "%(kind)s; the passphrase is handed over by a link of its own that opens once",
                kind=kind,
            ),
        )


def _site(made: Made, details: Mapping[str, Any], inventory: Inventory) -> _Lines:
    facts = made.facts
    known = inventory.network.sites.get(str(facts.get("site")))
    yield say("Site"), ", ".join(filter(None, (facts["title"], known.address if known else None)))
    yield say("Building and room"), facts["location"]
    yield say("Purpose"), details.get("purpose")
    yield say("Port"), f"{facts['switch']} {facts['port']} (VLAN {facts['vlan']})"
    yield say("Speed"), say("%(mbps)s Mbit/s", mbps=facts["mbps"])
    yield say("Addresses"), say(
        "%(cidr)s, given by itself (DHCP); gateway %(gateway)s",
        cidr=facts["cidr"], gateway=facts["gateway"],
    )  # fmt: skip
    yield say("Name of the network (SSID)"), facts.get("ssid")
    if facts.get("ssid"):
        yield from _protected(facts.get("security"))


def _racked(made: Made, details: Mapping[str, Any], inventory: Inventory) -> _Lines:
    facts = made.facts
    rack = inventory.network.racks.get(str(facts["rack"]))
    units = sorted(facts["units"])
    span = str(units[0]) if len(units) == 1 else f"{units[0]}-{units[-1]}"
    serial = facts.get("serial")
    yield say("Name of the server"), made.name
    yield say("Purpose"), details.get("purpose")
    yield say("Make and model"), facts["model"] + (f", SN {serial}" if serial else "")
    yield (
        say("Rack"),
        say("%(rack)s, units %(units)s", rack=rack.title if rack else facts["rack"], units=span),
    )
    yield say("Power feeds"), ", ".join(facts["feeds"])
    yield say("Switch port"), f"{facts['switch']} {facts['port']}"
    yield say("IP address"), ", ".join(made.addresses)
    yield say("Gateway"), facts["gateway"]
    yield say("Name servers"), ", ".join(facts["dns"])


_BY_KIND: Mapping[str, Callable[[Made, Mapping[str, Any], Inventory], _Lines]] = {
    VM: _machine,
    EVENT_WIFI: _wifi,
    SITE: _site,
    COLOCATION: _racked,
}
