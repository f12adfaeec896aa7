"""The few things that help on a router without changing what is set up there."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.drivers.network import (
    BouncePort,
    CyclePower,
    DropLease,
    EnablePort,
    Host,
    Remedy,
    RestartRadio,
)
from provisioner.drivers.routeros import examining_air, examining_ports
from provisioner.drivers.routeros.examining_lines import LINES
from provisioner.drivers.routeros.facts import Row, rows
from provisioner.drivers.routeros.session import Session
from provisioner.drivers.routeros.syntax import quoted
from provisioner.drivers.sessions import failures
from provisioner.drivers.sessions.terminal import RejectedError
from provisioner.errors import Refused
from provisioner.texts import Message, say

_PAUSE = "3s"
_POWERLESS = 10
"""Seconds."""
_WITHIN = 60.0


def remedy(host: Host, session: Session, wanted: Remedy) -> None:
    """Do it, on a router that is known to be the right one.

    Raises Refused, before anything is done, for what is not there or may not be touched.
    """
    if isinstance(wanted, DropLease):
        _drop_lease(host, session, wanted.address)
    elif isinstance(wanted, RestartRadio):
        _restart_radios(host, session, wanted.radio)
    else:
        _port(host, session, wanted)


def _port(host: Host, session: Session, wanted: BouncePort | EnablePort | CyclePower) -> None:
    said = {
        name: session.ask(LINES[name])
        for name in ("interfaces", "bridges", "members", "vlans", "routed")
    }
    there = {row.get("name"): row for row in rows(said["interfaces"])}
    if wanted.port not in there:
        raise _refused(host, say("there is no port %(port)s", port=wanted.port))
    where = f"[find where name={quoted(wanted.port)}]"
    if isinstance(wanted, EnablePort):
        session.tell(f"/interface enable {where}")
        return
    if wanted.port in _ways(host, session, said):
        raise _refused(host, say("we reach it through %(port)s", port=wanted.port))
    if isinstance(wanted, BouncePort):
        _anew(session, "/interface", where)
        return
    if not _fed(session, wanted.port):
        raise _refused(host, say("%(port)s gives no power over its cable", port=wanted.port))
    session.tell(f"/interface ethernet poe power-cycle {where} duration={_POWERLESS}s", _WITHIN)


def _anew(session: Session, menu: str, where: str) -> None:
    """In one line: the router is never told to switch off without being told to switch on."""
    session.tell(f"{menu} disable {where}; :delay {_PAUSE}; {menu} enable {where}", _WITHIN)


def _fed(session: Session, port: str) -> bool:
    try:
        printed = session.ask("/interface ethernet poe print terse without-paging")
    except RejectedError:
        return False
    return any(
        row.get("name") == port and row.get("poe-out") not in ("", "off") for row in rows(printed)
    )


def _ways(host: Host, session: Session, said: Mapping[str, str]) -> frozenset[str]:
    """The interfaces through which we may be reaching it.

    Those below the address that we log in at; of a bridge's ports only the one that has heard
    us, or whoever passes our packets on, where that can be told.
    """
    addresses = rows(session.ask("/ip address print terse without-paging"))
    here = [r.get("interface") for r in addresses if r.get("address").split("/")[0] == host.address]
    if not here:  # known by a name, or behind a translation: any of them may be it
        here = [row.get("interface") for row in addresses]
    ways = {port for name in here for port in examining_ports.under(name, said)}
    heard = _heard(session)
    return frozenset(ways - (heard[1] - {heard[0]}) if heard else ways)


def _heard(session: Session) -> tuple[str, frozenset[str]] | None:
    """The bridge's port that hears our packets, and all ports of bridges; None: not known."""
    active = rows(session.ask("/user active print terse without-paging"))
    ours = {r.get("address") for r in active if r.get("via") == "ssh"}
    arp = {r.get("address"): r.get("mac-address") for r in rows(session.ask(LINES["arp"]))}
    routes = [r for r in rows(session.ask(LINES["routes"])) if "A" in r.flags]
    hops = ours if len(ours) == 1 and ours <= arp.keys() else {r.get("gateway") for r in routes}
    macs = {arp[hop] for hop in hops if hop in arp}
    hosts = rows(session.ask(LINES["hosts"]))
    ports = {_on(r) for r in hosts if "L" not in r.flags and r.get("mac-address") in macs}
    if len(macs) != 1 or len(ports) != 1:
        return None
    members = rows(session.ask(LINES["members"]))
    return next(iter(ports)), frozenset(r.get("interface") for r in members)


def _on(row: Row) -> str:
    return row.get("on-interface") or row.get("interface")


def _drop_lease(host: Host, session: Session, address: str) -> None:
    there = [r for r in rows(session.ask(LINES["leases"])) if _leased(r) == address]
    if not there:
        return
    if not all("D" in row.flags for row in there):
        why = say("%(address)s is kept for one client for good", address=address)
        raise _refused(host, why)
    session.tell(
        f"/ip dhcp-server lease remove [find where address={quoted(address)} and dynamic=yes]"
    )


def _leased(row: Row) -> str:
    return row.get("active-address") or row.get("address")


def _restart_radios(host: Host, session: Session, radio: str) -> None:
    said = {
        name: session.ask(LINES[name])
        for name in ("interfaces", "bridges", "members", "vlans", "routed")
    }
    kinds = {row.get("type") for row in rows(said["interfaces"])}
    for menu in (
        menu for kind, menus in examining_air.MENUS.items() if kind in kinds for menu in menus
    ):
        try:
            printed = session.ask(LINES[menu])
        except RejectedError:
            continue
        radios = [n for n in examining_air.masters(printed) if radio in ("", n)]
        if radios and set(radios) & _ways(host, session, said) and _is_station(printed, radios):
            raise _refused(host, say("we reach it through %(port)s", port=", ".join(radios)))
        for name in radios:
            path = "/caps-man interface" if menu == "caps-man" else f"/interface {menu}"
            _anew(session, path, f"[find where name={quoted(name)}]")
        if radios:
            return
    raise _refused(host, say("there is no radio %(radio)s", radio=radio or "-"))


def _is_station(printed: str, radios: list[str]) -> bool:
    """Whether one of them is how the router itself is connected, not what it offers to others."""
    return any(
        row.get("name") in radios
        and (row.get("mode") or row.get("configuration.mode")).startswith("station")
        for row in rows(printed)
    )


def _refused(host: Host, why: Message) -> Refused:
    return failures.not_there(host.name, why)
