"""`db upgrade`, `serve` and `worker`: what keeps the product running on this machine."""

from __future__ import annotations

import logging
import os
from typing import Annotated

import typer

from provisioner.commands.output import AsJson, language, print_json, tell
from provisioner.settings import load_settings
from provisioner.texts import render, say

db_app = typer.Typer(help="The database.", no_args_is_help=True)


@db_app.command("upgrade")
def db_upgrade(as_json: AsJson = False) -> None:
    """Make the tables, or bring them up to date; run it after every update.

    Example: provisioner db upgrade
    """
    from provisioner.bootstrap import upgrade_database

    upgrade_database(load_settings())
    if as_json:
        print_json({"upgraded": True})
    else:
        tell(say("The database is up to date."))


def serve(
    web_only: Annotated[
        bool, typer.Option("--web-only", help="Pages and API only; a `worker` carries out runs.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Instead of web.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Instead of web.port.", min=0, max=65535)] = None,
) -> None:
    """Run the console, the API and, unless --web-only, the worker in one process.

    Example: provisioner serve --port 8081
    """
    import uvicorn

    web = load_settings().web
    logging.getLogger("uvicorn.error").addFilter(_last_line_of_ours)
    os.environ["PROVISIONER_SERVE"] = "web" if web_only else "all"
    try:
        uvicorn.run(
            "api.app:from_environment",
            factory=True,
            host=host or web.host,
            port=web.port if port is None else port,
            access_log=False,  # addresses can hold one-time links
            server_header=False,
            timeout_graceful_shutdown=3,  # a browser that watches keeps its stream open
        )
    except SystemExit as ended:  # with a status of its own, where ours mean something else
        raise typer.Exit(1 if ended.code else 0) from None


def _last_line_of_ours(record: logging.LogRecord) -> bool:
    """A failure of ours at the start says by itself what to do; the way to it helps nobody."""
    if isinstance(record.msg, OSError):
        remedy = say("Take another address by web.host and web.port, or --host and --port.")
        record.msg = f"{record.msg}. {render(remedy, language())}"
    text = record.getMessage()
    name, _, said = text.strip().rpartition("\n")[2].partition(": ")
    if text.startswith("Traceback") and name.startswith("provisioner."):
        record.msg, record.args = said, ()
    return True


def worker() -> None:
    """Carry out runs, beside one or more `serve --web-only`; ends on Ctrl-C.

    Example: provisioner worker
    """
    from provisioner.bootstrap import run_worker

    run_worker(load_settings())
