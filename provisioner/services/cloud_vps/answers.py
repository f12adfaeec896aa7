"""The kinds of answers that requests for a Cloud VPS give, and why one does not hold; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from provisioner.catalogue import CloudVpsOffer
from provisioner.catalogue.fields import FieldFault, plain_text
from provisioner.services.cloud_vps.ssh_keys import public_key
from provisioner.services.forms import Fault
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
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


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


def _application(value: object) -> str:
    name = _word(value)
    if not _SLUG.fullmatch(name):
        raise FieldFault(
            say(
                "needs 1 to 32 small letters, digits and hyphens, with a letter or digit at both "
                "ends, such as e-office"
            )
        )
    return name


def whole(value: object) -> int:
    """A whole number of at most five digits, typed or as such; -1 for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip(" ")):
        return int(value)
    return -1


def _port(value: object) -> int:
    number = whole(value)
    if not 1 <= number <= 65535:
        raise FieldFault(say("must be a whole number from 1 to 65535"))
    return number


def _gigabytes(value: object) -> int:
    number = whole(value)
    if not 0 <= number <= 65_536:
        raise FieldFault(say("must be a whole number of GB"))
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
Gigabytes = Annotated[int, BeforeValidator(_gigabytes)]
Application = Annotated[str, BeforeValidator(_application)]


def day_ahead(name: str, sound: Mapping[str, Any], today: date) -> Iterator[Fault]:
    """A day that is not ahead, or too far."""
    day = sound.get(name)
    if day and not today < day <= today + LONGEST:
        yield (name,), say("must be a day in the future, at most five years from now")


def extra_disk(sound: Mapping[str, Any], offer: CloudVpsOffer) -> Iterator[Fault]:
    """A second disk that is not offered in that size."""
    asked, most = sound.get("extra_disk_gb") or 0, offer.extra_disk_gb_max
    if asked and not most:
        yield ("extra_disk_gb",), say("a second disk is not offered; leave it empty")
    elif asked > most:
        yield ("extra_disk_gb",), say("a second disk has at most %(most)d GB", most=most)


def twice(
    name: str, sound: Mapping[str, Any], same: Callable[[Any, Any], bool], message: Message
) -> Iterator[Fault]:
    """Entries of a list that are the same as an earlier one."""
    entries = sound.get(name) or ()
    for index, entry in enumerate(entries):
        if any(same(entry, earlier) for earlier in entries[:index]):
            yield (name, index), message
