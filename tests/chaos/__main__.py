"""`python -m tests.chaos`: the whole chaos run, with a summary; status 1 on any broken promise."""

from __future__ import annotations

import logging
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tests.chaos.audit import violations
from tests.chaos.monkey import STEPS, Monkey, Outcome, Plan
from tests.chaos.world import world
from tests.postgres import server


class Database(StrEnum):
    """Where the product may keep everything."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def main(
    kills: Annotated[int, typer.Option(help="How often the worker is killed.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed makes the same choices.")] = 2026,
    requests: Annotated[int, typer.Option(help="0: one for each kill.")] = 0,
    speed: Annotated[float, typer.Option(help="Of the lab, against a real cluster.")] = 20.0,
    database: Annotated[Database, typer.Option(help="Where the product keeps it all.")] = (
        Database.SQLITE
    ),
    keep: Annotated[Path | None, typer.Option(help="Work in this empty folder, keep it.")] = None,
) -> None:
    """Kill the worker again and again while requests are fulfilled, then check every promise."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    began = time.monotonic()
    plan = Plan(seed=seed, kills=kills, requests=requests or max(6, kills))
    with (
        _directory(keep) as directory,
        _url(database) as url,
        world(directory, speed, url) as chaos,
    ):
        monkey = Monkey(chaos, plan, typer.echo)
        outcome = monkey.run()
        broken = [*outcome.broken, *violations(chaos, monkey.approved)]
        chaos.worker.end()
    summary(outcome, plan, broken, time.monotonic() - began)
    typer.echo(
        f"repeat with: python -m tests.chaos --kills {kills} --seed {seed} --speed {speed} "
        f"--database {database}"
    )
    raise typer.Exit(1 if broken else 0)


def summary(outcome: Outcome, plan: Plan, broken: list[str], seconds: float) -> None:
    """Tell what happened, and what did not hold."""
    typer.echo(f"\n{len(outcome.kills)} kills, {plan.requests} requests, {seconds:.0f} s")
    for title, counts in (
        ("ended as", outcome.ends), ("faults of the cluster", outcome.faults),
        ("people", outcome.acted),
    ):  # fmt: skip
        told = ", ".join(f"{what}: {n}" for what, n in sorted(counts.items()))
        typer.echo(f"{title}: {told or 'none'}")
    typer.echo("in hand when killed:")
    for key in (*STEPS, *sorted(set(outcome.covered) - set(STEPS))):
        typer.echo(f"  {key:20s} {outcome.covered[key]}")
    if outcome.waits:
        typer.echo(
            f"from a kill to the next journaled step, start of the process included "
            f"({len(outcome.waits)} kills): min {min(outcome.waits):.2f} s, median "
            f"{statistics.median(outcome.waits):.2f} s, max {max(outcome.waits):.2f} s"
        )
    for line in broken:
        typer.echo(f"BROKEN {line}")
    typer.echo("every promise held" if not broken else f"{len(broken)} broken promises")


@contextmanager
def _url(database: Database) -> Iterator[str | None]:
    if database is Database.SQLITE:
        yield None
        return
    with server() as started, started.database(started.product) as url:
        yield url


@contextmanager
def _directory(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        yield Path(made)


if __name__ == "__main__":
    typer.run(main)
