"""What a chain is looked at with, as small classes that answer what they are told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from provisioner.checks.looking import Looker
from provisioner.checks.model import Change
from provisioner.checks.records import Compared, Stands
from provisioner.checks.seen import Sighting
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.hypervisor.health import ClusterHealth, VmHealth
from provisioner.drivers.network import Examination, Host, Inquiry
from provisioner.drivers.outlook import Fetched, Reached, Resolved
from provisioner.drivers.probe import ProbeOrder, ProbeReport
from provisioner.errors import Retriable, StepFailure
from provisioner.services.cloud_vps.drift import Finding as VmFinding
from provisioner.settings import CheckSettings
from provisioner.texts import say
from tests.unit.chain_world import EVENT, PROBE, SITE, VM, VM_2, hosts

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SETTINGS = CheckSettings(internet=["192.0.2.101", "192.0.2.102"], names=["kominfo.go.id"])


def silent(what: str) -> StepFailure:
    """What a driver says of one that does not answer."""
    return Retriable(say("%(what)s: no", what=what), meaning=say("x"), next=say("y"))


@dataclass
class Devices:
    """All platforms in one; ``answers`` gives each device's examination."""

    answers: Callable[[str, Inquiry, int], Examination | StepFailure]
    asked: list[dict[str, Inquiry]] = field(default_factory=list)

    def examine(self, inquiries: Mapping[str, Inquiry]) -> dict[str, Examination | StepFailure]:
        self.asked.append(dict(inquiries))
        turn = sum(1 for each in self.asked if each.keys() & inquiries.keys())
        return {name: self.answers(name, each, turn) for name, each in inquiries.items()}


@dataclass
class Eyes:
    """The office's own; addresses of ``dead`` do not answer. It never lasts."""

    dead: set[str] = field(default_factory=set)
    reached: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    greeted: set[frozenset[int]] = field(default_factory=set)

    def reach(
        self,
        address: str,
        ports: tuple[int, ...] = (),
        seconds: float = 2.0,
        greeted: frozenset[int] = frozenset(),
    ) -> Reached:
        self.reached.append(address)
        self.greeted.add(greeted)
        ms = None if address in self.dead else 1.0
        return Reached(address, ms, True, dict.fromkeys(ports, ms))

    def resolve(self, name: str, server: str = "", seconds: float = 3.0) -> Resolved:
        self.resolved.append(server)
        return Resolved(name, server, ("192.0.2.1",))

    def fetch(self, url: str, seconds: float = 10.0) -> Fetched:
        return Fetched(url, 200)


@dataclass
class Boxes:
    """Probes; each says what it was told."""

    tried: list[Mapping[str, ProbeOrder]] = field(default_factory=list)

    def at(self, site: str) -> tuple[str, ...]:
        return (PROBE,)

    def try_out(self, orders: Mapping[str, ProbeOrder]) -> dict[str, ProbeReport | StepFailure]:
        self.tried.append(orders)
        return {name: ProbeReport(name, joined=True) for name in orders}


@dataclass
class Books:
    """What stands, and what was seen last."""

    standing: tuple[Stands, ...] = (SITE, EVENT, VM, VM_2)
    last: Mapping[str, Sighting] = field(default_factory=dict)
    drifting: list[tuple[str, ...]] = field(default_factory=list)

    def stands(self, *, site: str = "", instance: str = "") -> tuple[Stands, ...]:
        return self.standing

    def compare(self, instances: Collection[str], since: datetime) -> Compared:
        self.drifting.append(tuple(instances))
        return Compared(dict.fromkeys(instances, ()))

    def settings(self, instance: str) -> tuple[VmFinding, ...]:
        return ()

    def changes(self, devices: Collection[str], since: datetime) -> tuple[Change, ...]:
        return (Change(since, next(iter(devices)), say("VLAN 401 added")),)

    def sightings(self, devices: Collection[str]) -> Mapping[str, Sighting]:
        return {name: each for name, each in self.last.items() if name in devices}


@dataclass
class Cluster:
    """One cluster; ``failure``: it does not answer; ``late``: not before that is set."""

    failure: StepFailure | None = None
    late: threading.Event | None = None
    asked: list[int] = field(default_factory=list)

    def health(self) -> ClusterHealth:
        if self.late is not None:
            self.late.wait(30)
        if self.failure:
            raise self.failure
        return ClusterHealth("dc1", AT, "9.1", True, (), ())

    def vm_health(self, vmid: int) -> VmHealth:
        self.asked.append(vmid)
        if vmid == 2002:
            raise silent("vm 2002")
        return VmHealth(vmid, None)


def well(name: str, inquiry: Inquiry, turn: int = 1) -> Examination:
    """A device in the best of health."""
    return Examination(name, name, AT)


@dataclass
class World:
    """All of it, and a looker on it."""

    devices: Devices = field(default_factory=lambda: Devices(well))
    eyes: Eyes = field(default_factory=Eyes)
    boxes: Boxes = field(default_factory=Boxes)
    books: Books = field(default_factory=Books)
    cluster: Cluster = field(default_factory=Cluster)
    settings: CheckSettings = SETTINGS
    dark: set[str] = field(default_factory=set)
    """Devices that do not answer."""

    def hosts(self) -> dict[str, Host]:
        """Each device at an address of its own."""
        known = sorted(hosts().items())
        found = {n: replace(h, address=f"192.0.2.{i}") for i, (n, h) in enumerate(known, 1)}
        self.eyes.dead |= {found[name].address for name in self.dark}
        return found

    def looker(self, **changes: Any) -> Looker:
        platforms: Any = dict.fromkeys(("cisco_ios", "mikrotik_routeros", "openwrt"), self.devices)
        clusters: Any = {"dc1": self.cluster}
        return Looker(
            Fleet(self.hosts, platforms), clusters, self.eyes, self.boxes, self.books,
            self.settings, **{"pause": 0.0, **changes},
        )  # fmt: skip
