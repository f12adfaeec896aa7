"""What a request for a Cloud VPS says: its typed details, and why an answer does not hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, overload

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from provisioner.catalogue import CloudVpsOffer, Inventory
from provisioner.catalogue.fields import FieldFault, plain_text
from provisioner.errors import FieldError, Invalid
from provisioner.services.cloud_vps.ssh_keys import public_key, same_key
from provisioner.services.forms import Fault, answers, checked
from provisioner.texts import Message, say

MAX_KEYS = 10
MAX_PORTS = 32
LONGEST = timedelta(days=5 * 365 + 1)
"""How far ahead ``until`` may lie."""
_MEANINGFUL_HOSTNAMES = """
localhost localdomain local broadcasthost ip6-localhost ip6-loopback ip6-allnodes ip6-allrouters
wpad isatap gateway
"""
_SYSTEM_USERS = """
root daemon bin sys sync games man lp mail news uucp proxy backup list irc gnats nobody nogroup
messagebus sshd polkitd dnsmasq syslog tcpdump tss landscape pollinate lxd uuidd dbus chrony ntp
postfix postgres mysql operator halt shutdown adm tty disk kmem dialout fax voice cdrom floppy tape
sudo audio dip src shadow utmp video sasl plugdev staff users input kvm render crontab netdev docker
wheel www-data
"""
RESERVED_HOSTNAMES = frozenset(_MEANINGFUL_HOSTNAMES.split())
RESERVED_USERS = frozenset(_SYSTEM_USERS.split())
_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_USER = re.compile(r"[a-z][a-z0-9-]{0,31}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,5}")


def _hostname(value: object) -> str:
    name = _word(value)
    if not _HOSTNAME.fullmatch(name):
        raise FieldFault(
            say(
                "needs 1 to 63 small letters, digits and hyphens, with a letter or digit at both "
                "ends, such as web-ppid"
            )
        )
    if name.isdigit():
        raise FieldFault(say("needs at least one letter"))
    if name in RESERVED_HOSTNAMES or name.startswith("xn--"):
        raise FieldFault(say("this name has a meaning of its own; choose another one"))
    return name


def _admin_user(value: object) -> str:
    name = _word(value)
    if not _USER.fullmatch(name):
        raise FieldFault(
            say(
                "needs 1 to 32 small letters, digits and hyphens, beginning with a letter, such as "
                "admin-web"
            )
        )
    if name in RESERVED_USERS or name.startswith("systemd-"):
        raise FieldFault(say("this name belongs to the system; choose another one"))
    return name


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise FieldFault(say("must be a text"))
    return value.strip(" ")


def _purpose(value: object) -> str:
    return plain_text(value, minimum=3, maximum=500)


def _choice(value: object) -> str:
    return plain_text(value, minimum=1, maximum=63)


def _port(value: object) -> int:
    number = -1
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip(" ")):
        number = int(value)
    if not 1 <= number <= 65535:
        raise FieldFault(say("must be a whole number from 1 to 65535"))
    return number


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value.strip(" ")):
        try:
            return date.fromisoformat(value.strip(" "))
        except ValueError:
            pass
    raise FieldFault(say("must be a date written as YYYY-MM-DD"))


def _keys(value: object) -> tuple[str, ...]:
    """Checked one by one in ``parse_details``, so that each fault has its own pointer."""
    if not isinstance(value, list | tuple):
        raise FieldFault(say("must be a list"))
    if not 1 <= len(value) <= MAX_KEYS:
        raise FieldFault(say("enter 1 to %(limit)s public keys", limit=MAX_KEYS))
    return tuple(value)


class OpenPort(BaseModel):
    """A port that is open to the world."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    port: Annotated[int, BeforeValidator(_port)]
    protocol: Literal["tcp", "udp"]


Hostname = Annotated[str, BeforeValidator(_hostname)]
Purpose = Annotated[str, BeforeValidator(_purpose)]
Choice = Annotated[str, BeforeValidator(_choice)]
SshKeys = Annotated[tuple[Annotated[str, BeforeValidator(public_key)], ...], BeforeValidator(_keys)]
AdminUser = Annotated[str, BeforeValidator(_admin_user)]
OpenPorts = Annotated[tuple[OpenPort, ...], Field(max_length=MAX_PORTS)]
Until = Annotated[date, BeforeValidator(_day)]


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


@overload
def parse_details(
    data: object,
    inventory: Inventory,
    *,
    complete: Literal[True] = True,
    today: date | None = None,
) -> CloudVpsDetails: ...
@overload
def parse_details(
    data: object, inventory: Inventory, *, complete: Literal[False], today: date | None = None
) -> CloudVpsDraft: ...
@overload
def parse_details(
    data: object, inventory: Inventory, *, complete: bool, today: date | None = None
) -> CloudVpsDetails | CloudVpsDraft: ...
def parse_details(
    data: object, inventory: Inventory, *, complete: bool = True, today: date | None = None
) -> CloudVpsDetails | CloudVpsDraft:
    """The details of a request, checked against what the office offers.

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
    until = sound.get("until")
    if until and not today < until <= today + LONGEST:
        yield ("until",), say("must be a day in the future, at most five years from now")
    yield from _twice("ssh_keys", sound, same_key, say("this key is already in the list"))
    yield from _twice("open_ports", sound, _same_port, say("this port is already in the list"))


def _same_port(one: OpenPort, other: OpenPort) -> bool:
    return one == other


def _twice(
    name: str, sound: Mapping[str, Any], same: Callable[[Any, Any], bool], message: Message
) -> Iterator[Fault]:
    entries = sound.get(name) or ()
    for index, entry in enumerate(entries):
        if any(same(entry, earlier) for earlier in entries[:index]):
            yield (name, index), message
