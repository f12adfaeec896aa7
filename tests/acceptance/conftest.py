"""One office with all people per worker process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.acceptance.campus import Campus
from tests.acceptance.office import Office, opened


@pytest.fixture(scope="session")
def office_of_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with opened(Office(tmp_path_factory.mktemp("purbalingga"), "purbalingga-1")) as office:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        office.set_up(f"127.77.{worker}.0/24")
        fresh = office.directory / "fresh"
        fresh.mkdir()
        for name in ("provisioner.db", "secret.key"):
            shutil.copy(office.directory / "var" / name, fresh / name)
        office.start()
        yield office


@pytest.fixture
def office(office_of_worker: Office) -> Office:
    """A served office with a lab; requests of other tests stand beside."""
    return office_of_worker


@pytest.fixture(scope="session")
def campus_of_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    with opened(Campus(tmp_path_factory.mktemp("kampus"), "kampus-1")) as campus:
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        campus.set_up(f"127.78.{worker}.0/24")
        campus.start()
        yield campus


@pytest.fixture
def campus(campus_of_worker: Campus) -> Iterator[Campus]:
    """A served office with network devices, without a fault at the end of each test."""
    yield campus_of_worker
    campus_of_worker.no_fault()
