"""A lab, the services in this process, and a worker in another one that can be killed."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pikepdf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provisioner import bootstrap
from provisioner.database import now
from provisioner.lab.control import RemoteLab
from provisioner.lab.serving import LabOptions, start_in_background, stop
from provisioner.people.model import Role
from provisioner.people.rules import Actor
from provisioner.requests.views import NewRequest
from provisioner.secrets import new_key
from provisioner.settings import load_settings

_WORKER = """
from pathlib import Path
from provisioner.bootstrap import run_worker
from provisioner.settings import load_settings
import sys
run_worker(load_settings(Path(sys.argv[1])))
"""


@dataclass
class Worker:
    """The process that carries runs out; what it says goes to ``log``."""

    config: Path
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: datetime = field(default_factory=now, init=False)

    def start(self) -> None:
        self.started = now()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _WORKER, str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "PGAPPNAME": "worker"},
            )

    @property
    def pid(self) -> int:
        assert self.process is not None, "the worker was not started"
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """kill -9; returns once the process is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """Ask it to end, as a service manager does."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)


@dataclass(frozen=True)
class World:
    """Everything that a run of requests needs; ``sari`` asks, ``budi`` plans and approves."""

    directory: Path
    lab: RemoteLab
    product: bootstrap.Product
    worker: Worker
    sari: Actor
    budi: Actor

    def file(self, hostname: str, image: str = "debian-13", size: str = "small") -> str:
        """File and submit a complete request; returns its number."""
        requests = self.product.requests
        new = NewRequest.model_validate(
            {
                "service": "cloud_vps",
                "department": "dinkes",
                "applicant": {
                    "name": "Sari Wulandari",
                    "position": "Kasubag TU",
                    "phone": "0281 123456",
                    "email": "sari@dinkes.example.id",
                },
                "letter": {
                    "kind": "signed",
                    "number": f"045/{hostname}",
                    "date": "2026-11-20",
                    "signatory": {"name": "dr. Hartono", "position": "Kepala Dinas"},
                },
                "details": {
                    "hostname": hostname,
                    "purpose": "Aplikasi puskesmas",
                    "size": size,
                    "image": image,
                    "network": "server-opd",
                    "ssh_keys": [_public_key()],
                    "admin_user": "dinkes",
                    "open_ports": [{"port": 443, "protocol": "tcp"}],
                },
            }
        )
        number = requests.create(self.sari, new).number
        requests.attach_letter(self.sari, number, "surat.pdf", _letter())
        requests.submit(self.sari, number)
        return number

    def approve(self, number: str) -> str:
        """Plan and approve; returns the run's id."""
        plan = self.product.plans.make(self.budi, number)
        return self.product.approvals.approve(self.budi, number, plan.digest).run

    def wait_for_end(self, number: str, seconds: float) -> str:
        """Wait until the request rests (done, attention or planned again); its state then."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self.product.requests.get(self.budi, number).state
            if state in {"done", "attention", "planned"}:
                return state
            time.sleep(0.05)
        raise AssertionError(f"{number} is still at work after {seconds} s")


@contextmanager
def world(
    directory: Path,
    speed: float,
    database_url: str | None = None,
    *,
    nodes: int | None = None,
    changes: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[World]:
    """A world in an empty directory; everything it started ends with it.

    Its database is the SQLite file that the lab's configuration names, unless told otherwise.
    ``nodes``: a cluster of so many; ``changes`` replace text in provisioner.toml.
    """
    lab = start_in_background(directory, LabOptions(names=("dc1",), speed=speed, nodes=nodes))
    try:
        config = directory / "provisioner.toml"
        if database_url is not None:
            _use_database(config, database_url)
        for before, after in changes.items():
            config.write_text(config.read_text().replace(before, after))
        (directory / "var" / "secret.key").write_text(new_key())
        settings = load_settings(config)
        bootstrap.upgrade_database(settings)
        product = bootstrap.build(settings)
        worker = Worker(config, directory / "worker.log")
        try:
            product.start(worker=False)
            people = product.people
            people.add_department("dinkes", "Dinas Kesehatan")
            people.add_person("sari", "Sari", "rahasia-sekali-1", [Role.APPLICANT], "dinkes")
            people.add_person("budi", "Budi", "rahasia-sekali-1", [Role.TECHNICIAN])
            yield World(directory, lab, product, worker, people.actor("sari"), people.actor("budi"))
        finally:
            worker.kill()
            product.stop()
    finally:
        stop(directory)


def cpu_seconds(pid: int) -> float:
    """What a process has used of the processor so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _use_database(config: Path, url: str) -> None:
    text, found = re.subn(
        r"^database_url = .*$", f"database_url = {json.dumps(url)}", config.read_text(), flags=re.M
    )
    assert found == 1
    config.write_text(text)


def _public_key() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _letter() -> bytes:
    pdf, buffer = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page()
    pdf.save(buffer)
    return buffer.getvalue()
