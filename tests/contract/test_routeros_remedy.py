"""The few things that help on a router, over SSH; what may not be touched is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.drivers.network import (
    BouncePort,
    CyclePower,
    DropLease,
    EnablePort,
    Examination,
    Inquiry,
    Remedied,
    Remedy,
    RestartRadio,
)
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, StepFailure
from provisioner.lab.devices.routeros import Client
from tests.contract.routeros_stage import NEW, OLD, Stage, a_router, a_switch, staged, until
from tests.contract.test_routeros_examine import LINES


@pytest.fixture(params=[OLD, NEW])
def switch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    wireless = "wifi" if request.param == NEW else "wireless"
    with staged(tmp_path, a_switch(request.param, wireless=wireless), minute=0.6) as made:
        device = made.lab.device(made.name)
        made.lab.call(lambda: device.plugged.add("ether3"))  # type: ignore[attr-defined]
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


def do(stage: Stage, remedy: Remedy) -> Remedied | StepFailure:
    return stage.platform.remedy({stage.name: remedy})[stage.name]


def done(stage: Stage, remedy: Remedy) -> str:
    found = do(stage, remedy)
    assert isinstance(found, Remedied), found
    assert stage.lab.plan.password
    assert stage.lab.plan.password not in found.transcript
    return found.transcript


def refused(stage: Stage, remedy: Remedy) -> str:
    """Nothing was changed."""
    before = stage.configuration()
    found = do(stage, remedy)
    assert isinstance(found, Refused), found
    assert stage.configuration() == before
    return str(found.what)


def look(stage: Stage) -> Examination:
    found = stage.platform.examine({stage.name: Inquiry()})[stage.name]
    assert isinstance(found, Examination)
    return found


def test_a_bounce_ends_what_the_device_switched_off(switch: Stage) -> None:
    before = switch.configuration()
    switch.lab.fault("port-err-disabled", host=switch.name, port="ether3")
    assert look(switch).ports["ether3"].disabled_by_fault == "loop-protect"
    assert "ether3" in done(switch, BouncePort("ether3"))
    seen = look(switch).ports["ether3"]
    assert (seen.up, seen.enabled, seen.disabled_by_fault) == (True, True, "")
    assert switch.configuration() == before


def test_a_port_is_switched_on(switch: Stage) -> None:
    before = switch.configuration()
    switch.types("/interface disable ether3")
    assert not look(switch).ports["ether3"].up
    done(switch, EnablePort("ether3"))
    done(switch, EnablePort("ether3"))
    assert look(switch).ports["ether3"].up
    assert switch.configuration() == before


def test_power_is_taken_for_ten_seconds(switch: Stage) -> None:
    before = switch.configuration()
    assert "duration=10s" in done(switch, CyclePower("ether3"))
    device = switch.lab.device(switch.name)
    until(lambda: not device.unfed)  # type: ignore[attr-defined]
    assert look(switch).ports["ether3"].feeding == "on"
    assert any("power-cycled" in line for _, _, line in device.log)  # type: ignore[attr-defined]
    assert switch.configuration() == before


@pytest.mark.parametrize("version", [OLD, NEW])
def test_no_power_where_none_is_given(tmp_path: Path, version: str) -> None:
    with staged(tmp_path, a_switch(version, poe=False)) as stage:
        assert "gives no power" in refused(stage, CyclePower("ether3"))


def test_the_way_to_us_is_not_touched(switch: Stage) -> None:
    for remedy in (BouncePort("ether1"), CyclePower("ether1"), BouncePort("bridge1"),
                   BouncePort("vlan99")):  # fmt: skip
        assert "we reach it through" in refused(switch, remedy)
    assert "no port" in refused(switch, BouncePort("ether99"))


def test_the_way_to_us_on_a_router(router: Stage) -> None:
    assert "we reach it through ether2" in refused(router, BouncePort("ether2"))
    done(router, BouncePort("ether3"))


def test_of_several_trunks_the_one_that_hears_us(switch: Stage) -> None:
    vlan = "/interface bridge vlan set [find where vlan-ids=99] tagged=bridge1,ether1,ether2"
    switch.types(vlan)
    assert "ether1" in refused(switch, BouncePort("ether1"))
    assert "ether2" in refused(switch, BouncePort("ether2"))
    with switch.person() as session:
        peer = session.ask("/user active print terse without-paging")
        address = peer.partition("address=")[2].split()[0]
        session.tell(f"/ip arp add address={address} mac-address=AA:00:00:00:00:01 "
                     "interface=vlan99")  # fmt: skip
        session.tell("/interface bridge host add mac-address=AA:00:00:00:00:01 vid=99 "
                     "interface=ether2 bridge=bridge1")  # fmt: skip
    assert "ether2" in refused(switch, BouncePort("ether2"))
    done(switch, BouncePort("ether1"))


def test_another_device_is_left_alone(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(identity="other")) as stage:
        before = stage.configuration()
        assert isinstance(do(stage, BouncePort("ether3")), ActionNeeded)
        assert stage.configuration() == before


def test_a_lease_is_dropped(router: Stage) -> None:
    before = router.configuration()
    assert [lease.address for lease in look(router).leases] == ["10.31.1.10"]
    done(router, DropLease("10.31.1.10"))
    assert look(router).leases == ()
    done(router, DropLease("10.31.1.10"))
    assert router.configuration() == before


def test_a_lease_for_good_is_kept(router: Stage) -> None:
    router.types("/ip dhcp-server lease add address=10.31.1.19 mac-address=AA:BB:CC:00:00:09 "
                 "server=acara")  # fmt: skip
    assert "for good" in refused(router, DropLease("10.31.1.19"))


@pytest.mark.parametrize("named", [True, False])
def test_a_radio_is_started_anew(switch: Stage, named: bool) -> None:
    before = switch.configuration()
    radio = look(switch).radios[0].name
    switch.lab.fault("radio-off", host=switch.name, radio=radio)
    assert not look(switch).radios[0].up
    done(switch, RestartRadio(radio if named else ""))
    assert all(each.up for each in look(switch).radios)
    switch.types(f"/interface disable {radio}")
    done(switch, RestartRadio(radio if named else ""))
    assert all(each.up for each in look(switch).radios)
    assert switch.configuration() == before
    assert "no radio" in refused(switch, RestartRadio("wlan99"))


def test_a_session_that_breaks_midway_is_told(switch: Stage) -> None:
    switch.lab.fault("session-drop", host=switch.name, line="disable")
    assert isinstance(do(switch, BouncePort("ether3")), OutcomeUnknown)
