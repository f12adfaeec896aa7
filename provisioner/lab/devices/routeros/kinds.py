"""What the values of properties may be, each kind with RouterOS's own refusal."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros.clock import duration, duration_text
from provisioner.lab.devices.routeros.words import RefusedError

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}")
_RANGE = re.compile(r"(-?\d+)-(\d+)")
_RATE = re.compile(r"(\d+)([kMG]?)")
_STATES = ("established", "related", "new", "invalid", "untracked")
_AUTHS = ("wpa-psk", "wpa2-psk", "wpa-eap", "wpa2-eap", "wpa3-psk", "wpa3-eap", "owe")
LISTS = frozenset(
    {"interfaces", "vlans", "ips", "ranges", "targets", "auths", "wifiauths", "states"}
)
"""Kinds whose value is an array."""
REFERENCES = {
    "interface": "interface",
    "interfaces": "interface",
    "bridge": "interface",
    "wlan": "interface",
    "wifi": "interface",
    "pool": "ip pool",
    "list": "interface list",
    "dhcp-server": "ip dhcp-server",
    "security-profile": "interface wireless security-profiles",
}
"""By kind: the store whose items' names it holds."""
_TYPES = {"bridge": "bridge", "wlan": "wlan", "wifi": "wifi"}
_SPECIAL = {
    "list": ("all", "none", "dynamic", "static"),
    "pool": ("static-only",),
    "dhcp-server": ("all",),
    "security-profile": (),
}
Check = Callable[["RouterOsDevice", str, str], str]


def referred(kind: str) -> str | None:
    """The store that values of that kind point into."""
    if kind.startswith("@"):
        found = kind[1:].replace("_", " ")
        return found[:-1] if found.endswith("configurations") else found
    return REFERENCES.get(kind)


def checked(device: RouterOsDevice, kind: str, name: str, text: str, *, negated: bool) -> str:
    """The value as the device keeps it. Raises RefusedError."""
    if negated and text.startswith("!"):
        return "!" + checked(device, kind, name, text[1:], negated=False)
    if "|" in kind:
        if text not in kind.split("|"):
            raise RefusedError(f"input does not match any value of {name}")
        return text
    span = _RANGE.fullmatch(kind)
    if span:
        return _whole(name, text, int(span[1]), int(span[2]))
    store = referred(kind)
    if store:
        return _reference(device, kind, store, name, text)
    check = _CHECKS.get(kind)
    return check(name, text) if check else text


def _bad(name: str) -> RefusedError:
    return RefusedError(f"invalid value for argument {name}")


def _whole(name: str, text: str, low: int, high: int) -> str:
    if re.fullmatch(r"0x[0-9A-Fa-f]+", text):
        text = str(int(text, 16))
    if not re.fullmatch(r"-?\d+", text):
        raise _bad(name)
    if not low <= int(text) <= high:
        raise RefusedError(f"value of {name} out of range ({low}..{high})")
    return str(int(text))


def _reference(device: RouterOsDevice, kind: str, store: str, name: str, text: str) -> str:
    special = _SPECIAL.get(kind, ())
    many = kind == "interfaces" or kind.endswith("configurations")
    parts = [p for p in re.split(r"[,;]", text) if p] if many else [text]
    found = []
    for part in parts:
        known = part in special or device.store.named(store, part, _TYPES.get(kind, ""))
        if not known and part.startswith("*"):
            known = any(item.key == part for item in device.store.items(store))
            part = device.store.name_of(store, part) or part
        if not known and not (text == "" and kind.startswith("@")):
            raise RefusedError(f"input does not match any value of {name}")
        if part not in found:
            found.append(part)
    return ",".join(found)


def _bool(name: str, text: str) -> str:
    if text in ("yes", "true"):
        return "yes"
    if text in ("no", "false"):
        return "no"
    raise RefusedError(f"input does not match any value of {name}")


def _ip(name: str, text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise _bad(name) from None


def _address(name: str, text: str) -> str:
    try:
        made = ipaddress.IPv4Interface(text)
    except ValueError:
        raise _bad(name) from None
    return str(made)


def _net(name: str, text: str) -> str:
    try:
        made = ipaddress.IPv4Interface(text)
    except ValueError:
        raise _bad(name) from None
    return str(made.network)


def _span(name: str, text: str) -> str:
    """One address, a network, or from-to."""
    low, dash, high = text.partition("-")
    if dash:
        if ipaddress.IPv4Address(_ip(name, low)) > ipaddress.IPv4Address(_ip(name, high)):
            raise _bad(name)
        return text
    return _net(name, text).removesuffix("/32") if "/" in text else _ip(name, text)


def _each(check: Callable[[str, str], str]) -> Callable[[str, str], str]:
    def all_of(name: str, text: str) -> str:
        return ",".join(check(name, part) for part in re.split(r"[,;]", text) if part)

    return all_of


def _ranges(name: str, text: str) -> str:
    if not text:
        raise _bad(name)
    return _each(_span)(name, text)


def _vlans(name: str, text: str) -> str:
    found: list[str] = []
    for part in filter(None, re.split(r"[,;]", text)):
        low, dash, high = part.partition("-")
        ends = [_whole(name, low, 1, 4094), _whole(name, high, 1, 4094) if dash else low]
        if int(ends[0]) > int(ends[1]):
            raise _bad(name)
        found.append("-".join(dict.fromkeys(ends)))
    if not found:
        raise _bad(name)
    return ",".join(found)


def _mac(name: str, text: str) -> str:
    if not _MAC.fullmatch(text):
        raise _bad(name)
    return text.upper().replace("-", ":")


def _time(name: str, text: str) -> str:
    if text in ("auto", "none", ""):
        return text
    seconds = duration(text)
    if seconds is None:
        raise _bad(name)
    return duration_text(seconds) if "ms" not in text else text


def _ports(name: str, text: str) -> str:
    for part in re.split(r"[,-]", text):
        _whole(name, part, 0, 65535)
    return text


def _protocol(name: str, text: str) -> str:
    known = "tcp udp icmp igmp gre ipsec-esp ipsec-ah ospf ipv6-encap ipip vrrp l2tp sctp icmpv6"
    if text not in known.split() and not text.isdecimal():
        raise RefusedError(f"input does not match any value of {name}")
    return text


def _members(known: tuple[str, ...]) -> Callable[[str, str], str]:
    def check(name: str, text: str) -> str:
        parts = [p for p in re.split(r"[,;]", text) if p]
        for part in parts:
            if part not in known:
                raise RefusedError(f"input does not match any value of {name}")
        return ",".join(part for part in known if part in parts)

    return check


def _rates(name: str, text: str) -> str:
    parts = text.split("/") if "/" in text else [text, text]
    if len(parts) != 2 or not all(_RATE.fullmatch(p) for p in parts):
        raise _bad(name)
    return "/".join(_rate(p) for p in parts)


def _rate(text: str) -> str:
    number, unit = _RATE.fullmatch(text).groups()  # type: ignore[union-attr]  # it matched before
    bits = int(number) * {"": 1, "k": 1000, "M": 1_000_000, "G": 1_000_000_000}[unit]
    for size, sign in ((1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")):
        if bits and bits % size == 0:
            return f"{bits // size}{sign}"
    return str(bits)


def _target(name: str, text: str) -> str:
    if re.match(r"\d", text):
        return _net(name, text)
    return text


def _key(name: str, text: str) -> str:
    if text and not 8 <= len(text.encode()) <= 64:
        raise RefusedError(f"failure: {name} must be 8 to 64 characters long")
    return text


def _ssid(name: str, text: str) -> str:
    if len(text.encode("utf-8", "surrogateescape")) > 32:
        raise RefusedError(f"value of {name} is too long")
    return text


def _leased(name: str, text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z][\w-]*", text) else _ip(name, text)


def _listed(name: str, text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z][\w.-]*", text) else _span(name, text)


def _mtu(name: str, text: str) -> str:
    return text if text == "auto" else _whole(name, text, 68, 65535)


def _policy(name: str, text: str) -> str:
    known = [
        "ftp",
        "reboot",
        "read",
        "write",
        "policy",
        "test",
        "password",
        "sniff",
        "sensitive",
        "romon",
    ]
    return _members(tuple(known))(name, text)


_CHECKS: dict[str, Callable[[str, str], str]] = {
    "bool": _bool,
    "number": lambda name, text: _whole(name, text, 0, 4294967295),
    "ip": _ip,
    "ips": _each(_ip),
    "address": _address,
    "net": _net,
    "span": _span,
    "ranges": _ranges,
    "targets": _each(_target),
    "vlans": _vlans,
    "mac": _mac,
    "time": _time,
    "ports": _ports,
    "protocol": _protocol,
    "states": _members(_STATES),
    "auths": _members(_AUTHS[:4]),
    "wifiauths": _members(_AUTHS),
    "rates": _rates,
    "key": _key,
    "ssid": _ssid,
    "leased": _leased,
    "listed": _listed,
    "mtu": _mtu,
    "policy": _policy,
}
