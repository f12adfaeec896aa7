"""Does every device on the way know the network, and does every trunk carry it?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.catalogue.device_reach import answers
from provisioner.checks.chain import Net
from provisioner.checks.judging import Look, each_device, is_management
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import PortHealth
from provisioner.texts import say

CHECK = Check(
    "vlan.path",
    title=say("VLAN on every hop"),
    proves=say("Every device on the way knows the VLAN, and every trunk carries it."),
    meaning=say("The network ends at that port: nobody behind it gets an address."),
    next=say("Put the VLAN back on that port, at both ends of the cable."),
    topics=frozenset({"ports", "vlans"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    yield from _management(look)
    known = look.health.vlans
    for net in look.seen.chain.nets:
        trunks = sorted({p.port for p in net.trunks if p.device == look.device})
        users = [p for p in net.ports if p.device == look.device]
        if not trunks and not users:
            continue
        if known is not None:
            place = Place("vlan", look.device, str(net.vlan))
            if net.vlan not in known:
                yield look.wrong("vlan.missing", "-", place, vlan=net.vlan)
                continue
            yield look.ok(known[net.vlan], place)
        for name in trunks:
            port = look.health.ports.get(name)
            if port is not None and port.up:
                yield from _trunk(look, net, port)


def _management(look: Look) -> Iterator[Result]:
    """Of a cable behind which a device is silent: whether the VLAN to reach it by is missing."""
    chain, vlan = look.seen.chain, look.seen.chain.management
    for near, far in chain.cables:
        port = look.health.ports.get(far.port) if far.device == look.device else None
        if vlan is None or port is None or not port.up or port.tagged is None:
            continue
        passing = {*port.tagged, *({port.untagged} if port.native_passes else ())}
        if _is_silent(look.seen, near.device) and vlan not in passing:
            yield look.wrong(
                "trunk.management_missing", _carried(port), look.port(port.port),
                vlan=vlan, other=near.device,
            )  # fmt: skip


def _is_silent(seen: Seen, device: str) -> bool:
    """One that hangs or lets nobody in is reached all the same."""
    reached = seen.reached.get(device)
    return seen.health(device) is None and (reached is None or not answers(reached))


def _trunk(look: Look, net: Net, port: PortHealth) -> Iterator[Result]:
    place, tagged = look.port(port.port), port.tagged
    if tagged is None and port.mode != "access":
        return
    evidence = _carried(port)
    if net.vlan in (tagged or ()) or net.vlan == port.untagged:
        yield look.ok(evidence, place)
        return
    far = look.seen.chain.other_end(look.device, port.port)
    ours = is_management(look.seen, net) or net.vlan == look.seen.chain.management
    key = "trunk.management_missing" if ours else "trunk.vlan_missing"
    yield look.wrong(key, evidence, place, vlan=net.vlan, other=far.device if far else "-")


def _carried(port: PortHealth) -> str:
    return f"{port.mode or '-'}, {port.untagged or '-'}, {spans(port.tagged or frozenset())}"


def spans(vlans: frozenset[int]) -> str:
    """``10,20-22`` of the numbers."""
    parts: list[list[int]] = []
    for vlan in sorted(vlans):
        if parts and vlan == parts[-1][-1] + 1:
            parts[-1][1:] = [vlan]
        else:
            parts.append([vlan])
    return ",".join("-".join(map(str, part)) for part in parts) or "-"
