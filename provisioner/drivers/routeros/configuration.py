"""A router's export as data: items by the path of their menu, with what RouterOS leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.drivers.routeros.syntax import joined_lines, properties, value, words

_VERBS = frozenset({"add", "set", "remove", "reset", "print", "export", "enable", "disable"})
_FACT = re.compile(r"^# (?P<name>version|model|wifi|capsman|radio): (?P<value>.*)$")
_RADIO = re.compile(r"(\S+) (2\.4|5|both)$")

BRIDGE, BRIDGE_PORT, BRIDGE_VLAN = (
    "/interface bridge",
    "/interface bridge port",
    "/interface bridge vlan",
)
ETHERNET, POE, BONDING = "/interface ethernet", "/interface ethernet poe", "/interface bonding"
VLAN_INTERFACE, ANY_INTERFACE = "/interface vlan", "/interface"
FILTER, NAT, QUEUE = "/ip firewall filter", "/ip firewall nat", "/queue simple"

_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    BRIDGE: {"vlan-filtering": "no"},
    BRIDGE_PORT: {"pvid": "1", "frame-types": "admit-all"},
    ETHERNET: {"poe-out": "auto-on"},
    "/interface wireless": {"mode": "ap-bridge", "default-forwarding": "yes", "vlan-mode": "no-tag",
                            "vlan-id": "1"},
    "/interface wifi datapath": {"client-isolation": "no"},
    "/interface wifiwave2 datapath": {"client-isolation": "no"},
    "/caps-man datapath": {"client-to-client-forwarding": "no", "vlan-id": "1"},
    "/ip dhcp-server": {"lease-time": "30m"},
    "/interface wireless security-profiles": {
        "unicast-ciphers": "aes-ccm", "group-ciphers": "aes-ccm", "mode": "none",
    },
}  # fmt: skip
"""What an export leaves out, of what we set. ``disabled`` depends on the version: see below."""
_BY_ORDER = frozenset({FILTER, NAT, QUEUE})
_ALIASES = {POE: ETHERNET}
_HARDWARE = frozenset({ANY_INTERFACE, ETHERNET, POE})
"""Items that are there though an export does not name them."""
_NO_INTERFACES = re.compile(
    r"/interface (?:bridge (?:port|vlan|settings|msti|mst-override|filter|nat|calea)"
    r"|ethernet (?:switch|poe).*|list.*|wireless (?!cap$).+|wifi .+|wifiwave2 .+|detect-internet"
    r"|wireguard peers|bonding .+)"
)


@dataclass(frozen=True)
class Item:
    """One thing of a menu. Its selector is what stands between brackets in a ``set``."""

    path: str
    props: dict[str, str]

    @property
    def name(self) -> str:
        return self.props.get("name") or self.props.get("default-name", "")

    def get(self, prop: str) -> str:
        """The property, or what it is by default; '' where there is none."""
        if prop == "name":
            return self.name
        own = self.props.get(prop)
        return own if own is not None else _DEFAULTS.get(self.path, {}).get(prop, "")

    def listed(self, prop: str) -> tuple[str, ...]:
        """The members of a property that is a list."""
        return tuple(filter(None, self.get(prop).split(",")))


@dataclass(frozen=True)
class Configuration:
    """What an export says, in the order in which it says it; and the facts put before it."""

    items: tuple[Item, ...]
    facts: Mapping[str, tuple[str, ...]]

    @classmethod
    def parsed(cls, text: str) -> Configuration:
        """Of an export in any of its forms (``terse``, in sections), with our facts on top."""
        facts: dict[str, list[str]] = {}
        items: list[Item] = []
        where = ""
        for line in joined_lines(text):
            if fact := _FACT.match(line):
                facts.setdefault(fact["name"], []).append(fact["value"])
            if not line.strip() or line.startswith("#"):
                continue
            where, item = _item(line, where)
            if item:
                _add(items, item)
        old = facts.get("version", ["7"])[0].startswith("6")
        items = [_completed(each, old) for each in items]
        return cls(tuple(items), {name: tuple(found) for name, found in facts.items()})

    def at(self, path: str) -> tuple[Item, ...]:
        """The items of a menu; of ``/interface`` those of every kind of interface."""
        if path == ANY_INTERFACE:
            return tuple(each for each in self.items if _is_interface(each))
        path = _ALIASES.get(path, path)
        return tuple(each for each in self.items if each.path == path)

    def named(self, path: str, name: str) -> Item | None:
        return next((each for each in self.at(path) if each.name == name), None)

    def with_items(self, items: Sequence[Item]) -> Configuration:
        """The same router with other items."""
        return Configuration(tuple(items), self.facts)

    def says_the_same(self, other: Configuration) -> bool:
        """Whether both are the same router; what an export leaves out does not count."""
        return self is other or self._told() == other._told()

    def _told(self) -> dict[str, list[tuple[tuple[str, str], ...]]]:
        """What is set, by menu; the order of items counts only where it decides."""
        found: dict[str, list[tuple[tuple[str, str], ...]]] = {}
        for each in self.items:
            if told := _set_in(each):
                found.setdefault(each.path, []).append(told)
        return {p: all_ if p in _BY_ORDER else sorted(all_) for p, all_ in found.items()}

    @property
    def hostname(self) -> str:
        return next((each.name for each in self.at("/system identity") if each.name), "MikroTik")

    @property
    def major(self) -> int:
        """Of the version: 6 or 7."""
        version = next(iter(self.facts.get("version", ())), "7")
        return int(version.partition(".")[0]) if version[:1].isdecimal() else 7

    @property
    def wifi(self) -> str:
        """The menu of its radios; '' where it has none."""
        return next(iter(self.facts.get("wifi", ())), "")

    @property
    def radios(self) -> tuple[tuple[str, str], ...]:
        """Names and bands (``2.4``, ``5``, ``both``) of the radios that are switched on."""
        found = (_RADIO.fullmatch(text) for text in self.facts.get("radio", ()))
        return tuple((radio[1], radio[2]) for radio in found if radio)


def bare(path: str, props: dict[str, str]) -> Item | None:
    """An item that an export would not name, because nothing of it was ever set."""
    return Item(ETHERNET, props) if path in _HARDWARE else None


def _completed(item: Item, old: bool) -> Item:
    """``disabled`` of a DHCP server was yes by default before RouterOS 7."""
    if item.path != "/ip dhcp-server":
        return item
    return Item(item.path, {"disabled": "yes" if old else "no", **item.props})


def facts(version: str, model: str, wifi: str, radios: Sequence[tuple[str, str]]) -> str:
    """Lines to stand before an export: what it does not say and a change depends on."""
    lines = [f"# version: {version}", f"# model: {model}"]
    lines += [f"# wifi: {wifi}"] if wifi else []
    lines += [f"# radio: {name} {band}" for name, band in radios]
    return "".join(f"{line}\n" for line in lines)


def written(item: Item) -> str:
    """The item as an export would add it."""
    return " ".join([item.path, "add", *(f"{k}={value(v)}" for k, v in item.props.items())])


def _set_in(item: Item) -> tuple[tuple[str, str], ...]:
    """The properties that are not as they would be by themselves; members of lists in order."""
    default = _DEFAULTS.get(item.path, {})
    told = sorted(
        (name, ",".join(sorted(text.split(","))))
        for name, text in item.props.items()
        if text not in ("", default.get(name))
    )
    return () if item.path == ETHERNET and {name for name, _ in told} <= {"name"} else tuple(told)


def _add(items: list[Item], item: Item) -> None:
    """Put it behind the others; what is said of one port in two menus belongs together."""
    if item.path in _HARDWARE:
        item = Item(ETHERNET, item.props)
        for index, other in enumerate(items):
            if other.path == ETHERNET and item.name in (other.name, other.get("default-name")):
                items[index] = Item(ETHERNET, {**item.props, **other.props})
                return
    items.append(item)


def _item(line: str, where: str) -> tuple[str, Item | None]:
    found = words(line)
    path: list[str] = []
    if found[0].startswith("/"):
        while found and found[0] not in _VERBS:
            path.append(found.pop(0))
        where = "/" + " ".join(path).replace("/", " ").strip()
        where = re.sub(r"\s+", " ", where)
    if not found or found[0] not in ("add", "set"):
        return where, None
    rest = found[1:]
    chosen = dict(_selected(rest))
    return where, Item(where, {**chosen, **properties(rest)})


def _selected(rest: list[str]) -> Iterator[tuple[str, str]]:
    """What a ``set`` says about which item it means; takes it out of the words."""
    while rest and "=" not in rest[0].partition("[")[0]:
        word = rest.pop(0)
        if word.startswith("["):
            inner = words(word.strip("[] "))
            yield from properties([each for each in inner if each != "find"]).items()
        elif not word.startswith(("*", "!")) and not word.isdecimal():
            yield "name", word.strip('"')


def _is_interface(item: Item) -> bool:
    return (
        item.path.startswith("/interface ")
        and bool(item.name)
        and not _NO_INTERFACES.fullmatch(item.path)
    )
