"""What every scene of the demo stands on: lab, console, people, and calls in their name."""

from __future__ import annotations

import errno
import fcntl
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from provisioner.bootstrap import build, upgrade_database
from provisioner.commands.files import create_private
from provisioner.commands.output import language, tell
from provisioner.commands.supervising import Supervised
from provisioner.errors import Mistake
from provisioner.lab.serving import LabOptions, start_in_background
from provisioner.lab.serving import stop as stop_lab
from provisioner.people.model import Role
from provisioner.secrets import new_key
from provisioner.settings import Settings, load_settings
from provisioner.texts import say

PEOPLE = (
    ("sari", "Sari Wulandari", (Role.APPLICANT,), "dinkes"),
    ("budi", "Budi Santoso", (Role.TECHNICIAN,), None),
    ("rina", "Rina Kurnia", (Role.TECHNICIAN, Role.APPROVER), None),
    ("hadi", "Hadi Prasetyo", (Role.HEAD,), None),
    ("wati", "Wati Rahayu", (Role.COMPLAINTS,), None),
    ("anto", "Anto Wibowo", (Role.ADMINISTRATOR,), None),
)
_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 90.0
MINUTE = 12.0
"""Seconds in a minute of the devices' timers."""


def usable(port: int) -> int:
    """The port, or a free one for 0. Raises Mistake where another program has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                why = error.strerror or str(error)
                raise Mistake(
                    say("Port %(port)s cannot be used: %(why)s", port=port, why=why)
                ) from error
            raise Mistake(
                say(
                    "Port %(port)s is in use. Choose another: make demo PORT=%(other)s "
                    "(0 takes a free one)",
                    port=port,
                    other=port + 1 if port < 65535 else 8081,
                )
            ) from error
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Stage:
    """Everything that the scene needs; ``tokens`` and ``passwords`` by user name."""

    url: str
    directory: Path
    tokens: Mapping[str, str]
    passwords: Mapping[str, str]
    console: Supervised
    private_key: str
    public_key: str

    def call(self, who: str, method: str, path: str, **arguments: Any) -> Any:
        """An API call as that person, sent again where the console is killed meanwhile.

        Raises Mistake with what the product answered.
        """
        deadline, broken = time.monotonic() + _PATIENCE_SECONDS, False
        while True:
            try:
                answer = _send(
                    self.tokens[who], method, f"{self.url}/api/v1{path}", timeout=120, **arguments
                )
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise Mistake(
                        say("The console of the demo does not answer any more: %(url)s",
                            url=self.url)
                    ) from error  # fmt: skip
                broken = True
                time.sleep(0.3)
                continue
            if broken and answer.status_code == httpx.codes.CONFLICT:
                return {}  # the call that broke off had been carried out after all
            if answer.is_error:
                text = answer.text[:2000]
                raise Mistake(say("%(path)s answered: %(text)s", path=path, text=text))
            return answer.json()


def _send(token: str, method: str, url: str, **arguments: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": language()}
    return httpx.request(method, url, headers=headers, trust_env=False, **arguments)


@contextmanager
def staged(directory: Path, port: int, speed: float) -> Iterator[Stage]:
    """A fresh lab, database and console; everything is stopped at the end."""
    with ExitStack() as stack:
        stack.enter_context(_cleared(directory))
        tell(
            say(
                "Starting the lab (a simulated Proxmox VE cluster, three switches, four access "
                "points) …"
            )
        )
        start_in_background(directory, LabOptions(speed=speed, web_port=port, minute=MINUTE))
        stack.callback(stop_lab, directory)
        create_private(directory / "var" / "secret.key", new_key())
        settings = load_settings(directory / "provisioner.toml")
        upgrade_database(settings)
        passwords = {name: secrets.token_urlsafe(9) for name, *_ in PEOPLE}
        tokens = _invite_people(settings, passwords)
        url = settings.web.public_url
        console = Supervised(directory / "provisioner.toml", lambda: _is_ours(url, tokens["budi"]))
        stack.callback(console.stop)
        console.start()
        key = Ed25519PrivateKey.generate()
        yield Stage(
            url=url,
            directory=directory,
            tokens=tokens,
            passwords=passwords,
            console=console,
            private_key=key.private_bytes(
                Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
            ).decode(),
            public_key=key.public_key()
            .public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
            .decode(),
        )


@contextmanager
def _cleared(directory: Path) -> Iterator[None]:
    """Remove what an earlier demo left, and keep others out meanwhile.

    Raises Mistake for a folder that is no demo's, or where one is running.
    """
    mark = directory / "this-is-a-demo"
    if directory.exists() and any(directory.iterdir()) and not mark.exists():
        raise Mistake(
            say("%(dir)s is not empty and no demo. Choose another folder.", dir=str(directory))
        )
    directory.mkdir(parents=True, exist_ok=True)
    with mark.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Mistake(
                say("A demo is running in %(dir)s; end it first.", dir=str(directory))
            ) from error
        file.write("`provisioner demo` empties this folder at its start.\n")
        file.flush()
        stop_lab(directory)
        for path in directory.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path != mark:
                path.unlink()
        yield


def _invite_people(settings: Settings, passwords: Mapping[str, str]) -> dict[str, str]:
    product = build(settings)
    product.people.add_department("dinkes", "Dinas Kesehatan")
    product.people.add_department("disdik", "Dinas Pendidikan dan Kebudayaan")
    for username, name, roles, department in PEOPLE:
        product.people.add_person(username, name, passwords[username], list(roles), department)
    tokens = {username: product.people.create_token(username) for username, *_ in PEOPLE}
    product.stop()
    return tokens


def _is_ours(url: str, token: str) -> bool:
    """Whether a console is ready there that knows this demo's people: no other one does."""
    try:
        return _send(token, "GET", f"{url}/api/v1/requests?limit=1", timeout=5).is_success
    except httpx.TransportError:
        return False
