"""Addresses: what the device has resolved and leased, its scopes, its way out, strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import AddressValueError, IPv4Address, IPv4Network, summarize_address_range

from provisioner.drivers.ios import looking
from provisioner.drivers.ios.examining_asked import Asked
from provisioner.drivers.ios.examining_system import SETTINGS, age, events, local
from provisioner.drivers.ios.ports import full
from provisioner.drivers.network.examination import ScopeHealth, Stranger

ARP = "show ip arp"
ROUTE = r"show ip route | include ^Gateway of last|^Default gateway|^S\*"
_POOLS = "show ip dhcp pool"

_ADDRESS = r"\d+\.\d+\.\d+\.\d+"
_ROW = re.compile(
    rf"^Internet +({_ADDRESS}) +(\S+) +([0-9a-f.]{{14}}|Incomplete) +\S+ *(\S*)",
    re.MULTILINE | re.IGNORECASE,
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_WAY = re.compile(
    rf"^(?:Gateway of last resort|Default gateway) is ((?:{_OCTET}\.){{3}}{_OCTET})\b", re.M
)
_VIA = re.compile(
    rf"^S\*.*?(?:via ({_ADDRESS})(?:, ([A-Za-z]\S*))?|directly connected, (\S+))", re.MULTILINE
)
_POOL = re.compile(r"^Pool (\S+) *:", re.MULTILINE)
_RANGE = re.compile(rf"^ *{_ADDRESS} +({_ADDRESS}) +- +({_ADDRESS}) +(\d+)", re.MULTILINE)
_COUNTS = {
    key: re.compile(rf"^ *{words} +: *(\d+)", re.MULTILINE)
    for key, words in (
        ("total", "Total addresses"),
        ("used", "Leased addresses"),
        ("excluded", "Excluded addresses"),
    )
}
_OFFERED = re.compile(
    r"%DHCP_SNOOPING-\d-\w*UNTRUSTED\w*: .*?message type: *(?:DHCP)?(?:OFFER|ACK|NAK)\b"
    r".*?MAC sa: *([0-9a-f.]{14})(?:.*?(?:interface|port) ([A-Za-z-]+\d[\w/.]*))?",
    re.IGNORECASE,
)
_LATELY = timedelta(hours=1)
"""A stranger that was last heard before that is gone."""


@dataclass(frozen=True)
class _Own:
    """An address of the device itself."""

    address: IPv4Address
    interface: str


def _arp(asked: Asked) -> list[tuple[str, str, str, str]]:
    return [m.groups() for m in _ROW.finditer(asked.text(ARP, "^Protocol"))]  # type: ignore[misc]


def arp(asked: Asked) -> dict[str, str]:
    """Ethernet address by IPv4 address."""
    return looking.arp(lambda line: asked.text(line, "^Protocol"))


def way(asked: Asked) -> tuple[str, str]:
    """The next hop of its default route, and the interface there."""
    text = asked.text(ROUTE)
    said, via = _WAY.search(text), _VIA.search(text)
    gateway = said[1] if said and IPv4Address(said[1]) != IPv4Address(0) else ""
    outside = ""
    if via:
        gateway, outside = gateway or via[1] or "", full(via[2] or via[3] or "")
    if gateway and not outside:
        outside = next((full(port) for ip, _, _, port in _arp(asked) if ip == gateway), "")
    return gateway, outside


def resolvers(asked: Asked) -> tuple[str, ...]:
    """As they are set up."""
    lines = re.findall(r"^ip name-server (.+)$", asked.text(SETTINGS), re.MULTILINE)
    return tuple(dict.fromkeys(re.findall(rf"(?<!\S){_ADDRESS}(?!\S)", " ".join(lines))))


# ---------------------------------------------------------------- scopes


def serves(asked: Asked) -> bool:
    """Whether its configuration holds pools; where it may not be seen, perhaps."""
    settings = asked.text(SETTINGS)
    return not settings or re.search(r"^ip dhcp pool", settings, re.MULTILINE) is not None


def scopes(asked: Asked) -> Iterator[ScopeHealth]:
    """Those that hold a range; one made for a single client holds none."""
    text = asked.text(_POOLS, "^Pool ")
    heads = list(_POOL.finditer(text))
    own = [_Own(IPv4Address(ip), full(port)) for ip, age, _, port in _arp(asked)
           if age == "-" and _valid(ip)]  # fmt: skip
    settings = asked.text(SETTINGS)
    for at, head in enumerate(heads):
        end = heads[at + 1].start() if at + 1 < len(heads) else len(text)
        block = text[head.end() : end]
        ranges = [(IPv4Address(a), IPv4Address(b)) for a, b, _ in _RANGE.findall(block)
                  if _valid(a) and _valid(b)]  # fmt: skip
        if ranges:
            yield _scope(head[1], block, ranges, own, settings)


def _scope(
    name: str,
    block: str,
    ranges: list[tuple[IPv4Address, IPv4Address]],
    own: list[_Own],
    settings: str,
) -> ScopeHealth:
    counts = {key: int(m[1]) for key, form in _COUNTS.items() if (m := form.search(block))}
    first, last = ranges[0][0], ranges[-1][1]
    network = _network(first, last)
    excluded = counts.get("excluded", _excluded(settings, ranges))
    here = next((each for each in own if network and each.address in network), None)
    interface = here.interface if here else ""
    number = re.fullmatch(r"Vlan(\d+)|.*\.(\d+)", interface)
    total = counts.get("total", sum(int(b) - int(a) + 1 for a, b in ranges))
    return ScopeHealth(
        name=name,
        network=str(network) if network else "",
        interface=interface,
        vlan=int(number[1] or number[2]) if number else None,
        size=max(0, total - excluded),
        used=counts.get("used", 0),
        enabled=not re.search(r"^no service dhcp\s*$", settings, re.MULTILINE),
    )


def _network(first: IPv4Address, last: IPv4Address) -> IPv4Network | None:
    """The range with the address before it and the one behind it."""
    if int(first) == 0 or int(last) == 2**32 - 1 or last < first:
        return None
    found = list(summarize_address_range(first - 1, last + 1))
    return found[0] if len(found) == 1 else None


def _excluded(settings: str, ranges: list[tuple[IPv4Address, IPv4Address]]) -> int:
    """How many of them are kept back; old versions do not count them."""
    form = rf"^ip dhcp excluded-address ({_ADDRESS})(?: ({_ADDRESS}))?\s*$"
    said = (
        (int(IPv4Address(low)), int(IPv4Address(high or low)))
        for low, high in re.findall(form, settings, re.MULTILINE)
        if _valid(low) and (not high or _valid(high))
    )
    kept, counted = 0, -1
    for begin, end in sorted(
        (max(begin, int(first)), min(end, int(last)))
        for begin, end in said
        for first, last in ranges
    ):
        kept += max(0, end - max(begin, counted + 1) + 1)
        counted = max(counted, end)
    return kept


def _valid(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


# ---------------------------------------------------------------- strangers


def strangers(asked: Asked) -> tuple[Stranger, ...]:
    """DHCP servers that the device has held back lately, with the ports that have heard them."""
    now, found = local(asked), dict[str, str]()
    for line in events(asked):
        offered = _OFFERED.search(line)
        since = age(line, now)
        if offered and (since is None or since < _LATELY):
            found[looking.mac(offered[1])] = full(offered[2] or "")
    if not found:
        return ()
    heard = {each.mac: each for each in looking.learned(asked.text)}
    return tuple(
        Stranger(
            mac=mac,
            port=port or (heard[mac].port if mac in heard else ""),
            vlan=heard[mac].vlan if mac in heard else None,
        )
        for mac, port in found.items()
    )
