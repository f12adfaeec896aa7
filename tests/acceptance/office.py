"""An office set up by its commands alone: a lab, a served product and people with tokens."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.papers import letter, new_request

PATIENCE = 90.0
Json = dict[str, Any]
PEOPLE = {
    "sari": ("--role", "applicant", "--department", "dinkes"),
    "tono": ("--role", "applicant", "--department", "dindik"),
    "rina": ("--role", "technician"),
    "dewi": ("--role", "technician", "--role", "approver"),
    "arif": ("--role", "auditor"),
}
_OURS = ("PROVISIONER_CONFIG", "PROVISIONER_URL", "PROVISIONER_TOKEN", "LC_ALL", "LANG")

_MANY = """
import contextlib, io, json, sys
from provisioner.cli import main
found = []
for words, given in json.load(sys.stdin):
    sys.stdin, out, err = io.StringIO(given + "\\n"), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
        except SystemExit as ended:
            found.append([ended.code or 0, out.getvalue(), err.getvalue()])
print(json.dumps(found))
"""


def until(what: Callable[[], Any], happens: str) -> Any:
    """The first true answer of ``what``; the test fails when it takes beyond all patience."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline, f"never happened: {happens}"
        time.sleep(0.15)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Office:
    """One installation in its own folder."""

    directory: Path
    cluster: str = "dc1"
    cidr: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    served: subprocess.Popen[bytes] | None = None
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.directory / "provisioner.toml"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.directory / "serve.log"

    def environment(self, who: str | None = None, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k not in _OURS}
        kept |= {"PROVISIONER_CONFIG": str(self.config), "PROVISIONER_URL": self.url}
        if who:
            kept["PROVISIONER_TOKEN"] = self.tokens[who]
        return kept | more

    def command(
        self, *words: str, who: str | None = None, given: str = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        """One `provisioner` command, ended, whatever its status."""
        done = subprocess.run(
            [sys.executable, "-m", "provisioner", *words],
            env=self.environment(who, **more),
            cwd=self.directory,
            input=given,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def did(self, *words: str, who: str | None = None, given: str = "") -> Any:
        """A command that has to succeed, and the JSON that it prints."""
        done = self.command(*words, "--json", who=who, given=given)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    # ------------------------------------------------------------ set-up

    def set_up(self, cidr: str, speed: int = 60, people: Mapping[str, Any] = PEOPLE) -> None:
        """Lab, configuration, database and people, one command after the other."""
        self.cidr = cidr
        self.lab_up(cidr, speed)
        self.set("timeouts", "{ request = 35, task = 300, guest_boot = 5 }")
        self.did("init")
        self.did("db", "upgrade")
        self.passwords = {name: f"sandi-{name}-{os.urandom(6).hex()}" for name in people}
        calls: list[tuple[list[str], str]] = []
        for name in people:
            calls.append((["user", "add", name, *people[name], "--json"], self.passwords[name]))
            calls.append((["token", "create", "--user", name, "--json"], ""))
        answers = [json.loads(out) for _, out, _ in self.commands(*calls)]
        self.tokens = {a["user"]: a["token"] for a in answers if "token" in a}

    def commands(
        self, *calls: tuple[list[str], str], who: str | None = None, **more: str
    ) -> list[tuple[int, str, str]]:
        """Many commands, each as from the terminal: status, output, errors; one start for all."""
        done = subprocess.run(
            [sys.executable, "-c", _MANY],
            env=self.environment(who, **more),
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [(status, out, err) for status, out, err in json.loads(done.stdout)]

    def lab_up(self, cidr: str, speed: int = 60) -> None:
        words = ["--dir", str(self.directory), "--name", self.cluster, "--cidr", cidr]
        words += ["--speed", str(speed), "--web-port", str(self.port)]
        self.did("lab", "up", *words)

    def set(self, key: str, value: str) -> None:
        """Another value for a line of provisioner.toml."""
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", self.config.read_text())
        assert count == 1, key
        self.config.write_text(text)

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.served = subprocess.Popen(
                [sys.executable, "-m", "provisioner", "serve"],
                env=self.environment(),
                cwd=self.directory,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.wait()

    def wait(self) -> None:
        until(self._ready, "the product is ready")

    def _ready(self) -> bool:
        assert self.served
        assert self.served.poll() is None, self.log.read_text()[-2000:]
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the served product as the signal does."""
        if self.served and self.served.poll() is None:
            self.served.send_signal(number)
            self.served.wait(PATIENCE)
        self.served = None

    def close(self) -> None:
        for client in self.clients.values():
            client.close()
        self.end()
        self.command("lab", "down", "--dir", str(self.directory))

    # ------------------------------------------------------------ the lab

    def tell_lab(self, call: str, **body: Any) -> Any:
        """As `provisioner lab fault` does, without its start."""
        where = json.loads((self.directory / "lab" / "control.json").read_text())
        headers = {"Authorization": f"Bearer {where['token']}"}
        answer = httpx.post(where["url"] + call, json=body, headers=headers, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, name: str, **options: str) -> None:
        self.tell_lab("/fault", name=name, options=options)

    def no_fault(self) -> None:
        self.tell_lab("/clear")

    def machines(self) -> list[Json]:
        """The lab's VMs of our range."""
        return [vm for vm in self.tell_lab("/state")["vms"] if 2000 <= vm["vmid"] < 3000]

    # ------------------------------------------------------------ HTTP

    def __getitem__(self, who: str) -> httpx.Client:
        """An API client with that person's token; kept for the office's life."""
        if who not in self.clients:
            headers = {"Accept-Language": "en"}
            if who:
                headers["Authorization"] = f"Bearer {self.tokens[who]}"
            self.clients[who] = httpx.Client(
                base_url=f"{self.url}/api/v1", headers=headers, timeout=PATIENCE, trust_env=False
            )
        return self.clients[who]

    def draft(self, who: str = "sari", **details: Any) -> str:
        answer = self[who].post("/requests", json=new_request(**details))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    def submitted(self, who: str = "sari", **details: Any) -> str:
        number = self.draft(who, **details)
        file = ("surat.pdf", letter(), "application/pdf")
        answer = self[who].post(f"/requests/{number}/letter", files={"file": file})
        assert answer.status_code == 201, answer.text
        answer = self[who].post(f"/requests/{number}/submit")
        assert answer.status_code == 200, answer.text
        return number

    def planned(self, **details: Any) -> tuple[str, str]:
        """Number and digest."""
        number = self.submitted(**details)
        answer = self["rina"].post(f"/requests/{number}/plan")
        assert answer.status_code == 201, answer.text
        return number, answer.json()["digest"]

    def approved(self, **details: Any) -> tuple[str, str]:
        """Number and run."""
        number, digest = self.planned(**details)
        answer = self["dewi"].post(f"/requests/{number}/approve", json={"digest": digest})
        assert answer.status_code == 202, answer.text
        return number, answer.json()["run"]

    def get(self, path: str, who: str = "rina") -> Any:
        answer = self[who].get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def request_is(self, number: str, *states: str) -> Json:
        """The request once it is in one of the states."""

        def look() -> Json | None:
            found: Json = self.get(f"/requests/{number}")
            return found if found["state"] in states else None

        found: Json = until(look, f"{number} is {states}")
        return found

    def run_is(self, run: str, *states: str) -> Json:
        def look() -> Json | None:
            found: Json = self.get(f"/runs/{run}")
            return found if found["state"] in states else None

        found: Json = until(look, f"{run} is {states}")
        return found

    def proven(self, number: str) -> Json:
        """The report of a request that has to end done, every check passed."""
        self.request_is(number, "done", "attention", "planned")
        report: Json = self.get(f"/requests/{number}/report")
        assert report["state"] == "done", report
        assert report["proof"]
        assert all(check["passed"] and check["evidence"] for check in report["proof"]), report
        return report


@contextmanager
def opened(office: Office) -> Iterator[Office]:
    """The office, closed at the end whatever happens."""
    office.directory.mkdir(parents=True, exist_ok=True)
    try:
        yield office
    finally:
        office.close()
