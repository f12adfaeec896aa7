"""`provisioner doctor`: everything that has to be right before requests come in."""

from __future__ import annotations

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

    Of the network devices it is said whether their host keys are known; they are entered only with
    --devices. Exit status 1 if something has to be mended. Example: provisioner doctor
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
            _show(finding)
    failed = sum(finding.verdict == "failed" for finding in findings)
    if as_json:
        print_json({"findings": [f.to_json(language()) for f in findings], "failed": failed})
    else:
        tell(say("Everything is in order.") if not failed else say("%(n)s to mend.", n=failed))
    if failed:
        raise typer.Exit(FAILED)


def _show(finding: Finding) -> None:
    what = render(finding.what, language())
    tell(f"{_MARKS[finding.verdict]} {finding.subject}: {what}")
    if finding.next:
        tell(f"    → {render(finding.next, language())}")
