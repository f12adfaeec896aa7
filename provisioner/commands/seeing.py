"""`capacity`, `drift`, `orphans`: room on the clusters, and what is not as our record says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from provisioner.commands import showing
from provisioner.commands.client import Client
from provisioner.commands.output import AsJson, print_json, print_table, tell
from provisioner.texts import say

Look = Annotated[
    bool, typer.Option("--look", help="Look at every cluster and network device now, first.")
]


def capacity(
    request: Annotated[
        str | None, typer.Option(help="Also as it would be with this request's plan.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What every cluster has left, until when, and how many more servers fit.

    Example: provisioner capacity --request VPS-2026-0001
    """
    found = Client().get("/capacity", request=request)
    if as_json:
        print_json(found)
        return
    for one in found:
        tell(one["cluster"])
        if one["trouble"]:
            tell(f"  {one['trouble']['what']} {one['trouble']['next']}")
            continue
        _resources(one["capacity"]["resources"])
        rows = [
            [
                size["size"],
                f"{'≥ ' if size['more'] else ''}{size['count']}",
                showing.readable(size["by_node"]),
            ]
            for size in one["capacity"]["sizes"]
        ]
        print_table((say("Size"), say("More of them"), say("Where")), rows)


def drift(look: Look = False, as_json: AsJson = False) -> None:
    """What is not as our record says, as of the last look: servers, sites, events' WiFi.

    Example: provisioner drift --look
    """
    client = Client()
    found = client.post("/look") if look else client.get("/drift")
    if as_json:
        print_json(found)
        return
    rows = [
        [one["instance"], one["name"], finding["key"], finding["what"], finding["expected"],
         finding["found"], "/".join(finding["ways"])]
        for one in found["instances"]
        for finding in one["findings"]
    ]  # fmt: skip
    headers = (
        say("Number"), say("Name"), say("Key"), say("What"), say("Our record"), say("Found"),
        say("Ways"),
    )  # fmt: skip
    if rows:
        print_table(headers, rows)
    else:
        tell(say("Everything is as our record says."))
    _troubles(found["clusters"] + found["instances"])


def orphans(look: Look = False, as_json: AsJson = False) -> None:
    """What stands on the clusters and belongs to nobody; nothing is removed.

    Example: provisioner orphans --look
    """
    client = Client()
    if look:
        client.post("/look")
    found = client.get("/orphans")
    if as_json:
        print_json(found)
        return
    rows = [
        [view["cluster"], one["kind"], one["what"], one["where"], one["whose"], one["advice"],
         one["line"]]
        for view in found
        for one in view["found"]
    ]  # fmt: skip
    headers = (
        say("Cluster"), say("Kind"), say("What"), say("Where"), say("Whose"), say("What to do"),
        say("Command"),
    )  # fmt: skip
    if rows:
        print_table(headers, rows)
    else:
        tell(say("Nothing is left over."))
    _troubles(found)


def _resources(resources: list[Mapping[str, Any]]) -> None:
    headers = (
        say("Resource"), say("Used"), say("Promised"), say("Limit"), say("Left"), say("Runs out"),
    )  # fmt: skip
    rows = [
        [
            one["title"],
            *(f"{one['now'][name]:g}" for name in ("used", "promised", "limit", "free")),
            one["runs_out"] or one["unknown"],
        ]
        for one in resources
    ]
    print_table(headers, rows)


def _troubles(looked: list[Mapping[str, Any]]) -> None:
    """What could not be looked at, and what to do about it."""
    for one in looked:
        if one["trouble"]:
            name = one.get("name") or one["cluster"]
            tell(f"{name}: {one['trouble']['what']} {one['trouble']['next']}")
