"""How a router is doing, as it says itself over SSH: every condition of the lab, both versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.drivers.network import (
    TOPICS,
    Examination,
    Inquiry,
    OnAir,
    PortHealth,
    Radio,
    ScopeHealth,
    Stranger,
)
from provisioner.drivers.routeros.examining_lines import reads
from provisioner.lab.devices.routeros import Client
from tests.contract.routeros_stage import NEW, OLD, Stage, a_router, a_switch, staged

OFFICE = Client("AA:BB:CC:00:00:01", vlan=110, hostname="laptop", ssid="KANTOR")
LINES = (
    "/interface vlan add name=acara vlan-id=301 interface=ether2",
    "/ip address add address=10.31.1.1/24 interface=acara",
    "/ip pool add name=acara ranges=10.31.1.10-10.31.1.19",
    "/ip dhcp-server add name=acara interface=acara address-pool=acara disabled=no",
    "/ip dhcp-server network add address=10.31.1.0/24 gateway=10.31.1.1",
    "/ip dhcp-server alert add interface=acara",
)
"""What an office has set up on its router for an event."""


@pytest.fixture(params=[OLD, NEW])
def switch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    wireless = "wifi" if request.param == NEW else "wireless"
    with staged(tmp_path, a_switch(request.param, wireless=wireless)) as made:
        device = made.lab.device(made.name)
        made.lab.call(lambda: device.plugged.update({"ether3", "ether4"}))  # type: ignore[attr-defined]
        made.lab.call(lambda: device.clients.append(OFFICE))  # type: ignore[attr-defined]
        yield made


@pytest.fixture(params=[OLD, NEW])
def router(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, a_router(request.param)) as made:
        device = made.lab.device(made.name)
        guest = Client("AA:BB:CC:00:00:02", vlan=301, hostname="hp")
        made.lab.call(lambda: device.plugged.add("ether2"))  # type: ignore[attr-defined]
        made.lab.call(lambda: device.clients.append(guest))  # type: ignore[attr-defined]
        made.types(*LINES)
        yield made


def look(stage: Stage, inquiry: Inquiry = Inquiry()) -> Examination:  # noqa: B008 - a value
    """One examination: only reading lines were sent, and the configuration is as it was."""
    before = stage.configuration()
    stage.lab.forget()
    found = stage.platform.examine({stage.name: inquiry})[stage.name]
    assert isinstance(found, Examination), found
    assert stage.configuration() == before
    sent = [line.partition("; :put (")[0] for line in stage.lab.lines(stage.name)]
    assert sent
    assert [line for line in sent if not reads(line)] == []
    assert len(sent) == len(set(sent)), "nothing is asked twice"
    return found


def port(stage: Stage, name: str) -> PortHealth:
    return look(stage, Inquiry(frozenset({"ports", "spanning_tree", "power"}))).ports[name]


# ---------------------------------------------------------------- healthy


def test_a_healthy_switch_tells_all_and_complains_of_nothing(switch: Stage) -> None:
    seen = look(switch)
    assert seen.untold == {}
    assert seen.cut is None
    assert (seen.host, seen.hostname) == ("sw-7", "sw-7")
    assert 0 < seen.login_seconds < seen.seconds
    assert seen.system.version in (OLD, NEW)
    assert seen.system.serial
    assert seen.system.uptime == pytest.approx(788400, abs=60)
    assert seen.system.cpu_percent == 2
    assert seen.system.memory_percent == pytest.approx(20.7)
    assert seen.system.storage_percent == pytest.approx(4.4)
    assert seen.system.temperature == 41
    assert seen.system.alarms == ()
    assert seen.system.clock_offset == pytest.approx(0, abs=5)
    assert seen.system.synchronized is True
    assert seen.vlans is not None
    assert {99, 110, 120} <= seen.vlans.keys()
    assert seen.power is not None
    assert seen.power.available == 150
    assert 0 < seen.power.used < 100
    trunk, desk = seen.ports["ether1"], seen.ports["ether3"]
    assert (trunk.mode, trunk.untagged, trunk.tagged) == (
        "trunk", 1, frozenset({99, 110, 120}),
    )  # fmt: skip
    assert (desk.mode, desk.untagged, desk.tagged) == ("access", 110, frozenset())
    for each in (trunk, desk):
        assert (each.up, each.speed_mbps, each.duplex, each.tree) == (
            True, 1000, "full", "forwarding",
        )  # fmt: skip
        assert (each.in_errors, each.out_errors, each.collisions, each.drops) == (0, 0, 0, 0)
        assert (each.changes, each.disabled_by_fault) == (0, "")
        assert each.in_bps is not None
        assert each.in_bps < 10**6
    assert not seen.ports["ether8"].up
    assert seen.ports["ether8"].tree is None
    assert any(each.mac == OFFICE.mac.lower() for each in seen.learned)
    assert {(r.enabled, r.up, r.band, r.channel) for r in seen.radios} == {
        (True, True, "5", 36), (True, True, "2.4", 6),
    }  # fmt: skip
    assert {(n.ssid, n.up, n.refused) for n in seen.on_air} == {("KANTOR", True, 0)}
    assert sum(n.clients or 0 for n in seen.on_air) == 1


def test_a_healthy_router_tells_its_way_out(router: Stage) -> None:
    seen = look(router, Inquiry(pings=("1.1.1.1", "203.0.113.1"), names=("kominfo.go.id",)))
    assert seen.untold == {}
    assert (seen.gateway, seen.outside) == ("203.0.113.1", "ether1")
    assert seen.resolvers == ("203.0.113.1",)
    assert "203.0.113.1" in seen.arp
    assert seen.scopes == (
        ScopeHealth("acara", "10.31.1.0/24", "acara", 301, size=10, used=1, enabled=True),
    )
    assert [lease.address for lease in seen.leases] == ["10.31.1.10"]
    assert seen.strangers == ()
    assert [(p.address, p.sent, p.received) for p in seen.pings] == [
        ("1.1.1.1", 3, 3), ("203.0.113.1", 3, 3),
    ]  # fmt: skip
    assert [bool(name.addresses) for name in seen.names] == [True]
    assert seen.ports["ether2"].tagged == frozenset({99, 301})
    assert seen.vlans is not None
    assert seen.vlans[301] == "acara"


def test_only_what_is_asked_for_is_read(switch: Stage) -> None:
    for topic in TOPICS:
        seen = look(switch, Inquiry(frozenset({topic})))
        assert seen.untold == {}
        assert (seen.system.uptime is None) is (topic != "system")
        assert bool(seen.learned) is (topic == "learned")
        assert bool(seen.radios) is (topic == "wireless")
    assert len(switch.lab.lines(switch.name)) < 12


# ---------------------------------------------------------------- the device itself


@pytest.mark.parametrize(
    ("fault", "told", "expected"),
    [
        ("cpu-busy", "cpu_percent", 97), ("memory-low", "memory_percent", 97),
        ("flash-full", "storage_percent", 100), ("overheated", "temperature", 91),
    ],
)  # fmt: skip
def test_what_ails_the_device_itself(switch: Stage, fault: str, told: str, expected: float) -> None:
    switch.lab.fault(fault, host=switch.name)
    assert getattr(look(switch).system, told) == pytest.approx(expected, abs=0.2)


def test_a_wrong_clock(switch: Stage) -> None:
    switch.lab.fault("clock-wrong", host=switch.name, seconds="7200")
    system = look(switch).system
    assert system.clock_offset == pytest.approx(7200, abs=5)
    assert system.synchronized is False


def test_a_reboot_and_why(switch: Stage) -> None:
    switch.lab.fault("rebooted", host=switch.name, seconds="120")
    system = look(switch).system
    assert system.uptime == 120
    assert "without proper shutdown" in system.restarted


# ---------------------------------------------------------------- ports


def test_errors_grow(switch: Stage) -> None:
    switch.lab.fault("port-errors", host=switch.name, port="ether3", rate="5000")
    first, second = port(switch, "ether3"), port(switch, "ether3")
    assert first.in_errors
    assert second.in_errors
    assert second.in_errors > first.in_errors
    assert port(switch, "ether4").in_errors == 0


def test_half_duplex_has_late_collisions(switch: Stage) -> None:
    switch.lab.fault("port-half-duplex", host=switch.name, port="ether3")
    seen = port(switch, "ether3")
    assert (seen.duplex, seen.speed_mbps) == ("half", 100)
    assert seen.collisions
    assert port(switch, "ether4").duplex == "full"


def test_a_flapping_port(switch: Stage) -> None:
    switch.lab.fault("port-flaps", host=switch.name, port="ether3")
    assert port(switch, "ether3").changes
    assert port(switch, "ether4").changes == 0


def test_a_full_port(switch: Stage) -> None:
    switch.lab.fault("port-saturated", host=switch.name, port="ether3")
    seen = port(switch, "ether3")
    assert seen.in_bps == pytest.approx(980_000_000)
    assert seen.drops


def test_loop_protection_and_spanning_tree(switch: Stage) -> None:
    switch.lab.fault("port-err-disabled", host=switch.name, port="ether3")
    switch.lab.fault("port-looped", host=switch.name, port="ether4")
    off, looped = port(switch, "ether3"), port(switch, "ether4")
    assert (off.up, off.enabled, off.disabled_by_fault) == (False, True, "loop-protect")
    assert (looped.up, looped.tree) == (True, "blocking")
    device = switch.lab.device(switch.name)
    assert not switch.lab.call(lambda: device.carries("ether3", 110))
    assert not switch.lab.call(lambda: device.carries("ether4", 110))


def test_a_port_that_a_person_has_switched_off(switch: Stage) -> None:
    switch.types("/interface disable ether3")
    seen = port(switch, "ether3")
    assert (seen.up, seen.enabled, seen.disabled_by_fault) == (False, False, "")


@pytest.mark.parametrize(("fault", "told"), [("poe-denied", "denied"), ("poe-fault", "fault")])
def test_power_over_ethernet(switch: Stage, fault: str, told: str) -> None:
    assert port(switch, "ether3").feeding == "on"
    switch.lab.fault(fault, host=switch.name, port="ether3")
    seen = port(switch, "ether3")
    assert (seen.feeding, seen.up, seen.watts) == (told, False, None), "what it fed is dark"
    assert port(switch, "ether4").feeding == "on"


# ---------------------------------------------------------------- addresses


def test_a_scope_with_nothing_left_and_one_that_is_dead(router: Stage) -> None:
    router.lab.fault("scope-empty", host=router.name, network="10.31.1.0/24")
    scope = look(router).scopes[0]
    assert (scope.size, scope.used, scope.enabled) == (10, 10, True)
    router.lab.clear()
    router.lab.fault("dhcp-dead", host=router.name)
    assert not look(router).scopes[0].enabled
    router.lab.clear()
    router.types("/ip dhcp-server disable [find where name=acara]")
    assert not look(router).scopes[0].enabled


def test_a_strangers_dhcp_server(router: Stage) -> None:
    router.lab.fault("rogue-dhcp", host=router.name, port="ether2", vlan="301")
    assert look(router).strangers == (Stranger("192.168.1.1", "02:66:6f:6f:00:01", "acara", 301),)


def test_a_stranger_is_told_by_the_port_that_hears_him(switch: Stage) -> None:
    switch.lab.fault("rogue-dhcp", host=switch.name, port="ether4")
    assert look(switch).strangers == (Stranger("192.168.1.1", "02:66:6f:6f:00:01", "ether4", 110),)


@pytest.mark.parametrize(
    ("fault", "gateway", "outside", "named"),
    [
        ("internet-dead", 3, 0, False), ("gateway-dead", 0, 0, False),
        ("internet-lossy", 3, 1, True), ("dns-dead", 3, 3, False),
    ],
)  # fmt: skip
def test_the_outside(router: Stage, fault: str, gateway: int, outside: int, named: bool) -> None:
    router.lab.fault(fault, host=router.name)
    seen = look(router, Inquiry(pings=("203.0.113.1", "1.1.1.1"), names=("kominfo.go.id",)))
    assert [ping.received for ping in seen.pings] == [gateway, outside]
    assert bool(seen.names[0].addresses) is named
    assert bool(seen.names[0].error) is not named
    assert ("203.0.113.1" in seen.arp) is (fault != "gateway-dead")


# ---------------------------------------------------------------- radios


def _radio(seen: Examination, band: str) -> Radio:
    return next(radio for radio in seen.radios if radio.band == band)


def test_a_radio_that_does_not_transmit_and_one_switched_off(switch: Stage) -> None:
    names = [radio.name for radio in look(switch).radios]
    switch.lab.fault("radio-off", host=switch.name, radio=names[0])
    seen = look(switch)
    assert [(r.enabled, r.up) for r in seen.radios] == [(True, False), (True, True)]
    assert {n.radio: n.up for n in seen.on_air} == {names[0]: False, names[1]: True}
    switch.lab.clear()
    switch.types(f"/interface disable {names[0]}")
    seen = look(switch)
    assert [(r.enabled, r.up) for r in seen.radios] == [(False, False), (True, True)]
    assert [n.radio for n in seen.on_air] == [names[1]]


def test_clients_that_are_turned_away(switch: Stage) -> None:
    switch.lab.fault("join-fails", host=switch.name, ssid="KANTOR", count="40")
    assert sum(each.refused or 0 for each in look(switch).on_air) == 40


def test_noise_where_the_device_tells_of_it(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(OLD, wireless="wireless")) as stage:
        quiet = _radio(look(stage), "5").noise_dbm
        stage.lab.fault("channel-jammed", host=stage.name)
        loud = _radio(look(stage), "5").noise_dbm
    assert quiet == -105
    assert loud is not None
    assert loud > -60


def test_a_network_beside_the_offices_on_the_same_radio(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(OLD, wireless="wireless")) as stage:
        stage.types("/interface wireless add name=tamu master-interface=wlan2 ssid=TAMU "
                    "disabled=no")  # fmt: skip
        seen = look(stage)
    assert len(seen.radios) == 2
    assert OnAir("TAMU", "wlan2", True, 0, 0) in seen.on_air


@pytest.mark.parametrize("version", [OLD, NEW])
def test_a_device_without_a_menu_says_so_and_no_more(tmp_path: Path, version: str) -> None:
    with staged(tmp_path, a_switch(version, poe=False)) as stage:
        seen = look(stage)
    assert seen.untold.keys() == {"power"}
    assert "poe" in seen.untold["power"]
    assert seen.power is None
    assert (seen.radios, seen.on_air) == ((), ())
    assert seen.ports["ether1"].feeding is None
