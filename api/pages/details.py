"""What a request says, as labelled lines for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from api.acts import WAYS, title_of_action
from api.words import FEEDS, FIELDWORK, REMEDIES, SECURITY, SYMPTOMS, TRUTH, YES_NO
from provisioner.catalogue import Inventory
from provisioner.catalogue.offers import Size
from provisioner.services.cloud_vps.ssh_keys import fingerprint
from provisioner.texts import Message, say

Line = tuple[Message, Any]
_NEW_END = say("New end")

LABELS = {
    "/department": say("Department"),
    "/channel": say("How it came"),
    "/received_at": say("Received"),
    "/with": say("Spoken with"),
    "/summary": say("What was said"),
    "/at": say("When"),
    "/text": say("Note"),
    "/number": say("Number"),
    "/contact": say("Telephone or e-mail"),
    "/applicant/name": say("Name"),
    "/applicant/position": say("Position"),
    "/applicant/phone": say("Telephone"),
    "/applicant/email": say("E-mail"),
    "/applicant/employee_id": say("NIP"),
    "/letter": say("Letter"),
    "/letter/kind": say("Kind of letter"),
    "/letter/number": say("Number of the letter"),
    "/letter/date": say("Date of the letter"),
    "/letter/signatory/name": say("Signed by"),
    "/letter/signatory/position": say("Position of the signatory"),
    "/letter/file": say("File of the letter"),
    "/file": say("File of the letter"),
    "/details/hostname": say("Name of the server"),
    "/details/purpose": say("Purpose"),
    "/details/size": say("Size"),
    "/details/image": say("Operating system"),
    "/details/network": say("Network"),
    "/details/ssh_keys": say("Public SSH keys"),
    "/details/admin_user": say("User name on the server"),
    "/details/open_ports": say("Open ports"),
    "/details/until": say("Needed until"),
    "/details/event": say("Event"),
    "/details/place": say("Place"),
    "/details/ssid": say("Name of the network (SSID)"),
    "/details/security": say("Protection"),
    "/details/passphrase": say("Passphrase"),
    "/details/starts_at": say("Begins"),
    "/details/ends_at": say("Ends"),
    "/details/expected_users": say("Expected users"),
    "/details/isolate_clients": say("May guests reach each other's devices?"),
    "/details/rate_limit_mbps": say("Limit of speed (Mbit/s)"),
    "/details/action": say("Action"),
    "/details/instance": say("Instance"),
    "/details/reason": say("Reason"),
    "/details/extra_disk_gb": say("Second disk"),
    "/details/application": say("Part of the application"),
    "/details/target": say("What does not work"),
    "/details/symptom": say("What is seen"),
    "/details/description": say("In their own words"),
    "/details/since": say("Since when"),
    "/details/remedy": say("Remedy"),
    "/details/device": say("Device"),
    "/details/port": say("Port"),
    "/details/address": say("Address"),
    "/details/radio": say("Radio"),
    "/details/check": say("Check that proposed it"),
    "/details/site": say("Site"),
    "/details/location": say("Building and room"),
    "/details/fieldwork": say("Work on site"),
    "/details/poe": say("Power over the cable (PoE)"),
    "/details/server_name": say("Name of the server"),
    "/details/model": say("Make and model"),
    "/details/serial": say("Serial number"),
    "/details/units": say("Height in rack units"),
    "/details/weight_kg": say("Weight (kg)"),
    "/details/watts": say("Power drawn at most (watts)"),
    "/details/power_feeds": say("Power feeds"),
    "/details/mac": say("Address of the network card (MAC)"),
    "/details/contact_on_site": say("Contact on site"),
    "/details/delivery_on": say("Day of delivery"),
    "/details/name": say("Name of the snapshot"),
    "/details/note": say("Note"),
    "/details/keep_days": say("Days to keep"),
    "/details/snapshot": say("Snapshot"),
    "/details/backup": say("Backup"),
    "/details/node": say("To which node"),
    "/details/confirm": say("Confirmed with the name"),
    "/details/how": say("Which of the two counts"),
    "/details/what": say("Differences"),
    "/reason": say("Reason"),
    "/note": say("Note"),
    "/photos": say("Photos"),
    "/checklist": say("Checklist"),
    "/answers": say("Answers"),
}
"""The label of each field, by its JSON pointer."""


def label(pointer: str) -> Message | None:
    """The label of a pointer, or of the field that it is a part of."""
    while pointer:
        if pointer in LABELS:
            return LABELS[pointer]
        pointer = pointer.rpartition("/")[0]
    return None


def size_text(key: str, size: Size) -> Message:
    """A size with what is in it."""
    return say(
        "%(title)s: %(cores)s cores, %(memory)s GB memory, %(disk)s GB disk",
        title=size.title or key,
        cores=size.cores,
        memory=f"{size.memory_mb / 1024:g}",
        disk=size.disk_gb,
    )


def lines(
    details: Mapping[str, Any],
    service: str,
    inventory: Inventory,
    instance: Callable[[str], str] = str,
) -> list[Line]:
    """The details of a request, in the order of its form; what is not given is left out.

    ``instance`` tells the name of what stands by its id.
    """
    if service == "troubleshooting":
        return list(_trouble_lines(details, inventory))
    if "action" in details:
        about = LABELS["/details/instance"], instance(str(details.get("instance", "")))
        return [(LABELS["/details/action"], title_of_action(service, details["action"])), about,
                *_action_lines(details, inventory)]  # fmt: skip
    if service == "event_wifi":
        return list(_event_wifi_lines(details, inventory))
    if service == "internet":
        return list(_internet_lines(details, inventory))
    if service == "colocation":
        return list(_colocation_lines(details, inventory))
    return list(_cloud_vps_lines(details, inventory))


def _action_lines(details: Mapping[str, Any], inventory: Inventory) -> Iterator[Line]:
    offer = inventory.cloud_vps
    sizes, images = (offer.sizes, offer.images) if offer else ({}, {})
    shown: Mapping[str, Callable[[Any], Any]] = {
        "size": lambda key: size_text(key, sizes[key]) if key in sizes else key,
        "image": lambda key: images[key].title if key in images else key,
        "extra_disk_gb": lambda size: say("%(size)s GB", size=size),
        "ends_at": datetime.fromisoformat,
        "until": date.fromisoformat,
        "how": lambda way: WAYS[way][0] if way in WAYS else way,
        "what": ", ".join,
        "security": lambda key: SECURITY.get(key, key),
        "isolate_clients": lambda yes: TRUTH["true" if yes else "false"],
        "poe": lambda yes: YES_NO["true" if yes else "false"],
    }
    for name, value in details.items():
        label_of = _NEW_END if name in ("ends_at", "until") else LABELS.get(f"/details/{name}")
        if name not in ("action", "instance", "ssh_keys") and label_of and value is not None:
            yield label_of, shown.get(name, str)(value)


def _trouble_lines(details: Mapping[str, Any], inventory: Inventory) -> Iterator[Line]:
    shown: Mapping[str, Callable[[Any], Any]] = {
        "target": lambda target: target_title(target, inventory),
        "symptom": lambda key: SYMPTOMS.get(key, key),
        "remedy": lambda key: REMEDIES.get(key, key),
    }
    for name in (
        "target", "symptom", "description", "since", "location",
        "remedy", "device", "port", "address", "radio", "check", "reason",
    ):  # fmt: skip
        if (value := details.get(name)) is not None:
            yield LABELS[f"/details/{name}"], shown.get(name, str)(value)


def target_title(target: str, inventory: Inventory) -> str:
    """A site or place by the name that people know; anything else as it is written."""
    kind, _, key = target.partition(":")
    network = inventory.network
    if kind == "site" and key in network.sites:
        return network.sites[key].title
    if kind == "place" and key in network.places:
        return network.places[key].title
    return target


def _internet_lines(details: Mapping[str, Any], inventory: Inventory) -> Iterator[Line]:
    sites = inventory.network.sites
    shown: Mapping[str, Callable[[Any], Any]] = {
        "site": lambda key: sites[key].title if key in sites else key,
        "fieldwork": lambda key: FIELDWORK.get(key, key),
        "poe": lambda yes: YES_NO["true" if yes else "false"],
        "security": lambda key: SECURITY.get(key, key),
        "isolate_clients": lambda yes: TRUTH["true" if yes else "false"],
        "until": date.fromisoformat,
    }
    for name in (
        "site", "location", "purpose", "expected_users", "rate_limit_mbps", "fieldwork", "poe",
        "ssid", "security", "isolate_clients", "until",
    ):  # fmt: skip
        if (value := details.get(name)) is not None:
            yield LABELS[f"/details/{name}"], shown.get(name, str)(value)
    if details.get("ssid") and details.get("security") not in (None, "open"):
        yield LABELS["/details/passphrase"], _passphrase(details)


def _passphrase(details: Mapping[str, Any]) -> Message:
    given = details.get("passphrase_given")
    return say("given, kept secret") if given else say("is made by the program")


def _colocation_lines(details: Mapping[str, Any], inventory: Inventory) -> Iterator[Line]:
    networks = inventory.network.colocation_networks
    shown: Mapping[str, Callable[[Any], Any]] = {
        "network": lambda key: (networks[key].title or key) if key in networks else key,
        "power_feeds": lambda count: FEEDS.get(str(count), str(count)),
        "open_ports": _ports,
        "delivery_on": date.fromisoformat,
        "until": date.fromisoformat,
    }
    for name in (
        "server_name", "purpose", "model", "serial", "units", "weight_kg", "watts", "power_feeds",
        "network", "mac", "open_ports", "contact_on_site", "delivery_on", "until",
    ):  # fmt: skip
        if value := details.get(name):
            yield LABELS[f"/details/{name}"], shown.get(name, str)(value)


def _ports(ports: Any) -> str:
    return ", ".join(f"{port['port']}/{port['protocol']}" for port in ports)


def _event_wifi_lines(details: Mapping[str, Any], inventory: Inventory) -> Iterator[Line]:
    places = inventory.network.places
    shown: Mapping[str, Callable[[Any], Any]] = {
        "place": lambda key: places[key].title if key in places else key,
        "security": lambda key: SECURITY.get(key, key),
        "starts_at": datetime.fromisoformat,
        "ends_at": datetime.fromisoformat,
        "isolate_clients": lambda yes: TRUTH["true" if yes else "false"],
    }
    for name in (
        "event", "place", "starts_at", "ends_at", "expected_users", "ssid", "security",
    ):  # fmt: skip
        if (value := details.get(name)) is not None:
            yield LABELS[f"/details/{name}"], shown.get(name, str)(value)
    if details.get("security") != "open":
        yield LABELS["/details/passphrase"], _passphrase(details)
    for name in ("isolate_clients", "rate_limit_mbps"):
        if (value := details.get(name)) is not None:
            yield LABELS[f"/details/{name}"], shown.get(name, str)(value)


def _cloud_vps_lines(details: Mapping[str, Any], inventory: Inventory) -> Iterator[Line]:
    offer = inventory.cloud_vps
    sizes = offer.sizes if offer else {}
    images = offer.images if offer else {}
    networks = inventory.network.networks
    for name in ("hostname", "purpose", "size", "image", "network", "admin_user"):
        value = details.get(name)
        if value is None:
            continue
        shown: Any = value
        if name == "size" and value in sizes:
            shown = size_text(value, sizes[value])
        elif name == "image" and value in images:
            shown = images[value].title
        elif name == "network" and value in networks:
            shown = networks[value].title or value
        yield LABELS[f"/details/{name}"], shown
    if ports := details.get("open_ports"):
        yield LABELS["/details/open_ports"], _ports(ports)
    if extra := details.get("extra_disk_gb"):
        yield LABELS["/details/extra_disk_gb"], say("%(size)s GB", size=extra)
    if application := details.get("application"):
        yield LABELS["/details/application"], application
    if until := details.get("until"):
        yield LABELS["/details/until"], date.fromisoformat(until)


def key_lines(details: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each public key as (type and comment, the key, its fingerprint as OpenSSH writes it)."""
    lines = []
    for key in details.get("ssh_keys") or ():
        kind, _, rest = str(key).partition(" ")
        body, _, comment = rest.partition(" ")
        lines.append((f"{kind} {comment}".strip(), body, fingerprint(str(key))))
    return lines
