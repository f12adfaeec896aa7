"""Scopes, leases and addresses of an OpenWrt device, of what ``examine.sh`` said."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface

from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.network import Lease, ScopeHealth, Stranger
from provisioner.drivers.openwrt.examining_log import Log
from provisioner.drivers.openwrt.examining_ports import Wiring
from provisioner.drivers.openwrt.examining_sections import of_kind, shown
from provisioner.drivers.openwrt.looking import leased
from provisioner.drivers.openwrt.sections import Section

_COMPLETE = 0x2


def leases(answer: Answer) -> tuple[Lease, ...]:
    """Those that hold still, by the device's own clock."""
    now = answer.values.get("clock", ["0"])[0].partition(".")[0]
    return tuple(leased(answer.blocks.get("leases", ""), now))


def scopes(answer: Answer) -> tuple[ScopeHealth, ...]:
    """Those of /etc/config/dhcp; the factory's that somebody has switched off are none."""
    wiring, settings = Wiring.of(answer), shown(answer.blocks.get("dhcp", ""))
    interfaces = {each.name: each for each in of_kind(wiring.sections, "interface")}
    found = []
    for each in of_kind(settings, "dhcp"):
        interface = interfaces.get(each.text("interface"))
        given = each.text("ignore") != "1" and each.text("dhcpv4") != "disabled"
        if interface is None or not (given or each.name.startswith("prov_")):
            continue
        address = _address(interface)
        if address is not None:
            on = given and _serves(answer, settings, interface.name)
            found.append(_scope(answer, each, address, _device(interface), wiring, on))
    return tuple(found)


def _scope(
    answer: Answer, section: Section, address: IPv4Interface, device: str, wiring: Wiring, on: bool
) -> ScopeHealth:
    network = address.network
    start, limit = (
        _number(section.text(key), usual) for key, usual in (("start", 100), ("limit", 150))
    )
    first = int(network.network_address) + start
    size = max(0, min(limit, int(network.broadcast_address) - first))
    used = {int(IPv4Address(lease.address)) for lease in leases(answer)}
    return ScopeHealth(
        name=section.name,
        network=str(network),
        interface=device,
        vlan=wiring.vlan(device),
        size=size,
        used=sum(first <= each < first + size for each in used),
        enabled=on,
    )


def _serves(answer: Answer, settings: list[Section], interface: str) -> bool:
    """Whether a program gives addresses there; odhcpd only where it has been told to."""
    if any(interface in each.words("notinterface") for each in of_kind(settings, "dnsmasq")):
        return False
    main = any(each.text("maindhcp") == "1" for each in of_kind(settings, "odhcpd"))
    return ("odhcpd" if main else "dnsmasq") in answer.all("runs")


def _address(interface: Section) -> IPv4Interface | None:
    for text in interface.words("ipaddr"):
        try:
            mask = "" if "/" in text else f"/{interface.text('netmask') or '32'}"
            return IPv4Interface(text + mask)
        except ValueError:
            continue
    return None


def _device(interface: Section) -> str:
    """The kernel's name; before 21.02 a bridge was an option of the interface."""
    if interface.text("type") == "bridge":
        return f"br-{interface.name}"
    return interface.text("device") or interface.text("ifname")


def _number(text: str, usual: int) -> int:
    return int(text) if text.isdecimal() else usual


def strangers(answer: Answer, log: Log) -> tuple[Stranger, ...]:
    """Where a client of ours took the offer of a server that is not ours."""
    wiring = Wiring.of(answer)
    devices = dict.fromkeys(device for device, _ in log.strangers())
    return tuple(Stranger(port=device, vlan=wiring.vlan(device)) for device in devices)


def arp(answer: Answer) -> Iterator[tuple[str, str]]:
    """Of /proc/net/arp: what has answered."""
    for line in answer.blocks.get("arp", "").splitlines()[1:]:
        words = line.split()
        if len(words) >= 6 and int(words[2], 16) & _COMPLETE:
            yield words[0], words[3].lower()
