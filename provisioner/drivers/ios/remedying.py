"""The few things that help a switch without changing what is set up on it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address

from provisioner.drivers.ios import looking
from provisioner.drivers.ios.configuration import ALL_VLANS, Port, Switch
from provisioner.drivers.ios.ports import full
from provisioner.drivers.ios.session import Session, refused, rejected
from provisioner.drivers.network import Host
from provisioner.drivers.network.examination import (
    BouncePort,
    CyclePower,
    DropLease,
    EnablePort,
    Remedy,
)
from provisioner.errors import Refused
from provisioner.texts import Message, say

_PEER = re.compile(r"^\*.* (\d+\.\d+\.\d+\.\d+) *$", re.MULTILINE)
_WAY = re.compile(r"(?:Gateway of last resort|Default gateway) is (\d+\.\d+\.\d+\.\d+)")
_UP = re.compile(r" is up, line protocol is up")
_MINUTES = 2
"""Of the timer under which a port is switched off."""
_NO_BINDING = "Unable to find"


class Remedying:
    """One remedy in one session. ``pauses``: seconds that a port stays off, and its power.

    ``timed``: whether the switch can take back by itself what a broken session has left half done.
    """

    def __init__(
        self,
        host: Host,
        session: Session,
        switch: Switch,
        pauses: tuple[float, float],
        timed: bool,
    ) -> None:
        self._host, self._session, self._switch = host, session, switch
        self._off, self._unpowered = pauses
        self._minutes = _MINUTES if timed else 0

    def check(self, remedy: Remedy) -> None:
        """Raises Refused where it cannot be done there, or would cut the way to the device."""
        match remedy:
            case EnablePort(port=name):
                self._port(name)
            case BouncePort(port=name):
                port = self._port(name)
                if "shutdown" in port.lines:
                    raise self._not(say("%(port)s is switched off there", port=port.name))
                self._keep_way(port)
            case CyclePower(port=name):
                port = self._port(name)
                if not port.feeds:
                    raise self._not(say("%(port)s gives no power there", port=port.name))
                if port.name not in looking.fed(self._session.ask("show power inline")):
                    raise self._not(say("%(port)s cannot feed what is plugged in", port=port.name))
                self._keep_way(port)
            case DropLease(address=address):
                self._leased(address)
            case _:
                raise self._not(say("a switch has no radio"))

    def carry_out(self, remedy: Remedy) -> bool:
        """Do what ``check`` has let pass. Returns whether it has to be saved."""
        match remedy:
            case EnablePort(port=name):
                self._session.configure([f"interface {self._port(name).name}", "no shutdown"])
                return True
            case BouncePort(port=name):
                self._toggle(self._port(name), "shutdown", "no shutdown", self._off)
            case CyclePower(port=name):
                port = self._port(name)
                before = f"power inline {port.value('power inline') or 'auto'}"
                self._toggle(port, "power inline never", before, self._unpowered)
            case DropLease(address=address):
                line = f"clear ip dhcp binding {address}"
                answer = self._session.ask(line)
                if rejected(answer) and _NO_BINDING not in answer:
                    raise refused(line, answer)
        return False

    def _toggle(self, port: Port, off: str, on: str, seconds: float) -> None:
        """Whatever happens in between, as long as there is a session it is switched on again."""
        try:
            self._session.configure([f"interface {port.name}", off], self._minutes)
            time.sleep(seconds)
        finally:
            self._session.configure([f"interface {port.name}", on])
            if self._minutes:
                self._session.ask("configure confirm")

    # ------------------------------------------------- what is refused

    def _not(self, why: Message) -> Refused:
        return Refused(
            say("%(host)s: %(why)s", host=self._host.name, why=why),
            meaning=say("Nothing was changed on it."),
            next=say("Look at the device itself, or choose another remedy."),
        )

    def _port(self, name: str) -> Port:
        port = self._switch.port(name)
        if port is None or "." in port.name or port.name.startswith(("Vlan", "Loopback")):
            raise self._not(say("there is no port %(port)s", port=name))
        return port

    def _leased(self, address: str) -> None:
        try:
            IPv4Address(address)
        except AddressValueError as error:
            raise self._not(say("%(address)s is not leased there", address=address)) from error
        if address not in {lease.address for lease in looking.leases(self._session.ask)}:
            raise self._not(say("%(address)s is not leased there", address=address))

    def _keep_way(self, port: Port) -> None:
        """Raises Refused for a port by which we reach it, or perhaps do."""
        ways = self._ways()
        name = f"Port-channel{port.channel}" if port.channel else port.name
        members = {name, port.name, *self._members(port.name)}
        if ways & members or (not ways and self._manages(port) and self._up(port)):
            raise self._not(say("we reach it by %(port)s", port=port.name))

    def _up(self, port: Port) -> bool:
        return _UP.search(self._session.ask(f"show interfaces {port.name}")) is not None

    def _members(self, name: str) -> Sequence[str]:
        number = name.removeprefix("Port-channel")
        return [each.name for each in self._switch.ports() if str(each.channel) == number]

    def _ways(self) -> frozenset[str]:
        """The ports behind which we are, as far as it can tell; none where it cannot."""
        ask = self._session.ask
        peer = _PEER.search(ask("show users"))
        arp = looking.arp(ask)
        hops = [peer[1]] if peer else []
        if not (peer and peer[1] in arp):
            hops = _WAY.findall(ask("show ip route | include ^Gateway of last|^Default gateway"))
        macs = {arp[hop] for hop in hops if hop in arp}
        return frozenset(full(each.port) for each in looking.learned(ask) if each.mac in macs)

    def _manages(self, port: Port) -> bool:
        """Whether it carries a VLAN in which the device has an address, or has one itself."""
        ours = {
            int(each.name.removeprefix("Vlan"))
            for each in self._switch.ports()
            if re.fullmatch(r"Vlan\d+", each.name) and each.value("ip address")
        }
        if port.routed:
            return port.value("ip address") is not None
        trunk = self._switch.trunk(port.name) or port
        if trunk.mode == "access":
            return trunk.vlan in ours
        carried = trunk.allowed if trunk.mode == "trunk" else ALL_VLANS
        return bool(ours & carried)
