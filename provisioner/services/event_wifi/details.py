"""What a request for an event's WiFi says: its typed details, and why an answer does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from provisioner.catalogue import EventWifiOffer, Inventory
from provisioner.drivers.network import Security
from provisioner.errors import FieldError, Invalid
from provisioner.services.forms import Fault, Together, answers, checked
from provisioner.services.wifi_answers import (
    Choice,
    Form,
    Line,
    Mbps,
    Moment,
    SsidName,
    Truth,
    Users,
    WithPassphrase,
)
from provisioner.services.wifi_answers import InstanceId as InstanceId
from provisioner.services.wifi_answers import Reason as Reason
from provisioner.texts import say

ACTIONS = ("change", "extend", "end")
AHEAD = timedelta(days=180)
"""How far ahead an event may start."""


class EventWifiDraft(WithPassphrase):
    """Details not yet complete; what is not given is None (``model_fields_set`` tells)."""

    event: Line | None = None
    place: Choice | None = None
    ssid: SsidName | None = None
    security: Security | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    expected_users: Users | None = None
    isolate_clients: Truth | None = None
    rate_limit_mbps: Mbps | None = None


class EventWifiDetails(WithPassphrase):
    """Complete details: everything holds by itself and fits the office's catalogue and campus."""

    event: Line
    """One line for people; never reaches a device."""
    place: Choice
    ssid: SsidName
    """1 to 32 bytes of UTF-8, without control characters."""
    security: Security
    starts_at: Moment
    """In UTC, whole seconds; so is ``ends_at``."""
    ends_at: Moment
    expected_users: Users
    isolate_clients: Truth
    rate_limit_mbps: Mbps | None = None


class ActionDraft(Form):
    """An action not yet complete, other than a change."""

    action: Literal["extend", "end"] | None = None
    instance: InstanceId | None = None
    ends_at: Moment | None = None
    reason: Reason | None = None


class ChangeDraft(WithPassphrase):
    """A change not yet complete."""

    action: Literal["change"] | None = None
    instance: InstanceId | None = None
    rate_limit_mbps: Mbps | None = None
    isolate_clients: Truth | None = None


class ChangeDetails(WithPassphrase):
    """Give an event's WiFi other values; what is left out stays as it is."""

    action: Literal["change"]
    instance: InstanceId
    rate_limit_mbps: Mbps | None = None
    isolate_clients: Truth | None = None


class ExtendDetails(Form):
    """Keep an event's WiFi on longer."""

    action: Literal["extend"]
    instance: InstanceId
    ends_at: Moment


class EndDetails(Form):
    """Switch an event's WiFi off before its end."""

    action: Literal["end"]
    instance: InstanceId
    reason: Reason | None = None


Complete = EventWifiDetails | ChangeDetails | ExtendDetails | EndDetails
Draft = EventWifiDraft | ChangeDraft | ActionDraft


def parse_details(
    data: object, inventory: Inventory, *, complete: bool = True, at: datetime | None = None
) -> Complete | Draft:
    """The details of a request, checked against what the office offers.

    With a key ``action`` they are those of an action on a WiFi that stands. With ``complete=False``
    only what is given is checked, so that a draft can be kept; empty answers count as not given.
    ``at`` (default: now) bounds the times. Keep ``model_dump(mode="json", exclude_unset=True)`` of
    the result, which is without the passphrase.

    Raises Invalid with every fault at once, each at its JSON pointer below ``/details``; no message
    repeats what was entered.
    """
    offer = inventory.event_wifi
    if offer is None:
        raise Invalid([FieldError("/service", say("this service is not offered here"))])
    given = answers(data)
    at = at or datetime.now(UTC)

    def fits(sound: Mapping[str, Any]) -> Iterator[Fault]:
        yield from _place(sound, inventory)
        yield from _security(sound)
        yield from _times(sound, offer, at)
        if complete and given.get("action") == "change":
            yield from _something(sound)

    if "action" in given:
        return _action(given, complete, fits)
    if complete:
        return checked(EventWifiDetails, EventWifiDraft, given, fits)
    return checked(EventWifiDraft, EventWifiDraft, given, fits)


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


def _place(sound: Mapping[str, Any], inventory: Inventory) -> Iterator[Fault]:
    places = inventory.network.places
    name = sound.get("place")
    if name and name not in places:
        offered = ", ".join(places) or "-"
        yield ("place",), say("is not offered; choose one of: %(offered)s", offered=offered)


def _security(sound: Mapping[str, Any]) -> Iterator[Fault]:
    if sound.get("security") == "open" and sound.get("passphrase") is not None:
        yield ("passphrase",), say("an open network has none; leave it empty")


def _something(sound: Mapping[str, Any]) -> Iterator[Fault]:
    changed = ("rate_limit_mbps", "isolate_clients", "passphrase")
    if all(sound.get(name) is None for name in changed) and not sound.get("passphrase_given"):
        yield ("action",), say("nothing would change; give at least one new value")


def _times(sound: Mapping[str, Any], offer: EventWifiOffer, at: datetime) -> Iterator[Fault]:
    starts, ends = sound.get("starts_at"), sound.get("ends_at")
    if starts and starts > at + AHEAD:
        yield ("starts_at",), say("may be at most %(days)s days from now", days=AHEAD.days)
    if ends and ends <= at:
        yield ("ends_at",), say("must be in the future")
    elif ends and starts and ends <= starts:
        yield ("ends_at",), say("must be after the start")
    elif ends and starts and ends - starts > timedelta(days=offer.max_days):
        yield (
            ("ends_at",),
            say("an event may last at most %(days)s days", days=offer.max_days),
        )
