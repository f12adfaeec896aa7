"""The live stream: replay from the table, Last-Event-ID, following, and its end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

from tests.web.stage import Stage

REQUESTS = "/api/v1/requests"
Message = dict[str, str]


def _messages(lines: Iterator[str]) -> Iterator[Message]:
    found: Message = {}
    for line in lines:
        if not line:
            if found:
                yield found
            found = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            found[name] = value


def _stream(stage: Stage, number: str, **headers: str) -> Any:
    return stage["sari"].stream(
        "GET",
        f"{REQUESTS}/{number}/events",
        headers={"Accept": "text/event-stream", **headers},
    )


def test_a_finished_request_is_replayed_and_ended(stage: Stage) -> None:
    number = stage.submitted()
    stage["sari"].post(f"{REQUESTS}/{number}/cancel", json={"reason": "Tidak perlu lagi"})
    listed = stage["sari"].get(f"{REQUESTS}/{number}/events").json()
    with _stream(stage, number) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-accel-buffering"] == "no"
        messages = list(_messages(answer.iter_lines()))
    *events, end = messages
    assert end["event"] == "end"
    assert [int(m["id"]) for m in events] == [event["id"] for event in listed]
    assert [json.loads(m["data"])["tag"] for m in events] == [event["tag"] for event in listed]


def test_a_cut_stream_goes_on_where_it_was(stage: Stage) -> None:
    number = stage.submitted()
    with _stream(stage, number) as answer:
        messages = _messages(answer.iter_lines())
        seen = [next(messages), next(messages)]
    stage["sari"].post(f"{REQUESTS}/{number}/cancel", json={"reason": "Tidak perlu lagi"})
    with _stream(stage, number, **{"Last-Event-ID": seen[-1]["id"]}) as answer:
        rest = [m for m in _messages(answer.iter_lines()) if "id" in m]
    ids = [int(m["id"]) for m in seen + rest]
    assert ids == list(range(1, len(ids) + 1))


def test_what_happens_later_arrives(stage: Stage) -> None:
    number = stage.submitted()
    arrived = threading.Event()

    def act() -> None:
        arrived.wait()
        stage["rina"].post(f"{REQUESTS}/{number}/reject", json={"reason": "Di luar kewenangan"})

    acting = threading.Thread(target=act)
    acting.start()
    tags = []
    with _stream(stage, number) as answer:
        for message in _messages(answer.iter_lines()):
            if message.get("event") == "end":
                break
            tags.append(json.loads(message["data"])["tag"])
            if tags[-1] == "request:submitted":
                arrived.set()
    acting.join()
    assert tags[-1] == "request:rejected"


def test_nobody_follows_what_is_not_theirs(stage: Stage) -> None:
    answer = stage["tono"].get(
        f"{REQUESTS}/{stage.submitted()}/events", headers={"Accept": "text/event-stream"}
    )
    assert answer.status_code == 404
