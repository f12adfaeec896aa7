"""An event's WiFi from letter to end, over HTTP and the command line, and where its key is seen."""

from __future__ import annotations

import base64
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.acceptance.campus import Campus, at, new_wifi
from tests.acceptance.office import Office
from tests.acceptance.papers import letter
from tests.acceptance.test_secrets import everything, family, seen_of

pytestmark = [pytest.mark.xdist_group("acceptance-wifi"), pytest.mark.timeout(300)]
GIVEN = "ra\"ha'sia $HOME\\n %s `id`;100%"
NOT_OURS = ("pytest", "bash_jobs", "org.chromium", "playwright")
TEMPORARY = (Path("/dev/shm"), Path(tempfile.gettempdir()))


def forms(secret: str) -> set[bytes]:
    """As it may be written: plain, escaped by JSON, a shell, HTML or a URL, or encoded."""
    raw = secret.encode()
    encoded = {base64.b64encode(raw).rstrip(b"="), raw.hex().encode()}
    shell = secret.replace("'", "'\\''"), secret.replace("'", "'\"'\"'")
    marked = secret.replace("&", "&amp;").replace('"', "&#34;").replace("'", "&#39;")
    escaped = json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret), marked
    return {raw, *encoded, *(text.encode() for text in (*shell, *escaped))}


class Watch(threading.Thread):
    """Looks at processes and temporary folders while the work goes on."""

    def __init__(self, office: Office) -> None:
        super().__init__(daemon=True)
        self._office, self._ended = office, threading.Event()
        self.processes: set[bytes] = set()
        self.files: dict[Path, bytes] = {}
        self._old = set(self._look())

    def _look(self) -> Iterator[Path]:
        for folder in TEMPORARY:
            yield from (p for p in folder.glob("*") if not p.name.startswith(NOT_OURS))

    def run(self) -> None:
        assert self._office.served
        while not self._ended.wait(0.1):
            family_now = family(self._office.served.pid)
            self.processes |= {seen_of(process) for process in family_now}
            for path in set(self._look()) - self._old:
                self._read(path)

    def _read(self, top: Path) -> None:
        with suppress(OSError):  # gone again meanwhile
            for path in [top, *top.rglob("*")]:
                if path.is_file() and path.stat().st_mode & 0o077:
                    self.files[path] = path.read_bytes()  # what others may read

    def left(self) -> Iterator[tuple[Path, bytes]]:
        """What was put into temporary folders and stayed."""
        for top in set(self._look()) - self._old:
            with suppress(OSError):
                for path in [top, *top.rglob("*")]:
                    if path.is_file() and not path.is_relative_to(self._office.directory):
                        yield path, path.read_bytes()

    def end(self) -> None:
        self._ended.set()
        self.join()


@contextmanager
def watched(office: Office) -> Iterator[Watch]:
    watch = Watch(office)
    watch.start()
    try:
        yield watch
    finally:
        watch.end()


def clean(campus: Campus, key: str, watch: Watch, number: str, run: str, instance: str) -> None:
    """The key stands nowhere but on the devices, and on the poster once."""
    wrong = forms(key)

    def hidden(where: object, data: bytes) -> None:
        assert not [form for form in wrong if form in data], where

    for seen in watch.processes:
        hidden(seen.split(b"\0")[:4], seen)
    for path, data in watch.files.items():
        hidden(path, data)
    for name, body in everything(campus, number, run, instance).items():
        hidden(name, body)
    for path in sorted(campus.directory.rglob("*")):
        if path.is_file():
            hidden(path, path.read_bytes())
    for path, data in watch.left():
        hidden(path, data)


def test_from_letter_to_end(campus: Campus) -> None:
    before = campus.configurations()
    body = new_wifi(ssid="Rapat 'Bupati' $HOME", passphrase=GIVEN)
    headers = {"Idempotency-Key": "rapat-bupati"}
    with watched(campus) as watch:
        made = campus["sari"].post("/requests", json=body, headers=headers)
        again = campus["sari"].post("/requests", json=body, headers=headers)
        assert (made.status_code, again.status_code) == (201, 201)
        assert made.json() == again.json()
        number = made.json()["number"]
        assert number.startswith("WIFI-")
        assert made.json()["details"]["passphrase_given"] is True
        assert campus.command("request", "watch", number, who="sari").returncode == 3
        file = ("surat.pdf", letter(), "application/pdf")
        campus["sari"].post(f"/requests/{number}/letter", files={"file": file})
        handed_in = campus.did("request", "submit", number, who="sari")
        assert (handed_in["state"], bool(handed_in["due_at"])) == ("submitted", True)
        plan = campus.did("request", "plan", number, who="rina")
        planned_whole(plan)
        rehearsed = plan["picture"]["rehearsal"]["ap-pendopo-1"]
        assert "Rapat 'Bupati' $HOME" in " ".join(rehearsed).replace("'\\''", "'"), rehearsed
        assert not campus.differs(before), "planning touches nothing"
        approved = campus.did(
            "request", "approve", number, "--digest", plan["digest"], "--yes", who="rina"
        )
        streamed = told(campus, number)
        assert campus.command("request", "watch", number, who="sari").returncode == 0
        report = campus.proven(number)
    instance = report["instance"]["id"]
    assert "run:succeeded" in streamed
    assert {p["target"] for p in report["proof"]} >= {"ap-pendopo-1", "sw-core-1"}
    heard = campus.announced()
    assert heard["ap-pendopo-1"] == heard["ap-pendopo-2"] == ["Rapat 'Bupati' $HOME"]
    assert not heard["ap-alun-1"], "another place"
    clean(campus, GIVEN, watch, number, approved["run"], instance)
    shown, page = campus.key_of(number)
    assert shown == GIVEN
    assert "Rapat koordinasi" in page
    standing = campus.configurations()
    assert "PROV-" + number in standing["sw-core-1"]
    later = at(7200)
    asked = campus.did(
        "instance", "do", instance, "extend", "--set", f"ends_at={later}", who="sari"
    )
    campus.request_is(campus.approve_action(asked["number"]), "done")
    assert campus.get(f"/instances/{instance}")["expires_at"][:19] == later[:19]
    assert not campus.differs(standing), "only the end has moved"
    campus.off(instance)
    assert campus.get(f"/instances/{instance}")["state"] == "ended"
    assert not campus.differs(before)
    clean(campus, GIVEN, watch, number, approved["run"], instance)


def planned_whole(plan: dict) -> None:
    assert {"id", "digest", "made_at", "holds_until", "summary", "expected_seconds"} <= set(plan)
    for step in plan["steps"]:
        assert {"key", "title", "target", "driver", "changes", "undo"} <= set(step)
        assert all({"object", "before", "after"} <= set(change) for change in step["changes"])
    assert all(risk["level"] and risk["text"] for risk in plan["risks"])
    objects = " ".join(c["object"] for step in plan["steps"] for c in step["changes"])
    for device in ("ap-pendopo-1", "ap-pendopo-2", "sw-pendopo-1", "sw-core-1"):
        assert device in objects
    assert "rt-core-1" not in objects, "the router is not touched"


def told(campus: Campus, number: str) -> list[str]:
    """The tags of the stream until it ends, taken up again in the middle."""
    tags: list[str] = []
    last = "0"
    headers = {"Accept": "text/event-stream"}
    path = f"/requests/{number}/events"
    for stop_after in (3, None):
        with campus["sari"].stream("GET", path, headers=headers | {"Last-Event-ID": last}) as said:
            for line in said.iter_lines():
                if line.startswith("id:"):
                    assert int(line[3:]) > int(last), "each once, in order"
                    last = line[3:].strip()
                elif line.startswith("data: {"):
                    tags.append(json.loads(line[6:])["tag"])
                if stop_after and len(tags) >= stop_after and line == "":
                    break
    return tags


def test_a_made_up_key_opens_once_and_is_nowhere_else(campus: Campus) -> None:
    with watched(campus) as watch:
        number, run = campus.approved(ssid="Dibuatkan")
        report = campus.proven(number)
    refused = httpx.get(campus.url + "/handover/keliru", trust_env=False)
    assert refused.status_code in {404, 410}
    key, _ = campus.key_of(number)
    assert 8 <= len(key) <= 63
    instance = report["instance"]["id"]
    clean(campus, key, watch, number, run, instance)
    device = campus.configurations()["ap-pendopo-1"]
    assert key in device
    assert "handover/" not in campus["arif"].get(f"/requests/{number}/report").text
    campus.off(instance)
    assert key not in campus.configurations()["ap-pendopo-1"]
