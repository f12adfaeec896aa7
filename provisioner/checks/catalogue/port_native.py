"""Do both ends of each cable mean the same network when a frame has no tag?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from provisioner.catalogue.network_fields import Port
from provisioner.checks.judging import Pen, place_of, port_of
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.texts import say

FACTORY = 1
"""On a device of another make it stands for "nothing set"."""
CHECK = Check(
    "port.native",
    title=say("Native VLAN"),
    proves=say("Both ends of the cables on the way agree on the native VLAN."),
    meaning=say("Frames without a tag change from one network into another on that cable."),
    next=say("Set the same native VLAN at both ends."),
    topics=frozenset({"ports"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    pen = Pen(CHECK, seen.at)
    for near, far in seen.chain.cables:
        one, other = port_of(seen, near), port_of(seen, far)
        if one is None or other is None or not one.mode or not other.mode:
            continue
        mine, theirs = one.untagged, other.untagged
        if mine is None or theirs is None or "trunk" not in (one.mode, other.mode):
            continue
        evidence = f"{near.device}:{near.port} {mine}, {far.device}:{far.port} {theirs}"
        if mine == theirs or (not _alike(seen, near, far) and FACTORY in (mine, theirs)):
            yield pen.ok(place_of(far), evidence)
            continue
        odd, found, meant = _odd(seen, (near, mine), (far, theirs))
        yield pen.wrong(
            "port.native_mismatch", place_of(odd), evidence, found=found, meant=meant,
            other=(far if odd == near else near).device,
        )  # fmt: skip


def _alike(seen: Seen, near: Port, far: Port) -> bool:
    hosts = [seen.hosts.get(end.device) for end in (near, far)]
    return all(hosts) and len({host.platform for host in hosts if host}) == 1


def _odd(seen: Seen, one: tuple[Port, int], other: tuple[Port, int]) -> tuple[Port, int, int]:
    """The end that is set otherwise than the trunks of the chain mostly are."""
    ends = [port_of(seen, end) for cable in seen.chain.cables for end in cable]
    usual = Counter(end.untagged for end in ends if end and end.mode == "trunk")
    rare, common = sorted((one, other), key=lambda end: (usual[end[1]], end[1] == FACTORY))
    return rare[0], rare[1], common[1]
