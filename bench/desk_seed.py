"""Years of an office's requests, multiplied from a few that the product really carried out."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from bench.bulk import Bulk, texts_of
from provisioner.database import Database, now
from provisioner.events import GENESIS
from provisioner.tables import METADATA

DEPARTMENTS = tuple(
    (f"opd{n:02}", f"{kind} {what}")
    for n, (kind, what) in enumerate(
        (kind, what)
        for kind in ("Dinas", "Badan", "Kecamatan", "Bagian", "Puskesmas")
        for what in (
            "Kesehatan", "Pendidikan", "Perhubungan", "Pertanian", "Bobotsari", "Kemangkon",
            "Bukateja", "Padamara", "Keuangan", "Kepegawaian",
        )
    )
)  # fmt: skip
_FIRST = ("Sari", "Tono", "Bagus", "Dewi", "Rina", "Wahyu", "Siti", "Agus", "Endang", "Yuni")
_LAST = ("Wulandari", "Prasetyo", "Santoso", "Lestari", "Nugroho", "Rahayu", "Utami", "Hidayat")
_WHAT = ("portal", "arsip", "antrean", "absensi", "pajak", "wisata", "aduan", "surat", "data")
_YEARS = 5
_ENDINGS = (("done", 0.97), ("rejected", 0.015), ("cancelled", 0.015))
_OPEN = ("submitted", "planned", "needs_info", "attention", "draft")
_UNTIL = {
    "draft": "request:created", "submitted": "request:submitted",
    "needs_info": "request:submitted", "rejected": "request:submitted",
    "cancelled": "request:submitted", "planned": "request:planned",
    "attention": "request:planned",
}  # fmt: skip


@dataclass(frozen=True)
class Pattern:
    """A request that was carried out, with everything the database keeps of it."""

    rows: Mapping[str, list[dict[str, Any]]]
    events: list[tuple[dict[str, Any], str]]
    words: tuple[str, ...]
    """What stands in its rows and becomes another with each copy: number, name, address."""

    @property
    def request(self) -> dict[str, Any]:
        return self.rows["prov_request"][0]


def pattern_of(database: Database, number: str, *words: str) -> Pattern:
    """The pattern that request ``number`` gives; ``words``: its own name and address."""
    with database.read() as session:
        (request,) = texts_of(session, "prov_request", number=number)
        rows = {"prov_request": [request]}
        for table in ("prov_letter", "prov_plan", "prov_run", "prov_approval", "prov_instance"):
            rows[table] = texts_of(session, table, request_id=request["id"])
        rows["prov_step"] = [
            step for run in rows["prov_run"]
            for step in texts_of(session, "prov_step", run_id=run["id"])
        ]  # fmt: skip
        told = texts_of(session, "prov_event", record=number)
        payloads = {
            event["id"]: texts_of(session, "prov_event_payload", event_id=event["id"])
            for event in told
        }
    told.sort(key=lambda event: event["seq"])
    events = [(event, payloads[event["id"]][0]["payload"]) for event in told]
    return Pattern(rows, events, (number, *words))


class Seed:
    """Copies of the patterns into the database, oldest first, with whole chains of events."""

    def __init__(
        self, database: Database, patterns: Mapping[str, Pattern], requests: int, events: int
    ) -> None:
        self._database, self._patterns = database, patterns
        self._requests, self._each = requests, max(3, round(events / requests))
        self._random = random.Random(7)  # noqa: S311
        self._numbers: dict[tuple[str, int], int] = {}
        self._whole = min(requests, 20_000)
        """So many, the newest, keep plan, run and steps; what is older has its letter and events,
        as after the years that such things are kept."""
        self._chain: dict[str, tuple[str, int]] = {}
        self._rows: dict[str, list[list[Any]]] = {}
        with database.read() as session:
            self._event_id = max(e["id"] for e in texts_of(session, "prov_event"))
            self._id = max(r["id"] for r in texts_of(session, "prov_request"))
        self._bulk = Bulk(database)

    def write(self) -> None:
        """All of it."""
        self._bulk.add("prov_department", ("id", "name"), DEPARTMENTS)
        begin = now() - timedelta(days=365 * _YEARS)
        span = timedelta(days=365 * _YEARS) / self._requests
        open_from = self._requests - max(len(_OPEN), min(400, self._requests // 50))
        for n in range(self._requests):
            state = (
                _OPEN[n % len(_OPEN)]
                if n >= open_from
                else self._random.choices(*zip(*_ENDINGS, strict=True))[0]
            )
            self._copy(n, state, begin + n * span)
            if n % 2000 == 1999:
                self._flush()
        self._flush()
        self._bulk.empty("prov_counter")
        self._bulk.add(
            "prov_counter", ("prefix", "year", "last"),
            [(prefix, year, last) for (prefix, year), last in self._numbers.items()],
        )  # fmt: skip
        self._bulk.close()

    def _copy(self, n: int, state: str, moment: datetime) -> None:
        service = self._random.choices(("cloud_vps", "event_wifi"), (0.35, 0.65))[0]
        pattern = self._patterns[service]
        self._id += 1
        prefix = pattern.words[0].partition("-")[0]
        counted = self._numbers.get((prefix, moment.year), 1000) + 1
        self._numbers[prefix, moment.year] = counted
        number = f"{prefix}-{moment.year}-{counted:04d}"
        fresh = (
            number, f"{self._random.choice(_WHAT)}-{n:06}",
            f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}",
        )  # fmt: skip
        swaps = list(zip(pattern.words, fresh, strict=False))
        whole = self._requests - n <= self._whole and state in {"done", "planned", "attention"}
        tables = {"prov_request", "prov_letter"}
        if whole:
            tables |= {"prov_plan"} if state != "done" else set(pattern.rows)
        for table in ("prov_plan", "prov_run", "prov_instance"):
            for row in pattern.rows[table]:
                swaps.append((row["id"], str(uuid4())))
                if row.get("uuid"):
                    swaps.append((row["uuid"], str(uuid4())))
        shift = moment - pattern.request["created_at"]
        department = DEPARTMENTS[int(self._random.triangular(0, len(DEPARTMENTS) - 1, 5))]
        own = {
            "request_id": self._id,
            "department_id": department[0],
            "number": number,
            "request_number": number,
        }
        for table in sorted(tables):
            for row in pattern.rows[table]:
                copy = {**self._swapped(row, swaps, shift), **own}
                if table == "prov_request":
                    copy |= self._request(state, moment, whole)
                if table == "prov_instance" and n < self._requests - 400:
                    copy |= {"state": "ended", "ended_at": moment + timedelta(days=30)}
                if table == "prov_letter":
                    copy["number"] = f"005/{n % 9000}/{moment.year}"
                if table == "prov_plan" and state != "done":
                    copy["superseded"] = False
                if table in {"prov_approval"}:
                    copy.pop("id")
                columns = [c.name for c in METADATA.tables[table].columns if c.name in copy]
                key = f"{table} {' '.join(columns)}"
                self._rows.setdefault(key, []).append([copy[c] for c in columns])
        self._events(pattern, state, number, swaps, shift)

    def _request(self, state: str, moment: datetime, whole: bool) -> dict[str, Any]:
        name = f"{self._random.choice(_FIRST)} {self._random.choice(_LAST)}"
        found: dict[str, Any] = {
            "id": self._id,
            "state": state,
            "applicant": json.dumps(
                {"name": name, "position": "Kasubag", "phone": "0281 891234",
                 "email": "opd@example.go.id"},
            ),
            "created_at": moment,
        }  # fmt: skip
        if state != "done" or not whole:
            found |= {"run_id": None, "instance_id": None}
        if state in _OPEN:
            due = now() + timedelta(days=self._random.choice((-1, 0, 1, 2, 3)))
            found |= {"closed_at": None, "busy": False, "due_at": due}
        if state == "draft":
            found |= {"due_at": None, "submitted_at": None}
        return found

    @staticmethod
    def _swapped(
        row: Mapping[str, Any], swaps: list[tuple[str, str]], shift: timedelta
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, datetime):
                value += shift
            elif isinstance(value, str):
                for before, after in swaps:
                    value = value.replace(before, after)
            found[name] = value
        return found

    def _events(
        self, pattern: Pattern, state: str, number: str, swaps: list[tuple[str, str]],
        shift: timedelta,
    ) -> None:  # fmt: skip
        link = GENESIS
        for seq, (event, text) in enumerate(self._told(pattern, state), 1):
            self._event_id += 1
            for before, after in swaps:
                text = text.replace(before, after)
            at = event["at"] + shift
            salt = f"{self._event_id:032x}"
            body = hashlib.sha256(f"{salt}\n{text}".encode()).hexdigest()
            parts = (
                number, str(seq), event["tag"], event["actor"], at.isoformat(),
                event["correlation"] or "", body, link,
            )  # fmt: skip
            digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
            self._rows.setdefault(_EVENT, []).append(
                [self._event_id, number, seq, event["tag"], event["actor"], at,
                 event["correlation"], body, link, digest]
            )  # fmt: skip
            self._rows.setdefault(_PAYLOAD, []).append([self._event_id, salt, text])
            link = digest

    def _told(self, pattern: Pattern, state: str) -> Iterator[tuple[dict[str, Any], str]]:
        last = _UNTIL.get(state)
        if last is not None:
            for event, text in pattern.events:
                yield event, text
                if event["tag"] == last:
                    return
            return
        spare = len(pattern.events) - self._each
        for event, text in pattern.events:
            if spare > 0 and event["tag"].startswith(("step:", "run:")):
                spare -= 1
            else:
                yield event, text

    def _flush(self) -> None:
        for key, rows in self._rows.items():
            table, *columns = key.split()
            self._bulk.add(table, columns, rows)
        self._rows.clear()


_EVENT = "prov_event id record seq tag actor at correlation payload_hash previous hash"
_PAYLOAD = "prov_event_payload event_id salt payload"
