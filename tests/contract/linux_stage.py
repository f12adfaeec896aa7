"""Linux hosts of the data plane over real SSH, and the driver pointed at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from provisioner.drivers.network import (
    AccessPort,
    Applied,
    Confirmed,
    Host,
    Intent,
    Order,
    RateLimit,
    Reading,
    Scope,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.platforms.linux import LinuxPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import StepFailure
from provisioner.settings import DeviceSettings
from tests.dataplane.campus import DNS, ROUTER, SWITCH, Campus

MARK = "NET-2026-0001"
TOKEN = "token-1"
WALLS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def scope(number: int = 1, vlan: int = 412, **values: object) -> Scope:
    """A scope of the router, such as a site's."""
    made = Scope(
        mark=f"NET-2026-{number:04d}",
        vlan=vlan,
        port="lan",
        gateway=f"10.40.{number}.1/24",
        first=f"10.40.{number}.10",
        last=f"10.40.{number}.200",
        dns=(DNS,),
        outside="wan",
        walls=WALLS,
    )
    return replace(made, **values)  # type: ignore[arg-type]


def rate(number: int = 1, vlan: int = 412, mbps: int = 8) -> RateLimit:
    return RateLimit(f"NET-2026-{number:04d}", vlan, f"10.40.{number}.0/24", mbps, mbps)


def site(number: int = 1, vlan: int = 412, port: str = "swp1") -> dict[str, Sequence[Intent]]:
    """What connects a site: on the switch and on the router."""
    mark = f"PROV-NET-2026-{number:04d}"
    return {
        SWITCH: [
            Vlan(vlan, mark),
            TrunkMember("up", vlan),
            AccessPort(port, vlan, f"{mark} Loket 'dua'"),
        ],
        ROUTER: [scope(number, vlan), rate(number, vlan)],
    }


WANTED = site()


@dataclass
class Stage:
    campus: Campus
    hosts: dict[str, Host]
    settings: DeviceSettings
    platform: LinuxPlatform
    keys: dict[str, str] = field(default_factory=dict)

    def read(self, host: str, wanted: Sequence[Intent] | None = None) -> Reading:
        asked = WANTED[host] if wanted is None else wanted
        found = self.platform.read({host: asked}, self.keys)[host]
        if isinstance(found, StepFailure):
            raise found
        return found

    def order(
        self,
        host: str,
        wanted: Sequence[Intent] | None = None,
        *,
        minutes: int = 5,
        present: bool = True,
        token: str = TOKEN,
    ) -> Order:
        asked = WANTED[host] if wanted is None else wanted
        wishes = [Wish(intent, present) for intent in asked]
        preview = self.platform.preview(self.read(host, asked), wishes)
        return Order(preview, token, minutes, self.keys)

    def apply(self, order: Order) -> Applied | StepFailure:
        return self.platform.apply({order.preview.host: order})[order.preview.host]

    def put(self, host: str, wanted: Sequence[Intent], *, present: bool = True) -> Order:
        """Make it so for good, through timer and confirmation."""
        order = self.order(host, wanted, present=present)
        if order.preview.lines:
            applied = self.apply(order)
            assert isinstance(applied, Applied), applied.to_json()
            assert self.platform.confirm({host: order}) == {host: Confirmed(True)}
        return order

    def configuration(self, host: str) -> str:
        return self.read(host, ()).configuration

    def change(self, host: str, **values: object) -> None:
        """Change its entry in the inventory."""
        self.hosts[host] = replace(self.hosts[host], **values)  # type: ignore[arg-type]


@contextmanager
def staged(campus: Campus, **settings: float) -> Iterator[Stage]:
    """The driver on that campus, both of its machines as at the beginning."""
    hosts = dict(campus.hosts)
    chosen = DeviceSettings(**{"connect": 5, "command": 30, **settings})  # type: ignore[arg-type]
    sessions = Sessions(lambda: hosts, chosen, campus.known_hosts, lambda: campus.identity)
    yield Stage(campus, hosts, chosen, LinuxPlatform(sessions))
