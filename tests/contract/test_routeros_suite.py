"""A change on RouterOS: made, made again, read back, taken back; on both versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Intent,
    Preview,
    RateLimit,
    Reverted,
    Scope,
    TrunkMember,
    Vlan,
)
from provisioner.drivers.routeros.texts import parsed
from provisioner.errors import ActionNeeded
from provisioner.lab.devices.plan import DevicePlan
from tests.contract.routeros_stage import (
    MARK,
    NEW,
    OLD,
    RADIOS,
    RATE,
    ROUTING,
    SCOPE,
    SSID,
    SWITCHING,
    WIFI,
    Stage,
    a_router,
    a_switch,
    staged,
    until,
)

IN_BETWEEN = {
    "switch-6": (a_switch(OLD), SWITCHING, ()),
    "switch-7": (a_switch(NEW), SWITCHING, ()),
    "router-6": (a_router(OLD), ROUTING, ()),
    "router-7": (a_router(NEW), ROUTING, ()),
    "router-bridged-7": (a_router(NEW, bridged=True), ROUTING, ()),
    "router-bridged-with-vlan-6": (
        a_router(OLD, bridged=True),
        (Vlan(301, f"PROV-{MARK}"), TrunkMember("ether2", 301), *ROUTING),
        (),
    ),
    "wifi-6": (a_switch(OLD, wireless="wireless"), WIFI, RADIOS["wireless"]),
    "wifi-7": (a_switch(NEW, wireless="wifi"), WIFI, RADIOS["wifi"]),
    "wifi-7-of-old": (a_switch(NEW, wireless="wireless"), WIFI, RADIOS["wireless"]),
    "caps-man-6": (a_switch(OLD, wireless="caps-man"), WIFI, ()),
}
Case = tuple[Stage, Sequence[Intent]]


@pytest.fixture(params=list(IN_BETWEEN))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    device, wanted, lines = IN_BETWEEN[request.param]
    with staged(tmp_path, device) as stage:
        stage.types(*lines)
        yield stage, wanted


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, a_switch()) as made:
        yield made


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, a_router()) as made:
        yield made


# ---------------------------------------------------------------- as it should go


def test_made_confirmed_read_back_and_taken_back_exactly(case: Case) -> None:
    stage, wanted = case
    before = stage.configuration()
    order = stage.order(wanted)
    reading = stage.read(wanted)
    assert reading.problems == {}
    assert not [intent for intent in wanted if reading.objects[intent.key] == intent]
    applied = stage.apply(order)
    assert isinstance(applied, Applied)
    assert applied.changed
    assert "PROV-" in applied.transcript
    assert stage.read(wanted).pending == order.token
    assert stage.confirm(order) == Confirmed(True)
    reading = stage.read(wanted)
    assert reading.objects == {intent.key: intent for intent in wanted}
    assert reading.pending is None
    assert stage.order(wanted).preview == Preview(stage.name)
    stage.lab.reboot(stage.name)
    until(lambda: stage.lab.reachable(stage.name))
    assert stage.read(wanted).objects == {i.key: i for i in wanted}, "RouterOS keeps it by itself"
    assert stage.revert(order) == Reverted("undo")
    assert stage.configuration() == before
    assert stage.revert(order) == Reverted("nothing")


def test_taken_away_and_put_back_exactly(case: Case) -> None:
    stage, wanted = case
    stage.apply(stage.order(wanted, minutes=0))
    between = stage.configuration()
    off = stage.order(wanted, minutes=0, present=False)
    assert isinstance(stage.apply(off), Applied)
    assert stage.read(wanted).objects == dict.fromkeys(i.key for i in wanted)
    assert "PROV-" not in stage.configuration()
    assert stage.revert(off) == Reverted("undo")
    assert stage.read(wanted).objects == {i.key: i for i in wanted}
    assert sets(stage.configuration()) == sets(between)


def sets(text: str) -> list[list[str]]:
    """Lines, and the members of lists in them, in no order."""
    lines = text.replace("\\\n", "").splitlines()
    return sorted(sorted(re.split(r"[ ,=]+", line)) for line in lines)


def test_revert_fires_the_timer_and_says_so(case: Case) -> None:
    stage, wanted = case
    before = stage.configuration()
    order = stage.order(wanted)
    stage.apply(order)
    assert stage.revert(order) == Reverted("timer")
    assert stage.configuration() == before
    assert stage.read(wanted).pending is None
    assert stage.revert(order) == Reverted("nothing")


def test_again_changes_nothing_and_leaves_no_timer(switch: Stage) -> None:
    order = switch.order(SWITCHING)
    switch.apply(order)
    switch.confirm(order)
    switch.lab.forget()
    again = switch.apply(order)
    assert isinstance(again, Applied)
    assert not again.changed
    assert not [
        line for line in switch.lab.lines(switch.name) if " add " in line or " set " in line
    ]
    assert switch.read(SWITCHING).pending is None
    seen = switch.lab.sessions_seen[switch.name]
    assert switch.apply(switch.order(SWITCHING)) == Applied(False)
    assert switch.lab.sessions_seen[switch.name] == seen + 1, "nothing to do needs no session"


def test_without_a_timer_the_stored_way_back_is_taken(router: Stage) -> None:
    before = router.configuration()
    order = router.order(ROUTING, minutes=0)
    router.apply(order)
    assert router.read(ROUTING).pending is None
    assert router.confirm(order) == Confirmed(True)
    assert router.revert(order) == Reverted("undo")
    assert router.configuration() == before


def test_what_was_confirmed_without_a_timer_is_kept_only_where_it_stands(switch: Stage) -> None:
    order = switch.order(SWITCHING, minutes=0)
    assert switch.confirm(order) == Confirmed(False)


CHANGED: dict[str, tuple[DevicePlan, Sequence[Intent], Intent]] = {
    "rate": (a_router(NEW), ROUTING, replace(RATE, down_mbps=80, up_mbps=80)),
    "walls": (a_router(OLD), ROUTING, replace(SCOPE, walls=("172.16.0.0/12",), dns=())),
    "leases": (a_router(NEW), ROUTING, replace(SCOPE, last="10.40.1.99", nat=False)),
    "name": (a_switch(NEW, wireless="wifi"), WIFI, replace(SSID, ssid="Lain", isolate=False)),
    "security": (a_switch(OLD, wireless="wireless"), WIFI, replace(SSID, security="open")),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_change_of_what_stands_is_kept_or_taken_back(tmp_path: Path, what: str) -> None:
    device, wanted, other = CHANGED[what]
    with staged(tmp_path, device) as stage:
        stage.types(*RADIOS.get(device.wireless, ()))
        stage.apply(stage.order(wanted, minutes=0))
        before = stage.configuration()
        order = stage.order([other])
        assert order.preview.lines
        assert not [line for line in order.preview.lines if "/interface vlan remove" in line]
        for answer in (Reverted("timer"), Reverted("undo")):
            applied = stage.apply(order)
            assert isinstance(applied, Applied)
            assert applied.changed
            assert stage.read([other]).objects == {other.key: other}
            again = stage.apply(order)
            assert isinstance(again, Applied)
            assert not again.changed
            if answer.how == "undo":
                assert stage.confirm(order) == Confirmed(True)
                assert stage.confirm(order) == Confirmed(False), "no timer of ours runs any more"
                assert stage.confirm(replace(order, minutes=0)) == Confirmed(True)
            assert stage.revert(order) == answer
            assert stage.configuration() == before


# ---------------------------------------------------------------- the timer


def test_an_unconfirmed_change_goes_by_itself_and_is_not_kept_afterwards(tmp_path: Path) -> None:
    with staged(tmp_path, a_router(), minute=0.3) as stage:
        before = stage.configuration()
        order = stage.order(ROUTING, minutes=3)
        assert isinstance(stage.apply(order), Applied)
        until(lambda: stage.configuration() == before)
        assert stage.confirm(order) == Confirmed(False)
        assert stage.revert(order) == Reverted("nothing")


def test_pitfall_a_reboot_neither_keeps_the_change_nor_loses_the_timer(tmp_path: Path) -> None:
    """RouterOS writes to flash at once: without the timer's twin at boot it would stand."""
    with staged(tmp_path, a_switch(OLD)) as stage:
        before = stage.configuration()
        order = stage.order(SWITCHING, minutes=60)
        stage.apply(order)
        stage.lab.reboot(stage.name)
        until(lambda: stage.lab.reachable(stage.name) and stage.configuration() == before)
        assert stage.confirm(order) == Confirmed(False)
        assert stage.revert(order) == Reverted("nothing")


def test_a_change_that_cuts_its_own_way_comes_back_by_the_timer(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(), minute=0.2, command=2, connect=2) as stage:
        before = stage.configuration()
        order = stage.order([TrunkMember("ether1", 120)], minutes=20, present=False)
        cut = ('/interface vlan set [find where name="vlan99"] vlan-id=98',)
        back = ('/interface vlan set [find where name="vlan99"] vlan-id=99',)
        order = replace(order, preview=Preview(stage.name, cut, back, cut))
        stage.apply(order)
        until(lambda: stage.configuration() == before)
        until(lambda: stage.lab.reachable(stage.name))
        assert stage.revert(order) == Reverted("nothing")


def test_the_way_back_lies_on_the_device_before_the_first_line(router: Stage) -> None:
    router.lab.forget()
    router.apply(router.order(ROUTING))
    lines = router.lab.lines(router.name)
    armed = next(n for n, line in enumerate(lines) if 'add name="PROV-timer-' in line)
    first = next(n for n, line in enumerate(lines) if "/interface vlan add" in line
                 and "system script" not in line)  # fmt: skip
    assert armed < first
    assert "start-time=startup" in " ".join(lines[:armed])


def test_a_timer_of_somebody_else_is_respected(switch: Stage) -> None:
    order = switch.order(SWITCHING)
    other = replace(switch.order([Vlan(302, "LAIN")]), token="run-9-forward-1")
    switch.apply(other)
    before = switch.configuration()
    assert switch.read(SWITCHING).pending == "run-9-forward-1"
    assert isinstance(switch.apply(order), ActionNeeded)
    assert switch.configuration() == before


# ---------------------------------------------------------------- strangers


def test_pitfall_numbers_are_of_one_session_so_none_is_ever_typed(router: Stage) -> None:
    router.lab.forget()
    order = router.order(ROUTING)
    router.apply(order)
    router.revert(order)
    for line in router.lab.lines(router.name):
        words = line.split()
        for verb, word in pairwise(words):
            assert not (verb in ("set", "remove") and word.isdecimal()), line


def filters(stage: Stage) -> list[str]:
    return [line for line in stage.read(()).configuration.splitlines() if " filter " in line]


def test_strangers_rules_keep_their_order(router: Stage) -> None:
    router.types("/ip firewall filter add chain=forward action=drop comment=kantor")
    rules = filters(router)
    order = router.order(ROUTING)
    router.apply(order)
    made = filters(router)
    assert [line for line in made if "PROV-" not in line] == rules
    forward = [line for line in made if "chain=forward" in line]
    assert "PROV-" in forward[0]
    router.confirm(order)
    off = router.order(ROUTING, present=False)
    router.apply(off)
    assert filters(router) == rules
    router.revert(off)
    assert filters(router) == made


def test_pitfall_what_is_there_twice_is_a_difference_and_both_go(router: Stage) -> None:
    order = router.order(ROUTING, minutes=0)
    before = router.configuration()
    router.apply(order)
    comment = f'comment="PROV-{MARK} scope translation"'
    router.types(f"/ip firewall nat add chain=srcnat action=masquerade {comment}")
    found = router.read(ROUTING).objects[SCOPE.key]
    assert isinstance(found, Scope)
    assert found != SCOPE
    off = router.order(ROUTING, minutes=0, present=False)
    router.apply(off)
    assert router.configuration() == before


def test_a_line_taken_twice_makes_one_thing(router: Stage) -> None:
    """The session may drop after a line was taken: it is sent again, and guarded on the device."""
    order = router.order(ROUTING, minutes=0)
    with router.person() as session:
        for line in order.preview.lines:
            session.tell(parsed(line).typed())
            session.tell(parsed(line).typed())
    assert router.read(ROUTING).objects == {i.key: i for i in ROUTING}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/interface vlan add name=lama vlan-id=301 interface=ether2", "VLAN 301 is in use"),
        ("/ip address add address=10.40.1.254/24 interface=ether3", "10.40.1.0/24 is in use"),
        ("/ip pool add name=lama ranges=10.40.1.5-10.40.1.20", "10.40.1.0/24 is in use"),
        ("/queue simple add name=lama target=10.40.1.0/24", "is limited there"),
    ],
)
def test_an_equal_thing_under_a_strangers_name_is_a_problem(
    router: Stage, line: str, why: str
) -> None:
    router.types(line)
    reading = router.read(ROUTING)
    assert [text for text in map(str, reading.problems.values()) if why in text]
    assert not [found for found in reading.objects.values() if found]


def test_a_change_by_a_stranger_is_seen(router: Stage) -> None:
    router.apply(router.order(ROUTING, minutes=0))
    router.types(
        f'/queue simple set [find where name="PROV-{MARK}"] max-limit=1M/1M',
        '/ip firewall filter set [find where comment~"wall 10.0"] disabled=yes',
    )
    found = router.read(ROUTING).objects
    rate, scope = found[RATE.key], found[SCOPE.key]
    assert isinstance(rate, RateLimit)
    assert (rate.up_mbps, rate.down_mbps) == (1, 1)
    assert scope not in (None, SCOPE)
    router.apply(router.order(ROUTING, minutes=0))
    assert router.read(ROUTING).objects == {i.key: i for i in ROUTING}


def test_a_vlan_that_somebody_renamed_is_theirs(switch: Stage) -> None:
    order = switch.order(SWITCHING[:1], minutes=0)
    switch.apply(order)
    switch.types("/interface bridge vlan set [find where vlan-ids=301] comment=kantor")
    switch.revert(order)
    assert switch.read(SWITCHING[:1]).objects == {"vlan 301": Vlan(301, "kantor")}
