"""What a request says, as labelled lines for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from api.words import ACTIONS, SECURITY, TRUTH
from provisioner.catalogue import Inventory
from provisioner.catalogue.offers import Size
from provisioner.services.cloud_vps.ssh_keys import fingerprint
from provisioner.texts import Message, say

Line = tuple[Message, Any]

LABELS = {
    "/department": say("Department"),
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
    "/reason": say("Reason"),
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


def lines(details: Mapping[str, Any], service: str, inventory: Inventory) -> list[Line]:
    """The details of a request, in the order of its form; what is not given is left out."""
    if "action" in details:
        return list(_action_lines(details))
    if service == "event_wifi":
        return list(_event_wifi_lines(details, inventory))
    return list(_cloud_vps_lines(details, inventory))


def _action_lines(details: Mapping[str, Any]) -> Iterator[Line]:
    action = details["action"]
    yield LABELS["/details/action"], ACTIONS.get(action, action)
    yield LABELS["/details/instance"], details.get("instance", "")
    if ends_at := details.get("ends_at"):
        yield say("New end"), datetime.fromisoformat(ends_at)
    if reason := details.get("reason"):
        yield LABELS["/details/reason"], reason


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
        given = details.get("passphrase_given")
        yield (
            LABELS["/details/passphrase"],
            say("given, kept secret") if given else say("is made by the program"),
        )
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
        yield (
            LABELS["/details/open_ports"],
            ", ".join(f"{p['port']}/{p['protocol']}" for p in ports),
        )
    if until := details.get("until"):
        yield LABELS["/details/until"], until


def key_lines(details: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each public key as (type and comment, the key, its fingerprint as OpenSSH writes it)."""
    lines = []
    for key in details.get("ssh_keys") or ():
        kind, _, rest = str(key).partition(" ")
        body, _, comment = rest.partition(" ")
        lines.append((f"{kind} {comment}".strip(), body, fingerprint(str(key))))
    return lines
