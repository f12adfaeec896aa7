"""OpenWrt devices as a ``NetworkPlatform``: changes are playbook runs, looks plain sessions."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from provisioner.drivers.ansible.runner import Part, Runner
from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Examination,
    Host,
    Inquiry,
    Intent,
    Order,
    Preview,
    Reading,
    Remedied,
    Remedy,
    Result,
    Reverted,
    Ssid,
    Survey,
    Wish,
)
from provisioner.drivers.openwrt import changes, examining, remedying, wifi
from provisioner.drivers.openwrt.answers import NO_TIMER, Answer, answer, failure, on_air
from provisioner.drivers.openwrt.looking import surveyed
from provisioner.drivers.openwrt.names import base
from provisioner.drivers.openwrt.sections import packages, parsed
from provisioner.drivers.openwrt.session import Session
from provisioner.drivers.platforms import Means
from provisioner.drivers.sessions.batches import Batches, Sessions, reading
from provisioner.drivers.sessions.failures import not_in_inventory
from provisioner.errors import ActionNeeded, StepFailure
from provisioner.texts import say

_PLAYBOOK = "access_point.yml"
_T = TypeVar("_T")


def platform(means: Means) -> OpenWrtPlatform:
    """See ``drivers.platforms``."""
    return OpenWrtPlatform(means.sessions, means.playbooks)


class OpenWrtPlatform:
    """Implements ``NetworkPlatform`` by ``playbooks/access_point.yml``.

    What is written is staged on a copy first, so that a line that is refused changes nothing. The
    timer of a device is a copy of its files on its flash that is put back after ``Order.minutes``,
    or at boot while it is there. One run has no more hosts of a site, and of a login domain, than
    ``settings`` allow; what is left comes in the next.
    """

    def __init__(self, sessions: Sessions, runner: Runner) -> None:
        self._hosts = sessions.hosts
        self._runner = runner
        self._fan_out = sessions.fan_out
        self._batches: Batches[Session] = Batches(sessions, Session)

    def read(
        self, wanted: Mapping[str, Sequence[Intent]], keys: Mapping[str, str] | None = None
    ) -> Result[Reading]:
        """See ``NetworkPlatform``; keys are compared on the device."""
        parts = {host: Part(code=_comparing(wanted[host], keys or {})) for host in wanted}

        def reading(host: str, found: Answer) -> Reading:
            return _reading(host, found, wanted[host], compared=keys is not None)

        return self._played("read", parts, reading)

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """See ``NetworkPlatform``; lines are those of ``uci batch``."""
        return changes.preview(reading, wishes)

    def evidence(self, orders: Mapping[str, Order]) -> Result[tuple[str, ...]]:
        """What each device itself says would change, in Ansible's check mode; nothing is written.

        Its configuration before and after as a difference, secrets masked.
        """
        parts, failed = self._parts(orders, lambda order: order.preview.lines)
        return {**failed, **self._played("apply", parts, _difference, check=True)}

    def apply(self, orders: Mapping[str, Order]) -> Result[Applied]:
        """See ``NetworkPlatform``."""
        parts, failed = self._parts(orders, lambda order: order.preview.lines)

        def applied(host: str, found: Answer) -> Applied:
            lines = "\n".join(orders[host].preview.diff)
            return Applied(found.one("changed") == "yes", f"{lines}\n{_told(found)}")

        return {**failed, **self._played("apply", parts, applied)}

    def confirm(self, orders: Mapping[str, Order]) -> Result[Confirmed]:
        """See ``NetworkPlatform``; without a timer there is nothing to do, all is saved already."""
        timed = {host: order for host, order in orders.items() if order.minutes}
        parts, failed = self._parts(timed, lambda order: order.preview.lines)
        kept: dict[str, Confirmed | StepFailure] = {
            host: Confirmed(kept=True) for host in orders if host not in timed
        }
        found = self._played(
            "confirm", parts, lambda host, found: Confirmed(found.one("kept") == "yes")
        )
        return {**kept, **failed, **found}

    def revert(self, orders: Mapping[str, Order]) -> Result[Reverted]:
        """See ``NetworkPlatform``."""
        parts, failed = self._parts(
            orders, lambda order: order.preview.undo, lambda order: order.undo_keys
        )
        return {**failed, **self._played("revert", parts, _reverted)}

    def survey(self, names: Collection[str]) -> Result[Survey]:
        """See ``NetworkPlatform``."""
        parts = {name: Part() for name in names}
        return self._played("survey", parts, surveyed)

    def examine(self, inquiries: Mapping[str, Inquiry]) -> Result[Examination]:
        """See ``NetworkPlatform``."""

        def one(host: Host, session: Session) -> Examination:
            inquiry = inquiries[host.name]
            session.only_read(inquiry.limit)
            with reading(host):
                return examining.examine(host.name, session, inquiry)

        limits = {name: inquiry.limit for name, inquiry in inquiries.items()}
        return self._batches.run(inquiries, one, limits)

    def remedy(self, remedies: Mapping[str, Remedy]) -> Result[Remedied]:
        """See ``NetworkPlatform``."""

        def one(host: Host, session: Session) -> Remedied:
            return remedying.carry_out(host, session, remedies[host.name])

        return self._batches.run(remedies, one)

    # ------------------------------------------------------------------ one run

    def _parts(
        self,
        orders: Mapping[str, Order],
        lines: Callable[[Order], Sequence[str]],
        keys: Callable[[Order], Mapping[str, str]] = lambda order: order.keys,
    ) -> tuple[dict[str, Part], dict[str, StepFailure]]:
        parts: dict[str, Part] = {}
        failed: dict[str, StepFailure] = {}
        for host, order in orders.items():
            filled, keyless = wifi.with_keys(lines(order), keys(order))
            if keyless:
                failed[host] = _keyless(host)
                continue
            required = self._hosts()[host].dead_man == "required"
            parts[host] = Part(
                {
                    "hostname": host.lower(),
                    "token": order.token,
                    "minutes": str(order.minutes),
                    "lines": "\n".join(filled),
                    "required": "yes" if required else "no",
                }
            )
        return parts, failed

    def _played(
        self,
        phase: str,
        parts: Mapping[str, Part],
        result: Callable[[str, Answer], _T],
        check: bool = False,
    ) -> dict[str, _T | StepFailure]:
        hosts = self._hosts()
        writing = phase not in ("read", "survey") and not check
        found: dict[str, _T | StepFailure] = {
            name: not_in_inventory(name) for name in parts if name not in hosts
        }
        for wave in self._fan_out.rounds({n: hosts[n] for n in parts if n in hosts}):
            own = {name: parts[name] for name in wave}
            with self._fan_out.held(wave):
                verdicts = self._runner.run(
                    _PLAYBOOK, [*wave.values()], own, {"phase": phase}, check
                )
            for host, verdict in verdicts.items():
                found[host] = failure(host, verdict, writing) or result(host, answer(verdict))
        return found


def _comparing(wanted: Sequence[Intent], keys: Mapping[str, str]) -> str:
    """The shell function that compares every key on the device."""
    names = {
        intent.mark: shlex.quote(keys[intent.mark])
        for intent in wanted
        if isinstance(intent, Ssid) and intent.mark in keys
    }
    lines = [f"same_keys {base(mark)} {key}" for mark, key in names.items()]
    return "\n".join(["keyed() {", ":", *lines, "}"])


def _reading(host: str, found: Answer, wanted: Sequence[Intent], compared: bool) -> Reading:
    configuration = "".join(text for (word, _), text in found.blocks.items() if word == "config")
    sections = parsed(configuration)
    keyed = frozenset(found.values.get("keyed", ()))
    ports = frozenset(found.values.get("port", ()))
    if not compared:
        keyed = frozenset(s.name for s in sections if s.text("key"))
    known = packages(configuration)
    problems = {each.key: changes.problem(sections, known, ports, each, wanted) for each in wanted}
    return Reading(
        host=host,
        hostname=found.one("hostname"),
        at=datetime.now(UTC),
        objects={each.key: changes.state(sections, each, keyed) for each in wanted},
        problems={key: why for key, why in problems.items() if why is not None},
        configuration=configuration,
        no_timer=NO_TIMER.get(found.one("no-timer")),
        pending=found.one("pending") or None,
        announced=on_air(found),
    )


def _difference(host: str, found: Answer) -> tuple[str, ...]:
    before = found.blocks.get(("before", ""), "").split("\n")
    after = found.blocks.get(("after", ""), "").split("\n")
    return tuple(
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=1)
        if not line.startswith(("---", "+++"))
    )


def _reverted(host: str, found: Answer) -> Reverted:
    match found.one("how"):
        case "timer":
            return Reverted("timer")
        case "undo":
            return Reverted("undo")
        case _:
            return Reverted("nothing")


def _told(found: Answer) -> str:
    return "\n".join(f"{word} {' '.join(values)}" for word, values in found.values.items())


def _keyless(host: str) -> StepFailure:
    return ActionNeeded(
        say("%(host)s: the key of the wireless network is not at hand.", host=host),
        meaning=say("The network cannot be made without it; nothing was written."),
        next=say("Enter the key in the request again, then plan it anew."),
    )
