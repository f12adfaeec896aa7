"""A scope as the sections of a router (interface, DHCP, zone, walls), a rate limit as a queue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network

from provisioner.drivers.network import RateLimit, Scope
from provisioner.drivers.openwrt.bridges import aware, bridge_vlan, carrier
from provisioner.drivers.openwrt.names import MARK, PORT, base, named, unsayable
from provisioner.drivers.openwrt.sections import Section, Value
from provisioner.texts import Message, say

_PACKAGES = ("dhcp", "firewall")
_TEXT = re.compile(r"[0-9./]+")


def scope_name(mark: str) -> str:
    return f"{base(mark)}_scope"


def rate_name(mark: str) -> str:
    return f"{base(mark)}_rate"


# ---------------------------------------------------------------------- scopes


def scope_sections(scope: Scope, found: Sequence[Section]) -> list[Section]:
    """What has to stand on the router."""
    name, network = scope_name(scope.mark), IPv4Interface(scope.gateway).network
    wired, device = _device(found, scope)
    address: dict[str, Value] = {
        "proto": "static",
        "device": device,
        "ipaddr": scope.gateway.partition("/")[0],
        "netmask": str(network.netmask),
        "delegate": "0",
    }
    first, last = IPv4Address(scope.first), IPv4Address(scope.last)
    leases: dict[str, Value] = {
        "interface": name,
        "start": str(int(first) - int(network.network_address)),
        "limit": str(int(last) - int(first) + 1),
        "leasetime": f"{scope.lease_seconds}s",
        "dhcpv6": "disabled",
        "ra": "disabled",
        **({"dhcp_option": ("6," + ",".join(scope.dns),)} if scope.dns else {}),
    }
    return [
        *wired,
        Section("network", "interface", name, address),
        Section("dhcp", "dhcp", name, leases),
        *_firewall(scope, name, _outside(found, scope.outside)),
    ]


def _device(found: Sequence[Section], scope: Scope) -> tuple[list[Section], str]:
    """The VLAN as a device; without a port the one bridge that carries it."""
    if scope.port:
        return carrier(found, f"{scope_name(scope.mark)}_vlan", scope.port, scope.vlan)
    bridges = [name for name in aware(found) if bridge_vlan(found, name, scope.vlan)]
    return [], f"{bridges[0]}.{scope.vlan}" if bridges else ""


def _firewall(scope: Scope, name: str, outside: str) -> list[Section]:
    zone, label = f"prov{scope.vlan}", f"PROV-{scope.mark}"

    def section(kind: str, part: str, **options: Value) -> Section:
        return Section("firewall", kind, f"{name}_{part}", options)

    def rule(part: str, **options: Value) -> Section:
        ours: dict[str, Value] = {"name": f"{label} {part}", "src": zone, "family": "ipv4"}
        return section("rule", part, **ours, **options)

    sections = [
        section(
            "zone", "zone", name=zone, network=(name,), input="REJECT", output="ACCEPT",
            forward="REJECT",
        ),
        section("forwarding", "out", src=zone, dest=outside),
        rule("dhcp", proto="udp", dest_port="67", target="ACCEPT"),
        rule("names", proto="tcp udp", dest_port="53", target="ACCEPT"),
        rule("ping", proto="icmp", icmp_type=("echo-request",), target="ACCEPT"),
    ]  # fmt: skip
    if scope.dns:
        sections.append(
            rule(
                "dns", dest="*", dest_ip=scope.dns, proto="tcp udp", dest_port="53",
                target="ACCEPT",
            )
        )  # fmt: skip
    if scope.walls:
        sections.append(rule("walls", dest="*", dest_ip=scope.walls, proto="all", target="REJECT"))
    # a zone that translates everything leaves these clients alone where they are not to be
    target = "MASQUERADE" if scope.nat else "ACCEPT"
    sections.append(
        section(
            "nat", "nat", name=f"{label} nat", src=outside, src_ip=scope.cidr, proto="all",
            target=target,
        )
    )  # fmt: skip
    return sections


def _outside(found: Sequence[Section], port: str) -> str:
    """The zone towards the Internet: that of a port, or the one called wan; '' if there is none."""
    zones = [section for section in found if section.kind == "zone"]
    if not port:
        return next((zone.text("name") for zone in zones if zone.text("name") == "wan"), "")
    behind = {
        section.name
        for section in found
        if section.kind == "interface" and port in (section.text("device"), section.name)
    }
    return next((z.text("name") for z in zones if behind & set(z.words("network"))), "")


def scope_state(found: Sequence[Section], wanted: Scope) -> Scope | None:
    """None, ``wanted``, or what of ours is there instead, half-made rests too."""
    standing = named(found, scope_name(wanted.mark))
    if not standing:
        return None
    if _sound(wanted) and _same(standing, scope_sections(wanted, found)):
        return wanted
    interface = next((each for each in standing if each.kind == "interface"), None)
    device = interface.text("device") if interface else ""
    digits = device.rpartition(".")[2]
    return Scope(
        mark=wanted.mark,
        vlan=int(digits) if digits.isdecimal() else 0,
        port="",
        gateway=_gateway(interface),
        first="",
        last="",
        nat=False,
    )


def _same(standing: Sequence[Section], wanted: Sequence[Section]) -> bool:
    """Whether they are the same, whatever the order of their files."""
    return sorted(standing, key=_place) == sorted(wanted, key=_place)


def _place(section: Section) -> str:
    return section.path


def _gateway(interface: Section | None) -> str:
    if interface is None:
        return "0.0.0.0/0"
    written = f"{interface.text('ipaddr')}/{interface.text('netmask') or 32}"
    try:
        return str(IPv4Interface(written))
    except ValueError:
        return "0.0.0.0/0"


def scope_problem(
    found: Sequence[Section], packages: frozenset[str], ports: frozenset[str], wanted: Scope
) -> Message | None:
    """Why the scope could not be put on this device."""
    missing = [name for name in _PACKAGES if name not in packages]
    if missing:
        return say("it is no router: it has no %(packages)s", packages=", ".join(missing))
    if wanted.port and wanted.port not in ports:
        return say("it has no port %(port)s", port=wanted.port)
    if wanted.port and any(section.kind == "switch" for section in found):
        return say("its switch is of the old kind (swconfig), which this program does not set up")
    if not _outside(found, wanted.outside):
        return say("its firewall has no zone for %(port)s", port=wanted.outside or "wan")
    if not _sound(wanted):
        return None  # said by check
    name = scope_name(wanted.mark)
    mine = {section.path for section in named(found, name)}
    others = [section for section in found if section.path not in mine]
    _, device = _device(others, wanted)
    if not device:
        return say("there is no VLAN %(vlan)s", vlan=wanted.vlan)
    zone, network = f"prov{wanted.vlan}", IPv4Interface(wanted.gateway).network
    for section in others:
        if _has_it(section, device, zone):
            return say("VLAN %(vlan)s is in use there by something else", vlan=wanted.vlan)
        if any(network.overlaps(each) for each in _networks(section)):
            return say("%(cidr)s is in use there by something else", cidr=wanted.cidr)
    return None


def _has_it(section: Section, device: str, zone: str) -> bool:
    if section.kind == "interface":
        return section.text("device") == device or section.text("ifname") == device
    if section.kind == "device":
        return section.text("name") == device
    return section.kind == "zone" and section.text("name") == zone


def _networks(section: Section) -> list[IPv4Network]:
    """The networks of an interface's own addresses."""
    if section.kind != "interface":
        return []
    found = []
    for text in section.words("ipaddr"):
        written = text if "/" in text else f"{text}/{section.text('netmask') or 32}"
        try:
            found.append(IPv4Interface(written).network)
        except ValueError:
            continue  # no address that anything could collide with
    return found


def _sound(scope: Scope) -> bool:
    """Whether all of its addresses are addresses and belong together."""
    try:
        own = IPv4Interface(scope.gateway)
        first, last = IPv4Address(scope.first), IPv4Address(scope.last)
        [IPv4Address(each) for each in scope.dns]
        [IPv4Network(each) for each in scope.walls]
    except (AddressValueError, ValueError):
        return False
    texts = (scope.gateway, scope.first, scope.last, *scope.dns, *scope.walls)
    return (
        all(_TEXT.fullmatch(text) for text in texts)
        and first in own.network
        and last in own.network
        and first <= last
    )


def check_scope(scope: Scope) -> None:
    """Raises Refused for what cannot be written on a router."""
    ports = [port for port in (scope.port, scope.outside) if port]
    fit = MARK.fullmatch(scope.mark) and all(map(PORT.fullmatch, ports))
    if not fit or not 1 <= scope.vlan <= 4094 or scope.lease_seconds < 120 or not _sound(scope):
        raise unsayable(say("%(object)s cannot be written as asked.", object=scope.key))


# ---------------------------------------------------------------------- rate limits


def rate_sections(rate: RateLimit, found: Sequence[Section]) -> list[Section]:
    """The queue on the VLAN's device; what leaves it goes to the clients. [] without a scope."""
    device = _device_of(found, rate)
    if not device:
        return []
    options: dict[str, Value] = {
        "enabled": "1",
        "interface": device,
        "download": str(rate.up_mbps * 1000),
        "upload": str(rate.down_mbps * 1000),
        "qdisc": "fq_codel",
        "script": "simple.qos",
        "linklayer": "none",
    }
    return [Section("sqm", "queue", rate_name(rate.mark), options)]


def _device_of(found: Sequence[Section], rate: RateLimit) -> str:
    try:
        network = IPv4Network(rate.cidr)
    except ValueError:
        return ""
    holders = (section for section in found if network in _networks(section))
    return next((section.text("device") for section in holders), "")


def rate_state(found: Sequence[Section], wanted: RateLimit) -> RateLimit | None:
    """None, ``wanted``, or what of ours is there instead."""
    standing = named(found, rate_name(wanted.mark))
    if not standing:
        return None
    if standing == rate_sections(wanted, found):
        return wanted
    up, down = (standing[0].text(option) for option in ("download", "upload"))
    return RateLimit(wanted.mark, 0, "", _mbps(down), _mbps(up))


def _mbps(kilobits: str) -> int:
    return int(kilobits) // 1000 if kilobits.isdecimal() else 0


def rate_problem(
    found: Sequence[Section], packages: frozenset[str], wanted: RateLimit
) -> Message | None:
    """Why the limit could not be put on this device."""
    if "sqm" not in packages:
        return say("its package sqm-scripts is missing, without which it limits nothing")
    device, name = _device_of(found, wanted), rate_name(wanted.mark)
    queues = [each for each in found if each.kind == "queue" and each.name != name]
    if device and any(queue.text("interface") == device for queue in queues):
        return say("VLAN %(vlan)s is in use there by something else", vlan=wanted.vlan)
    return None


def check_rate(rate: RateLimit) -> None:
    """Raises Refused for what cannot be written on a router."""
    fit = MARK.fullmatch(rate.mark) and _TEXT.fullmatch(rate.cidr)
    if not fit or not 1 <= rate.down_mbps <= 100_000 or not 1 <= rate.up_mbps <= 100_000:
        raise unsayable(say("%(object)s cannot be written as asked.", object=rate.key))
