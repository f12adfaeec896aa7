"""One campus for all tests of a session, as it was at the beginning before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dataplane.campus import Campus, campus
from tests.dataplane.nodes import missing


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    if why := missing():
        pytest.skip(why)
    with campus(tmp_path_factory.mktemp("campus")) as made:
        yield made


@pytest.fixture
def ground(standing: Campus) -> Campus:
    standing.reset()
    return standing
