"""What a device is to hold, in words that no vendor has: neutral intents, and wishes for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from ipaddress import IPv4Interface
from typing import Any, Literal, get_args

Security = Literal["wpa2-personal", "wpa3-personal", "open"]
Band = Literal["both", "2.4", "5"]


@dataclass(frozen=True)
class Vlan:
    """A VLAN known to a device; ``name`` carries our mark when it is ours."""

    id: int
    name: str

    @property
    def key(self) -> str:
        return f"vlan {self.id}"


@dataclass(frozen=True)
class TrunkMember:
    """One VLAN on one trunk, never the trunk's whole list."""

    port: str
    vlan: int

    @property
    def key(self) -> str:
        return f"trunk {self.port} vlan {self.vlan}"


@dataclass(frozen=True)
class AccessPort:
    """A port that puts whatever is plugged in into one VLAN."""

    port: str
    vlan: int
    description: str
    poe: bool | None = None
    """Whether the port feeds what is plugged in. None: left as it is, and read back as None."""

    @property
    def key(self) -> str:
        return f"port {self.port}"


@dataclass(frozen=True)
class Ssid:
    """A wireless network that an access point announces on all its radios of ``band``.

    ``mark`` is the request's number and names it on the device; ``uplink`` is the wired port that
    carries its VLAN. The passphrase travels apart; ``keyed`` says whether the device has it.
    """

    mark: str
    ssid: str
    security: Security
    vlan: int
    uplink: str
    isolate: bool
    keyed: bool = True
    band: Band = "both"

    @property
    def key(self) -> str:
        return f"ssid {self.mark}"


@dataclass(frozen=True)
class Scope:
    """A VLAN's address scope on a router: gateway, DHCP, translation, and the walls around it.

    Its clients may ask ``dns`` and the router itself (DHCP, DNS, ping), never begin a connection to
    ``walls`` (networks, ``10.0.0.0/8``), and reach everything else by ``outside``. ``mark`` is the
    request's number and names all of its parts on the device.
    """

    mark: str
    vlan: int
    port: str
    """The router's port towards the switches; it carries the VLAN tagged. Empty: the VLAN is on the
    device already, as on a switch that routes."""
    gateway: str
    """The router's own address with its prefix length: ``10.40.1.1/24``."""
    first: str
    last: str
    """What is leased: from ``first`` to ``last``."""
    dns: tuple[str, ...] = ()
    """Empty: the router itself answers."""
    lease_seconds: int = 28_800
    nat: bool = True
    outside: str = ""
    """The router's port towards the Internet, for translation; empty: by whichever it routes."""
    walls: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"scope {self.mark}"

    @property
    def cidr(self) -> str:
        """The network of the gateway: ``10.40.1.0/24``."""
        return str(IPv4Interface(self.gateway).network)


@dataclass(frozen=True)
class RateLimit:
    """What all clients of a network may use together, on the router where its scope is.

    Megabits per second; ``down`` is towards the clients.
    """

    mark: str
    vlan: int
    cidr: str
    down_mbps: int
    up_mbps: int

    @property
    def key(self) -> str:
        return f"rate {self.mark}"


@dataclass(frozen=True)
class Description:
    """What stands on a port for people who look at it; nothing else of the port is touched."""

    port: str
    text: str

    @property
    def key(self) -> str:
        return f"description {self.port}"


Intent = Vlan | TrunkMember | AccessPort | Ssid | Scope | RateLimit | Description
_KINDS: dict[str, type[Intent]] = {kind.__name__: kind for kind in get_args(Intent)}


@dataclass(frozen=True)
class Wish:
    """An intent that has to stand on a device (``present``), or to be gone from it."""

    intent: Intent
    present: bool = True

    def holds(self, found: Intent | None) -> bool:
        """Whether what a device answered for ``intent.key`` is as wished."""
        return found == self.intent if self.present else found is None

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": type(self.intent).__name__,
            "present": self.present,
            "intent": asdict(self.intent),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wish:
        written = data["intent"].items()
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in written}
        return cls(_KINDS[data["kind"]](**values), data["present"])
