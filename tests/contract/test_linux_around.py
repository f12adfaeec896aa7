"""What a Linux host sees around it, and one that is slow: waited for, and no session left open."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from provisioner.drivers.network import Applied, Confirmed, Reverted, Survey
from tests.contract.linux_stage import WANTED, Stage, staged
from tests.dataplane.campus import ROUTER, SWITCH, Campus
from tests.dataplane.conftest import ground, standing
from tests.dataplane.nodes import until

__all__ = ["ground", "standing"]  # fixtures
pytestmark = pytest.mark.xdist_group("dataplane")


@pytest.fixture
def stage(ground: Campus) -> Iterator[Stage]:
    with staged(ground) as made:
        yield made


def test_what_a_host_sees_around_it(stage: Stage) -> None:
    stage.put(SWITCH, WANTED[SWITCH])
    found = stage.platform.survey([SWITCH, ROUTER, "no-such"])
    switch, router = found[SWITCH], found[ROUTER]
    assert isinstance(switch, Survey), switch
    assert isinstance(router, Survey), router
    assert not isinstance(found["no-such"], Survey)
    assert (switch.hostname, router.hostname) == (SWITCH, ROUTER)
    assert switch.version
    assert {"swp1", "swp2", "up"} <= switch.ports.keys()
    assert switch.ports["swp1"].vlan == 412
    assert switch.ports["swp2"].vlan == 1
    assert switch.ports["up"].up
    assert {"lan", "wan"} <= router.ports.keys()
    assert router.leases == (), "nobody has asked for an address"


def test_a_slow_host_is_waited_for(stage: Stage) -> None:
    relay = stage.campus.switch.relay
    assert relay is not None
    open_before = sessions(stage)

    def late(_: bytes) -> bool:
        time.sleep(0.05)
        return False

    relay.cut_after = late
    before, order = stage.configuration(SWITCH), stage.order(SWITCH)
    assert isinstance(stage.apply(order), Applied)
    assert stage.platform.confirm({SWITCH: order}) == {SWITCH: Confirmed(True)}
    assert stage.read(SWITCH).objects == {intent.key: intent for intent in WANTED[SWITCH]}
    assert stage.platform.revert({SWITCH: order}) == {SWITCH: Reverted("undo")}
    relay.cut_after = None
    assert stage.configuration(SWITCH) == before
    until(lambda: sessions(stage) == open_before)


def sessions(stage: Stage) -> str:
    """How many sessions are open on the switch."""
    return stage.campus.switch.run("pgrep -c -f '[s]shd: ' || true")
