"""The cables of a lab: who is reachable from the routers over the management VLAN."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from provisioner.lab.devices.device import MANAGEMENT_VLAN, Device

End = tuple[str, str]
"""Device and port."""
Cable = tuple[End, End]
_FED = ("openwrt",)
"""Platforms of devices without a power supply of their own."""


@dataclass
class Topology:
    """A device is reachable while the management VLAN passes every hop between it and a router.

    Names without a simulated device are routers and pass everything; simulated ``routers`` are
    where the office's own network begins: they are reachable as long as they answer. A device
    without a cable is reachable as long as it is up.
    """

    devices: Mapping[str, Device]
    cables: Iterable[Cable]
    routers: Collection[str] = ()
    pulled: set[frozenset[End]] = field(default_factory=set)
    _ends: dict[str, list[Cable]] = field(default_factory=dict)
    _last: dict[str, tuple[bool, ...]] = field(default_factory=dict)
    upstream: dict[str, str] = field(default_factory=dict)
    """By device: its port towards the office, as of when ``reachable`` was last asked."""

    def __post_init__(self) -> None:
        for one, other in self.cables:
            self._ends.setdefault(one[0], []).append((one, other))
            self._ends.setdefault(other[0], []).append((other, one))

    def _passes(self, end: End) -> bool:
        device = self.devices.get(end[0])
        return device is None or (device.up and device.carries(end[1], MANAGEMENT_VLAN))

    def changed(self, device: Device) -> bool:
        """Whether that device's ports or management differ from when last asked."""
        ports = self._ends.get(device.name, [])
        now = (device.up, device.manageable(), *(self._passes(one) for one, _ in ports))
        if self._last.get(device.name) == now:
            return False
        self._last[device.name] = now
        return True

    def reachable(self) -> frozenset[str]:
        """The names of the devices that can be reached now."""
        todo = deque(name for name in self._ends if self._is_root(name))
        seen = set(todo)
        self.upstream.clear()
        while todo:
            for one, other in self._ends[todo.popleft()]:
                if (
                    other[0] not in seen
                    and frozenset((one, other)) not in self.pulled
                    and self._passes(one)
                    and self._passes(other)
                ):
                    seen.add(other[0])
                    self.upstream[other[0]] = other[1]
                    todo.append(other[0])
        alone = self.devices.keys() - self._ends.keys()
        return frozenset(
            name for name, d in self.devices.items() if name in seen | alone and d.manageable()
        )

    def _is_root(self, name: str) -> bool:
        device = self.devices.get(name)
        return device is None or (name in self.routers and device.up and device.manageable())

    def link(self, host: str, port: str) -> bool | None:
        """Whether the other end of the cable in that port shows light; None without a cable."""
        for one, other in self._ends.get(host, []):
            if one[1] == port:
                far = self.devices.get(other[0])
                whole = frozenset((one, other)) not in self.pulled
                return whole and (far is None or (far.up and far.lit(other[1])))
        return None

    def starved(self, host: str) -> bool:
        """Whether it lives on power from its cable, and gets none."""
        device = self.devices.get(host)
        return (
            device is not None
            and device.platform in _FED
            and any(
                feeder.starves(other[1])
                for _, other in self._ends.get(host, [])
                if (feeder := self.devices.get(other[0]))
            )
        )

    def around(self, host: str) -> frozenset[str]:
        """The devices at the other ends of its cables."""
        return frozenset(other[0] for _, other in self._ends.get(host, []))

    def cable(self, host: str, port: str) -> frozenset[End] | None:
        """The cable in that port of that device; None without one."""
        for one, other in self._ends.get(host, []):
            if one[1] == port:
                return frozenset((one, other))
        return None
