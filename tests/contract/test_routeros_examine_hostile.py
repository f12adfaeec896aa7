"""Routers that hang, flood, babble or hang up; and lines that a session for looking refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.drivers.network import Examination, Inquiry
from provisioner.drivers.routeros.examining_lines import LINES, reads
from provisioner.drivers.routeros.surroundings import QUESTIONS
from provisioner.drivers.sessions.terminal import NotReadingError
from provisioner.errors import Retriable, StepFailure
from tests.contract.routeros_stage import NEW, OLD, Stage, a_router, a_switch, staged

SHORT = Inquiry(limit=1.5)


@pytest.fixture(params=[OLD, NEW])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, a_switch(request.param)) as made:
        yield made


def look(stage: Stage, inquiry: Inquiry = SHORT) -> Examination | StepFailure:
    before = stage.configuration()
    found = stage.platform.examine({stage.name: inquiry})[stage.name]
    stage.lab.clear()
    assert stage.configuration() == before
    return found


@pytest.mark.parametrize("fault", ["device-hangs", "device-floods", "session-drop"])
def test_midway_what_was_said_before_is_kept(stage: Stage, fault: str) -> None:
    stage.lab.fault(fault, host=stage.name, line="^/interface bridge vlan print")
    found = look(stage)
    assert isinstance(found, Examination)
    assert found.cut is not None
    assert len(str(found.cut).splitlines()) == 1
    assert found.hostname == stage.name
    assert found.system.version in (OLD, NEW)
    assert found.ports["ether1"].up
    assert found.ports["ether1"].tagged is None
    assert found.vlans is None
    assert {"vlans", "spanning_tree", "learned", "addresses"} <= found.untold.keys()
    assert not {"system", "ports"} & found.untold.keys()


@pytest.mark.parametrize("fault", ["device-hangs", "device-floods", "device-garbles"])
def test_from_the_first_line_it_is_one_clear_failure(stage: Stage, fault: str) -> None:
    stage.lab.fault(fault, host=stage.name)
    found = look(stage, Inquiry(limit=1.0) if fault != "device-garbles" else Inquiry(limit=20))
    assert isinstance(found, Retriable)
    assert "does not answer after the login" in str(found.what)
    assert len(str(found.what).splitlines()) == 1
    assert str(found.what).isprintable()


def test_after_a_flood_it_is_read_as_if_nothing_had_been(stage: Stage) -> None:
    stage.lab.fault("device-floods", host=stage.name, line="^/log print")
    flooded = look(stage, Inquiry(frozenset({"system"}), limit=10))
    assert isinstance(flooded, Examination)
    assert "without end" in str(flooded.cut)
    found = look(stage, Inquiry(frozenset({"system"})))
    assert isinstance(found, Examination)
    assert found.cut is None


@pytest.mark.parametrize(
    ("line", "topics"),
    [
        ("^/system resource", {"system"}), ("^/interface print terse", {"ports", "wireless"}),
        ("^/interface bridge vlan", {"vlans"}), ("^/interface bridge port monitor",
                                                 {"spanning_tree"}),
        ("poe monitor", {"power"}), ("^/ip neighbor", {"neighbors"}),
        ("^/interface bridge host", {"learned"}), ("^/ip dhcp-server lease", {"addresses"}),
        ("^/ip route", {"addresses"}), ("^/ping", {"pings"}),
    ],
)  # fmt: skip
def test_rubbish_in_one_answer_costs_that_topic_alone(
    stage: Stage, line: str, topics: set[str]
) -> None:
    stage.lab.fault("device-garbles", host=stage.name, line=line)
    found = look(stage, Inquiry(pings=("1.1.1.1",)))
    assert isinstance(found, Examination)
    assert found.cut is None
    assert found.untold == dict.fromkeys(topics, "the answer cannot be read")


def test_rubbish_where_it_is_not_needed_is_just_not_there(tmp_path: Path) -> None:
    with staged(tmp_path, a_router()) as stage:
        stage.lab.fault("device-garbles", host=stage.name, line="stats|clock|health|resolve")
        found = look(stage, Inquiry(names=("kominfo.go.id",)))
    assert isinstance(found, Examination)
    assert found.untold == {}
    assert found.system.clock_offset is None
    assert found.system.temperature is None
    assert found.ports["ether1"].in_errors is None
    assert found.names[0].error == "the answer cannot be read"


def test_even_another_hostname_is_looked_at(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(identity="other")) as stage:
        found = look(stage, Inquiry(limit=20))
    assert isinstance(found, Examination)
    assert found.hostname == "other"


# ---------------------------------------------------------------- only lines that read


@pytest.mark.parametrize("line", [*LINES.values(), *QUESTIONS.values()])
def test_what_we_ask_is_a_reading_line(line: str) -> None:
    assert reads(line)


@pytest.mark.parametrize(
    "line",
    [
        "/export hide-sensitive", "/export terse", "/log print", "/ip address print where "
        "interface=ether1", "/ping address=1.1.1.1 count=3", ':put [:resolve "kominfo.go.id"]',
        "/interface wifi monitor wifi1 once", '/interface wireless monitor "lantai 2" once',
    ],
)  # fmt: skip
def test_other_lines_that_only_read(line: str) -> None:
    assert reads(line)


@pytest.mark.parametrize(
    "line",
    [
        "", " ", "/interface disable ether1", "/interface print; /system reboot",
        "/interface print terse without-paging\n/system reboot", "/system reboot",
        "/interface set [find] disabled=yes", "/system script run print",
        "/system script run x", "/ip dhcp-server lease remove print", "/export file=all",
        "/export show-sensitive", "/interface print file=x", "/interface monitor ether1",
        "/interface print where name=[/system reboot]", "/ip address add address=1.1.1.1",
        '/interface print where name="$[/system reboot]"', "/interface ethernet poe set x",
        '/interface wifi monitor "a$[/system reboot]" once', "/ping address=1.1.1.1 count=3 ;",
        "/interface wireless scan wlan1", "/interface wireless monitor [find]",
        ':put [:resolve "a\\" . [/system reboot]]', ":put [/system reboot]", "\x18",
        "/interface print terse }", "/tool fetch url=x", "/ip dns cache flush",
        "/interface ethernet poe power-cycle ether1", "/interface reset-counters ether1",
    ],
)  # fmt: skip
def test_lines_that_are_refused(line: str) -> None:
    assert not reads(line)


def test_a_session_for_looking_sends_nothing_else(stage: Stage) -> None:
    before = stage.configuration()
    with stage.person() as session:
        session.only_read(10)
        stage.lab.forget()
        for act in (
            lambda: session.ask("/system identity set name=x"),
            lambda: session.tell("/interface disable ether1"),
            session.safe_mode_of,
        ):
            with pytest.raises(NotReadingError):
                act()
        assert session.ask("/system identity print")
    assert stage.lab.lines(stage.name) == ['/system identity print; :put ("ok-" . "1")']
    assert stage.configuration() == before
