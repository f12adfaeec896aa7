"""How an OpenWrt device is doing: the examination made of what ``examine.sh`` said."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from provisioner.drivers.linux.examining import heard, question
from provisioner.drivers.linux.examining_paths import (
    gateway,
    name_result,
    ping_result,
    resolvers,
)
from provisioner.drivers.linux.examining_system import offset
from provisioner.drivers.linux.examining_system import system as of_linux
from provisioner.drivers.linux.scripting import Answer, alone
from provisioner.drivers.network import Examination, Inquiry, Learned, Neighbor, System
from provisioner.drivers.openwrt import examining_addresses as addresses
from provisioner.drivers.openwrt import examining_ports as wired
from provisioner.drivers.openwrt import looking
from provisioner.drivers.openwrt.examining_air import Air
from provisioner.drivers.openwrt.examining_log import Log
from provisioner.drivers.openwrt.session import PACKAGE, Session
from provisioner.texts import Message

_UNREADABLE = "its answer could not be read"
_CUT = "the session ended before"
_WRONG = (ValueError, KeyError, TypeError, IndexError, AttributeError)
_LAST: Mapping[str, str] = {
    "system": "flash", "ports": "counters", "vlans": "network", "spanning_tree": "about",
    "learned": "arp", "addresses": "leases", "wireless": "wireless",
}  # fmt: skip
"""The block without which a session has not come to the end of a topic."""
_MACS = re.compile(r"^\s*(\d+)\s+((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\s+no\b", re.MULTILINE)
_T = TypeVar("_T")


def examination(
    host: str,
    inquiry: Inquiry,
    answer: Answer,
    asked: float,
    answered: float,
    cut: Message | None,
) -> Examination:
    """Of what ``examine.sh`` said between ``asked`` and ``answered`` (seconds of our clock)."""
    reader = _Reader(inquiry, answer)
    read = reader.read
    log, topics = Log.of(answer), inquiry.topics
    air = read("wireless", lambda: _air(answer, log, reader), None)
    way = gateway(answer)
    wanted = next((t for t in ("ports", "vlans", "spanning_tree") if t in topics), "ports")
    found = Examination(
        host=host,
        hostname=answer.one("hostname"),
        at=datetime.now(UTC),
        seconds=answered - asked,
        system=read("system", lambda: _system(answer, log, asked, answered), System()),
        ports=read(wanted, lambda: wired.ports(answer, topics), {}),
        vlans=read("vlans", lambda: wired.vlans(answer), None),
        power=read("power", lambda: wired.budget(answer), None),
        neighbors=read("neighbors", lambda: tuple(_neighbors(answer)), ()),
        learned=read("learned", lambda: tuple(_learned(answer)), ()),
        arp=read("learned", lambda: dict(addresses.arp(answer)), {}),
        leases=read("addresses", lambda: addresses.leases(answer), ()),
        scopes=read("addresses", lambda: addresses.scopes(answer), ()),
        strangers=read("addresses", lambda: addresses.strangers(answer, log), ()),
        gateway=way[0],
        outside=way[1],
        resolvers=resolvers(answer),
        radios=air.radios() if air else (),
        on_air=air.networks() if air else (),
        pings=tuple(filter(None, (ping_result(each, answer) for each in inquiry.pings))),
        names=tuple(filter(None, (name_result(each, answer) for each in inquiry.names))),
        cut=cut,
    )
    return replace(found, untold=reader.untold | (_missed(found, inquiry, answer) if cut else {}))


def examine(host: str, session: Session, inquiry: Inquiry) -> Examination:
    """In a session that only reads. Raises SessionEndedError where it told nothing of use."""
    question(inquiry)  # refuses what is no address or no name
    values = {"topics": sorted(inquiry.topics), "pings": inquiry.pings, "names": inquiry.names}
    text = alone(PACKAGE, "examine", {k: " ".join(dict.fromkeys(v)) for k, v in values.items()})
    asked = time.time()
    answer, cut = heard(session, text)
    found = examination(host, inquiry, answer, asked, time.time(), cut)
    login = session.login_seconds
    return replace(found, seconds=found.seconds + login, login_seconds=login)


class _Reader:
    """Reads topics that were asked for; what cannot be read is ``untold``."""

    def __init__(self, inquiry: Inquiry, answer: Answer) -> None:
        asked = {"pings": inquiry.pings, "names": inquiry.names}
        self._wanted = {*inquiry.topics, *(word for word, what in asked.items() if what)}
        told = (text.partition(" ") for text in answer.values.get("untold", ()))
        self.untold = {topic: why for topic, _, why in told if topic in self._wanted}

    def read(self, topic: str, parse: Callable[[], _T], nothing: _T) -> _T:
        if topic not in self._wanted or topic in self.untold:
            return nothing
        try:
            return parse()
        except _WRONG:
            self.untold[topic] = _UNREADABLE
            return nothing


def _air(answer: Answer, log: Log, reader: _Reader) -> Air:
    air = Air(answer, log)
    if air.silent:
        reader.untold["wireless"] = "neither iw nor iwinfo"
    return air


def _system(answer: Answer, log: Log, asked: float, answered: float) -> System:
    board = looking.json_object(answer.blocks.get("board", ""))
    return replace(
        of_linux(answer),
        model=str(board.get("model", "")),
        version=str(board.get("release", {}).get("version", "")),
        storage_percent=_storage(answer.blocks.get("flash", "")),
        alarms=log.alarms(),
        clock_offset=offset(answer, asked, answered),
    )


def _storage(text: str) -> float | None:
    """Of the flash that can be written; a squashfs root is full by its nature."""
    used: dict[str, float] = {}
    for row in (line.split() for line in text.splitlines()):
        if len(row) == 6 and row[1].isdecimal() and row[0] != "/dev/root":
            taken, free = float(row[2]), float(row[3])
            if taken + free:
                used[row[5]] = round(100 * taken / (taken + free), 1)
    return used.get("/overlay", used.get("/"))


def _neighbors(answer: Answer) -> Iterator[Neighbor]:
    return looking.neighbors(looking.json_object(answer.blocks["lldp"]))


def _learned(answer: Answer) -> Iterator[Learned]:
    """By the port that a cable goes to: a VLAN of it is told as such."""
    wiring = wired.Wiring.of(answer)
    ports = {
        (bridge, int(wiring.about[port]["brport/port_no"], 16)): port
        for port, bridge in wiring.bridge.items()
        if "brport/port_no" in wiring.about.get(port, {})
    }
    heard = list(looking.heard(answer.blocks.get("fdb", "")))
    for name, text in answer.blocks.items():
        if name.startswith("macs "):
            bridge = name.partition(" ")[2]
            rows = ((ports.get((bridge, int(number))), mac) for number, mac in _MACS.findall(text))
            heard += [Learned(port, None, mac) for port, mac in rows if port]
    for each in heard:
        number, parent = wiring.tagged.get(each.port, (each.vlan, each.port))
        yield Learned(parent, number, each.mac)


def _missed(found: Examination, inquiry: Inquiry, answer: Answer) -> dict[str, str]:
    """Topics that the session did not come to."""
    missed: list[str] = [
        topic
        for topic, block in _LAST.items()
        if topic in inquiry.topics and block not in answer.blocks
    ]
    missed += ["pings"] * (len(found.pings) < len(inquiry.pings))
    missed += ["names"] * (len(found.names) < len(inquiry.names))
    return dict.fromkeys(missed, _CUT)
