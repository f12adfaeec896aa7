"""`ping`: who answers to a RouterOS device."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import around
from provisioner.lab.devices.routeros.tree import Command
from provisioner.lab.devices.routeros.words import RefusedError, Value, number, text_of

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.box import RouterOsDevice
    from provisioner.lab.devices.routeros.running import Run


def answers(device: RouterOsDevice, address: str) -> bool:
    """Whether something answers to a ping of the device."""
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        raise RefusedError("invalid value for argument address") from None
    own = {i.values.get("address", "").split("/")[0] for i in device.store.items("ip address")}
    near = {item.values["address"] for item in around.made(device, "ip arp")}
    outside = wanted.is_global and bool(device.store.items("ip route"))
    return address in own | near or outside


async def ping(run: Run, command: Command) -> Value:
    """Writes one row an echo and a summary; its value is how many came back."""
    address = text_of(await run.argument(command, "address"))
    count = number(await run.argument(command, "count", 9)) or 4
    up = answers(run.device, address)
    if not run.inside:
        rows = "  SEQ HOST                                     SIZE TTL TIME  STATUS\n"
        for at in range(count):
            seen = f"{56:>4}{64:>4} 1ms" if up else f"{'':>13}timeout"
            rows += f"{at:>5} {address:<40} {seen}\n"
        rows += f"    sent={count} received={count if up else 0} packet-loss={0 if up else 100}%"
        run.write(rows + (" min-rtt=1ms avg-rtt=1ms max-rtt=1ms\n" if up else "\n"))
    return count if up else 0
