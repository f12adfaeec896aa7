"""Follows a request's events until it is done or nothing moves without a person."""

from __future__ import annotations

import json
import time
from typing import Any

from provisioner.commands import showing
from provisioner.commands.client import Client
from provisioner.commands.output import DONE, FAILED, WAITING, print_json, tell
from provisioner.texts import say

_MOVING = {"approved", "scheduled", "in_progress"}
_FAILED_FOR_GOOD = {"rejected", "cancelled"}
_ENDED_RUN = {"failed", "stopped"}
_PAUSE_SECONDS = 1.0
"""Before a stream that ended without a word is taken up again."""


def watch(client: Client, number: str, as_json: bool) -> int:
    """Print each event as it happens; returns the exit status.

    A stream that breaks off is taken up again after the last event that was seen.
    """
    last = ""
    while True:
        view = client.get(f"/requests/{number}")
        if view["state"] not in _MOVING:
            return _end(client, number, view, last, as_json)
        before = last
        for event in client.stream(f"/requests/{number}/events", last):
            last = event.id or last
            if event.event != "message":
                break
            _print(json.loads(event.data), as_json)
            if client.get(f"/requests/{number}")["state"] not in _MOVING:
                break
        if last == before:
            time.sleep(_PAUSE_SECONDS)


def _end(client: Client, number: str, view: dict[str, Any], last: str, as_json: bool) -> int:
    after = int(last) if last.isdecimal() else 0
    for event in client.get(f"/requests/{number}/events", after=after):
        _print(event, as_json)
    if not as_json:
        tell(say("%(number)s is %(state)s.", number=number, state=view["state"]))
    if view["state"] == "done":
        return DONE
    if view["state"] in _FAILED_FOR_GOOD:
        return FAILED
    if view["state"] == "attention" and view.get("run"):
        run = client.get(f"/runs/{view['run']}")
        if not as_json:
            showing.run(run)
        return FAILED if run["state"] in _ENDED_RUN else WAITING
    return WAITING


def _print(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(event)
    else:
        tell(f"{event['at']}  {event.get('text') or event['tag']}")
