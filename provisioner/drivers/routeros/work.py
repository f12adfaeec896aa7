"""What is done on one router in one session: look, apply, confirm, take back, look around."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

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
    Ssid,
    Survey,
)
from provisioner.drivers.routeros import (
    examining,
    facts,
    remedying,
    routing,
    surroundings,
    switching,
    timer,
    wifi,
)
from provisioner.drivers.routeros.changes import found
from provisioner.drivers.routeros.configuration import Configuration, Item
from provisioner.drivers.routeros.configuration import facts as header
from provisioner.drivers.routeros.masking import masked, steady
from provisioner.drivers.routeros.session import Session
from provisioner.drivers.routeros.syntax import quoted
from provisioner.drivers.routeros.texts import parsed, remaining, secret_in, with_keys
from provisioner.drivers.sessions import failures
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.errors import ActionNeeded, StepFailure
from provisioner.texts import Message, say

EXPORT_SECONDS = 60.0
"""The least that an export and a way back are given."""
_TERSE = "print terse without-paging"
_NOT_KNOWN = re.compile(r"bad command name|no such command|expected end of command|syntax error")


@dataclass(frozen=True)
class _Look:
    """The router as it says it is, now."""

    export: str
    now: Configuration
    ports: frozenset[str]
    timers: list[str]
    safe: str | None
    """Who has unsaved changes in safe mode; None: nobody."""

    @property
    def pending(self) -> str | None:
        """The token of a timer of ours, or a person's safe mode."""
        if self.timers:
            return " ".join(self.timers)
        return None if self.safe is None else f"safe mode {self.safe}".rstrip()


class Work:
    """One session with one router. Failures of the session come out as ``told`` says them.

    A router writes every change to its flash at once: there is nothing to save, and a reboot
    keeps what was not confirmed, which is why the timer also starts at the next boot.
    """

    def __init__(self, host: Host, session: Session, command: float) -> None:
        self._host, self.session = host, session
        self._slow = max(EXPORT_SECONDS, command)
        self._wrote = False
        self._secrets: tuple[str, ...] = ()
        self._timers: tuple[Item, ...] = ()

    def told(self, error: RejectedError | SessionEndedError) -> StepFailure:
        """The failure that ``error`` is, given what has been done so far."""
        log = failures.tail(self.session.transcript(self._secrets))
        if isinstance(error, RejectedError):
            line, reason = masked(error.line, self._secrets), masked(error.reason, self._secrets)
            return failures.rejected(self._host, line, reason, log)
        if self._wrote:
            return failures.unknown(self._host, str(error), log)
        return failures.cut_before_work(self._host, str(error), log)

    # ------------------------------------------------- the five things

    def read(self, wanted: Sequence[Intent], keys: Mapping[str, str] | None) -> Reading:
        """``keys`` None: passphrases are taken to be right."""
        self._secrets = tuple((keys or {}).values())
        air = any(isinstance(intent, Ssid) for intent in wanted)
        look = self._look(air)
        feeding = None
        if any(isinstance(i, AccessPort) and i.poe is not None for i in wanted):
            feeding = self._names("/interface ethernet poe")
        objects = {intent.key: found(look.now, intent) for intent in wanted}
        for intent in wanted:
            there = objects[intent.key]
            if isinstance(there, Ssid) and isinstance(intent, Ssid) and keys is not None:
                objects[intent.key] = self._compared(look.now, there, keys)
        problems = {i.key: self._problem(look, i, wanted, feeding) for i in wanted}
        return Reading(
            host=self._host.name,
            hostname=look.now.hostname,
            at=datetime.now(UTC),
            objects=objects,
            problems={key: why for key, why in problems.items() if why},
            configuration=masked(look.export, self._secrets),
            pending=look.pending,
            announced=self._on_air(look.now) if air else frozenset(),
        )

    def apply(self, order: Order) -> Applied:
        self._secrets = _secrets(order)
        look = self._look()
        self._is_ours(look.now.hostname)
        others = [token for token in look.timers if token != order.token]
        if others:
            raise failures.strange_timer(self._host, ", ".join(others))
        self._wrote = timer.clear_away(self.session, self._timers)
        left = self._left(order.preview.lines, look.now, order.keys)
        if not left:
            return Applied(False, self._transcript())
        lines = self._keyed(left, order.keys)
        undo = self._keyed(order.preview.undo, order.undo_keys)
        if order.minutes and not timer.is_sound(order.token):
            raise failures.not_said("token", order.token)
        self._nobody_in_safe_mode(look)
        self._wrote = True
        if order.minutes:
            self._arm(undo, order)
        self._send(lines)
        return Applied(True, self._transcript())

    def confirm(self, order: Order) -> Confirmed:
        self._secrets = _secrets(order)
        self._require_name()
        if order.minutes and order.preview.lines:
            self._wrote = True
            if not timer.disarm(self.session, order.token):
                return Confirmed(False)
        # The timer may have run while it was being taken away.
        return Confirmed(not self._left(order.preview.lines, self._look().now, order.keys))

    def revert(self, order: Order) -> Reverted:
        self._secrets = _secrets(order)
        look = self._look()
        self._is_ours(look.now.hostname)
        how: Literal["timer", "undo", "nothing"] = "nothing"
        if timer.laid_down(self._timers, order.token):
            self._nobody_in_safe_mode(look)
            self._wrote = True
            if order.token in look.timers:
                how = "timer"
                with suppress(RejectedError):  # it fired by itself just now; judged by what stands
                    timer.fire(self.session, order.token, self._slow)
            timer.disarm(self.session, order.token)
            look = self._look()
        elif order.token in look.timers:
            self._wrote = True
            timer.disarm(self.session, order.token)
        if left := self._left(order.preview.undo, look.now, order.undo_keys):
            self._nobody_in_safe_mode(look)
            how = "undo" if how == "nothing" else how
            self._wrote = True
            self._send(self._keyed(left, order.undo_keys))
            if left := self._left(order.preview.undo, self._look().now, order.undo_keys):
                raise failures.left_over(self._host, left)
        return Reverted(how)

    def survey(self) -> Survey:
        """What the router sees around it."""
        answers = {}
        for name, question in surroundings.QUESTIONS.items():
            try:
                answers[name] = self.session.ask(question, self._slow)
            except RejectedError:
                if name in surroundings.NEEDED:
                    raise
        return surroundings.survey(self._host.name, answers, datetime.now(UTC))

    def examine(self, inquiry: Inquiry) -> Examination:
        """How the router is doing, as it says itself."""
        return examining.examine(self._host, self.session, inquiry)

    def remedy(self, remedy: Remedy) -> Remedied:
        """One of the few things that help; a session that broke may have done it."""
        self._require_name()
        self._wrote = True
        remedying.remedy(self._host, self.session, remedy)
        return Remedied(self._transcript())

    # ------------------------------------------------- with what they are made

    def _look(self, air: bool = False) -> _Look:
        """Raises ActionNeeded where the configuration may not be seen."""
        ask = self.session.ask
        identity = facts.fields(ask("/system identity print")).get("name", "")
        resource = facts.fields(ask("/system resource print"))
        version = resource.get("version", "").partition(" ")[0]
        if not identity or not version[:1].isdecimal():
            raise failures.no_privilege(self._host)
        major = int(version.partition(".")[0])
        export = steady(self._export(major))
        if f"\n{_IDENTITY}" not in f"\n{export}" and identity != _UNNAMED:
            export += f"{_IDENTITY} set name={quoted(identity)}\n"
        interfaces = facts.rows(ask(f"/interface {_TERSE}"))
        menu, radios = self._air(major, interfaces, export)
        top = header(version, resource.get("board-name", ""), menu, radios)
        now = Configuration.parsed(top + export)
        history = self._perhaps(f"/system history {_TERSE}")
        return _Look(
            top + export, now, frozenset(row.get("name") for row in interfaces),
            timer.running(self._timers), facts.safe_mode_of(history),
        )  # fmt: skip

    def _export(self, major: int) -> str:
        """Without secrets: RouterOS 7 hides them by itself and does not know the word."""
        words = "/export terse" if major > 6 else "/export hide-sensitive terse"
        text = self.session.ask(words, self._slow)
        self._timers = Configuration.parsed(text).items
        return text

    def _air(
        self, major: int, interfaces: Sequence[facts.Row], export: str
    ) -> tuple[str, list[tuple[str, str]]]:
        packages = self._perhaps(f"/system package {_TERSE}")
        menu = facts.wifi_menu(packages, major, interfaces, export)
        if not menu or menu == wifi.CAPS_MAN or f"{menu} capsman set" in export:
            return menu, []
        return menu, facts.radios(self._perhaps(f"{menu} {_TERSE}"))

    def _perhaps(self, line: str) -> str:
        """The answer; '' where the router knows no such command."""
        try:
            return self.session.ask(line, self._slow)
        except RejectedError as error:
            if _NOT_KNOWN.search(error.reason):
                return ""
            raise

    def _names(self, menu: str) -> frozenset[str]:
        return frozenset(row.get("name") for row in facts.rows(self._perhaps(f"{menu} {_TERSE}")))

    def _on_air(self, now: Configuration) -> frozenset[str]:
        if not now.wifi or not now.radios:
            return frozenset()
        return wifi.on_air(now, facts.active(self._perhaps(f"{now.wifi} {_TERSE}")))

    def _compared(self, now: Configuration, there: Ssid, keys: Mapping[str, str]) -> Ssid:
        """Whether the passphrase is the given one; without one given it is not."""
        place = wifi.secret_of(now, there.mark)
        if place is None or not there.keyed:
            return there
        return replace(there, keyed=self._is_key(*place, keys.get(there.mark)))

    def _is_key(self, held: Item, prop: str, key: str | None) -> bool:
        """The router compares, and shows it to nobody."""
        if key is None:
            return False
        where = f"[find where name={quoted(held.name)}]"
        said = self.session.ask(f":put ([{held.path} get {where} {prop}] = {quoted(key)})")
        return said.strip() == "true"

    def _left(
        self, lines: Sequence[str], now: Configuration, keys: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Those of the lines that have to be typed; passphrases are compared on the device."""
        secrets = dict.fromkeys(filter(None, (secret_in(parsed(line)) for line in lines)))
        for mark, _ in secrets:
            if place := wifi.secret_of(now, mark):
                held, prop = place
                if not self._is_key(held, prop, keys.get(mark)):
                    other = Item(held.path, {**held.props, prop: "?"})
                    now = now.with_items([other if i is held else i for i in now.items])
        return remaining(lines, now)

    def _problem(
        self, look: _Look, intent: Intent, wanted: Sequence[Intent],
        feeding: frozenset[str] | None,
    ) -> Message | None:  # fmt: skip
        if isinstance(intent, Scope | RateLimit):
            return routing.problem(look.now, intent, wanted, look.ports)
        if isinstance(intent, Ssid):
            return wifi.problem(look.now, intent, look.ports)
        return switching.problem(look.now, intent, wanted, look.ports, feeding)

    def _require_name(self) -> None:
        """Raises ActionNeeded where the device calls itself otherwise."""
        told = self.session.ask("/system identity print")
        self._is_ours(facts.fields(told).get("name", ""))

    def _is_ours(self, hostname: str) -> None:
        if hostname.casefold() != self._host.name.casefold():
            raise failures.another_name(self._host, hostname)

    def _nobody_in_safe_mode(self, look: _Look) -> None:
        """Raises ActionNeeded: what anybody changes then goes when that person's session breaks."""
        held = self.session.safe_mode_of()
        if held is not None or look.safe is not None:
            raise _in_safe_mode(self._host, held or look.safe or self._perhaps_who())

    def _perhaps_who(self) -> str:
        """Those who are logged in, where the router does not say whose safe mode it is."""
        rows = facts.rows(self._perhaps(f"/user active {_TERSE}"))
        return ", ".join(dict.fromkeys(filter(None, (row.get("name") for row in rows))))

    def _keyed(self, lines: Sequence[str], keys: Mapping[str, str]) -> list[str]:
        filled, missing = with_keys(lines, keys)
        if missing is not None:
            raise _keyless(self._host)
        return filled

    def _arm(self, undo: Sequence[str], order: Order) -> None:
        try:
            timer.arm(self.session, undo, order.token, order.minutes)
        except RejectedError as error:
            log = failures.tail(self._transcript())
            reason = masked(error.reason, self._secrets)
            timer.disarm(self.session, order.token)
            raise failures.no_timer(self._host, reason, _TIMER_REMEDY, log) from error

    def _send(self, lines: Sequence[str]) -> None:
        for line in lines:
            try:
                self.session.tell(parsed(line).typed(), self._slow)
            except RejectedError as error:
                raise RejectedError(line, error.answer, error.reason) from error

    def _transcript(self) -> str:
        return self.session.transcript(self._secrets)


_IDENTITY, _UNNAMED = "/system identity", "MikroTik"
_TIMER_REMEDY = say(
    "Give its user the policies write, policy and test on the device; or, if that may not be, "
    "provisioner_dead_man: best_effort in the inventory."
)


def _secrets(order: Order) -> tuple[str, ...]:
    return tuple({*order.keys.values(), *order.undo_keys.values()})


def _in_safe_mode(host: Host, who: str) -> ActionNeeded:
    return ActionNeeded(
        say("On %(host)s somebody works in safe mode: %(who)s", host=host.name, who=who or "-"),
        meaning=say(
            "When that session breaks, the device takes back what anybody has changed since. "
            "Nothing was changed."
        ),
        next=say(
            "Ask %(who)s to press Ctrl-X in that session to keep the work (or Ctrl-D to drop it), "
            "then retry.",
            who=who or "-",
        ),
    )


def _keyless(host: Host) -> ActionNeeded:
    return ActionNeeded(
        say("%(host)s: the key of the wireless network is not at hand.", host=host.name),
        meaning=say("The network cannot be made without it; nothing was written."),
        next=say("Enter the key in the request again, then plan it anew."),
    )
