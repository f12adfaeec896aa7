"""The SSH host key that a machine presents, for a person to compare; nothing is trusted here."""

from __future__ import annotations

import asyncio

import asyncssh

from provisioner.errors import ProvisionerError
from provisioner.texts import say

_SECONDS = 10
_OLD = asyncssh.SSHClientConnectionOptions(
    config=None,
    kex_algs="+diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha1,"
    "diffie-hellman-group1-sha1",
    encryption_algs="+aes256-cbc,aes128-cbc,3des-cbc",
)
"""Old switches know nothing better; a person compares the key, and nothing else is sent."""


def presented_host_key(host: str, port: int) -> tuple[str, str]:
    """The key as ``known_hosts`` holds it (``ssh-ed25519 AAAA…``), and its fingerprint.

    Raises ProvisionerError when nothing there speaks SSH.
    """

    async def look() -> asyncssh.SSHKey | None:
        async with asyncio.timeout(_SECONDS):
            return await asyncssh.get_server_host_key(host, port, config=None, options=_OLD)

    try:
        key = asyncio.run(look())
    except (OSError, asyncssh.Error) as error:  # a time-out is an OSError
        why = str(error) or type(error).__name__
        raise ProvisionerError(
            say(
                "%(host)s port %(port)s shows no SSH host key: %(why)s",
                host=host,
                port=port,
                why=why,
            )
        ) from error
    if key is None:
        raise ProvisionerError(
            say(
                "%(host)s port %(port)s shows no SSH host key: %(why)s",
                host=host,
                port=port,
                why="-",
            )
        )
    line = key.export_public_key("openssh").decode().split()
    return f"{line[0]} {line[1]}", key.get_fingerprint()
