"""``python -m tests.dataplane.diagnose``: every fault of real Linux devices, diagnosed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import typer

from provisioner.texts import render
from tests.dataplane.faults import FAULTS
from tests.dataplane.nodes import missing
from tests.dataplane.trouble import HEALTHY, ground


def main() -> int:
    """The table; 1 where fewer than 95 % are named rightly, or one wrongly and surely."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--only", action="append", choices=[each.name for each in FAULTS])
    asked.add_argument("--list", action="store_true", help="show the faults")
    given = asked.parse_args()
    if given.list:
        for case in FAULTS:
            typer.echo(f"{case.name:28} {render(case.title, 'en')}")
        return 0
    if why := missing():
        sys.exit(why)
    wanted = [each for each in FAULTS if given.only is None or each.name in given.only]
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        certificates = Path(folder) / "certificates"
        certificates.mkdir()
        with ground(Path(folder) / "ground", certificates) as made:
            found = made.trial.healthy(HEALTHY)
            for cause in found:
                typer.echo(f"Found although nothing is wrong: {cause['target']}: {cause['cause']}")
            for outcome in made.trial.run(wanted):
                verdicts.append(outcome.verdict)
                typer.echo(outcome.line())
                for each in outcome.causes[1:] if outcome.verdict != "right" else ():
                    typer.echo(f"    {each['key']} @ {each['target']} ({each['confidence']})")
            same = made.held() == made.start
    right, wrong = verdicts.count("right"), verdicts.count("wrong")
    typer.echo(f"{right} of {len(verdicts)} named rightly, {wrong} wrongly and surely.")
    if not same:
        typer.echo("The devices are not as they were at the beginning.")
    return int(bool(found) or wrong > 0 or right < 0.95 * len(verdicts) or not same)


if __name__ == "__main__":
    sys.exit(main())
