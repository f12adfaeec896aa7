"""Thirty devices of mixed platforms hold a change in the end or none does, at sampled points."""

from __future__ import annotations

import random

import pytest

from tests.integration.mixed_matrix import FAST, WHOLE, campus, points, try_deaths, try_points


@pytest.mark.timeout(600)
def test_some_points_of_a_campus_of_switches() -> None:
    plan = campus(*FAST)
    chosen = random.Random(30).sample(points(plan), 4)  # noqa: S311 - no secret
    assert try_points(chosen, plan, print) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_some_points_of_a_campus_with_access_points() -> None:
    plan = campus(*WHOLE)
    chosen = [p for p in points(plan) if p.host.startswith("ap-")]
    some = random.Random(31).sample(chosen, 3)  # noqa: S311 - no secret
    assert try_points(some, plan, print) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_some_deaths_of_the_process() -> None:
    assert try_deaths(campus(8, 4, 0), 5, print) == []
