"""What makes wishes true on a router, the exact way back, and the difference."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network, NetmaskValueError

from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    Preview,
    RateLimit,
    Reading,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.routeros import routing, switching, wifi
from provisioner.drivers.routeros.configuration import Configuration
from provisioner.drivers.routeros.kits import Kit
from provisioner.drivers.routeros.lines import Line
from provisioner.drivers.routeros.syntax import quoted
from provisioner.drivers.sessions import failures

_NAME = re.compile(r"[A-Za-z0-9_.:/+@=,-]{1,64}")
_MARK = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+){1,5}")
_PORT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 _.:/@+<>-]{0,58}[A-Za-z0-9_>])?")
_TEXT = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_TEXT_LENGTH = 200
_LOST = quoted("\ufffd").strip('"')


def found(now: Configuration, intent: Intent) -> Intent | None:
    """The object of ``intent.key`` as it is there, or None. Pure."""
    match intent:
        case Vlan():
            return switching.found_vlan(now, intent)
        case TrunkMember():
            return switching.found_member(now, intent)
        case AccessPort():
            return switching.found_port(now, intent)
        case Description():
            return switching.found_description(now, intent)
        case Scope():
            return routing.found_scope(now, intent)
        case RateLimit():
            return routing.found_rate(now, intent)
        case Ssid():
            return wifi.found_ssid(now, intent)


def preview(reading: Reading, wishes: Sequence[Wish]) -> Preview:
    """See ``NetworkPlatform.preview``.

    What uses a VLAN goes before it goes, and comes after it is there. Each wish is worked out on
    the router as the wishes before it leave it.
    """
    now = Configuration.parsed(reading.configuration)
    for there in reading.objects.values():
        if isinstance(there, Ssid) and not there.keyed:
            now = wifi.with_other_key(now, there)  # only the device can compare passphrases
    lines: list[Line] = []
    undo: list[Line] = []
    diff: list[str] = []
    for wish in sorted(wishes, key=_turn):
        for line in _lines(reading, now, wish):
            then = line.after(now)
            if then is now:
                continue
            lines.append(line)
            undo = [*map(_readable, line.undone(now)), *undo]
            diff += line.shown(now)
            now = then
    if lines and any(isinstance(wish.intent, Ssid) for wish in wishes):
        lines, undo = [*lines, *wifi.acts(now)], [*undo, *wifi.acts(now)]
    return Preview(reading.host, tuple(map(str, lines)), tuple(map(str, undo)), tuple(diff))


def _readable(line: Line) -> Line:
    """Raises Refused for what could not be put back as it was: bytes that are no UTF-8."""
    if _LOST in str(line):
        raise failures.not_said("undo", str(line))
    return line


def _turn(wish: Wish) -> int:
    order = [Ssid, RateLimit, Scope, Description, AccessPort, TrunkMember, Vlan]
    place = order.index(type(wish.intent))
    return 2 * len(order) - place if wish.present else place


def _lines(reading: Reading, now: Configuration, wish: Wish) -> list[Line]:
    intent = wish.intent
    if isinstance(intent, Scope | RateLimit | Ssid):
        check(intent)
    there = found(now, intent)
    read = reading.objects.get(intent.key)
    if isinstance(there, Ssid) and isinstance(read, Ssid):
        there = replace(there, keyed=there.keyed and read.keyed)
    if wish.holds(there):
        return []
    check(intent)
    if wish.present and (why := reading.problems.get(intent.key)):
        raise failures.not_there(reading.host, why)
    if not wish.present and isinstance(intent, Vlan | TrunkMember):
        vlan = intent.id if isinstance(intent, Vlan) else intent.vlan
        if why := switching.needed(now, vlan):
            raise failures.not_there(reading.host, why)
    return _typed(now, intent, wish.present)


def _typed(now: Configuration, intent: Intent, present: bool) -> list[Line]:
    match intent:
        case Vlan():
            return switching.vlan_lines(now, intent, present)
        case TrunkMember():
            return switching.member_lines(now, intent, present)
        case AccessPort():
            return switching.port_lines(now, intent, present)
        case Description():
            return switching.description_lines(now, intent, present)
        case _:
            kit = _kit(now, intent)
            return kit.making(now) if present else list(kit.removing(now))


def _kit(now: Configuration, intent: Scope | RateLimit | Ssid) -> Kit:
    if isinstance(intent, Scope):
        return routing.scope_kit(now, intent)
    if isinstance(intent, RateLimit):
        return routing.rate_kit(now, intent)
    return wifi.ssid_kit(now, intent)


# ---------------------------------------------------------------------- what may be said


def check(intent: Intent) -> None:
    """Raises Refused for what would not stay in its place, or not stay as it is."""
    if not isinstance(intent, Description):
        number = intent.id if isinstance(intent, Vlan) else intent.vlan
        _number(number, least=1 if isinstance(intent, AccessPort) else 2)
    if isinstance(intent, Scope | RateLimit | Ssid):
        _fits("mark", intent.mark, _MARK)
    match intent:
        case Vlan():
            _fits("VLAN", intent.name, _NAME)
        case TrunkMember():
            _fits("port", intent.port, _PORT)
        case AccessPort():
            _fits("port", intent.port, _PORT)
            _described(intent.description)
        case Description():
            _fits("port", intent.port, _PORT)
            _described(intent.text)
        case Scope():
            _scope(intent)
        case RateLimit():
            _network(intent.cidr)
            for rate in (intent.down_mbps, intent.up_mbps):
                if not 1 <= rate <= 100_000:
                    raise failures.not_said("rate", str(rate))
        case Ssid():
            _fits("port", intent.uplink, _PORT)
            plain = all(unicodedata.category(char) not in ("Cc", "Cs") for char in intent.ssid)
            if not plain or not 1 <= len(intent.ssid.encode("utf-8", "replace")) <= 32:
                raise failures.not_said("SSID", intent.ssid)


def _scope(intent: Scope) -> None:
    for port in filter(None, (intent.port, intent.outside)):
        _fits("port", port, _PORT)
    try:
        net = IPv4Interface(intent.gateway).network
        inside = [IPv4Address(text) for text in (intent.first, intent.last)]
    except (AddressValueError, NetmaskValueError) as error:
        raise failures.not_said(
            "scope", f"{intent.gateway} {intent.first}-{intent.last}"
        ) from error
    if not 8 <= net.prefixlen <= 30 or inside[0] > inside[1] or any(i not in net for i in inside):
        raise failures.not_said("scope", f"{intent.gateway} {intent.first}-{intent.last}")
    for text in (*intent.dns, *intent.walls):
        _network(text)
    if not 60 <= intent.lease_seconds <= 31_536_000:
        raise failures.not_said("lease", str(intent.lease_seconds))


def _network(text: str) -> None:
    try:
        IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise failures.not_said("network", text) from error


def _number(vlan: int, least: int) -> None:
    if not least <= vlan <= 4094:
        raise failures.not_said("VLAN", str(vlan))


def _described(text: str) -> None:
    if not _TEXT.fullmatch(text) or len(text) > _TEXT_LENGTH:
        raise failures.not_said("description", text)


def _fits(what: str, text: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(text):
        raise failures.not_said(what, text)
