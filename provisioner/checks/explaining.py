"""Which finding can come from which: where a cause's effects lie on the chain; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import cache

from provisioner.catalogue.network_fields import Port
from provisioner.checks.chain import Chain
from provisioner.checks.chaining import levels
from provisioner.checks.model import Finding, Place
from provisioner.checks.rules import Reach, Rule

OF_DEVICE = frozenset({"device", "port", "vlan", "scope", "radio", "ssid"})
"""Kinds of places that are of a network device, or of a probe."""
_OF_CLUSTER = frozenset({"cluster", "node", "storage", "vm"})


class Ground:
    """The chain as rules read it: who lies behind what, and how far from the core."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._nodes = {vm.key: vm.node for vm in chain.vms}
        self._urls = {vm.key: frozenset(vm.urls) for vm in chain.vms}
        self._ups: dict[str, set[str]] = {name: set() for name in chain.devices}
        for near, far in chain.cables:
            self._ups.setdefault(near.device, set()).add(far.device)
            self._ups.setdefault(far.device, set())
        self._inner = {Place("port", *near): Place("port", *far) for near, far in chain.cables}
        self._routers = {each.name for each in chain.stations if each.kind == "router"}
        inner = {far.device for _, far in chain.cables}
        self._ends = frozenset(name for name in self._ups if name not in inner)
        self.levels = levels(self._ups, chain.cables)
        self.beyond: Callable[[Place], frozenset[str]] = cache(chain.beyond)
        self.outward: Callable[[Place], frozenset[str]] = cache(self._outward)

    def covers(self, cause: Place, found: Place, reach: Reach) -> bool:
        """Whether something at ``found`` can come from ``cause``, as far as places go."""
        if reach == "all" or self.same(cause, found):
            return True
        if reach == "here":
            return False
        if cause.kind == "office":
            return reach != "device"
        if reach == "device":
            return self._is_on(cause, found)
        if cause.kind in OF_DEVICE:
            if self._leads_outside(cause):
                cause = Place("device", cause.name)
            behind = self.beyond(cause) if reach == "beyond" else self.outward(cause)
            return self._is_behind(behind, cause, found)
        return self._of_cluster(cause, found)

    def same(self, one: Place, other: Place) -> bool:
        """The same place; the two ends of a cable are one."""
        return self.place(one) == self.place(other)

    def place(self, place: Place) -> Place:
        """The place by which it is told: of a cable its end nearer to the core."""
        far = self._inner.get(place) if place.kind == "port" else None
        return far or place

    def distance(self, place: Place) -> float:
        """How far from the core it is, in cables; VMs, then what they serve, lie further out."""
        kinds = {"office": -1.0, "cluster": 0.0, "node": 1.0, "storage": 1.0, "vm": 2.0,
                 "service": 98.0, "site": 99.0}  # fmt: skip
        if place.kind in kinds:
            return kinds[place.kind]
        told = self.place(place)
        away = self.levels.get(told.name)
        if away is None:
            return 97.0  # a probe, or a device whose way nobody knows
        return away + (0.5 if told.kind in ("port", "ssid", "radio") else 0.0)

    def _is_on(self, cause: Place, found: Place) -> bool:
        """On the same device, or at a port whose cable ends there."""
        if (cause.kind in OF_DEVICE) != (found.kind in OF_DEVICE):
            return False
        there = self.chain.other_end(found.name, found.part) if found.kind == "port" else None
        return cause.name == found.name or (there is not None and there.device == cause.name)

    def _leads_outside(self, place: Place) -> bool:
        """A router's port without a cable on the chain that no user is plugged into."""
        if place.kind != "port" or place.name not in self._routers:
            return False
        users = {port for net in self.chain.nets for port in net.ports}
        here = Port(place.name, place.part)
        return self.chain.other_end(*here) is None and here not in users

    def _is_behind(self, behind: frozenset[str], cause: Place, found: Place) -> bool:
        if found.kind in OF_DEVICE and found.name in self._ups:
            return found.name in behind
        at_the_end = bool(behind & self._ends) or (cause.name in self._ends)
        if found.kind == "service":
            return at_the_end and found.name in self.chain.urls and not self.chain.vms
        return at_the_end and found.kind not in _OF_CLUSTER

    def _of_cluster(self, cause: Place, found: Place) -> bool:
        match cause.kind:
            case "cluster" | "storage":
                vms = {name for name in self._nodes if name.startswith(f"{cause.name}/")}
                same = found.name == cause.name and cause.kind == "cluster"
            case "node":
                vms = {
                    name
                    for name, node in self._nodes.items()
                    if name.startswith(f"{cause.name}/") and node == cause.part
                }
                same = False
            case _:
                vms, same = {cause.name}, False
        return same or found.name in vms or any(found.name in self._urls.get(n, ()) for n in vms)

    def _outward(self, place: Place) -> frozenset[str]:
        """Devices that have a way to the core over that place, redundant ones too."""
        found = {place.name}
        if place.kind == "port":
            here = Port(place.name, place.part)
            near = {n.device for n, far in self.chain.cables if here in (n, far)}
            if not near:
                return frozenset()
            found = near
        while more := {n for n, above in self._ups.items() if n not in found and above & found}:
            found |= more
        return frozenset(found)


def holding(rules: Iterable[Rule], findings: Iterable[Finding]) -> dict[str, Rule]:
    """By finding's key the rule that counts: the first whose ``along`` is all there."""
    keys = {each.key for each in findings}
    found: dict[str, Rule] = {}
    for rule in rules:
        if rule.finding in keys and all(_any(pattern, keys) for pattern in rule.along):
            found.setdefault(rule.finding, rule)
    return found


def explains(rule: Rule, key: str) -> bool:
    """Whether a finding of that key can come from what the rule is about."""
    return any(fnmatchcase(key, pattern) for pattern in rule.explains)


def _any(pattern: str, keys: Iterable[str]) -> bool:
    return any(fnmatchcase(key, pattern) for key in keys)
