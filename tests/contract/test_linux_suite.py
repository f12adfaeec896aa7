"""A change on a Linux switch and router: made, made again, read back, taken back, cut short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from provisioner.drivers.network import (
    AccessPort,
    Applied,
    Confirmed,
    Description,
    Intent,
    Preview,
    Reverted,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import ActionNeeded, Refused
from tests.contract.linux_stage import MARK, WANTED, Stage, rate, scope, staged
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


@pytest.fixture
def quick(ground: Campus) -> Iterator[Stage]:
    """A host's minute lasts a tenth of a second."""
    with staged(ground, minute=0.1) as made:
        yield made


# ---------------------------------------------------------------- as it should go


@both
def test_a_change_is_made_confirmed_read_back_and_taken_back_exactly(
    stage: Stage, host: str
) -> None:
    before = stage.configuration(host)
    order = stage.order(host)
    assert stage.read(host).objects == {i.key: None for i in WANTED[host]}
    applied = stage.apply(order)
    assert isinstance(applied, Applied)
    assert applied.changed
    assert MARK in applied.transcript
    assert stage.read(host).pending == "token-1"
    assert stage.platform.confirm({host: order}) == {host: Confirmed(True)}
    reading = stage.read(host)
    assert reading.objects == {intent.key: intent for intent in WANTED[host]}
    assert reading.pending is None
    assert stage.order(host).preview == Preview(host)
    assert stage.platform.revert({host: order}) == {host: Reverted("undo")}
    assert stage.configuration(host) == before
    assert stage.platform.revert({host: order}) == {host: Reverted("nothing")}
    assert not stage.campus[host].does("ls -d /etc/provisioner /etc/cron.d/provisioner")


@both
def test_again_changes_nothing_and_leaves_no_timer(stage: Stage, host: str) -> None:
    order = stage.order(host)
    stage.apply(order)
    stage.platform.confirm({host: order})
    again = stage.apply(order)
    assert isinstance(again, Applied)
    assert not again.changed
    assert stage.read(host).pending is None
    assert stage.apply(stage.order(host)) == Applied(False)


@both
def test_revert_takes_the_copy_and_says_so(stage: Stage, host: str) -> None:
    before = stage.configuration(host)
    order = stage.order(host)
    stage.apply(order)
    assert stage.platform.revert({host: order}) == {host: Reverted("timer")}
    assert stage.configuration(host) == before
    assert stage.platform.revert({host: order}) == {host: Reverted("nothing")}


@both
def test_without_a_timer_the_stored_way_back_is_taken(stage: Stage, host: str) -> None:
    before = stage.configuration(host)
    order = stage.order(host, minutes=0)
    stage.apply(order)
    assert stage.read(host).pending is None
    assert stage.platform.confirm({host: order}) == {host: Confirmed(True)}
    assert stage.platform.revert({host: order}) == {host: Reverted("undo")}
    assert stage.configuration(host) == before
    assert stage.platform.confirm({host: order}) == {host: Confirmed(False)}


@both
def test_an_unconfirmed_change_goes_by_itself(quick: Stage, host: str) -> None:
    before = quick.configuration(host)
    order = quick.order(host, minutes=1)
    quick.apply(order)
    until(lambda: quick.read(host).pending is None)
    assert quick.configuration(host) == before
    assert quick.platform.confirm({host: order}) == {host: Confirmed(False)}
    assert quick.platform.revert({host: order}) == {host: Reverted("nothing")}
    assert not quick.campus[host].does("ls -d /etc/provisioner /etc/cron.d/provisioner")


@both
def test_a_boot_takes_an_unconfirmed_change_back(stage: Stage, host: str) -> None:
    before = stage.configuration(host)
    stage.apply(stage.order(host))
    stage.campus.reboot(host)
    reading = stage.read(host)
    assert reading.pending is None
    assert reading.configuration == before
    assert reading.objects == {i.key: None for i in WANTED[host]}


def test_a_second_attempt_gets_the_whole_time_and_the_first_copy(quick: Stage) -> None:
    before = quick.configuration(ROUTER)
    order = quick.order(ROUTER, minutes=20)
    quick.apply(order)
    quick.campus.router.run("nft flush ruleset")
    assert isinstance(quick.apply(replace(order, minutes=120)), Applied)
    assert quick.read(ROUTER).objects == {i.key: i for i in WANTED[ROUTER]}
    assert quick.platform.revert({ROUTER: order}) == {ROUTER: Reverted("timer")}
    assert quick.configuration(ROUTER) == before


def test_a_scope_changes_and_the_way_back_brings_the_old_one(stage: Stage) -> None:
    stage.put(ROUTER, [scope(), rate()])
    before = stage.configuration(ROUTER)
    other: list[Intent] = [scope(last="10.40.1.99", dns=("9.9.9.9", "1.1.1.1")), rate(mbps=20)]
    order = stage.order(ROUTER, other)
    assert isinstance(stage.apply(order), Applied)
    assert stage.read(ROUTER, other).objects == {i.key: i for i in other}
    assert stage.platform.revert({ROUTER: order}) == {ROUTER: Reverted("timer")}
    assert stage.configuration(ROUTER) == before
    assert stage.read(ROUTER).objects == {i.key: i for i in WANTED[ROUTER]}


def test_what_is_written_on_ports(stage: Stage) -> None:
    wanted = [Description("swp2", 'Ruang "rapat" $HOME `id` \\ 2'), Description("up", "ke rt")]
    order = stage.put(SWITCH, wanted)
    assert stage.read(SWITCH, wanted).objects == {i.key: i for i in wanted}
    assert stage.platform.revert({SWITCH: order}) == {SWITCH: Reverted("undo")}
    note = Description("wan", "ke Internet")
    stage.put(ROUTER, [note])
    assert stage.read(ROUTER, [note]).objects == {note.key: note}
    stage.campus.router.run("ip link set dev wan alias ''")
    stage.campus.reboot(ROUTER)
    assert stage.read(ROUTER, [note]).objects == {note.key: note}, "said again at boot"
    stage.put(ROUTER, [note], present=False)
    assert stage.read(ROUTER, [note]).objects == {note.key: None}


# ---------------------------------------------------------------- only what is ours


def test_removing_takes_only_what_bears_the_mark_and_half_made_rests(stage: Stage) -> None:
    campus = stage.campus
    campus.router.run(
        "ovs-vsctl add-port br0 kantor tag=50 -- set Interface kantor type=internal && "
        "echo cache-size=200 > /etc/dnsmasq.d/kantor.conf && nft add table inet kantor && "
        "mkdir -p /etc/nftables.d && echo > /etc/nftables.d/kantor.nft"
    )
    before = stage.configuration(ROUTER)
    stage.put(ROUTER, [*WANTED[ROUTER], scope(2, 413)])
    campus.router.run("rm /etc/provisioner/up.d/PROV-NET-2026-0001.scope.sh; nft flush ruleset")
    assert stage.read(ROUTER).objects != {i.key: i for i in WANTED[ROUTER]}
    stage.put(ROUTER, WANTED[ROUTER], present=False)
    assert stage.read(ROUTER).objects == {i.key: None for i in WANTED[ROUTER]}
    campus.router.run("nft add table inet kantor")
    stage.put(ROUTER, [scope(2, 413)], present=False)
    assert stage.configuration(ROUTER).replace(",412", "") == before
    assert campus.router.run("nft list tables") == "table inet kantor"
    campus.router.run("ovs-vsctl del-port kantor; rm -r /etc/dnsmasq.d/* /etc/nftables.d")


def test_what_does_not_run_is_told_and_mended(stage: Stage) -> None:
    stage.put(ROUTER, WANTED[ROUTER])
    for damage in (
        "nft delete table inet prov_net_2026_0001_rate",
        "nft flush chain inet prov_net_2026_0001_scope forward",
        "ip address flush dev prov412",
        "/etc/init.d/dnsmasq stop",
    ):
        stage.campus.router.run(damage)
        assert stage.read(ROUTER).objects != {i.key: i for i in WANTED[ROUTER]}, damage
        stage.put(ROUTER, WANTED[ROUTER])
        assert stage.read(ROUTER).objects == {i.key: i for i in WANTED[ROUTER]}


def test_a_trunk_never_carries_all_because_its_last_vlan_left(stage: Stage) -> None:
    member = TrunkMember("up", 99)
    order = stage.put(SWITCH, [member], present=False)
    assert stage.read(SWITCH, [member, TrunkMember("up", 5)]).objects == {
        member.key: None,
        "trunk up vlan 5": None,
    }
    assert stage.platform.revert({SWITCH: order}) == {SWITCH: Reverted("undo")}
    assert stage.campus.switch.run("ovs-vsctl get Port up trunks") == "[99]"
    stage.campus.switch.run("ovs-vsctl clear Port up trunks")
    assert stage.read(SWITCH, [member]).objects == {member.key: member}
    order = stage.put(SWITCH, [member], present=False)
    assert stage.read(SWITCH, [member, TrunkMember("up", 5)]).objects == {
        member.key: None,
        "trunk up vlan 5": TrunkMember("up", 5),
    }
    assert stage.platform.revert({SWITCH: order}) == {SWITCH: Reverted("undo")}
    assert stage.campus.switch.run("ovs-vsctl get Port up trunks") == "[]"


def test_somebody_elses_change_of_the_same_trunk_stays(stage: Stage) -> None:
    order = stage.put(SWITCH, WANTED[SWITCH])
    stage.campus.switch.run("ovs-vsctl add Port up trunks 500 -- remove Port up trunks 99")
    assert stage.platform.revert({SWITCH: order}) == {SWITCH: Reverted("undo")}
    assert stage.campus.switch.run("ovs-vsctl get Port up trunks") == "[500]"


@pytest.mark.parametrize(
    ("host", "damage", "wanted"),
    [
        (ROUTER, "ip link add prov412 type bridge", scope()),
        (ROUTER, "ip address add 10.40.1.77/16 dev office", scope()),
        (ROUTER, "sysctl -qw net.ipv4.ip_forward=0", scope()),
        (ROUTER, "true", scope(port="ether9")),
        (ROUTER, "true", scope(outside="ether9")),
        (SWITCH, "true", AccessPort("up", 1, "x")),
        (SWITCH, "true", AccessPort("swp9", 1, "x")),
        (SWITCH, "true", AccessPort("swp1", 777, "x")),
        (SWITCH, "true", AccessPort("swp1", 1, "x", poe=True)),
        (SWITCH, "true", TrunkMember("swp1", 412)),
    ],
)
def test_what_cannot_be_put_there_is_told(
    stage: Stage, host: str, damage: str, wanted: AccessPort | TrunkMember
) -> None:
    stage.campus[host].run(damage)
    try:
        reading = stage.read(host, [wanted])
        assert set(reading.problems) == {wanted.key}
        with pytest.raises(Refused):
            stage.platform.preview(reading, [Wish(wanted)])
    finally:
        stage.campus.router.run(
            "ip link del prov412; ip address del 10.40.1.77/16 dev office; "
            "sysctl -qw net.ipv4.ip_forward=1; true"
        )


def test_a_timer_of_somebody_else_is_respected(stage: Stage) -> None:
    theirs = stage.order(SWITCH, [Vlan(302, "LAIN")], token="their-token")
    order = stage.order(SWITCH)
    stage.apply(theirs)
    before = stage.configuration(SWITCH)
    assert stage.read(SWITCH).pending == "their-token"
    assert isinstance(stage.apply(order), ActionNeeded)
    assert isinstance(stage.platform.revert({SWITCH: order})[SWITCH], ActionNeeded)
    assert stage.platform.confirm({SWITCH: order}) == {SWITCH: Confirmed(False)}
    assert stage.configuration(SWITCH) == before
    assert stage.platform.confirm({SWITCH: theirs}) == {SWITCH: Confirmed(True)}


@both
def test_a_host_of_another_name_is_not_written_to(stage: Stage, host: str) -> None:
    order = stage.order(host)
    stage.apply(order)
    stage.campus[host].run("hostname somebody-else")
    before = stage.configuration(host)
    for did in (stage.platform.apply, stage.platform.confirm, stage.platform.revert):
        failure = did({host: order})[host]
        assert isinstance(failure, ActionNeeded)
        assert "somebody-else" in str(failure.what)
    assert stage.configuration(host) == before
    stage.campus[host].run(f"hostname {host.upper()}.example")
    assert stage.platform.revert({host: order}) == {host: Reverted("timer")}
