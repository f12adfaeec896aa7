"""A change on a Linux host that is refused, cut short, or cannot be watched over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from provisioner.drivers.network import Applied, Confirmed, Reverted
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable
from tests.contract.linux_stage import WANTED, Stage, staged
from tests.dataplane.campus import ROUTER, SWITCH, Campus
from tests.dataplane.conftest import ground, standing
from tests.dataplane.nodes import until

__all__ = ["ground", "standing"]  # fixtures
pytestmark = pytest.mark.xdist_group("dataplane")
both = pytest.mark.parametrize("host", [SWITCH, ROUTER])


@pytest.fixture
def stage(ground: Campus) -> Iterator[Stage]:
    with staged(ground) as made:
        yield made


@pytest.mark.parametrize(
    ("damage", "mend"),
    [
        ("echo nonsense > /etc/dnsmasq.d/rusak.conf", "rm /etc/dnsmasq.d/rusak.conf"),
        ("printf '#!/bin/sh\\necho simulated; exit 1\\n' > /usr/local/sbin/nft; "
         "chmod 755 /usr/local/sbin/nft", "rm /usr/local/sbin/nft"),
        ("sed -i '2i [ -e /run/healthy ] || exit 1' /etc/init.d/dnsmasq",
         "sed -i 2d /etc/init.d/dnsmasq"),
    ],
    ids=["dnsmasq", "nft", "late"],
)  # fmt: skip
def test_what_is_refused_changes_nothing(stage: Stage, damage: str, mend: str) -> None:
    order = stage.order(ROUTER)
    before = stage.configuration(ROUTER)
    stage.campus.router.run(damage)
    failure = stage.apply(order)
    stage.campus.router.run(mend)
    assert isinstance(failure, Refused), failure
    reading = stage.read(ROUTER)
    assert reading.configuration == before
    assert reading.pending is None
    assert reading.objects == {i.key: None for i in WANTED[ROUTER]}
    assert stage.platform.revert({ROUTER: order}) == {ROUTER: Reverted("nothing")}
    assert isinstance(stage.apply(order), Applied)


def cut(stage: Stage, host: str, script: int, answers: bool) -> None:
    """The session breaks while the n-th script is sent, or before its answer has come."""
    relay = stage.campus[host].relay
    assert relay is not None
    seen = [0]

    def now(piece: bytes) -> bool:
        if len(piece) > 4000:
            seen[0] += 1
            if seen[0] == script and answers:
                relay.cut_answers = True
            return seen[0] == script and not answers
        return False

    relay.cut_after = now


@both
@pytest.mark.parametrize("script", [1, 2])
def test_a_session_that_ends_while_a_script_is_sent_did_nothing(
    stage: Stage, host: str, script: int
) -> None:
    before, order = stage.configuration(host), stage.order(host)
    cut(stage, host, script, answers=False)
    failure = stage.apply(order)
    assert isinstance(failure, Retriable if script == 1 else OutcomeUnknown)
    stage.campus[host].relay.cut_after = None  # type: ignore[union-attr]
    reading = stage.read(host)
    assert reading.configuration == before
    assert reading.pending is None
    assert isinstance(stage.apply(order), Applied)


@both
@pytest.mark.parametrize("minutes", [0, 5])
def test_a_change_whose_answer_is_lost_can_be_taken_back(
    ground: Campus, host: str, minutes: int
) -> None:
    with staged(ground, command=1.5) as stage:
        before, order = stage.configuration(host), stage.order(host, minutes=minutes)
        cut(stage, host, 2, answers=True)
        assert isinstance(stage.apply(order), OutcomeUnknown)
        relay = ground[host].relay
        assert relay is not None
        relay.cut_after, relay.cut_answers = None, False
        until(lambda: isinstance(stage.platform.revert({host: order})[host], Reverted))
        reading = stage.read(host)
        assert reading.configuration == before
        assert reading.pending is None


def test_a_confirmation_whose_answer_is_lost_was_made_once(ground: Campus) -> None:
    with staged(ground, command=1.5) as stage:
        order = stage.order(SWITCH)
        stage.apply(order)
        cut(stage, SWITCH, 1, answers=True)
        assert isinstance(stage.platform.confirm({SWITCH: order})[SWITCH], OutcomeUnknown)
        relay = ground.switch.relay
        assert relay is not None
        relay.cut_after, relay.cut_answers = None, False
        assert stage.platform.confirm({SWITCH: order}) == {SWITCH: Confirmed(False)}
        assert stage.read(SWITCH).pending is None
        kept = stage.platform.confirm({SWITCH: replace(order, minutes=0)})
        assert kept == {SWITCH: Confirmed(True)}


def test_without_anything_that_runs_at_boot_there_is_no_timer(stage: Stage) -> None:
    order = stage.order(SWITCH)
    stage.campus.switch.run("mv /usr/local/sbin/cron /usr/local/sbin/cron.away")
    try:
        before = stage.configuration(SWITCH)
        assert stage.read(SWITCH).no_timer is not None
        failure = stage.apply(order)
        assert isinstance(failure, ActionNeeded)
        assert failure.who == "administrator"
        assert stage.configuration(SWITCH) == before
        stage.change(SWITCH, dead_man="best_effort")
        assert isinstance(stage.apply(order), Applied)
        assert stage.read(SWITCH).pending is None
        assert stage.platform.confirm({SWITCH: order}) == {SWITCH: Confirmed(True)}
        assert stage.platform.revert({SWITCH: order}) == {SWITCH: Reverted("undo")}
        assert stage.configuration(SWITCH) == before
    finally:
        stage.campus.switch.run("mv /usr/local/sbin/cron.away /usr/local/sbin/cron")


def test_a_switch_that_does_not_answer_is_not_taken_for_an_empty_one(stage: Stage) -> None:
    stage.put(SWITCH, WANTED[SWITCH])
    stage.campus.switch.run("ovs-appctl -t ovs-vswitchd exit; ovs-appctl -t ovsdb-server exit")
    found = stage.platform.read(dict.fromkeys([SWITCH], WANTED[SWITCH]))[SWITCH]
    stage.campus.reboot(SWITCH)
    assert isinstance(found, Retriable)
    assert stage.read(SWITCH).objects == {i.key: i for i in WANTED[SWITCH]}
