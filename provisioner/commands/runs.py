"""`run …`: look at the work, try it again, stop it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from provisioner.commands import showing
from provisioner.commands.client import Client
from provisioner.commands.output import AsJson, print_json

run_app = typer.Typer(help="Runs: the work that approvals set off.", no_args_is_help=True)

Run = Annotated[str, typer.Argument(metavar="RUN", help="As `request show` names it.")]


@run_app.command("show")
def show(run: Run, as_json: AsJson = False) -> None:
    """Show a run with its steps and what it waits for.

    Example: provisioner run show run_1a2b
    """
    _show(Client().get(f"/runs/{run}"), as_json)


@run_app.command("retry")
def retry(run: Run, as_json: AsJson = False) -> None:
    """Try again what waits for a person, from the step that failed on.

    Example: provisioner run retry run_1a2b
    """
    _show(Client().post(f"/runs/{run}/retry"), as_json)


@run_app.command("stop")
def stop(run: Run, as_json: AsJson = False) -> None:
    """Stop after the step in hand, undo what was done and release everything.

    Example: provisioner run stop run_1a2b
    """
    _show(Client().post(f"/runs/{run}/stop"), as_json)


def _show(view: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(view)
    else:
        showing.run(view)
