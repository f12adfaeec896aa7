"""Programs that tell of the network around: ``lldpcli``, ``bridge``, ``ip``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from provisioner.lab.openwrt.calling import Call, Program, UsageError
from provisioner.lab.openwrt.radios import text, words

if TYPE_CHECKING:
    from provisioner.lab.openwrt.device import OpenWrtDevice


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


async def _bridge(device: OpenWrtDevice, call: Call) -> int:
    if list(call.arguments) == ["vlan", "show"]:
        call.out("port              vlan-id  \n" + "".join(_vlans(device)))
        return 0
    if list(call.arguments[:2]) != ["fdb", "show"]:
        raise UsageError('Object unknown, try "bridge help".')
    around = device.surroundings
    for port, vlan, mac in around.heard:
        call.out(
            f"{mac} dev {port} vlan {vlan} extern_learn master br-lan \n{mac} dev {port} self \n"
        )
    for port in around.neighbours:
        call.out(f"33:33:00:00:00:01 dev {port} self permanent\n")
    return 0


def _vlans(device: OpenWrtDevice) -> Iterator[str]:
    """Of each port of a bridge that tells VLANs apart."""
    found: dict[str, list[str]] = {}
    for section in device.radios.network.sections:
        if section.kind == "bridge-vlan":
            for item in words(section, "ports"):
                port, _, flags = item.partition(":")
                tag = "" if "t" in flags else " PVID Egress Untagged"
                found.setdefault(port, []).append(text(section, "vlan", "1") + tag)
    for port, rows in sorted(found.items()):
        yield f"{port:18}{rows[0]}\n" + "".join(f"{'':18}{row}\n" for row in rows[1:])


async def _ip(device: OpenWrtDevice, call: Call) -> int:
    way = f"via {device.gateway} dev {device.uplink()}"
    match [word for word in call.arguments if word != "-4"]:
        case ["neigh", "show"]:
            for address, (interface, mac) in device.surroundings.arp.items():
                call.out(f"{address} dev {interface} lladdr {mac} REACHABLE \n")
            call.out("192.0.2.254 dev br-lan  FAILED \n")
        case ["route", "show"]:
            call.out(f"default {way} \n")
        case ["route", "get", address]:
            call.out(f"{address} {way} src {device.address} \n")
        case ["link", "set", "dev", port, "up" | "down" as state] if port in device.ports:
            (device.down.discard if state == "up" else device.down.add)(port)
            device.touched()
        case ["link", "set", "dev", port, "up" | "down"]:
            raise UsageError(f"can't find device '{port}'")
        case _:
            raise UsageError("ip: that is not known here")
    return 0


def net_programs(device: OpenWrtDevice) -> Mapping[str, Program]:
    """The programs, telling of that device's surroundings."""
    made = {"bridge": _bridge, "ip": _ip}
    return {
        "lldpcli": partial(_lldpcli, device.surroundings),
        **{name: partial(each, device) for name, each in made.items()},
    }
