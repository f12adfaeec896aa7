"""Programs that tell of the network around: ``lldpcli``, ``bridge``, ``ip``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from provisioner.lab.openwrt.calling import Call, Program, UsageError


@dataclass
class Surroundings:
    """What is around a device; a test may add to it."""

    neighbours: dict[str, tuple[str, str]]
    """Device and port at the other end of its own ports."""
    heard: list[tuple[str, int, str]] = field(default_factory=list)
    """Port, VLAN and Ethernet address."""
    arp: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By address: device of this machine, Ethernet address."""


async def _lldpcli(around: Surroundings, call: Call) -> int:
    """``lldpcli -f json show neighbors``: one is written as an object, several as a list."""
    if call.arguments != ["-f", "json", "show", "neighbors"]:
        raise UsageError("usage: lldpcli -f json show neighbors")
    found: list[dict[str, Any]] = [
        {
            port: {
                "via": "LLDP",
                "chassis": {
                    device: {
                        "id": {"type": "mac", "value": "02:00:00:00:00:01"},
                        "descr": "simulated",
                        "mgmt-ip": "192.0.2.250",
                    }
                },
                "port": {"id": {"type": "ifname", "value": far}, "descr": far, "ttl": "120"},
            }
        }
        for port, (device, far) in around.neighbours.items()
    ]
    told: dict[str, Any] = {"interface": found[0] if len(found) == 1 else found} if found else {}
    call.out(json.dumps({"lldp": told}, indent=2) + "\n")
    return 0


async def _bridge(around: Surroundings, call: Call) -> int:
    if list(call.arguments[:2]) != ["fdb", "show"]:
        raise UsageError('Object unknown, try "bridge help".')
    for port, vlan, mac in around.heard:
        call.out(
            f"{mac} dev {port} vlan {vlan} extern_learn master br-lan \n{mac} dev {port} self \n"
        )
    for port in around.neighbours:
        call.out(f"33:33:00:00:00:01 dev {port} self permanent\n")
    return 0


async def _ip(around: Surroundings, call: Call) -> int:
    if list(call.arguments) != ["-4", "neigh", "show"]:
        raise UsageError("ip: only -4 neigh show is known here")
    for address, (device, mac) in around.arp.items():
        call.out(f"{address} dev {device} lladdr {mac} REACHABLE \n")
    call.out("192.0.2.254 dev br-lan  FAILED \n")
    return 0


def net_programs(around: Surroundings) -> Mapping[str, Program]:
    """The programs, telling of that device's surroundings."""
    made = {"lldpcli": _lldpcli, "bridge": _bridge, "ip": _ip}
    return {name: partial(each, around) for name, each in made.items()}
