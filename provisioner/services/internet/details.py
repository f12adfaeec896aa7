"""What a request for a connected site says: its typed details, and why an answer does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal

from provisioner.catalogue import InternetOffer, Inventory
from provisioner.drivers.network import Security
from provisioner.errors import FieldError, Invalid
from provisioner.services.cloud_vps.answers import Purpose, Until, day_ahead
from provisioner.services.forms import Fault, Together, answers, checked
from provisioner.services.wifi_answers import (
    Choice,
    Form,
    InstanceId,
    Line,
    Mbps,
    Reason,
    SsidName,
    Truth,
    Users,
    WithPassphrase,
)
from provisioner.texts import say

Fieldwork = Literal["none", "cabling", "mounting"]
ACTIONS = ("change", "extend", "end")
_OF_WIFI = ("security", "passphrase", "isolate_clients")


class _WithWifi(WithPassphrase):
    @property
    def without_secrets(self) -> bool:
        """Without WiFi, and with an open one, a passphrase given before is forgotten."""
        open_now = getattr(self, "security", None) == "open"
        return open_now or getattr(self, "ssid", None) is None


class InternetDraft(_WithWifi):
    """Details not yet complete; what is not given is None (``model_fields_set`` tells)."""

    site: Choice | None = None
    location: Line | None = None
    purpose: Purpose | None = None
    expected_users: Users | None = None
    rate_limit_mbps: Mbps | None = None
    poe: Truth | None = None
    fieldwork: Fieldwork | None = None
    ssid: SsidName | None = None
    security: Security | None = None
    isolate_clients: Truth | None = None
    until: Until | None = None


class InternetDetails(_WithWifi):
    """Complete details: everything holds by itself and fits what the office offers."""

    site: Choice
    location: Line
    """Building and room, for people; like ``purpose`` it never reaches a device."""
    purpose: Purpose
    expected_users: Users
    rate_limit_mbps: Mbps | None = None
    """None: that of the segment, else the offer's."""
    poe: Truth | None = None
    """Whether the port feeds what is plugged in; None leaves it as it is."""
    fieldwork: Fieldwork
    ssid: SsidName | None = None
    """None: no WiFi, and none of the answers that belong to it."""
    security: Security | None = None
    isolate_clients: Truth | None = None
    until: Until | None = None
    """Last day; None is without end."""


class ActionDraft(Form):
    """An action not yet complete, other than a change."""

    action: Literal["extend", "end"] | None = None
    instance: InstanceId | None = None
    until: Until | None = None
    reason: Reason | None = None


class ChangeDraft(WithPassphrase):
    """A change not yet complete."""

    action: Literal["change"] | None = None
    instance: InstanceId | None = None
    rate_limit_mbps: Mbps | None = None
    ssid: SsidName | None = None
    security: Security | None = None
    isolate_clients: Truth | None = None
    poe: Truth | None = None


class ChangeDetails(WithPassphrase):
    """Give a connected site other values; what is left out stays as it is."""

    action: Literal["change"]
    instance: InstanceId
    rate_limit_mbps: Mbps | None = None
    ssid: SsidName | None = None
    security: Security | None = None
    isolate_clients: Truth | None = None
    poe: Truth | None = None


class ExtendDetails(Form):
    """Keep a site connected longer."""

    action: Literal["extend"]
    instance: InstanceId
    until: Until


class EndDetails(Form):
    """Disconnect a site."""

    action: Literal["end"]
    instance: InstanceId
    reason: Reason | None = None


Complete = InternetDetails | ChangeDetails | ExtendDetails | EndDetails
Draft = InternetDraft | ChangeDraft | ActionDraft


def parse_details(
    data: object, inventory: Inventory, *, complete: bool = True, today: date | None = None
) -> Complete | Draft:
    """The details of a request, checked against what the office offers.

    With a key ``action`` they are those of an action on a site that is connected. With
    ``complete=False`` only what is given is checked, so that a draft can be kept. ``today``
    (default: now, in the office's zone) bounds the dates. Keep
    ``model_dump(mode="json", exclude_unset=True)`` of the result, which is without the passphrase.

    Raises Invalid with every fault at once, each at its JSON pointer below ``/details``; no message
    repeats what was entered.
    """
    offer = inventory.internet
    if offer is None:
        raise Invalid([FieldError("/service", say("this service is not offered here"))])
    given = answers(data)
    today = today or datetime.now(inventory.office.zone).date()

    def fits(sound: Mapping[str, Any]) -> Iterator[Fault]:
        yield from _speed(sound, offer)
        yield from _open(sound)
        yield from day_ahead("until", sound, today)
        if "action" not in given:
            yield from _site(sound, inventory)
            yield from _wifi(sound, named="ssid" in given) if complete else ()
            yield from _length(sound, offer, today, complete=complete)
        elif complete and given["action"] == "change":
            yield from _something(sound)

    if "action" in given:
        return _action(given, complete, fits)
    if complete:
        return checked(InternetDetails, InternetDraft, given, fits)
    return checked(InternetDraft, InternetDraft, given, fits)


def _action(given: Mapping[str, Any], complete: bool, fits: Together) -> Complete | Draft:
    action = given["action"]
    if action not in ACTIONS:
        choices = say("must be one of: %(choices)s", choices=", ".join(ACTIONS))
        raise Invalid([FieldError("/details/action", choices)])
    if action == "change":
        if complete:
            return checked(ChangeDetails, ChangeDraft, given, fits)
        return checked(ChangeDraft, ChangeDraft, given, fits)
    if not complete:
        return checked(ActionDraft, ActionDraft, given, fits)
    if action == "end":
        return checked(EndDetails, ActionDraft, given, fits)
    return checked(ExtendDetails, ActionDraft, given, fits)


def _site(sound: Mapping[str, Any], inventory: Inventory) -> Iterator[Fault]:
    sites, name = inventory.network.sites, sound.get("site")
    offered = [key for key, site in sites.items() if site.ports]
    if name and name not in offered:
        yield (
            ("site",),
            say("is not offered; choose one of: %(offered)s", offered=", ".join(offered) or "-"),
        )
    elif name and sound.get("ssid") and not sites[name].access_points:
        yield ("ssid",), say("this site has no access points; ask for the connection alone")


def _speed(sound: Mapping[str, Any], offer: InternetOffer) -> Iterator[Fault]:
    mbps = sound.get("rate_limit_mbps")
    if mbps and mbps > offer.max_mbps:
        yield ("rate_limit_mbps",), say("may be at most %(limit)s Mbit/s", limit=offer.max_mbps)


def _open(sound: Mapping[str, Any]) -> Iterator[Fault]:
    if sound.get("security") == "open" and sound.get("passphrase") is not None:
        yield ("passphrase",), say("an open network has none; leave it empty")


def _wifi(sound: Mapping[str, Any], *, named: bool) -> Iterator[Fault]:
    if not named:
        for name in _OF_WIFI:
            if sound.get(name) is not None:
                yield (name,), say("belongs to a WiFi; give it a name, or leave this empty")
    elif sound.get("ssid") is not None and sound.get("security") is None:
        yield ("security",), say("please fill this in")


def _length(
    sound: Mapping[str, Any], offer: InternetOffer, today: date, *, complete: bool
) -> Iterator[Fault]:
    until = sound.get("until")
    if offer.max_days is None:
        return
    if until is None and complete:
        yield ("until",), say("please fill this in")
    elif until is not None and until > today + timedelta(days=offer.max_days):
        yield ("until",), say("it may last at most %(days)s days", days=offer.max_days)


def _something(sound: Mapping[str, Any]) -> Iterator[Fault]:
    changed = ("rate_limit_mbps", "ssid", "security", "isolate_clients", "poe", "passphrase")
    if all(sound.get(name) is None for name in changed) and not sound.get("passphrase_given"):
        yield ("action",), say("nothing would change; give at least one new value")
