"""The interface by which a host itself takes part in a VLAN, for an address or a radio."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from provisioner.drivers.linux.parts import Inner
from provisioner.drivers.linux.state import Port, State


@dataclass(frozen=True)
class VlanPort:
    """Its name, what makes and removes it, and what has to be so in Open vSwitch."""

    name: str
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    inner: Inner | None = None
    trunk: tuple[str, int] | None = None
    """Where Open vSwitch has to let the VLAN on a trunk."""
    adds: bool = False
    """Whether the wired port carries the VLAN because of this one."""


def vlan_port(state: State, vlan: int, port: str, owner: str, *, adds: bool | None) -> VlanPort:
    """``port``: the wired port that carries the VLAN; empty: a switch in the host has it already.

    ``adds``: whether the trunk carries the VLAN because of us; None: see for yourself.
    """
    name = f"prov{vlan}"
    switch = state.ports.get(port) if port else _switch_with(state, vlan)
    if switch is None:
        below = shlex.quote(port)
        return VlanPort(
            name,
            (
                _tagged(below, name, vlan),
                f"ip link set dev {below} up",
                f"ip link set dev {name} up",
            ),
            (f"ip link del dev {name}",),
        )
    missing = bool(port) and not switch.carries(vlan) if adds is None else adds
    if switch.kind == "ovs":
        there = f"[ -e /sys/class/net/{name} ]"
        wait = f"n=0; until {there} || [ $n = 20 ]; do sleep 1; n=$((n + 1)); done"
        return VlanPort(
            name,
            (wait, f"ip link set dev {name} up"),
            inner=Inner(switch.bridge, vlan, owner),
            trunk=(port, vlan) if missing else None,
            adds=missing,
        )
    bridge, wired = shlex.quote(switch.bridge), shlex.quote(port)
    carry = f"bridge vlan add dev {wired} vid {vlan}"
    return VlanPort(
        name,
        (
            *([carry] if missing else []),
            f"bridge vlan add dev {bridge} vid {vlan} self",
            _tagged(bridge, name, vlan),
            f"ip link set dev {name} up",
        ),
        (
            f"ip link del dev {name}",
            f"bridge vlan del dev {bridge} vid {vlan} self",
            *([carry.replace(" add ", " del ", 1)] if missing else []),
        ),
        adds=missing,
    )


def _tagged(below: str, name: str, vlan: int) -> str:
    return f"ip link show dev {name} || ip link add link {below} name {name} type vlan id {vlan}"


def _switch_with(state: State, vlan: int) -> Port | None:
    """A port of the switch that has the VLAN already; where none has, of the first there is."""
    ports = [state.ports[name] for name in sorted(state.ports) if not state.ports[name].inner]
    with_it = (port for port in ports if vlan == port.tag or vlan in port.trunks)
    return next(with_it, ports[0] if ports else None)
