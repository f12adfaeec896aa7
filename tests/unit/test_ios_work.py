"""What a switch says that the lab's do not: VTP, locks, full flash, rollbacks that fail."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioner.drivers.ios.session import Session, rejected
from provisioner.drivers.ios.work import Work
from provisioner.drivers.network import Host, Order, Preview, Reverted, Vlan
from provisioner.drivers.sessions.access import Login
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable

HOST = Host("SW-1", "cisco_ios", frozenset(), "192.0.2.1", 22, "x", password="unused-PASSWORD")
NO_TIMER = "%No Rollback Confirmed Change pending"
TIMER = """Time configured(or reconfigured): 22:50:48 UTC Mon Feb 21 2026
Timer type: absolute timer
Timer value: 5 min
User: provisioner"""
RUNNING = "hostname SW-1\n!\narchive\n path flash:before\n!\n"
BRIEF = """
VLAN Name                             Status    Ports
---- -------------------------------- --------- -------------------------------
1    default                          active    Gi1/0/1, Gi1/0/2
"""
OURS = f"{BRIEF}301  PROV-WIFI-2026-0001              active    \n"
CHANGE = Preview("SW-1", ("vlan 301", " name PROV-WIFI-2026-0001"), ("no vlan 301",))
ANSWERS = {
    "show running-config": RUNNING,
    "show archive config rollback timer": NO_TIMER,
    "show vlan brief": BRIEF,
    "show vtp status": "VTP Operating Mode                : Server\n",
    "show startup-config": "startup-config is not present",
    "show version | include uptime is": "Load for five secs: 5%/0%\nSW-1 uptime is 5 weeks, 2 days",
    "write memory": "Building configuration...\n[OK]",
}


class Scripted(Session):
    """A session with a switch that answers by rote; ``change`` maps a line to what follows it."""

    def __init__(
        self, answers: Mapping[str, str], change: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        super().__init__(Login(HOST, (), None), 1, 1)
        self.answers, self.change = {**ANSWERS, **answers}, change or {}
        self.typed: list[str] = []

    def ask(self, line: str, seconds: float | None = None) -> str:
        self.typed.append(line)
        answer = self.answers.get(line, "")
        if answer == "drop":
            raise SessionEndedError("the device closed the session")
        if line.startswith("configure terminal") and not rejected(answer):
            self.in_configuration = True
        elif line == "end":
            self.in_configuration = False
        self.answers.update(self.change.get(line, {}))
        return answer


def work(*args: Mapping[str, object]) -> tuple[Work, Scripted]:
    session = Scripted(*args)  # type: ignore[arg-type]
    return Work(HOST, session, 1), session


def test_vlans_that_a_vtp_server_keeps_apart_are_found() -> None:
    doing, _ = work({"show vlan brief": OURS})
    reading = doing.read([Vlan(301, "PROV-WIFI-2026-0001"), Vlan(302, "x")])
    assert reading.objects["vlan 301"] == Vlan(301, "PROV-WIFI-2026-0001")
    assert reading.objects["vlan 302"] is None
    assert not reading.problems


def test_a_vtp_client_is_a_problem() -> None:
    doing, _ = work({"show vtp status": "VTP Operating Mode : Client\n"})
    assert "VTP client" in str(doing.read([Vlan(301, "x")]).problems["vlan 301"])


def test_what_a_rollback_leaves_is_taken_away_with_the_stored_lines() -> None:
    """A VTP server keeps VLANs where `configure revert now` does not reach."""
    doing, session = work(
        {"show vlan brief": OURS, "show archive config rollback timer": TIMER},
        {
            "configure revert now": {"show archive config rollback timer": NO_TIMER},
            "no vlan 301": {"show vlan brief": BRIEF},
        },
    )
    assert doing.revert(Order(CHANGE, "t", 5)) == Reverted("timer")
    assert "no vlan 301" in session.typed
    assert session.typed.index("configure revert now") < session.typed.index("no vlan 301")


def test_what_will_not_go_is_told() -> None:
    doing, _ = work({"show vlan brief": OURS})
    with pytest.raises(ActionNeeded) as caught:
        doing.revert(Order(CHANGE, "t", 5))
    assert caught.value.log == ("no vlan 301",)


def test_a_timer_that_will_not_go_is_told() -> None:
    doing, _ = work({"show archive config rollback timer": TIMER})
    with pytest.raises(ActionNeeded):
        doing.revert(Order(CHANGE, "t", 5))


def test_a_lock_is_waited_for() -> None:
    lock = "Configuration mode is locked by process '3' user 'budi' from terminal '1'. Try later."
    doing, session = work({"configure terminal revert timer 5": lock})
    with pytest.raises(Retriable):
        doing.apply(Order(CHANGE, "t", 5))
    assert session.typed[-1] == "configure terminal revert timer 5"


def test_a_timer_that_is_refused_stops_the_change() -> None:
    doing, session = work({"configure terminal revert timer 5": "%Archive: path not configured"})
    with pytest.raises(ActionNeeded) as caught:
        doing.apply(Order(CHANGE, "t", 5))
    assert "path not configured" in str(caught.value.what)
    assert "vlan 301" not in session.typed


def test_a_line_refused_on_leaving_is_a_refusal() -> None:
    doing, session = work(
        {"end": "VTP VLAN configuration not allowed when device is in CLIENT mode."}
    )
    with pytest.raises(RejectedError) as caught:
        doing.apply(Order(CHANGE, "t", 5))
    assert isinstance(doing.told(caught.value), Refused)
    assert session.typed[-1] == "end"


def test_saving_that_did_not_work_is_not_taken_for_saved() -> None:
    doing, _ = work({"write memory": "startup-config file open failed (Device or resource busy)"})
    with pytest.raises(RejectedError) as caught:
        doing.confirm(Order(CHANGE, "t", 5))
    assert "open failed" in str(doing.told(caught.value).what)


def test_a_drop_means_what_was_done_before_it() -> None:
    for line, kind in {"show running-config": Retriable, "vlan 301": OutcomeUnknown}.items():
        doing, _ = work({line: "drop"})
        with pytest.raises(SessionEndedError) as caught:
            doing.apply(Order(CHANGE, "t", 5))
        assert isinstance(doing.told(caught.value), kind)


def test_a_configuration_that_may_not_be_seen_needs_privileges() -> None:
    doing, _ = work({"show running-config": "% Invalid input detected at '^' marker."})
    with pytest.raises(ActionNeeded):
        doing.read([])


def test_a_switch_without_the_feature_arms_no_timer() -> None:
    doing, _ = work({"show archive config rollback timer": "% Invalid input detected"})
    reading = doing.read([])
    assert reading.no_timer
    assert reading.pending is None


@pytest.mark.parametrize(
    "answer",
    [
        "                 ^\n% Invalid input detected at '^' marker.\n",
        "% Incomplete command.",
        '% Ambiguous command:  "sw"',
        "%Bad VLAN list - VLAN id out of range",
        "Command rejected: Bad VLAN allowed list.",
        "Command authorization failed.",
        "% Authorization failed.",
        "VTP VLAN configuration not allowed when device is in CLIENT mode.",
        "% Failed to create VLANs 3001",
        "Extended VLAN(s) not allowed in current VTP mode.",
        "VLAN #301 and #302 have an identical name: X",
        "% 10.0.0.0 overlaps with Vlan1",
        "%Error opening tftp://x (Timed out)",
        "% Unknown command or computer name, or unable to find computer address",
    ],
)
def test_rejections(answer: str) -> None:
    assert rejected(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "% Access VLAN does not exist. Creating vlan 301",
        "%Warning: portfast should only be enabled on ports connected to a single host.",
        "% Warning: This may take a while",
        "Enter configuration commands, one per line.  End with CNTL/Z.",
        "Rollback Confirmed Change: Backing up current running config to flash:rb-1",
        "*Nov 22 10:00:00.000: %LINK-3-UPDOWN: Interface Gi1/0/1, changed state to up",
        "%SYS-5-CONFIG_I: Configured from console by admin on vty0 (192.0.2.9)",
        "Building configuration...\n[OK]",
    ],
)
def test_what_is_only_told_is_no_rejection(answer: str) -> None:
    assert not rejected(answer)
