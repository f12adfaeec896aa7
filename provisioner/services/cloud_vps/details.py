"""What a request for a Cloud VPS says: its typed details, and why an answer does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from provisioner.catalogue import CloudVpsOffer, Inventory
from provisioner.errors import FieldError, Invalid
from provisioner.services.cloud_vps.actions_details import (
    Action,
    ActionDraft,
    parse_action,
)
from provisioner.services.cloud_vps.answers import (
    LONGEST,
    AdminUser,
    Application,
    Choice,
    Gigabytes,
    Hostname,
    OpenPort,
    OpenPorts,
    Purpose,
    SshKeys,
    Until,
    day_ahead,
    extra_disk,
    twice,
)
from provisioner.services.cloud_vps.ssh_keys import same_key
from provisioner.services.forms import Fault, answers, checked
from provisioner.texts import say

__all__ = [
    "LONGEST",
    "Choice",
    "CloudVpsDetails",
    "CloudVpsDraft",
    "Complete",
    "Draft",
    "Hostname",
    "OpenPorts",
    "Until",
    "parse_details",
]


class CloudVpsDraft(BaseModel):
    """Details not yet complete; what is not given is None (``model_fields_set`` tells)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    hostname: Hostname | None = None
    purpose: Purpose | None = None
    size: Choice | None = None
    image: Choice | None = None
    network: Choice | None = None
    ssh_keys: SshKeys | None = None
    admin_user: AdminUser | None = None
    open_ports: OpenPorts | None = None
    until: Until | None = None
    extra_disk_gb: Gigabytes | None = None
    application: Application | None = None


class CloudVpsDetails(BaseModel):
    """Complete details: everything holds by itself and fits the office's catalogue and network."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    hostname: Hostname
    """RFC 1123 label in small letters; unique only where the product says so."""
    purpose: Purpose
    """One line for people; never reaches a device or a shell."""
    size: Choice
    image: Choice
    network: Choice
    ssh_keys: SshKeys
    """``type base64 comment``, one to ten."""
    admin_user: AdminUser
    open_ports: OpenPorts = ()
    until: Until | None = None
    """Last day of use; None is without end."""
    extra_disk_gb: Gigabytes | None = None
    """GiB of a second, empty disk; None and 0 are without."""
    application: Application | None = None
    """What it is a part of: VMs of one application go to different nodes where possible."""


Complete = CloudVpsDetails | Action
Draft = CloudVpsDraft | ActionDraft


def parse_details(
    data: object, inventory: Inventory, *, complete: bool = True, today: date | None = None
) -> Complete | Draft:
    """The details of a request, checked against what the office offers.

    With a key ``action`` they are those of an action on a VM that stands (``actions_details``).
    With ``complete=False`` only what is given is checked, so that a draft can be kept; empty
    answers count as not given. ``today`` (default: now, in the office's zone) bounds ``until``.
    Keep ``model_dump(mode="json", exclude_unset=True)`` of the result.

    Raises Invalid with every fault at once, each at its JSON pointer below ``/details``; no message
    repeats what was entered.
    """
    offer = inventory.cloud_vps
    if offer is None:
        raise Invalid([FieldError("/service", say("this service is not offered here"))])
    given = answers(data)
    today = today or datetime.now(inventory.office.zone).date()

    def fits(sound: Mapping[str, Any]) -> Iterator[Fault]:
        return _faults_together(sound, inventory, offer, today)

    if "action" in given:
        return parse_action(given, offer, today, complete=complete)
    if complete:
        return checked(CloudVpsDetails, CloudVpsDraft, given, fits)
    return checked(CloudVpsDraft, CloudVpsDraft, given, fits)


def _faults_together(
    sound: Mapping[str, Any], inventory: Inventory, offer: CloudVpsOffer, today: date
) -> Iterator[Fault]:
    networks = inventory.network.networks
    size = offer.sizes.get(sound.get("size") or "")
    image = offer.images.get(sound.get("image") or "")
    network = networks.get(sound.get("network") or "")
    for name, found, choices in (
        ("size", size, offer.sizes),
        ("image", image, offer.images),
        ("network", network, networks),
    ):
        if sound.get(name) and found is None:
            offered = ", ".join(choices) or "-"
            yield (name,), say("is not offered; choose one of: %(offered)s", offered=offered)
    if image and network and network.cluster not in image.templates:
        yield (("image",), say("is not available in the chosen network; choose another one"))
    if image and size and image.min_disk_gb and size.disk_gb < image.min_disk_gb:
        yield (
            ("size",),
            say(
                "its disk is too small for the chosen system, which needs %(needed)s GB",
                needed=image.min_disk_gb,
            ),
        )
    yield from day_ahead("until", sound, today)
    yield from extra_disk(sound, offer)
    yield from twice("ssh_keys", sound, same_key, say("this key is already in the list"))
    yield from twice("open_ports", sound, _same_port, say("this port is already in the list"))


def _same_port(one: OpenPort, other: OpenPort) -> bool:
    return one == other
