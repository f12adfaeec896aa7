"""What happens to machines: a kill, a full disk, a locked database, a second server."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.acceptance.beside import beside
from tests.acceptance.office import Office, until
from tests.acceptance.papers import letter, new_request

pytestmark = pytest.mark.xdist_group("acceptance-hostile")


def test_killed_in_the_middle_of_a_run_it_finishes_after_a_restart(office: Office) -> None:
    office.fault("task-slow", seconds="30")
    number, run = office.approved()
    try:
        until(lambda: any(s["state"] == "running" for s in office.get(f"/runs/{run}")["steps"]),
              "a step runs")  # fmt: skip
        office.end(signal.SIGKILL)
    finally:
        office.no_fault()
    office.start()
    report = office.proven(number)
    name = report["instance"]["name"]
    assert [m["name"] for m in office.machines()].count(name) == 1
    tags = [event["tag"] for event in office.get(f"/requests/{number}/events")]
    assert tags.count("run:succeeded") == 1
    assert office.command("audit", "verify").returncode == 0


def test_a_second_server_on_the_same_database_is_refused(office: Office) -> None:
    done = office.command("serve", "--port", "0")
    assert done.returncode not in {0, None}
    said = done.stdout + done.stderr
    assert "worker" in said or "already" in said, said
    worker = office.command("worker")
    assert worker.returncode == 1
    assert worker.stderr.strip()
    assert office.get("/requests") is not None, "the first goes on"


def test_a_database_locked_for_ten_seconds(office: Office) -> None:
    number, run = office.approved()
    lock = sqlite3.connect(office.directory / "var" / "provisioner.db", isolation_level=None)
    lock.execute("begin immediate")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(office["sari"].post, "/requests", json=new_request())
        began = time.monotonic()
        assert office.get("/requests"), "reading goes on"
        time.sleep(max(0.0, 10 - (time.monotonic() - began)))
        lock.execute("rollback")
        lock.close()
        answer = waiting.result()
    assert answer.status_code in {201, 503}, answer.text
    if answer.status_code == 503:
        assert answer.headers["content-type"].startswith("application/problem+json")
    office.proven(number)
    assert office.get(f"/runs/{run}")["state"] == "succeeded"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MB, where the system lets us mount one."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this system lets us mount nothing")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Take all that is left."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return filler
    return filler


def said_clearly(answer: httpx.Response) -> None:
    assert answer.status_code in {503, 507}, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["detail"]


def test_a_full_disk_under_the_letters(office: Office, small_disk: Path) -> None:
    number = office.draft()
    file = {"file": ("surat.pdf", letter(), "application/pdf")}
    with beside(office, PROVISIONER_DATA_DIR=str(small_disk)) as web:
        filler = fill(small_disk)
        said_clearly(web["sari"].post(f"/requests/{number}/letter", files=file))
        view = web.get(f"/requests/{number}", "sari")
        assert view["state"] == "draft"
        assert not (view["letter"] or {}).get("file"), "nothing half done"
        filler.unlink()
        assert not [p for p in small_disk.rglob("*") if p.is_file()], "no piece of a file is left"
        assert web["sari"].post(f"/requests/{number}/letter", files=file).status_code == 201
        assert web["sari"].post(f"/requests/{number}/submit").status_code == 200


def test_a_full_disk_under_the_database(office: Office, small_disk: Path) -> None:
    fresh = small_disk / "provisioner.db"
    shutil.copy(office.directory / "fresh" / "provisioner.db", fresh)
    url = f"sqlite:///{fresh}"
    with beside(office, PROVISIONER_DATABASE_URL=url) as web:
        before = web.draft()
        filler = fill(small_disk)
        body = new_request(purpose="Terlalu panjang " * 25)
        refused = until(lambda: found_full(web, body), "the disk is full")
        said_clearly(refused)
        assert web.get(f"/requests/{before}", "sari")["state"] == "draft", "reading goes on"
        filler.unlink()
        after = web.draft()
        numbers = [r["number"] for r in web.get("/requests", "sari")["items"]]
        assert numbers[0] == after
        assert before in numbers


def found_full(web: Office, body: dict[str, object]) -> httpx.Response | None:
    """The first write that does not fit: a file may have room left inside."""
    answer = web["sari"].post("/requests", json=body)
    return None if answer.status_code == 201 else answer
