"""`report …`: the monthly report of the service desk, with its PDF and spreadsheet."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from provisioner.commands.client import Client
from provisioner.commands.output import AsJson, print_json, tell
from provisioner.texts import say

report_app = typer.Typer(
    help="Reports: what was asked and done, and how fast.", no_args_is_help=True
)


@report_app.callback()
def _group() -> None:
    pass


@report_app.command("monthly")
def monthly(
    month: Annotated[
        str | None, typer.Argument(metavar="[YYYY-MM]", help="This month if left out.")
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write the PDF to this file.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write the spreadsheet to this file.")] = None,
    issue: Annotated[bool, typer.Option("--issue", help="Freeze it (head of the office).")] = False,
    reason: Annotated[
        str | None, typer.Option(help="With --issue of a report that is issued already: why.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The report of one month: its findings; on demand its files; frozen with --issue.

    Example: provisioner report monthly 2026-10 --pdf laporan.pdf
    """
    client = Client()
    month = month or f"{datetime.now().astimezone():%Y-%m}"
    path = f"/reports/monthly/{month}"
    body = {"reason": reason} if reason else {}
    found = client.post(f"{path}/issue", body) if issue else client.get(path)
    for file, kind in ((pdf, "pdf"), (xlsx, "xlsx")):
        if file is not None:
            file.write_bytes(client.download(f"{path}.{kind}"))
    if as_json:
        print_json(found)
        return
    tell(f"{found['number']}: {found['state']}")
    for finding in found["findings"]:
        tell(f"- {finding}")
    for file in (pdf, xlsx):
        if file is not None:
            tell(say("Written: %(file)s", file=str(file)))
