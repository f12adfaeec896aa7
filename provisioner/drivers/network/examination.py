"""How a device is doing, as it says itself in a session that only reads: neutral, unjudged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from provisioner.drivers.network.survey import Learned, Lease, Neighbor
from provisioner.texts import Message

Topic = Literal[
    "system", "ports", "vlans", "spanning_tree", "power", "neighbors", "learned", "addresses",
    "wireless",
]  # fmt: skip
"""What can be asked for; each is a handful of commands on a device."""
TOPICS: tuple[Topic, ...] = (
    "system", "ports", "vlans", "spanning_tree", "power", "neighbors", "learned", "addresses",
    "wireless",
)  # fmt: skip


@dataclass(frozen=True)
class Inquiry:
    """What is asked of one device; ``limit`` seconds for the login, and for all that follows."""

    topics: frozenset[Topic] = frozenset(TOPICS)
    pings: tuple[str, ...] = ()
    """IPv4 addresses that the device itself pings, three times each."""
    names: tuple[str, ...] = ()
    """Names that it resolves, with the resolver that its own clients use."""
    limit: float = 20.0


@dataclass(frozen=True)
class System:
    """The device itself; None where it does not say."""

    model: str = ""
    version: str = ""
    serial: str = ""
    uptime: float | None = None
    """Seconds since it started."""
    restarted: str = ""
    """Why it started last, in its own words."""
    cpu_percent: float | None = None
    """Over the longest time that it tells of, five minutes at most."""
    memory_percent: float | None = None
    """Used, of all."""
    storage_percent: float | None = None
    """Used of its flash, or of its root file system."""
    temperature: float | None = None
    """Degrees Celsius at its hottest place."""
    alarms: tuple[str, ...] = ()
    """What it complains of by itself: fan, power supply, too hot."""
    clock_offset: float | None = None
    """Seconds by which its clock is ahead of ours."""
    synchronized: bool | None = None
    """Whether it says that its clock follows a time server."""


@dataclass(frozen=True)
class PortHealth:
    """A port as it is now; None and '' where the device does not say."""

    port: str
    """By its full name."""
    up: bool
    enabled: bool = True
    description: str = ""
    speed_mbps: int | None = None
    duplex: Literal["full", "half"] | None = None
    disabled_by_fault: str = ""
    """Why the device itself has switched it off (IOS: err-disabled): ``bpduguard``, ``loop`` …"""
    mode: Literal["access", "trunk"] | None = None
    untagged: int | None = None
    """The VLAN of frames without a tag: of an access port its VLAN, of a trunk the native one; 0:
    none, they go nowhere."""
    tagged: frozenset[int] | None = None
    """VLANs that it passes with a tag, as far as the device knows them."""
    in_errors: int | None = None
    out_errors: int | None = None
    collisions: int | None = None
    """Late ones where they are told apart: they show that the other end is not in full duplex."""
    drops: int | None = None
    """Frames that found no room to leave."""
    changes: int | None = None
    """How often the link went up or down, since counting began."""
    in_bps: float | None = None
    out_bps: float | None = None
    feeding: Literal["on", "off", "searching", "denied", "fault"] | None = None
    """Power over Ethernet; ``denied``: there is none left for it."""
    watts: float | None = None
    tree: Literal["forwarding", "blocking", "learning", "broken"] | None = None
    """Spanning tree; ``broken``: it found an inconsistency there (PVID, root, loop guard)."""
    tree_reason: str = ""
    """What is inconsistent, in the device's own words."""
    blocked: frozenset[int] = frozenset()
    """VLANs for which the port is blocked; empty where the tree is one for all."""
    native_passes: bool = True
    """False: a trunk whose native VLAN is not among those that it lets pass."""


@dataclass(frozen=True)
class PowerBudget:
    """Power over Ethernet of the whole device, in watts."""

    available: float
    used: float


@dataclass(frozen=True)
class ScopeHealth:
    """One address scope of the device's DHCP server."""

    name: str
    network: str = ""
    """``10.40.1.0/24``."""
    interface: str = ""
    vlan: int | None = None
    size: int = 0
    """Addresses that it may give away."""
    used: int = 0
    enabled: bool = True
    """Whether the server answers there."""


@dataclass(frozen=True)
class Stranger:
    """A DHCP server that is not ours, as a device has seen it."""

    address: str = ""
    mac: str = ""
    port: str = ""
    vlan: int | None = None


@dataclass(frozen=True)
class Radio:
    """One radio of an access point."""

    name: str
    enabled: bool = True
    """As it is set up."""
    up: bool = True
    """Whether it transmits now."""
    band: Literal["2.4", "5", "6"] | None = None
    channel: int | None = None
    busy_percent: float | None = None
    """Of its channel's time, by whomever."""
    noise_dbm: float | None = None


@dataclass(frozen=True)
class OnAir:
    """One wireless network on one radio."""

    ssid: str
    radio: str
    up: bool = True
    clients: int | None = None
    refused: int | None = None
    """Clients that tried to join and were turned away lately (wrong key, no room)."""


@dataclass(frozen=True)
class PingResult:
    """Three pings from the device."""

    address: str
    sent: int
    received: int
    ms: float | None = None
    """On average."""


@dataclass(frozen=True)
class NameResult:
    """A name that the device resolved; ``error`` in its own words where it could not."""

    name: str
    addresses: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Examination:
    """One device as it is doing."""

    host: str
    hostname: str
    at: datetime
    seconds: float = 0.0
    """How long the session took, login included."""
    login_seconds: float = 0.0
    system: System = System()
    ports: Mapping[str, PortHealth] = field(default_factory=dict)
    """By full name."""
    vlans: Mapping[int, str] | None = None
    """VLANs that it knows, with their names; None where it does not tell."""
    power: PowerBudget | None = None
    neighbors: tuple[Neighbor, ...] = ()
    learned: tuple[Learned, ...] = ()
    arp: Mapping[str, str] = field(default_factory=dict)
    """IPv4 address to Ethernet address."""
    leases: tuple[Lease, ...] = ()
    scopes: tuple[ScopeHealth, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    gateway: str = ""
    """The next hop of its default route."""
    outside: str = ""
    """The interface of its default route."""
    resolvers: tuple[str, ...] = ()
    """Whom it asks for names."""
    radios: tuple[Radio, ...] = ()
    on_air: tuple[OnAir, ...] = ()
    pings: tuple[PingResult, ...] = ()
    names: tuple[NameResult, ...] = ()
    untold: Mapping[str, str] = field(default_factory=dict)
    """Topic (``pings``, ``names`` too) to why nothing is known of it: the device has no such
    command, refuses it, or its answer could not be read. What is empty and not here is none."""
    cut: Message | None = None
    """Why the session ended before all had been asked; what is above was read before."""
    own: frozenset[str] | None = None
    """Its own IPv4 addresses, on interfaces that are up; None where it was not asked."""


# ---------------------------------------------------------------- remedies


@dataclass(frozen=True)
class BouncePort:
    """Switch a port off and on again; ends what the device switched off because of a fault."""

    port: str


@dataclass(frozen=True)
class EnablePort:
    """Switch a port on, and save."""

    port: str


@dataclass(frozen=True)
class CyclePower:
    """Take the power from what is plugged in for ten seconds."""

    port: str


@dataclass(frozen=True)
class DropLease:
    """Forget what was leased, so that the client is given an address anew."""

    address: str


@dataclass(frozen=True)
class RestartRadio:
    """Switch a radio on where it is off, and start it anew; '' for all of them."""

    radio: str = ""


Remedy = BouncePort | EnablePort | CyclePower | DropLease | RestartRadio


@dataclass(frozen=True)
class Remedied:
    """What was done, as the session went, secrets masked."""

    transcript: str = field(default="", repr=False)
