"""OpenWrt devices that are full, slow, dead or without rights, and what that does to others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.drivers.network import Applied, Confirmed
from provisioner.errors import ActionNeeded, Refused, Retriable
from tests.contract.openwrt_stage import SSID, Stage, staged, until


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, 3, connect=5, command=20) as made:
        yield made


def test_a_full_one_and_a_dead_one_do_not_stop_the_third(stage: Stage) -> None:
    orders = stage.orders()
    stage.lab.fault("vty-full", host="ap-0")
    stage.lab.fault("device-dead", host="ap-1")
    found = stage.platform.apply(orders)
    assert isinstance(found["ap-0"], Retriable)
    assert isinstance(found["ap-1"], Retriable)
    assert isinstance(found["ap-2"], Applied)
    stage.lab.clear()
    until(lambda: all(map(stage.lab.reachable, stage.hosts)))
    assert stage.lab.configuration("ap-0") == stage.before["ap-0"]
    assert isinstance(stage.platform.apply(orders)["ap-0"], Applied), "tried again later"


def test_a_slow_one_is_waited_for_and_no_session_stays_open(stage: Stage) -> None:
    stage.lab.fault("device-slow", host="ap-0", seconds="0.05")
    orders = stage.orders(["ap-0"])
    seen = stage.lab.sessions_seen["ap-0"]
    assert stage.apply(orders)["ap-0"].changed
    assert stage.lab.sessions_seen["ap-0"] > seen, "each call speaks on sessions of its own"
    assert stage.platform.confirm(orders) == {"ap-0": Confirmed(True)}
    until(lambda: stage.lab.sessions_open["ap-0"] == 0)


def test_a_password_that_is_wrong_is_nowhere_to_be_read(stage: Stage) -> None:
    stage.change("ap-0", password="salah-RAHASIA")
    found = stage.platform.read({"ap-0": [SSID], "ap-9": [SSID]})
    assert isinstance(found["ap-0"], ActionNeeded)
    assert found["ap-0"].who == "administrator"
    assert "RAHASIA" not in repr(found["ap-0"].to_json())
    assert isinstance(found["ap-9"], ActionNeeded), "not in the inventory"


def test_without_rights_to_write_nothing_is_changed(stage: Stage) -> None:
    """A user other than root may look, but not write: said before anything is done."""
    orders = stage.orders(["ap-0"])
    for line in ("mkdir", "cp "):
        stage.lab.fault("line-rejected", host="ap-0", line=line, text="Permission denied")
        failure = stage.platform.apply(orders)["ap-0"]
        assert isinstance(failure, ActionNeeded | Refused), failure
        stage.lab.clear()
        assert stage.lab.configuration("ap-0") == stage.before["ap-0"]
        assert stage.left("ap-0") == []
