"""The algorithms that an SSH server offers, read from its first packet; nobody logs in."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BufferedReader

import paramiko

from provisioner.drivers.network import Host
from provisioner.drivers.sessions.access import OLD_ALGORITHMS
from provisioner.errors import ProvisionerError
from provisioner.texts import say

AT_ONCE = 50
_SECONDS = 10.0
_KEXINIT, _COOKIE = 20, 16
_LONGEST = 35_000
_IDENT_LINES = 50
_NEVER = frozenset(
    {"ssh-dss", "diffie-hellman-group1-sha1", "3des-cbc", "arcfour", "arcfour128", "arcfour256",
     "blowfish-cbc", "cast128-cbc", "none"}
)  # fmt: skip
"""Weak beyond what ``provisioner_legacy_crypto`` allows, or never spoken by us at all."""
_TOLERATED = frozenset({"diffie-hellman-group14-sha1"})
"""Not spoken by us without need, but RFC 9142 (section 4) still lets servers offer it."""


@dataclass(frozen=True)
class Offer:
    """What one server offers, each in its own order (RFC 4253, section 7.1)."""

    kex: tuple[str, ...]
    keys: tuple[str, ...]
    ciphers: tuple[str, ...]
    macs: tuple[str, ...]

    @property
    def _lists(self) -> Mapping[str, tuple[str, ...]]:
        return {"kex": self.kex, "keys": self.keys, "ciphers": self.ciphers, "macs": self.macs}

    @property
    def needs_legacy(self) -> bool:
        """Whether nothing in common is left without the algorithms of old."""
        for name, offered in self._lists.items():
            ours = set(_OURS[name]) - set(OLD_ALGORITHMS[name])
            if name == "macs" and any("gcm" in cipher for cipher in self.ciphers):
                continue  # such a cipher needs none
            if not ours & set(offered):
                return True
        return False

    @property
    def weak(self) -> tuple[str, ...]:
        """Every algorithm offered that is weak, each once, in a fixed order."""
        old = {name for names in OLD_ALGORITHMS.values() for name in names} | _NEVER
        old -= _TOLERATED
        offered = (name for names in self._lists.values() for name in names)
        return tuple(sorted({name for name in offered if name in old}))


_OURS: Mapping[str, tuple[str, ...]] = {
    name: tuple(vars(paramiko.Transport)[f"_preferred_{name}"])
    for name in ("kex", "keys", "ciphers", "macs")
}
"""All that our sessions can speak."""


def offers(hosts: Mapping[str, Host]) -> dict[str, Offer | ProvisionerError]:
    """The offer of each host, at most AT_ONCE asked at a time; why where there is none."""
    if not hosts:
        return {}
    with ThreadPoolExecutor(min(AT_ONCE, len(hosts)), thread_name_prefix="offer") as pool:
        return dict(zip(hosts, pool.map(_offer, hosts.values()), strict=True))


def _offer(host: Host) -> Offer | ProvisionerError:
    try:
        with socket.create_connection((host.address, host.port), _SECONDS) as connection:
            connection.settimeout(_SECONDS)
            connection.sendall(b"SSH-2.0-provisioner\r\n")
            with connection.makefile("rb") as stream:
                return _read(stream)
    except (OSError, ValueError, struct.error, UnicodeError) as error:
        why = str(error) or type(error).__name__
        return ProvisionerError(
            say("%(host)s says nothing of its algorithms: %(why)s", host=host.name, why=why)
        )


def _read(stream: BufferedReader) -> Offer:
    """Raises ValueError for what is no SSH server of version 2."""
    lines = (stream.readline(256) for _ in range(_IDENT_LINES))
    if not any(line.startswith((b"SSH-2.0-", b"SSH-1.99-")) for line in lines):
        raise ValueError("no SSH server")
    length, padding, kind = struct.unpack(">IBB", stream.read(6))
    if kind != _KEXINIT or not _COOKIE < length <= _LONGEST:
        raise ValueError("no list of algorithms")
    body = stream.read(length - 2)[_COOKIE : length - 2 - padding]
    lists = []
    for _ in range(6):
        (size,) = struct.unpack_from(">I", body)
        lists.append(tuple(body[4 : 4 + size].decode("ascii").split(",")))
        body = body[4 + size :]
    kex, keys, _, ciphers, _, macs = lists
    return Offer(kex, keys, ciphers, macs)
