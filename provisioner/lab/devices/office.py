"""The office's data about a lab's devices: inventory, cables, places, and what a restart finds."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.lab.devices.device import MANAGEMENT_VLAN
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CAMPUS, CampusPlan, SitePlan, tree
from provisioner.lab.devices.routeros.factory import OUTSIDE

FIELD = ("switches", "access_points", "probes")
SEGMENT = "opd"
_MAIN = {"switches": "cisco_ios", "access_points": "openwrt"}
"""The platform that a group's variables are about; devices of others bring their own."""
_SEGMENT = {
    "title": "Jaringan OPD",
    "vlans": ["400-449"],
    "cidr": "10.40.0.0/16",
    "prefix": 24,
    "dns": ["10.10.10.1"],
    "lease_hours": 8,
    "nat": True,
    "walls": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
    "quarantine_hours": 1,
    "reserved": [400, "10.40.0.0/24"],
}
RACK_SWITCH = "sw-pendopo-1"


def hosts(plan: CampusPlan, port: int) -> dict[str, Any]:
    """hosts.yml; every device is entered with the office's own key."""
    groups: dict[str, Any] = {"routers": {"hosts": {}}, **{g: {"hosts": {}} for g in FIELD}}
    router = str(ipaddress.ip_network(plan.cidr)[1])
    known = {each.name for each in plan.devices}
    for name in plan.routers:
        if name not in known:
            groups["routers"]["hosts"][name] = {"ansible_host": router}
    for number, each in enumerate(plan.devices):
        entry = {"ansible_host": plan.address(number)}
        if each.site:
            entry["provisioner_site"] = each.site
        access = _access(plan, each.platform, port)
        if _MAIN.get(each.group) == each.platform:
            hosts = groups[each.group].pop("hosts")
            groups[each.group] |= {"vars": access, "hosts": hosts}
        else:
            entry |= access
        groups[each.group]["hosts"][each.name] = entry
        for group in each.groups - {each.group}:
            groups[group]["hosts"][each.name] = {}
    return {"all": {"children": groups}}


def _access(plan: CampusPlan, platform: str, port: int) -> dict[str, Any]:
    return {
        "ansible_port": port,
        "ansible_user": plan.user_on(platform),
        "provisioner_platform": platform,
    }


def network(plan: CampusPlan) -> dict[str, Any]:
    """What network.yml says of the campus."""
    found: dict[str, Any] = {
        "event_networks": {
            key: {"title": title, "vlan": vlan, "cidr": cidr}
            for key, title, vlan, cidr in plan.event_networks
        },
    }
    if plan.segment:
        found["segments"] = {SEGMENT: _SEGMENT}
        found["management_vlan"] = MANAGEMENT_VLAN
    routers = [each.name for each in plan.devices if each.role == "router"]
    if routers:
        found["routers"] = {name: {"outside": OUTSIDE} for name in routers}
    found["sites"] = {site.key: _site(site) for site in plan.sites}
    found["places"] = {
        key: {"site": site, "title": title, "access_points": list(access_points)}
        for key, site, title, access_points in plan.places
    }
    found["links"] = [list(link) for link in plan.links]
    return found


def _site(site: SitePlan) -> dict[str, Any]:
    found: dict[str, Any] = {"title": site.title}
    if site.ports:
        found |= {"ports": list(site.ports), "segment": SEGMENT}
    if site.access_points:
        found["access_points"] = list(site.access_points)
    return found


def data_centre(plan: CampusPlan) -> dict[str, Any]:
    """What network.yml says of the racks: one rack at the campus's second switch.

    Nothing answers at its addresses until `lab fault address-answers` lets something.
    """
    switch = next(each for each in plan.devices if each.name == RACK_SWITCH)
    beside = ipaddress.ip_network(plan.cidr)[0] + (1 << 16)
    return {
        "colocation_networks": {
            "colo-1": {
                "title": "Kolokasi",
                "vlan": 140,
                "cidr": f"{beside}/24",
                "gateway": str(beside + 1),
                "assignable": [f"{beside + 20}-{beside + 39}"],
                "quarantine_hours": 1,
            }
        },
        "racks": {
            "r1": {
                "site": switch.site,
                "title": "Rak 1",
                "units": 42,
                "feeds": {"A": {"watts": 3000}, "B": {"watts": 3000}},
                "switch_ports": [f"{switch.name}:GigabitEthernet1/0/{port}" for port in (8, 9)],
            }
        },
    }


def has_racks(plan: CampusPlan) -> bool:
    """Whether the campus has the switch that the lab's rack is cabled to."""
    return any(each.name == RACK_SWITCH for each in plan.devices)


def colocation() -> dict[str, Any]:
    """The office's terms for a department's own server."""
    return {"sla_working_days": 3, "letters": ["signed", "srikandi"]}


def troubleshooting() -> dict[str, Any]:
    """A report of a fault needs no letter."""
    return {"sla_working_days": 1, "letters": []}


def event_wifi(plan: CampusPlan) -> dict[str, Any]:
    """The office's terms for the WiFi of an event."""
    terms: dict[str, Any] = {"sla_working_days": 1, "letters": ["signed", "srikandi"]}
    return terms | ({"segment": SEGMENT} if plan.segment else {})


def internet() -> dict[str, Any]:
    """The office's terms for connecting a site."""
    return {
        "sla_working_days": 1,
        "letters": ["signed", "srikandi"],
        "default_mbps": 20,
        "max_mbps": 100,
        "team": "Tim jaringan",
    }


# ---------------------------------------------------------------------- what outlives a restart


def campus(file: Path, fresh: Mapping[str, Any], minute: float | None) -> CampusPlan:
    """The plan as kept in ``file``, else a new one; ``fresh`` has ``cidr`` and ``switches``."""
    kept = json.loads(file.read_text()) if file.exists() else dict(fresh)
    plan = tree(int(kept["switches"])) if kept.get("switches") else CAMPUS
    return replace(
        plan,
        cidr=kept["cidr"],
        port=kept.get("port", 0),
        minute=minute or plan.minute,
        password=kept.get("password", plan.password),
        host_keys=tuple(kept.get("host_keys", {}).items()),
    )


def remember(file: Path, lab: DeviceLab, switches: int | None) -> None:
    """Keep what a restart must find again: addresses, port, keys."""
    names = [each.name for each in lab.plan.devices]
    kept = {
        "switches": switches,
        "cidr": lab.plan.cidr,
        "port": lab.port,
        "password": lab.plan.password,
        "host_keys": {n: lab.host_key(n).export_private_key("openssh").decode() for n in names},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps(kept, indent=1) + "\n")


def trust(file: Path, lab: DeviceLab) -> None:
    """Add the host keys that known_hosts does not know yet, as an operator does with `trust`."""
    known = file.read_text() if file.exists() else ""
    there = {line.split()[0] for line in known.splitlines() if line.strip()}
    new = [line for line in lab.known_hosts_lines() if line.split()[0] not in there]
    if new:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as output:
            output.write("".join(f"{line}\n" for line in new))
