"""`provisioner demo`: lab and console together, and one request carried out before your eyes."""

from __future__ import annotations

import errno
import fcntl
import secrets
import shlex
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from provisioner.bootstrap import build, upgrade_database
from provisioner.commands.client import TOKEN_VARIABLE, URL_VARIABLE
from provisioner.commands.files import create_private
from provisioner.commands.output import DONE, FAILED, language, print_json, tell
from provisioner.commands.supervising import Supervised
from provisioner.database import now
from provisioner.drivers.seat import Door
from provisioner.drivers.ssh import SshSeat
from provisioner.errors import Mistake
from provisioner.lab.letter import sample_letter
from provisioner.lab.serving import LabOptions, start_in_background
from provisioner.lab.serving import stop as stop_lab
from provisioner.people.model import Role
from provisioner.secrets import new_key
from provisioner.settings import CONFIG_VARIABLE, Settings, load_settings
from provisioner.texts import Message, render, say

demo_app = typer.Typer(add_completion=False)
_PEOPLE = (
    ("sari", "Sari Wulandari", (Role.APPLICANT,), "dinkes"),
    ("budi", "Budi Santoso", (Role.TECHNICIAN,), None),
    ("rina", "Rina Kurnia", (Role.TECHNICIAN, Role.APPROVER), None),
    ("hadi", "Hadi Prasetyo", (Role.HEAD,), None),
)
_ROLES = {
    Role.APPLICANT: say("applicant"),
    Role.TECHNICIAN: say("technician"),
    Role.APPROVER: say("approver"),
    Role.HEAD: say("head"),
}
_HOST = "127.0.0.1"
_PATIENCE_SECONDS = 90.0
_FINAL = {"done", "attention", "planned", "rejected", "cancelled"}


@demo_app.command()
def demo(
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="Where the demo lives; emptied at the start.")
    ] = Path(".demo"),
    once: Annotated[
        bool, typer.Option("--once", help="End after the first record; status 0 only if proven.")
    ] = False,
    port: Annotated[
        int, typer.Option(help="Port of the console; 0 takes a free one.", min=0, max=65535)
    ] = 8080,
    speed: Annotated[float, typer.Option(help="How much faster than a real cluster.")] = 4.0,
) -> None:
    """Start lab and console, have a Cloud VPS asked for, approved, made and proven.

    Example: provisioner demo --once
    """
    port = _usable(port)
    for number in (signal.SIGTERM, signal.SIGHUP):  # they end it as Ctrl-C does
        signal.signal(number, signal.default_int_handler)
    with _stage(directory.resolve(), port, speed) as stage:
        tell(say("Console: %(url)s", url=stage.url))
        tell(_kill_it(stage))
        record = _play(stage, "simpus-dinkes")
        proven = _show(stage, record)
        if once:
            raise typer.Exit(DONE if proven else FAILED)
        _leave_two_waiting(stage)
        _invite(stage)
        _wait_for_the_end()


def _usable(port: int) -> int:
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
class _Stage:
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
def _stage(directory: Path, port: int, speed: float) -> Iterator[_Stage]:
    """A fresh lab, database and console; everything is stopped at the end."""
    with ExitStack() as stack:
        stack.enter_context(_cleared(directory))
        tell(say("Starting the lab (a simulated Proxmox VE cluster of three nodes) …"))
        start_in_background(directory, LabOptions(speed=speed, web_port=port))
        stack.callback(stop_lab, directory)
        create_private(directory / "var" / "secret.key", new_key())
        settings = load_settings(directory / "provisioner.toml")
        upgrade_database(settings)
        passwords = {name: secrets.token_urlsafe(9) for name, *_ in _PEOPLE}
        tokens = _invite_people(settings, passwords)
        url = settings.web.public_url
        console = Supervised(directory / "provisioner.toml", lambda: _is_ours(url, tokens["budi"]))
        stack.callback(console.stop)
        console.start()
        key = Ed25519PrivateKey.generate()
        yield _Stage(
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
    for username, name, roles, department in _PEOPLE:
        product.people.add_person(username, name, passwords[username], list(roles), department)
    tokens = {username: product.people.create_token(username) for username, *_ in _PEOPLE}
    product.stop()
    return tokens


def _is_ours(url: str, token: str) -> bool:
    """Whether a console is ready there that knows this demo's people: no other one does."""
    try:
        return _send(token, "GET", f"{url}/api/v1/requests?limit=1", timeout=5).is_success
    except httpx.TransportError:
        return False


def _file(stage: _Stage, hostname: str, purpose: str) -> str:
    """File and submit a request with its letter, as the department; returns its number."""
    today = now().date().isoformat()
    request = stage.call("sari", "POST", "/requests", json={
        "service": "cloud_vps",
        "department": "dinkes",
        "applicant": {
            "name": "Sari Wulandari", "position": "Kepala Subbagian Umum",
            "phone": "0281 891010", "email": "sari@dinkes.example.id",
        },
        "letter": {
            "kind": "signed", "number": "045/112/2026", "date": today,
            "signatory": {"name": "dr. Jusi Febrianto", "position": "Kepala Dinas Kesehatan"},
        },
        "details": {
            "hostname": hostname, "purpose": purpose, "size": "small", "image": "debian-13",
            "network": "server-opd", "ssh_keys": [stage.public_key], "admin_user": "dinkes",
            "open_ports": [{"port": 443, "protocol": "tcp"}],
        },
    })  # fmt: skip
    number = str(request["number"])
    letter = sample_letter("Dinas Kesehatan", "045/112/2026", purpose)
    stage.call("sari", "POST", f"/requests/{number}/letter",
               files={"file": ("surat-permohonan.pdf", letter, "application/pdf")})  # fmt: skip
    stage.call("sari", "POST", f"/requests/{number}/submit")
    return number


def _play(stage: _Stage, hostname: str) -> dict[str, Any]:
    """One request from filing to its end; returns the report."""
    number = _file(stage, hostname, "Aplikasi informasi puskesmas")
    tell(say("sari (Dinas Kesehatan) asked for a Cloud VPS: %(number)s", number=number))
    stage.call("budi", "POST", f"/requests/{number}/plan")
    plan = stage.call("budi", "GET", f"/requests/{number}/plan")
    tell(say("budi (technician) made the plan: %(summary)s", summary=plan["summary"]))
    stage.call("budi", "POST", f"/requests/{number}/approve", json={"digest": plan["digest"]})
    tell(say("budi approved; from here on the software works:"))
    seen, began = 0, time.monotonic()
    while True:
        for event in stage.call("sari", "GET", f"/requests/{number}/events?after={seen}"):
            seen = event["id"]
            if event["tag"].startswith(("step:", "run:", "request:done", "request:att")):
                tell(f"  {time.monotonic() - began:6.1f} s  {event['text']}")
        if stage.call("sari", "GET", f"/requests/{number}")["state"] in _FINAL:
            report: dict[str, Any] = stage.call("sari", "GET", f"/requests/{number}/report")
            return report
        time.sleep(0.2)


def _show(stage: _Stage, report: Mapping[str, Any]) -> bool:
    """Print the finished record and log in as the applicant; returns whether all is proven."""
    tell(say("The result:"))
    print_json(report)
    proof, instance = report["proof"], report["instance"]
    if report["state"] != "done" or not proof or not all(check["passed"] for check in proof):
        tell(say("NOT proven."))
        return False
    door = Door(
        instance["addresses"][0], instance["ssh_port"], instance["user"], instance["host_key"]
    )
    said = SshSeat(lambda: stage.private_key).login(door, "hostname")
    tell(
        say(
            "The applicant logs in with her own key: ssh -p %(port)s %(user)s@%(address)s says "
            "“%(said)s”.",
            port=door.port, user=door.user, address=door.address, said=said.output.strip(),
        )
    )  # fmt: skip
    return said.status == 0 and said.output.strip() == instance["name"]


def _leave_two_waiting(stage: _Stage) -> None:
    first = _file(stage, "epuskesmas", "Pendaftaran pasien daring")
    stage.call("budi", "POST", f"/requests/{first}/plan")
    second = _file(stage, "arsip-dinkes", "Arsip surat dinas")
    tell(
        say(
            "Two requests wait for someone: %(first)s to be approved, %(second)s to be planned.",
            first=first,
            second=second,
        )
    )


def _invite(stage: _Stage) -> None:
    tell()
    tell(say("Open %(url)s and sign in as one of:", url=stage.url))
    for username, name, roles, _ in _PEOPLE:
        can = ", ".join(render(_ROLES[role], language()) for role in roles)
        tell(f"  {username:6} {stage.passwords[username]:14} {name} ({can})")
    program = Path(sys.executable).with_name("provisioner")
    fault = shlex.join([str(program), "lab", "fault", "--dir", str(stage.directory)])
    tell()
    tell(say("Show the product a fault, take it away again, or see all there are:"))
    tell(f'  {fault} task-fails type=qmstart text="start failed"')
    tell(f"  {fault} --clear")
    tell(f"  {fault} --list")
    tell(_kill_it(stage))
    tell()
    tell(say("For the command line, as budi (such as %(example)s):",
             example=shlex.join([str(program), "request", "list"])))  # fmt: skip
    for variable, value in (
        (CONFIG_VARIABLE, str(stage.directory / "provisioner.toml")),
        (URL_VARIABLE, stage.url),
        (TOKEN_VARIABLE, stage.tokens["budi"]),
    ):
        tell(f"  export {variable}={shlex.quote(value)}")
    tell()
    tell(say("Ctrl-C ends the demo."))


def _kill_it(stage: _Stage) -> Message:
    return say(
        "Kill it with `kill -9 %(pid)s` and watch it recover, best while it works.",
        pid=stage.console.pid,
    )


def _wait_for_the_end() -> None:
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        tell(say("Ending …"))
