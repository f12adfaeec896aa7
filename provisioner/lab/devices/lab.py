"""A lab of simulated devices to start and stop from synchronous code, with its faults."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import asyncssh

from provisioner.drivers.network import Host
from provisioner.errors import Mistake
from provisioner.lab.devices.device import Device, Entry
from provisioner.lab.devices.making import make_device
from provisioner.lab.devices.plan import CAMPUS, CampusPlan
from provisioner.lab.devices.server import DeviceServer
from provisioner.lab.devices.standing import Standing
from provisioner.lab.devices.topology import Topology
from provisioner.lab.devices.typing import typed
from provisioner.lab.faults import Fault
from provisioner.texts import say

T = TypeVar("T")
_PATIENCE = 60
_BOOT = 5.0
"""Seconds that devices may take to come up before the lab counts as started."""


class DeviceLab(Standing):
    """The devices of one plan over real SSH; its loop runs in a thread of its own.

    All methods may be called from any thread while the lab is up.
    """

    def __init__(self, plan: CampusPlan = CAMPUS) -> None:
        super().__init__()
        self.plan = plan
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ----------------------------------------------------------- life cycle

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken on one of the addresses."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="lab-devices", daemon=True)
        thread.start()
        self._loop, self._thread = loop, thread
        try:
            self.run(self._listen())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything; does nothing when it is not up."""
        if self._loop is None or self._thread is None:
            return
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()
        self._loop = self._thread = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the lab's loop. Raises Mistake when the lab is not up."""
        if self._loop is None:
            work.close()
            raise Mistake(say("The lab is not up."))
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def call(self, act: Callable[[], T]) -> T:
        """``act()`` in the lab's loop, for a look at or a change of a device from a test."""

        async def now() -> T:
            return act()

        return self.run(now())

    async def _listen(self) -> None:
        keys = dict(self.plan.host_keys)
        for number, each in enumerate(self.plan.devices):
            device = make_device(self.plan, each, number)
            device.ground = self
            self._devices[each.name] = device
            text = keys.get(each.name)
            key = (
                asyncssh.import_private_key(text)
                if text
                else asyncssh.generate_private_key(each.key_type)
            )
            self._servers[each.name] = DeviceServer(
                device,
                self.plan.address(number),
                key,
                room=lambda d=device: self._room(d),  # type: ignore[misc]
                lets_in=lambda d=device: not self._active("login-refused", d),  # type: ignore[misc]
                opened=lambda running, d=device: self._strike(d, running, ""),  # type: ignore[misc]
                legacy=each.legacy,
            )
        self._topology = Topology(self._devices, list(self.plan.cables()), self.plan.routers)
        for device in self._devices.values():
            device.boot()
        port = self.plan.port
        for server in self._servers.values():
            await server.listen(port)
            port = server.port
        self._settle()
        deadline = time.monotonic() + _BOOT
        while not all(device.manageable() for device in self._devices.values()):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.005)

    async def _close(self) -> None:
        for server in self._servers.values():
            await server.close()
        for device in self._devices.values():
            device.power_off()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self._servers, self._devices = {}, {}
        await asyncio.sleep(0)

    # ------------------------------------------------------------- to know

    def device(self, name: str) -> Device:
        """The simulated device; touch what is not a plain reading only through ``call``."""
        return self._devices[self._known(name)]

    def configuration(self, name: str) -> str:
        """Its whole running configuration."""
        return self.call(self.device(name).configuration)

    def configurations(self) -> dict[str, str]:
        return self.call(lambda: {n: d.configuration() for n, d in self._devices.items()})

    def transcript(self, name: str) -> list[Entry]:
        """Every line it was given so far, with the session's number and what it answered."""
        return list(self.device(name).transcript)

    def lines(self, name: str) -> list[str]:
        """Every line it was given so far."""
        return [entry.line for entry in self.transcript(name)]

    def forget(self) -> None:
        """Empty all transcripts."""

        def empty() -> None:
            for device in self._devices.values():
                device.transcript.clear()

        self.call(empty)

    @property
    def sessions_seen(self) -> dict[str, int]:
        """How many sessions each device has had."""
        return {name: server.seen for name, server in self._servers.items()}

    @property
    def sessions_open(self) -> dict[str, int]:
        """How many connections each device has now."""
        return {name: len(server.gates) for name, server in self._servers.items()}

    def hosts(self, identity: str | None = None) -> dict[str, Host]:
        """The devices as the product's inventory would give them.

        ``identity``: path of a private key; without it they are entered by password.
        """
        plan = self.plan
        found = {}
        for each in plan.devices:
            server = self._servers[each.name]
            found[each.name] = Host(
                name=each.name,
                platform=each.platform,
                groups=each.groups,
                address=server.address,
                port=server.port,
                user=plan.user_on(each.platform),
                site=each.site,
                legacy_crypto=each.legacy,
                password=None if identity else plan.password,
                private_key_file=identity,
                become_password=each.enable_password,
            )
        return found

    @property
    def port(self) -> int:
        """The SSH port of all devices."""
        return next(iter(self._servers.values())).port

    def host_key(self, name: str) -> asyncssh.SSHKey:
        """The private key of its SSH server, as it was when the lab came up."""
        return self._servers[self._known(name)].key

    def known_hosts_lines(self) -> list[str]:
        """One entry of known_hosts per device, as an operator would have after `trust`."""
        found = []
        for server in self._servers.values():
            public = server.key.export_public_key("openssh").decode().split()
            found.append(f"[{server.address}]:{server.port} {public[0]} {public[1]}")
        return found

    def known_hosts(self, path: Path) -> Path:
        """Write all devices' host keys there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.known_hosts_lines()) + "\n")
        return path

    def state(self) -> dict[str, Any]:
        """What `lab` tells: devices, who is reachable, and the active faults."""
        return self.call(self._state)

    def _state(self) -> dict[str, Any]:
        return {
            "devices": {
                name: {
                    "address": server.address,
                    "port": server.port,
                    "platform": server.device.platform,
                    "up": server.device.up,
                    "reachable": server.device.up and not server.cut,
                    "sessions": len(server.gates),
                    "seen": server.seen,
                    "announced": sorted(getattr(server.device, "announced", ())),
                }
                for name, server in self._servers.items()
            },
            "faults": [fault.to_json() for fault in self.faults],
        }

    # ------------------------------------------------------------- to disturb

    def fault(self, name: str, **options: object) -> dict[str, Any]:
        """Show a fault from now on. Raises Mistake for an unknown one, option or device."""

        def begin() -> dict[str, Any]:
            made = self.faults.make(name, options)
            self._check(made)
            if made.name == "item-doubled":
                self._double(made)
                return made.to_json()
            self.faults.add(made)
            self._settle()
            return made.to_json()

        return self.call(begin)

    def _check(self, fault: Fault) -> None:
        options = fault.options
        if options.get("host"):
            self._known(options["host"])
        for key in ("after", "seconds"):
            if not re.fullmatch(r"\d+(\.\d+)?", options.get(key, "0")):
                raise Mistake(
                    say("%(key)s must be a number, not %(value)s.", key=key, value=options[key])
                )
        if fault.name == "cable-pulled":
            host, port = options["host"], options["port"]
            if self._topology.cable(host, port) is None:
                raise Mistake(
                    say("There is no cable in %(port)s of %(host)s.", port=port, host=host)
                )

    def _double(self, fault: Fault) -> None:
        host, menu, name = (fault.options[key] for key in ("host", "menu", "item"))
        if not self.device(host).double(menu, name):
            raise Mistake(
                say("%(host)s has no %(name)s in %(menu)s.", host=host, name=name, menu=menu)
            )

    def clear(self, name: str | None = None) -> int:
        """End all faults, or those of that name."""

        def end() -> int:
            gone = self.faults.remove(name)
            self._settle()
            return len(gone)

        return self.call(end)

    def type(self, name: str, lines: Sequence[str]) -> str:
        """Somebody logs in on that device by password and types the lines; what it answered."""
        server, password = self._servers[self._known(name)], self.plan.password
        if password is None:
            raise Mistake(say("The devices of this lab have no password."))
        user = self.plan.user_on(server.device.platform)
        try:
            return self.run(typed(server.address, server.port, user, password, lines))
        except (OSError, asyncssh.Error) as error:
            why = str(error) or type(error).__name__
            raise Mistake(
                say("Nothing can be typed on %(name)s: %(why)s", name=name, why=why)
            ) from error

    def reboot(self, name: str) -> None:
        self.call(self.device(name).reboot)

    def _settle(self) -> None:
        """Bring power, keys, cables and reachability in line with the faults."""
        for name, server in self._servers.items():
            device = server.device
            dead = self._powerless(name)
            if dead and device.up:
                device.power_off()
            elif not dead and not device.up and name in self._dead:
                device.power_on()
            device.disturb({"safe-mode-held"} if self._active("safe-mode-held", device) else ())
            changed = self._active("device-key-changed", device) is not None
            if changed != (name in self._rekeyed):
                server.show_key(
                    asyncssh.generate_private_key("ssh-ed25519") if changed else server.key
                )
        self._dead = {name for name in self._servers if self._powerless(name)}
        self._rekeyed = {
            n for n, s in self._servers.items() if self._active("device-key-changed", s.device)
        }
        self._topology.pulled = {
            cable
            for fault in self.faults
            if fault.name == "cable-pulled"
            and (cable := self._topology.cable(fault.options["host"], fault.options["port"]))
        }
        self._reach()

    _dead: set[str] = set()  # noqa: RUF012 - replaced, never changed
    _rekeyed: set[str] = set()  # noqa: RUF012

    def _reach(self) -> None:
        reached = self._topology.reachable()
        for name, server in self._servers.items():
            mute = self._active("device-mute", server.device) is not None
            cut = mute or name not in reached
            if cut != server.cut:
                server.set_cut(cut)

    # ------------------------------------------------- what devices stand on

    def moved(self, device: Device) -> None:
        if not self._servers:
            return
        around = self._topology.around(device.name) & self._servers.keys()
        if any(self._powerless(name) != (name in self._dead) for name in around):
            self._settle()
        if self._topology.changed(device):
            self._reach()

    def cured(self, device: Device, name: str, **asked: object) -> None:
        super().cured(device, name, **asked)
        self._settle()

    def end_sessions(self, device: Device) -> None:
        if device.name in self._servers:
            self._servers[device.name].abort()


@contextmanager
def running_lab(plan: CampusPlan = CAMPUS) -> Iterator[DeviceLab]:
    """A lab of that plan for as long as the block lasts."""
    with DeviceLab(plan) as lab:
        yield lab
