"""What only single menus can do: monitor, ping, run, reboot, back up, make a lease static."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from provisioner.lab.devices.routeros import ailing, airside, everywhere, verbs
from provisioner.lab.devices.routeros.clock import date_text, duration
from provisioner.lab.devices.routeros.forwarding import running
from provisioner.lab.devices.routeros.menus import Menu
from provisioner.lab.devices.routeros.pinging import ping
from provisioner.lab.devices.routeros.tree import Command
from provisioner.lab.devices.routeros.words import LeftError, RefusedError, Value, text_of

if TYPE_CHECKING:
    from provisioner.lab.devices.routeros.running import Run

Act = Callable[["Run", Menu, Command], Awaitable[Value]]
_RATES = "10M-half,10M-full,100M-half,100M-full,1000M-half,1000M-full"


def _block(rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows) + 2
    return "".join(f"{name:>{width}}: {text}\n" for name, text in rows)


async def _monitor(run: Run, menu: Menu, command: Command) -> Value:
    for item in await verbs.chosen(run, menu, command):
        up = running(run.device, item.name)
        rows = [("name", item.name), ("status", "link-ok" if up else "no-link")]
        rows.append(("auto-negotiation", "done" if up else "incomplete"))
        if up:
            half = run.device.shows("port-half-duplex", port=ailing.plan_port(item))
            rows += [("rate", "100Mbps" if half else "1Gbps")]
            rows += [("full-duplex", "no" if half else "yes")]
            rows += [("tx-flow-control", "no"), ("rx-flow-control", "no")]
        rows += [("advertising", _RATES), ("link-partner-advertising", _RATES if up else "")]
        run.write(_block(rows))
    return None


async def _poe(run: Run, menu: Menu, command: Command) -> Value:
    for item in await verbs.chosen(run, menu, command):
        out, status = item.values.get("poe-out", "auto-on"), ailing.feeding(run.device, item)
        rows = [("name", item.name), ("poe-out", out), ("poe-out-status", status)]
        if watts := ailing.watts(run.device, item):
            rows += [("poe-out-voltage", "53.8V"), ("poe-out-current", "98mA")]
            rows += [("poe-out-power", f"{watts}W")]
        run.write(_block(rows))
    return None


async def _power_cycle(run: Run, menu: Menu, command: Command) -> Value:
    """Returns at once; the power comes back by itself."""
    device = run.device
    seconds = duration(text_of(await run.argument(command, "duration", 9)) or "5s")
    if seconds is None:
        raise RefusedError("invalid value for argument duration")
    ports = {ailing.plan_port(item) for item in await verbs.chosen(run, menu, command)}

    def fed() -> None:
        device.unfed -= ports
        device.touched()

    device.unfed |= ports
    device.note("poe-out,info", f"{','.join(sorted(ports))} power-cycled by {run.user}")
    device.touched()
    device.later(seconds / 60, fed)
    return None


async def _traffic(run: Run, menu: Menu, command: Command) -> Value:
    items = await verbs.chosen(run, menu, command)
    rates = [ailing.load(run.device, item) for item in items]
    columns = {
        "name": [item.name for item in items],
        "rx-packets-per-second": [f"{rate / 6500:.0f}" for rate in rates],
        "rx-bits-per-second": [_rate(rate) for rate in rates],
        "tx-packets-per-second": [f"{rate / 6500:.0f}" for rate in rates],
        "tx-bits-per-second": [_rate(rate) for rate in rates],
    }
    sizes = [max(map(len, each)) for each in zip(*columns.values(), strict=True)]
    for name, cells in columns.items():
        row = "  ".join(f"{cell:>{size}}" for cell, size in zip(cells, sizes, strict=True))
        run.write(f"{name:>25}: {row}\n")
    return None


def _rate(bits: float) -> str:
    for size, sign in ((10**9, "Gbps"), (10**6, "Mbps"), (1000, "kbps")):
        if bits >= size:
            return f"{bits / size:.1f}{sign}"
    return f"{bits:.0f}bps"


async def _members(run: Run, menu: Menu, command: Command) -> Value:
    """`/interface bridge port monitor`: one column each, as the console prints them."""
    items = await verbs.chosen(run, menu, command)
    names = [item.values["interface"] for item in items]
    roles = [ailing.role(run.device, name) for name in names]
    open_ = ["yes" if role in ("root-port", "designated-port") else "no" for role in roles]
    rows = {
        "interface": names,
        "status": ["inactive" if role == "disabled-port" else "in-bridge" for role in roles],
        "port-number": [str(n) for n, _ in enumerate(names, 1)],
        "role": roles,
        "edge-port": ["no"] * len(names),
        "learning": open_,
        "forwarding": open_,
        "hw-offload-group": ["switch1"] * len(names),
    }
    sizes = [max(map(len, each)) for each in zip(*rows.values(), strict=True)]
    for name, cells in rows.items() if names else ():
        row = " ".join(f"{cell:<{size}}" for cell, size in zip(cells, sizes, strict=True))
        run.write(f"{name:>24}: {row}\n")
    return None


async def _radio(run: Run, menu: Menu, command: Command) -> Value:
    for item in await verbs.chosen(run, menu, command):
        run.write(_block(airside.state(run.device, item)))
    return None


async def _run(run: Run, menu: Menu, command: Command) -> Value:
    for item in await verbs.chosen(run, menu, command):
        count = int(item.values.get("run-count", "0"))
        item.values["run-count"] = str(count + 1)
        await everywhere.perform(run, item.values.get("source", ""))
    return None


async def _reboot(run: Run, menu: Menu, command: Command) -> Value:
    run.device.reboot()
    raise LeftError


async def _shutdown(run: Run, menu: Menu, command: Command) -> Value:
    run.device.power_off()
    raise LeftError


async def _save(run: Run, menu: Menu, command: Command) -> Value:
    device, now = run.device, run.device.now()
    name = text_of(await run.argument(command, "name", 9)) or f"{device.identity}-{now:%Y%m%d-%H%M}"
    day = date_text(now, modern=device.modern_dates)
    values = {"name": f"{name}.backup", "type": "backup", "size": "41984"}
    device.store.add("file", values | {"creation-time": f"{day} {now:%H:%M:%S}"})
    run.write("Saving system configuration\nConfiguration backup saved\n")
    return None


async def _written(run: Run, menu: Menu, command: Command) -> Value:
    run.device.note(f"script,{command.verb}", text_of(await run.argument(command, "message")))
    return None


async def _make_static(run: Run, menu: Menu, command: Command) -> Value:
    for item in await verbs.chosen(run, menu, command):
        if not item.dynamic:
            raise RefusedError("failure: lease is not dynamic")
        kept = {k: item.values[k] for k in ("address", "mac-address", "client-id", "server")}
        run.device.store.add(menu.store, kept)
        run.device.forget_lease(item)
    run.device.changed(run.user, "dhcp lease changed")
    return None


async def _provision(run: Run, menu: Menu, command: Command) -> Value:
    await verbs.chosen(run, menu, command)
    return None


async def _ping(run: Run, menu: Menu, command: Command) -> Value:
    return await ping(run, command)


VERBS: dict[tuple[str, str], Act] = {
    ("interface", "monitor"): _monitor,
    ("interface ethernet poe", "monitor"): _poe,
    ("interface ethernet poe", "power-cycle"): _power_cycle,
    ("interface", "monitor-traffic"): _traffic,
    ("interface bridge port", "monitor"): _members,
    ("interface wireless", "monitor"): _radio,
    ("interface wifi", "monitor"): _radio,
    ("interface wifiwave2", "monitor"): _radio,
    ("system script", "run"): _run,
    ("system", "reboot"): _reboot,
    ("system", "shutdown"): _shutdown,
    ("system backup", "save"): _save,
    ("log", "info"): _written,
    ("log", "warning"): _written,
    ("log", "error"): _written,
    ("log", "debug"): _written,
    ("ip dhcp-server lease", "make-static"): _make_static,
    ("caps-man remote-cap", "provision"): _provision,
    ("interface wifi capsman remote-cap", "provision"): _provision,
    ("caps-man radio", "provision"): _provision,
    ("tool", "ping"): _ping,
}
"""By store and verb."""
