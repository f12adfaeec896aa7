"""Does spanning tree hold back the only way?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.judging import Look, each_device, way_ports
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import PortHealth
from provisioner.texts import say

CHECK = Check(
    "port.tree",
    title=say("Spanning tree"),
    proves=say("Spanning tree lets frames pass on the way; a second way may be held back."),
    meaning=say("A loop or a contradiction was found, and the port lets nothing pass."),
    next=say("Look for a cable that closes a loop, and for a strange switch."),
    topics=frozenset({"ports", "spanning_tree"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    for port in look.ports():
        if port.tree is None and not port.blocked:
            continue
        place, reason = look.port(port.port), port.tree_reason or "-"
        evidence = f"{port.tree or '-'} {port.tree_reason}".strip()
        if not port.up:
            continue
        if port.tree == "broken":
            yield look.wrong("port.tree_broken", evidence, place, reason=reason)
        elif port.tree != "blocking" and not _blocks_ours(look, port):
            yield look.ok(evidence, place)
        elif _other_way(look, port):
            yield look.ok(f"{evidence}; there is another way", place)
        else:
            yield look.wrong("port.blocked", evidence, place, reason=reason)


def _blocks_ours(look: Look, port: PortHealth) -> bool:
    """Whether it is blocked for a network of the chain, where each has a tree of its own."""
    return bool(port.blocked & {net.vlan for net in look.seen.chain.nets})


def _other_way(look: Look, port: PortHealth) -> bool:
    """Whether the device nearer to the user reaches the core otherwise: by another cable of the
    chain, or by a port that forwards to a neighbour beside it."""
    chain, seen = look.seen.chain, look.seen
    cable = next((c for c in chain.cables if (look.device, port.port) in c), None)
    if cable is None:
        return False
    near = cable[0].device
    health = seen.health(near)
    others = [c[0].port for c in chain.cables if c[0].device == near and c != cable]
    if health is None:
        return bool(others)
    if any(_forwards(health.ports.get(name)) for name in others):
        return True
    told, ours = {each.port for each in health.neighbors}, way_ports(seen, near)
    return any(
        _forwards(each) and each.tree for name, each in health.ports.items() if name in told - ours
    )


def _forwards(port: PortHealth | None) -> bool:
    return port is not None and port.up and port.tree in (None, "forwarding") and not port.blocked
