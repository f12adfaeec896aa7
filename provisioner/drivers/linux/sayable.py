"""What may be said to a Linux host: everything else is refused before a line is made of it."""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    RateLimit,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
)
from provisioner.drivers.sessions import failures

_MARK = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+){1,5}")
_NAME = re.compile(r"[A-Za-z0-9_.:/+@=,-]{1,32}")
_PORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}")
_TEXT = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_KEY = re.compile(r"[ -~]{8,63}")
_LONGEST_TEXT = 200
_LONGEST_MARK = 32


def check(intent: Intent) -> None:
    """Raises Refused for what would not stay in its place, or not stay as it is."""
    match intent:
        case Vlan():
            _vlan(intent.id)
            _fits(_NAME, "VLAN", intent.name)
        case TrunkMember():
            _vlan(intent.vlan)
            _fits(_PORT, "port", intent.port)
        case AccessPort():
            _vlan(intent.vlan)
            _fits(_PORT, "port", intent.port)
            _text(intent.description)
        case Description():
            _fits(_PORT, "port", intent.port)
            _text(intent.text)
        case Ssid():
            _ssid(intent)
        case Scope():
            _scope(intent)
        case RateLimit():
            _mark(intent.mark)
            _vlan(intent.vlan)
            _network(intent.cidr)
            for mbps in (intent.down_mbps, intent.up_mbps):
                if not 1 <= mbps <= 100_000:
                    raise failures.not_said("rate", str(mbps))


def passphrase(text: str) -> str:
    """As hostapd takes it."""
    if not _KEY.fullmatch(text):
        raise failures.not_said("passphrase", "…")
    return text


def port(name: str) -> str:
    """The name of an interface as it may be said. Raises Refused."""
    _fits(_PORT, "port", name)
    return name


def _scope(scope: Scope) -> None:
    _mark(scope.mark)
    _vlan(scope.vlan)
    for port in filter(None, (scope.port, scope.outside)):
        _fits(_PORT, "port", port)
    for address in (scope.first, scope.last, *scope.dns):
        _address(address)
    for wall in scope.walls:
        _network(wall)
    try:
        own = IPv4Interface(scope.gateway)
    except ValueError as error:
        raise failures.not_said("gateway", scope.gateway) from error
    if str(own) != scope.gateway or not 8 <= own.network.prefixlen <= 30:
        raise failures.not_said("gateway", scope.gateway)
    first, last = IPv4Address(scope.first), IPv4Address(scope.last)
    if first not in own.network or last not in own.network or not first <= last:
        raise failures.not_said("scope", f"{first}-{last}")
    if not 120 <= scope.lease_seconds <= 31_536_000:
        raise failures.not_said("lease", str(scope.lease_seconds))


def _ssid(ssid: Ssid) -> None:
    _mark(ssid.mark)
    _vlan(ssid.vlan)
    _fits(_PORT, "port", ssid.uplink)
    size = len(ssid.ssid.encode("utf-8", "replace"))
    if not 1 <= size <= 32 or any(unicodedata.category(c) in ("Cc", "Cs") for c in ssid.ssid):
        raise failures.not_said("SSID", ssid.ssid)


def _vlan(number: int) -> None:
    if not 2 <= number <= 4094:
        raise failures.not_said("VLAN", str(number))


def _mark(mark: str) -> None:
    if len(mark) > _LONGEST_MARK:
        raise failures.not_said("mark", mark)
    _fits(_MARK, "mark", mark)


def _text(text: str) -> None:
    if len(text) > _LONGEST_TEXT:
        raise failures.not_said("description", text)
    _fits(_TEXT, "description", text)


def _address(text: str) -> None:
    try:
        exact = str(IPv4Address(text)) == text
    except ValueError:
        exact = False
    if not exact:
        raise failures.not_said("address", text)


def _network(text: str) -> None:
    try:
        exact = str(IPv4Network(text)) == text
    except ValueError:
        exact = False
    if not exact:
        raise failures.not_said("network", text)


def _fits(pattern: re.Pattern[str], what: str, text: str) -> None:
    if not pattern.fullmatch(text):
        raise failures.not_said(what, text)
