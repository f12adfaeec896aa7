"""The office's own SSH key on devices: added beside the old one, proven, the old one gone."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from provisioner.drivers.network import Host, Result
from provisioner.drivers.sessions.access import Login, OnlyKnown
from provisioner.drivers.sessions.batches import Batches, Sessions
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.settings import DeviceSettings

FILES: Mapping[str, str] = {
    "openwrt": "/etc/dropbear/authorized_keys",
    "linux": '"$HOME"/.ssh/authorized_keys',
}
"""By platform: the file that names who may log in, as its shell writes it."""
_LONGEST = 64 * 1024
_BEGIN = """set -e
umask 077
file={file}
mkdir -p "$(dirname "$file")"
touch "$file"
"""
_ADD = """if grep -qF {data} "$file"; then echo same; exit 0; fi
{{ grep . "$file" || true; echo {line}; }} > "$file.new"
chmod 600 "$file.new"
mv "$file.new" "$file"
sync
echo changed
"""
_REMOVE = """if ! grep -qF {data} "$file"; then echo same; exit 0; fi
grep -vF {data} "$file" > "$file.new" || true
if ! grep -q . "$file.new"; then rm -f "$file.new"; echo "no other key is left"; exit 1; fi
chmod 600 "$file.new"
mv "$file.new" "$file"
sync
echo changed
"""


def new_identity() -> str:
    """A new private key as OpenSSH writes it."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def public_half(identity: str, comment: str = "provisioner") -> str:
    """The line that authorized_keys holds for it. Raises ValueError for what is no key."""
    private = load_ssh_private_key(identity.strip().encode() + b"\n", None)
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{public} {comment}"


class LoginKeys:
    """Works on the devices of ``hosts`` with one identity (the text of a private key).

    For platforms of FILES only; all calls are idempotent, and change nothing but that one file,
    which is written whole or not at all.
    """

    def __init__(
        self,
        hosts: Callable[[], Mapping[str, Host]],
        settings: DeviceSettings,
        known_hosts: Path,
        identity: str,
    ) -> None:
        self._batches: Batches[_Shell] = Batches(
            Sessions(hosts, settings, known_hosts, lambda: identity), _Shell
        )

    def add(self, names: Iterable[str], public: str) -> Result[bool]:
        """Let that key in too; True where it was not yet."""
        data = shlex.quote(public.split()[1])
        return self._changed(names, _ADD.format(data=data, line=shlex.quote(public)))

    def remove(self, names: Iterable[str], public: str) -> Result[bool]:
        """Let that key in no more; fails rather than leave none. True where it was there."""
        return self._changed(names, _REMOVE.format(data=shlex.quote(public.split()[1])))

    def prove(self, names: Iterable[str]) -> Result[bool]:
        """Log in, do nothing, leave."""
        return self._batches.run(names, lambda host, shell: shell.run("true") == "")

    def _changed(self, names: Iterable[str], script: str) -> Result[bool]:
        def work(host: Host, shell: _Shell) -> bool:
            whole = _BEGIN.format(file=FILES[host.platform]) + script
            return shell.run(whole).strip() == "changed"

        return self._batches.run(names, work)


class _Shell:
    """One connection on which scripts are run, each on a channel of its own."""

    def __init__(self, login: Login, connect: float, command: float) -> None:
        self._login, self._connect, self._command = login, connect, command
        self._client = paramiko.SSHClient()

    def open(self) -> None:
        """Connect and log in, by key alone."""
        host = self._login.host
        self._client.set_missing_host_key_policy(OnlyKnown())
        self._login.pin(self._client)
        self._client.connect(
            host.address,
            host.port,
            host.user,
            pkey=self._login.key,
            timeout=self._connect,
            banner_timeout=self._connect,
            auth_timeout=self._connect,
            allow_agent=False,
            look_for_keys=False,
            disabled_algorithms=self._login.disabled_algorithms,
            transport_factory=self._login.transport,
        )

    def disconnect(self) -> None:
        """Close it."""
        self._client.close()

    def run(self, script: str) -> str:
        """What it prints. Raises RejectedError where it fails, SessionEndedError without an end."""
        try:
            _, out, errors = self._client.exec_command(script, timeout=self._command)
            said, told = out.read(_LONGEST).decode(errors="replace"), errors.read(_LONGEST)
            status = out.channel.recv_exit_status()
        except (TimeoutError, EOFError, paramiko.SSHException) as error:
            raise SessionEndedError(str(error) or type(error).__name__) from error
        if status != 0:
            why = f"{said}\n{told.decode(errors='replace')}".strip()[-200:]
            raise RejectedError("authorized_keys", said, why)
        return said
