"""Which remedies fit a cause at its place, and which would only do harm there; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provisioner.catalogue.network_fields import Port
from provisioner.checks.explaining import holding
from provisioner.checks.model import Cause, Diagnosis, Finding, Place, RemedyOffer, Result, Value
from provisioner.checks.rules import Rule
from provisioner.checks.rules.all import RULES
from provisioner.checks.seen import Seen
from provisioner.drivers.network import AccessPort, Intent, TrunkMember, Vlan
from provisioner.services.network_findings import NetworkFinding
from provisioner.texts import Message, say

INSTANCE = "instance"
_SETTLE = f"{INSTANCE}.settle"
_CARRIES_NOTHING = frozenset(
    {"port.down", "port.disabled", "port.err_disabled", "port.no_power", "port.power_fault"}
)
"""Where one of these is found nobody is cut off by work on the port."""
_VM_TITLES: Mapping[str, Message] = {
    "restart": say("Restart the VM"),
    "start": say("Switch the VM on"),
    "backup": say("Back the VM up now"),
    "delete_snapshot": say("Remove the snapshot"),
}
"""Actions of VMs that need no answer of a person; ``delete_snapshot`` takes the finding's name."""


def offered(
    diagnosis: Diagnosis,
    results: Iterable[Result],
    seen: Seen,
    rules: Sequence[Rule] = RULES,
) -> Diagnosis:
    """The diagnosis with what may be done about each of its causes."""
    findings = [each.finding for each in results if each.finding is not None]
    held = holding(rules, findings)
    causes = tuple(
        replace(cause, remedies=tuple(_of(cause, findings, held, seen)))
        for cause in diagnosis.causes
    )
    return replace(diagnosis, causes=causes)


def _of(
    cause: Cause, findings: Iterable[Finding], rules: Mapping[str, Rule], seen: Seen
) -> Iterator[RemedyOffer]:
    rule = rules.get(cause.key)
    if rule is None:
        return
    made: dict[str, RemedyOffer] = {}
    own = [each for each in findings if (each.key, each.place) == (cause.key, cause.place)]
    for kind in dict.fromkeys(rule.remedies):
        offer = _OFFERS.get(kind, _on_vm if kind.startswith(f"{INSTANCE}.") else _nothing)
        for each in (each for finding in own for each in offer(kind, finding, seen)):
            before = made.get(each.key)
            made[each.key] = each if before is None else _together(before, each)
    yield from made.values()


def _together(one: RemedyOffer, other: RemedyOffer) -> RemedyOffer:
    """One request to settle where several differences are the same cause."""
    if "what" not in one.details:
        return one
    keys = list(dict.fromkeys([*one.details["what"], *other.details["what"]]))
    return replace(one, title=_put_back(keys), details={**one.details, "what": keys})


# ---------------------------------------------------------------- ports


def _nothing(kind: str, finding: Finding, seen: Seen) -> Iterator[RemedyOffer]:
    yield from ()


def _bounce(kind: str, finding: Finding, seen: Seen) -> Iterator[RemedyOffer]:
    port = _port(finding)
    if port is not None and _may_be_cut(port, finding, seen):
        yield _offer(kind, say("Switch port %(port)s of %(device)s off and on again",
                               port=port.port, device=port.device),
                     {"device": port.device, "port": port.port})  # fmt: skip


def _enable(kind: str, finding: Finding, seen: Seen) -> Iterator[RemedyOffer]:
    port = _port(finding)
    if port is not None:
        yield _offer(kind, say("Switch port %(port)s of %(device)s on",
                               port=port.port, device=port.device),
                     {"device": port.device, "port": port.port})  # fmt: skip


def _cycle(kind: str, finding: Finding, seen: Seen) -> Iterator[RemedyOffer]:
    """Of the port itself, or of the port that feeds the device."""
    port = _port(finding) or _fed_by(finding.place, seen)
    if port is not None and _may_be_cut(port, finding, seen):
        yield _offer(kind, say("Take the power from port %(port)s of %(device)s for ten seconds",
                               port=port.port, device=port.device),
                     {"device": port.device, "port": port.port})  # fmt: skip


def _port(finding: Finding) -> Port | None:
    place = finding.place
    return Port(place.name, place.part) if place.kind == "port" and place.part else None


def _fed_by(place: Place, seen: Seen) -> Port | None:
    """The one port that feeds a device by its cable."""
    if place.kind != "device":
        return None
    above = [far for near, far in seen.chain.cables if near.device == place.name]
    if len(above) != 1:
        return None
    health = seen.health(above[0].device)
    port = health.ports.get(above[0].port) if health else None
    return above[0] if port is not None and port.feeding == "on" else None


def _may_be_cut(port: Port, finding: Finding, seen: Seen) -> bool:
    """Never a port that leads to the core, nor one by which other devices than the one plugged in
    are reached, unless nothing passes there anyhow."""
    station = seen.chain.station(port.device)
    if station is not None and port.port in station.up:
        return False
    if finding.key in _CARRIES_NOTHING:
        return True
    plugged = [near.device for near, far in seen.chain.cables if far == port]
    return not any(far.device in plugged for _, far in seen.chain.cables)


# ---------------------------------------------------------------- leases, radios


def _drop(kind: str, finding: Finding, seen: Seen) -> Iterator[RemedyOffer]:
    address = finding.values.get("address")
    if address:
        yield _offer(kind, say("Let %(device)s forget the lease of %(address)s",
                               device=finding.place.name, address=str(address)),
                     {"device": finding.place.name, "address": str(address)})  # fmt: skip


def _radio(kind: str, finding: Finding, seen: Seen) -> Iterator[RemedyOffer]:
    place = finding.place
    radio = place.part if place.kind == "radio" else str(finding.values.get("radio", ""))
    text = (
        say("Start radio %(radio)s of %(device)s anew", radio=radio, device=place.name)
        if radio
        else say("Start the radios of %(device)s anew", device=place.name)
    )
    yield _offer(kind, text, {"device": place.name, "radio": radio})


# ---------------------------------------------------------------- instances


def _settle(kind: str, finding: Finding, seen: Seen) -> Iterator[RemedyOffer]:
    """Put back what of our own instances is not there any more, at the finding's place."""
    for instance, found in sorted(seen.drift.items()):
        keys = [
            each.key
            for each in found
            if "restore" in each.ways and _concerns(finding, instance, each)
        ]
        if keys:
            details = {"action": "settle", "instance": instance, "how": "restore", "what": keys}
            yield RemedyOffer(
                f"{_SETTLE} {instance}",
                INSTANCE,
                _put_back(keys),
                details,
            )


def _put_back(keys: Iterable[str]) -> Message:
    return say("Put back what was set up: %(what)s", what=", ".join(keys))


def _concerns(finding: Finding, instance: str, drifted: NetworkFinding) -> bool:
    values, place = finding.values, finding.place
    if "key" in values:
        return values["key"] == drifted.key and values.get("instance", instance) == instance
    return drifted.host == place.name and (
        place.kind == "device" or _is_at(place, values.get("vlan"), drifted)
    )


def _is_at(place: Place, vlan: Value | None, drifted: NetworkFinding) -> bool:
    intent: Intent | None = drifted.wish.intent if drifted.wish else None
    match intent:
        case AccessPort(port=port):
            return place.kind == "port" and port == place.part
        case TrunkMember(port=port, vlan=id):
            return place.kind == "port" and port == place.part and vlan in (None, id)
        case Vlan(id=id):
            return place.kind == "vlan" and place.part == str(id)
        case None:
            return False
        case _:
            return place.kind in ("scope", "ssid") and place.part in repr(intent)


def _on_vm(kind: str, finding: Finding, seen: Seen) -> Iterator[RemedyOffer]:
    action = kind.removeprefix(f"{INSTANCE}.")
    vm = next(
        (v for v in seen.chain.vms if v.key == finding.place.name), None
    )  # fmt: skip
    if vm is None or action not in _VM_TITLES:
        return
    details: dict[str, Any] = {"action": action, "instance": vm.instance}
    if action == "delete_snapshot":
        name = finding.values.get("snapshot")
        if not name:
            return
        details["snapshot"] = str(name)
    yield RemedyOffer(f"{kind} {vm.instance}", INSTANCE, _VM_TITLES[action], details)


def _offer(kind: str, title: Message, details: Mapping[str, Any]) -> RemedyOffer:
    return RemedyOffer(" ".join([kind, *map(str, details.values())]).strip(), kind, title, details)


_OFFERS: Mapping[str, Callable[[str, Finding, Seen], Iterator[RemedyOffer]]] = {
    "bounce_port": _bounce,
    "enable_port": _enable,
    "cycle_power": _cycle,
    "drop_lease": _drop,
    "restart_radio": _radio,
    _SETTLE: _settle,
}
