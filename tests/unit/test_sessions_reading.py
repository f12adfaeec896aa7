"""A device that answers nonsense while it is looked at is a failure of its own, never ours."""

from __future__ import annotations

import pytest

from provisioner.drivers.network import Host
from provisioner.drivers.sessions.batches import reading
from provisioner.drivers.sessions.terminal import NotReadingError, SessionEndedError
from provisioner.errors import Retriable

HOST = Host("sw-1", "192.0.2.1", frozenset(), "cisco_ios", 22, "prov")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("invalid literal"),
        IndexError(),
        OverflowError(),
        NotReadingError("reload"),
        SessionEndedError("the device closed the session"),
    ],
)
def test_nonsense_is_a_failure_of_the_device(error: Exception) -> None:
    with pytest.raises(Retriable, match="sw-1 does not answer after the login"), reading(HOST):
        raise error


def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(AttributeError), reading(HOST):
        raise AttributeError
