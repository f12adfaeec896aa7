"""What the lab's tests share: a fast plan of its own for each, and a plain HTTPS client."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import replace
from typing import Any

import requests

from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabNetwork, LabPlan

_numbers = itertools.count(1)
PATIENCE = 20.0
WITH_UNDERLINE = {"policy_in", "policy_out"}


class Client:
    """Calls one node of a lab as a given token or, without one, as root."""

    def __init__(self, lab: LabCluster, token: str = "", url: str = "") -> None:
        self.url = url or lab.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = False
        given = token or f"{lab.token_id}={lab.token_secret}"
        self.session.headers["Authorization"] = f"PVEAPIToken={given}"

    def call(self, method: str, path: str, **params: Any) -> requests.Response:
        """``params`` as the form of a write, the query of a read; _ in names becomes -, but for
        the few names that PVE itself writes with it."""
        values = {
            key if key in WITH_UNDERLINE else key.replace("_", "-"): value
            for key, value in params.items()
        }
        where = "params" if method in ("GET", "DELETE") else "data"
        return self.session.request(
            method, f"{self.url}/api2/json{path}", timeout=30, **{where: values}
        )

    def get(self, path: str, **params: Any) -> Any:
        answer = self.call("GET", path, **params)
        assert answer.status_code == 200, answer.reason
        return answer.json()["data"]

    def post(self, path: str, **params: Any) -> Any:
        answer = self.call("POST", path, **params)
        assert answer.status_code == 200, answer.reason
        return answer.json()["data"]

    def ended(self, upid: str) -> tuple[str, list[str]]:
        """Wait for a task: (exit status, log)."""
        node = upid.split(":")[1]
        deadline = time.monotonic() + PATIENCE
        while True:
            status = self.get(f"/nodes/{node}/tasks/{upid}/status")
            if status["status"] == "stopped":
                log = self.get(f"/nodes/{node}/tasks/{upid}/log", limit=0)
                return status["exitstatus"], [line["t"] for line in log]
            assert time.monotonic() < deadline, f"{upid} does not end"
            time.sleep(0.01)

    def close(self) -> None:
        self.session.close()


def plan(**changes: Any) -> LabPlan:
    """A fast lab with an address plan of its own."""
    number = next(_numbers)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    network = LabNetwork(cidr=f"127.{224 + worker % 16}.{number % 250}.0/24", ssh_port=22022)
    return replace(LabPlan(network=network, speed=200), **changes)
