"""Who answers a simulated device, with the faults of its network."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.lab.openwrt.device import OpenWrtDevice


class Reach:
    def __init__(self, device: OpenWrtDevice) -> None:
        self._device = device

    def gateway_answers(self) -> bool:
        return self._device.shows("gateway-dead") is None

    def answers(self, address: str) -> float:
        """The share of pings to that address that come back."""
        device = self._device
        ours = address == device.address or (address.startswith("127.") and address == "127.0.0.1")
        if ours or address in {str(each.ip) for each, _, _ in device.kernel.scopes()}:
            return 1
        told = device.ground.answers(device, address)
        if told is not None:
            return float(told)
        if address == device.gateway:
            return float(self.gateway_answers())
        dead = ("gateway-dead", "internet-dead")
        outside = ip_address(address).is_global
        if any(
            self._device.shows(each) or (outside and self._device.ground.abroad(self._device, each))
            for each in dead
        ):
            return 0
        lossy = self._device.ground.abroad(self._device, "internet-lossy") if outside else None
        return 1 - float(lossy["loss"]) / 100 if lossy else 1

    def knows_names(self, server: str) -> bool:
        """Whether that resolver answers."""
        dead = ("dns-dead", "internet-dead", "gateway-dead")
        return not any(self._device.ground.abroad(self._device, each) for each in dead)

    @staticmethod
    def resolve(name: str) -> str | None:
        """An address for every name but those that nobody can have."""
        return None if name.endswith(".invalid") else f"203.0.113.{1 + sum(map(ord, name)) % 250}"
