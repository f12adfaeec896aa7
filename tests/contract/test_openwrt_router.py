"""VLANs, ports, scopes and limits on an OpenWrt router with a switch, over real SSH."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.network import (
    AccessPort,
    Confirmed,
    Description,
    Intent,
    Learned,
    Lease,
    Neighbor,
    RateLimit,
    Reverted,
    Scope,
    Ssid,
    Survey,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import Refused
from tests.contract.openwrt_stage import MARK, SSID, Stage, good, staged, until

NET = "NET-2026-0001"
VLAN = Vlan(412, f"PROV-{NET}")
TRUNK = TrunkMember("lan1", 412)
PORT = AccessPort("lan3", 412, f"PROV-{NET} SMP 1")
NOTE = Description("lan4", "cadangan")
SCOPE = Scope(
    NET,
    412,
    "lan1",
    "10.40.12.1/24",
    "10.40.12.50",
    "10.40.12.199",
    dns=("10.10.10.1",),
    outside="wan",
    walls=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
)
RATE = RateLimit(NET, 412, "10.40.12.0/24", 50, 20)
ALL: list[Intent] = [RATE, SCOPE, PORT, NOTE, TRUNK, VLAN]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as stage:
        stage.make_router()
        yield stage


def read(stage: Stage, *wanted: Intent) -> tuple[dict[str, Intent | None], dict[str, str]]:
    found = good(stage.platform.read({"ap-0": wanted}))["ap-0"]
    return dict(found.objects), {key: str(why) for key, why in found.problems.items()}


def test_a_whole_site_comes_and_goes(stage: Stage) -> None:
    assert read(stage, *ALL) == (dict.fromkeys(each.key for each in ALL), {})
    order = stage.order([Wish(each) for each in ALL])
    assert stage.apply(order)["ap-0"].changed
    assert read(stage, *ALL)[0] == {each.key: each for each in ALL}
    text = stage.lab.configuration("ap-0")
    assert "\tlist ports 'lan3:u*'\n\tlist ports 'lan1:t'\n" in text
    assert "list dest_ip '192.168.0.0/16'" in text
    log = stage.device().system.log
    assert {"dnsmasq: reloaded", "firewall: reloaded", "sqm: reloaded"} <= set(log)
    assert stage.platform.confirm(order) == {"ap-0": Confirmed(True)}
    assert stage.order([Wish(each) for each in ALL])["ap-0"].preview.lines == ()
    assert not stage.apply(order)["ap-0"].changed

    gone = stage.order([Wish(each, False) for each in ALL], minutes=0)
    assert stage.apply(gone)["ap-0"].changed
    assert read(stage, *ALL)[0] == dict.fromkeys(each.key for each in ALL)
    left = stage.lab.configuration("ap-0")
    assert "prov" not in left.lower()
    assert left == stage.before["ap-0"].replace("\tlist ports 'lan3:u*'\n", "", 1)
    assert stage.platform.revert(gone) == {"ap-0": Reverted("undo")}
    assert read(stage, *ALL)[0] == {each.key: each for each in ALL}


@pytest.mark.parametrize("minutes", [5, 0])
def test_undo_gives_back_the_same_bytes(stage: Stage, minutes: int) -> None:
    order = stage.order([Wish(each) for each in ALL], minutes)
    stage.apply(order)
    assert stage.lab.configurations() != stage.before
    how = Reverted("timer" if minutes else "undo")
    assert stage.platform.revert(order) == {"ap-0": how}
    assert stage.lab.configurations() == stage.before
    assert stage.left("ap-0") == []


def test_a_part_that_somebody_changed_is_made_whole_or_removed(stage: Stage) -> None:
    stage.apply(stage.order([Wish(VLAN), Wish(SCOPE)], 0))
    files, path = stage.device().system.files, "/etc/config/firewall"

    def by_hand() -> None:
        text = files.read(path).replace(b"option target 'REJECT'", b"option target 'ACCEPT'")
        files.write(path, text)

    stage.lab.call(by_hand)
    found = read(stage, SCOPE)[0][SCOPE.key]
    assert isinstance(found, Scope)
    assert found != SCOPE
    assert (found.vlan, found.gateway) == (412, SCOPE.gateway)
    stage.apply(stage.order([Wish(SCOPE)], 0))
    assert read(stage, SCOPE)[0] == {SCOPE.key: SCOPE}
    stage.lab.call(lambda: files.write("/etc/config/network", files.read("/etc/config/network")))
    stage.apply(stage.order([Wish(SCOPE, False), Wish(VLAN, False)], 0))
    assert stage.lab.configurations() == stage.before


def test_what_is_a_strangers_is_told_and_left(stage: Stage) -> None:
    office = Vlan(1, "PROV-X")
    wrong: list[Intent] = [
        office,
        replace(PORT, port="lan1", vlan=99),
        replace(PORT, poe=True, vlan=1),
        TrunkMember("lan2", 1),
        TrunkMember("wan", 1),
        TrunkMember("lan9", 1),
        replace(SCOPE, mark="NET-2026-0002", vlan=99),
        replace(
            SCOPE,
            mark="NET-2026-0003",
            gateway="127.32.1.9/24",
            first="127.32.1.50",
            last="127.32.1.60",
        ),
        replace(SCOPE, mark="NET-2026-0004", outside="lan4"),
    ]
    _, problems = read(stage, *wrong)
    assert set(problems) == {each.key for each in wrong}
    with pytest.raises(Refused):
        stage.order([Wish(office)])
    with pytest.raises(Refused):
        stage.order([Wish(office, False)])
    with pytest.raises(Refused):
        stage.order([Wish(RATE)])  # no scope that it could be for
    for bad in (
        replace(SCOPE, gateway="10.40.12.1/24'; reboot"),
        replace(PORT, description="a\nb"),
    ):
        with pytest.raises(Refused):
            stage.order([Wish(VLAN), Wish(bad)])


def test_without_shaping_the_package_is_named(stage: Stage) -> None:
    stage.make_router(without="sqm")
    assert "sqm-scripts" in read(stage, RATE)[1][RATE.key]
    stage.make_router(without="firewall")
    assert "firewall" in read(stage, SCOPE)[1][SCOPE.key]


def test_an_ssid_of_one_band_on_a_bridge_with_vlans(stage: Stage) -> None:
    one: Ssid = replace(SSID, uplink="lan1", band="5")
    order = stage.order([Wish(one)])
    stage.apply(order)
    found = stage.read(["ap-0"], one)["ap-0"].objects[one.key]
    assert found == one
    assert stage.read(["ap-0"], replace(one, band="both"))["ap-0"].objects[one.key] not in (
        None,
        one,
    )
    until(lambda: one.ssid in stage.device().announced)
    stations = stage.device().radios.stations.values()
    assert {each.radio for each in stations if each.ssid == one.ssid} == {"radio1"}
    assert "option device 'br-lan.301'" in stage.lab.configuration("ap-0")
    stage.platform.confirm(order)
    off = stage.order([Wish(one, False)], 0)
    stage.apply(off)
    assert stage.lab.configurations() == stage.before
    assert one.mark == MARK


def test_what_it_sees_around_it(stage: Stage) -> None:
    device = stage.device()
    lease = (
        b"9999999999 02:00:00:00:00:55 10.40.12.50 laptop *\n1 02:00:00:00:00:56 10.40.12.51 * *\n"
    )

    def surroundings() -> None:
        around = device.surroundings
        around.neighbours["lan1"] = ("sw-core-1", "GigabitEthernet1/0/3")
        around.heard.append(("lan3", 412, "02:00:00:00:00:55"))
        around.arp["10.40.12.50"] = ("br-lan.412", "02:00:00:00:00:55")
        device.system.files.write("/tmp/dhcp.leases", lease)
        device._moved()

    stage.lab.call(surroundings)
    found = stage.platform.survey(["ap-0"])["ap-0"]
    assert isinstance(found, Survey)
    assert (found.hostname, found.version) == ("ap-0", "23.05.5")
    address = "192.0.2.250"
    far = "GigabitEthernet1/0/3"
    assert found.neighbors == (Neighbor("lan1", "sw-core-1", far, "lldp", address, "simulated"),)
    assert found.learned == (Learned("lan3", 412, "02:00:00:00:00:55"),)
    assert found.leases == (Lease("10.40.12.50", "02:00:00:00:00:55", "laptop"),)
    assert found.arp == {"10.40.12.50": "02:00:00:00:00:55"}
    assert set(found.ports) == {"lan1", "lan2", "lan3", "lan4", "wan"}
    assert found.ports["lan1"].up
    assert not found.ports["lan4"].up
    assert found.ports["lan4"].vlan == 1
