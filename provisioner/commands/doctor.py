"""`provisioner doctor`: everything that has to be right before requests come in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.commands.output import FAILED, AsJson, language, print_json, tell
from provisioner.settings import load_settings
from provisioner.texts import render, say

if TYPE_CHECKING:
    from provisioner.doctor import Finding

_MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}


def doctor(
    devices: Annotated[
        bool, typer.Option("--devices", help="Also log in to every network device, once.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Examine configuration, database, keys, inventory, clusters and devices; changes nothing.

    Of each cluster: rights of the token, storages, bridges, templates, backup job, firewall, with
    the lines that mend what is missing. Of the network devices it is said whether their host keys
    are known; they are entered only with --devices. Exit status 1 if something has to be mended;
    a warning (!) does not count. Example: provisioner doctor
    """
    from provisioner.bootstrap import hypervisor
    from provisioner.commands.device_findings import examine_devices
    from provisioner.doctor import examine

    settings = load_settings()
    findings: list[Finding] = []
    clusters = examine(settings, lambda name: hypervisor(settings, name))
    for finding in chain(clusters, examine_devices(settings, enter=devices)):
        findings.append(finding)
        if not as_json:
            show(finding)
    conclude(findings, as_json)


def show(finding: Finding) -> None:
    """Print one finding, and under it what to do; commands alone on their lines, to be copied."""
    what = render(finding.what, language())
    tell(f"{_MARKS[finding.verdict]} {finding.subject}: {what}")
    if finding.next:
        tell(f"    → {render(finding.next, language())}")
    for command in finding.commands:
        tell(f"      {command}")


def conclude(findings: Sequence[Finding], as_json: bool) -> None:
    """Print the sum, or everything as JSON; ends with status 1 if something has to be mended."""
    failed = sum(finding.verdict == "failed" for finding in findings)
    if as_json:
        print_json({"findings": [f.to_json(language()) for f in findings], "failed": failed})
    else:
        tell(say("Everything is in order.") if not failed else say("%(n)s to mend.", n=failed))
    if failed:
        raise typer.Exit(FAILED)
