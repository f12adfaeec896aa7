"""`run …`: look at the work, try it again, stop it, report what was done by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from provisioner.commands import showing
from provisioner.commands.client import Client
from provisioner.commands.instances import pair
from provisioner.commands.output import AsJson, print_json
from provisioner.errors import Mistake
from provisioner.texts import say

run_app = typer.Typer(help="Runs: the work that approvals set off.", no_args_is_help=True)

_NUMBER = re.compile(r"[A-Z]+-\d{4}-\d+")

Run = Annotated[str, typer.Argument(metavar="RUN", help="As `request show` names it.")]


@run_app.command("show")
def show(run: Run, as_json: AsJson = False) -> None:
    """Show a run with its steps and what it waits for.

    Example: provisioner run show run-1a2b3c4d5e6f
    """
    client = Client()
    view = client.get(f"/runs/{_named(client, run)}")
    _show(view, as_json)
    if view["state"] == "waiting_person" and not as_json:
        showing.tasks(client.get(f"/runs/{view['id']}/tasks"))


@run_app.command("retry")
def retry(run: Run, as_json: AsJson = False) -> None:
    """Try again what waits for a person, from the step that failed on.

    Example: provisioner run retry run-1a2b3c4d5e6f
    """
    client = Client()
    _show(client.post(f"/runs/{_named(client, run)}/retry"), as_json)


@run_app.command("stop")
def stop(run: Run, as_json: AsJson = False) -> None:
    """Stop after the step in hand, undo what was done and release everything.

    Example: provisioner run stop run-1a2b3c4d5e6f
    """
    client = Client()
    _show(client.post(f"/runs/{_named(client, run)}/stop"), as_json)


@run_app.command("complete")
def complete(
    run: Run,
    step: Annotated[str, typer.Argument(metavar="STEP", help="The manual step's key.")],
    ticks: Annotated[
        list[str] | None, typer.Option("--tick", metavar="KEY", help="A point that is done.")
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="KEY=TEXT", help="What the step asks; repeatable."),
    ] = None,
    photos: Annotated[
        list[Path] | None,
        typer.Option("--photo", help="JPEG or PNG; repeatable.", exists=True, dir_okay=False),
    ] = None,
    note: Annotated[str, typer.Option(help="For whoever reads it later.")] = "",
    as_json: AsJson = False,
) -> None:
    """Report a manual step as done; the run goes on.

    Example: provisioner run complete run-1a2b3c4d5e6f colocation.rack --tick mounted --tick power
    --answer serial=ABC123 --photo front.jpg
    """
    client = Client()
    said = dict(pair("--answer", text) for text in answers or ())
    form = {f"checklist/{key}": "true" for key in ticks or ()}
    form |= {f"answers/{key}": text for key, text in said.items()} | {"note": note}
    path = f"/runs/{_named(client, run)}/steps/{step}/complete"
    _show(client.post_form(path, form, "photos", photos or ()), as_json)


def _named(client: Client, run: str) -> str:
    """The run's id. Raises Mistake for a request's number, with the id that was meant."""
    if not _NUMBER.fullmatch(run):
        return run
    meant = client.get(f"/requests/{run}").get("run")
    if meant is None:
        raise Mistake(say("%(number)s is a request; it has no run yet.", number=run))
    raise Mistake(say("%(number)s is a request; its run is %(run)s.", number=run, run=meant))


def _show(view: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(view)
    else:
        showing.run(view)
