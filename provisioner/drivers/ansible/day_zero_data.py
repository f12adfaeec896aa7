"""What a new device is to be: the inventory's ``day_zero_`` variables, checked."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError

from provisioner.catalogue.fields import DataModel, FieldFault, explain
from provisioner.errors import Misconfigured
from provisioner.texts import say

PREFIX = "day_zero_"
_CISCO = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FieldFault(say("is no time zone; write it as Asia/Jakarta")) from error
    return name


class DayZero(DataModel):
    """One device: how it is entered now (None: as the inventory says), and what it is to be."""

    user: str | None = Field(None, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+@-]{0,63}$")
    password: str | None = Field(None, repr=False)
    enable_password: str | None = Field(None, repr=False)
    address: str | None = Field(None, pattern=r"^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}$")
    port: int | None = Field(None, ge=1, le=65535)
    vlan: int | None = Field(None, ge=2, le=4094)
    prefix: IPv4Interface | None = None
    gateway: IPv4Address | None = None
    uplink: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}$")
    ntp: tuple[IPv4Address, ...] = ()
    dns: tuple[IPv4Address, ...] = ()
    syslog: IPv4Address | None = None
    domain: str | None = Field(None, pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Jakarta"
    winbox: bool = False
    """RouterOS: whether WinBox stays on."""

    def values(self) -> dict[str, Any]:
        """For the playbooks: no secret among them."""
        hidden = {"user", "password", "enable_password", "address", "port"}
        found = self.model_dump(mode="json", exclude=hidden)
        own = self.prefix
        return found | {
            "address_and_mask": f"{own.ip} {own.netmask}" if own else None,
            "address": str(own.ip) if own else None,
            "netmask": str(own.netmask) if own else None,
            "clock": _clock(self.time_zone),
            "posix_zone": _posix(self.time_zone),
        }


def variables() -> list[str]:
    """The inventory's variables that tell of it."""
    return [PREFIX + name for name in DayZero.model_fields]


def parsed(host: str, given: Mapping[str, Any]) -> DayZero:
    """From the inventory's variables. Raises Misconfigured; no value is ever repeated in it."""
    values = {
        name.removeprefix(PREFIX): value
        for name, value in given.items()
        if name.startswith(PREFIX) and value not in (None, "")
    }
    try:
        return DayZero.model_validate(values)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        variable = f"{host}.{PREFIX}{fault['loc'][0]}"
        raise Misconfigured("inventory", variable, explain(fault)) from error


def _offset(zone: str) -> tuple[str, int]:
    """Its short name and minutes east, now; zones that change their clocks keep today's."""
    now = datetime.now(UTC).astimezone(ZoneInfo(zone))
    offset = now.utcoffset()
    return now.tzname() or "", int(offset.total_seconds() // 60) if offset else 0


def _clock(zone: str) -> str:
    """As IOS writes it: ``WIB 7 0``."""
    name, minutes = _offset(zone)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else ""
    return f"{name if name.isalpha() else 'LOCAL'} {sign}{hours} {rest}"


def _posix(zone: str) -> str:
    """As OpenWrt writes it: ``WIB-7``, west being positive."""
    name, minutes = _offset(zone)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes > 0 else ""
    return f"{name if name.isalpha() else f'<{name}>'}{sign}{hours}" + (
        f":{rest:02}" if rest else ""
    )


def scrypt_hash(password: str) -> str:
    """IOS's type 9 secret of a password: ``$9$salt$hash`` (scrypt, N 16384, r 1, p 1)."""
    salt = "".join(secrets.choice(_CISCO) for _ in range(14))
    made = hashlib.scrypt(password.encode(), salt=salt.encode(), n=16384, r=1, p=1, dklen=32)
    text = base64.b64encode(made).decode().rstrip("=")
    return f"$9${salt}${text.translate(str.maketrans(_PLAIN, _CISCO))}"
