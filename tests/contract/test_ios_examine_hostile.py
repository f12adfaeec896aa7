"""Switches that hang, flood, garble or hang up; and lines that are never sent to any."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.drivers.ios.session import Session
from provisioner.drivers.network.examination import Inquiry
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.terminal import NotReadingError
from provisioner.errors import Retriable
from tests.contract.ios_examining import CORE, DOWN, LEAF, asked, examined
from tests.contract.ios_stage import Stage, staged


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("ios")) as made:
        yield made


@pytest.fixture
def stage(shared: Stage) -> Iterator[Stage]:
    yield shared
    shared.lab.clear()


@pytest.mark.parametrize(
    "line",
    [
        "configure terminal", "conf t", "write memory", "reload", "clear ip dhcp binding *",
        "show tech-support", "show tech", "show te", "show running-config | redirect flash:x",
        "show running-config | tee flash:x", "show run | append tftp://192.0.2.1/x",
        "show run | include x | redirect flash:x", "show run | include x |red flash:x",
        "ping 192.0.2.1 | redirect flash:x", "ping 192.0.2.1 repeat 100000", "ping", "debug all",
        "show version\nreload", "terminal monitor", "copy running-config flash:x", "",
        "test cable-diagnostics tdr interface gi1/0/1", "do show version", "delete flash:x",
    ],
)  # fmt: skip
def test_a_session_that_looks_refuses_all_other_lines(stage: Stage, line: str) -> None:
    stage.lab.forget()
    login = Access(stage.known_hosts, lambda: "").login(stage.hosts[LEAF])
    with Session(login, 5, 5) as session:
        session.open()
        session.only_read(5)
        with pytest.raises(NotReadingError):
            session.ask(line)
        assert session.ask("show clock")
    assert stage.lab.lines(LEAF) == ["show clock"]


# ---------------------------------------------------------------- devices out of their mind


def test_one_that_hangs_costs_its_limit_and_keeps_what_was_read(stage: Stage) -> None:
    stage.lab.fault("device-hangs", host=CORE, line="show spanning-tree")
    found = examined(stage, inquiry=Inquiry(limit=1.0))
    assert found.cut is not None
    assert "\n" not in str(found.cut)
    assert found.system.model
    assert found.ports[DOWN].up
    assert {"spanning_tree", "power", "neighbors", "learned", "addresses"} == set(found.untold)
    assert found.seconds < 5


@pytest.mark.parametrize("fault", ["device-hangs", "device-floods"])
def test_one_that_says_nothing_at_all_is_a_failure_of_one_line(stage: Stage, fault: str) -> None:
    stage.lab.fault(fault, host=CORE)
    found = asked(stage, inquiry=Inquiry(limit=1.0))
    assert isinstance(found, Retriable), found
    assert "\n" not in str(found.what)


def test_a_flood_ends_the_session(stage: Stage) -> None:
    stage.lab.fault("device-floods", host=CORE, line="show interfaces$")
    found = examined(stage)
    assert "without end" in str(found.cut)
    assert found.system.model
    assert "ports" in found.untold


@pytest.mark.parametrize(
    ("line", "topic"),
    [
        ("show spanning-tree", "spanning_tree"),
        ("show power inline", "power"),
        ("show vlan", "vlans"),
        ("show mac", "learned"),
        ("show (lldp|cdp)", "neighbors"),
        ("show ip arp", "addresses"),
        ("show interfaces", "ports"),
        ("show version", "system"),
    ],
)
def test_rubbish_is_told_as_unknown(stage: Stage, line: str, topic: str) -> None:
    stage.lab.fault("device-garbles", host=CORE, line=line)
    found = examined(stage)
    assert topic in found.untold
    assert found.untold[topic].isprintable()
    assert found.cut is None


def test_rubbish_to_everything_is_no_finding(stage: Stage) -> None:
    stage.lab.fault("device-garbles", host=CORE)
    found = asked(stage, inquiry=Inquiry(limit=3.0))
    assert not isinstance(found, Exception) or isinstance(found, Retriable)


def test_one_that_closes_the_session(stage: Stage) -> None:
    stage.lab.fault("session-drop", host=CORE, line="show vlan brief")
    found = examined(stage)
    assert found.cut is not None
    assert "vlans" in found.untold
    assert found.ports[DOWN].up
