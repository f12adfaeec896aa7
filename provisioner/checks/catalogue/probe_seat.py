"""Does a probe at the site get as far as a user wants to get?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Pen, inside, network
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination
from provisioner.drivers.probe import ProbeReport
from provisioner.errors import StepFailure
from provisioner.services.probe_proving import NOT_JOINED
from provisioner.texts import Phrase, say

SLOW_MBPS, SLOW_MS = 1.0, 200.0
CHECK = Check(
    "probe.seat",
    title=say("From the user's seat"),
    proves=say("A probe at the site joins, gets an address, resolves names and opens a page."),
    meaning=say("Users at the site meet the same."),
    next=say("See what else was found on the way; try it with a phone at the site."),
    needs=frozenset({"probe"}),
    limit=90,
)


def judge(seen: Seen) -> Iterator[Result]:
    pen = Pen(CHECK, seen.at)
    for probe, found in sorted(seen.probed.items()):
        place = Place("device", probe)
        if isinstance(found, StepFailure):
            told = str(found.what)
            yield pen.wrong("probe.unreachable", place, told, "weak", why=found.what)
        else:
            wrong = list(_met(pen, seen, place, found))
            yield from wrong
            if not wrong:
                yield pen.ok(place, _told(found))


def _met(pen: Pen, seen: Seen, place: Place, found: ProbeReport) -> Iterator[Result]:
    told, opened = _told(found), any(s is not None for s in found.pages.values())
    through = opened or any(found.names.values()) or any(_answers(found))
    if found.joined is False:
        yield pen.wrong("probe.join", place, told, why=_not_joined(found))
    elif found.leased is False:
        yield pen.wrong("probe.lease", place, told)
    elif _by_a_stranger(seen, found):
        yield pen.wrong(
            "dhcp.rogue", place, told, address=found.server or found.gateway or "-", mac="-",
            vlan="-",
        )  # fmt: skip
    elif found.leased and found.gateway_ms is None and not through:
        yield pen.wrong("probe.gateway", place, told, gateway=found.gateway or "-")
    if found.names and not any(found.names.values()):
        resolver = ", ".join(found.resolvers) or "-"
        yield pen.wrong("probe.dns", place, told, resolver=resolver)
    if found.pages and not opened:
        yield pen.wrong("probe.page", place, told, url=next(iter(found.pages)))
    slow = found.mbps is not None and found.mbps < SLOW_MBPS
    if opened and (slow or (found.gateway_ms or 0) > SLOW_MS):
        mbps = "-" if found.mbps is None else f"{found.mbps:.1f}"
        ms = f"{found.gateway_ms or 0:.0f}"
        yield pen.wrong("probe.slow", place, told, "weak", mbps=mbps, ms=ms)


def _not_joined(found: ProbeReport) -> Phrase:
    return NOT_JOINED.get(found.join_error, found.join_error or "-")


def _by_a_stranger(seen: Seen, found: ProbeReport) -> bool:
    """Over WiFi of ours it got an address that is in none of our networks, and no device tells who
    gave it."""
    if any(isinstance(each, Examination) and each.strangers for each in seen.examined.values()):
        return False
    ours = [network(net.cidr) for net in seen.chain.nets]
    if not found.joined or not found.leased or not ours or None in ours:
        return False
    return bool(found.address) and not any(inside(found.address, cidr) for cidr in ours)


def _answers(found: ProbeReport) -> Iterator[bool]:
    return (ms is not None for ms in found.pings.values())


def _told(found: ProbeReport) -> str:
    said = {
        "joined": found.joined, "address": found.address or found.leased,
        "gateway": found.gateway_ms, "mbps": found.mbps, "dBm": found.signal_dbm,
    }  # fmt: skip
    parts = [f"{what} {value}" for what, value in said.items() if value is not None]
    parts += [f"{name}: {' '.join(a) or '-'}" for name, a in found.names.items()]
    parts += [f"{url}: {status or '-'}" for url, status in found.pages.items()]
    return ", ".join(parts)
