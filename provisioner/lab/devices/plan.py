"""Which devices a lab has, how they are cabled, and where they listen."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from provisioner.lab.devices.topology import Cable, End

Platform = Literal["cisco_ios", "openwrt", "mikrotik_routeros"]
GROUPS: dict[Platform, str] = {
    "cisco_ios": "switches",
    "openwrt": "access_points",
    "mikrotik_routeros": "switches",
}
UPLINK = "GigabitEthernet1/0/24"
ROUTER = "rt-core-1"


@dataclass(frozen=True)
class DevicePlan:
    """One device; ``legacy`` offers only the SSH algorithms of old switches."""

    name: str
    platform: Platform = "cisco_ios"
    site: str | None = None
    key_type: Literal["ssh-ed25519", "ssh-rsa"] = "ssh-ed25519"
    legacy: bool = False
    archive: bool = True
    """IOS: whether a configuration archive is set up, without which no timer can be armed."""
    enable_password: str | None = field(default=None, repr=False)
    """IOS: given, a login has no rights until this is entered."""
    foreign_nvram: bool = False
    """IOS: saving asks once whether what another version wrote may be overwritten."""
    role: Literal["switch", "router"] = "switch"
    """RouterOS: a router is in the inventory's group of routers, and where the Internet is."""
    version: str = "7.16.1"
    """RouterOS: 6.49 and 7.16 differ in menus, dates and packages."""
    wireless: Literal["", "wireless", "caps-man", "wifi", "wifiwave2"] = ""
    """RouterOS: the tree of menus for wireless networks; '' has none."""
    bridged: bool | None = None
    """RouterOS: whether the ports are in one bridge that filters VLANs; None: as the role says."""
    poe: bool = True
    """RouterOS: whether the ports can feed what is plugged in."""
    identity: str = ""
    """RouterOS: what it calls itself where that is not its name."""
    first_login: Literal["", "password", "licence"] = ""
    """RouterOS: the page that comes before the first prompt."""

    @property
    def group(self) -> str:
        """Its group in the inventory."""
        return "routers" if self.role == "router" else GROUPS[self.platform]

    @property
    def groups(self) -> frozenset[str]:
        """All of its groups: a switch with radios of its own is an access point, too."""
        radios = self.wireless not in ("", "caps-man") and self.role == "switch"
        return frozenset({self.group, "access_points"} if radios else {self.group})


class SitePlan(NamedTuple):
    """A site; ``ports`` and ``access_points`` are there for whoever is connected at it."""

    key: str
    title: str
    ports: tuple[str, ...] = ()
    access_points: tuple[str, ...] = ()


@dataclass(frozen=True)
class CampusPlan:
    """The devices of one lab. ``port`` 0 lets the system choose one for all addresses."""

    devices: tuple[DevicePlan, ...]
    links: tuple[tuple[str, str], ...] = ()
    """Cables as network.yml writes them: device:port to device:port."""
    routers: tuple[str, ...] = (ROUTER,)
    sites: tuple[SitePlan, ...] = ()
    places: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()
    """Key, site, title, access points."""
    event_networks: tuple[tuple[str, str, int, str], ...] = ()
    """Key, title, VLAN, network; a simulated router has them prepared."""
    segment: bool = False
    """Whether there is a stock of VLANs and networks for sites and events."""
    cidr: str = "127.32.1.0/24"
    port: int = 0
    minute: float = 3.0
    delay: float = 0.0
    boot_seconds: float = 0.2
    vty: int = 16
    user: str = "provisioner"
    password: str | None = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    authorized_keys: str = ""
    host_keys: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Private host keys by device; made anew where not given."""

    def user_on(self, platform: str) -> str:
        """Who logs in there."""
        return "root" if platform == "openwrt" else self.user

    def address(self, number: int) -> str:
        return str(ipaddress.ip_network(self.cidr)[number + 11])

    def cables(self) -> Iterator[Cable]:
        for one, other in self.links:
            yield _end(one), _end(other)

    def ports(self, name: str) -> Iterator[tuple[str, str, str]]:
        """Cabled ports of a device, each with the device and port at the other end."""
        for one, other in self.cables():
            for here, there in ((one, other), (other, one)):
                if here[0] == name:
                    yield here[1], *there


def _end(text: str) -> End:
    device, _, port = text.partition(":")
    return device, port


def _link(one: str, port: int, other: str, far: str = UPLINK) -> tuple[str, str]:
    return f"{one}:GigabitEthernet1/0/{port}", f"{other}:{far}"


CAMPUS = CampusPlan(
    devices=(
        *(
            DevicePlan(name, "cisco_ios", site)
            for name, site in (
                ("sw-core-1", "pendopo"),
                ("sw-pendopo-1", "pendopo"),
                ("sw-alun-1", "alun-alun"),
            )
        ),
        *(
            DevicePlan(f"ap-{place}-{number}", "openwrt", site)
            for place, site in (("pendopo", "pendopo"), ("alun", "alun-alun"))
            for number in (1, 2)
        ),
        DevicePlan(ROUTER, "mikrotik_routeros", "pendopo", role="router"),
        DevicePlan("sw-smp-1", "cisco_ios", "smp-1"),
        DevicePlan("ap-smp-1", "openwrt", "smp-1"),
        DevicePlan("sw-skpd-1", "mikrotik_routeros", "skpd", wireless="wifi"),
    ),
    links=(
        (f"{ROUTER}:ether2", f"sw-core-1:{UPLINK}"),
        _link("sw-core-1", 1, "sw-pendopo-1"),
        _link("sw-core-1", 2, "sw-alun-1"),
        _link("sw-pendopo-1", 1, "ap-pendopo-1", "eth0"),
        _link("sw-pendopo-1", 2, "ap-pendopo-2", "eth0"),
        _link("sw-alun-1", 1, "ap-alun-1", "eth0"),
        _link("sw-alun-1", 2, "ap-alun-2", "eth0"),
        _link("sw-core-1", 3, "sw-smp-1"),
        _link("sw-core-1", 4, "sw-skpd-1", "ether1"),
        _link("sw-smp-1", 1, "ap-smp-1", "eth0"),
    ),
    sites=(
        SitePlan("pendopo", "Pendopo Kabupaten"),
        SitePlan("alun-alun", "Alun-Alun Kota"),
        SitePlan(
            "smp-1",
            "SMP Negeri 1",
            tuple(f"sw-smp-1:GigabitEthernet1/0/{port}" for port in range(5, 9)),
            ("ap-smp-1",),
        ),
        SitePlan(
            "skpd",
            "Kantor SKPD",
            tuple(f"sw-skpd-1:ether{port}" for port in range(5, 9)),
            ("sw-skpd-1",),
        ),
    ),
    places=(
        ("aula-pendopo", "pendopo", "Aula Pendopo", ("ap-pendopo-1", "ap-pendopo-2")),
        ("alun-alun", "alun-alun", "Alun-Alun", ("ap-alun-1", "ap-alun-2")),
    ),
    event_networks=(
        ("event-1", "Jaringan acara 1", 301, "10.31.1.0/24"),
        ("event-2", "Jaringan acara 2", 302, "10.31.2.0/24"),
    ),
    segment=True,
)
"""The campus of an invented regency: a router, switches and access points of three makers."""


def tree(switches: int, *, fan: int = 20, **options: object) -> CampusPlan:
    """So many switches below one router: the first is the core, each carries up to ``fan`` more."""
    names = [f"sw-{number:03}" for number in range(1, switches + 1)]
    links = [_link("rt-core-1", 1, names[0])]
    for index, name in enumerate(names[1:]):
        links.append(_link(names[index // fan], index % fan + 1, name))
    return CampusPlan(
        devices=tuple(DevicePlan(name, site="campus") for name in names),
        links=tuple(links),
        sites=(SitePlan("campus", "Kampus"),),
        event_networks=CAMPUS.event_networks,
        cidr="127.32.0.0/16",
        **options,  # type: ignore[arg-type]  # the fields of CampusPlan
    )


_KINDS: tuple[dict[str, Any], ...] = (
    {"platform": "cisco_ios"},
    {"platform": "mikrotik_routeros", "version": "7.16.1", "wireless": "wifi"},
    {"platform": "openwrt"},
    {"platform": "mikrotik_routeros", "version": "6.49.18", "wireless": "wireless"},
)


def mixed(count: int, *, fan: int = 20, **options: object) -> CampusPlan:
    """So many devices of all platforms below one RouterOS router, which counts; the second is a
    Cisco switch that the next ``fan`` hang from, and so on.
    """
    router = DevicePlan(ROUTER, "mikrotik_routeros", "campus", role="router")
    devices, links = [router], list[tuple[str, str]]()
    above = (ROUTER, 2)
    for at in range(count - 1):
        heads = at % (fan + 1) == 0
        kind = _KINDS[0 if heads else at % len(_KINDS)]
        name = f"{'ap' if kind['platform'] == 'openwrt' else 'sw'}-{at + 1:03}"
        devices.append(DevicePlan(name, site="campus", **kind))
        far = {"cisco_ios": UPLINK, "openwrt": "eth0"}.get(kind["platform"], "ether1")
        if heads:
            port = f"ether{above[1]}" if above[0] == ROUTER else "GigabitEthernet1/0/23"
            links.append((f"{above[0]}:{port}", f"{name}:{far}"))
            above = (name, 0)
        else:
            above = (above[0], above[1] + 1)
            links.append(_link(above[0], above[1], name, far))
    return CampusPlan(
        devices=tuple(devices),
        links=tuple(links),
        sites=(SitePlan("campus", "Kampus"),),
        event_networks=CAMPUS.event_networks,
        cidr="127.32.0.0/16",
        segment=True,
        **options,  # type: ignore[arg-type]  # the fields of CampusPlan
    )
