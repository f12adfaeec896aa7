"""Scopes and speed limits on a switch that routes: made, read back, taken away, cut short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Intent,
    Order,
    Preview,
    RateLimit,
    Reverted,
    Scope,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import OutcomeUnknown, Refused
from provisioner.lab.devices.plan import UPLINK
from tests.contract.ios_stage import LEAF, OUTSIDE, ROUTED, Stage, as_router, staged, until

MARK = "NET-2026-0001"
TAGGED = Scope(
    MARK, 412, ROUTED, "10.40.12.1/24", "10.40.12.20", "10.40.12.199",
    dns=("10.10.10.1", "10.10.10.2"), walls=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
)  # fmt: skip
OWN = replace(TAGGED, port="", dns=(), walls=(), lease_seconds=86_400)
LIMIT = RateLimit(MARK, 412, "10.40.12.0/24", 50, 10)
ROUTER: Sequence[Intent] = (TAGGED, LIMIT)
SWITCH: Sequence[Intent] = (Vlan(412, f"PROV-{MARK}"), TrunkMember(UPLINK, 412), OWN)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        as_router(made)
        yield made


@pytest.mark.parametrize("wanted", [ROUTER, SWITCH, [replace(TAGGED, nat=False)]])
@pytest.mark.parametrize("minutes", [0, 5])
def test_made_read_back_and_taken_back_exactly(
    stage: Stage, wanted: Sequence[Intent], minutes: int
) -> None:
    before = stage.configuration()
    reading = stage.read(wanted=wanted)
    assert reading.objects == dict.fromkeys([each.key for each in wanted])
    assert not reading.problems
    order = stage.order(wanted=wanted, minutes=minutes)
    assert isinstance(stage.apply(order), Applied)
    assert stage.read(wanted=wanted).objects == {each.key: each for each in wanted}
    assert stage.order(wanted=wanted).preview == Preview(LEAF), "no change that is not needed"
    assert stage.platform.confirm({LEAF: order}) == {LEAF: Confirmed(True)}
    stage.lab.reboot(LEAF)
    assert stage.read(wanted=wanted).objects == {each.key: each for each in wanted}, "saved"
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == before


@pytest.mark.parametrize("wanted", [ROUTER, SWITCH])
def test_taken_away_by_mark_and_put_back(stage: Stage, wanted: Sequence[Intent]) -> None:
    before = stage.configuration()
    stage.apply(stage.order(wanted=wanted, minutes=0))
    between = stage.configuration()
    wishes = [Wish(each, present=False) for each in wanted]
    off = Order(stage.platform.preview(stage.read(wanted=wanted), wishes), "token", 0)
    assert isinstance(stage.apply(off), Applied)
    assert stage.configuration() == before
    assert stage.read(wanted=wanted).objects == dict.fromkeys([each.key for each in wanted])
    assert stage.platform.revert({LEAF: off}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == between


def test_cut_short_after_any_line_reverts_or_is_swept_up_by_mark(stage: Stage) -> None:
    before = stage.configuration()
    order = stage.order(wanted=ROUTER, minutes=0)
    wishes = [Wish(each, present=False) for each in ROUTER]
    for after in range(1, len(order.preview.lines) + 1):
        stage.lab.fault("session-drop", host=LEAF, after=str(after))
        assert isinstance(stage.apply(order), OutcomeUnknown)
        until(lambda: stage.lab.reachable(LEAF))
        half = stage.read(wanted=ROUTER)
        assert half.objects[TAGGED.key] is not None
        if after % 3 == 1:
            assert isinstance(stage.platform.revert({LEAF: order})[LEAF], Reverted)
        else:
            swept = Order(stage.platform.preview(half, wishes), "token", 0)
            assert isinstance(stage.apply(swept), Applied)
        assert stage.configuration() == before, order.preview.lines[after - 1]


def test_a_half_made_scope_is_completed(stage: Stage) -> None:
    order = stage.order(wanted=ROUTER, minutes=0)
    made = order.preview.lines.index(f"interface {ROUTED}.412") + 1
    for after in (3, 14, made, made + 1, len(order.preview.lines) - 1):
        stage.lab.fault("session-drop", host=LEAF, after=str(after))
        assert isinstance(stage.apply(order), OutcomeUnknown)
        assert isinstance(stage.apply(stage.order(wanted=ROUTER, minutes=0)), Applied)
        assert stage.read(wanted=ROUTER).objects == {each.key: each for each in ROUTER}
        wishes = [Wish(each, present=False) for each in ROUTER]
        off = stage.platform.preview(stage.read(wanted=ROUTER), wishes)
        stage.apply(Order(off, "token", 0))
        assert "NET-2026-0001" not in stage.configuration()


@pytest.mark.parametrize(
    "changed",
    [
        replace(TAGGED, first="10.40.12.50"),
        replace(TAGGED, dns=("10.10.10.3",)),
        replace(TAGGED, walls=("10.0.0.0/8",)),
        replace(TAGGED, nat=False),
        replace(TAGGED, lease_seconds=86_400),
        replace(TAGGED, lease_seconds=5_400),
    ],
)
def test_a_scope_is_changed_and_changed_back(stage: Stage, changed: Scope) -> None:
    stage.apply(stage.order(wanted=[TAGGED], minutes=0))
    between = stage.configuration()
    seen = stage.read(wanted=[changed]).objects[changed.key]
    assert seen not in (None, changed)
    order = stage.order(wanted=[changed], minutes=0)
    assert isinstance(stage.apply(order), Applied)
    assert stage.read(wanted=[changed]).objects == {changed.key: changed}
    assert stage.platform.confirm({LEAF: order}) == {LEAF: Confirmed(True)}
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == between


def test_the_list_is_never_half_written_before_the_interface(stage: Stage) -> None:
    stage.apply(stage.order(wanted=[TAGGED], minutes=0))
    stage.type(f"ip access-list extended PROV-{MARK}", "permit ip any any")
    assert stage.read(wanted=[TAGGED]).objects[TAGGED.key] != TAGGED
    lines = stage.order(wanted=[TAGGED]).preview.lines
    use = lines.index(f" ip access-group PROV-{MARK}-2 in")
    assert lines.index(f"ip access-list extended PROV-{MARK}-2") < use
    assert use < lines.index(f"no ip access-list extended PROV-{MARK}")
    stage.apply(stage.order(wanted=[TAGGED], minutes=0))
    assert stage.read(wanted=[TAGGED]).objects == {TAGGED.key: TAGGED}


def test_another_speed(stage: Stage) -> None:
    stage.apply(stage.order(wanted=ROUTER, minutes=0))
    between = stage.configuration()
    faster = replace(LIMIT, down_mbps=100)
    assert stage.read(wanted=[faster]).objects == {faster.key: LIMIT}
    order = stage.order(wanted=[faster], minutes=0)
    assert isinstance(stage.apply(order), Applied)
    assert stage.read(wanted=[faster]).objects == {faster.key: faster}
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == between


STRANGE = {
    "interface": (f"interface {ROUTED}.412", "encapsulation dot1q 412"),
    "tag": (f"interface {ROUTED}.9", "encapsulation dot1q 412"),
    "address": ("vlan 9", "interface Vlan9", "ip address 10.40.0.1 255.255.0.0"),
    "pool": ("ip dhcp pool KANTOR", "network 10.40.0.0 255.255.0.0"),
    "towards the Internet": (f"interface {OUTSIDE}", "no ip nat outside"),
}  # fmt: skip


@pytest.mark.parametrize("what", STRANGE)
def test_what_strangers_made_is_a_problem_and_never_adopted(stage: Stage, what: str) -> None:
    stage.type(*STRANGE[what])
    reading = stage.read(wanted=[TAGGED])
    assert reading.objects == {TAGGED.key: None}
    assert TAGGED.key in reading.problems
    with pytest.raises(Refused):
        stage.platform.preview(reading, [Wish(TAGGED)])
    assert not stage.platform.preview(reading, [Wish(TAGGED, present=False)]).lines


def test_a_strangers_vlan_interface_is_a_problem_too(stage: Stage) -> None:
    stage.type("vlan 412", "interface Vlan412", "description KANTOR")
    reading = stage.read(wanted=[OWN])
    assert "not ours" in str(reading.problems[OWN.key])
    assert reading.objects == {OWN.key: None}


@pytest.mark.parametrize(
    ("intent", "why"),
    [
        (replace(TAGGED, port="GigabitEthernet9/9/9"), "no port"),
        (replace(TAGGED, port="GigabitEthernet1/0/7"), "trunk"),
        (replace(TAGGED, port=UPLINK), "does not carry"),
        (replace(OWN, vlan=999), "no VLAN"),
        (replace(TAGGED, outside="GigabitEthernet9/9/9"), "no port"),
        (LIMIT, "no interface"),
        (replace(LIMIT, vlan=99), "limits no speed"),
    ],
)
def test_where_it_cannot_stand(stage: Stage, intent: Intent, why: str) -> None:
    assert why in str(stage.read(wanted=[intent]).problems[intent.key])


def test_a_switch_that_does_not_route_or_answer_names_says_so(stage: Stage) -> None:
    stage.type("no ip routing", "vlan 412")
    assert "route" in str(stage.read(wanted=[OWN]).problems[OWN.key])
    stage.type("ip routing", "no ip dns server")
    assert "DNS" in str(stage.read(wanted=[OWN]).problems[OWN.key])


def test_the_port_towards_the_internet_may_be_named(stage: Stage) -> None:
    stage.type(f"interface {OUTSIDE}", "no ip nat outside")
    before = stage.configuration()
    named = replace(TAGGED, outside="Gi1/0/21")
    order = stage.order(wanted=[named], minutes=0)
    assert isinstance(stage.apply(order), Applied)
    assert stage.read(wanted=[named]).objects == {named.key: named}
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == before


@pytest.mark.parametrize(
    "scope",
    [
        replace(TAGGED, mark="X\nreload"),
        replace(TAGGED, gateway="10.40.12.0/24"),
        replace(TAGGED, first="10.40.13.1"),
        replace(TAGGED, first="10.40.12.1"),
        replace(TAGGED, walls=("10.0.0.0/8 any",)),
        replace(TAGGED, dns=("dns.example",)),
        replace(TAGGED, outside="Gi1/0/21 overload"),
    ],
)
def test_what_cannot_be_said_is_refused(stage: Stage, scope: Scope) -> None:
    assert isinstance(stage.platform.read({LEAF: [scope]})[LEAF], Refused)


def test_what_somebody_added_that_may_not_be_seen_is_not_put_back_masked(stage: Stage) -> None:
    stage.apply(stage.order(wanted=[TAGGED], minutes=0))
    device = stage.lab.device(LEAF)
    port = device.running.interfaces[f"{ROUTED}.412"]  # type: ignore[attr-defined]  # an IosDevice
    stage.lab.call(lambda: port.others.update({"standby": "standby 1 authentication RAHASIA"}))
    reading = stage.read(wanted=[TAGGED])
    with pytest.raises(Refused):
        stage.platform.preview(reading, [Wish(TAGGED, present=False)])


def test_an_address_that_somebody_changed_is_told(stage: Stage) -> None:
    stage.apply(stage.order(wanted=[TAGGED], minutes=0))
    where = f"interface {ROUTED}.412"
    stage.type(where, "ip address 10.40.12.2 255.255.255.0")
    assert stage.read(wanted=[TAGGED]).objects == {
        TAGGED.key: replace(TAGGED, gateway="10.40.12.2/24")
    }
    device = stage.lab.device(LEAF)
    port = device.running.interfaces[f"{ROUTED}.412"]  # type: ignore[attr-defined]  # an IosDevice
    stage.lab.call(lambda: setattr(port, "address", "pool KANTOR"))
    assert stage.read(wanted=[TAGGED]).objects == {TAGGED.key: replace(TAGGED, gateway="")}
    stage.lab.call(lambda: setattr(port, "address", ""))
    assert isinstance(stage.apply(stage.order(wanted=[TAGGED], minutes=0)), Applied)
    assert stage.read(wanted=[TAGGED]).objects == {TAGGED.key: TAGGED}


def test_a_translation_in_use_is_taken_away_too(stage: Stage) -> None:
    before = stage.configuration()
    order = stage.order(wanted=[TAGGED], minutes=0)
    stage.apply(order)
    stage.lab.call(lambda: setattr(stage.lab.device(LEAF), "translating", True))
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == before
