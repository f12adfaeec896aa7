"""Have the ports on the way a link?"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.catalogue.network_fields import Port
from provisioner.checks.judging import Look, each_device, port_of, way_ports
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import PortHealth
from provisioner.texts import say

CHECK = Check(
    "port.state",
    title=say("Ports on the way"),
    proves=say("Every port between the users and the core is switched on and has a link."),
    meaning=say("What is plugged in there is cut off."),
    next=say("Look at the cable and at what is at its other end."),
    topics=frozenset({"ports"}),
)


def judge(seen: Seen) -> Iterator[Result]:
    return each_device(CHECK, seen, _one)


def _one(look: Look) -> Iterator[Result]:
    ways = way_ports(look.seen, look.device)
    for port in look.ports():
        place, far = look.port(port.port), look.seen.chain.other_end(look.device, port.port)
        other = far.device if far else port.description or "-"
        if port.disabled_by_fault:
            reason = port.disabled_by_fault
            evidence = f"err-disabled ({reason})"
            yield look.wrong("port.err_disabled", evidence, place, reason=reason, other=other)
        elif not port.enabled:
            yield look.wrong("port.disabled", "disabled", place, other=other)
        elif port.up:
            yield look.ok(f"up {port.speed_mbps or ''}".strip(), place)
        elif port.port not in ways:
            yield look.ok("down; nobody has to be plugged in", place)
        elif _told_at_the_core(look, far):
            yield look.ok("down; told at the other end of the cable", place)
        else:
            yield look.wrong("port.down", _down(port), place, other=other)


def _told_at_the_core(look: Look, far: Port | None) -> bool:
    """Whether the other end is nearer to the core and shows it as well: one finding per cable."""
    if far is None or far not in {end for _, end in look.seen.chain.cables}:
        return False
    there = port_of(look.seen, far)
    return there is not None and not there.up


def _down(port: PortHealth) -> str:
    return f"down, power {port.feeding}" if port.feeding else "down"
