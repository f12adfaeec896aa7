"""What a request for help with a fault says, and what one for a remedy says; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from provisioner.catalogue import Inventory
from provisioner.catalogue.fields import FieldFault, plain_text
from provisioner.drivers.network import (
    BouncePort,
    CyclePower,
    DropLease,
    EnablePort,
    Remedy,
    RestartRadio,
)
from provisioner.errors import FieldError, Invalid
from provisioner.services.cloud_vps.answers import Purpose
from provisioner.services.forms import Fault, answers, checked
from provisioner.services.wifi_answers import Form, InstanceId, Line, Reason
from provisioner.texts import say

REMEDY = "remedy"
RemedyKind = Literal["bounce_port", "enable_port", "cycle_power", "drop_lease", "restart_radio"]
Symptom = Literal["no_internet", "slow", "no_wifi", "no_address", "server_down", "other"]
_KINDS = ("site", "place", "device", "instance", "cluster", "url")
_TARGET = re.compile(r"[^\s\x00-\x1f\x7f]{1,300}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/:@+-]{0,62}")
_OF_PORT = ("bounce_port", "enable_port", "cycle_power")


def _target(value: object) -> str:
    if not isinstance(value, str) or not _TARGET.fullmatch(value.strip(" ")):
        raise FieldFault(
            say("must be a site, place, device, instance or address, such as site:%(key)s", key="…")
        )
    return value.strip(" ")


def _named(value: object) -> str:
    """A name that stands on a device: of a port, a radio, the device itself."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise FieldFault(say("is not a name that a device can have"))
    return value


def _address(value: object) -> str:
    try:
        return str(IPv4Address(str(value)))
    except ValueError:
        raise FieldFault(say("must be an IPv4 address such as 10.10.10.1")) from None


def _told(value: object) -> str:
    return plain_text(value, minimum=2, maximum=120)


TargetName = Annotated[str, BeforeValidator(_target)]
Named = Annotated[str, BeforeValidator(_named)]
Address = Annotated[str, BeforeValidator(_address)]
Told = Annotated[str, BeforeValidator(_told)]


class TroubleDraft(Form):
    """Details not yet complete; what is not given is None."""

    target: TargetName | None = None
    symptom: Symptom | None = None
    description: Purpose | None = None
    since: Told | None = None
    location: Line | None = None


class TroubleDetails(Form):
    """A fault as somebody meets it."""

    target: TargetName
    """What does not work: ``site:smp-1``, ``instance:…``, ``place:…``, ``device:…`` or a name."""
    symptom: Symptom
    description: Purpose
    """In the words of whoever met it."""
    since: Told | None = None
    """Since when, in the same words."""
    location: Line | None = None


class _RemedyDraft(Form):
    action: Literal["remedy"] | None = None
    remedy: RemedyKind | None = None
    device: Named | None = None
    port: Named | None = None
    address: Address | None = None
    radio: Named | None = None
    check: InstanceId | None = None
    reason: Reason | None = None


class RemedyDetails(Form):
    """One of the few things that help without changing what is set up."""

    action: Literal["remedy"]
    remedy: RemedyKind
    device: Named
    port: Named | None = None
    address: Address | None = None
    radio: Named | None = None
    """None: all of the device."""
    check: InstanceId | None = None
    """The check that proposed it; what was red there is checked again afterwards."""
    reason: Reason | None = None

    def order(self) -> Remedy:
        """As the driver takes it."""
        match self.remedy:
            case "bounce_port":
                return BouncePort(str(self.port))
            case "enable_port":
                return EnablePort(str(self.port))
            case "cycle_power":
                return CyclePower(str(self.port))
            case "drop_lease":
                return DropLease(str(self.address))
            case "restart_radio":
                return RestartRadio(self.radio or "")


Complete = TroubleDetails | RemedyDetails
Draft = TroubleDraft | _RemedyDraft


def parse_details(data: object, inventory: Inventory, *, complete: bool = True) -> Complete | Draft:
    """The details of a request; with a key ``action`` those of a remedy.

    With ``complete=False`` only what is given is checked. Whether the target is there is found out
    when the request is planned, since devices and instances come and go; a site or place that is
    named as such has to be one. Raises Invalid with every fault at its pointer.
    """
    if inventory.catalogue.offer("troubleshooting") is None:
        raise Invalid([FieldError("/service", say("this service is not offered here"))])
    given = answers(data)

    def known(sound: Mapping[str, Any]) -> Iterator[Fault]:
        yield from _target_of(sound, inventory)

    if "action" in given:
        if given["action"] != REMEDY:
            choices = say("must be one of: %(choices)s", choices=REMEDY)
            raise Invalid([FieldError("/details/action", choices)])
        if complete:
            return checked(RemedyDetails, _RemedyDraft, given, _whole)
        return checked(_RemedyDraft, _RemedyDraft, given, _whole)
    if complete:
        return checked(TroubleDetails, TroubleDraft, given, known)
    return checked(TroubleDraft, TroubleDraft, given, known)


def _target_of(sound: Mapping[str, Any], inventory: Inventory) -> Iterator[Fault]:
    kind, colon, key = str(sound.get("target") or "").partition(":")
    if not colon:
        return
    if kind not in _KINDS:
        kinds = ", ".join(f"{each}:" for each in _KINDS)
        yield ("target",), say("must begin with one of: %(choices)s", choices=kinds)
    stock = {"site": inventory.network.sites, "place": inventory.network.places}.get(kind)
    if stock is not None and key not in stock:
        offered = ", ".join(f"{kind}:{each}" for each in stock) or "-"
        yield ("target",), say("is not there; choose one of: %(offered)s", offered=offered)


def _whole(sound: Mapping[str, Any]) -> Iterator[Fault]:
    remedy = sound.get("remedy")
    if remedy in _OF_PORT and not sound.get("port"):
        yield ("port",), say("please fill this in")
    if remedy == "drop_lease" and not sound.get("address"):
        yield ("address",), say("please fill this in")
