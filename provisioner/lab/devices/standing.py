"""What the devices of a lab know of each other: cables, power over them, and who answers."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.errors import Mistake
from provisioner.lab.devices.device import Device
from provisioner.lab.devices.striking import Striking
from provisioner.lab.devices.topology import Topology
from provisioner.texts import say


class Standing(Striking):
    """The devices by name, and how they are cabled."""

    def __init__(self) -> None:
        super().__init__()
        self._devices: dict[str, Device] = {}
        self._topology = Topology({}, ())

    def _known(self, name: str) -> str:
        if name not in self._devices:
            raise Mistake(
                say(
                    "There is no device %(name)s in this lab; these are: %(known)s",
                    name=name,
                    known=", ".join(self._devices),
                )
            )
        return name

    def reachable(self, name: str) -> bool:
        return self._devices[self._known(name)].up and not self._servers[name].cut

    def _powerless(self, name: str) -> bool:
        dead = self._active("device-dead", self._devices[name]) is not None
        return dead or self._topology.starved(name)

    def far(self, device: Device, port: str) -> tuple[Device, str] | None:
        cable = self._topology.cable(device.name, port)
        for name, there in cable or ():
            if (name, there) != (device.name, port) and name in self._devices:
                return self._devices[name], there
        return None

    def link(self, device: Device, port: str) -> bool | None:
        return self._topology.link(device.name, port)

    def upstream(self, device: Device) -> str:
        return self._topology.upstream.get(device.name, "")

    def answers(self, device: Device, address: str) -> bool | None:
        for name, server in self._servers.items():
            if server.address == address:
                return name == device.name or self.reachable(name)
        for each in self._devices.values():
            if (owned := each.owns(address)) is not None:
                return owned and each.up and not self._active("device-mute", each)
        return None

    def abroad(self, device: Device, name: str) -> Mapping[str, str] | None:
        shown = (
            self.shown(self._devices[each], name)
            for each in self._topology.routers
            if each in self._devices
        )
        return self.shown(device, name) or next(filter(None, shown), None)
