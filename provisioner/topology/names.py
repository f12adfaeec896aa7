"""Names of ports and devices as platforms and protocols write them, made comparable; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

_LONG = {
    "fa": "FastEthernet",
    "gi": "GigabitEthernet",
    "gig": "GigabitEthernet",
    "tw": "TwoGigabitEthernet",
    "fi": "FiveGigabitEthernet",
    "te": "TenGigabitEthernet",
    "ten": "TenGigabitEthernet",
    "twe": "TwentyFiveGigE",
    "fo": "FortyGigabitEthernet",
    "hu": "HundredGigE",
    "ap": "AppGigabitEthernet",
    "et": "Ethernet",
    "eth": "Ethernet",
    "po": "Port-channel",
    "vl": "Vlan",
    "lo": "Loopback",
    "mg": "mgmt",
}
"""The short forms that IOS, CDP and LLDP use, by their letters."""
_SHORT = re.compile(r"(?P<letters>[A-Za-z][A-Za-z-]*?) ?(?P<place>\d+(/\d+){1,3}(\.\d+)?)")
_ETHERNET = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", re.I)
_SERIAL = re.compile(r"\s*\([^()]*\)\s*$")


@cache
def port(text: str) -> str:
    """The full name of a port; '' where the text is no name but an Ethernet address.

    ``Gi1/0/1`` is ``GigabitEthernet1/0/1``; what RouterOS says of a port of a bridge
    (``bridge/ether5``) is that port; Linux' ``eth0@if3`` is ``eth0``.
    """
    told = text.strip()
    if not told or is_ethernet_address(told):
        return ""
    if short := _SHORT.fullmatch(told):
        letters, place = short["letters"], short["place"]
        return f"{_spelled(letters)}{place}"
    _, slash, inner = told.rpartition("/")
    if slash and inner and not inner[0].isdigit():
        told = inner
    return told.partition("@")[0]


def port_key(text: str) -> str:
    """What equal ports have in common."""
    return port(text).casefold()


def is_ethernet_address(text: str) -> bool:
    """Whether a port is told by its address instead of its name, as LLDP allows."""
    return _ETHERNET.fullmatch(text) is not None


def device_key(text: str) -> str:
    """What equal names of devices have in common: no domain, no serial number, no case."""
    told = _SERIAL.sub("", text.strip())
    return told.casefold()


class Names:
    """Finds the device of the inventory that a neighbour's own words mean."""

    def __init__(
        self, inventory: Iterable[str], aliases: Mapping[str, str], addresses: Mapping[str, str]
    ) -> None:
        """``aliases``: what a device calls itself, to its name; ``addresses``: likewise."""
        self._names = {device_key(name): name for name in inventory}
        self._aliases = {device_key(told): name for told, name in aliases.items() if told}
        self._addresses = dict(addresses)

    def device(self, told: str, address: str = "") -> str | None:
        """Its name in the inventory: by name, by name without its domain, by address.

        A name may have dots, too, so that as little as possible counts as domain.
        """
        key = device_key(told)
        while key:
            if found := self._names.get(key) or self._aliases.get(key):
                return found
            key = key.rpartition(".")[0]
        return self._addresses.get(address) if address else None


def _spelled(letters: str) -> str:
    whole = letters.casefold()
    if whole in _LONG:
        return _LONG[whole]
    for name in _LONG.values():
        if name.casefold() == whole:
            return name
    fitting = {name for name in _LONG.values() if name.casefold().startswith(whole)}
    return fitting.pop() if len(whole) > 2 and len(fitting) == 1 else letters
