"""Which devices a lab has, how they are cabled, and where they listen."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from provisioner.lab.devices.topology import Cable, End

Platform = Literal["cisco_ios", "openwrt"]
GROUPS: dict[Platform, str] = {"cisco_ios": "switches", "openwrt": "access_points"}
UPLINK = "GigabitEthernet1/0/24"


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


@dataclass(frozen=True)
class CampusPlan:
    """The devices of one lab. ``port`` 0 lets the system choose one for all addresses."""

    devices: tuple[DevicePlan, ...]
    links: tuple[tuple[str, str], ...] = ()
    """Cables as network.yml writes them: device:port to device:port."""
    routers: tuple[str, ...] = ("rt-core-1",)
    sites: tuple[tuple[str, str], ...] = ()
    """Key and title."""
    places: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()
    """Key, site, title, access points."""
    event_networks: tuple[tuple[str, str, int, str], ...] = ()
    """Key, title, VLAN, network."""
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
    ),
    links=(
        _link("rt-core-1", 1, "sw-core-1"),
        _link("sw-core-1", 1, "sw-pendopo-1"),
        _link("sw-core-1", 2, "sw-alun-1"),
        _link("sw-pendopo-1", 1, "ap-pendopo-1", "eth0"),
        _link("sw-pendopo-1", 2, "ap-pendopo-2", "eth0"),
        _link("sw-alun-1", 1, "ap-alun-1", "eth0"),
        _link("sw-alun-1", 2, "ap-alun-2", "eth0"),
    ),
    sites=(("pendopo", "Pendopo Kabupaten"), ("alun-alun", "Alun-Alun Kota")),
    places=(
        ("aula-pendopo", "pendopo", "Aula Pendopo", ("ap-pendopo-1", "ap-pendopo-2")),
        ("alun-alun", "alun-alun", "Alun-Alun", ("ap-alun-1", "ap-alun-2")),
    ),
    event_networks=(
        ("event-1", "Jaringan acara 1", 301, "10.31.1.0/24"),
        ("event-2", "Jaringan acara 2", 302, "10.31.2.0/24"),
    ),
)
"""The campus of an invented regency: one router, three switches, four access points."""


def tree(switches: int, *, fan: int = 20, **options: object) -> CampusPlan:
    """So many switches below one router: the first is the core, each carries up to ``fan`` more."""
    names = [f"sw-{number:03}" for number in range(1, switches + 1)]
    links = [_link("rt-core-1", 1, names[0])]
    for index, name in enumerate(names[1:]):
        links.append(_link(names[index // fan], index % fan + 1, name))
    return CampusPlan(
        devices=tuple(DevicePlan(name, site="campus") for name in names),
        links=tuple(links),
        sites=(("campus", "Kampus"),),
        event_networks=CAMPUS.event_networks,
        cidr="127.32.0.0/16",
        **options,  # type: ignore[arg-type]  # the fields of CampusPlan
    )
