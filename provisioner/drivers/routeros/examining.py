"""Asks a router how it is doing: few lines, each of which only reads, within one time limit."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from provisioner.drivers.network import (
    TOPICS,
    Examination,
    Host,
    Inquiry,
    NameResult,
    OnAir,
    PingResult,
    Radio,
)
from provisioner.drivers.routeros import (
    examining_addresses,
    examining_air,
    examining_ports,
    examining_system,
    surroundings,
)
from provisioner.drivers.routeros.examining_lines import ASKED, LINES, NEEDED
from provisioner.drivers.routeros.examining_shapes import readable
from provisioner.drivers.routeros.facts import fields, rows
from provisioner.drivers.routeros.session import Session, rejected
from provisioner.drivers.routeros.syntax import quoted, value
from provisioner.drivers.sessions import failures
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.texts import say

_UNREADABLE = "the answer cannot be read"
_NO_SUCH = re.compile(r"bad command name|no such command|expected end of command|syntax error")
_OF_PORTS = frozenset({"ports", "vlans", "spanning_tree", "power"})
_HOPELESS = 5
"""So many answers that are none in the beginning, and the rest is not asked for."""
_MANY = 60
"""More ports are not asked for their rates: the line would grow too long."""


class Examining:
    """One look at one router; what it does not tell costs nothing but a word in ``untold``."""

    def __init__(self, host: Host, session: Session, inquiry: Inquiry) -> None:
        self._host, self._session, self._inquiry = host, session, inquiry
        self._said: dict[str, str] = {}
        self._why: dict[str, str] = {}
        self._ended: SessionEndedError | None = None
        self._pings: list[PingResult] = []
        self._names: list[NameResult] = []
        self._menu = ""
        self._clock_at: datetime | None = None

    def run(self) -> Examination:
        """Raises Retriable where nothing at all was told."""
        wanted = [topic for topic in TOPICS if topic in self._inquiry.topics]
        try:
            for name in dict.fromkeys(("identity", *(n for t in wanted for n in ASKED[t]))):
                self._ask(name)
                if len(self._why) >= _HOPELESS and not any(self._said.values()):
                    raise failures.unanswered(self._host, self._why[name])
            if "ports" in wanted:
                self._rates()
            if "wireless" in wanted:
                self._air()
            self._try_out()
        except SessionEndedError as error:
            self._ended = error
        if not any(self._said.values()) and not self._pings and not self._names:
            why = str(self._ended) if self._ended else next(iter(self._why.values()), _UNREADABLE)
            raise failures.unanswered(self._host, why)
        return self._examination(wanted)

    # ------------------------------------------------- asking

    def _ask(self, name: str, line: str = "") -> str:
        """The answer, asked for once; '' where there is none, and why in ``_why``."""
        if name in self._said:
            return self._said[name]
        began = time.time()
        try:
            answer = self._session.ask(line or LINES[name], self._inquiry.limit)
        except RejectedError as error:
            self._said[name], self._why[name] = "", _why(error)
            return ""
        if name == "clock":
            self._clock_at = datetime.fromtimestamp((began + time.time()) / 2, UTC)
        if not readable(answer) or (answer.strip() and not _has_a_shape(answer)):
            answer, self._why[name] = "", _UNREADABLE
        self._said[name] = answer
        return answer

    def _rates(self) -> None:
        ports = examining_ports.running(self._all())
        if 0 < len(ports) <= _MANY:
            self._ask("rates", f"/interface monitor-traffic {value(','.join(ports))} once")

    def _air(self) -> None:
        kinds = {row.get("type") for row in rows(self._said["interfaces"])}
        menus = [menu for kind in examining_air.MENUS if kind in kinds
                 for menu in examining_air.MENUS[kind]]  # fmt: skip
        self._menu = next((menu for menu in menus if self._ask(menu)), "")
        if not self._menu:
            return
        self._ask(f"{self._menu} clients")
        if f"{self._menu} names" in LINES:
            self._ask(f"{self._menu} names")
        if self._menu != "caps-man":
            for radio in examining_air.masters(self._said[self._menu]):
                self._ask(f"air {radio}", f"/interface {self._menu} monitor {value(radio)} once")

    def _try_out(self) -> None:
        """Names before pings, which take three seconds each."""
        for name in self._inquiry.names:
            try:
                text = self._session.ask(f":put [:resolve {quoted(name)}]", self._inquiry.limit)
            except RejectedError as error:
                self._names.append(NameResult(name, error=_why(error)))
                continue
            found = examining_addresses.resolved(name, text)
            self._names.append(found or NameResult(name, error=rejected(text) or _UNREADABLE))
        for address in self._inquiry.pings:
            try:
                line = f"/ping address={address} count=3"
                answer = self._session.ask(line, self._inquiry.limit)
            except RejectedError as error:
                self._why["pings"] = _why(error)
                continue
            ping = examining_addresses.pinged(address, answer)
            if ping is None:
                self._why["pings"] = _UNREADABLE
            else:
                self._pings.append(ping)

    # ------------------------------------------------- telling

    def _all(self) -> Mapping[str, str]:
        return {**dict.fromkeys((*LINES, "rates"), ""), **self._said}

    def _examination(self, wanted: Collection[str]) -> Examination:
        said, session = self._all(), self._session
        untold = self._untold(wanted)
        told = frozenset(wanted) - untold.keys()
        gateway, outside = examining_addresses.way_out(said)
        radios: tuple[Radio, ...] = ()
        on_air: tuple[OnAir, ...] = ()
        if self._menu:
            states = {k.removeprefix("air "): v for k, v in said.items() if k.startswith("air ")}
            radios, on_air = examining_air.air(self._menu, said, states)
        seen = surroundings.survey(
            self._host.name,
            {name: said[name] for name in ("neighbors", "hosts", "leases", "arp")},
            datetime.now(UTC),
        )
        return Examination(
            host=self._host.name,
            hostname=fields(said["identity"]).get("name", ""),
            at=seen.at,
            seconds=round(time.monotonic() - session.began, 3),
            login_seconds=round(session.login_seconds, 3),
            system=examining_system.system(said, self._clock_at),
            ports=examining_ports.ports(said, (told | {"ports"}) & set(wanted))
            if _OF_PORTS & set(wanted) else {},
            vlans=examining_ports.names_of_vlans(said) if "vlans" in told else None,
            power=examining_ports.budget(said) if "power" in told else None,
            neighbors=seen.neighbors,
            learned=seen.learned if "learned" in wanted else (),
            arp=seen.arp,
            leases=seen.leases,
            scopes=examining_addresses.scopes(said),
            strangers=examining_addresses.strangers(said),
            gateway=gateway,
            outside=outside,
            resolvers=examining_addresses.resolvers(said),
            radios=radios,
            on_air=on_air,
            pings=tuple(self._pings),
            names=tuple(self._names),
            untold=untold,
            cut=None if self._ended is None else say(
                "The session with %(host)s ended: %(why)s",
                host=self._host.name, why=str(self._ended),
            ),
        )  # fmt: skip

    def _untold(self, wanted: Collection[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for topic in TOPICS:
            if topic not in wanted:
                continue
            missing = [name for name in ASKED[topic] if name not in self._said]
            if why := self._lacking(*NEEDED[topic]):
                found[topic] = why
            elif missing and self._ended is not None:
                found[topic] = f"not asked: {self._ended}"
        if "wireless" in wanted and self._ended is not None and not self._menu:
            found.setdefault("wireless", f"not asked: {self._ended}")
        for what, asked, had in (
            ("pings", self._inquiry.pings, len(self._pings)),
            ("names", self._inquiry.names, len(self._names)),
        ):
            if had < len(asked):
                found[what] = self._why.get(what) or f"not asked: {self._ended}"
        return found

    def _lacking(self, first: str, *others: str) -> str | None:
        """Why what a topic cannot do without was not told; None where it was."""
        whys = [self._why[name] for name in others if name in self._why]
        return self._why.get(first) or next((w for w in whys if not _NO_SUCH.search(w)), None)


def examine(host: Host, session: Session, inquiry: Inquiry) -> Examination:
    """See ``NetworkPlatform.examine``; the session has been told to only read."""
    return Examining(host, session, inquiry).run()


def _why(error: RejectedError) -> str:
    """What a router said against a line, or that nobody can read it."""
    return rejected(error.answer) or _UNREADABLE if readable(error.answer) else _UNREADABLE


def _has_a_shape(answer: str) -> bool:
    """Whether there is a row of properties, a row of ``name: value``, or a table."""
    return bool(fields(answer)) or any(row.props for row in rows(answer)) or "NAME" in answer
