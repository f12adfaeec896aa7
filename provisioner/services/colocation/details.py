"""What a request for a place in the data centre says: its typed details, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from operator import eq
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from provisioner.catalogue import ColocationOffer, Inventory
from provisioner.catalogue.fields import FieldFault, plain_text
from provisioner.errors import FieldError, Invalid
from provisioner.services.cloud_vps.answers import (
    LONGEST,
    Choice,
    Hostname,
    OpenPorts,
    Purpose,
    Until,
    day_ahead,
    twice,
    whole,
)
from provisioner.services.event_wifi.details import InstanceId, Reason
from provisioner.services.forms import Fault, Together, answers, checked
from provisioner.texts import say

MOST_UNITS, MOST_WATTS, MOST_KG = 48, 20_000, 500
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}")
_MAC = re.compile(r"[0-9a-f]{12}")
_MULTICAST = 1


def _line(minimum: int, maximum: int) -> Callable[[object], str]:
    def parse(value: object) -> str:
        return plain_text(value, minimum=minimum, maximum=maximum)

    return parse


def _whole(limit: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        number = whole(value)
        if not 1 <= number <= limit:
            raise FieldFault(say("must be a whole number from 1 to %(limit)s", limit=limit))
        return number

    return parse


def _serial(value: object) -> str:
    text = plain_text(value, minimum=1, maximum=64)
    if not _SERIAL.fullmatch(text):
        raise FieldFault(say("needs letters, digits, spaces and . / _ - only"))
    return text


def _mac(value: object) -> str:
    """``aa:bb:cc:dd:ee:ff``, from any common way of writing it."""
    digits = re.sub(r"[:. -]", "", value).lower() if isinstance(value, str) else ""
    if not _MAC.fullmatch(digits) or int(digits, 16) == 0 or int(digits[:2], 16) & _MULTICAST:
        raise FieldFault(
            say("is not the address of a network card, such as 3c:ec:ef:00:11:22; leave it empty "
                "if you do not know it")
        )  # fmt: skip
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _feeds(value: object) -> object:
    return int(value) if isinstance(value, str) and value.strip(" ") in ("1", "2") else value


Model = Annotated[str, BeforeValidator(_line(2, 120))]
Contact = Annotated[str, BeforeValidator(_line(3, 120))]
Serial = Annotated[str, BeforeValidator(_serial)]
Units = Annotated[int, BeforeValidator(_whole(MOST_UNITS))]
Watts = Annotated[int, BeforeValidator(_whole(MOST_WATTS))]
Kilograms = Annotated[int, BeforeValidator(_whole(MOST_KG))]
Feeds = Annotated[Literal[1, 2], BeforeValidator(_feeds)]
Mac = Annotated[str, BeforeValidator(_mac)]
Confirm = Annotated[str, BeforeValidator(_line(1, 63))]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ColocationDraft(_Form):
    """Details not yet complete; what is not given is None (``model_fields_set`` tells)."""

    server_name: Hostname | None = None
    purpose: Purpose | None = None
    model: Model | None = None
    serial: Serial | None = None
    units: Units | None = None
    weight_kg: Kilograms | None = None
    watts: Watts | None = None
    power_feeds: Feeds | None = None
    network: Choice | None = None
    mac: Mac | None = None
    open_ports: OpenPorts | None = None
    contact_on_site: Contact | None = None
    delivery_on: Until | None = None
    until: Until | None = None


class ColocationDetails(_Form):
    """Complete details: everything holds by itself and fits what the office offers."""

    server_name: Hostname
    purpose: Purpose
    """One line for people, like ``model`` and ``contact_on_site``; never reaches a device."""
    model: Model
    serial: Serial | None = None
    """As on the server; read at the racking where it is left out."""
    units: Units
    """Height in rack units."""
    weight_kg: Kilograms | None = None
    watts: Watts
    """The most that the server draws, on one feed alone when the other fails."""
    power_feeds: Feeds
    network: Choice
    mac: Mac | None = None
    open_ports: OpenPorts = ()
    """Services that answer; those on TCP are part of the proof."""
    contact_on_site: Contact
    delivery_on: Until | None = None
    until: Until | None = None
    """Last day; None is without end."""


class ActionDraft(_Form):
    """An action not yet complete."""

    action: Literal["extend", "end"] | None = None
    instance: InstanceId | None = None
    until: Until | None = None
    confirm: Confirm | None = None
    reason: Reason | None = None


class ExtendDetails(_Form):
    """Keep the server longer."""

    action: Literal["extend"]
    instance: InstanceId
    until: Until


class EndDetails(_Form):
    """Take the server out."""

    action: Literal["end"]
    instance: InstanceId
    confirm: Confirm
    """The server's name, typed once more."""
    reason: Reason | None = None


Complete = ColocationDetails | ExtendDetails | EndDetails
Draft = ColocationDraft | ActionDraft


def parse_details(
    data: object, inventory: Inventory, *, complete: bool = True, today: date | None = None
) -> Complete | Draft:
    """The details of a request, checked against what the office offers.

    With a key ``action`` they are those of an action on a server that stands. With
    ``complete=False`` only what is given is checked, so that a draft can be kept. ``today``
    (default: now, in the office's zone) bounds the dates. Keep
    ``model_dump(mode="json", exclude_unset=True)`` of the result.

    Raises Invalid with every fault at once, each at its JSON pointer below ``/details``.
    """
    offer = inventory.colocation
    if offer is None:
        raise Invalid([FieldError("/service", say("this service is not offered here"))])
    given = answers(data)
    today = today or datetime.now(inventory.office.zone).date()

    def fits(sound: Mapping[str, Any]) -> Iterator[Fault]:
        yield from _sizes(sound, offer)
        yield from _network(sound, inventory)
        yield from _dates(sound, today)
        yield from twice("open_ports", sound, eq, say("this port is already in the list"))

    if "action" in given:
        return _action(given, complete, fits)
    if complete:
        return checked(ColocationDetails, ColocationDraft, given, fits)
    return checked(ColocationDraft, ColocationDraft, given, fits)


def _action(given: Mapping[str, Any], complete: bool, fits: Together) -> Complete | Draft:
    action = given["action"]
    if action not in ("extend", "end"):
        choices = say("must be one of: %(choices)s", choices="extend, end")
        raise Invalid([FieldError("/details/action", choices)])
    if not complete:
        return checked(ActionDraft, ActionDraft, given, fits)
    if action == "end":
        return checked(EndDetails, ActionDraft, given, fits)
    return checked(ExtendDetails, ActionDraft, given, fits)


def _sizes(sound: Mapping[str, Any], offer: ColocationOffer) -> Iterator[Fault]:
    units, watts = sound.get("units"), sound.get("watts")
    if units and units > offer.max_units:
        yield (
            ("units",),
            say("a server may be at most %(limit)s rack units high", limit=offer.max_units),
        )
    if watts and watts > offer.max_watts:
        yield ("watts",), say("a server may draw at most %(limit)s watts", limit=offer.max_watts)


def _network(sound: Mapping[str, Any], inventory: Inventory) -> Iterator[Fault]:
    networks, name = inventory.network.colocation_networks, sound.get("network")
    if name and name not in networks:
        offered = ", ".join(networks) or "-"
        yield ("network",), say("is not offered; choose one of: %(offered)s", offered=offered)


def _dates(sound: Mapping[str, Any], today: date) -> Iterator[Fault]:
    delivery, until = sound.get("delivery_on"), sound.get("until")
    if delivery and not today <= delivery <= today + LONGEST:
        yield ("delivery_on",), say("must be today or a later day, at most five years from now")
    yield from day_ahead("until", sound, today)
    if delivery and until and until <= delivery:
        yield ("until",), say("must be after the day of delivery")
