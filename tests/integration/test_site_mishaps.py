"""A site connected, changed and disconnected: all or nothing at sampled mishaps, whole by command.

Whole: `python -m tests.integration.site_matrix`, with `--site smp-1` and with `--kills`.
"""

from __future__ import annotations

import random

import pytest

from tests.integration.site_matrix import try_deaths, try_points
from tests.integration.site_points import points

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("site-mishaps")]


def test_some_points_of_a_site_of_switches_and_router() -> None:
    within = [point for point in points("skpd") if point.line < 14]  # there are always so many
    chosen = random.Random(5).sample(within, 6)  # noqa: S311 - no secret
    assert try_points(chosen, print) == []


def test_a_session_that_breaks_while_the_way_back_is_laid_down_leaves_none_behind() -> None:
    chosen = [
        point
        for point in points("skpd")
        if (point.action, point.stage, point.kind) == ("end", "apply", "session-drop")
        and (point.host, point.line) == ("rt-core-1", 14)
    ]
    assert try_points(chosen, print) == []


def test_some_deaths_of_the_process() -> None:
    assert try_deaths("skpd", ["change"], 9, print) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_some_points_of_a_site_with_an_access_point() -> None:
    chosen = random.Random(6).sample(points("smp-1"), 12)  # noqa: S311 - no secret
    assert try_points(chosen, print) == []
