"""An office that looks for faults: checks followed from outside, and who is told of them."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.acceptance.campus import Campus
from tests.acceptance.office import Json, until
from tests.acceptance.papers import APPLICANT, letter, new_request

DEVICE_SECONDS = 8
SETTINGS = f"""
[checks]
device_seconds = {DEVICE_SECONDS}
after_handover_hours = 0.0005

[notifications]
urls = ["env:TELL"]
"""
RESULT = {"check", "target", "passed", "evidence", "meaning", "next", "at"}
DIAGNOSIS = {"cause", "explains", "confidence", "ruled_out"}


class Receiver:
    """Takes what Apprise sends to a ``json://`` address."""

    def __init__(self) -> None:
        got: queue.Queue[str] = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                got.put(json.loads(self.rfile.read(length))["message"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._got, self._all = got, list[str]()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def all(self) -> list[str]:
        """Every message so far, the oldest first."""
        while not self._got.empty():
            self._all.append(self._got.get())
        return [*self._all]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Watched(Campus):
    """A campus whose faults are looked for and told to ``receiver``."""

    receiver: Receiver = field(default_factory=Receiver)

    def lab_up(self, cidr: str, speed: int = 60) -> None:
        super().lab_up(cidr, speed)
        self.config.write_text(self.config.read_text() + SETTINGS)

    def environment(self, who: str | None = None, **more: str) -> dict[str, str]:
        return super().environment(who, TELL=self.receiver.address, **more)

    def close(self) -> None:
        super().close()
        self.receiver.close()

    # ------------------------------------------------------------ checks

    def ask(self, who: str = "rina", **body: Any) -> str:
        """The id of a check that was taken."""
        answer = self[who].post("/checks", json=body)
        assert answer.status_code == 202, answer.text
        id = str(answer.json()["id"])
        assert answer.headers["Location"] == f"/api/v1/checks/{id}"
        return id

    def over(self, id: str, who: str = "rina") -> Json:
        """A check once it is over."""

        def look() -> Json | None:
            found: Json = self.get(f"/checks/{id}", who)
            return None if found["state"] in {"queued", "running"} else found

        found: Json = until(look, f"{id} is over")
        assert found["state"] == "done", found
        return found

    def check(self, who: str = "rina", **body: Any) -> Json:
        return self.over(self.ask(who, **body), who)

    def green(self, target: str) -> Json:
        found = self.check(target=target)
        assert (found["colour"], found["diagnosis"]) == ("green", None), red(found)
        return found

    # ------------------------------------------------------------ requests

    def machine(self) -> Json:
        """The request of a department's VM that stands."""
        number = self["sari"].post("/requests", json=new_request(open_ports=[])).json()["number"]
        file = ("surat.pdf", letter(), "application/pdf")
        assert self["sari"].post(f"/requests/{number}/letter", files={"file": file}).is_success
        assert self["sari"].post(f"/requests/{number}/submit").is_success
        self.do(number)
        self.proven(number)
        found: Json = self.get(f"/requests/{number}")
        return found

    def complain(self, who: str = "sari", department: str = "dinkes", **details: Any) -> str:
        """A report of a fault, handed in without a letter."""
        said = {"symptom": "no_internet", "description": "Tidak ada Internet sejak pagi", **details}
        given = {name: value for name, value in said.items() if value is not None}
        body = {"service": "troubleshooting", "department": department, "applicant": APPLICANT}
        answer = self[who].post("/requests", json=body | {"details": given})
        assert answer.status_code == 201, answer.text
        number = str(answer.json()["number"])
        answer = self[who].post(f"/requests/{number}/submit")
        assert answer.status_code == 200, answer.text
        return number

    def looked_at(self, number: str, who: str = "sari") -> str:
        """The id of the check that stands on a request's record by itself."""
        return str(until(lambda: self.get(f"/checks?request={number}", who), number)[0]["id"])

    def do(self, number: str) -> str:
        """Plan and approve a request; the run."""
        digest = self.plan(number)["digest"]
        answer = self["dewi"].post(f"/requests/{number}/approve", json={"digest": digest})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["run"])

    def remedy(self, check: Json, kind: str) -> str:
        """The number of the request that the offered remedy of that kind becomes."""
        [offer] = [each for each in check["remedies"] if each["kind"] == kind]
        path = f"/checks/{check['id']}/remedies/{offer['key']}"
        answer = self["rina"].post(path, json={"reason": "Murid menunggu"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["number"])

    # ------------------------------------------------------------ the lab

    def type(self, host: str, *lines: str) -> None:
        """Lines that somebody types on a device."""
        self.tell_lab("/type", host=host, lines=["configure terminal", *lines, "end"])

    def standing(self) -> Json:
        """All that checks must not change: devices, VMs, tasks of the cluster."""
        state = self.tell_lab("/state")
        kept = {k: state[k] for k in ("vms", "tasks") if k in state}
        return {"devices": self.tell_lab("/configurations"), **kept}


def red(found: Json) -> list[tuple[str, str, str]]:
    """Check, place and finding of all that is not green."""
    return [(e["check"], e["target"], e["finding"]) for e in found["results"] if not e["passed"]]
