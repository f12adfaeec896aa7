"""What is done on one switch in one session: look, apply, confirm, take back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar, Literal

from provisioner.drivers.ios import looking
from provisioner.drivers.ios.configuration import Switch, names_in, remaining
from provisioner.drivers.ios.examining import Examining
from provisioner.drivers.ios.masking import masked, steady
from provisioner.drivers.ios.objects import found, problem
from provisioner.drivers.ios.remedying import Remedying
from provisioner.drivers.ios.scopes import Abilities
from provisioner.drivers.ios.session import Session, refused, rejected
from provisioner.drivers.network import (
    AccessPort,
    Applied,
    Confirmed,
    Examination,
    Host,
    Inquiry,
    Intent,
    Order,
    RateLimit,
    Reading,
    Remedied,
    Remedy,
    Reverted,
    Scope,
    Survey,
)
from provisioner.drivers.sessions import failures
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.errors import StepFailure
from provisioner.texts import Message, say

SAVE_SECONDS = 120.0
"""The least that saving and rolling back are given; flash is slow."""

TIMER_REMEDY = say(
    "Set `archive` and below it `path flash:before` on the device; or, if it has no room, "
    "provisioner_dead_man: best_effort in the inventory."
)

_UPTIME = re.compile(r"^(\S+) uptime is ", re.MULTILINE)
_SAID = re.compile(r"^(hostname|ip domain[ -]name) (\S+)", re.MULTILINE)
_NO_TIMER_RUNS = "No Rollback Confirmed Change pending"


@dataclass(frozen=True)
class _Look:
    """The switch as it says it is, now."""

    text: str
    switch: Switch
    timer: str | None
    """What it tells of a revert timer that runs."""
    knows_timers: bool
    vtp_client: bool


class Work:
    """One session with one switch. Failures of the session come out as ``told`` says them."""

    pauses: ClassVar[tuple[float, float]] = (2.0, 10.0)
    """Seconds that a remedy leaves a port switched off, and without power."""

    def __init__(self, host: Host, session: Session, command: float) -> None:
        self._host, self.session = host, session
        self._slow = max(SAVE_SECONDS, command)
        self._wrote = False

    def told(self, error: RejectedError | SessionEndedError) -> StepFailure:
        """The failure that ``error`` is, given what has been done so far."""
        log = failures.tail(self.session.transcript())
        if isinstance(error, RejectedError):
            return failures.rejected(self._host, error.line, error.reason, log)
        if self._wrote:
            return failures.unknown(self._host, str(error), log)
        return failures.cut_before_work(self._host, str(error), log)

    # ------------------------------------------------- the four things

    def read(self, wanted: Sequence[Intent], keys: Mapping[str, str] | None = None) -> Reading:
        """No passphrase is kept on a switch: ``keys`` says nothing here."""
        now = self._look(vtp=True)
        switch, able = self._abilities(now, wanted)
        problems = {
            intent.key: why for intent in wanted if (why := problem(switch, intent, wanted, able))
        }
        return Reading(
            host=self._host.name,
            hostname=now.switch.hostname,
            at=datetime.now(UTC),
            objects={intent.key: found(switch, intent) for intent in wanted},
            problems=problems,
            configuration=masked(steady(now.text)),
            no_timer=self._no_timer(now),
            pending=now.timer,
        )

    def apply(self, order: Order) -> Applied:
        now = self._look()
        self._is_ours(now.switch.hostname)
        if now.timer:
            raise failures.strange_timer(self._host, now.timer)
        left = remaining(order.preview.lines, now.switch, names_in(order.preview.undo))
        if not left:
            return Applied(False, self.session.transcript())
        if order.minutes and (why := self._no_timer(now)):
            raise failures.no_timer(self._host, why, TIMER_REMEDY)
        self._change(left, order.minutes)
        return Applied(True, self.session.transcript(tuple(order.keys.values())))

    def confirm(self, order: Order) -> Confirmed:
        if order.minutes and order.preview.lines:
            self.require_name()
            self._wrote = True
            answer = self.session.ask("configure confirm", self._slow)
            if _NO_TIMER_RUNS in answer:
                return Confirmed(False)
            if rejected(answer):
                raise refused("configure confirm", answer)
        else:
            now = self._look()
            self._is_ours(now.switch.hostname)
            if remaining(order.preview.lines, now.switch, names_in(order.preview.undo)):
                return Confirmed(False)
        self._save()
        return Confirmed(True)

    def revert(self, order: Order) -> Reverted:
        undo, ours = order.preview.undo, names_in(order.preview.lines)
        now = self._look()
        self._is_ours(now.switch.hostname)
        how: Literal["timer", "undo", "nothing"] = "nothing"
        if now.timer:
            self._wrote = True
            answer = self.session.ask("configure revert now", self._slow)
            if _NO_TIMER_RUNS not in answer:
                how = "timer"
            now = self._look()
        if left := remaining(undo, now.switch, ours):
            # No timer ran; or VLANs stand apart from the configuration that it has restored.
            how = "undo" if how == "nothing" else how
            self._change(left)
            now = self._look()
            if left := remaining(undo, now.switch, ours):
                raise failures.left_over(self._host, left)
        if now.timer:
            raise failures.left_over(self._host, [now.timer])
        if how != "timer" and self._was_saved(order):
            self._save()
        return Reverted(how)

    def survey(self) -> Survey:
        """What the switch sees around it."""
        self.session.ask("terminal length 0")

        def ask(line: str) -> str:
            answer = self.session.ask(line, self._slow)
            return "" if rejected(answer) else answer

        hostname, model, version, serial = looking.identity(ask)
        said = ask("show running-config | include ^hostname|^ip domain[ -]name")
        named = {what.replace("-", " "): text for what, text in _SAID.findall(said)}
        return Survey(
            host=self._host.name,
            hostname=hostname or named.get("hostname", ""),
            at=datetime.now(UTC),
            model=model,
            version=version,
            serial=serial,
            neighbors=looking.neighbors(ask, named.get("ip domain name", "")),
            learned=looking.learned(ask),
            ports=looking.ports(ask),
            leases=looking.leases(ask),
            arp=looking.arp(ask),
        )

    def examine(self, inquiry: Inquiry) -> Examination:
        """See ``SessionWork``."""
        return Examining(self._host, self.session, inquiry.limit).examine(inquiry)

    def remedy(self, remedy: Remedy) -> Remedied:
        """See ``NetworkPlatform``."""
        now = self._look()
        self._is_ours(now.switch.hostname)
        if now.timer:
            raise failures.strange_timer(self._host, now.timer)
        timed = self._no_timer(now) is None
        job = Remedying(self._host, self.session, now.switch, self.pauses, timed)
        job.check(remedy)
        self._wrote = True
        if job.carry_out(remedy):
            self._save()
        return Remedied(self.session.transcript())

    # ------------------------------------------------- with what they are made

    def _look(self, vtp: bool = False) -> _Look:
        """Raises ActionNeeded where the configuration may not be seen."""
        ask = self.session.ask
        ask("terminal length 0")
        text = ask("show running-config")
        timer = ask("show archive config rollback timer")
        switch = Switch.parsed(text)
        if not switch.hostname:
            raise failures.no_privilege(self._host)
        client = False
        if not switch.keeps_vlans:
            switch = Switch.parsed(text, ask("show vlan brief"))
            client = vtp and "client" in _operating_mode(ask("show vtp status"))
        runs = timer and _NO_TIMER_RUNS not in timer and not rejected(timer)
        return _Look(
            text,
            switch,
            " ".join(timer.split()) if runs else None,
            "Invalid input" not in timer,
            client,
        )

    def _abilities(self, now: _Look, wanted: Sequence[Intent]) -> tuple[Switch, Abilities]:
        """What only asking tells, asked where it matters."""
        switch, knows = now.switch, self._knows
        if any(isinstance(each, AccessPort) and each.poe is not None for each in wanted):
            switch = replace(switch, fed=looking.fed(self.session.ask("show power inline")))
        scopes = [each for each in wanted if isinstance(each, Scope)]
        idle = scopes and self.session.ask("show ip route | include ^Default gateway is|^Host")
        return switch, Abilities(
            vtp_client=now.vtp_client,
            translates=not any(each.nat for each in scopes) or knows("show ip nat statistics"),
            limits=not any(isinstance(x, RateLimit) for x in wanted) or knows("show policy-map"),
            routes=not idle,
        )

    def _knows(self, line: str) -> bool:
        return not rejected(self.session.ask(line))

    def _no_timer(self, now: _Look) -> Message | None:
        if now.switch.archives and now.knows_timers:
            return None
        return say("its configuration has no `archive` with a path")

    def require_name(self) -> None:
        """Raises ActionNeeded where the device calls itself otherwise.

        Cheaper than reading the whole configuration, and the device's own word as well.
        """
        named = _UPTIME.search(self.session.ask("show version | include uptime is"))
        self._is_ours(named[1] if named else "")

    def _is_ours(self, hostname: str) -> None:
        if hostname.casefold() != self._host.name.casefold():
            raise failures.another_name(self._host, hostname)

    def _change(self, lines: Sequence[str], minutes: int = 0) -> None:
        self._wrote = True
        try:
            self.session.configure([line.strip() for line in lines], minutes)
        except RejectedError as error:
            log = failures.tail(self.session.transcript())
            if "is locked" in error.answer:
                raise failures.busy(self._host, log) from error
            if minutes and error.line.startswith("configure terminal"):
                raise failures.no_timer(self._host, error.reason, TIMER_REMEDY, log) from error
            raise

    def _save(self) -> None:
        self._wrote = True
        self.session.save(self._slow)

    def _was_saved(self, order: Order) -> bool:
        """Whether the startup configuration holds the change, so that a reboot brought it back."""
        startup = Switch.parsed(self.session.ask("show startup-config"))
        preview = order.preview
        return bool(remaining(preview.undo, startup, names_in(preview.lines))) and not remaining(
            preview.lines, startup, names_in(preview.undo)
        )


def _operating_mode(status: str) -> str:
    return next(
        (line.lower() for line in status.splitlines() if "operating mode" in line.lower()), ""
    )
