"""Guests that boot: after a while the agent answers and a real SSH server listens."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import asyncssh

from provisioner.lab.faults import Faults
from provisioner.lab.inside import Inside, body, public

_DROP_KEY = re.compile(r"sed -i '\\\|([A-Za-z0-9+/=]{16,})\|d' ~/\.ssh/authorized_keys")
Wall = Literal["open", "reject", "drop"]
LISTEN_TRIES = 50


@dataclass(frozen=True)
class GuestSettings:
    """``boot`` in seconds of this machine; the agent answers after that share of it."""

    port: int
    boot: float
    agent_after: float


class Guest:
    """The running of one VM. It runs no command: a handful is interpreted, the rest refused.

    ``wall`` tells what the firewall in front of it does with a connection to its SSH port.
    """

    def __init__(
        self, vmid: int, settings: GuestSettings, faults: Faults, wall: Callable[[], Wall]
    ) -> None:
        self.vmid = vmid
        self.settings = settings
        self.faults = faults
        self.inside = Inside()
        self.agent_up = False
        self.cloud_init_done = False
        self.trouble = ""
        """Why its SSH server could not listen."""
        self._wall = wall
        self._server: asyncssh.SSHAcceptor | None = None
        self._silence: list[socket.socket] = []
        self._boots = 0
        self._shown: tuple[Wall, asyncssh.SSHKey] | None = None
        self._other_key: asyncssh.SSHKey | None = None
        self._door = asyncio.Lock()
        self._up = False
        self.connections: set[asyncssh.SSHServerConnection] = set()

    @property
    def name(self) -> str:
        return self.inside.name

    @property
    def user(self) -> str:
        return self.inside.user

    @property
    def address(self) -> str | None:
        return self.inside.address

    @property
    def keys(self) -> list[str]:
        return self.inside.keys

    @property
    def host_key(self) -> asyncssh.SSHKey:
        """The guest's own host key, of its current cloud-init instance."""
        if self.inside.host_key is None:
            self.inside.host_key = asyncssh.generate_private_key("ssh-ed25519")
        return self.inside.host_key

    async def boot(self, name: str, config: dict[str, Any]) -> None:
        """Boot with the cloud-init drive as generated at the start of the VM."""
        self._boots += 1
        mine = self._boots
        self.inside.read_drive(name, config, self._other_address)
        if self.faults.take("boot-never", vmid=self.vmid):
            return
        share = self.settings.agent_after
        await asyncio.sleep(self.settings.boot * share)
        if mine != self._boots:
            return
        self.agent_up = True
        await asyncio.sleep(self.settings.boot * (1 - share))
        if mine != self._boots:
            return
        self._up = True
        await self.show()
        self.cloud_init_done = mine == self._boots

    def _other_address(self) -> str | None:
        wrong = self.faults.take("wrong-address", vmid=self.vmid)
        return (wrong.options["address"] or "127.31.255.254") if wrong else None

    async def halt(self) -> None:
        """Off: the agent is silent and the address refuses."""
        self._boots += 1
        self._up = self.agent_up = self.cloud_init_done = False
        async with self._door:
            await self._shut()

    async def _shut(self) -> None:
        server, self._server = self._server, None
        self._shown = None
        for held in self._silence:
            held.close()
        self._silence = []
        if server is not None:
            await no_more(server.sockets)
            server.close()
            await server.wait_closed()
        for connection in list(self.connections):
            connection.abort()

    # ----------------------------------------------------------------- SSH

    async def show(self) -> None:
        """Let its SSH port be what the firewall and the faults now make of it."""
        boot = self._boots
        async with self._door:
            if not self._up or boot != self._boots or not (self.address or "").startswith("127."):
                return
            wanted = (self._wall(), self._shown_key())
            if wanted == self._shown:
                return
            await self._shut()
            for _ in range(LISTEN_TRIES):
                if boot != self._boots:
                    return
                try:
                    await self._open(*wanted)
                except OSError as error:
                    self.trouble = str(error)
                    await asyncio.sleep(0.1)
                    continue
                self.trouble, self._shown = "", wanted
                return

    def _shown_key(self) -> asyncssh.SSHKey:
        if not self.faults.active("host-key-changed", vmid=self.vmid):
            self._other_key = None
            return self.host_key
        if self._other_key is None:
            self._other_key = asyncssh.generate_private_key("ssh-ed25519")
        return self._other_key

    async def _open(self, wall: Wall, key: asyncssh.SSHKey) -> None:
        """Listen; a wall that drops is a socket whose queue is full, so that it stays silent."""
        where = (self.address or "", self.settings.port)
        if wall == "drop":
            silent = socket.create_server(where, backlog=0)
            self._silence = [silent]
            for _ in range(2):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(where)
                self._silence.append(filler)
        elif wall == "open":
            self._server = await asyncssh.listen(
                *where,
                server_factory=lambda: _Door(self),
                server_host_keys=[key],
                process_factory=self._command,
                allow_scp=False,
                agent_forwarding=False,
                keepalive_interval=0,
            )

    def _command(self, process: asyncssh.SSHServerProcess[str]) -> None:
        asked = process.command or ""
        dropped = _DROP_KEY.fullmatch(asked)
        known = {
            "true": "",
            "hostname": self.name + "\n",
            "cat /etc/hostname": self.name + "\n",
            "id -un": self.user + "\n",
        }
        if dropped:
            self.inside.drop_key(dropped[1])
            process.exit(0)
        elif asked in known:
            process.stdout.write(known[asked])
            process.exit(0)
        else:
            process.stderr.write(f"{asked.split(' ')[0][:40] or 'sh'}: command not found\n")
            process.exit(127)

    # --------------------------------------------------------------- agent

    def interfaces(self, mac: str) -> list[dict[str, Any]]:
        """What ``network-get-interfaces`` answers."""
        low = mac.lower()
        found = [_interface("lo", "00:00:00:00:00:00", ("127.0.0.1", 8), ("::1", 128))]
        own = ((self.address, self.inside.prefix),) if self.address else ()
        return [*found, _interface("eth0", low, *own, (_link_local(low), 64))]

    def file(self, path: str) -> str | None:
        """The text of one of the few files that the agent can read, else None."""
        if path == "/etc/ssh/ssh_host_ed25519_key.pub":
            return f"{public(self.host_key)} root@{self.name}\n"
        if path == "/etc/hostname":
            return self.name + "\n"
        if path in ("/run/cloud-init/status.json", "/var/lib/cloud/data/status.json"):
            return json.dumps({"v1": self._status()}, indent=1) + "\n"
        if path in ("/run/cloud-init/result.json",) and self.cloud_init_done:
            result = {"datasource": "DataSourceNoCloud [seed=/dev/sr0]", "errors": self._errors()}
            return json.dumps({"v1": result}, indent=1) + "\n"
        return self.inside.files.get(path)

    def _errors(self) -> list[str]:
        fault = self.faults.active("cloud-init-error", vmid=self.vmid)
        return [fault.options["text"]] if fault else []

    def _status(self) -> dict[str, Any]:
        def stage(start: float | None, end: float | None, *errors: str) -> dict[str, Any]:
            return {
                "errors": list(errors),
                "finished": end,
                "recoverable_errors": {},
                "start": start,
            }

        done = self.cloud_init_done
        return {
            "datasource": "DataSourceNoCloud [seed=/dev/sr0]",
            "init": stage(5.01, 6.2),
            "init-local": stage(3.1, 3.9),
            "modules-config": stage(6.9, 7.4 if done else None, *(self._errors() if done else [])),
            "modules-final": stage(7.8, 8.3) if done else stage(None, None),
            "stage": None if done else "modules-config",
        }


async def no_more(sockets: Iterable[Any]) -> None:
    """Accept nothing more on these listening sockets, and let what was accepted come through.

    asyncio loses the transport of a connection that it accepts while its server is closed.
    """
    loop = asyncio.get_running_loop()
    for listening in sockets:
        loop.remove_reader(listening.fileno())
    for _ in range(3):
        await asyncio.sleep(0)


class _Door(asyncssh.SSHServer):
    """Lets in the cloud-init user with an injected key; nobody else, and no password."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._guest.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._guest.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return body(public(key)) in self._guest.inside.keys_of(username)


def _link_local(mac: str) -> str:
    """The IPv6 address that a card gives itself (EUI-64)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    host = bytes([octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]])
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + host))


def _interface(name: str, mac: str, *addresses: tuple[str, int]) -> dict[str, Any]:
    return {
        "hardware-address": mac,
        "ip-addresses": [
            {"ip-address": a, "ip-address-type": "ipv6" if ":" in a else "ipv4", "prefix": p}
            for a, p in addresses
        ],
        "name": name,
        "statistics": dict.fromkeys(
            (
                "rx-bytes",
                "rx-dropped",
                "rx-errs",
                "rx-packets",
                "tx-bytes",
                "tx-dropped",
                "tx-errs",
                "tx-packets",
            ),
            0,
        ),
    }
