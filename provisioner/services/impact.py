"""How far a change of devices reaches, as a score: above a limit two people approve; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisioner.catalogue import Network
from provisioner.drivers.network import Host, Intent, Reading, TrunkMember, Vlan, Wish
from provisioner.plans.model import Plan, Risk
from provisioner.services.paths import ROUTERS, downstream, uplinks
from provisioner.services.risks import gravest_first
from provisioner.texts import Message, say

SECOND_ABOVE = 50
"""The score above which a second person approves, where the settings say nothing."""
CHANGE = "network.change"
DEVICES_A_POINT = 2
UPLINK, ROUTER, MANAGEMENT, NO_TIMER, PEOPLE = 2, 15, 100, 25, 2
"""Points for each switch whose uplink, and each router, that is touched; for the management VLAN;
for each device without a timer; for each site or place behind the devices."""
MOST_NO_TIMER, MOST_PEOPLE = 50, 20


@dataclass(frozen=True)
class Impact:
    """``second``: the score is above the limit."""

    score: int
    limit: int
    reasons: tuple[Message, ...]

    @property
    def second(self) -> bool:
        return self.score > self.limit

    def to_json(self) -> dict[str, Any]:
        """As ``Plan.picture["impact"]``."""
        return {
            "score": self.score,
            "limit": self.limit,
            "second": self.second,
            "reasons": [reason.to_json() for reason in self.reasons],
        }


def impact(
    changed: Mapping[str, Sequence[Intent]],
    network: Network,
    hosts: Mapping[str, Host],
    readings: Mapping[str, Reading],
    limit: int = SECOND_ABOVE,
) -> Impact:
    """How far it reaches to change these objects of devices, the gravest reason first."""
    found = sorted(_weighed(changed, network, hosts, readings), key=lambda each: -each[0])
    reasons = tuple(reason for points, reason in found if points)
    return Impact(sum(points for points, _ in found), limit, reasons)


def weighed(
    plan: Plan,
    network: Network,
    hosts: Mapping[str, Host],
    readings: Mapping[str, Reading],
    foreign: Sequence[Mapping[str, str]] = (),
    limit: int = SECOND_ABOVE,
) -> Plan:
    """The plan with what approving it takes in its picture: ``impact`` and ``foreign``.

    ``foreign``: what others changed on devices since our last change there; only what concerns
    devices that the plan changes is shown, and told as a risk.
    """
    changed = added(plan)
    strange = [dict(each) for each in foreign if each["host"] in changed]
    picture: dict[str, Any] = dict(plan.picture)
    if changed:
        picture["impact"] = impact(changed, network, hosts, readings, limit).to_json()
    if strange:
        picture["foreign"] = strange
    risks = gravest_first(*_strange(strange), *plan.risks) if strange else plan.risks
    return replace(plan, picture=picture, risks=risks)


def added(plan: Plan) -> dict[str, list[Intent]]:
    """Device to what the plan adds or alters there; what stays as it is, is left out."""
    found: dict[str, list[Intent]] = {}
    for step in plan.steps:
        if step.kind != CHANGE:
            continue
        for host, wishes in step.params["wishes"].items():
            expected = step.params["expected"].get(host, {})
            for written in wishes:
                wish = Wish.from_json(written)
                before = expected.get(wish.intent.key)
                if wish.present and (before is None or before["intent"] != written["intent"]):
                    found.setdefault(host, []).append(wish.intent)
    return found


def _weighed(
    changed: Mapping[str, Sequence[Intent]],
    network: Network,
    hosts: Mapping[str, Host],
    readings: Mapping[str, Reading],
) -> Iterator[tuple[int, Message]]:
    up = uplinks(network, hosts)
    managed = _among(changed, lambda host, intent: _manages(intent, network))
    yield (
        MANAGEMENT * bool(managed),
        say("The management VLAN is touched on: %(hosts)s", hosts=_listed(managed)),
    )
    routers = [host for host in changed if host in hosts and ROUTERS in hosts[host].groups]
    yield ROUTER * len(routers), say("Routers are changed: %(hosts)s", hosts=_listed(routers))
    blind = [host for host in changed if _without_timer(host, hosts, readings)]
    yield (
        min(NO_TIMER * len(blind), MOST_NO_TIMER),
        say("Cannot take a change back by themselves: %(hosts)s", hosts=_listed(blind)),
    )
    trunks = _among(
        changed,
        lambda host, i: isinstance(i, TrunkMember) and i.port in up.get(host, ()),
    )
    yield (
        UPLINK * len(trunks),
        say("The uplinks of switches are touched: %(hosts)s", hosts=_listed(trunks)),
    )
    behind = downstream(changed, network, hosts)
    sites = {site for host in behind if host in hosts and (site := hosts[host].site)}
    places = [key for key, place in network.places.items() if behind & set(place.access_points)]
    yield (
        min(PEOPLE * (len(sites) + len(places)), MOST_PEOPLE),
        say(
            "People at %(sites)d sites and %(places)d places work behind these devices.",
            sites=len(sites),
            places=len(places),
        ),
    )
    yield (
        len(changed) // DEVICES_A_POINT,
        say("Devices that are changed: %(count)d", count=len(changed)),
    )


def _among(
    changed: Mapping[str, Sequence[Intent]], touches: Callable[[str, Intent], bool]
) -> list[str]:
    return [host for host, its in changed.items() if any(touches(host, intent) for intent in its)]


def _manages(intent: Intent, network: Network) -> bool:
    if isinstance(intent, Vlan):
        return intent.id == network.management_vlan
    vlan = getattr(intent, "vlan", None)
    return vlan is not None and vlan == network.management_vlan


def _without_timer(host: str, hosts: Mapping[str, Host], readings: Mapping[str, Reading]) -> bool:
    reading = readings.get(host)
    known = hosts.get(host)
    return bool(reading and reading.no_timer) or bool(known and known.dead_man == "best_effort")


def _listed(hosts: Sequence[str]) -> str:
    shown = sorted(hosts)[:5]
    return ", ".join(shown) + (", …" if len(hosts) > len(shown) else "")


def _strange(foreign: Sequence[Mapping[str, str]]) -> Iterator[Risk]:
    for host in dict.fromkeys(each["host"] for each in foreign):
        objects = [each["object"] for each in foreign if each["host"] == host]
        yield Risk(
            "high",
            say(
                "%(device)s was changed by somebody else since our last change there: %(what)s. "
                "Whoever approves says why it may go on all the same.",
                device=host,
                what=_listed(objects),
            ),
        )
