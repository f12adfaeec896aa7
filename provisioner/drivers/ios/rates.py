"""The speed of a network as IOS says it: a policy each way on the interface of its scope."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from provisioner.drivers.ios import scopes
from provisioner.drivers.ios.configuration import Switch, plain
from provisioner.drivers.ios.lines import Change, added, below, gone, kept
from provisioner.drivers.network import Intent, RateLimit, Scope
from provisioner.drivers.sessions import failures
from provisioner.texts import Message, say

POLICY = "policy-map "
_MEGABIT = 1_000_000
_MARK = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,29}")


def check(limit: RateLimit) -> None:
    """Raises Refused for what cannot be said."""
    if not _MARK.fullmatch(limit.mark):
        raise failures.not_said("mark", limit.mark)
    for speed in (limit.down_mbps, limit.up_mbps):
        if not 1 <= speed <= 100_000:
            raise failures.not_said("Mbit/s", str(speed))


def interface(switch: Switch, limit: RateLimit, wanted: Sequence[Intent] = ()) -> str | None:
    """The interface of the network: the scope's that is wished for, or the one that is there."""
    for scope in wanted:
        if isinstance(scope, Scope) and scope.vlan == limit.vlan:
            return scopes.place(switch, scope).interface
    tag = f"encapsulation dot1Q {limit.vlan}"
    ports = [p for p in switch.ports() if p.name == f"Vlan{limit.vlan}" or tag in p.lines]
    ports.sort(key=lambda p: not scopes.is_of(p, f"PROV-{limit.mark}"))
    return ports[0].name if ports else None


def found(switch: Switch, limit: RateLimit) -> RateLimit | None:
    """The limit as it is there: 0 for a direction that is missing; None where there is nothing."""
    if not _rests(switch, limit):
        return None
    where = interface(switch, limit)
    port = switch.port(where) if where else None
    speeds = {
        way: _speed(switch, f"PROV-{limit.mark}-{way}") if port and used in port.lines else 0
        for way, used in _uses(limit).items()
    }
    return RateLimit(limit.mark, limit.vlan, limit.cidr, speeds["down"], speeds["up"])


def problem(
    switch: Switch, limit: RateLimit, wanted: Sequence[Intent], able: scopes.Abilities
) -> Message | None:
    """Why no limit can be set there."""
    where = interface(switch, limit, wanted)
    if where is None:
        return say("it has no interface in VLAN %(vlan)s", vlan=limit.vlan)
    if not able.limits or "." not in where:
        return say("it limits no speed on %(port)s", port=where)
    strange = [
        line
        for port in switch.ports()
        if port.name == where
        for line in port.lines
        if line.startswith("service-policy ") and line not in _uses(limit).values()
    ]
    if strange:
        return say("%(port)s has a policy that is not ours", port=where)
    return None


def changes(
    switch: Switch, limit: RateLimit, present: bool, wanted: Sequence[Intent] = ()
) -> Iterator[Change]:
    """What makes the limit stand, or takes all that bears its mark."""
    if not present:
        for port in switch.ports():
            used = [line for line in port.lines if line in _uses(limit).values()]
            if used:
                yield from kept(switch, f"interface {port.name}", (), used)
        for header in _rests(switch, limit):
            if header.startswith(POLICY):
                yield gone(switch, header)
        return
    for way, speed in (("up", limit.up_mbps), ("down", limit.down_mbps)):
        header = f"{POLICY}PROV-{limit.mark}-{way}"
        police = f"police cir {speed * _MEGABIT}"
        if not switch.holds("", header):
            yield added(header, ("class class-default", police))
        elif not switch.holds(header, police):
            yield _replaced(switch, header, police)
    where = interface(switch, limit, wanted) or ""
    uses = tuple(_uses(limit).values())
    if switch.port(where):
        yield from kept(switch, f"interface {where}", uses, ())
    else:  # its scope makes it before
        block = (f"interface {where}", *(f" {line}" for line in uses))
        back = (block[0], *(f" no {line}" for line in uses))
        yield Change(block, back, (f" {block[0]}", *(f"+{line}" for line in block[1:])))


def without(switch: Switch, limit: RateLimit) -> Switch:
    """The switch as it is once the limit is used nowhere."""
    uses = set(_uses(limit).values())
    return replace(
        switch,
        sections={
            header: tuple(line for line in lines if line not in uses)
            for header, lines in switch.sections.items()
        },
    )


def _replaced(switch: Switch, header: str, police: str) -> Change:
    old = [line for line in map(plain, below(switch, header)) if line.startswith("police ")]
    top = (header, " class class-default")
    return Change(
        (*top, f" {police}"),
        (*top, *(f" {line}" for line in old or [f"no {police}"])),
        (f" {header}", *(f"- {line}" for line in old), f"+ {police}"),
    )


def _uses(limit: RateLimit) -> dict[str, str]:
    return {
        "up": f"service-policy input PROV-{limit.mark}-up",
        "down": f"service-policy output PROV-{limit.mark}-down",
    }


def _rests(switch: Switch, limit: RateLimit) -> list[str]:
    """Top lines that are ours, or have a line below them that is."""
    names = {f"{POLICY}PROV-{limit.mark}-{way}" for way in _uses(limit)}
    uses = set(_uses(limit).values())
    return [
        header
        for header, lines in switch.sections.items()
        if header in names or (header.startswith("interface ") and uses & set(lines))
    ]


def _speed(switch: Switch, policy: str) -> int:
    lines = map(plain, below(switch, f"{POLICY}{policy}"))
    found = next((line.split()[-1] for line in lines if line.startswith("police cir ")), "0")
    return int(found) // _MEGABIT
