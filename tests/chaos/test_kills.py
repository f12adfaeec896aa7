"""A small chaos run of a fixed seed; `make chaos` runs the whole."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.chaos.audit import violations
from tests.chaos.monkey import FAULTS, Monkey, Plan
from tests.chaos.world import world

pytestmark = pytest.mark.timeout(300)


def test_every_promise_holds_after_kills_at_random_instants(
    tmp_path: Path, database_url: str | None
) -> None:
    plan = Plan(seed=7, kills=5, requests=6, faults=FAULTS[:6])
    told: list[str] = []
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with world(tmp_path, speed=25, database_url=database_url) as chaos:
        monkey = Monkey(chaos, plan, told.append)
        outcome = monkey.run()
        broken = [*outcome.broken, *violations(chaos, monkey.approved)]
        chaos.worker.end()
    assert broken == [], "\n".join([*told, *broken])
    assert len(outcome.kills) == 5
    assert len(monkey.approved) == 6
    assert outcome.ends["done (run succeeded)"] >= 1
