"""How a switch or router is doing: all that it tells in one session that only reads."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from provisioner.drivers.ios import examining_addresses as addresses
from provisioner.drivers.ios import examining_ports as ports
from provisioner.drivers.ios import examining_system as system
from provisioner.drivers.ios import looking
from provisioner.drivers.ios.examining_asked import UNREADABLE, Asked
from provisioner.drivers.ios.session import Session, refused, rejected
from provisioner.drivers.network import Host
from provisioner.drivers.network.examination import (
    Examination,
    Inquiry,
    NameResult,
    PingResult,
    PortHealth,
    Topic,
)
from provisioner.drivers.sessions.terminal import SessionEndedError
from provisioner.texts import Message, say

_ANSWERED = re.compile(r"\((\d+)/(\d+)\)(?:.*?= *(?:[\d.]+)/([\d.]+)/)?")
_RESOLVED = re.compile(r"Echos to (\d+\.\d+\.\d+\.\d+)")
_NAME = re.compile(r"(?=.{1,253}$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.?)+")
_SILENT = "no resolver answered in time"


@dataclass
class _Found:
    """What is known so far."""

    values: dict[str, Any] = field(default_factory=dict)
    ports: dict[str, PortHealth] = field(default_factory=dict)
    untold: dict[str, str] = field(default_factory=dict)
    todo: list[str] = field(default_factory=list)
    """Topics, ``pings`` and ``names`` that have not been read to their end."""


class Examining:
    """One examination of one device."""

    def __init__(self, host: Host, session: Session, seconds: float) -> None:
        self._host, self._session = host, session
        self._asked = Asked(session, seconds)
        self._found = _Found()

    def examine(self, inquiry: Inquiry) -> Examination:
        """Raises SessionEndedError where the session ends before anything was known."""
        began = time.monotonic()
        cut: Message | None = None
        hostname = ""
        todo = self._parts(inquiry)
        self._found.todo = list(todo)
        try:
            self._session.ask("terminal length 0")
            hostname = system.hostname(self._asked)
            for part, read in todo.items():
                read()
                self._found.todo.remove(part)
        except SessionEndedError as error:
            if not self._asked.heard:
                raise
            cut = say("The session ended before all was read: %(why)s", why=str(error))
        login = self._session.login_seconds
        return Examination(
            host=self._host.name,
            hostname=hostname,
            at=datetime.now(UTC),
            seconds=login + time.monotonic() - began,
            login_seconds=login,
            ports=self._found.ports,
            untold={**dict.fromkeys(self._found.todo, str(cut)), **self._found.untold},
            cut=cut,
            **self._found.values,
        )

    def _parts(self, inquiry: Inquiry) -> dict[str, Callable[[], None]]:
        """What is to be read, in this order. A switch has no radios: there is none to tell of."""
        topics: dict[Topic, Callable[[], None]] = {
            "system": self._system,
            "ports": self._ports,
            "vlans": self._vlans,
            "spanning_tree": self._tree,
            "power": self._power,
            "neighbors": self._neighbors,
            "learned": self._learned,
            "addresses": self._addresses,
        }
        parts: dict[str, Callable[[], None]] = {}
        parts |= {name: read for name, read in topics.items() if name in inquiry.topics}
        if inquiry.pings:
            parts["pings"] = lambda: self._pings(inquiry.pings)
        if inquiry.names:
            parts["names"] = lambda: self._names(inquiry.names)
        return parts

    # ------------------------------------------------- topics

    def _untold_if(self, topic: Topic, *lines: str) -> None:
        if why := self._asked.unknown(*lines):
            self._found.untold[topic] = why

    def _system(self) -> None:
        self._found.values["system"] = system.system(self._asked)
        self._untold_if("system", system.VERSION)

    def _links(self) -> None:
        """Once for all the topics that speak of ports."""
        if not self._found.ports:
            ports.merged(self._found.ports, ports.links(self._asked))
            if not ports.detailed(self._asked):
                ports.merged(self._found.ports, ports.states(self._asked, self._found.ports))

    def _ports(self) -> None:
        self._links()
        found, asked = self._found.ports, self._asked
        for more in (
            ports.reasons(asked, found),
            ports.subinterfaces(asked),
            ports.switched(asked),
        ):
            ports.merged(found, more)
        self._untold_if("ports", ports.INTERFACES, ports.STATUS)
        if not found and "ports" not in self._found.untold:
            self._found.untold["ports"] = UNREADABLE

    def _vlans(self) -> None:
        self._found.values["vlans"] = ports.vlans(self._asked)
        if self._found.values["vlans"] is None:
            self._found.untold["vlans"] = self._asked.unknown(*ports.VLANS) or UNREADABLE

    def _tree(self) -> None:
        self._links()
        ports.merged(self._found.ports, ports.tree(self._asked))
        self._untold_if("spanning_tree", ports.TREE)

    def _power(self) -> None:
        self._links()
        ports.merged(self._found.ports, ports.feeding(self._asked))
        self._found.values["power"] = ports.budget(self._asked)
        self._untold_if("power", ports.POWER)

    def _neighbors(self) -> None:
        settings = self._asked.text(system.SETTINGS)
        domain = re.search(r"^ip domain[ -]name (\S+)", settings, re.MULTILINE)
        found = looking.neighbors(self._asked.text, domain[1] if domain else "")
        self._found.values["neighbors"] = found
        self._untold_if("neighbors", "show lldp neighbors detail", "show cdp neighbors detail")

    def _learned(self) -> None:
        self._found.values["learned"] = looking.learned(self._asked.text)
        self._untold_if("learned", "show mac address-table", "show mac-address-table")

    def _addresses(self) -> None:
        asked, values = self._asked, self._found.values
        values["arp"] = addresses.arp(asked)
        values["gateway"], values["outside"] = addresses.way(asked)
        values["resolvers"] = addresses.resolvers(asked)
        if addresses.serves(asked):
            values["leases"] = looking.leases(asked.text)
            values["scopes"] = tuple(addresses.scopes(asked))
        values["strangers"] = addresses.strangers(asked)
        self._untold_if("addresses", addresses.ARP)

    # ------------------------------------------------- reaching others

    def _pings(self, wanted: tuple[str, ...]) -> None:
        found: list[PingResult] = []
        for address in wanted:
            if not _is_address(address):
                self._found.untold["pings"] = "no IPv4 address"
                continue
            answer = self._session.ask(f"ping {address} repeat 3 timeout 1")
            told = _ANSWERED.search(answer)
            if told is None:
                why = refused("ping", answer).reason if rejected(answer) else UNREADABLE
                self._found.untold["pings"] = why
                continue
            ms = float(told[3]) if told[3] and told[1] != "0" else None
            found.append(PingResult(address, int(told[2]), int(told[1]), ms))
            self._found.values["pings"] = tuple(found)

    def _names(self, wanted: tuple[str, ...]) -> None:
        """By a ping, which resolves the name first; last of all, for it may take the whole time."""
        found: list[NameResult] = []
        if not addresses.resolvers(self._asked):
            self._found.untold["names"] = "no name server is set up on it"
            return
        for name in wanted:
            if not _NAME.fullmatch(name):
                self._found.untold["names"] = "no name"
                continue
            try:
                answer = self._session.ask(f"ping {name} repeat 1 timeout 1")
            except SessionEndedError:
                found.append(NameResult(name, error=_SILENT))
                break
            found.append(_resolved(name, answer))
        self._found.values["names"] = tuple(found)


def _resolved(name: str, answer: str) -> NameResult:
    address = _RESOLVED.search(answer)
    if address:
        return NameResult(name, (address[1],))
    said = [line.strip("% ") for line in answer.splitlines() if line.startswith("%")]
    return NameResult(name, error=said[0] if said else UNREADABLE)


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True
