"""Power, descriptions, and what a switch sees around it, on simulated switches over SSH."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.network import (
    AccessPort,
    Applied,
    Description,
    Intent,
    Learned,
    Lease,
    Order,
    Preview,
    Reverted,
    Ssid,
    Survey,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import Refused
from provisioner.lab.devices.plan import CAMPUS, UPLINK
from tests.contract.ios_stage import LEAF, Stage, as_router, staged

PORT = "GigabitEthernet1/0/5"
UNFED = "GigabitEthernet1/0/25"
"""An uplink: it feeds nothing."""
CAMERA = AccessPort(PORT, 301, "Kamera pintu", poe=False)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        made.type("vlan 301")
        yield made


def test_power_is_turned_off_on_and_put_back(stage: Stage) -> None:
    before = stage.configuration()
    order = stage.order(wanted=[CAMERA], minutes=0)
    assert " power inline never" in order.preview.lines
    assert isinstance(stage.apply(order), Applied)
    assert stage.read(wanted=[CAMERA]).objects == {CAMERA.key: CAMERA}
    assert stage.order(wanted=[CAMERA]).preview == Preview(LEAF)
    on = replace(CAMERA, poe=True)
    assert stage.order(wanted=[on]).preview.lines == (f"interface {PORT}", " power inline auto")
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == before


def test_power_that_nobody_asks_about_is_left_and_not_read(stage: Stage) -> None:
    stage.type(f"interface {PORT}", "power inline never")
    silent = replace(CAMERA, poe=None)
    assert isinstance(stage.apply(stage.order(wanted=[silent], minutes=0)), Applied)
    assert stage.read(wanted=[silent]).objects == {silent.key: silent}
    assert "power inline never" in stage.configuration()


def test_a_freed_port_feeds_again_where_asked(stage: Stage) -> None:
    stage.apply(stage.order(wanted=[CAMERA], minutes=0))
    off = stage.platform.preview(stage.read(wanted=[CAMERA]), [Wish(CAMERA, present=False)])
    stage.apply(Order(off, "token", 0))
    assert "power inline" not in stage.configuration()


def test_a_port_that_cannot_feed_is_a_problem_only_where_it_must(stage: Stage) -> None:
    fed, unfed = (AccessPort(UNFED, 301, "x", poe=poe) for poe in (True, False))
    assert "feed" in str(stage.read(wanted=[fed]).problems[fed.key])
    assert not stage.read(wanted=[unfed]).problems
    stage.apply(stage.order(wanted=[replace(unfed, poe=None)], minutes=0))
    assert stage.read(wanted=[unfed]).objects == {unfed.key: unfed}


def test_a_switch_without_power_says_so(stage: Stage) -> None:
    text = "% Invalid input detected at '^' marker."
    stage.lab.fault("line-rejected", host=LEAF, line="show power inline", text=text)
    wanted = replace(CAMERA, poe=True)
    assert "feed" in str(stage.read(wanted=[wanted]).problems[wanted.key])


@pytest.mark.parametrize("port", [PORT, UPLINK, "Gi1/0/5"])
def test_a_description_touches_nothing_else(stage: Stage, port: str) -> None:
    before = stage.configuration()
    wanted = Description(port, "PROV-NET-2026-0001 SMP 1")
    order = stage.order(wanted=[wanted], minutes=0)
    assert isinstance(stage.apply(order), Applied)
    assert stage.read(wanted=[wanted]).objects == {wanted.key: wanted}
    assert stage.order(wanted=[wanted]).preview == Preview(LEAF)
    assert stage.platform.revert({LEAF: order}) == {LEAF: Reverted("undo")}
    assert stage.configuration() == before
    gone = stage.platform.preview(stage.read(wanted=[wanted]), [Wish(wanted, present=False)])
    assert bool(gone.lines) is (port == UPLINK), "its own description: ke sw-001"


def test_a_description_needs_a_port_and_words(stage: Stage) -> None:
    nowhere = Description("GigabitEthernet9/9/9", "x")
    assert "no port" in str(stage.read(wanted=[nowhere]).problems[nowhere.key])
    for text in ("", " x", "x?", "x\ny"):
        wanted = Description(PORT, text)
        with pytest.raises(Refused):
            stage.platform.preview(stage.read(wanted=[wanted]), [Wish(wanted)])


def test_a_switch_announces_no_wifi(stage: Stage) -> None:
    ssid = Ssid("WIFI-2026-0001", "Rapat", "wpa2-personal", 301, "eth0", isolate=True)
    reading = stage.read(wanted=[ssid])
    assert "WiFi" in str(reading.problems[ssid.key])
    with pytest.raises(Refused):
        stage.platform.preview(reading, [Wish(ssid)])


def test_ports_may_be_named_short(stage: Stage) -> None:
    short = AccessPort("gigabitethernet1/0/5", 301, "x")
    wanted: list[Intent] = [TrunkMember("Gi1/0/24", 301), short]
    assert isinstance(stage.apply(stage.order(wanted=wanted, minutes=0)), Applied)
    assert stage.read(wanted=wanted).objects == {each.key: each for each in wanted}
    full: list[Intent] = [TrunkMember(UPLINK, 301), AccessPort(PORT, 301, "x")]
    assert stage.order(wanted=full).preview == Preview(LEAF)


def looked(stage: Stage, host: str = LEAF) -> Survey:
    found = stage.platform.survey([host])[host]
    assert isinstance(found, Survey), found
    return found


def test_what_a_switch_sees_around_it(stage: Stage) -> None:
    as_router(stage)
    device = stage.lab.device(LEAF)
    leased = {"10.40.12.20": "00a1.b2c3.d4e5"}
    stage.lab.call(lambda: device.leased.update(leased))  # type: ignore[attr-defined]  # an IosDevice
    stage.type(f"interface {PORT}", "description Meja panitia, aula utama lantai dua")
    before = stage.configuration()
    seen = looked(stage)
    assert stage.configuration() == before
    assert (seen.host, seen.hostname) == (LEAF, LEAF)
    assert (seen.model, seen.version) == ("WS-C2960X-24TS-L", "15.2(7)E7")
    assert seen.serial.startswith("FOC")
    far = "GigabitEthernet1/0/1"
    assert {(n.port, n.device, n.remote_port, n.protocol) for n in seen.neighbors} == {
        (UPLINK, "sw-001.kabupaten.example", far, "lldp"),
        (UPLINK, "sw-001.kabupaten.example", far, "cdp"),
    }
    assert {each.port for each in seen.learned} == {UPLINK}
    assert isinstance(seen.learned[0], Learned)
    assert seen.leases == (Lease("10.40.12.20", "00:a1:b2:c3:d4:e5"),)
    assert {"192.0.2.2", "10.40.12.20"} <= seen.arp.keys()
    uplink, port = seen.ports[UPLINK], seen.ports[PORT]
    assert (uplink.up, uplink.vlan, uplink.speed_mbps) == (True, None, 1000)
    assert (port.up, port.enabled, port.vlan, port.poe_watts) == (False, True, 1, 0.0)
    assert port.description == "Meja panitia, aula utama lantai dua"
    assert port.errors is not None
    assert seen.ports["Vlan1"].enabled is False
    assert len([name for name in seen.ports if name.startswith("Gi")]) == 28


def test_an_access_point_is_fed_and_seen(tmp_path: Path) -> None:
    with staged(tmp_path, CAMPUS) as stage:
        seen = looked(stage, "sw-pendopo-1")
        assert seen.ports["GigabitEthernet1/0/1"].poe_watts == 15.4
        assert ("GigabitEthernet1/0/1", "ap-pendopo-1.kabupaten.example", "eth0", "lldp") in {
            (n.port, n.device, n.remote_port, n.protocol) for n in seen.neighbors
        }


def test_a_vlan_with_no_port_needs_no_power_to_be_asked(stage: Stage) -> None:
    stage.lab.forget()
    stage.read(wanted=[Vlan(301, "x"), replace(CAMERA, poe=None)])
    asked = stage.lab.lines(LEAF)
    assert not [line for line in asked if "power" in line or "route" in line or "nat" in line]
