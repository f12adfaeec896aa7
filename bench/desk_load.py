"""People at work in the console, each with a session of their own, and what they waited for."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

WRITES = 0.1


@dataclass(frozen=True)
class Worker:
    """Somebody at work: the cookie, what they may look at, and the drafts that are theirs."""

    username: str
    secret: str
    kind: str
    """``office``, ``department`` or ``leading``."""
    numbers: Sequence[str]
    words: Mapping[str, Sequence[str]]
    """What they search for, by the kind of word."""
    drafts: Sequence[str]
    instances: Sequence[str] = ()


@dataclass(frozen=True)
class Click:
    """One thing that somebody does."""

    kind: str
    method: str
    path: str
    form: dict[str, str] | None = None
    json: dict[str, Any] | None = None


@dataclass
class Waits:
    """Milliseconds for each kind of page, and answers that were none."""

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def table(self) -> dict[str, dict[str, float]]:
        """Per kind: how many, median, 95th percentile and longest, in milliseconds."""
        return {
            kind: {
                "count": len(found),
                "p50": round(_quantile(found, 0.5), 1),
                "p95": round(_quantile(found, 0.95), 1),
                "max": round(max(found), 1),
            }
            for kind, found in [
                *sorted(self.ms.items()),
                ("all together", [ms for found in self.ms.values() for ms in found]),
            ]
            if found
        }


def at_work(url: str, people: Sequence[Worker], seconds: float, pause: float) -> Waits:
    """Everybody clicks, reads for ``pause`` seconds on average, and clicks again."""
    return asyncio.run(_at_work(url, people, seconds, pause))


async def _at_work(url: str, people: Sequence[Worker], seconds: float, pause: float) -> Waits:
    waits = Waits()
    begin = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, person in enumerate(people):
            group.create_task(_one(url, person, begin + seconds, pause, number, waits))
    return waits


async def _one(
    url: str, person: Worker, until: float, pause: float, number: int, waits: Waits
) -> None:
    chance = random.Random(number)  # noqa: S311
    async with httpx.AsyncClient(
        base_url=url, cookies={"session": person.secret}, timeout=60, trust_env=False
    ) as client:
        await asyncio.sleep(chance.random() * pause)
        while time.monotonic() < until:
            click = _click(person, chance)
            began = time.monotonic()
            answer = await client.request(
                click.method, click.path, data=click.form, json=click.json
            )
            waits.ms[click.kind].append(1000 * (time.monotonic() - began))
            if answer.status_code >= 400 or answer.headers.get("location", "").startswith("/sign"):
                waits.wrong[f"{click.kind}: {answer.status_code} {click.path}"] += 1
            await asyncio.sleep(chance.expovariate(1 / pause) if pause else 0)


def _click(person: Worker, chance: random.Random) -> Click:
    if person.drafts and chance.random() < WRITES:
        return _write(person, chance)
    kinds = dict(_READS[person.kind])
    if not person.instances:
        kinds.pop("instance", None)
    kind = chance.choices([*kinds], [*kinds.values()])[0]
    if kind == "search":
        what = chance.choice([*person.words])
        word = chance.choice(person.words[what])
        return Click(f"search: {what}", "GET", str(httpx.URL("/", params={"q": word})))
    path = _PATHS[kind]
    if "{number}" in path:
        path = path.format(number=chance.choice(person.numbers))
    if "{instance}" in path:
        path = path.format(instance=chance.choice(person.instances))
    return Click(kind, "GET", path)


def _write(person: Worker, chance: random.Random) -> Click:
    """A technician's note, or a department's change of its own draft."""
    number = chance.choice(person.drafts)
    if person.kind == "office":
        text = f"Sudah dihubungi, {chance.randrange(10_000)}"
        return Click("write: a note", "POST", f"/requests/{number}/notes", form={"text": text})
    applicant = {
        "name": f"Sari {chance.randrange(10_000)}", "position": "Kasubag",
        "phone": "0281 891234", "email": "sari@example.go.id",
    }  # fmt: skip
    path = f"/api/v1/requests/{number}"
    return Click("write: a draft", "PATCH", path, json={"applicant": applicant})


def _quantile(found: Sequence[float], share: float) -> float:
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


_PATHS = {
    "queue": "/",
    "list: done": "/?state=done",
    "list: a service": "/?state=rejected",
    "record": "/requests/{number}",
    "timeline (API)": "/api/v1/requests/{number}/events",
    "requests (API)": "/api/v1/requests?limit=50",
    "instances": "/instances",
    "instance": "/instances/{instance}",
    "complaints": "/complaints",
    "letters": "/letters",
    "audit": "/audit",
    "audit: a person": "/audit?person=budi",
    "audit: a group": "/audit?group=request",
    "audit: a record": "/audit?record={number}",
    "reports": "/reports",
    "supervision": "/supervision",
}
_READS = {
    "office": {"queue": 4, "list: done": 1, "list: a service": 0.5, "search": 4, "record": 6,
               "timeline (API)": 1, "requests (API)": 0.5, "instances": 1, "instance": 1,
               "complaints": 1, "letters": 0.5},
    "department": {"queue": 4, "list: done": 1, "search": 2, "record": 5, "instances": 1,
                   "timeline (API)": 1},
    "leading": {"queue": 2, "search": 2, "record": 3, "audit": 2, "audit: a person": 1,
                "audit: a group": 1, "audit: a record": 1, "complaints": 1, "supervision": 0.5,
                "reports": 0.5},
}  # fmt: skip
