"""What a simulated IOS switch shows when something is wrong with it, and that only then."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from ntc_templates.parse import parse_output

from provisioner.lab.devices.lab import DeviceLab, running_lab
from provisioner.lab.devices.plan import CAMPUS, UPLINK, tree
from tests.lab.devices import told

CORE, LEAF = "sw-001", "sw-002"
DOWN = "GigabitEthernet1/0/1"


@pytest.fixture
def lab() -> Iterator[DeviceLab]:
    with running_lab(tree(2, minute=0.02, boot_seconds=0.01)) as made:
        yield made


def status(lab: DeviceLab, host: str, port: str) -> str:
    rows = parse_output("cisco_ios", "show interfaces status", told(lab, host, "show int status"))
    return next(row["status"] for row in rows if port.endswith(row["port"].removeprefix("Gi")))


@pytest.mark.parametrize(
    "command",
    ["show processes cpu", "show file systems", "show clock",
     "show spanning-tree", "show interfaces status err-disabled", "show power inline"],
)  # fmt: skip
def test_the_published_templates_read_it(lab: DeviceLab, command: str) -> None:
    lab.fault("port-err-disabled", host=LEAF, port=DOWN)
    text = told(lab, LEAF, command)
    assert parse_output("cisco_ios", command, text)


def test_a_healthy_switch_has_nothing_in_its_log(lab: DeviceLab) -> None:
    assert "%" not in told(lab, CORE, "show logging")
    assert told(lab, CORE, "show interfaces status err-disabled").strip() == ""
    assert "BLK" not in told(lab, CORE, "show spanning-tree")


@pytest.mark.parametrize("fault", ["device-dead", "cable-pulled", "port-err-disabled"])
def test_no_light_is_seen_at_both_ends(lab: DeviceLab, fault: str) -> None:
    assert status(lab, CORE, DOWN) == "connected"
    options = {"port": UPLINK} if fault == "cable-pulled" else {}
    if fault == "port-err-disabled":
        lab.fault(fault, host=CORE, port=DOWN)
        assert status(lab, CORE, DOWN) == "err-disabled"
        assert lab.call(lambda: lab.device(LEAF).link(UPLINK)) is False
    else:
        lab.fault(fault, host=LEAF, **options)
        assert status(lab, CORE, DOWN) == "notconnect"
    lab.clear()
    assert status(lab, CORE, DOWN) == "connected"


def test_a_person_ends_an_err_disabled_port(lab: DeviceLab) -> None:
    lab.fault("port-err-disabled", host=CORE, port=DOWN, reason="loopback")
    log = told(lab, CORE, "show logging")
    assert "%PM-4-ERR_DISABLE: loopback error detected on Gi1/0/1" in log
    told(lab, CORE, "conf t", f"interface {DOWN}", "no shutdown", "end")
    assert status(lab, CORE, DOWN) == "err-disabled"
    told(lab, CORE, "conf t", f"interface {DOWN}", "shutdown", "no shutdown", "end")
    assert status(lab, CORE, DOWN) == "connected"
    assert lab.state()["faults"] == []


def test_what_happened_stays_counted_after_the_fault(lab: DeviceLab) -> None:
    def errors() -> int:
        text = told(lab, CORE, f"show interfaces {DOWN}")
        return int(re.search(r"(\d+) input errors", text)[1])  # type: ignore[index]

    before = errors()
    lab.fault("port-errors", host=CORE, port=DOWN, rate=100000)
    during = errors()
    lab.clear()
    assert before < during <= errors()
    assert errors() == errors()


def test_an_access_point_lives_on_power_from_its_switch() -> None:
    with running_lab(CAMPUS) as lab:
        port = "GigabitEthernet1/0/1"
        told(lab, "sw-pendopo-1", "conf t", f"interface {port}", "power inline never", "end")
        assert not lab.state()["devices"]["ap-pendopo-1"]["up"]
        assert lab.state()["devices"]["ap-pendopo-2"]["up"]
        told(lab, "sw-pendopo-1", "conf t", f"interface {port}", "power inline auto", "end")
        assert lab.state()["devices"]["ap-pendopo-1"]["up"]


def test_a_reboot_shows_in_the_uptime_and_the_start_of_the_lab_does_not(lab: DeviceLab) -> None:
    assert "uptime is 5 weeks, 5 days" in told(lab, LEAF, "show version")
    lab.reboot(LEAF)
    while not lab.reachable(LEAF):
        pass
    assert "uptime is 0 minutes" in told(lab, LEAF, "show version")
