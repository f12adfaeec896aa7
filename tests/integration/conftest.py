"""One office with its lab per test module; every test leaves the lab without faults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.integration.harness import Office, lab_cluster
from tests.postgres import Server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the labs of this process keep their certificates, made once."""
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def office_of_module(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Path,
    database_url: str | None,
) -> Iterator[Office]:
    """``CHANGES`` of the module are other settings than the lab writes."""
    base = tmp_path_factory.getbasetemp() / "offices" / uuid4().hex
    changes = getattr(request.module, "CHANGES", {})
    with lab_cluster(certificates) as lab, Office(base, lab, changes, database_url) as office:
        yield office


@pytest.fixture
def office(office_of_module: Office) -> Iterator[Office]:
    """Lab, product and people; requests of other tests of the module stand beside."""
    yield office_of_module
    office_of_module.lab.clear()


@pytest.fixture
def empty_postgres_url(postgres: Server) -> Iterator[str]:
    """The URL of a PostgreSQL database without a table, for the product's own migrations."""
    with postgres.database() as url:
        yield url
