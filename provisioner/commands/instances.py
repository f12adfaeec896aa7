"""`instance …`: what stands, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from provisioner.commands import showing
from provisioner.commands.client import Client
from provisioner.commands.output import AsJson, print_json, print_table, tell
from provisioner.errors import FieldError, Invalid
from provisioner.texts import say

_LISTS = frozenset({"ssh_keys", "what"})
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
    headers = (
        say("Number"), say("Kind"), say("Name"), say("Where"), say("Reached by"), say("Until"),
        say("State"),
    )  # fmt: skip
    print_table(headers, [_row(item) for item in items])


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
    action: Annotated[str, typer.Argument(help="Such as resize or end.")],
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="What the action needs; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for an action; it becomes a request with a plan of its own.

    Several differences are written with commas (what=cores,name); SSH keys come from a file
    (ssh_keys=@me.pub).

    Example: provisioner instance do vm-dc1-2000-1a2b3c resize --set size=medium
    """
    pairs = [pair("--set", text) for text in values or ()]
    said = {name: _value(name, value) for name, value in pairs}
    view = Client().post(f"/instances/{instance}/actions/{action}", said)
    if as_json:
        print_json(view)
    else:
        tell(say("Request %(number)s was made.", number=view["number"]))


def _row(item: Mapping[str, Any]) -> list[Any]:
    """A server by cluster, node and VMID, an event's WiFi by place and network name."""
    where = [item.get(key) for key in ("cluster", "node", "vmid", "place")]
    reached = item.get("addresses") or [item.get("ssid")]
    return [
        item["id"],
        item.get("kind"),
        item.get("name"),
        " ".join(str(part) for part in where if part is not None),
        "\n".join(filter(None, reached)),
        showing.moment(item.get("expires_at")),
        item.get("state"),
    ]


def _value(name: str, text: str) -> Any:
    """The value as the request takes it; lists are written with commas or come from a file."""
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid([FieldError(f"--set {name}", say("cannot be read"))]) from error
        return [line.strip() for line in text.splitlines() if line.strip()]
    if name in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def pair(option: str, text: str) -> tuple[str, str]:
    """A name and a value as they are written on the command line. Raises Invalid."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Invalid([FieldError(option, say("has to be written as NAME=VALUE"))])
    return name, value
