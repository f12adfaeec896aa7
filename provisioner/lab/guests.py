"""Guests that boot: after a while the agent answers and a real SSH server listens."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import asyncssh

from provisioner.lab.configuration import cloud_config
from provisioner.lab.faults import Faults

_PLANNED = re.compile(r"(?:^|,)ip=([0-9.]+)/(\d+)")
_DROP_KEY = re.compile(r"sed -i '\\\|([A-Za-z0-9+/=]{16,})\|d' ~/\.ssh/authorized_keys")
LISTEN_TRIES = 50


@dataclass(frozen=True)
class GuestSettings:
    """``boot`` in seconds of this machine; the agent answers after that share of it."""

    port: int
    boot: float
    agent_after: float


class Guest:
    """The inside of one VM. It runs no command: a handful is interpreted, the rest refused."""

    def __init__(self, vmid: int, settings: GuestSettings, faults: Faults) -> None:
        self.vmid = vmid
        self.settings = settings
        self.faults = faults
        self.name = ""
        self.user = "debian"
        self.address: str | None = None
        self.prefix = 24
        self.keys: list[str] = []
        self.agent_up = False
        self.cloud_init_done = False
        self.trouble = ""
        """Why its SSH server could not listen."""
        self._instance = ""
        self._host_key: asyncssh.SSHKey | None = None
        self._server: asyncssh.SSHAcceptor | None = None
        self._boots = 0
        self.connections: set[asyncssh.SSHServerConnection] = set()

    @property
    def host_key(self) -> asyncssh.SSHKey:
        """The guest's own host key, of its current cloud-init instance."""
        if self._host_key is None:
            self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        return self._host_key

    async def boot(self, name: str, config: dict[str, Any]) -> None:
        """Boot with the cloud-init drive as generated at the start of the VM."""
        self._boots += 1
        mine = self._boots
        self._read_drive(name, config)
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
        await self._listen(mine)
        self.cloud_init_done = mine == self._boots

    async def halt(self) -> None:
        """Off: the agent is silent and the address refuses."""
        self._boots += 1
        self.agent_up = self.cloud_init_done = False
        server, self._server = self._server, None
        if server is not None:
            await no_more(server.sockets)
            server.close()
            await server.wait_closed()
        for connection in list(self.connections):
            connection.abort()

    def _read_drive(self, name: str, config: dict[str, Any]) -> None:
        user_data = cloud_config(name, config)
        network = str(config.get("ipconfig0", ""))
        instance = hashlib.sha256((user_data + network).encode()).hexdigest()
        if instance == self._instance:
            return
        self._instance, self._host_key = instance, None
        self.name = name
        self.user = str(config.get("ciuser") or "debian")
        encoded = unquote(str(config.get("sshkeys") or ""))
        self.keys = [_body(line) for line in encoded.splitlines() if line.strip()]
        planned = _PLANNED.search(network)
        self.address = planned[1] if planned else None
        self.prefix = int(planned[2]) if planned else 24
        wrong = self.faults.take("wrong-address", vmid=self.vmid)
        if wrong:
            self.address = wrong.options["address"] or "127.31.255.254"

    # ----------------------------------------------------------------- SSH

    async def _listen(self, boot: int) -> None:
        """Open the SSH server of this boot, unless the guest was halted meanwhile."""
        if self.address is None or not self.address.startswith("127."):
            return
        key = self.host_key
        if self.faults.active("host-key-changed", vmid=self.vmid):
            key = asyncssh.generate_private_key("ssh-ed25519")
        for _ in range(LISTEN_TRIES):
            try:
                server = await asyncssh.listen(
                    self.address,
                    self.settings.port,
                    server_factory=lambda: _Door(self),
                    server_host_keys=[key],
                    process_factory=self._command,
                    allow_scp=False,
                    agent_forwarding=False,
                    keepalive_interval=0,
                )
            except OSError as error:
                self.trouble = str(error)
                await asyncio.sleep(0.1)
                continue
            self.trouble = ""
            if boot == self._boots:
                self._server = server
            else:
                server.close()
            return

    async def show_other_host_key(self) -> None:
        """Listen anew, with the host key that the faults now ask for."""
        if self._server is not None:
            await no_more(self._server.sockets)
            self._server.close()
            await self._server.wait_closed()
            await self._listen(self._boots)

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
            self.keys = [key for key in self.keys if dropped[1] not in key]
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
        own = ((self.address, self.prefix),) if self.address else ()
        return [*found, _interface("eth0", low, *own, (_link_local(low), 64))]

    def file(self, path: str) -> str | None:
        """The text of one of the few files that the agent can read, else None."""
        if path == "/etc/ssh/ssh_host_ed25519_key.pub":
            return f"{_public(self.host_key)} root@{self.name}\n"
        if path == "/etc/hostname":
            return self.name + "\n"
        if path in ("/run/cloud-init/status.json", "/var/lib/cloud/data/status.json"):
            return json.dumps({"v1": self._status()}, indent=1) + "\n"
        if path in ("/run/cloud-init/result.json",) and self.cloud_init_done:
            result = {"datasource": "DataSourceNoCloud [seed=/dev/sr0]", "errors": self._errors()}
            return json.dumps({"v1": result}, indent=1) + "\n"
        return None

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
        return username == self._guest.user and _body(_public(key)) in self._guest.keys


def _link_local(mac: str) -> str:
    """The IPv6 address that a card gives itself (EUI-64)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    host = bytes([octets[0] ^ 2, *octets[1:3], 0xFF, 0xFE, *octets[3:]])
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + host))


def _public(key: asyncssh.SSHKey) -> str:
    """Algorithm and body, without comment."""
    return " ".join(key.export_public_key().decode().split()[:2])


def _body(line: str) -> str:
    """The base64 body of a public key line."""
    return _public(asyncssh.import_public_key(line)).split()[1]


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
