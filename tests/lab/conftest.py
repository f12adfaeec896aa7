"""A lab cluster and a client of it for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import urllib3

from provisioner.lab.cluster import LabCluster
from tests.lab.client import Client, plan


@pytest.fixture(autouse=True)
def _no_certificate_warnings() -> None:
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


@pytest.fixture
def lab() -> Iterator[LabCluster]:
    with LabCluster(plan()) as cluster:
        yield cluster


@pytest.fixture
def client(lab: LabCluster) -> Iterator[Client]:
    made = Client(lab)
    yield made
    made.close()
