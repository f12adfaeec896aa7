"""Switches for `bench.devices` in a process of their own: tells where they are, then obeys.

Standard input, one word a line: `reset` (as they were at first), `check` (how many hold the change,
saved, with no timer left, and how many lines they were given since). Each answers one line of JSON.
"""

from __future__ import annotations

import copy
import json
import resource
import sys
from pathlib import Path
from typing import Any

from bench.device_clients import PORT, VLAN, description
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import tree


def main(devices: int, delay: float, directory: Path) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    with DeviceLab(tree(devices, delay=delay, minute=60.0)) as lab:
        names = [each.name for each in lab.plan.devices]
        pristine = {name: copy.deepcopy(lab.device(name).startup) for name in names}  # type: ignore[attr-defined]
        known = lab.known_hosts(directory / "known_hosts")
        hosts = lab.hosts()
        _say(
            {
                "known_hosts": str(known),
                "hosts": [
                    {
                        "name": host.name,
                        "address": host.address,
                        "port": host.port,
                        "user": host.user,
                        "password": host.password,
                    }
                    for host in hosts.values()
                ],
            }
        )
        for word in sys.stdin:
            if word.strip() == "reset":
                lab.call(lambda: [_reset(lab.device(n), pristine[n]) for n in names])
                _say({})
            else:
                _say(lab.call(lambda: _check([lab.device(n) for n in names])))


def _reset(device: Any, pristine: Any) -> None:
    device.confirm()
    device.running, device.startup = copy.deepcopy(pristine), copy.deepcopy(pristine)
    device.transcript.clear()


def _check(devices: list[Any]) -> dict[str, float]:
    return {
        "configured": sum(map(_holds, devices)),
        "lines": sum(len(device.transcript) for device in devices),
    }


def _holds(device: Any) -> bool:
    kept = device.startup
    port = kept.interfaces[PORT]
    return (
        device.pending is None
        and VLAN in kept.vlans
        and port.access == VLAN
        and port.description == description(device.name)
    )


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
