"""Who is spoken to and how: pinned host keys, the login, the algorithms on offer."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
from paramiko.pkey import UnknownKeyType

from provisioner.drivers.network import Host
from provisioner.errors import ActionNeeded
from provisioner.texts import say

OLD_ALGORITHMS = {
    "kex": [
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
    ],
    "keys": ["ssh-rsa"],
    "pubkeys": ["ssh-rsa"],
    "ciphers": ["aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"],
    "macs": ["hmac-md5", "hmac-sha1-96", "hmac-md5-96"],
}
"""Offered to a device only where its inventory says ``provisioner_legacy_crypto``."""

_KINDS: Sequence[type[paramiko.PKey]] = (paramiko.Ed25519Key, paramiko.RSAKey, paramiko.ECDSAKey)


class UnknownKeyError(paramiko.SSHException):
    """There is no key on record for this host."""

    def __init__(self, fingerprint: str) -> None:
        super().__init__("unknown host key")
        self.fingerprint = fingerprint


class OnlyKnown(paramiko.MissingHostKeyPolicy):
    """Speaks to nobody whose key is not on record."""

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        raise UnknownKeyError(key.fingerprint)


@dataclass(frozen=True)
class Login:
    """A host with the keys that it may show and the one that we show."""

    host: Host
    pinned: tuple[tuple[str, paramiko.PKey], ...]
    key: paramiko.PKey | None

    @property
    def disabled_algorithms(self) -> dict[str, list[str]]:
        return {} if self.host.legacy_crypto else OLD_ALGORITHMS

    def transport(self, sock: Any, **options: Any) -> paramiko.Transport:
        """Makes the connection's transport; ciphers that need no MAC beside them come first.

        paramiko compares a MAC byte by byte in Python, half of its work on a session.
        """
        made = paramiko.Transport(sock, **options)
        offered = made.get_security_options()
        offered.ciphers = sorted(offered.ciphers, key=lambda name: "-gcm" not in name)
        return made

    def pin(self, client: paramiko.SSHClient) -> None:
        """Let ``client`` accept the keys on record for this host, and no others."""
        where = entry(self.host)
        for kind, key in self.pinned:
            client.get_host_keys().add(where, kind, key)


class Access:
    """Makes logins from our own known_hosts file and the office's identity, both read when used."""

    def __init__(self, known_hosts: Path, identity: Callable[[], str]) -> None:
        self._path, self._identity = known_hosts, identity
        self._known: Mapping[str, Sequence[tuple[str, str]]] = {}
        self._stamp: tuple[int, int] | None = None

    def login(self, host: Host) -> Login:
        """Raises ActionNeeded(administrator) for a key of ours or theirs that cannot be used."""
        try:
            pinned = tuple(
                (kind, paramiko.PKey.from_type_string(kind, base64.b64decode(data)))
                for kind, data in self._keys().get(entry(host), ())
            )
        except (ValueError, OSError, paramiko.SSHException, UnknownKeyType) as error:
            raise _unusable(str(self._path)) from error
        return Login(host, pinned, self._own_key(host))

    def _keys(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Kind and key by name, as the file holds them now; marked and hashed entries are not."""
        try:
            about = self._path.stat()
        except FileNotFoundError:
            return {}
        stamp = (about.st_mtime_ns, about.st_size)
        if stamp != self._stamp:
            known: dict[str, list[tuple[str, str]]] = {}
            for line in self._path.read_text().splitlines():
                names, *key = line.split()[:3] or ["#"]
                if len(key) == 2 and names[0] not in "#@|":
                    for name in names.split(","):
                        known.setdefault(name, []).append((key[0], key[1]))
            self._known, self._stamp = known, stamp
        return self._known

    def _own_key(self, host: Host) -> paramiko.PKey | None:
        if host.private_key_file:
            try:
                return _private_key(Path(host.private_key_file).expanduser().read_text())
            except (OSError, UnicodeDecodeError, paramiko.SSHException) as error:
                raise _unusable(host.private_key_file) from error
        if host.password is not None:
            return None
        try:
            return _private_key(self._identity())
        except paramiko.SSHException as error:
            raise _unusable("identity") from error


def entry(host: Host) -> str:
    """The host's name in known_hosts."""
    return host.address if host.port == 22 else f"[{host.address}]:{host.port}"


def _private_key(text: str) -> paramiko.PKey:
    for kind in _KINDS:
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError):
            continue
    raise paramiko.SSHException("not a private key without a passphrase")


def _unusable(what: str) -> ActionNeeded:
    return ActionNeeded(
        say("%(file)s cannot be used.", file=what),
        meaning=say("Without it nobody can log in to the network devices. Nothing was done."),
        next=say("Put a readable file there, then retry."),
        who="administrator",
    )
