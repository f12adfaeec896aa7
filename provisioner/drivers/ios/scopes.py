"""An address scope as IOS says it: VLAN interface, DHCP pool, translation, and an access list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from provisioner.drivers.ios.configuration import Port, Switch, plain
from provisioner.drivers.ios.lines import Change, added, below, gone, kept
from provisioner.drivers.network import Scope
from provisioner.drivers.sessions import failures

LIST = "ip access-list extended "
NAT_LIST = "ip access-list standard "
POOL = "ip dhcp pool "
EXCLUDED = "ip dhcp excluded-address "
TRANSLATION = "ip nat inside source list "
PORT_KEYS = ("description", "encapsulation", "ip address", "ip access-group", "ip nat", "shutdown")
POOL_KEYS = ("network", "default-router", "dns-server", "lease")

_DAY = 86_400
_MARK = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,29}")
_PORT = re.compile(r"[A-Za-z][\w/.-]*")
_LISTS = re.compile(r"ip access-list (?:standard|extended) (\S+)")


@dataclass(frozen=True)
class Abilities:
    """What the device can do, as far as its configuration does not tell."""

    vtp_client: bool = False
    translates: bool = True
    limits: bool = True
    routes: bool = True


@dataclass(frozen=True)
class Place:
    """Where on the device a scope lives: its interface, and the port towards the Internet."""

    interface: str
    tagged: bool
    """Whether it is a sub-interface, which says itself which VLAN it is."""
    outside: str


def place(switch: Switch, scope: Scope) -> Place:
    """A sub-interface where the port is routed; the VLAN's own interface otherwise."""
    port = switch.port(scope.port) if scope.port else None
    outside = scope.outside or next(iter(outsides(switch)), "")
    named = switch.port(outside)
    outside = named.name if named else outside
    if port is not None and port.routed:
        return Place(f"{port.name}.{scope.vlan}", True, outside)
    return Place(f"Vlan{scope.vlan}", False, outside)


def outsides(switch: Switch) -> list[str]:
    """The ports that translate towards the Internet."""
    return [port.name for port in switch.ports() if "ip nat outside" in port.lines]


def parts(switch: Switch, scope: Scope) -> dict[str, tuple[str, ...]]:
    """Every top line that the scope takes, with what stands below it; in order of being made."""
    where, mark, gateway = place(switch, scope), name(scope), IPv4Interface(scope.gateway)
    walls = list_name(switch, scope)
    made: dict[str, tuple[str, ...]] = {f"{LIST}{walls}": tuple(rules(scope))}
    if scope.nat:
        made[f"{NAT_LIST}{mark}-NAT"] = (f"permit {_wild(gateway.network)}",)
    made |= dict.fromkeys(exclusions(scope), ())
    lease = _lease(scope.lease_seconds)
    made[f"{POOL}{mark}"] = (
        f"network {gateway.network.network_address} {gateway.netmask}",
        f"default-router {gateway.ip}",
        f"dns-server {' '.join(scope.dns or (str(gateway.ip),))}",
        *([lease] if lease else []),
    )
    made[f"interface {where.interface}"] = (
        f"description {mark}",
        *([f"encapsulation dot1Q {scope.vlan}"] if where.tagged else []),
        f"ip address {gateway.ip} {gateway.netmask}",
        f"ip access-group {walls} in",
        *(["ip nat inside"] if scope.nat else []),
    )
    if scope.nat:
        made[f"{TRANSLATION}{mark}-NAT interface {where.outside} overload"] = ()
    return made


def name(scope: Scope) -> str:
    return f"PROV-{scope.mark}"


def list_name(switch: Switch, scope: Scope) -> str:
    """That of the access list: one that is right already, or one that is free.

    A list that is not right is replaced by another, so that it never stands half-written before
    the interface that uses it.
    """
    wanted = list(rules(scope))
    names = [name(scope), *(f"{name(scope)}-{number}" for number in range(2, 10))]
    there = {each: switch.sections.get(f"{LIST}{each}") for each in names}
    right = [x for x, lines in there.items() if lines and list(map(plain, lines)) == wanted]
    free = [x for x, lines in there.items() if lines is None]
    return (right or free or names)[0]


def rules(scope: Scope) -> Iterator[str]:
    """What clients may ask and reach; replies to what others began are let through."""
    gateway = IPv4Interface(scope.gateway)
    inside = _wild(gateway.network)
    yield "permit udp any eq bootpc any eq bootps"
    yield f"permit icmp {inside} host {gateway.ip} echo"
    for server in scope.dns or (str(gateway.ip),):
        yield f"permit udp {inside} host {server} eq domain"
        yield f"permit tcp {inside} host {server} eq domain"
    yield f"permit tcp {inside} any established"
    yield f"permit icmp {inside} any echo-reply"
    yield f"deny ip any host {gateway.ip}"
    for wall in scope.walls:
        yield f"deny ip any {_wild(IPv4Network(wall))}"
    yield f"permit ip {inside} any"


def exclusions(scope: Scope) -> Iterator[str]:
    """What is not leased of the network: all but the range."""
    network = IPv4Interface(scope.gateway).network
    first, last = IPv4Address(scope.first), IPv4Address(scope.last)
    for low, high in (
        (network.network_address + 1, first - 1),
        (last + 1, network.broadcast_address - 1),
    ):
        if low == high:
            yield f"{EXCLUDED}{low}"
        elif low < high:
            yield f"{EXCLUDED}{low} {high}"


# ---------------------------------------------------------------- what is there


def rests(switch: Switch, scope: Scope) -> list[str]:
    """The top lines that bear the scope's mark, in order of being taken away."""
    mark = name(scope)
    lines = list(switch.sections)
    found = [x for x in lines if x.startswith(f"{TRANSLATION}{mark}-NAT ")]
    found += [f"interface {p.name}" for p in switch.ports() if is_of(p, mark)]
    found += [x for x in lines if x == f"{POOL}{mark}"]
    lists = [x for x in lines if (m := _LISTS.fullmatch(x)) and _bears(m[1], mark)]
    expected = set(exclusions(scope))
    ours = bool(found or lists)
    network = IPv4Interface(scope.gateway).network
    found += [x for x in lines if x in expected or (ours and _within(x, network))]
    begun = switch.port(place(switch, scope).interface)
    if ours and begun and begun.made and set(begun.lines) <= {"no ip address", "shutdown"}:
        lists.append(f"interface {begun.name}")  # the session ended before it was named
    return found + lists


def is_of(port: Port, mark: str) -> bool:
    """Whether that interface was made for that mark."""
    return port.made and port.value("description") == mark


def found(switch: Switch, scope: Scope) -> Scope | None:
    """The scope as it is there; None where nothing bears its mark."""
    there = rests(switch, scope)
    if not there:
        return None
    if not list(_making(switch, scope)) and set(there) <= parts(switch, scope).keys():
        return scope
    seen = _seen(switch, scope, there)
    # A part that no field tells of is missing or has been changed: not to be taken for the whole.
    return replace(seen, gateway="") if seen == scope else seen


def _seen(switch: Switch, scope: Scope, there: Sequence[str]) -> Scope:
    mark, expected = name(scope), parts(switch, scope)
    header = next((x for x in there if x.startswith("interface ")), "")
    port = Port(header.removeprefix("interface "), below(switch, header))
    address = next(addresses(port.lines, "ip address "), None)
    pool = below(switch, f"{POOL}{mark}")
    servers = _value(pool, "dns-server").split()
    lists = [line for x in there if x.startswith(LIST) for line in map(plain, below(switch, x))]
    fenced = all(switch.holds("", x) for x in expected if x.startswith(LIST))
    walls = tuple(w for w in scope.walls if f"deny ip any {_wild(IPv4Network(w))}" in lists)
    nat = any(x.startswith(TRANSLATION) for x in there) and "ip nat inside" in port.lines
    leased = set(exclusions(scope)) == {x for x in there if x.startswith(EXCLUDED)} and pool
    return replace(
        scope,
        gateway=str(address) if address else "",
        first=scope.first if leased else "",
        last=scope.last if leased else "",
        dns=scope.dns if " ".join(servers) == _servers(scope) else tuple(servers),
        lease_seconds=_seconds(_value(pool, "lease")) if pool else 0,
        nat=nat,
        walls=walls if fenced else (),
    )


# ---------------------------------------------------------------- how it is made and taken away


def changes(switch: Switch, scope: Scope, present: bool) -> Iterator[Change]:
    """What makes the scope stand, or takes all that bears its mark."""
    if not present:
        for header in rests(switch, scope):
            yield gone(switch, header)
        return
    yield from _making(switch, scope)
    wanted = parts(switch, scope)
    for header in rests(switch, scope):
        if header not in wanted:
            yield gone(switch, header)


def _making(switch: Switch, scope: Scope) -> Iterator[Change]:
    for header, lines in parts(switch, scope).items():
        if header.startswith("interface "):
            yield from kept(switch, header, lines, PORT_KEYS)
        elif header.startswith(POOL):
            yield from kept(switch, header, lines, POOL_KEYS)
        elif header.startswith(NAT_LIST):
            yield from kept(switch, header, lines, below(switch, header))
        elif not switch.holds("", header):
            yield added(header, lines)
    outside = switch.port(place(switch, scope).outside)
    if scope.nat and outside and "ip nat outside" not in outside.lines:
        # It stays when the scope goes: others may be translated there by then.
        yield from kept(switch, f"interface {outside.name}", ["ip nat outside"], ())


# ---------------------------------------------------------------- words


def addresses(lines: Sequence[str], words: str) -> Iterator[IPv4Interface]:
    """Address and mask after those words."""
    for line in lines:
        ends = line.removeprefix(words).split()[:2] if line.startswith(words) else []
        try:
            if len(ends) == 2:
                yield IPv4Interface("/".join(ends))
        except ValueError:
            continue  # by DHCP, or in another form


def check(scope: Scope) -> None:
    """Raises Refused for what cannot be said, or would not mean what it is to mean."""
    if not _MARK.fullmatch(scope.mark):
        raise failures.not_said("mark", scope.mark)
    try:
        gateway = IPv4Interface(scope.gateway)
        inner = [IPv4Address(scope.first), IPv4Address(scope.last)]
        for server in scope.dns:
            IPv4Address(server)
        for wall in scope.walls:
            IPv4Network(wall)
    except ValueError as error:
        raise failures.not_said("address", str(error)) from error
    hosts = gateway.network
    if not (
        hosts.prefixlen <= 30
        and gateway.ip not in (hosts.network_address, hosts.broadcast_address)
        and hosts.network_address < inner[0] <= inner[1] < hosts.broadcast_address
        and not inner[0] <= gateway.ip <= inner[1]
    ):
        raise failures.not_said("range", f"{scope.first}-{scope.last}")
    if not 1 <= len(scope.dns) <= 8 and scope.dns:
        raise failures.not_said("DNS", " ".join(scope.dns))
    if not 60 <= scope.lease_seconds <= 365 * _DAY:
        raise failures.not_said("lease", str(scope.lease_seconds))
    for port in filter(None, (scope.port, scope.outside)):
        if not _PORT.fullmatch(port):
            raise failures.not_said("port", port)


def _wild(network: IPv4Network) -> str:
    if network.prefixlen == 0:
        return "any"
    if network.prefixlen == 32:
        return f"host {network.network_address}"
    return f"{network.network_address} {network.hostmask}"


def _lease(seconds: int) -> str | None:
    """Whole minutes, rounded up; None for the day that IOS gives by itself."""
    minutes = -(-seconds // 60)
    if minutes * 60 == _DAY:
        return None
    days, rest = divmod(minutes, 1440)
    words = [days, *divmod(rest, 60)]
    while len(words) > 1 and not words[-1]:
        words.pop()
    return "lease " + " ".join(map(str, words))


def _seconds(lease: str) -> int:
    words = [int(word) for word in lease.split() if word.isdigit()] if lease else [1]
    return sum(n * unit for n, unit in zip(words, (_DAY, 3600, 60), strict=False))


def _servers(scope: Scope) -> str:
    return " ".join(scope.dns or (str(IPv4Interface(scope.gateway).ip),))


def _value(lines: Sequence[str], words: str) -> str:
    return Port("", tuple(lines)).value(words) or ""


def _bears(text: str, mark: str) -> bool:
    return text == mark or text.startswith(f"{mark}-")


def _within(header: str, network: IPv4Network) -> bool:
    ends = header.removeprefix(EXCLUDED).split() if header.startswith(EXCLUDED) else []
    try:
        return bool(ends) and all(IPv4Address(end) in network for end in ends)
    except ValueError:  # within a VRF
        return False
