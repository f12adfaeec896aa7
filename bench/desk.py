"""`python -m bench.desk`: the console with years of requests in it and a whole office at work.

Twenty people at work: each clicks ``--pause`` seconds (of an exponential distribution, so that
clicks come in bursts) after the last answer arrived. Three seconds, the default, is what somebody
needs who knows the console and hunts through lists: to see the page, decide and click; who reads a
request or writes takes ten times as long, so that it stands for some hundred people of an ordinary
morning. ``--pause 1`` is a stress: a click a second by everybody, without anybody ever reading.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select, text

from bench.desk_load import Worker, at_work
from bench.desk_seed import DEPARTMENTS, Pattern, Seed, pattern_of
from bench.measuring import memory_mb
from provisioner.database import now
from provisioner.events import Event
from provisioner.instances.model import Instance
from provisioner.lab.letter import sample_letter
from provisioner.people.model import Role, WebSession
from provisioner.requests.model import Request
from provisioner.requests.views import NewRequest
from tests import postgres
from tests.chaos.world import World, cpu_seconds, world
from tests.web.bodies import in_hours, new_request

FLOOR_MS = 100.0


def main(
    requests: Annotated[int, typer.Option(help="Requests in the database.")] = 100_000,
    events: Annotated[int, typer.Option(help="Events of their timelines.")] = 1_000_000,
    people: Annotated[int, typer.Option(help="At work at the same time.")] = 20,
    seconds: Annotated[float, typer.Option(help="How long they work.")] = 60.0,
    pause: Annotated[float, typer.Option(help="Seconds from an answer to the next click.")] = 3.0,
    database: Annotated[str, typer.Option(help="sqlite or postgresql.")] = "sqlite",
    keep: Annotated[
        Path | None, typer.Option(help="Stop after seeding and hold everything there.")
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", help="Write the results here as well.")
    ] = None,
) -> None:
    """Seed, serve, let people work, and tell what they waited for."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with (
        tempfile.TemporaryDirectory(prefix="bench-desk-") as made,
        _url(database) as url,
        world(Path(made), 60.0, url) as stage,
    ):
        began = time.monotonic()
        seed(stage, requests, events)
        seeded = time.monotonic() - began
        staff = workers(stage, people)
        with served(stage) as (pid, address):
            if keep is not None:
                keep.write_text(json.dumps({"url": address, "pid": pid, "dir": made, "people": [
                    {"username": w.username, "secret": w.secret} for w in staff]}))  # fmt: skip
                while keep.exists():
                    time.sleep(1)
                return
            at_work(address, staff, min(5.0, seconds), pause)  # templates and caches are warm then
            spent = cpu_seconds(pid)
            waits = at_work(address, staff, seconds, pause)
            results = {
                "machine": {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)},
                "database": database,
                "requests": _count(stage, Request.id),
                "events": _count(stage, Event.id),
                "people": people,
                "pause_seconds": pause,
                "seconds": seconds,
                "seeded_in_seconds": round(seeded, 1),
                "clicks": sum(len(found) for found in waits.ms.values()),
                "server": {**memory_mb(pid), "cores_used": round(
                    (cpu_seconds(pid) - spent) / seconds, 2)},
                "database_mb": _size(stage),
                "pages": waits.table(),
                "wrong": dict(waits.wrong),
                "said": [
                    line
                    for line in (stage.directory / "web.log").read_text().splitlines()
                    if not line.startswith("INFO")
                ][-10:],
            }  # fmt: skip
    show(results)
    if as_json is not None:
        as_json.write_text(json.dumps(results, indent=1) + "\n")


def seed(stage: World, requests: int, events: int) -> None:
    """Carry two requests out, and make the others of them; the search's words as well."""
    database, product = stage.product.database, stage.product
    stage.worker.start()
    patterns = {service: _carried_out(stage, service) for service in ("cloud_vps", "event_wifi")}
    stage.worker.end()
    Seed(database, patterns, requests, events).write()
    product.desk.finding.index.catch_up()


def _carried_out(stage: World, service: str) -> Pattern:
    if service == "cloud_vps":
        number = stage.file("contoh-asli")
    else:
        body = new_request(service, ssid="contoh-asli", starts_at=in_hours(0), ends_at=in_hours(30))
        requests = stage.product.requests
        number = requests.create(stage.sari, NewRequest.model_validate(body)).number
        letter = sample_letter("Dinas Kesehatan", "005/1", "uji")
        requests.attach_letter(stage.sari, number, "surat.pdf", letter)
        requests.submit(stage.sari, number)
    stage.approve(number)
    state = stage.wait_for_end(number, 600)
    database = stage.product.database
    with database.read() as session:
        row = session.scalars(select(Instance).where(Instance.request_number == number)).first()
        addresses = row.addresses if row else []
    if service == "cloud_vps" and state != "done":
        raise AssertionError(f"{number} is {state}")
    return pattern_of(database, number, "contoh-asli", *(a.partition("/")[0] for a in addresses))


def workers(stage: World, count: int) -> list[Worker]:
    """A staff of that size: two in five of departments, one in five who lead, technicians."""
    people, found = stage.product.people, []
    for n in range(count):
        kind = ("department", "office", "leading", "department", "office")[n % 5]
        role, home = {
            "department": (Role.APPLICANT, DEPARTMENTS[n % 12 + 2][0]),
            "office": (Role.TECHNICIAN, None),
            "leading": ((Role.HEAD, Role.AUDITOR)[n % 2], None),
        }[kind]
        username = f"orang{n:02}"
        people.add_person(username, f"Orang {n}", "rahasia-sekali-1", [role], home)
        found.append(_worker(stage, username, kind, home))
    return found


def _worker(stage: World, username: str, kind: str, home: str | None) -> Worker:
    secret = secrets.token_urlsafe(32)
    with stage.product.database.write() as session:
        who = stage.product.people.actor(username)
        session.add(
            WebSession(
                digest=hashlib.sha256(secret.encode()).hexdigest(), person_id=who.id,
                created_at=now(), expires_at=now() + timedelta(hours=8),
                seen_at=now(), address="", browser="",
            )
        )  # fmt: skip
        mine = select(Request).order_by(func.random()).limit(40)
        if home:
            mine = mine.where(Request.department_id == home)
        rows = list(session.scalars(mine.where(Request.state == "done")))
        rows += session.scalars(mine.where(Request.state.in_(("planned", "attention"))).limit(10))
        own = ("draft", "needs_info") if home else ("submitted",)
        drafts = mine.where(Request.state.in_(own)).limit(10)
        things = select(Instance).order_by(func.random()).limit(20)
        if home:
            things = things.where(Instance.department_id == home)
        instances = list(session.scalars(things))
        return Worker(
            username, secret, kind, [row.number for row in rows],
            {
                "number": [row.number for row in rows],
                "tail of a number": [row.number.rpartition("-")[2] for row in rows],
                "applicant": [row.applicant["name"] for row in rows[:8]],
                "department": [name for _, name in DEPARTMENTS[:20]],
                "OPD's short name": [id for id, _ in DEPARTMENTS[:20]],
                "name of a server": [
                    name for row in rows
                    if (name := row.details.get("hostname") or row.details.get("ssid"))
                ] or ["portal"],
                "address": [i.addresses[0] for i in instances if i.addresses] or ["10.1.2.3"],
                "two words": ["dinas wifi", "santoso portal", "bazar 2026"],
                "nothing": ["tidakada", "zzz yyy"],
            },
            [row.number for row in session.scalars(drafts)] if kind != "leading" else [],
            [row.id for row in instances],
        )  # fmt: skip


@contextmanager
def served(stage: World) -> Iterator[tuple[int, str]]:
    """(process, address) of the web server, without a worker: the copies are not of this lab."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (stage.directory / "web.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "api.app:from_environment",
         "--host", "127.0.0.1", "--port", str(port), "--no-access-log"],
        env={**os.environ, "PROVISIONER_CONFIG": str(stage.directory / "provisioner.toml"),
             "PROVISIONER_SERVE": "web"},
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((stage.directory / "web.log").read_text())
            time.sleep(0.2)
        yield process.pid, address
    finally:
        process.terminate()
        process.wait(60)
        log.close()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def show(results: dict[str, Any]) -> None:
    """Print the figures; what takes longer than the floor at the 95th percentile is marked."""
    table = Table(
        title=f"{results['people']} people on {results['requests']:,} requests and "
        f"{results['events']:,} events, {results['database']}, a click each "
        f"{results['pause_seconds']:g} s after the last answer"
    )
    for column in ("page", "clicks", "p50 ms", "p95 ms", "max ms", ""):
        table.add_column(column, justify="left" if column in {"page", ""} else "right")
    for kind, found in results["pages"].items():
        mark = "" if found["p95"] < FLOOR_MS else "[red]too slow[/red]"
        table.add_row(
            kind, str(found["count"]), *(f"{found[k]:.0f}" for k in ("p50", "p95", "max")), mark
        )
    console = Console(width=120)
    console.print(table)
    for name in (
        "clicks",
        "server",
        "database_mb",
        "seeded_in_seconds",
        "machine",
        "wrong",
        "said",
    ):
        console.print(f"{name}: {results[name]}")


def _url(database: str) -> Any:
    if database == "sqlite":
        return nullcontext(None)
    return _postgresql()


@contextmanager
def _postgresql() -> Iterator[str]:
    with postgres.server() as server, server.database() as url:
        yield url


def _count(stage: World, column: Any) -> int:
    with stage.product.database.read() as session:
        return int(session.scalar(select(func.count(column))) or 0)


def _size(stage: World) -> float:
    database = stage.product.database
    if database.is_sqlite:
        return round(Path(str(database.engine.url.database)).stat().st_size / 2**20, 1)
    with database.read() as session:
        size = session.scalar(text("select pg_database_size(current_database())"))
        return round(int(size or 0) / 2**20, 1)


if __name__ == "__main__":
    typer.run(main)
