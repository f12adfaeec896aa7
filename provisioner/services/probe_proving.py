"""What a probe at the place is to try before a WiFi counts as working, and what its report says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from provisioner.drivers.network import Host, Scope, Ssid, Wish
from provisioner.drivers.probe import ProbeOrder, ProbeReport
from provisioner.services.network_proving import PROBE_WIFI, Judgement
from provisioner.settings import CheckSettings
from provisioner.texts import Message, say

NOT_JOINED: Mapping[str, Message] = {
    "not-found": say("the probe does not see the WiFi"),
    "wrong-key": say("the probe was turned away: the passphrase is not the right one"),
}
"""By ``ProbeReport.join_error``."""


def orders(
    params: Mapping[str, Any],
    hosts: Mapping[str, Host],
    at: Mapping[str, Sequence[str]],
    settings: CheckSettings,
    passphrase: str,
) -> dict[str, ProbeOrder]:
    """One order for each probe of a site that gets the WiFi; {} where none is switched on.

    ``at``: probes by site. What the network is walled off from is tried with the addresses of the
    office's own devices.
    """
    wishes = [
        (host, wish.intent)
        for host, its in params["wishes"].items()
        for wish in map(Wish.from_json, its)
        if wish.present
    ]
    networks = {
        hosts[host].site: intent
        for host, intent in wishes
        if isinstance(intent, Ssid) and host in hosts
    }
    walls = {wall for _, intent in wishes if isinstance(intent, Scope) for wall in intent.walls}
    return {
        probe: ProbeOrder(
            ssid=ssid.ssid,
            security=ssid.security,
            passphrase="" if ssid.security == "open" else passphrase,
            names=tuple(settings.names),
            urls=(settings.page,),
            forbidden=tuple(_within(walls, hosts.values())),
        )
        for site, ssid in networks.items()
        for probe in at.get(site or "", ())
    }


def _within(walls: Iterable[str], hosts: Iterable[Host]) -> Iterator[str]:
    """Addresses of devices that lie behind the walls."""
    networks = [IPv4Network(wall) for wall in walls]
    addresses = {host.address for host in hosts if _is_address(host.address)}
    for address in sorted(addresses):
        if any(IPv4Address(address) in network for network in networks):
            yield address


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


def judged(report: ProbeReport) -> Judgement:
    """The first that did not work, or what all of it showed."""
    wrong = next(_wrong(report), None)
    return Judgement(PROBE_WIFI, report.host, wrong is None, wrong or _well(report))


def _wrong(report: ProbeReport) -> Iterator[Message]:
    match report.joined, report.join_error:
        case (True, _) | (None, ""):
            pass
        case _, error if error in NOT_JOINED:
            yield NOT_JOINED[error]
        case _, error:
            yield say("the probe could not join: %(why)s", why=error or "timeout")
    if not report.leased:
        yield say("the probe was given no address")
    if report.reached:
        yield say(
            "the probe reached %(addresses)s, which it must not",
            addresses=", ".join(report.reached),
        )
    for name, addresses in report.names.items():
        if not addresses:
            yield say("the probe cannot resolve %(name)s", name=name)
    for url, status in report.pages.items():
        if status is None or status >= 400:
            yield say("the probe got no page from %(url)s", url=url)


def _well(report: ProbeReport) -> Message:
    return say(
        "joined with address %(address)s, gateway %(ms)s ms, names and pages work, %(speed)s",
        address=report.address,
        ms="-" if report.gateway_ms is None else f"{report.gateway_ms:.0f}",
        speed="-" if report.mbps is None else f"{report.mbps:.1f} Mbit/s",
    )
