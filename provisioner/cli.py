"""The command `provisioner`: every group of commands under one roof, failures told plainly."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from provisioner.commands import (
    checks,
    devices,
    doctor,
    extras,
    initialise,
    instances,
    inventory,
    keys,
    people,
    reports,
    requests,
    runs,
    seeing,
    service,
    template,
    topology,
    trust,
)
from provisioner.commands.output import FAILED, complain, report
from provisioner.errors import ProvisionerError
from provisioner.texts import say

HERE = "On this machine (configuration and database)"
OVER_HTTP = "Over HTTP, as a person (PROVISIONER_URL, PROVISIONER_TOKEN)"

app = typer.Typer(
    name="provisioner",
    help="Approve a request, and it is really done and proven. Exit status: 0 done, 1 failed, "
    "2 wrong use, 3 waiting for a person.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("provisioner"))
        raise typer.Exit


@app.callback()
def _root(
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


for command in (initialise.init, service.serve, service.worker, doctor.doctor, trust.trust):
    app.command(rich_help_panel=HERE)(command)
for name, group in {
    "db": service.db_app,
    "inventory": inventory.inventory_app,
    "template": template.template_app,
    "user": people.user_app,
    "department": people.department_app,
    "token": people.token_app,
    "secrets": keys.secrets_app,
    "audit": keys.audit_app,
    "device": devices.device_app,
    "topology": topology.topology_app,
}.items():
    app.add_typer(group, name=name, rich_help_panel=HERE)
for loaded_later in (extras.lab, extras.demo):
    app.command(rich_help_panel=HERE, context_settings=extras.PASS_ON, add_help_option=False)(
        loaded_later
    )
for name, group in {
    "request": requests.request_app,
    "run": runs.run_app,
    "instance": instances.instance_app,
    "check": checks.check_app,
    "report": reports.report_app,
}.items():
    app.add_typer(group, name=name, rich_help_panel=OVER_HTTP)
for look in (seeing.capacity, seeing.drift, seeing.orphans):
    app.command(rich_help_panel=OVER_HTTP)(look)


def main(args: Sequence[str] | None = None) -> None:
    """Run one command; always ends by SystemExit with one of our statuses."""
    try:
        app(args=list(args) if args is not None else None)
    except ProvisionerError as error:
        sys.exit(report(error))
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        complain(say("The database does not answer as expected: %(why)s", why=why))
        complain(say("Run `provisioner db upgrade`, then `provisioner doctor`."))
        sys.exit(FAILED)
    except OSError as error:
        unusable = say(
            "%(file)s cannot be used: %(why)s. Look at its path, its rights and the room on its "
            "disk.",
            file=str(error.filename or "-"),
            why=error.strerror or type(error).__name__,
        )
        complain(unusable)
        sys.exit(FAILED)
