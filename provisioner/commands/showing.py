"""Requests, plans and runs as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from provisioner.commands.output import language, print_table, tell
from provisioner.errors import ProvisionerError
from provisioner.settings import configuration_file, load_settings
from provisioner.texts import Message, render, say

_MOMENTS = {"starts_at", "ends_at"}
_WITH_REASON = {"needs_info", "rejected", "cancelled"}
"""States of which the reason still says why."""


def facts(rows: Iterable[tuple[str | Message, Any]]) -> None:
    """Print names and values, leaving out what is not there."""
    for name, value in rows:
        if value not in (None, "", [], {}):
            tell(say("%(name)s: %(value)s", name=name, value=readable(value)))


def readable(value: Any) -> str:
    """A value of JSON on one line, as a person would write it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {readable(v)}" for k, v in value.items() if v not in (None, ""))
    if isinstance(value, list | tuple):
        return "; ".join(map(readable, value))
    if isinstance(value, bool):
        return render(say("yes") if value else say("no"), language())
    return str(value)


def moment(at: str | None) -> str | None:
    """A moment in the office's time where its files are here, else in this terminal's."""
    if not at:
        return None
    local = datetime.fromisoformat(at).astimezone(_zone(configuration_file()))
    return local.strftime("%Y-%m-%d %H:%M %Z")


@cache
def _zone(config: Path) -> tzinfo | None:
    import yaml

    from provisioner.catalogue.office import Office

    if not config.is_file():
        return None
    try:
        settings = load_settings(config)
        office = yaml.safe_load(settings.path(settings.office).read_text())
        return Office.model_validate(office).zone
    except (
        ProvisionerError,
        OSError,
        ValueError,
        yaml.YAMLError,
    ):  # of use over HTTP only; `doctor` tells what is wrong
        return None


def request(view: Mapping[str, Any]) -> None:
    """One request."""
    applicant = view.get("applicant") or {}
    facts(
        [
            (say("Number"), view["number"]),
            (say("Service"), view["service"]),
            (say("Department"), view.get("department_name") or view["department"]),
            (say("Applicant"), ", ".join(filter(None, map(applicant.get, ("name", "position"))))),
            (say("State"), view["state"]),
            (say("Reason"), view.get("reason") if view["state"] in _WITH_REASON else None),
            (say("Due"), moment(view.get("due_at"))),
            (say("Run"), view.get("run")),
            (say("Instance"), view.get("instance")),
        ]
    )
    for name, value in (view.get("details") or {}).items():
        shown = moment(value) if name in _MOMENTS else readable(value)
        tell(f"  {name}: {shown}")


def _name(details: Mapping[str, Any]) -> str | None:
    """What people call a request: its server, its event, or the instance that it is about."""
    names = ("hostname", "event", "instance")
    return next((str(details[name]) for name in names if details.get(name)), None)


def requests(items: list[dict[str, Any]]) -> None:
    """A list of requests."""
    headers = (
        say("Number"), say("Service"), say("Name"), say("Department"), say("State"), say("Due"),
    )  # fmt: skip
    rows = [
        [
            item["number"],
            item["service"],
            _name(item.get("details") or {}),
            item["department"],
            item["state"],
            moment(item.get("due_at")),
        ]
        for item in items
    ]
    print_table(headers, rows)


def plan(view: Mapping[str, Any]) -> None:
    """What would be done, with every change, risk and way back."""
    tell(str(view["summary"]))
    for index, step in enumerate(view["steps"], 1):
        tell(f"{index}. {step['title']} ({step['target']})")
        for change in step.get("changes") or ():
            before = change.get("before")
            tell(
                f"     {change['object']}: {'-' if before is None else before}"
                f" → {'-' if change['after'] is None else change['after']}"
            )
        if step.get("undo"):
            tell(say("     undone by: %(how)s", how=step["undo"]))
    for risk in view.get("risks") or ():
        tell(say("Risk (%(level)s): %(text)s", level=risk["level"], text=risk["text"]))
    facts(
        [
            (say("Expected seconds"), view.get("expected_seconds")),
            (say("Held until"), moment(view.get("holds_until"))),
            (say("Digest"), view["digest"]),
        ]
    )


def difference(view: Mapping[str, Any]) -> None:
    """What is no longer as the plan that was seen says."""
    for row in view.get("rows") or ():
        tell(f"  {row['what']}: {row['before']} → {row['after']}")


def run(view: Mapping[str, Any]) -> None:
    """A run with its steps and what it waits for."""
    facts(
        [
            (say("Run"), view["id"]),
            (say("Request"), view.get("request")),
            (say("Attempt"), view.get("attempt")),
            (say("State"), view["state"]),
            (say("Begins by itself"), moment(view.get("begin_at"))),
        ]
    )
    for step in view["steps"]:
        tell(f"  {step['state']:<10} {step['title']} ({step['target']})")
        if error := step.get("error"):
            facts(
                [
                    (say("    What happened"), error.get("what")),
                    (say("    What it means"), error.get("meaning")),
                    (say("    What to do"), error.get("next")),
                ]
            )
    if waiting := view.get("waiting_for"):
        tell(say("Waiting for %(who)s: %(what)s", who=waiting["who"], what=waiting["what"]))


def tasks(items: Iterable[Mapping[str, Any]]) -> None:
    """What a run waits for people to do by hand, with the keys that `run complete` takes."""
    for task in items:
        if not task["waiting"]:
            continue
        tell(say("To be done by hand: %(key)s", key=task["key"]))
        tell(f"  {task['text']}")
        for point in task["checklist"]:
            tell(f"  --tick {point['key']}: {point['text']}")
        for question in task["answers"]:
            tell(f"  --answer {question['key']}=…: {question['text']}")
        if task["photo"]:
            tell(say("  --photo FILE: at least one"))
