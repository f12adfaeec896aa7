"""Every mishap at every moment of every kind of run of a VM, as a table.

`python -m tests.integration.vm_matrix` tries all of them (half an hour); `--every 13` every
thirteenth, `--first N` begins at that one, `--only WORD` those whose name has the word.
`--lost`: each answer is lost in turn; `--stops`: a person stops it in the middle; `--kills`: the
process dies at every moment of a rollback, a restore, a move and a removal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from provisioner.lab.plan import LabNode
from tests.integration.harness import Office, lab_cluster
from tests.integration.mishap_points import Point, lost_answers, points, stops
from tests.integration.mishap_stage import CHANGES, Outcome, Trial

MORTAL = ("rollback", "restore", "move", "removal", "end")
"""Kinds of run in which a second effect would do harm."""


def try_points(
    office: Office, chosen: Iterable[Point], tell: Callable[[str], None] = lambda line: None
) -> list[str]:
    """Each of them on that office; what does not hold, by point."""
    broken, server = [], None
    for point in chosen:
        began = time.monotonic()
        office.lab.clear()
        trial = Trial(office, point, server)
        try:
            outcome = trial.carry_out()
        except AssertionError as error:
            tell("".join(traceback.format_exception(error)[-2:]))
            outcome = Outcome("broke off", "", [str(error)], [])
            office.reconnect()
        server = trial.server if trial.leaves_it_usable and not outcome.wrong else None
        broken += [f"{point}: {each}" for each in outcome.wrong]
        tell(
            f"{time.monotonic() - began:5.1f} s  {point!s:44} {outcome.how}"
            f"  [{' '.join(outcome.orders)}]  {outcome.said}"
            f"{''.join(f'{chr(10)}        WRONG {each}' for each in outcome.wrong)}"
        )
    return broken


def try_deaths(
    office: Office,
    kind: str,
    moments: Iterable[int],
    tell: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """The process dies at each of these moments of that kind of run; what does not hold."""
    broken, server = [], None
    for moment in moments:
        trial = Trial(office, Point(kind, "death", "before"), server)
        outcome = trial.die(moment)
        if outcome is None:
            break
        server = trial.server if trial.leaves_it_usable else None
        broken += [f"{kind} {outcome.how}: {each}" for each in outcome.wrong]
        tell(f"{kind} {outcome.how}  [{' '.join(outcome.orders)}]  {' '.join(outcome.wrong)}")
    return broken


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


ROOMY = tuple(LabNode(name, cores=256, memory_gb=1024) for name in ("pve1", "pve2", "pve3"))
"""Every point leaves a VM behind: none is to be refused for want of room."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", default="")
    for name in ("lost", "stops", "kills"):
        parser.add_argument(f"--{name}", action="store_true")
    given = parser.parse_args()
    every = lost_answers() if given.lost else stops() if given.stops else points()
    chosen = [point for point in every if given.only in str(point)][given.first :: given.every]
    broken = []
    if given.kills:
        chosen = [Point(kind, "death", "before") for kind in MORTAL if given.only in kind]
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        for kind in dict.fromkeys(point.kind for point in chosen):
            with (
                lab_cluster(base / "certificates", nodes=ROOMY) as lab,
                Office(base / kind / "office", lab, CHANGES) as office,
            ):
                if given.kills:
                    broken += try_deaths(office, kind, range(1, 100, given.every), _tell)
                else:
                    broken += try_points(office, [p for p in chosen if p.kind == kind], _tell)
    _tell(f"{len(chosen)} points, {len(broken)} things do not hold")
    _tell("\n".join(broken))
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
