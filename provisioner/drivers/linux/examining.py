"""How a Linux host is doing: what it is asked, and the examination made of its answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import TypeVar

from provisioner.drivers.linux import around
from provisioner.drivers.linux.examining_addresses import own_addresses, scopes, strangers
from provisioner.drivers.linux.examining_air import networks, radios
from provisioner.drivers.linux.examining_paths import gateway, name_result, ping_result, resolvers
from provisioner.drivers.linux.examining_ports import ports
from provisioner.drivers.linux.examining_system import offset, system
from provisioner.drivers.linux.scripting import Answer, alone
from provisioner.drivers.linux.session import CutShortError, Session
from provisioner.drivers.network import Examination, Inquiry, Lease, Neighbor
from provisioner.drivers.sessions import failures
from provisioner.drivers.sessions.terminal import SessionEndedError
from provisioner.texts import Message, say

_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
_UNREADABLE = "its answer could not be read"
_PORT_TOPICS = ("ports", "vlans", "spanning_tree")
_T = TypeVar("_T")


def examine(host: str, session: Session, inquiry: Inquiry) -> Examination:
    """In a session that only reads. Raises SessionEndedError where it told nothing of use."""
    asked = time.time()
    answer, cut = heard(session, question(inquiry))
    return examination(host, inquiry, answer, asked, time.time(), cut)


def heard(session: Session, script: str) -> tuple[Answer, Message | None]:
    """What an examining script told, and why it did not come to its end, if so.

    Raises SessionEndedError where it told nothing of use.
    """
    cut = None
    try:
        said = session.run(script)
    except CutShortError as error:
        said, cut = error.said, str(error)
    answer = Answer.parsed(said)
    if not answer.whole and cut is None:
        cut = "the device closed the session"
    if not answer.one("hostname"):
        raise SessionEndedError(cut or _UNREADABLE)
    if cut is None:
        return answer, None
    return answer, say("The session ended before all was asked: %(why)s", why=cut)


def question(inquiry: Inquiry) -> str:
    """The script that asks. Raises Refused for what is no address or no name."""
    for address in inquiry.pings:
        try:
            IPv4Address(address)
        except ValueError as error:
            raise failures.not_said("address", address) from error
    for name in inquiry.names:
        if not _HOST_NAME.fullmatch(name):
            raise failures.not_said("name", name)
    return alone(
        "provisioner.drivers.linux",
        "examine",
        {
            "topics": " ".join(sorted(inquiry.topics)),
            "pings": " ".join(dict.fromkeys(inquiry.pings)),
            "names": " ".join(dict.fromkeys(inquiry.names)),
        },
    )


def examination(
    host: str,
    inquiry: Inquiry,
    answer: Answer,
    asked: float,
    answered: float,
    cut: Message | None,
) -> Examination:
    """Of what ``examine.sh`` said between ``asked`` and ``answered`` (seconds of our clock)."""
    untold = {topic: why for topic, why in _untold(answer).items() if _was_asked(inquiry, topic)}

    def read(topics: tuple[str, ...], parse: Callable[[Answer], _T], nothing: _T) -> _T:
        wanted = [topic for topic in topics if _was_asked(inquiry, topic)]
        if not wanted:
            return nothing
        try:
            return parse(answer)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            untold.update(dict.fromkeys(wanted, _UNREADABLE))
            return nothing

    empty = Examination(host, answer.one("hostname"), datetime.now(UTC))
    way = read(("",), gateway, ("", ""))
    found = replace(
        empty,
        seconds=answered - asked,
        system=read(("system",), system, empty.system),
        ports=read(_PORT_TOPICS, lambda said: ports(said, inquiry.topics), {}),
        neighbors=read(("neighbors",), _neighbors, ()),
        learned=read(("learned",), around.learned, ()),
        arp=read(("learned",), around.arp, {}),
        leases=read(("addresses",), _leases, ()),
        scopes=read(("addresses",), scopes, ()),
        strangers=read(("addresses",), strangers, ()),
        own=read(("addresses",), own_addresses, None),
        gateway=way[0],
        outside=way[1],
        resolvers=resolvers(answer),
        radios=read(("wireless",), radios, ()),
        on_air=read(("wireless",), networks, ()),
        pings=tuple(
            pinged for each in inquiry.pings if (pinged := ping_result(each, answer)) is not None
        ),
        names=tuple(
            known for each in inquiry.names if (known := name_result(each, answer)) is not None
        ),
        cut=cut,
    )
    if "system" in inquiry.topics:
        ahead = offset(answer, asked, answered)
        found = replace(found, system=replace(found.system, clock_offset=ahead))
    missing = _not_reached(inquiry, answer, found) if cut else {}
    return replace(found, untold={**missing, **untold})


def _was_asked(inquiry: Inquiry, topic: str) -> bool:
    asked = {"": True, "pings": bool(inquiry.pings), "names": bool(inquiry.names)}
    return topic in inquiry.topics or asked.get(topic, False)


def _neighbors(answer: Answer) -> tuple[Neighbor, ...]:
    return tuple(around.neighbors(answer.blocks.get("lldp", "")))


def _leases(answer: Answer) -> tuple[Lease, ...]:
    return tuple(around.leases(answer.blocks.get("leases", "")))


def _untold(answer: Answer) -> dict[str, str]:
    return {
        topic: why.strip()
        for topic, _, why in (text.partition(" ") for text in answer.values.get("untold", ()))
    }


_SIGNS: Mapping[str, str] = {
    "system": "disk", "vlans": "vlans", "spanning_tree": "tree", "neighbors": "lldp",
    "learned": "neighbours", "addresses": "listening",
}  # fmt: skip
"""The last block of a topic: without it the host did not get so far."""


def _not_reached(inquiry: Inquiry, answer: Answer, found: Examination) -> dict[str, str]:
    why = "the session ended before"
    missed = [
        topic
        for topic, block in _SIGNS.items()
        if _was_asked(inquiry, topic) and block not in answer.blocks
    ]
    if "ports" in inquiry.topics and not answer.values.get("port"):
        missed.append("ports")
    if "wireless" in inquiry.topics and "untold" not in answer.values and not found.pings:
        missed.append("wireless")
    missed += ["pings"] * (len(found.pings) < len(inquiry.pings))
    missed += ["names"] * (len(found.names) < len(inquiry.names))
    return dict.fromkeys(missed, why)
