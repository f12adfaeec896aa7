"""`check …`: look for a fault, follow it while it is looked for, read what there is to look for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from provisioner.commands import showing
from provisioner.commands.client import Client
from provisioner.commands.output import (
    DONE,
    FAILED,
    WAITING,
    AsJson,
    language,
    print_json,
    print_table,
    tell,
)
from provisioner.texts import Message, render, say

check_app = typer.Typer(help="Checks: look for faults; nothing is changed.", no_args_is_help=True)

_POLL = 0.5
"""Seconds between two looks at a check that runs."""
_MARKS = {True: "✓", False: "✗"}
_COLOURS: Mapping[str | None, Message] = {
    "green": say("green: everything is as it has to be"),
    "weak": say("weak: it works, but something will hurt or could not be proven"),
    "red": say("red: something is broken"),
    None: say("broken off"),
}
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="site:KEY, place:KEY, device:NAME, instance:ID, cluster:NAME, url:ADDRESS, or a name.",
    ),
]
Request = Annotated[str | None, typer.Option("--request", help="What this request is about.")]
Instance = Annotated[str | None, typer.Option("--instance", help="As `instance list` shows.")]
Check = Annotated[str, typer.Argument(metavar="CHECK", help="As `check list` shows.")]


@check_app.command("run")
def run(
    target: Target = None,
    request: Request = None,
    instance: Instance = None,
    checks: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="KEY", help="Only this; repeatable (`check catalogue`)."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow it until it is over.")] = True,
    as_json: AsJson = False,
) -> None:
    """Look for the cause of a fault. Exit status 0 green, 1 red or broken off, 3 weak or not over.

    Example: provisioner check run --target site:smp-1
    """
    client = Client()
    body = {"target": target, "request": request, "instance": instance, "checks": checks or None}
    view = client.post("/checks", {key: value for key, value in body.items() if value is not None})
    if wait:
        view = _follow(client, view, quiet=as_json)
    if as_json:
        print_json(view)
    elif wait:
        _show(view)
    else:
        tell(say("Check %(id)s was asked for.", id=view["id"]))
    raise typer.Exit(_status(view) if wait else DONE)


@check_app.command("show")
def show(check: Check, as_json: AsJson = False) -> None:
    """Show what a check found, with the cause and what to do.

    Example: provisioner check show check-1a2b3c4d5e6f
    """
    view = Client().get(f"/checks/{check}")
    if as_json:
        print_json(view)
    else:
        _show(view)


@check_app.command("list")
def find(
    target: Target = None,
    request: Request = None,
    instance: Instance = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List checks, the newest first.

    Example: provisioner check list --target site:smp-1
    """
    found = Client().get("/checks", target=target, request=request, instance=instance, limit=limit)
    if as_json:
        print_json(found)
        return
    headers = (
        say("Number"), say("Target"), say("Asked for"), say("State"), say("Colour"), say("Cause"),
    )  # fmt: skip
    rows = (
        [one["id"], one["target"], showing.moment(one["asked_at"]), one["state"], one["colour"],
         one["cause"]]
        for one in found
    )  # fmt: skip
    print_table(headers, rows)


@check_app.command("catalogue")
def catalogue(as_json: AsJson = False) -> None:
    """List all checks: what each proves, what red means and what to do then.

    Example: provisioner check catalogue
    """
    found = Client().get("/checks/catalogue")
    if as_json:
        print_json(found)
        return
    headers = (say("Key"), say("What it proves"), say("If it is red"), say("What to do"))
    print_table(headers, ([c["key"], c["proves"], c["meaning"], c["next"]] for c in found))


@check_app.command("rules")
def rules(as_json: AsJson = False) -> None:
    """List the rules that lead from a finding to its cause.

    Example: provisioner check rules
    """
    found = Client().get("/checks/rules")
    if as_json:
        print_json(found)
        return
    headers = (say("Finding"), say("Cause"), say("Explains"), say("What to do"))
    rows = ([r["finding"], r["cause"], ", ".join(r["explains"]), r["next"]] for r in found)
    print_table(headers, rows)


def _follow(client: Client, view: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Print each line of progress as it comes; returns the check once it is over."""
    seen = 0
    while True:
        for line in [] if quiet else view["progress"][seen:]:
            tell(f"  {line}")
        seen = len(view["progress"])
        if view["state"] not in ("queued", "running"):
            return view
        time.sleep(_POLL)
        view = client.get(f"/checks/{view['id']}")


def _status(view: Mapping[str, Any]) -> int:
    if view["state"] in ("queued", "running") or view["colour"] == "weak":
        return WAITING
    return DONE if view["colour"] == "green" else FAILED


def _show(view: Mapping[str, Any]) -> None:
    rows = [
        [_MARKS[each["passed"]], each["title"], each["target"], each["evidence"]]
        for each in sorted(view["results"], key=lambda each: each["passed"])
    ]
    rows += [["-", each["title"], each["target"], each["why"]] for each in view["skipped"]]
    if rows:
        print_table((say("Result"), say("Check"), say("Where"), say("Seen")), rows)
    for line in _told(view):
        tell(line)


def _told(view: Mapping[str, Any]) -> Iterator[Message | str]:
    """What it comes down to, line by line."""
    if view["state"] in ("queued", "running"):
        yield say("%(title)s: not over yet", title=view["title"])
        return
    yield f"{view['title']}: {render(_COLOURS[view['colour']], language())}"
    if trouble := view["trouble"]:
        yield f"{trouble['what']} {trouble['next']}"
    found = view["diagnosis"]
    for cause in found["causes"] if found else ():
        yield say("Cause (%(confidence)s): %(cause)s",
                  confidence=cause["confidence"], cause=cause["cause"])  # fmt: skip
        yield say("What to do: %(next)s", next=cause["next"])
        for each in cause["explains"]:
            yield say("  explains: %(what)s", what=f"{each['target']}: {each['text']}")
    if found is None and view["colour"] == "green":
        yield say(
            "Nothing was found that is wrong. Where it still does not work for somebody, the cause "
            "is not known: try it with the user's own device."
        )
    for line in view["ruled_out"]:
        yield say("Ruled out: %(what)s", what=line)
    for change in found["changes"] if found else ():
        yield say("Changed before: %(what)s", what=f"{showing.moment(change['at'])} "
                  f"{change['device']}: {change['what']} {change['request'] or ''}")  # fmt: skip
    for remedy in view["remedies"]:
        yield say("Remedy: %(title)s (%(key)s)", title=remedy["title"], key=remedy["key"])
