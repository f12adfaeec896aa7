"""What is done about what is wrong with an OpenWrt device, over real SSH."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.drivers.network import (
    BouncePort,
    CyclePower,
    DropLease,
    EnablePort,
    Remedied,
    Remedy,
    RestartRadio,
)
from provisioner.errors import ActionNeeded, Refused
from tests.contract.openwrt_looks import Stage, looked_at
from tests.contract.openwrt_stage import until


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with looked_at(tmp_path_factory.mktemp("openwrt")) as stage:
        yield stage


@pytest.fixture
def stage(everything: Stage) -> Iterator[Stage]:
    yield everything
    everything.lab.clear()


# ---------------------------------------------------------------------- remedies


def test_a_port_is_bounced_and_switched_on(stage: Stage) -> None:
    rt = stage.device("ap-1")
    stage.lab.call(lambda: rt.down.add("lan3"))
    assert not stage.seen("ap-1").ports["lan3"].enabled
    done = stage.do("ap-1", EnablePort("lan3"))
    assert isinstance(done, Remedied)
    assert done.transcript == "ip link set dev lan3 up"
    assert stage.seen("ap-1").ports["lan3"].enabled
    done = stage.do("ap-1", BouncePort("wan"))
    assert isinstance(done, Remedied)
    assert done.transcript.splitlines() == ["ip link set dev wan down", "ip link set dev wan up"]
    assert stage.seen("ap-1").ports["wan"].up


def test_the_port_that_we_come_by_is_left_alone(stage: Stage) -> None:
    before = stage.lab.configurations()
    for host, port in (("ap-0", "eth0"), ("ap-1", "lan1")):
        assert isinstance(stage.do(host, BouncePort(port)), Refused)
        assert stage.device(host).down == set()
    assert stage.lab.configurations() == before


@pytest.mark.parametrize(
    "remedy",
    [DropLease("10.40.12.50"), CyclePower("lan3"), BouncePort("lan9"), EnablePort("lan3;reboot"),
     RestartRadio("radio7"), RestartRadio("radio0'")],
)  # fmt: skip
def test_what_it_cannot_do_is_refused(stage: Stage, remedy: Remedy) -> None:
    assert isinstance(stage.do("ap-1", remedy), Refused)


def test_a_radio_is_started_anew(stage: Stage) -> None:
    stage.lab.fault("radio-off", host="ap-0", radio="radio1")
    assert not stage.seen().on_air[0].up
    done = stage.do("ap-0", RestartRadio("radio1"))
    assert isinstance(done, Remedied)
    assert done.transcript == "wifi up radio1"
    until(lambda: stage.seen().on_air[0].up)


def test_another_device_at_that_address_is_left_alone(stage: Stage) -> None:
    files = stage.device("ap-0").system.files
    stage.lab.call(lambda: files.write("/proc/sys/kernel/hostname", b"ap-9\n"))
    try:
        assert isinstance(stage.do("ap-0", RestartRadio()), ActionNeeded)
        assert stage.seen().hostname == "ap-9"
    finally:
        stage.lab.call(lambda: files.write("/proc/sys/kernel/hostname", b"ap-0\n"))
