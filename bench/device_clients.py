"""The same change on many switches by ourselves and by others; one process per measurement.

`python -m bench.device_clients KIND WHAT SPEC`: KIND names a client, WHAT is `plain` (log in, six
lines, save), `whole` (four sessions per device, each phase on all devices before the next: read,
apply under a timer, verify, confirm and save) or `backup` (every configuration read and kept: ours
in git, secrets masked; the others as files) or `examine` (how every device is doing: ours parsed
into values, the others the same answers as text). SPEC is what `bench.device_lab` told. Imports are
outside the clock, as a worker pays them once. Prints {"wall", "cpu", "rss"} as JSON.

Run by .venv for ourselves and asyncssh, by .venv-bench for the peers: imports nothing of ours here.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

VLAN, PORT = 301, "GigabitEthernet1/0/23"
THREADS = 50
TIMER = 5

Device = dict[str, Any]
Clients = Callable[[dict[str, Any]], Callable[[], None]]


def description(name: str) -> str:
    return f"acara {name}"


def change(name: str) -> list[str]:
    return [
        f"vlan {VLAN}",
        "name PROV-WIFI-2026-0001",
        f"interface {PORT}",
        "switchport mode access",
        f"switchport access vlan {VLAN}",
        f"description {description(name)}",
    ]


def _must(holds: object, what: str) -> None:
    if not holds:
        raise RuntimeError(what)


# ---------------------------------------------------------------- ourselves


def _platform(spec: dict[str, Any]) -> Any:
    from provisioner.drivers.network import Host
    from provisioner.drivers.platforms.cisco_ios import IosPlatform
    from provisioner.drivers.sessions.batches import Sessions
    from provisioner.settings import DeviceSettings

    hosts = {
        each["name"]: Host(
            name=each["name"],
            platform="cisco_ios",
            groups=frozenset({"switches"}),
            address=each["address"],
            port=each["port"],
            user=each["user"],
            password=each["password"],
            site=f"site-{index % 40}",
        )
        for index, each in enumerate(spec["hosts"])
    }
    settings = DeviceSettings(sessions=THREADS, sessions_per_site=THREADS)
    return IosPlatform(Sessions(lambda: hosts, settings, Path(spec["known_hosts"]), lambda: ""))


def ours_plain(spec: dict[str, Any]) -> Callable[[], None]:
    """Our session with all its checks: host key, hostname, echo, every answer."""
    platform = _platform(spec)

    def one(work: Any, name: str) -> bool:
        work.require_name()
        work.session.configure(change(name))
        work.session.save(60)
        return True

    def run() -> None:
        done = platform.batch([each["name"] for each in spec["hosts"]], one)
        _must(set(done.values()) == {True}, str(done))

    return run


def ours_whole(spec: dict[str, Any]) -> Callable[[], None]:
    """The protocol as the engine uses it."""
    from provisioner.drivers.network import AccessPort, Order, Vlan, Wish

    platform = _platform(spec)

    def run() -> None:
        wanted = {
            each["name"]: [
                Vlan(VLAN, "PROV-WIFI-2026-0001"),
                AccessPort(PORT, VLAN, description(each["name"])),
            ]
            for each in spec["hosts"]
        }
        orders = {
            name: Order(platform.preview(found, [Wish(i) for i in wanted[name]]), "bench", TIMER)
            for name, found in platform.read(wanted).items()
        }
        _must(all(each.changed for each in platform.apply(orders).values()), "apply")
        for name, found in platform.read(wanted).items():
            _must(all(found.objects[i.key] == i for i in wanted[name]), name)
        _must(all(each.kept for each in platform.confirm(orders).values()), "confirm")

    return run


def ours_backup(spec: dict[str, Any]) -> Callable[[], None]:
    """As `provisioner device backup`: in groups of as many as there are sessions, a commit each."""
    from provisioner.runs.configurations import Cause, ConfigurationHistory

    platform = _platform(spec)
    names = [each["name"] for each in spec["hosts"]]

    def run() -> None:
        with tempfile.TemporaryDirectory(prefix="bench-") as made:
            history = ConfigurationHistory(Path(made) / "configurations")
            for first in range(0, len(names), THREADS):
                found = platform.read(dict.fromkeys(names[first : first + THREADS], ()))
                texts = {name: reading.configuration for name, reading in found.items()}
                history.keep_all(Cause(), "backup", texts)
            _must(all(history.log(name) for name in (names[0], names[-1])), "kept")

    return run


def ours_examine(spec: dict[str, Any]) -> Callable[[], None]:
    """What every check of a sweep needs to know, as values."""
    from provisioner.drivers.network import Examination, Inquiry

    platform = _platform(spec)
    inquiries = {each["name"]: Inquiry(limit=60.0) for each in spec["hosts"]}

    def run() -> None:
        for name, found in platform.examine(inquiries).items():
            _must(isinstance(found, Examination) and found.cut is None and found.ports, name)

    return run


EXAMINED = (
    "show version",
    "show running-config | include ^hostname|^ip domain|^ip name-server|^ip dhcp pool",
    "show clock detail",
    "show environment all",
    "show processes cpu | include CPU utilization",
    "show processes memory | include Total",
    "show file systems",
    "show interfaces",
    "show logging | include UPDOWN|ERR_DISABLE|DHCP_SNOOPING|PVID|NATIVE_VLAN|ILPOWER",
    "show interfaces switchport",
    "show vlan brief",
    "show spanning-tree",
    "show power inline",
    "show lldp neighbors detail",
    "show cdp neighbors detail",
    "show mac address-table",
    "show ip arp",
    "show ip route | include ^Gateway of last|^Default gateway",
)
"""What ours asks, for the others to ask."""


# ---------------------------------------------------------------- asyncssh, the floor


def _asyncssh(spec: dict[str, Any], phases: Sequence[str], at_once: int) -> Callable[[], None]:
    import asyncio

    import asyncssh

    known = asyncssh.read_known_hosts(spec["known_hosts"])

    async def one(each: Device, phase: str, gate: asyncio.Semaphore) -> None:
        async with gate, asyncssh.connect(
            each["address"], each["port"], username=each["user"], password=each["password"],
            known_hosts=known, config=None, client_keys=None, agent_path=None,
            encryption_algs=["aes128-gcm@openssh.com"],  # as ours: the cheapest to both sides
        ) as connection:  # fmt: skip
            process = await connection.create_process(term_type="vt100", term_size=(511, 1000))
            prompt = f"{each['name']}#"
            await process.stdout.readuntil(prompt)
            answer = ""
            for line in _lines(phase, each["name"]):
                process.stdin.write(f"{line}\n")
                answer = await process.stdout.readuntil(_END)
                _must(f"\n{each['name']}" in answer and "\n%" not in answer, answer)
            if phase == "backup":
                _keep(each["name"], answer)
            if phase == "verify":
                _must(description(each["name"]) in answer, each["name"])

    async def everything() -> None:
        gate = asyncio.Semaphore(at_once)
        for phase in phases:
            await asyncio.gather(*(one(each, phase, gate) for each in spec["hosts"]))

    return lambda: asyncio.run(everything())


_END = re.compile(r"\n[\w-]+(?:\([\w-]+\))?#")


def _lines(phase: str, name: str) -> list[str]:
    enter = f"configure terminal revert timer {TIMER}"
    return {
        "plain": [
            "terminal length 0",
            "configure terminal",
            *change(name),
            "end",
            "write memory",
        ],
        "read": ["terminal length 0", "show running-config"],
        "backup": ["terminal length 0", "show running-config"],
        "examine": ["terminal length 0", *EXAMINED],
        "apply": [enter, *change(name), "end"],
        "verify": ["terminal length 0", "show running-config"],
        "confirm": ["configure confirm", "write memory"],
    }[phase]


def _keep(name: str, text: str) -> None:
    _must(f"hostname {name}" in text, name)
    folder = Path(tempfile.gettempdir()) / f"bench-backup-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.cfg").write_text(text)


WHOLE = ("read", "apply", "verify", "confirm")

# ---------------------------------------------------------------- netmiko and nornir


def _netmiko_one(connection: Any, name: str, phase: str) -> None:
    if phase in ("read", "verify", "backup"):
        answer = connection.send_command("show running-config")
        _must(phase != "verify" or description(name) in answer, name)
        if phase == "backup":
            _keep(name, answer)
    elif phase == "examine":
        for line in EXAMINED:
            _must(connection.send_command(line, read_timeout=60) is not None, name)
    elif phase == "apply":
        enter = f"configure terminal revert timer {TIMER}"
        connection.send_config_set(change(name), config_mode_command=enter, error_pattern=r"^%")
    elif phase == "confirm":
        connection.send_command("configure confirm")
        connection.save_config()
    else:
        connection.send_config_set(change(name), error_pattern=r"^%")
        connection.save_config()


def _netmiko(spec: dict[str, Any], phases: Sequence[str]) -> Callable[[], None]:
    from concurrent.futures import ThreadPoolExecutor

    from netmiko import ConnectHandler

    def one(each: Device, phase: str) -> None:
        with ConnectHandler(
            device_type="cisco_ios", host=each["address"], port=each["port"],
            username=each["user"], password=each["password"], ssh_strict=True,
            alt_host_keys=True, alt_key_file=spec["known_hosts"],
        ) as connection:  # fmt: skip
            _netmiko_one(connection, each["name"], phase)

    def run() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            for phase in phases:
                list(pool.map(lambda each, phase=phase: one(each, phase), spec["hosts"]))

    return run


def _nornir(spec: dict[str, Any], phases: Sequence[str]) -> Callable[[], None]:
    from nornir.core import Nornir
    from nornir.core.configuration import Config
    from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Hosts, Inventory
    from nornir.core.inventory import Host as NornirHost
    from nornir.core.plugins.connections import ConnectionPluginRegister
    from nornir.plugins.runners import ThreadedRunner

    ConnectionPluginRegister.auto_register()
    extras = {"ssh_strict": True, "alt_host_keys": True, "alt_key_file": spec["known_hosts"]}
    hosts = Hosts(
        {
            each["name"]: NornirHost(
                each["name"], hostname=each["address"], port=each["port"], username=each["user"],
                password=each["password"], platform="cisco_ios",
                connection_options={"netmiko": ConnectionOptions(extras=extras)},
            )
            for each in spec["hosts"]
        }
    )  # fmt: skip

    def run() -> None:
        inventory = Inventory(hosts=hosts, groups=Groups({}), defaults=Defaults())
        nornir = Nornir(inventory, runner=ThreadedRunner(THREADS), config=Config())
        for phase in phases:

            def task(task: Any, phase: str = phase) -> None:
                connection = task.host.get_connection("netmiko", task.nornir.config)
                _netmiko_one(connection, task.host.name, phase)
                task.host.close_connections()

            done = nornir.run(task=task)
            _must(not done.failed, str(done.failed_hosts))

    return run


# ---------------------------------------------------------------- the clock

CLIENTS: dict[str, dict[str, Clients]] = {
    "ours": {
        "plain": ours_plain,
        "whole": ours_whole,
        "backup": ours_backup,
        "examine": ours_examine,
    },
    "asyncssh": {
        "plain": lambda spec: _asyncssh(spec, ("plain",), THREADS),
        "whole": lambda spec: _asyncssh(spec, WHOLE, THREADS),
        "backup": lambda spec: _asyncssh(spec, ("backup",), THREADS),
        "examine": lambda spec: _asyncssh(spec, ("examine",), THREADS),
    },
    "asyncssh-all": {
        "plain": lambda spec: _asyncssh(spec, ("plain",), len(spec["hosts"])),
        "whole": lambda spec: _asyncssh(spec, WHOLE, len(spec["hosts"])),
        "backup": lambda spec: _asyncssh(spec, ("backup",), len(spec["hosts"])),
        "examine": lambda spec: _asyncssh(spec, ("examine",), len(spec["hosts"])),
    },
    "netmiko": {
        "plain": lambda spec: _netmiko(spec, ("plain",)),
        "whole": lambda spec: _netmiko(spec, WHOLE),
        "backup": lambda spec: _netmiko(spec, ("backup",)),
        "examine": lambda spec: _netmiko(spec, ("examine",)),
    },
    "nornir": {
        "plain": lambda spec: _nornir(spec, ("plain",)),
        "whole": lambda spec: _nornir(spec, WHOLE),
        "backup": lambda spec: _nornir(spec, ("backup",)),
        "examine": lambda spec: _nornir(spec, ("examine",)),
    },
}


def main(kind: str, what: str, spec: Path) -> None:
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    run = CLIENTS[kind][what](json.loads(spec.read_text()))
    before, began = time.process_time(), time.monotonic()
    run()
    wall, cpu = time.monotonic() - began, time.process_time() - before
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    shutil.rmtree(Path(tempfile.gettempdir()) / f"bench-backup-{os.getpid()}", ignore_errors=True)
    print(json.dumps({"wall": wall, "cpu": cpu, "rss": peak}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
