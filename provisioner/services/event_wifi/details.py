"""What a request for an event's WiFi says: its typed details, and why an answer does not hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, overload

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from provisioner.catalogue import EventWifiOffer, Inventory
from provisioner.catalogue.fields import FieldFault, plain_text
from provisioner.drivers.network import Security
from provisioner.errors import FieldError, Invalid
from provisioner.services.event_wifi.passphrases import is_passphrase
from provisioner.services.forms import Fault, Together, answers, checked
from provisioner.texts import say

AHEAD = timedelta(days=180)
"""How far ahead an event may start."""
MAX_USERS = 100_000
MAX_MBPS = 10_000
SSID_BYTES = 32
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_NUMBER = re.compile(r"[0-9]{1,9}")
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_TRUTH = {"true": True, "false": False}


def _event(value: object) -> str:
    return plain_text(value, minimum=3, maximum=120)


def _choice(value: object) -> str:
    return plain_text(value, minimum=1, maximum=63)


def _reason(value: object) -> str:
    return plain_text(value, minimum=3, maximum=500)


def _ssid(value: object) -> str:
    """Kept as it is, never altered: guests have to find exactly this name."""
    if not isinstance(value, str):
        raise FieldFault(say("must be a text"))
    if value != value.strip():
        raise FieldFault(say("may not begin or end with a space"))
    if any(unicodedata.category(letter)[0] == "C" or letter in "\u2028\u2029" for letter in value):
        raise FieldFault(say("may not contain control characters or invisible characters"))
    if not 1 <= len(value.encode()) <= SSID_BYTES:
        raise FieldFault(
            say(
                "may be at most %(limit)s bytes long; letters with accents and symbols take more "
                "than one",
                limit=SSID_BYTES,
            )
        )
    return value


def _passphrase(value: object) -> SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not is_passphrase(text):
        raise FieldFault(
            say("needs 8 to 63 characters: letters without accents, digits, signs and spaces")
        )
    return SecretStr(text)


def _moment(value: object) -> datetime:
    if isinstance(value, str) and _TIME.fullmatch(value.strip(" ")):
        with suppress(ValueError):
            value = datetime.fromisoformat(value.strip(" ").upper())
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise FieldFault(say("must be a time with its zone, written as 2026-11-25T08:00:00+07:00"))
    try:
        return value.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise FieldFault(say("this time does not exist in our calendar")) from None


def _whole(limit: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        number = 0
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, str) and _NUMBER.fullmatch(value.strip(" ")):
            number = int(value)
        if not 1 <= number <= limit:
            raise FieldFault(say("must be a whole number from 1 to %(limit)s", limit=limit))
        return number

    return parse


def _truth(value: object) -> object:
    return _TRUTH.get(value.strip(" "), value) if isinstance(value, str) else value


def _instance(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value.strip(" ")):
        raise FieldFault(say("is not the identifier of an instance"))
    return value.strip(" ")


Event = Annotated[str, BeforeValidator(_event)]
Choice = Annotated[str, BeforeValidator(_choice)]
SsidName = Annotated[str, BeforeValidator(_ssid)]
Passphrase = Annotated[SecretStr, BeforeValidator(_passphrase)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Users = Annotated[int, BeforeValidator(_whole(MAX_USERS))]
Mbps = Annotated[int, BeforeValidator(_whole(MAX_MBPS))]
Truth = Annotated[bool, Field(strict=True), BeforeValidator(_truth)]
InstanceId = Annotated[str, BeforeValidator(_instance)]
Reason = Annotated[str, BeforeValidator(_reason)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _WithPassphrase(_Form):
    """The passphrase leaves no dump; ``passphrase_given`` says that there is one.

    What keeps requests puts the passphrase into the secret store and has the last word on
    ``passphrase_given``, which comes back with details that were kept.
    """

    passphrase: Passphrase | None = Field(None, exclude=True)
    """None: the run makes one, except for an open network."""
    passphrase_given: Truth = False

    @model_validator(mode="before")
    @classmethod
    def _tell(cls, data: object) -> object:
        if isinstance(data, Mapping) and data.get("passphrase"):
            return {**data, "passphrase_given": True}
        return data

    @property
    def without_secrets(self) -> bool:
        """An open network has no passphrase, and forgets one that was given before."""
        return getattr(self, "security", None) == "open"


class EventWifiDraft(_WithPassphrase):
    """Details not yet complete; what is not given is None (``model_fields_set`` tells)."""

    event: Event | None = None
    place: Choice | None = None
    ssid: SsidName | None = None
    security: Security | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    expected_users: Users | None = None
    isolate_clients: Truth | None = None
    rate_limit_mbps: Mbps | None = None


class EventWifiDetails(_WithPassphrase):
    """Complete details: everything holds by itself and fits the office's catalogue and campus."""

    event: Event
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


class ActionDraft(_Form):
    """An action not yet complete."""

    action: Literal["extend", "end"] | None = None
    instance: InstanceId | None = None
    ends_at: Moment | None = None
    reason: Reason | None = None


class ExtendDetails(_Form):
    """Keep an event's WiFi on longer."""

    action: Literal["extend"]
    instance: InstanceId
    ends_at: Moment


class EndDetails(_Form):
    """Switch an event's WiFi off before its end."""

    action: Literal["end"]
    instance: InstanceId
    reason: Reason | None = None


Complete = EventWifiDetails | ExtendDetails | EndDetails
Draft = EventWifiDraft | ActionDraft


@overload
def parse_details(
    data: object,
    inventory: Inventory,
    *,
    complete: Literal[True] = True,
    at: datetime | None = None,
) -> Complete: ...
@overload
def parse_details(
    data: object, inventory: Inventory, *, complete: Literal[False], at: datetime | None = None
) -> Draft: ...
@overload
def parse_details(
    data: object, inventory: Inventory, *, complete: bool, at: datetime | None = None
) -> Complete | Draft: ...
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

    if "action" in given:
        return _action(given, complete, fits)
    if complete:
        return checked(EventWifiDetails, EventWifiDraft, given, fits)
    return checked(EventWifiDraft, EventWifiDraft, given, fits)


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


def _place(sound: Mapping[str, Any], inventory: Inventory) -> Iterator[Fault]:
    places = inventory.network.places
    name = sound.get("place")
    if name and name not in places:
        offered = ", ".join(places) or "-"
        yield ("place",), say("is not offered; choose one of: %(offered)s", offered=offered)


def _security(sound: Mapping[str, Any]) -> Iterator[Fault]:
    if sound.get("security") == "open" and sound.get("passphrase") is not None:
        yield ("passphrase",), say("an open network has none; leave it empty")


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
