"""`instance …`: what stands, and what may be done with it."""

from __future__ import annotations

from typing import Annotated

import typer

from provisioner.commands import showing
from provisioner.commands.client import Client
from provisioner.commands.output import AsJson, print_json, print_table, tell
from provisioner.texts import say

instance_app = typer.Typer(help="What stands: servers and services.", no_args_is_help=True)

Instance = Annotated[str, typer.Argument(metavar="ID", help="As `instance list` shows.")]


@instance_app.command("list")
def find(as_json: AsJson = False) -> None:
    """List the instances that you may see.

    Example: provisioner instance list
    """
    items = Client().get("/instances")
    if as_json:
        print_json(items)
        return
    keys = ("id", "kind", "name", "cluster", "node", "vmid", "addresses", "state")
    headers = (
        say("Number"), say("Kind"), say("Name"), say("Cluster"), say("Node"), say("VMID"),
        say("Addresses"), say("State"),
    )  # fmt: skip
    rows = [
        ["\n".join(v) if isinstance(v := item.get(key), list) else v for key in keys]
        for item in items
    ]
    print_table(headers, rows)


@instance_app.command("show")
def show(instance: Instance, as_json: AsJson = False) -> None:
    """Show one instance.

    Example: provisioner instance show vm-dc1-2000-1a2b3c
    """
    view = Client().get(f"/instances/{instance}")
    if as_json:
        print_json(view)
    else:
        showing.facts(view.items())


@instance_app.command("do")
def act(
    instance: Instance,
    action: Annotated[str, typer.Argument(help="Such as restart.")],
    as_json: AsJson = False,
) -> None:
    """Ask for an action; it becomes a request with a plan of its own.

    Example: provisioner instance do vm-dc1-2000-1a2b3c restart
    """
    view = Client().post(f"/instances/{instance}/actions/{action}", {})
    if as_json:
        print_json(view)
    else:
        tell(say("Request %(number)s was made.", number=view["number"]))
