"""The SSH host keys that machines present, for a person to compare; nothing is trusted here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncssh

from provisioner.errors import ProvisionerError
from provisioner.texts import say

AT_ONCE = 50
_SECONDS = 10
_OLD = asyncssh.SSHClientConnectionOptions(
    config=None,
    kex_algs="+diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,"
    "diffie-hellman-group1-sha1",
    encryption_algs="+aes256-cbc,aes128-cbc,3des-cbc",
)
"""Old switches know nothing better; a person compares the key, and nothing else is sent."""
_ALGORITHMS: Mapping[str, Sequence[str]] = {
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
}
"""Of kinds of keys whose algorithms have other names."""
_KINDS = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
)  # fmt: skip


@dataclass(frozen=True)
class Presented:
    """A host key: kind, base64 as in known_hosts, and fingerprint (``SHA256:…``)."""

    kind: str
    data: str
    fingerprint: str


@dataclass(frozen=True)
class Target:
    """Where to look; ``kinds`` are those of the keys on record, which are asked for first."""

    host: str
    port: int
    kinds: tuple[str, ...] = ()


def presented_host_keys(targets: Mapping[str, Target]) -> dict[str, Presented | ProvisionerError]:
    """The key of each target, at most AT_ONCE asked at a time; why where none is shown."""

    async def all_of_them() -> dict[str, Presented | ProvisionerError]:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(target: Target) -> Presented | ProvisionerError:
            async with room:
                return await _look(target)

        found = await asyncio.gather(*map(one, targets.values()))
        return dict(zip(targets, found, strict=True))

    return asyncio.run(all_of_them())


async def _look(target: Target) -> Presented | ProvisionerError:
    order = [*target.kinds, *(kind for kind in _KINDS if kind not in target.kinds)]
    algorithms = [name for kind in order for name in _ALGORITHMS.get(kind, (kind,))]
    try:
        async with asyncio.timeout(_SECONDS):
            key = await asyncssh.get_server_host_key(
                target.host, target.port, config=None, options=_OLD,
                server_host_key_algs=algorithms,
            )  # fmt: skip
    except (OSError, asyncssh.Error) as error:  # a time-out is an OSError
        return _none(target, str(error) or type(error).__name__)
    if key is None:
        return _none(target, "-")
    kind, data = key.export_public_key("openssh").decode().split()[:2]
    return Presented(kind, data, key.get_fingerprint())


def _none(target: Target, why: str) -> ProvisionerError:
    return ProvisionerError(
        say(
            "%(host)s port %(port)s shows no SSH host key: %(why)s",
            host=target.host,
            port=target.port,
            why=why,
        )
    )
