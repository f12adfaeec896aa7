"""What goes wrong with RouterOS: lines refused, sessions cut, safe mode, consoles, names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.drivers.network import Applied, Confirmed, Reading, Reverted
from provisioner.drivers.routeros.session import SUFFIX, Session, rejected
from provisioner.drivers.sessions.access import Access
from provisioner.drivers.sessions.terminal import RejectedError
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable, StepFailure
from tests.contract.routeros_stage import (
    NEW,
    OLD,
    PORT,
    ROUTING,
    SWITCHING,
    Stage,
    a_router,
    a_switch,
    staged,
    until,
)

TYPED = 24
"""Lines that arming and changing a switch take, or a few more."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, a_switch()) as made:
        yield made


def refused(found: object) -> str:
    assert isinstance(found, StepFailure), found
    return str(found.what)


# ---------------------------------------------------------------- cut short, at every line


@pytest.mark.parametrize("after", range(1, TYPED + 1))
@pytest.mark.parametrize("minutes", [0, 60])
@pytest.mark.parametrize("fault", ["session-drop", "device-reboots"])
def test_cut_short_after_any_line(stage: Stage, fault: str, minutes: int, after: int) -> None:
    before, order = stage.configuration(), stage.order(SWITCHING, minutes=minutes)
    stage.lab.fault(fault, host=stage.name, after=str(after))
    answer = stage.apply(order)
    assert isinstance(answer, OutcomeUnknown if not isinstance(answer, Applied) else Applied)
    until(lambda: stage.lab.reachable(stage.name))
    stage.lab.clear()
    assert isinstance(stage.revert(order), Reverted)
    assert stage.configuration() == before
    assert stage.read(SWITCHING).pending is None
    again = stage.apply(stage.order(SWITCHING, minutes=minutes))
    assert isinstance(again, Applied)
    assert again.changed


@pytest.mark.parametrize("line", ["/export", "/interface print", "/system history"])
def test_cut_short_before_the_change_nothing_is_done(stage: Stage, line: str) -> None:
    before, order = stage.configuration(), stage.order(SWITCHING)
    stage.lab.fault("session-drop", host=stage.name, line=line)
    assert isinstance(stage.apply(order), Retriable)
    assert stage.configuration() == before


@pytest.mark.parametrize("line", ["PROV-timer-", "PROV-boot-", "PROV-undo-"])
def test_cut_short_while_confirming(stage: Stage, line: str) -> None:
    order = stage.order(SWITCHING, minutes=60)
    stage.apply(order)
    stage.lab.fault("session-drop", host=stage.name, line=f"remove .*{line}")
    assert isinstance(stage.confirm(order), OutcomeUnknown)
    assert stage.confirm(order) == Confirmed(line == "PROV-timer-"), "its twin stands still"
    assert stage.read(SWITCHING).objects == {i.key: i for i in SWITCHING}
    assert stage.confirm(replace(order, minutes=0)) == Confirmed(True)
    assert stage.read(SWITCHING).pending is None
    assert "PROV-undo" not in stage.configuration()


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (0, "^:if .*bridge vlan add"), (1, "^:foreach"), (2, "^/interface bridge port set"),
        (3, "^/interface set"), (4, "^/interface ethernet poe set"),
    ],
)  # fmt: skip
def test_a_rejected_line_is_told_and_the_rest_not_sent(
    stage: Stage, number: int, line: str
) -> None:
    before, order = stage.configuration(), stage.order(SWITCHING, minutes=60)
    text = "failure: simulated refusal"
    stage.lab.fault("line-rejected", host=stage.name, line=line, text=text)
    stage.lab.forget()
    failure = stage.apply(order)
    assert isinstance(failure, Refused)
    assert order.preview.lines[number] in str(failure.what)
    assert "simulated refusal" in str(failure.what)
    assert any("simulated refusal" in row for row in failure.log)
    assert order.preview.lines[number] in stage.lab.lines(stage.name)[-1]
    assert stage.revert(order) == Reverted("timer")
    assert stage.configuration() == before


@pytest.mark.parametrize("line", ["script add", "script set", "scheduler add"])
def test_where_the_timer_cannot_be_armed_nothing_is_changed(stage: Stage, line: str) -> None:
    before, order = stage.configuration(), stage.order(SWITCHING, minutes=60)
    text = "failure: not enough permissions"
    stage.lab.fault("line-rejected", host=stage.name, line=line, text=text)
    failure = stage.apply(order)
    assert isinstance(failure, ActionNeeded)
    assert "cannot take a change back by itself" in str(failure.what)
    assert stage.configuration() == before
    assert stage.read(SWITCHING).pending is None


def test_pitfall_already_have_counts_as_refused_not_as_done(stage: Stage) -> None:
    """community.routeros takes ``failure: already have`` for success."""
    with stage.person() as session:
        session.tell("/interface vlan add name=a vlan-id=7 interface=bridge1")
        with pytest.raises(RejectedError, match="already have"):
            session.tell("/interface vlan add name=a vlan-id=8 interface=bridge1")


@pytest.mark.parametrize(
    "line",
    [
        "/interface vlam add name=x",
        "/ip pool add name=a ranges=",
        "/ip pool add nome=a",
        "/ip address add address=1.2.3.4/24 interface=nowhere",
        "/interface vlan add name=x vlan-id=9999 interface=ether2",
        "/ip pool set [find where name=nobody] ranges=x;/ip pool get nobody name",
        ":error message",
    ],
)
def test_every_kind_of_refusal_is_found_without_a_prompt(stage: Stage, line: str) -> None:
    with stage.person() as session:
        with pytest.raises(RejectedError):
            session.tell(line)
        assert "sw-7" in session.ask("/system identity print")


@pytest.mark.parametrize(
    "row",
    [
        "bad command name vlam (line 1 column 12)", "expected end of command (line 1 column 9)",
        "syntax error (line 1 column 5)", "failure: already have such address",
        "no such item", "input does not match any value of interface", "invalid value for x",
        "value of vlan-id out of range (1..4095)", "ambiguous value of interface, more than one",
        "not enough permissions (9)", "missing value(s) of argument(s) ranges", "error: x",
        "couldn't add new", "no such command prefix", "invalid internal item number",
        "value of range should have ..", "action timed out - try again",
    ],
)  # fmt: skip
def test_pitfall_patterns_of_refusal(row: str) -> None:
    assert rejected(f"\n{row}\n") == row


@pytest.mark.parametrize("row", ["name: failure", "  0 name=error:", "ok", "fail"])
def test_what_is_no_refusal(row: str) -> None:
    assert rejected(row) is None


# ---------------------------------------------------------------- the console


@pytest.mark.parametrize("version", [OLD, NEW])
@pytest.mark.parametrize("name", ["A", "gedung serbaguna", "x" * 60, "sw.dua_3-a", "a] > b"])
def test_pitfall_an_identity_of_any_length(tmp_path: Path, version: str, name: str) -> None:
    """Up to 60 characters, longer than what other drivers' prompts match."""
    with staged(tmp_path, a_switch(version, identity=name)) as stage:
        stage.hosts[name] = replace(stage.hosts.pop(stage.name), name=name)
        stage.name = name
        lab = stage.lab.configuration("sw-7")
        order = stage.order(SWITCHING)
        assert isinstance(stage.apply(order), Applied)
        assert stage.confirm(order) == Confirmed(True)
        assert stage.revert(order) == Reverted("undo")
        assert stage.lab.configuration("sw-7") == lab


def test_pitfall_the_identity_may_change_while_we_speak(stage: Stage) -> None:
    with stage.person() as session:
        session.tell("/system identity set name=lain")
        assert "lain" in session.ask("/system identity print")
        session.ask("/ip address")
        assert "lain" in session.ask("/system identity print")


def test_a_device_of_another_name_is_not_written_to(stage: Stage) -> None:
    order = stage.order(SWITCHING)
    stage.apply(order)
    stage.types("/system identity set name=somebody-else")
    before = stage.configuration()
    for did in (stage.apply, stage.confirm, stage.revert):
        failure = did(order)
        assert isinstance(failure, ActionNeeded)
        assert failure.who == "administrator"
        assert "somebody-else" in str(failure.what)
    assert stage.configuration() == before
    assert stage.read(()).hostname == "somebody-else"


@pytest.mark.parametrize("user", ["provisioner", f"provisioner{SUFFIX}", "provisioner+cet1024w"])
def test_pitfall_the_user_is_bare_or_with_a_suffix_of_his_own(stage: Stage, user: str) -> None:
    stage.change(user=user)
    assert isinstance(stage.read(()), Reading)
    login = Access(stage.known_hosts, lambda: "").login(stage.hosts[stage.name])
    session = Session(login, 5, 5)
    assert session.username == f"provisioner{SUFFIX}"


@pytest.mark.parametrize("page", ["password", "licence"])
def test_pitfall_a_first_login_is_a_finding_not_a_success(tmp_path: Path, page: str) -> None:
    with staged(tmp_path, a_switch(first_login=page)) as stage:
        failure = stage.platform.read({stage.name: ()})[stage.name]
        assert isinstance(failure, ActionNeeded)
        assert failure.who == "administrator"
        assert "does not come to its prompt" in str(failure.what)


def test_a_line_longer_than_the_terminal(stage: Stage) -> None:
    text = "x" * 190 + " end"
    wanted = [*SWITCHING[:2], replace(PORT, description=text)]
    order = stage.order(wanted)
    assert isinstance(stage.apply(order), Applied)
    assert stage.read(wanted).objects == {i.key: i for i in wanted}
    with stage.person() as session:
        long = "a" * 2000
        assert session.ask(f':put "{long}"').replace("\n", "") == long


def test_an_export_of_many_lines_is_read_whole(stage: Stage) -> None:
    with stage.person() as session:
        for number in range(60):
            session.tell(f'/ip firewall address-list add list=l address=10.9.{number}.0/24 '
                         f'comment="{"c" * 80} \\"{number}\\""')  # fmt: skip
    assert stage.read(()).configuration.count("address-list add") == 60


def test_all_sessions_taken_a_slow_device_and_a_silent_one(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(), connect=1, command=2) as stage:
        stage.lab.fault("vty-full", host=stage.name)
        assert isinstance(stage.platform.read({stage.name: ()})[stage.name], Retriable)
        stage.lab.clear()
        stage.lab.fault("device-slow", host=stage.name, seconds="0.1")
        order = stage.order(SWITCHING)
        assert isinstance(stage.apply(order), Applied)
        stage.lab.clear()
        stage.lab.fault("device-mute", host=stage.name)
        assert isinstance(stage.platform.read({stage.name: ()})[stage.name], Retriable)
        stage.lab.clear()
        stage.lab.fault("login-refused", host=stage.name)
        assert isinstance(stage.platform.read({stage.name: ()})[stage.name], ActionNeeded)


# ---------------------------------------------------------------- safe mode


def test_pitfall_safe_mode_of_a_person_is_told_and_never_stolen(stage: Stage) -> None:
    """All that anybody changes is undone when that person's session breaks."""
    order = stage.order(SWITCHING)
    before = stage.configuration()
    with stage.person() as session:
        session._type("\x18")
        until(lambda: "taken" in str(session._receive(1e12, 0.05)) + session._clean())
        failure = stage.apply(order)
        assert isinstance(failure, ActionNeeded)
        assert "safe mode" in str(failure.what)
        assert "Ctrl-X" in str(failure.next)
        assert stage.configuration() == before
        session.tell("/ip pool add name=orang ranges=10.1.1.1-10.1.1.2")
        reading = stage.read(SWITCHING)
        assert (reading.pending or "").startswith("safe mode")
        failure = stage.apply(order)
        assert isinstance(failure, ActionNeeded)
        assert "provisioner" in str(failure.what), "whose it is"
        assert "<SAFE>" in session._clean()
    until(lambda: "orang" not in stage.configuration())
    assert isinstance(stage.apply(order), Applied)


def test_looking_for_safe_mode_leaves_none_behind(stage: Stage) -> None:
    order = stage.order(SWITCHING)
    stage.apply(order)
    with stage.person() as session:
        assert session.safe_mode_of() is None
        assert "sw-7" in session.ask("/system identity print")
        session.tell("/ip pool add name=tetap ranges=10.1.1.1-10.1.1.2")
    assert "tetap" in stage.configuration()


# ---------------------------------------------------------------- looking around


def test_what_a_router_sees_around_it(tmp_path: Path) -> None:
    with staged(tmp_path, a_router()) as stage:
        order = stage.order(ROUTING, minutes=0)
        stage.apply(order)
        found = stage.platform.survey([stage.name])[stage.name]
        assert not isinstance(found, StepFailure)
        assert found.hostname == stage.name
        assert (found.version, bool(found.model), bool(found.serial)) == (NEW, True, True)
        assert found.ports["ether1"].description == "Internet"
        assert found.ports["ether1"].enabled


def test_one_dead_device_does_not_stop_the_others(tmp_path: Path) -> None:
    with staged(tmp_path, a_switch(), connect=1) as stage:
        stage.lab.fault("device-dead", host=stage.name)
        found = stage.platform.read({stage.name: (), "no-such": ()})
        assert isinstance(found[stage.name], Retriable)
        assert isinstance(found["no-such"], ActionNeeded)
        assert refused(found["no-such"])
