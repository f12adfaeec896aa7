"""Names of ports: ``Gi1/0/1`` in a table is ``GigabitEthernet1/0/1`` in the configuration."""

from __future__ import annotations

import re

_KINDS = {
    "Et": "Ethernet",
    "Eth": "Ethernet",
    "Fa": "FastEthernet",
    "Fas": "FastEthernet",
    "Gi": "GigabitEthernet",
    "Gig": "GigabitEthernet",
    "Tw": "TwoGigabitEthernet",
    "Fi": "FiveGigabitEthernet",
    "Te": "TenGigabitEthernet",
    "Ten": "TenGigabitEthernet",
    "Twe": "TwentyFiveGigE",
    "Fo": "FortyGigabitEthernet",
    "For": "FortyGigabitEthernet",
    "Hu": "HundredGigE",
    "Ap": "AppGigabitEthernet",
    "Po": "Port-channel",
    "Vl": "Vlan",
    "Lo": "Loopback",
    "Tu": "Tunnel",
    "Se": "Serial",
    "Ma": "Management",
    "BD": "BDI",
}
"""As IOS shortens them; the case counts, for ``eth0`` is Linux's own name for a port."""
_SPELLED = {long.lower(): long for long in _KINDS.values()}
_PORT = re.compile(r"([A-Za-z-]+) ?(\d[\w/.:]*)")


def full(name: str) -> str:
    """The name as the configuration spells it; one that IOS does not shorten stays as it is."""
    match = _PORT.fullmatch(name.strip())
    if match is None:
        return name.strip()
    kind = _KINDS.get(match[1]) or _SPELLED.get(match[1].lower())
    return f"{kind}{match[2]}" if kind else name.strip()
