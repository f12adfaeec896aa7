"""What a router is asked about how it is doing, and which lines only read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioner.drivers.network import Topic

_TERSE = "print terse without-paging"
LINES: Mapping[str, str] = {
    "identity": "/system identity print",
    "resource": "/system resource print",
    "board": "/system routerboard print",
    "health": "/system health print",
    "clock": "/system clock print",
    "ntp": "/system ntp client print",
    "log": "/log print detail without-paging where message~"
           '"reboot|kernel failure|unknown dhcp server|disconnected|reject|refused"',
    "interfaces": f"/interface {_TERSE}",
    "ethernet": f"/interface ethernet {_TERSE}",
    "counters": "/interface print stats-detail without-paging",
    "frames": "/interface ethernet print stats without-paging",
    "links": "/interface ethernet monitor [find] once",
    "bridges": f"/interface bridge {_TERSE}",
    "members": f"/interface bridge port {_TERSE}",
    "vlans": f"/interface bridge vlan {_TERSE}",
    "routed": f"/interface vlan {_TERSE}",
    "tree": "/interface bridge port monitor [find] once",
    "feeding": "/interface ethernet poe monitor [find] once",
    "budget": "/interface ethernet poe settings print",
    "neighbors": "/ip neighbor print detail without-paging",
    "hosts": f"/interface bridge host {_TERSE}",
    "arp": f"/ip arp {_TERSE}",
    "leases": f"/ip dhcp-server lease {_TERSE}",
    "servers": f"/ip dhcp-server {_TERSE}",
    "pools": f"/ip pool {_TERSE}",
    "networks": f"/ip dhcp-server network {_TERSE}",
    "alerts": f"/ip dhcp-server alert {_TERSE}",
    "routes": f"/ip route {_TERSE} where dst-address=0.0.0.0/0",
    "dns": "/ip dns print",
    "wireless": f"/interface wireless {_TERSE}",
    "wireless clients": f"/interface wireless registration-table {_TERSE}",
    "wifi": f"/interface wifi {_TERSE}",
    "wifi clients": f"/interface wifi registration-table {_TERSE}",
    "wifi names": f"/interface wifi configuration {_TERSE}",
    "wifiwave2": f"/interface wifiwave2 {_TERSE}",
    "wifiwave2 clients": f"/interface wifiwave2 registration-table {_TERSE}",
    "wifiwave2 names": f"/interface wifiwave2 configuration {_TERSE}",
    "caps-man": f"/caps-man interface {_TERSE}",
    "caps-man clients": f"/caps-man registration-table {_TERSE}",
    "caps-man names": f"/caps-man configuration {_TERSE}",
}  # fmt: skip
"""Every line that has no address or name in it."""
ASKED: Mapping[Topic, tuple[str, ...]] = {
    "system": ("resource", "board", "health", "clock", "ntp", "log"),
    "ports": ("interfaces", "ethernet", "counters", "frames", "links"),
    "vlans": ("interfaces", "bridges", "members", "vlans", "routed"),
    "spanning_tree": ("interfaces", "tree"),
    "power": ("interfaces", "feeding", "budget"),
    "neighbors": ("neighbors",),
    "learned": ("hosts",),
    "addresses": (
        "routes", "dns", "servers", "pools", "networks", "routed", "leases", "arp", "alerts",
        "hosts", "log",
    ),
    "wireless": ("interfaces", "clock", "log"),
}  # fmt: skip
"""By topic; what stands for several is asked once."""
NEEDED: Mapping[Topic, tuple[str, ...]] = {
    "system": ("resource",), "ports": ("interfaces",),
    "vlans": ("members", "bridges", "vlans", "routed"),
    "spanning_tree": ("tree",), "power": ("feeding",), "neighbors": ("neighbors",),
    "learned": ("hosts",), "addresses": ("routes", "servers", "pools", "leases"),
    "wireless": ("interfaces",),
}  # fmt: skip
"""Without the answer to the first of these nothing is known of the topic; a router may have no
such menu as the others, but where it has, what they say must have been understood."""

_WORD = r'(?:"(?:[^"\\$?]|\\[0-9A-F]{2})*"|[A-Za-z0-9_.:/,@+*-]+)'
_MENU = (
    r"/(?:log|file|user(?: active| group)?|caps-man(?: [a-z-]+)?|queue simple"
    r"|interface(?: (?:ethernet|bridge|vlan|bonding|list|wireless|wifi|wifiwave2|lte)"
    r"(?: (?:poe|settings|port|vlan|host|mdb|msti|member|registration-table|configuration|datapath"
    r"|security|channel|radio|security-profiles|access-list|capsman|remote-cap|switch"
    r"|actual-configuration)){0,2})?"
    r"|ip (?:address|arp|route|pool|dns(?: static)?|neighbor|service|settings"
    r"|dhcp-client|dhcp-server(?: (?:lease|network|alert))?|firewall (?:filter|nat|address-list))"
    r"|system (?:identity|resource|routerboard|health|clock|license|history|scheduler|script"
    r"|package|ntp client))"
)
_PRINT = (
    r" print(?: (?:terse|detail|brief|all|stats|stats-detail|count-only|without-paging))*"
    rf"(?: where [a-z-]+[=~]{_WORD}(?: (?:and )?[a-z-]+[=~]{_WORD})*)?"
)
_READING = re.compile(
    rf"{_MENU}{_PRINT}"
    rf"|{_MENU} monitor(?:-traffic)? (?:\[find\]|{_WORD}) once"
    r"|/ping address=\d{1,3}(?:\.\d{1,3}){3} count=3"
    r'|:put \[:resolve "[A-Za-z0-9._-]+"\]'
    r"|/export(?: hide-sensitive)?(?: terse)?"
)


def reads(line: str) -> bool:
    """Whether the whole line is one of the few forms that change nothing."""
    return _READING.fullmatch(line) is not None
