"""A lab as a process: clusters, devices, control channel, and what a restart finds again."""

from __future__ import annotations

import hashlib
import json
import logging
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.errors import Mistake
from provisioner.lab.cluster import LabCluster
from provisioner.lab.control import Control, RemoteLab
from provisioner.lab.devices import office
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.plan import LabNetwork, LabPlan, big_plan
from provisioner.lab.up import office_key, remember, write_configuration
from provisioner.settings import load_settings
from provisioner.texts import say

log = logging.getLogger(__name__)
PATIENCE = 90.0
_WEB_PORT = 8080


@dataclass(frozen=True)
class LabOptions:
    """What `lab up` may be told; empty values are chosen, once, and kept in the directory."""

    names: Sequence[str] = ("dc1",)
    speed: float | None = None
    cidr: str | None = None
    ssh_port: int | None = None
    web_port: int | None = None
    minute: float | None = None
    """Seconds in a minute of the devices' clocks; 3 unless kept, 60 in real time."""
    switches: int | None = None
    """A tree of so many switches instead of the campus."""
    nodes: int | None = None
    """A cluster of so many nodes (``big_plan``) instead of the three."""
    pve: str | None = None
    """The version of Proxmox VE that the clusters say they are."""


def plans(directory: Path, options: LabOptions) -> list[LabPlan]:
    """The plans of the clusters, as kept in the directory where it has any."""
    kept = sorted((directory / "lab").glob("cluster-*.json"))
    if kept:
        return [_kept(path, options) for path in kept]
    return [_fresh(directory, name, number, options) for number, name in enumerate(options.names)]


def _kept(path: Path, options: LabOptions) -> LabPlan:
    data = json.loads(path.read_text())
    kind = big_plan(len(data["ports"])) if data.get("big") else LabPlan()
    return replace(
        kind,
        name=data["name"],
        speed=options.speed or data["speed"],
        version=options.pve or data.get("version", kind.version),
        network=LabNetwork(**data["network"]),
        token_id=data["token_id"],
        token_secret=data["token_secret"],
        root_password=data["root_password"],
        ports=tuple(data["ports"]),
    )


def _fresh(directory: Path, name: str, number: int, options: LabOptions) -> LabPlan:
    digest = hashlib.sha256(f"{directory.resolve()}:{name}".encode()).digest()
    cidr = options.cidr if options.cidr and number == 0 else None
    network = LabNetwork(
        cidr=cidr or f"127.{64 + digest[0] % 128}.{digest[1]}.0/24",
        ssh_port=options.ssh_port or _free_port("127.0.0.1", 0),
    )
    plan = LabPlan(name=name, speed=options.speed or 10.0, network=network)
    if options.nodes:
        wide = f"127.{64 + digest[0] % 128}.0.0/16"
        room = replace(network, cidr=cidr or wide, first=256, last=4095)
        plan = big_plan(options.nodes, name=name, speed=options.speed or 10.0, network=room)
    return replace(plan, version=options.pve or plan.version)


def _free_port(host: str, wanted: int) -> int:
    with socket.socket() as probe:
        try:
            probe.bind((host, wanted))
        except OSError:
            return _free_port(host, 0)
        return int(probe.getsockname()[1])


def serve(directory: Path, options: LabOptions) -> None:
    """Run the lab until it is stopped by a signal or through its control channel."""
    if RemoteLab(directory).answers():
        raise Mistake(say("A lab is already up in %(dir)s.", dir=str(directory)))
    ended = threading.Event()
    labs: dict[str, LabCluster] = {}
    devices: DeviceLab | None = None
    control: Control | None = None
    _raise_file_limit()
    try:
        for plan in plans(directory, options):
            labs[plan.name] = _start(directory, plan)
        devices = _start_devices(directory, options)
        web_port = options.web_port or _free_port("127.0.0.1", _WEB_PORT)
        write_configuration(directory, list(labs.values()), web_port, devices)
        control = Control(directory, labs, devices, ended.set)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        control.start()
        log.info("lab up: %s", ", ".join(f"{n} {lab.url}" for n, lab in labs.items()))
        ended.wait()
        log.info("lab going down")
    finally:
        for lab in labs.values():
            lab.stop()
        if devices is not None:
            devices.stop()
        if control is not None:
            control.close()  # last: who waits for its file then finds the ports free


def _minute(directory: Path, wanted: float | None) -> float | None:
    """What a minute of the devices lasts: the product must count as they do."""
    config = directory / "provisioner.toml"
    if not config.is_file():
        return wanted
    lasts = load_settings(config).devices.minute
    if wanted not in (None, lasts):
        raise Mistake(
            say(
                "%(file)s says that a minute of the devices lasts %(seconds)s seconds; change it "
                "there too.",
                file=str(config),
                seconds=f"{lasts:g}",
            )
        )
    return lasts


def _raise_file_limit() -> None:
    """Each device listens and each session is a file; the usual 1024 are soon too few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _taken(directory: Path, ports: Iterable[int], error: OSError) -> Mistake:
    return Mistake(
        say(
            "The lab cannot listen on its ports %(ports)s (%(why)s); stop what uses them, or "
            "remove %(file)s to have others chosen.",
            ports=", ".join(map(str, ports)),
            why=error.strerror or str(error),
            file=str(directory / "lab"),
        )
    )


def _start_devices(directory: Path, options: LabOptions) -> DeviceLab:
    file = directory / "lab" / "devices.json"
    digest = hashlib.sha256(f"{directory.resolve()}:devices".encode()).digest()
    net = f"127.{32 + digest[0] % 32}.0.0/16" if options.switches else None
    cidr = net or f"127.{32 + digest[0] % 32}.{digest[1]}.0/24"
    fresh = {"cidr": cidr, "switches": options.switches}
    plan = replace(
        office.campus(file, fresh, _minute(directory, options.minute)),
        authorized_keys=office_key(directory),
    )
    lab = DeviceLab(plan)
    try:
        lab.start()
    except OSError as error:
        raise _taken(directory, [plan.port], error) from error
    office.remember(file, lab, options.switches)
    return lab


def _start(directory: Path, plan: LabPlan) -> LabCluster:
    lab = LabCluster(plan, directory / "lab" / "certificates")
    try:
        lab.start()
    except OSError as error:
        raise _taken(directory, plan.ports, error) from error
    ports = [int(url.rsplit(":", 1)[1]) for url in lab.urls]
    remember(directory / "lab" / f"cluster-{plan.name}.json", plan, ports)
    return lab


def start_in_background(directory: Path, options: LabOptions) -> RemoteLab:
    """Start the lab in a process of its own and wait until it answers.

    Raises Mistake when one is up already, or with the end of its log when it does not come up.
    """
    lab = RemoteLab(directory)
    if lab.answers():
        raise Mistake(
            say("A lab is already up in %(dir)s (process %(pid)s).", dir=directory, pid=lab.pid)
        )
    lab.forget()
    (directory / "lab").mkdir(parents=True, exist_ok=True)
    path = directory / "lab" / "lab.log"
    with path.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "provisioner.lab", str(directory.resolve()), *_words(options)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + PATIENCE
    while not lab.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            tail = path.read_text(errors="replace").strip().splitlines()[-1:]
            raise Mistake(
                say(
                    "The lab did not come up: %(why)s (see %(log)s)",
                    why=" ".join(tail),
                    log=str(path),
                )
            )
        time.sleep(0.05)
    process.returncode = 0  # it lives on by itself; Popen shall not warn about it
    return lab


def _words(options: LabOptions) -> list[str]:
    words = [f"--name={name}" for name in options.names]
    for key in ("speed", "cidr", "ssh_port", "web_port", "minute", "switches", "nodes", "pve"):
        value = getattr(options, key)
        if value is not None:
            words.append(f"--{key.replace('_', '-')}={value}")
    return words


def stop(directory: Path) -> bool:
    """Stop the lab of a directory; False when none was up (a stale control file is removed)."""
    lab = RemoteLab(directory)
    if not lab.answers():
        lab.forget()
        return False
    lab.stop()
    deadline = time.monotonic() + PATIENCE
    while (directory / "lab" / "control.json").exists():
        if time.monotonic() > deadline:
            raise Mistake(
                say("The lab (process %(pid)s) does not end; look at its log.", pid=lab.pid)
            )
        time.sleep(0.05)
    return True
