"""Makes the devices of a plan, each in its dialect."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network

from provisioner.lab.devices.device import MANAGEMENT_VLAN, Device
from provisioner.lab.devices.ios import IosDevice
from provisioner.lab.devices.ios.settings import Archive, Interface, Running
from provisioner.lab.devices.plan import CampusPlan, DevicePlan, SitePlan
from provisioner.lab.devices.routeros import RouterOsDevice, factory
from provisioner.lab.devices.routeros.near import Neighbour
from provisioner.lab.openwrt.device import OpenWrtDevice

_PORTS = 28
_CARRIED = frozenset({MANAGEMENT_VLAN, 110, 120})
"""VLANs that stand on every trunk when the lab comes up."""


def _access_point(plan: CampusPlan, each: DevicePlan, number: int) -> Device:
    mask = str(ip_network(plan.cidr).netmask)
    return OpenWrtDevice(each.name, each.platform, address=plan.address(number), netmask=mask)


def make_device(plan: CampusPlan, each: DevicePlan, number: int) -> Device:
    """The device of that plan, not yet booted."""
    device = _MAKERS[each.platform](plan, each, number)
    device.minute = plan.minute
    device.delay = plan.delay
    device.boot_seconds = plan.boot_seconds
    device.max_sessions = plan.vty
    device.password = plan.password
    device.authorized_keys = plan.authorized_keys
    return device


def _switch(plan: CampusPlan, each: DevicePlan, number: int) -> Device:
    running = Running(each.name)
    running.vlans.update({MANAGEMENT_VLAN: "MANAJEMEN", 110: "KANTOR", 120: "SERVER"})
    for port in range(1, _PORTS + 1):
        name = f"GigabitEthernet1/0/{port}"
        running.interfaces[name] = Interface(name)
    neighbours = {}
    kinds = {d.name: d.platform for d in plan.devices}
    for own, other, far in plan.ports(each.name):
        neighbours[own] = (other, far)
        port_settings = running.interfaces[own]
        port_settings.description = f"ke {other}"
        port_settings.mode = "trunk"
        if kinds.get(other) == "openwrt":
            port_settings.native = MANAGEMENT_VLAN
            port_settings.allowed = frozenset({MANAGEMENT_VLAN})
        else:
            port_settings.allowed = _CARRIED
    mask = str(ip_network(plan.cidr).netmask)
    running.interfaces["Vlan1"] = Interface("Vlan1", shutdown=True)
    management = f"Vlan{MANAGEMENT_VLAN}"
    running.interfaces[management] = Interface(
        management, address=f"{plan.address(number)} {mask}", description="manajemen"
    )
    if each.archive:
        running.archive = Archive("flash:archive", maximum=10)
    running.others = {
        "aaa new-model": "aaa new-model",
        "spanning-tree mode": "spanning-tree mode rapid-pvst",
        "spanning-tree extend": "spanning-tree extend system-id",
        "lldp run": "lldp run",
        "ip ssh version": "ip ssh version 2",
    }
    return IosDevice(
        each.name,
        each.platform,
        startup=running,
        neighbours=neighbours,
        enable_password=each.enable_password,
        foreign_nvram=each.foreign_nvram,
    )


def _routeros(plan: CampusPlan, each: DevicePlan, number: int) -> Device:
    numbers = {d.name: (at, d.platform) for at, d in enumerate(plan.devices)}
    neighbours, trunks = {}, {}
    for own, other, far in plan.ports(each.name):
        at, platform = numbers.get(other, (None, ""))
        address = "" if at is None else plan.address(at)
        neighbours[own] = Neighbour(other, far, platform, address)
        trunks[own] = other
    router = each.role == "router"
    mask = ip_network(plan.cidr).prefixlen
    store = (factory.router if router else factory.switch)(
        each.identity or each.name,
        f"{plan.address(number)}/{mask}",
        trunks,
        user=plan.user_on(each.platform),
        bridged=not router if each.bridged is None else each.bridged,
        wireless=each.wireless,
    )
    if router:
        for key, _, vlan, cidr in plan.event_networks:
            factory.prepared(store, key, vlan, cidr)
    given = (port.partition(":") for site in plan.sites for port in SitePlan(*site).ports)
    factory.vacant(store, {port for device, _, port in given if device == each.name})
    packages = {each.wireless} - {""} | ({"poe"} if each.poe else set())
    return RouterOsDevice(
        each.name,
        each.platform,
        version=each.version,
        packages=frozenset(packages),
        model="RB5009UG+S+" if router else "CRS318-16P-2S+",
        store=store,
        neighbours=neighbours,
        management=plan.address(number),
        first_login=each.first_login,
    )


_MAKERS: dict[str, Callable[[CampusPlan, DevicePlan, int], Device]] = {
    "cisco_ios": _switch,
    "openwrt": _access_point,
    "mikrotik_routeros": _routeros,
}
