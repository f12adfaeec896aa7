"""Commands that act over HTTP: what they send, print and end with, against a scripted service."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli_tools import Terminal, terminal

__all__ = ["terminal"]

TOKEN = "prv_very-secret"
NUMBER = "VPS-2026-0001"
REQUEST: dict[str, Any] = {
    "number": NUMBER, "service": "cloud_vps", "department": "dinkes", "state": "planned",
    "applicant": {"name": "Sari", "position": "Kepala UPT"}, "details": {"hostname": "web\x1b[2J"},
}  # fmt: skip
PLAN = {
    "id": "p1", "digest": "sha256:abc", "summary": "A server", "expected_seconds": 60,
    "holds_until": "2026-11-23T00:00:00Z", "risks": [{"level": "low", "text": "Nothing much"}],
    "steps": [{"key": "clone", "title": "Clone", "target": "pve1", "driver": "proxmox",
               "changes": [{"object": "VM 2000", "before": None, "after": "web"}],
               "undo": "Remove it"}],
}  # fmt: skip


@dataclass
class Service:
    """Answers by (method, path), in turn; the last answer stays. Keeps what it was sent."""

    answers: dict[tuple[str, str], list[tuple[int, Any]]] = field(default_factory=dict)
    sent: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def on(self, method: str, path: str, *answers: Any, status: int = 200) -> None:
        self.answers[method, path] = [(status, answer) for answer in answers]

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        queue = self.answers.get((method, path)) or [(404, {"title": "Not found"})]
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def bodies(self, path: str) -> list[Any]:
        return [
            json.loads(body) for method, at, _, body in self.sent if (method, at) == ("POST", path)
        ]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    script = Service()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0].removeprefix("/api/v1")
            stream = self.headers.get("Accept") == "text/event-stream"
            script.sent.append((self.command, path, dict(self.headers), body))
            status, answer = script.answer("STREAM" if stream else self.command, path)
            text = answer if isinstance(answer, str) else json.dumps(answer)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = _serve  # noqa: N815

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("PROVISIONER_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("PROVISIONER_TOKEN", TOKEN)
    yield script
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_new_request_is_filed_with_its_letter_and_handed_in(
    service: Service, terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "me.yml").write_text("name: Sari\nposition: Kepala UPT\n")
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.7")
    service.on("POST", "/requests", REQUEST, status=201)
    service.on("POST", f"/requests/{NUMBER}/letter", {"bytes": 8}, status=201)
    service.on("POST", f"/requests/{NUMBER}/submit", REQUEST)
    service.on("GET", f"/requests/{NUMBER}", REQUEST)
    outcome = terminal(
        "request", "new", "--department", "dinkes", "--applicant", tmp_path / "me.yml",
        "--details", "-", "--letter", tmp_path / "letter.pdf", "--letter-number", "005/1",
        "--letter-date", "2026-11-20", "--signatory", "dr. Ani", "--signatory-position", "Kepala",
        "--submit", typed="hostname: web\nuntil: 2027-01-31\n",
    )  # fmt: skip
    assert outcome.status == 0, outcome.err
    assert "Number: VPS-2026-0001" in outcome.out
    assert "\x1b" not in outcome.out
    assert service.bodies("/requests")[0] == {
        "service": "cloud_vps",
        "department": "dinkes",
        "applicant": {"name": "Sari", "position": "Kepala UPT"},
        "details": {"hostname": "web", "until": "2027-01-31"},
        "letter": {
            "kind": "signed", "number": "005/1", "date": "2026-11-20",
            "signatory": {"name": "dr. Ani", "position": "Kepala"},
        },
    }  # fmt: skip
    headers = service.sent[0][2]
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Idempotency-Key"]
    assert b"%PDF-1.7" in service.sent[1][3]


def test_approving_shows_the_plan_and_asks(service: Service, terminal: Terminal) -> None:
    service.on("GET", f"/requests/{NUMBER}/plan", PLAN)
    service.on("POST", f"/requests/{NUMBER}/approve", {"run": "run_1"}, status=202)
    refused = terminal("request", "approve", NUMBER, typed="n\n")
    assert refused.status == 1
    assert service.bodies(f"/requests/{NUMBER}/approve") == []
    for shown in ("1. Clone (pve1)", "VM 2000: - → web", "Remove it", "Nothing much", "sha256:abc"):
        assert shown in refused.out
    agreed = terminal("request", "approve", NUMBER, typed="y\n")
    assert agreed.status == 0
    assert "Approved. Run: run_1" in agreed.out
    assert service.bodies(f"/requests/{NUMBER}/approve")[0]["digest"] == "sha256:abc"


def test_a_problem_is_told_plainly(service: Service, terminal: Terminal) -> None:
    problem = {"type": "https://x/problems/plan-changed", "title": "T", "detail": "It changed."}
    rows = [{"what": "Node", "before": "pve1", "after": "pve2"}]
    problem = {**problem, "difference": {"reason": None, "rows": rows}}
    service.on("GET", f"/requests/{NUMBER}/plan", PLAN)
    service.on("POST", f"/requests/{NUMBER}/approve", problem, status=409)
    outcome = terminal("request", "approve", NUMBER, "--yes", "--digest", "sha256:old")
    assert outcome.status == 1
    assert outcome.err.splitlines()[-1] == "It changed."
    assert "Node: pve1 → pve2" in outcome.out
    errors = [{"pointer": "/details/hostname", "message": "Too long."}]
    service.on("POST", "/requests", {"title": "Correct it.", "errors": errors}, status=422)
    outcome = terminal("request", "new", "--department", "dinkes")
    assert outcome.status == 2
    assert outcome.err.splitlines() == ["Correct it.", "  /details/hostname: Too long."]


def test_a_service_that_is_none_of_ours_or_not_there_is_told(
    service: Service, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.on("GET", "/requests", "<html>")
    assert "not as provisioner does" in terminal("request", "list").err
    monkeypatch.setenv("PROVISIONER_URL", "http://127.0.0.1:1")
    outcome = terminal("request", "list")
    assert outcome.status == 1
    assert "cannot be reached" in outcome.err
    assert TOKEN not in outcome.out + outcome.err


def event(number: int, text: str) -> dict[str, Any]:
    return {"id": number, "tag": "step:changed", "at": "2026-11-22T03:00:00Z", "text": text}


def stream(*events: dict[str, Any]) -> str:
    said = (f"id: {e['id']}\ndata: {json.dumps(e)}\n\n" for e in events)
    return ": begin\n\n" + "".join(said)


@pytest.mark.parametrize(
    ("state", "run", "status"),
    [
        ("done", "succeeded", 0),
        ("rejected", "stopped", 1),
        ("attention", "failed", 1),
        ("attention", "waiting_person", 3),
        ("planned", "stopped", 3),
    ],
)
def test_watching_ends_with_the_status_of_the_request(
    service: Service, terminal: Terminal, state: str, run: str, status: int
) -> None:
    moving = REQUEST | {"state": "in_progress", "run": "run_1"}
    path = f"/requests/{NUMBER}"
    # The first stream breaks off after one event; the second goes on where it stood.
    service.on("GET", path, moving, moving, moving, moving | {"state": state})
    service.on("STREAM", f"{path}/events", stream(event(1, "Cloned")), stream(event(2, "Started")))
    service.on("GET", f"{path}/events", [event(3, "Ended")])
    waiting = {"who": "technician", "what": "Free some space"}
    service.on(
        "GET", "/runs/run_1", {"id": "run_1", "state": run, "steps": [], "waiting_for": waiting}
    )
    outcome = terminal("request", "watch", NUMBER)
    assert outcome.status == status, outcome.err
    told = [line.partition("  ")[2] for line in outcome.out.splitlines()[:3]]
    assert told == ["Cloned", "Started", "Ended"]
    if status == 3 and state == "attention":
        assert "Waiting for technician: Free some space" in outcome.out
    again = [h for m, p, h, _ in service.sent if p == f"{path}/events" and "Last-Event-ID" in h]
    assert again[0]["Last-Event-ID"] == "1"


def test_lists_pass_their_filters_on_and_print_json(service: Service, terminal: Terminal) -> None:
    service.on("GET", "/requests", {"items": [REQUEST], "next": "c2"})
    shown = terminal("request", "list", "--state", "planned")
    assert NUMBER in shown.out
    assert "--cursor c2" in shown.out
    assert terminal("request", "list", "--json").json()["next"] == "c2"
    service.on("GET", "/instances", [{"id": "i1", "kind": "vm", "addresses": ["10.0.0.2"]}])
    assert "10.0.0.2" in terminal("instance", "list").out
    service.on("GET", "/instances/i1", {"id": "i1", "name": "web"})
    assert "name: web" in terminal("instance", "show", "i1").out


def test_lists_are_for_people(
    service: Service, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert terminal("init").status == 0  # its office.yml says which time the office has
    asked = {"due_at": "2026-11-26T09:00:00Z", "details": {"hostname": "simpus-dinkes"}}
    service.on("GET", "/requests", {"items": [REQUEST | asked], "next": None})
    shown = terminal("request", "list").out
    assert "simpus-dinkes" in shown
    assert "2026-11-26 16:00 WIB" in shown
    long = {"id": "vm-dc1-2000-a6f48d", "addresses": ["127.140.100.100", "fd00:1234::100"]}
    service.on("GET", "/instances", [long])
    shown = terminal("instance", "list").out
    assert all(whole in shown for whole in (long["id"], *long["addresses"]))


def test_a_reason_is_shown_while_it_holds(service: Service, terminal: Terminal) -> None:
    ports = {"details": {"open_ports": [{"port": 443, "protocol": "tcp"}], "ssh_keys": ["a", "b"]}}
    returned = REQUEST | ports | {"reason": "Stempel tidak terbaca", "state": "needs_info"}
    path = f"/requests/{NUMBER}"
    service.on("GET", path, returned)
    shown = terminal("request", "show", NUMBER).out
    assert "Reason: Stempel tidak terbaca" in shown
    assert "open_ports: port 443, protocol tcp" in shown
    assert "ssh_keys: a; b" in shown
    service.on("GET", path, returned | {"state": "planned"})
    assert "Stempel" not in terminal("request", "show", NUMBER).out


def test_a_request_where_a_run_is_meant_names_the_run(service: Service, terminal: Terminal) -> None:
    service.on("GET", f"/requests/{NUMBER}", REQUEST | {"run": "run-1a2b"})
    outcome = terminal("run", "show", NUMBER)
    assert outcome.status == 1
    assert f"{NUMBER} is a request; its run is run-1a2b." in outcome.err


def test_a_missing_configuration_names_its_variable(terminal: Terminal) -> None:
    assert "export PROVISIONER_CONFIG=" in terminal("user", "list").err
