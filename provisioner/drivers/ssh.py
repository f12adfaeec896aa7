"""A host as its user sees it: does it answer, does it accept the key, can the office log in."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import re
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import asyncssh

from provisioner.drivers.seat import CommandResult, Door
from provisioner.errors import ActionNeeded, Misconfigured, Refused, Retriable
from provisioner.texts import Message, say

ANSWER_SECONDS = 2.0
OPEN_SECONDS = 3.0
LOGIN_SECONDS = 20.0
OUTPUT_LIMIT = 64 * 1024
"""Characters of a command's output that are kept; the rest is cut off, the connection too."""

_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_ECHO = {4: (socket.IPPROTO_ICMP, 8, 0), 6: (socket.IPPROTO_ICMPV6, 128, 129)}
_HOST_KEY_KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)
_WAIT = say("Nothing to do: it is tried again by itself.")
_T = TypeVar("_T")


class SshSeat:
    """Implements ``UserSeat``. Reads no configuration, known hosts, agent or keys of this machine.

    ``identity`` gives the text of the office's private key, at each login anew.
    """

    def __init__(self, identity: Callable[[], str]) -> None:
        self._identity = identity

    def answers(self, address: str, ports: tuple[int, ...]) -> str | None:
        """See ``UserSeat``; the echo is only tried where the kernel lets us send it."""
        host = _host(address)
        return asyncio.run(_first_answer(host, ports))

    def open(self, address: str, port: int) -> bool:
        """See ``UserSeat``."""
        return asyncio.run(_tcp(_host(address), port, OPEN_SECONDS)) == "open"

    def accepts_key(self, door: Door, public_key: str) -> bool:
        """See ``UserSeat``; a key that is no public key is Refused."""
        try:
            key = asyncssh.import_public_key(public_key)
        except asyncssh.KeyImportError as error:
            raise Refused(
                say("This is no valid public SSH key."),
                meaning=say("It cannot be asked for at the server."),
                next=say("Ask the applicant for a valid public key and correct the request."),
            ) from error
        question = _Question(key)

        async def ask() -> bool:
            try:
                async with _connected(door, question):
                    return question.accepted
            except asyncssh.PermissionDenied:
                return question.accepted

        return _bounded(door, ask())

    def login(self, door: Door, command: str = "true") -> CommandResult:
        """See ``UserSeat``; Retriable while the server does not accept the office's key."""
        key = self._private_key()

        async def run() -> CommandResult:
            async with _connected(door, key) as connection:
                process = await connection.create_process(
                    command,
                    stdin=asyncssh.DEVNULL,
                    stderr=asyncssh.STDOUT,
                    encoding="utf-8",
                    errors="replace",
                )
                output = await _limited(process.stdout)
                if len(output) < OUTPUT_LIMIT:
                    await process.wait_closed()
                status = process.exit_status
                return CommandResult(-1 if status is None else status, output)

        try:
            return _bounded(door, run())
        except asyncssh.PermissionDenied as error:
            raise Retriable(
                say("%(where)s does not accept the office's key.", where=_where(door)),
                meaning=say("The key is not in place yet, or this is another machine."),
                next=_WAIT,
                after=5,
            ) from error

    def _private_key(self) -> asyncssh.SSHKey:
        what: Message
        try:
            return asyncssh.import_private_key(self._identity())
        except Misconfigured as error:
            what = error.what
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            what = say("The office's SSH key is not a private key without a passphrase.")
        raise ActionNeeded(
            what,
            meaning=say("Without it the office cannot log in to what it made."),
            next=say("Put the key where `identity` in section [ssh] points, then retry."),
            who="administrator",
        )


class _Question(asyncssh.SSHKeyPair):
    """A public key that is offered but can sign nothing: being asked to sign is the answer."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        super().__init__(
            key.algorithm,
            key.algorithm,
            key.sig_algorithms,
            key.sig_algorithms,
            key.public_data,
            None,
        )
        self.accepted = False

    def sign(self, data: bytes) -> bytes:
        self.accepted = True
        raise ValueError("nothing is signed")


def _connected(
    door: Door, key: asyncssh.SSHKeyPair | asyncssh.SSHKey
) -> Any:  # asyncssh's own awaitable context manager
    """A connection that knows one host key and offers one key, and nothing else of this machine."""
    if not _USER.fullmatch(door.user):
        raise Refused(
            say("%(user)s is not a name that a user of a server may have.", user=repr(door.user)),
            meaning=say("Nobody can log in under it."),
            next=say("Correct the user's name in the request."),
        )
    try:
        pinned = asyncssh.import_public_key(door.host_key)
    except asyncssh.KeyImportError as error:
        raise _stranger(door, say("The host key on record is damaged.")) from error
    return asyncssh.connect(
        str(_host(door.address)),
        door.port,
        username=door.user,
        known_hosts=([pinned], [], []),
        # The pinned kind first; others too, so that a stranger shows itself instead of hanging up.
        server_host_key_algs=[*_kinds(pinned), *_HOST_KEY_KINDS],
        client_keys=[key],
        config=None,
        agent_path=None,
        preferred_auth="publickey",
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_host=None,
        gss_kex=False,
        gss_auth=False,
        disable_trivial_auth=True,
        connect_timeout=OPEN_SECONDS,
        login_timeout=LOGIN_SECONDS,
    )


def _kinds(key: asyncssh.SSHKey) -> list[str]:
    names = [algorithm.decode() for algorithm in key.sig_algorithms]
    return [name for name in names if name in _HOST_KEY_KINDS]


async def _limited(stream: asyncssh.SSHReader[str]) -> str:
    """What comes until the end, at most OUTPUT_LIMIT characters."""
    output = ""
    while len(output) < OUTPUT_LIMIT and (more := await stream.read(OUTPUT_LIMIT - len(output))):
        output += more
    return output


def _bounded(door: Door, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of ``work`` within LOGIN_SECONDS; PermissionDenied passes through."""

    async def limited() -> _T:
        async with asyncio.timeout(LOGIN_SECONDS):
            return await work

    try:
        return asyncio.run(limited())
    except asyncssh.HostKeyNotVerifiable as error:
        raise _stranger(door, say("It shows another host key than the one on record.")) from error
    except asyncssh.KeyExchangeFailed as error:
        raise _stranger(door, say("It has no host key of the kind on record.")) from error
    except asyncssh.PermissionDenied:
        raise
    except (OSError, asyncssh.Error) as error:
        raise Retriable(
            say("No SSH session with %(where)s.", where=_where(door)),
            meaning=say("The server does not answer (yet)."),
            next=_WAIT,
            after=3,
        ) from error


def _stranger(door: Door, what: Message) -> ActionNeeded:
    return ActionNeeded(
        say("%(where)s: %(what)s", where=_where(door), what=what),
        meaning=say(
            "Another machine may answer at this address, or the server was installed anew. "
            "Nobody logged in."
        ),
        next=say(
            "Compare the host key on the server's own console. "
            "If it is right, trust it with `provisioner trust`, then retry."
        ),
        who="administrator",
    )


def _where(door: Door) -> str:
    return f"{door.user}@{door.address}:{door.port}"


def _host(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address itself; a name is Refused, for it could lead anywhere."""
    try:
        return ipaddress.ip_address(address)
    except ValueError as error:
        raise Refused(
            say("%(address)s is not an IP address.", address=repr(address)),
            meaning=say("Only addresses are looked at, so that no name can lead elsewhere."),
            next=say("Correct the address."),
        ) from error


Host = ipaddress.IPv4Address | ipaddress.IPv6Address


async def _first_answer(host: Host, ports: tuple[int, ...]) -> str | None:
    async def port_answers(port: int) -> str | None:
        state = await _tcp(host, port, ANSWER_SECONDS)
        proves = state == "open" or (state == "refused" and not host.is_loopback)
        return f"tcp/{port}" if proves else None

    async def echo_answers() -> str | None:
        # Like a refusal, an echo on the loopback network comes from our own kernel.
        return "icmp" if not host.is_loopback and await _echo(host) else None

    looks: list[Awaitable[str | None]] = [port_answers(port) for port in ports]
    tasks = [asyncio.ensure_future(look) for look in [*looks, echo_answers()]]
    try:
        for done in asyncio.as_completed(tasks, timeout=ANSWER_SECONDS):
            if answer := await done:
                return answer
    except TimeoutError:
        return None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return None


async def _tcp(host: Host, port: int, seconds: float) -> str:
    """``open``, ``refused`` or ``silent``."""
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(str(host), port)
    except ConnectionRefusedError:
        return "refused"
    except OSError:  # TimeoutError and no route too
        return "silent"
    writer.transport.abort()
    return "open"


async def _echo(host: Host) -> bool:
    """Whether the host returns an ICMP echo; False where the kernel lets nobody send one."""
    protocol, request, reply = _ECHO[host.version]
    family = socket.AF_INET if host.version == 4 else socket.AF_INET6
    try:
        sock = socket.socket(family, socket.SOCK_DGRAM, protocol)
    except PermissionError:
        return False
    except OSError as error:
        if error.errno in (errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT):
            return False
        raise
    loop = asyncio.get_running_loop()
    with sock:
        sock.setblocking(False)
        mark = os.urandom(16)
        # The kernel fills in the identifier and the checksum of such a socket.
        packet = struct.pack("!BBHHH", request, 0, 0, 0, 1) + mark
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await loop.sock_sendto(sock, packet, (str(host), 0))
                while True:
                    answer = await loop.sock_recv(sock, 1024)
                    if answer[:1] == bytes([reply]) and answer.endswith(mark):
                        return True
        except OSError:
            return False
