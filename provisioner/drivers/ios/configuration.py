"""A switch's configuration text as data: sections, VLANs, trunks; and which lines already hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.drivers.ios.ports import full

ALL_VLANS = frozenset(range(1, 4095))
ALLOWED = "switchport trunk allowed vlan "

_VLANS = re.compile(r"vlan ([\d,\-]+)")
_BRIEF = re.compile(
    r"^(\d{1,4})\s+(\S.*?)\s+(?:active|suspended|act/unsup|act/lshut|sus/lshut)\b", re.MULTILINE
)
_HOSTNAME = re.compile(r"^hostname (\S+)", re.MULTILINE)
_BANNER = re.compile(r"^banner [\w-]+ (\^C|\S).*?\1", re.MULTILINE | re.DOTALL)
"""Free text between two equal signs, which may look like anything."""
_ENTRY = re.compile(r"(?:\d+ +)?(permit|deny) +")
_POLICE = re.compile(r"police (?:cir |rate )?(\d+)\b.*")
_MADE = re.compile(r"Vlan\d+|.+\.\d+", re.IGNORECASE)
"""Interfaces that come and go with the configuration."""
_CHANNEL = re.compile(r"channel-group (\d+)\b")


@dataclass(frozen=True)
class Switch:
    """What a running (or startup) configuration says; ``vlans`` are names by number."""

    hostname: str
    sections: Mapping[str, tuple[str, ...]]
    """Lines below each top line, without their indent."""
    vlans: Mapping[int, str]
    fed: frozenset[str] | None = None
    """Ports that can feed what is plugged in, by full name; None where nobody has asked."""

    @classmethod
    def parsed(cls, text: str, brief: str = "") -> Switch:
        """Of ``show running-config`` and, where VLANs are not in it, ``show vlan brief``."""
        sections = _sections(text)
        vlans: dict[int, str] = {}
        for header, below in sections.items():
            if match := _VLANS.fullmatch(header):
                name = next((line[5:] for line in below if line.startswith("name ")), None)
                vlans |= {number: name or default_name(number) for number in numbers(match[1])}
        vlans |= {int(number): name for number, name in _BRIEF.findall(brief)}
        named = _HOSTNAME.search(_BANNER.sub("", text))
        return cls(named[1] if named else "", sections, vlans)

    @property
    def keeps_vlans(self) -> bool:
        """Whether VLANs stand in the configuration (no VTP server or client keeps them apart)."""
        return bool(self.sections.keys() & {"vtp mode transparent", "vtp mode off"})

    @property
    def archives(self) -> bool:
        """Whether there is an archive to roll back to, without which no timer can be armed."""
        return any(line.startswith("path ") for line in self.sections.get("archive", ()))

    def port(self, name: str) -> Port | None:
        """The interface of that (full) name, spelled as the device spells it."""
        wanted = full(name).lower()
        for port in self.ports():
            if port.name.lower() == wanted:
                return port
        return None

    def ports(self) -> Iterator[Port]:
        """All interfaces of the configuration."""
        for header, lines in self.sections.items():
            if header.startswith("interface "):
                yield Port(header.removeprefix("interface "), lines)

    def trunk(self, name: str) -> Port | None:
        """The interface that carries the port's trunk: its port channel where it is in one."""
        port = self.port(name)
        if port and port.channel:
            return self.port(f"Port-channel{port.channel}") or port
        return port

    def holds(self, context: str, line: str) -> bool:
        """Whether ``line``, sent below ``context`` ("" at the top), would change nothing."""
        if not context:
            return self._top_holds(line)
        if context.startswith("vlan "):
            return self._vlan_holds(int(context[5:]), line)
        if context.startswith("interface "):
            name = context.removeprefix("interface ")
            return (self.port(name) or Port(name, ())).holds(line)
        there = {plain(each) for each in self.sections.get(context, ())}
        if line.startswith("no "):
            return not any(f"{each} ".startswith(f"{plain(line[3:])} ") for each in there)
        return plain(line) in there

    def _top_holds(self, line: str) -> bool:
        what = line.removeprefix("no ")
        if match := _VLANS.fullmatch(what):
            there = int(match[1]) in self.vlans
        elif what.startswith("interface "):
            there = self.port(what.removeprefix("interface ")) is not None
        else:
            there = what in self.sections
        return there is (what == line)

    def _vlan_holds(self, number: int, line: str) -> bool:
        if line.startswith("name "):
            return self.vlans.get(number) == line[5:]
        if line == "no name":
            return self.vlans.get(number) == default_name(number)
        return line in self.sections.get(f"vlan {number}", ())


@dataclass(frozen=True)
class Port:
    """An interface and the lines below it."""

    name: str
    lines: tuple[str, ...]

    def value(self, words: str) -> str | None:
        """What stands after ``words`` (``description``), or None where there is no such line."""
        return next(
            (line[len(words) + 1 :] for line in self.lines if line.startswith(f"{words} ")), None
        )

    @property
    def mode(self) -> str | None:
        """``access``, ``trunk`` … as set; None where it is left to negotiation."""
        return self.value("switchport mode")

    @property
    def routed(self) -> bool:
        """Whether it has an address of its own, or could have one, and carries no VLAN untagged."""
        return any(
            line in ("no switchport", "no ip address") or line.startswith("ip address ")
            for line in self.lines
        )

    @property
    def made(self) -> bool:
        """Whether it is no piece of hardware: a VLAN interface or a sub-interface."""
        return _MADE.fullmatch(self.name) is not None

    @property
    def feeds(self) -> bool:
        """Whether it is set to feed what is plugged in, as it is when nothing is said."""
        return not (self.value("power inline") or "").startswith("never")

    @property
    def channel(self) -> int | None:
        match = next(filter(None, map(_CHANNEL.match, self.lines)), None)
        return int(match[1]) if match else None

    @property
    def vlan(self) -> int:
        """Where it puts what is plugged in; 0 where that is decided elsewhere (``dynamic``)."""
        said = self.value("switchport access vlan") or "1"
        return int(said) if said.isdigit() else 0

    @property
    def allowed(self) -> frozenset[int]:
        """VLANs that the trunk lets through; all of them where no list is set."""
        found = ALL_VLANS
        for line in self.lines:
            if not line.startswith(ALLOWED):
                continue
            word, _, rest = line[len(ALLOWED) :].partition(" ")
            if word == "all":
                found = ALL_VLANS
            elif word == "none":
                found = frozenset()
            elif word == "add":
                found |= numbers(rest)
            elif word == "remove":
                found -= numbers(rest)
            elif word == "except":
                found = ALL_VLANS - numbers(rest)
            else:
                found = numbers(word)
        return found

    def holds(self, line: str) -> bool:
        """Whether ``line`` would change nothing here."""
        if line.startswith(f"{ALLOWED}add "):
            return int(line.split()[-1]) in self.allowed
        if line.startswith(f"{ALLOWED}remove "):
            return int(line.split()[-1]) not in self.allowed
        if line == "power inline auto":
            return self.feeds
        if line.startswith("no "):
            return self.value(line[3:]) is None and line[3:] not in self.lines
        return line in self.lines


def plain(line: str) -> str:
    """A line below a list or a policy without what some versions add to it."""
    if match := _POLICE.fullmatch(line):
        return f"police cir {match[1]}"
    return " ".join(_ENTRY.sub(r"\1 ", line).split()) if _ENTRY.match(line) else line


def default_name(vlan: int) -> str:
    """The name that IOS gives a VLAN which has none."""
    return f"VLAN{vlan:04d}"


def numbers(text: str) -> frozenset[int]:
    """``1,5-7`` as numbers."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return frozenset(found)


def _sections(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    below: list[str] = []
    for line in _BANNER.sub("", text).split("\n"):
        line = line.rstrip("\r")
        if not line.strip() or line.lstrip().startswith("!"):
            continue
        if line.startswith((" ", "\t")):
            below.append(line.strip())
        else:
            below = found.setdefault(line.rstrip(), [])
    return {header: tuple(lines) for header, lines in found.items()}


def blocks(lines: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Lines of ours as (top line, lines below); those below begin with one space."""
    top, below = "", list[str]()
    for line in lines:
        if line.startswith(" "):
            below.append(line[1:])
            continue
        if top:
            yield top, tuple(below)
        top, below = line, []
    if top:
        yield top, tuple(below)


def names_in(lines: Sequence[str]) -> dict[int | str, str]:
    """The names that lines of ours set: of VLANs by number, of interfaces by their top line."""
    found: dict[int | str, str] = {}
    for top, below in blocks(lines):
        for line in below:
            if top.startswith("vlan ") and line.startswith("name "):
                found[int(top[5:])] = line[5:]
            elif top.startswith("interface ") and line.startswith("description "):
                found[top] = line[12:]
    return found


def remaining(
    lines: Sequence[str], switch: Switch, ours: Mapping[int | str, str]
) -> tuple[str, ...]:
    """Which of our lines would still change something on that switch.

    ``ours``: names of what we made (see ``names_in``); a VLAN or an interface that has been named
    otherwise since (and not just lost its name on the way) is not ours to remove.
    """
    left: list[str] = []
    for top, below in blocks(lines):
        open_ = [f" {line}" for line in below if not switch.holds(top, line)]
        if top.startswith("interface "):
            name = top.removeprefix("interface ")
            if open_ and (switch.port(name) or Port(name, ()).made):
                left += [top, *open_]
        elif top.startswith("no vlan "):
            number = int(top.split()[-1])
            if switch.vlans.get(number, "") in {ours.get(number), default_name(number)}:
                left.append(top)
        elif top.startswith("no interface "):
            port = switch.port(top.removeprefix("no interface "))
            mine = {ours.get(top.removeprefix("no ")), None}
            if port and port.value("description") in mine:
                left.append(top)
        elif open_ or not switch.holds("", top):
            # Of a policy, the class has to be entered again before what stands below it.
            left += [top, *([f" {x}" for x in below] if top.startswith("policy-map ") else open_)]
    return tuple(left)
