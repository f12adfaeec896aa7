"""The office's data about a lab's devices: inventory, cables, places, and what a restart finds."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CAMPUS, GROUPS, CampusPlan, tree

FIELD = ("switches", "access_points", "probes")
RACK_SWITCH = "sw-pendopo-1"


def hosts(plan: CampusPlan, port: int) -> dict[str, Any]:
    """hosts.yml; every device is entered with the office's own key."""
    groups: dict[str, Any] = {"routers": {"hosts": {}}, **{g: {"hosts": {}} for g in FIELD}}
    router = str(ipaddress.ip_network(plan.cidr)[1])
    for name in plan.routers:
        groups["routers"]["hosts"][name] = {"ansible_host": router}
    for platform, group in GROUPS.items():
        members = {
            each.name: {
                "ansible_host": plan.address(number),
                **({"provisioner_site": each.site} if each.site else {}),
            }
            for number, each in enumerate(plan.devices)
            if each.platform == platform
        }
        if members:
            shared = {
                "ansible_port": port,
                "ansible_user": plan.user_on(platform),
                "provisioner_platform": platform,
            }
            groups[group] = {"vars": shared, "hosts": members}
    return {"all": {"children": groups}}


def network(plan: CampusPlan) -> dict[str, Any]:
    """What network.yml says of the campus."""
    return {
        "event_networks": {
            key: {"title": title, "vlan": vlan, "cidr": cidr}
            for key, title, vlan, cidr in plan.event_networks
        },
        "sites": {key: {"title": title} for key, title in plan.sites},
        "places": {
            key: {"site": site, "title": title, "access_points": list(access_points)}
            for key, site, title, access_points in plan.places
        },
        "links": [list(link) for link in plan.links],
    }


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


def event_wifi() -> dict[str, Any]:
    """The office's terms for the WiFi of an event."""
    return {"sla_working_days": 1, "letters": ["signed", "srikandi"]}


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
