"""What is done on one Linux host in one session: look, apply, confirm, take back."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Literal

from provisioner.drivers.linux import around, examining, lines, remedying, wifi
from provisioner.drivers.linux.objects import Around, found, problem
from provisioner.drivers.linux.sayable import passphrase
from provisioner.drivers.linux.scripting import Answer, script
from provisioner.drivers.linux.session import Session
from provisioner.drivers.linux.state import State, masked, records
from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Examination,
    Host,
    Inquiry,
    Intent,
    Order,
    Reading,
    Remedied,
    Remedy,
    Reverted,
    Survey,
)
from provisioner.drivers.sessions import failures
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.errors import ActionNeeded, Refused, Retriable, StepFailure
from provisioner.texts import Message, say

_TIMER_REMEDY = say(
    "Give the host systemd or cron and a disk that can be written; or set "
    "provisioner_dead_man: best_effort in the inventory."
)
_NO_TIMER: Mapping[str, Message] = {
    "disk": say("its /etc cannot be written"),
    "boot": say("neither systemd nor cron would run anything at boot"),
    "programs": say("it has no setsid or no flock"),
}


@dataclass(frozen=True)
class _Look:
    """The host as it says it is, now; ``state`` holds its secrets."""

    answer: Answer
    state: State
    around: Around

    @property
    def pending(self) -> str | None:
        return self.answer.one("pending") or None

    @property
    def no_timer(self) -> Message | None:
        return _NO_TIMER.get(self.answer.one("no-timer"))


class Work:
    """One session with one host. ``minute``: seconds in a minute of its timer."""

    def __init__(self, host: Host, session: Session, minute: float) -> None:
        self._host, self._session, self._minute = host, session, minute
        self._wrote = False
        self._said: list[str] = []

    def told(self, error: RejectedError | SessionEndedError) -> StepFailure:
        """The failure that ``error`` is, given what has been done so far."""
        if isinstance(error, RejectedError):
            return failures.no_privilege(self._host)
        if self._wrote:
            return failures.unknown(self._host, str(error), self._said[-failures.LOG_LINES :])
        return failures.cut_before_work(self._host, str(error), ())

    # ------------------------------------------------- the five things

    def read(self, wanted: Sequence[Intent], keys: Mapping[str, str] | None) -> Reading:
        now = self._look()
        problems = {
            intent.key: why
            for intent in wanted
            if (why := problem(now.state, intent, now.around, wanted))
        }
        return Reading(
            host=self._host.name,
            hostname=now.state.hostname,
            at=datetime.now(UTC),
            objects={i.key: found(now.state, i, now.around, keys) for i in wanted},
            problems=problems,
            configuration=now.state.text(),
            no_timer=now.no_timer,
            pending=now.pending,
            announced=around.on_air(now.answer.blocks.get("air", "")),
        )

    def apply(self, order: Order) -> Applied:
        now = self._look()
        self._is_ours(now.state.hostname)
        if now.pending not in (None, order.token):
            raise failures.strange_timer(self._host, now.pending or "")
        wanted = self._keyed(order.preview.lines, order.keys, now.state)
        left = self._left(wanted, now)
        if not left and now.pending is None:
            return Applied(False, "\n".join(self._said))
        required = self._host.dead_man == "required"
        if order.minutes and required and (why := now.no_timer):
            raise failures.no_timer(self._host, why, _TIMER_REMEDY)
        self._change(left, order.preview.lines, order.preview.undo, order)
        return Applied(True, "\n".join(self._said))

    def confirm(self, order: Order) -> Confirmed:
        if order.minutes and order.preview.lines:
            self._wrote = True
            answer = self._ask("confirm", {"token": order.token})
            if answer.one("kept") == "yes":
                return Confirmed(True)
            untimed = answer.one("untimed") == "yes" and self._host.dead_man != "required"
            if not untimed:
                return Confirmed(False)
        now = self._look()
        self._is_ours(now.state.hostname)
        left = lines.remaining(self._keyed(order.preview.lines, order.keys, now.state), now.state)
        return Confirmed(not left)

    def revert(self, order: Order) -> Reverted:
        how: Literal["timer", "undo", "nothing"] = "nothing"
        self._wrote = True
        answer = self._ask("revert", {"token": order.token})
        if answer.one("how") == "timer":
            how = "timer"
        now = self._look()
        undo = self._keyed(order.preview.undo, order.undo_keys, now.state)
        if left := lines.remaining(undo, now.state):
            how = "undo" if how == "nothing" else how
            self._change(left, order.preview.undo, order.preview.lines, order, timed=False)
            now = self._look()
            if left := lines.remaining(undo, now.state):
                raise failures.left_over(self._host, list(map(_shown, left)))
        return Reverted(how)

    def survey(self) -> Survey:
        """What the host sees around it."""
        return around.survey(self._host.name, self._ask("survey", {}))

    def examine(self, inquiry: Inquiry) -> Examination:
        """See ``SessionWork``."""
        return examining.examine(self._host.name, self._session, inquiry)

    def remedy(self, remedy: Remedy) -> Remedied:
        """See ``SessionWork``."""
        given = remedying.given(self._host, remedy)
        self._wrote = True
        answer = self._ask("remedy", given)
        return Remedied("\n".join(answer.values.get("did", ())))

    # ------------------------------------------------- with what they are made

    def _look(self) -> _Look:
        answer = self._ask("read", {})
        links = records(answer.blocks.get("links", ""))
        addresses = {
            record["ifname"]: [
                f"{each['local']}/{each['prefixlen']}"
                for each in record.get("addr_info", ())
                if not IPv4Address(each["local"]).is_loopback
            ]
            for record in records(answer.blocks.get("addresses", ""))
        }
        about = Around(
            interfaces={link["ifname"] for link in links},
            addresses=addresses,
            programs=answer.all("has"),
            forwards=answer.one("forwards") == "1",
            idle=answer.all("idle"),
        )
        return _Look(answer, State.answered(answer), about)

    def _left(self, wanted: Sequence[str], now: _Look) -> tuple[str, ...]:
        """What is to be done: also to write again what is written but does not run."""
        left = lines.remaining(wanted, now.state)
        idle = (
            line
            for line in wanted
            if (file := lines.file_of(line)) and file[1] and file[0] in now.around.idle
        )
        return tuple(dict.fromkeys((*left, *idle)))

    def _change(
        self,
        left: Sequence[str],
        all_lines: Sequence[str],
        undo: Sequence[str],
        order: Order,
        timed: bool = True,
    ) -> None:
        self._wrote = True
        files = lines.files(left)
        seconds = order.minutes * self._minute if timed else 0
        back = [f"ovs-vsctl -t 20 {words}" for words in lines.transaction(undo)]
        values = {
            "token": order.token,
            "seconds": f"{seconds:g}",
            "required": "yes" if self._host.dead_man == "required" else "no",
            "paths": "\n".join(lines.files((*all_lines, *undo))),
            "switch": " -- ".join(lines.transaction(left)),
            "switch_back": "\n".join(back),
        }
        self._said += map(_shown, left)
        self._ask("apply", values, _staging(files))

    def _ask(self, phase: str, values: Mapping[str, str], functions: str = "") -> Answer:
        """Raises what the host refuses, as a StepFailure."""
        given = {"hostname": self._host.name.lower(), **values}
        answer = Answer.parsed(self._session.run(script(phase, given, functions)))
        if not answer.whole:
            raise SessionEndedError("the device closed the session")
        if word := answer.one("failed"):
            raise self._refusal(word, answer.blocks.get("failed", "").strip(), answer)
        return answer

    def _refusal(self, word: str, said: str, answer: Answer) -> StepFailure:
        log = said.splitlines()[-failures.LOG_LINES :]
        match word:
            case "hostname":
                return failures.another_name(self._host, answer.one("hostname"))
            case "stranger":
                return failures.strange_timer(self._host, said)
            case "busy":
                return failures.busy(self._host, log)
            case "switch":
                return _asleep(self._host, said)
            case "timer":
                return failures.no_timer(self._host, said, _TIMER_REMEDY)
            case "rejected":
                return _refused(self._host, log)
            case "ours":
                return remedying.our_way(self._host, said)
            case "absent":
                return failures.not_there(self._host.name, say("there is no %(what)s", what=said))
        return ActionNeeded(
            say("%(host)s could not carry out a step: %(why)s", host=self._host.name, why=said),
            meaning=say("Its memory or disk may be full."),
            next=say("Look at the device, then retry."),
            log=log,
            who="administrator",
        )

    def _is_ours(self, hostname: str) -> None:
        if hostname.casefold() != self._host.name.casefold():
            raise failures.another_name(self._host, hostname)

    def _keyed(self, wanted: Iterable[str], keys: Mapping[str, str], state: State) -> list[str]:
        """The lines with every passphrase in its place: the given one, or the one that is there."""
        filled = []
        for line in wanted:
            file = lines.file_of(line)
            if (
                file is not None
                and file[1] is not None
                and file[0] in wifi.needs({file[0]: file[1]})
            ):
                path, text = file[0], file[1]
                mark = wifi.needs({path: text})[path]
                key = keys.get(mark) or wifi.keyed(state.files.get(path, ""))
                if not key:
                    raise _keyless(self._host)
                line = lines.written(path, wifi.with_key(text, passphrase(key)))
            filled.append(line)
        return filled


def _shown(line: str) -> str:
    """A line without a secret."""
    file = lines.file_of(line)
    return line if file is None or file[1] is None else lines.written(file[0], masked(file[1]))


def _staging(files: Mapping[str, str | None]) -> str:
    """The function that gives a script its files."""
    calls = [
        f"gone {shlex.quote(path)}"
        if text is None
        else f"put {shlex.quote(path)} {shlex.quote(text)}"
        for path, text in files.items()
    ]
    return "\n".join(["files() {", ":", *calls, "}"])


def _keyless(host: Host) -> StepFailure:
    return ActionNeeded(
        say("%(host)s: the key of the wireless network is not at hand.", host=host.name),
        meaning=say("The network cannot be made without it; nothing was written."),
        next=say("Enter the key in the request again, then plan it anew."),
    )


def _asleep(host: Host, why: str) -> StepFailure:
    return Retriable(
        say("Open vSwitch on %(host)s does not answer: %(why)s", host=host.name, why=why),
        meaning=say("It may be starting. Nothing was changed on it."),
        next=say("Nothing to do: it is tried again by itself."),
        after=5,
    )


def _refused(host: Host, log: Sequence[str]) -> StepFailure:
    return Refused(
        say("%(host)s refuses the change: %(why)s", host=host.name, why=log[-1] if log else "?"),
        meaning=say("Nothing of it stands there."),
        next=say("Show the answer to an administrator; then plan the request anew."),
        log=log,
    )
