"""A probe's trial over SSH: what it is told, and the report made of its answer."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from ipaddress import IPv4Address

from provisioner.drivers.linux.sayable import passphrase
from provisioner.drivers.linux.scripting import Answer, alone
from provisioner.drivers.linux.session import CutShortError, Session
from provisioner.drivers.network import Host, Result
from provisioner.drivers.probe import ProbeOrder, ProbeReport
from provisioner.drivers.sessions import failures
from provisioner.drivers.sessions.batches import Batches, Sessions, reading
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.errors import ActionNeeded, Retriable, StepFailure
from provisioner.texts import say

GROUP = "probes"
PLATFORMS = frozenset({"linux", "openwrt"})
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
_URL = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[A-Za-z0-9._~/?&=%+,:@-]*)?")
_LEAVING = 10.0
"""Seconds that it may take to leave, after its limit."""
_ENOUGH = 65_536
"""Bytes below which a page says nothing about throughput."""


class InventoryProbes:
    """Implements ``Probes`` over the hosts of the inventory's group ``probes``."""

    def __init__(self, sessions: Sessions) -> None:
        self._hosts = sessions.hosts
        self._batches = Batches(sessions, Session)

    def at(self, site: str) -> tuple[str, ...]:
        """See ``Probes``."""
        return tuple(
            sorted(
                name
                for name, host in self._hosts().items()
                if host.site == site and _is_probe(host) and host.probe_interface
            )
        )

    def try_out(self, orders: Mapping[str, ProbeOrder]) -> Result[ProbeReport]:
        """See ``Probes``; ActionNeeded where the probe is not set up for what it is to do."""
        limits = {name: order.limit for name, order in orders.items()}
        return self._batches.run(
            orders, lambda host, session: _tried(host, session, orders), limits
        )


def _is_probe(host: Host) -> bool:
    return GROUP in host.groups and host.platform in PLATFORMS


def _tried(host: Host, session: Session, orders: Mapping[str, ProbeOrder]) -> ProbeReport:
    if not _is_probe(host):
        raise failures.not_in_inventory(host.name)
    if host.probe_interface is None:
        raise _unfit(host, say("the inventory does not name its provisioner_probe_interface"))
    order = orders[host.name]
    text = alone("provisioner.drivers.probes", "probe", _given(host.probe_interface, order))
    begun = time.monotonic()
    try:
        answer = Answer.parsed(session.run(text, order.limit + _LEAVING))
    except CutShortError as error:
        answer = Answer.parsed(error.said)
        if not answer.values:
            raise failures.cut_before_work(host, str(error), ()) from error
    except RejectedError as error:
        raise failures.no_privilege(host) from error
    except SessionEndedError as error:
        raise failures.cut_before_work(host, str(error), ()) from error
    if word := answer.one("failed"):
        raise _failure(host, word, answer.blocks.get("failed", "").strip())
    if not answer.values:
        raise failures.unanswered(host, "its answer could not be read")
    with reading(host):
        return _report(host.name, answer, time.monotonic() - begun)


def _given(interface: str, order: ProbeOrder) -> dict[str, str]:
    """The values for ``probe.sh``; they go over standard input. Raises Refused."""
    size = len(order.ssid.encode())
    if size > 32:
        raise failures.not_said("SSID", order.ssid)
    for address in (*order.pings, *order.forbidden):
        try:
            IPv4Address(address)
        except ValueError as error:
            raise failures.not_said("address", address) from error
    for pattern, what, texts in ((_NAME, "name", order.names), (_URL, "URL", order.urls)):
        for each in texts:
            if not pattern.fullmatch(each):
                raise failures.not_said(what, each)
    closed = order.ssid and order.security != "open"
    return {
        "interface": interface,
        "ssid": order.ssid.encode().hex(),
        "security": order.security,
        "passphrase": passphrase(order.passphrase) if closed else "",
        "pings": " ".join(dict.fromkeys(order.pings)),
        "names": " ".join(dict.fromkeys(order.names)),
        "urls": " ".join(dict.fromkeys(order.urls)),
        "forbidden": " ".join(dict.fromkeys(order.forbidden)),
        "limit": f"{max(order.limit, 1):.0f}",
    }


# ---------------------------------------------------------------- what it met


def _report(host: str, answer: Answer, seconds: float) -> ProbeReport:
    joined = answer.one("joined")
    leased = answer.one("leased")
    pages = [row for text in answer.values.get("page", ()) if len(row := text.split()) == 5]
    return ProbeReport(
        host=host,
        joined=None if joined in ("", "no-link") else joined == "yes",
        join_error="" if joined == "yes" else joined,
        signal_dbm=_whole(answer.one("signal")),
        leased=None if not leased else leased == "yes",
        address=answer.one("address"),
        gateway=answer.one("gateway"),
        resolvers=tuple(answer.one("resolvers").split()),
        server=answer.one("server"),
        gateway_ms=next(iter(_by_first(answer, "gateway-ping").values()), None),
        pings=_by_first(answer, "ping"),
        names={
            name: tuple(rest)
            for name, *rest in (text.split() for text in answer.values.get("name", ()) if text)
        },
        pages={row[0]: int(row[1]) or None for row in pages},
        mbps=_mbps(pages[0]) if pages else None,
        reached=tuple(dict.fromkeys(answer.values.get("reached", ()))),
        seconds=seconds,
    )


def _by_first(answer: Answer, word: str) -> dict[str, float | None]:
    rows = (text.split() for text in answer.values.get(word, ()) if text)
    return {row[0]: float(row[1]) if len(row) > 1 else None for row in rows}


def _mbps(page: list[str]) -> float | None:
    """From the first byte to the last; None of a page that is too small to tell."""
    size, took = int(page[2]), float(page[4]) - float(page[3])
    return round(size * 8 / took / 1e6, 2) if size >= _ENOUGH and took > 0 else None


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d+", text) else None


# ---------------------------------------------------------------- what it could not begin


def _failure(host: Host, word: str, said: str) -> StepFailure:
    match word:
        case "absent":
            return _unfit(host, say("there is no %(what)s", what=said))
        case "used":
            return _unfit(host, say("%(what)s is in use by the probe itself", what=said))
        case "wireless":
            return _unfit(host, say("%(what)s is not wireless", what=said))
        case "busy":
            return Retriable(
                say("The probe %(host)s is busy with another trial.", host=host.name),
                meaning=say("It tries one network at a time."),
                next=say("Nothing to do: it is tried again by itself."),
                after=20,
            )
    return _unfit(host, say("it could not do this: %(what)s", what=said))


def _unfit(host: Host, why: object) -> StepFailure:
    return ActionNeeded(
        say("The probe %(host)s cannot try the network: %(why)s", host=host.name, why=why),
        meaning=say("Nothing is known about the network from there; nothing was changed."),
        next=say("Set the probe up as the manual says, or take it out of the inventory."),
        who="administrator",
    )
