"""What an IOS switch is configured to be, and how `show running-config` writes it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

ALL_VLANS = range(1, 4095)
_DEFAULTS = {
    1: "default",
    1002: "fddi-default",
    1003: "token-ring-default",
    1004: "fddinet-default",
    1005: "trnet-default",
}
LIST_WIDTH = 80
_TERMINALS = ("line vty 0 4", "line vty 5 15")


class BadVlanListError(ValueError):
    """Not a list of VLANs; ``str()`` says why, as IOS does."""


def vlan_list(text: str) -> frozenset[int]:
    """The VLANs of a list such as 1-3,7. Raises BadVlanListError."""
    found: set[int] = set()
    for at, char in enumerate(text, 1):
        if not char.isdecimal() and char not in ",-":
            raise BadVlanListError(
                f"Bad VLAN list - character #{at} is a non-numeric\ncharacter ('{char}')."
            )
    end = 0
    for part in text.split(","):
        end += len(part) + 1
        ids = part.split("-")
        if len(ids) > 2 or not all(ids):
            raise BadVlanListError("Bad VLAN list")
        numbers = [int(i) for i in ids]
        if not all(n in ALL_VLANS for n in numbers):
            mark = "EOL" if end > len(text) else "','"
            raise BadVlanListError(
                f"Bad VLAN list - character #{end} ({mark}) delimits a VLAN\n"
                " number which is out of the range 1..4094."
            )
        if len(numbers) == 2 and numbers[0] >= numbers[1]:
            raise BadVlanListError(
                "Bad VLAN list - end of range not larger than the start of range!"
            )
        found.update(range(numbers[0], numbers[-1] + 1))
    return frozenset(found)


def vlan_text(vlans: Collection[int]) -> str:
    """1-3,7: sorted, neighbours joined (two of them by a comma)."""
    parts: list[str] = []
    numbers = sorted(vlans)
    while numbers:
        count = 1
        while count < len(numbers) and numbers[count] == numbers[0] + count:
            count += 1
        run, numbers = numbers[:count], numbers[count:]
        parts += [f"{run[0]}-{run[-1]}"] if count > 2 else [str(n) for n in run]
    return ",".join(parts)


def wrapped(command: str, text: str) -> list[str]:
    """Lines of a VLAN list; those after the first begin with ``add``."""
    lines, head = [], command
    rest = text
    while len(head) + 1 + len(rest) > LIST_WIDTH:
        cut = rest.rindex(",", 0, LIST_WIDTH - len(head) - 1)
        lines.append(f"{head} {rest[:cut]}")
        rest, head = rest[cut + 1 :], f"{command} add"
    return [*lines, f"{head} {rest}"]


def _indented(lines: list[str]) -> list[str]:
    return [f" {line}" for line in lines]


def _by_number(line: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", line)]


@dataclass
class Interface:
    """A port or a VLAN interface. ``allowed`` None: all VLANs."""

    name: str
    description: str = ""
    mode: str = ""
    access: int = 1
    voice: int | None = None
    native: int = 1
    allowed: frozenset[int] | None = None
    shutdown: bool = False
    address: str = ""
    encapsulation: int | None = None
    """Of a sub-interface: the VLAN that it is."""
    layer3: bool = False
    """Whether a port has been made one that routes."""
    others: dict[str, str] = field(default_factory=dict)
    """Further lines, by what can stand only once."""

    @property
    def routed(self) -> bool:
        return self.layer3 or self.made

    @property
    def made(self) -> bool:
        """Whether it is no piece of hardware."""
        return self.name.startswith("Vlan") or "." in self.name

    def lines(self) -> list[str]:
        found = [f" description {self.description}"] if self.description else []
        if self.encapsulation is not None:
            found.append(f" encapsulation dot1Q {self.encapsulation}")
        if self.layer3:
            found.append(" no switchport")
        if self.routed:
            found.append(f" ip address {self.address}" if self.address else " no ip address")
        else:
            found += self._switchport()
        if self.shutdown:
            found.append(" shutdown")
        return [f"interface {self.name}", *found, *(f" {line}" for line in self.others.values())]

    def _switchport(self) -> list[str]:
        found = [f" switchport access vlan {self.access}"] if self.access != 1 else []
        if self.native != 1:
            found.append(f" switchport trunk native vlan {self.native}")
        if self.allowed is not None:
            text = vlan_text(self.allowed) or "none"
            found += wrapped(" switchport trunk allowed vlan", text)
        if self.mode:
            found.append(f" switchport mode {self.mode}")
        if self.voice is not None:
            found.append(f" switchport voice vlan {self.voice}")
        return found

    def carries(self, vlan: int) -> bool:
        if self.shutdown:
            return False
        if self.layer3:
            return False
        if self.mode == "trunk":
            return self.allowed is None or vlan in self.allowed
        return self.access == vlan


@dataclass
class Archive:
    """Where copies of the configuration go; without a path none can be made."""

    path: str = ""
    maximum: int | None = None
    write_memory: bool = False

    def lines(self) -> list[str]:
        found = [f" path {self.path}"] if self.path else []
        if self.maximum is not None:
            found.append(f" maximum {self.maximum}")
        if self.write_memory:
            found.append(" write-memory")
        return ["archive", *found, "!"] if found else []


@dataclass
class Running:
    """The running configuration as a whole."""

    hostname: str
    vlans: dict[int, str] = field(default_factory=lambda: dict(_DEFAULTS))
    """Name by VLAN; '' for the one that IOS gives."""
    interfaces: dict[str, Interface] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)
    others: dict[str, str] = field(default_factory=dict)
    """Further global lines, by what can stand only once."""
    lines_of: dict[str, list[str]] = field(
        default_factory=lambda: {line: ["transport input ssh"] for line in _TERMINALS}
    )
    """What stands below each ``line vty``."""
    blocks: dict[str, list[str]] = field(default_factory=dict)
    """Access lists, pools and policies by their top line."""

    def vlan_name(self, vlan: int) -> str:
        return self.vlans[vlan] or f"VLAN{vlan:04}"

    def lines(self) -> list[str]:
        return [
            "version 15.2",
            "no service pad",
            "service timestamps debug datetime msec",
            "service timestamps log datetime msec",
            "service password-encryption",
            "!",
            f"hostname {self.hostname}",
            "!",
            "boot-start-marker",
            "boot-end-marker",
            "!",
            "!",
            *self._others("username", "aaa", "enable", "clock"),
            "!",
            "vtp mode transparent",
            *self._others(
                "ip routing",
                "ip domain",
                "ip name-server",
                "ip dhcp excluded",
                "ip dns",
                "errdisable",
            ),
            "!",
            *self._blocks("ip dhcp pool"),
            "!",
            *self.archive.lines(),
            *self._others("spanning-tree"),
            "!",
            "vlan internal allocation policy ascending",
            "!",
            *self._vlans(),
            *self._others("lldp", "cdp"),
            "!",
            *self._blocks("policy-map"),
            *(line for each in self.ordered() for line in (*each.lines(), "!")),
            *self._others("ip default-gateway", "ip http", "ip ssh", "ip nat"),
            *self._others("ip route "),
            "!",
            *self._blocks("ip access-list"),
            *self._others("logging", "snmp-server", "ntp"),
            "!",
            *self._blocks("ip ssh pubkey-chain"),
            "line con 0",
            *(row for each, below in self.lines_of.items() for row in (each, *_indented(below))),
            "!",
            "end",
        ]

    def _others(self, *beginnings: str) -> list[str]:
        found = [
            [value for key, value in self.others.items() if key.startswith(beginning)]
            for beginning in beginnings
        ]
        return [
            value
            for beginning, values in zip(beginnings, found, strict=True)
            for value in (sorted(values, key=_by_number) if "excluded" in beginning else values)
        ]

    def _blocks(self, beginning: str) -> list[str]:
        """IOS writes ``deny`` as wide as ``permit``, and what stands below a class deeper."""
        found: list[str] = []
        for header in sorted(key for key in self.blocks if key.startswith(beginning)):
            below = [line.replace("deny ", "deny   ", 1) for line in self.blocks[header]]
            deep = header.startswith("policy-map")
            deep = deep or header == "ip ssh pubkey-chain"
            rows = ["  " * (deep and not b.startswith(("class", "username"))) + b for b in below]
            found += [header, *(f" {row}" for row in rows), "!"]
        return found

    def ordered(self, *, vlans_first: bool = False) -> list[Interface]:
        """The interfaces as IOS lists them."""

        def place(each: Interface) -> tuple[bool, list[str], list[int]]:
            numbers = [int(n) for n in re.findall(r"\d+", each.name)]
            last = each.name.startswith("Vlan") != vlans_first
            return last, re.findall(r"[A-Za-z-]+", each.name), numbers

        return sorted(self.interfaces.values(), key=place)

    def _vlans(self) -> list[str]:
        made = {v: n for v, n in sorted(self.vlans.items()) if v not in _DEFAULTS}
        found: list[str] = []
        unnamed = [v for v, name in made.items() if not name]
        if unnamed:
            found += [f"vlan {vlan_text(unnamed)}", "!"]
        for vlan, name in made.items():
            if name:
                found += [f"vlan {vlan}", f" name {name}", "!"]
        return found

    def default_vlan(self, vlan: int) -> bool:
        return vlan in _DEFAULTS
