"""A stage for the tests of the web: a lab, the product as a process of its own, and its people."""

from __future__ import annotations

import io
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from netmiko import ConnectHandler
from PIL import Image

from provisioner.database import Database
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.lab.control import RemoteLab
from provisioner.lab.letter import sample_letter
from provisioner.lab.serving import LabOptions, start_in_background
from provisioner.lab.serving import stop as stop_lab
from provisioner.people.service import PeopleService
from provisioner.schema import upgrade
from provisioner.secrets import new_key
from provisioner.settings import load_settings
from tests.web.bodies import RACK_PORT, new_request

PASSWORD = "kata-sandi-uji"
PATIENCE = 120.0
PEOPLE = {
    "sari": ("Sari Wulandari", ["applicant"], "dinkes"),
    "tono": ("Tono Prasetyo", ["applicant"], "dindik"),
    "rina": ("Rina Lestari", ["technician"], None),
    "dewi": ("Dewi Anggraini", ["technician", "approver"], None),
    "arif": ("Arif Hidayat", ["auditor"], None),
    "heru": ("Heru Santoso", ["head"], None),
    "wulan": ("Wulan Sari", ["complaints"], None),
    "bagas": ("Bagas Nugroho", ["administrator"], None),
}


@dataclass
class Stage:
    """Where the product answers, and a client for each person."""

    url: str
    directory: Path
    people: PeopleService
    lab: RemoteLab
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    def __getitem__(self, username: str) -> httpx.Client:
        """An API client with the person's own token."""
        if username not in self.clients:
            token = self.people.create_token(username)
            self.clients[username] = self.client(Authorization=f"Bearer {token}")
        return self.clients[username]

    def client(self, **headers: str) -> httpx.Client:
        """A client of nobody in particular; the caller closes it."""
        return httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False, headers=headers)

    @contextmanager
    def browser(self, username: str) -> Iterator[httpx.Client]:
        """A client that signed in by the form and holds a session cookie."""
        with self.client() as client:
            form = {"username": username, "password": PASSWORD}
            assert client.post("/sign-in", data=form).status_code == 303
            yield client

    def draft(self, who: str = "sari", service: str = "cloud_vps", **details: Any) -> str:
        """A new draft's number."""
        body = new_request(service, **details)
        answer = self[who].post("/api/v1/requests", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    def submitted(self, who: str = "sari", **details: Any) -> str:
        """A new, complete and submitted request's number."""
        number = self.draft(who, **details)
        file = ("surat.pdf", sample_letter("Dinas Kesehatan", "005/1", "uji"), "application/pdf")
        path = f"/api/v1/requests/{number}"
        assert self[who].post(f"{path}/letter", files={"file": file}).status_code == 201
        answer = self[who].post(f"{path}/submit")
        assert answer.status_code == 200, answer.text
        return number

    def planned(self, who: str = "sari", **details: Any) -> tuple[str, dict[str, Any]]:
        """A new request with its plan."""
        number = self.submitted(who, **details)
        answer = self["rina"].post(f"/api/v1/requests/{number}/plan")
        assert answer.status_code == 201, answer.text
        return number, answer.json()

    def approved(self, **details: Any) -> tuple[str, str]:
        """A new request's number and its run."""
        number, plan = self.planned(**details)
        answer = self["dewi"].post(
            f"/api/v1/requests/{number}/approve", json={"digest": plan["digest"]}
        )
        assert answer.status_code == 202, answer.text
        return number, answer.json()["run"]

    def carried_out(self, number: str) -> None:
        """Plan, approve and wait until a submitted request is done."""
        path = f"/api/v1/requests/{number}"
        plan = self["rina"].post(f"{path}/plan")
        assert plan.status_code == 201, plan.text
        approved = self["dewi"].post(f"{path}/approve", json={"digest": plan.json()["digest"]})
        assert approved.status_code == 202, approved.text
        self.request_until(number, "done")

    @contextmanager
    def racked(self, run: str) -> Iterator[None]:
        """Report the racking that the run waits for; meanwhile the server answers."""
        [task] = self["rina"].get(f"/api/v1/runs/{run}/tasks").json()
        address = re.search(rf"{re.escape(RACK_NETWORK)}\.\d+", task["text"])
        assert address, task["text"]
        form = {f"checklist/{point['key']}": "true" for point in task["checklist"]}
        form |= {f"answers/{question['key']}": "SN-12345" for question in task["answers"]}
        with socket.create_server((address[0], RACK_PORT)):
            done = self["rina"].post(
                f"/api/v1/runs/{run}/steps/{task['key']}/complete",
                data={**form, "note": "Sudah terpasang"},
                files=[("photos", ("depan.jpg", photo(), "image/jpeg"))],
            )
            assert done.status_code == 200, done.text
            yield

    def on_site(self, run: str) -> None:
        """Report the work at a site that the run waits for."""
        self.run_until(run, "waiting_person", "failed")
        [task] = self["rina"].get(f"/api/v1/runs/{run}/tasks").json()
        form = {f"checklist/{point['key']}": "true" for point in task["checklist"]}
        done = self["rina"].post(
            f"/api/v1/runs/{run}/steps/{task['key']}/complete",
            data=form,
            files=[("photos", ("kabel.jpg", photo(), "image/jpeg"))],
        )
        assert done.status_code == 200, done.text

    def type(self, switch: str, *lines: str) -> None:
        """Somebody configures a switch of the lab by hand."""
        host = Hosts(load_settings(self.directory / "provisioner.toml"))()[switch]
        terminal = ConnectHandler(
            device_type=host.platform, host=host.address, port=host.port, username=host.user,
            use_keys=True, key_file=str(self.directory / "var" / "id_ed25519"),
        )  # fmt: skip
        terminal.send_config_set(lines)
        terminal.disconnect()

    def run_until(self, run: str, *states: str) -> dict[str, Any]:
        """The run once it is in one of the states."""
        return self._until(f"/api/v1/runs/{run}", states)

    def request_until(self, number: str, *states: str) -> dict[str, Any]:
        """The request once it is in one of the states."""
        return self._until(f"/api/v1/requests/{number}", states)

    def _until(self, path: str, states: tuple[str, ...]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while True:
            found: dict[str, Any] = self["rina"].get(path).json()
            if found["state"] in states:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.2)


def photo(width: int = 320, height: int = 240) -> bytes:
    """A picture as a telephone takes it, only smaller."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 110)).save(out, "JPEG")
    return out.getvalue()


class Running:
    """The stage, from setting up to clearing away."""

    def __init__(self, directory: Path, speed: float = 40.0) -> None:
        self._directory = directory
        self._port = _free_port()
        self._lab = start_in_background(directory, LabOptions(speed=speed, web_port=self._port))
        _add_event_networks(directory / "inventory" / "network.yml")
        _add_racks(directory / "inventory")
        _without_timer(directory / "inventory" / "hosts.yml")
        os.environ.pop("PROVISIONER_CONFIG", None)
        settings = load_settings(directory / "provisioner.toml")
        (directory / "var" / "secret.key").write_text(new_key())
        self._database = Database(settings.absolute_database_url)
        upgrade(self._database)
        people = PeopleService(self._database)
        for id, name in (("dinkes", "Dinas Kesehatan"), ("dindik", "Dinas Pendidikan")):
            people.add_department(id, name)
        for username, (name, roles, department) in PEOPLE.items():
            people.add_person(username, name, PASSWORD, roles, department)
        self.stage = Stage(f"http://127.0.0.1:{self._port}", directory, people, self._lab)
        self._log = (directory / "web.log").open("wb")
        self._process = self._serve()

    def _serve(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "uvicorn", "--factory", "api.app:from_environment",
                "--host", "127.0.0.1", "--port", str(self._port), "--no-access-log",
                "--timeout-graceful-shutdown", "2",
            ],
            env={**os.environ, "PROVISIONER_CONFIG": str(self._directory / "provisioner.toml")},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not _answers(self.stage.url):
            said = (self._directory / "web.log").read_text()
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        return process

    def end(self) -> None:
        """Stop both processes and give everything back."""
        for client in self.stage.clients.values():
            client.close()
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._log.close()
        self._database.close()
        stop_lab(self._directory)


def _add_event_networks(path: Path) -> None:
    """Enough of them for all the events of a session of tests."""
    network = yaml.safe_load(path.read_text())
    network["event_networks"] |= {
        f"event-{n}": {"vlan": 300 + n, "cidr": f"10.31.{n}.0/24"} for n in range(3, 20)
    }
    path.write_text(yaml.safe_dump(network))


def _without_timer(path: Path) -> None:
    hosts = yaml.safe_load(path.read_text())
    far = hosts["all"]["children"]["switches"]["hosts"]["sw-skpd-1"]
    far["provisioner_dead_man"] = "best_effort"
    path.write_text(yaml.safe_dump(hosts))


RACK_NETWORK = "127.31.40"
"""Servers in racks have addresses of this machine, so that a test can answer at them."""


def _add_racks(folder: Path) -> None:
    """A rack with its power, and what colocation needs besides; VPS may have a second disk."""
    network = yaml.safe_load((folder / "network.yml").read_text())
    network["colocation_networks"] = {
        "kolokasi": {
            "title": "Server titipan",
            "vlan": 140,
            "cidr": f"{RACK_NETWORK}.0/24",
            "gateway": f"{RACK_NETWORK}.1",
            "dns": [f"{RACK_NETWORK}.2"],
            "assignable": [f"{RACK_NETWORK}.20-{RACK_NETWORK}.40"],
            "quarantine_hours": 0,
        }
    }
    network["racks"] = {
        "r1": {
            "site": "pendopo",
            "title": "Rak 1 ruang server",
            "units": 24,
            "heavy_units": 8,
            "feeds": {"A": {"amps": 16, "used_watts": 900}, "B": {"watts": 3500}},
            "occupied": [{"units": "23-24", "what": "Panel tambal"}, {"units": 1, "what": "UPS"}],
            "switch_ports": [f"sw-core-1:GigabitEthernet1/0/{n}" for n in range(10, 16)],
        }
    }
    (folder / "network.yml").write_text(yaml.safe_dump(network))
    catalogue = yaml.safe_load((folder / "catalogue.yml").read_text())
    catalogue["services"]["cloud_vps"]["extra_disk_gb_max"] = 100
    catalogue["services"]["colocation"] = {
        "sla_working_days": 5, "letters": ["signed"], "team": "Tim pusat data",
    }  # fmt: skip
    (folder / "catalogue.yml").write_text(yaml.safe_dump(catalogue))


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
