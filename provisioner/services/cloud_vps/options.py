"""A VM's options as the cluster writes them, its marks and its firewall; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioner.catalogue import Size
from provisioner.facts.cloud_vps import mark
from provisioner.services.cloud_vps.chosen import Chosen
from provisioner.services.cloud_vps.wanted import PlanInput

_NOT_IN_TAGS = re.compile(r"[^a-z0-9_+.-]+")


def description(number: str, department: str) -> str:
    """The mark in a VM's description; carries nothing that a user typed."""
    return f"{mark(number)} department {department}"


def notes(wanted: PlanInput, chosen: Chosen) -> str:
    """The description once the VM is set up: the mark as its first line, then what it is.

    Read by people on the cluster, as Markdown; nothing in it is free text of a user.
    """
    details, network = wanted.details, wanted.details.network
    lines = [
        f"name: {chosen.name}",
        f"size: {details.size}, image: {details.image}",
        f"address: {chosen.address} ({network})",
        f"user: {details.admin_user}",
        *([f"application: {details.application}"] if details.application else []),
        "kept by provisioner: do not edit the first line",
    ]
    return "\n".join(
        [description(wanted.number, wanted.department), "", *(f"- {line}" for line in lines)]
    )


def tags(number: str, department: str) -> str:
    """The mark in a VM's tags, as PVE writes them: ``provisioner;vps-2026-0001;dinkes``."""
    owner = _NOT_IN_TAGS.sub("-", department.lower()).strip("-.+")
    return ";".join(part for part in ("provisioner", number.lower(), owner) if part)


def net0(template_net0: str, bridge: str, vlan: int | None, *, firewall: bool = False) -> str:
    """The template's network card with our bridge and tag.

    Its options stay (mtu, queues …), its MAC does not: a card without one is given a new one by
    the cluster. A trunk list would carry foreign VLANs into the VM and is dropped. With
    ``firewall`` the card obeys the VM's firewall, whatever the template says.
    """
    dropped = {"bridge", "tag", "trunks", "macaddr", *(["firewall"] if firewall else [])}
    model, *rest = (template_net0 or "virtio").split(",")
    kept = [option for option in rest if option.partition("=")[0] not in dropped]
    tag = [] if vlan is None else [f"tag={vlan}"]
    name = model.partition("=")[2] if model.startswith("model=") else model.partition("=")[0]
    on = ["firewall=1"] if firewall else []
    return ",".join([name, f"bridge={bridge}", *tag, *kept, *on])


def sizing(size: Size) -> dict[str, str]:
    """The options of a size. Without ``balloon_mb`` it keeps all its memory, always.

    ``sockets`` 1: a template with two would double the cores.
    """
    return {
        "cores": str(size.cores),
        "sockets": "1",
        "memory": str(size.memory_mb),
        "balloon": str(size.balloon_mb or size.memory_mb),
    }


def configuration(wanted: PlanInput, chosen: Chosen) -> dict[str, str]:
    """The VM's options as PVE writes them, SSH keys apart.

    ``ciupgrade`` 0: otherwise the first boot waits for package upgrades, for ever where the site
    has no mirror.
    """
    network = wanted.network
    options = {
        **sizing(wanted.size),
        "net0": net0(
            chosen.spot.template.net0,
            network.bridge,
            network.vlan,
            firewall=wanted.settings.firewall,
        ),
        "ipconfig0": f"ip={chosen.address}/{network.cidr.prefixlen},gw={network.gateway}",
        "ciuser": wanted.details.admin_user,
        "ciupgrade": "0",
        "onboot": "1",
        "tags": tags(wanted.number, wanted.department),
        "description": notes(wanted, chosen),
    }
    if network.dns:
        options["nameserver"] = " ".join(map(str, network.dns))
    if network.search_domain:
        options["searchdomain"] = network.search_domain
    return options


def doors(wanted: PlanInput) -> list[dict[str, Any]]:
    """The firewall rules of a VM; all else is shut.

    Open are its SSH port, the ports asked for, ping, and to the office's own hosts the port of the
    monitoring agent that the baseline installs.
    """
    ports = {("tcp", wanted.network.ssh_port): None}
    ports |= {(port.protocol, port.port): None for port in wanted.details.open_ports}
    asked: list[tuple[str, int | None, str | None]] = [(*port, None) for port in ports]
    monitoring = (wanted.baseline or {}).get("monitoring") or {}
    if monitoring.get("port") and ("tcp", monitoring["port"]) not in ports:
        asked += [("tcp", monitoring["port"], host) for host in monitoring["allowed_hosts"]]
    return [
        {"protocol": protocol, "port": port, "comment": mark(wanted.number), "source": source}
        for protocol, port, source in (*asked, ("icmp", None, None))
    ]


def door(rule: Mapping[str, Any]) -> str:
    """A rule as people know it: ``443/tcp``, the protocol alone, and for whom if not for all."""
    port, source = rule["port"], rule["source"]
    shown = str(rule["protocol"]) if port is None else f"{port}/{rule['protocol']}"
    return f"{shown} ({source})" if source else shown
