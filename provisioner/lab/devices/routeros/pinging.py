"""`ping` and `:resolve`: who answers to a RouterOS device."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import addresses
from provisioner.lab.devices.routeros.forwarding import enabled, running
from provisioner.lab.devices.routeros.tree import Command
from provisioner.lab.devices.routeros.words import RefusedError, Value, number, text_of

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.running import Run


def answers(device: RouterOsDevice, address: str, count: int) -> int:
    """How many of so many pings of the device come back."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        raise RefusedError("invalid value for argument address") from None
    if (mine := own(device, address)) is not None:
        return count if mine else 0
    here = device.ground.answers(device, address)
    if here is not None:
        return count if here else 0
    if address in {item.values["address"] for item in addresses.arp(device)}:
        return count
    return _outside(device, count) if wanted.is_global else 0


def own(device: RouterOsDevice, address: str) -> bool | None:
    """Whether it answers at that address; None where it is not its own."""
    for item in device.store.items("ip address"):
        if item.values.get("address", "").split("/")[0] == address:
            below = device.store.get("interface", item.values.get("interface", ""))
            return enabled(item) and enabled(below)
    return None


def _outside(device: RouterOsDevice, count: int) -> int:
    hop, outside = addresses.gateway(device)
    if hop != addresses.PROVIDER or not running(device, outside):
        return 0
    if any(device.ground.abroad(device, name) for name in ("internet-dead", "gateway-dead")):
        return 0
    lossy = device.ground.abroad(device, "internet-lossy")
    return round(count * (1 - float(lossy["loss"]) / 100)) if lossy else count


def resolved(device: RouterOsDevice, name: str) -> str:
    """The address of a name. Raises RefusedError where nobody knows it."""
    for item in device.store.items("ip dns static"):
        if item.name == name and item.values.get("disabled") != "yes":
            return item.values.get("address", "")
    servers = device.store.singles.get("ip dns", {}).get("servers")
    if not any(map(_resolves, (servers or "").split(","))):
        raise RefusedError("failure: dns server failure")
    if device.ground.abroad(device, "dns-dead") or not _outside(device, 10):
        raise RefusedError("failure: dns server failure")
    if name.endswith(".invalid") or "." not in name:
        raise RefusedError("failure: dns name does not exist")
    digits = hashlib.sha256(name.encode()).digest()
    return f"198.51.100.{1 + digits[0] % 254}"


def _resolves(server: str) -> bool:
    """Whether somebody resolves names there: the provider, or anyone on the Internet."""
    return server == addresses.PROVIDER or (server != "" and ipaddress.ip_address(server).is_global)


async def ping(run: Run, command: Command) -> Value:
    """Writes one row an echo and a summary; its value is how many came back."""
    address = text_of(await run.argument(command, "address"))
    count = number(await run.argument(command, "count", 9)) or 4
    back = answers(run.device, address, count)
    if not run.inside:
        rows = "  SEQ HOST                                     SIZE TTL TIME  STATUS\n"
        for at in range(count):
            seen = f"{56:>4}{64:>4} 1ms" if at < back else f"{'':>13}timeout"
            rows += f"{at:>5} {address:<40} {seen}\n"
        lost = round(100 * (1 - back / count))
        rows += f"    sent={count} received={back} packet-loss={lost}%"
        run.write(rows + (" min-rtt=1ms avg-rtt=1ms max-rtt=1ms\n" if back else "\n"))
    return back
