"""The touches that a change of devices is made of: each is written down before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TypeVar

from provisioner.database import now
from provisioner.drivers.network import Applied, Confirmed, Order, Preview, Reading, Result
from provisioner.errors import StepFailure
from provisioner.runs.steps import refusals
from provisioner.runs.steps.base import Context
from provisioner.runs.steps.devices import Record, Task
from provisioner.texts import Message, say

LOOKS = 8
"""How often a device is asked to take its part back after its timer must have ended."""
SOON = 4
"""Within so many looks a device answers again that our own change had cut off."""
_R = TypeVar("_R")


class Touches:
    """What one transaction does to the devices of its task, and its record.

    ``name`` is the key of the record in the step's memory; ``keys`` are the passphrases by mark,
    ``former`` those that stood before.
    """

    def __init__(
        self,
        context: Context,
        task: Task,
        name: str,
        keys: Mapping[str, str] | None = None,
        former: Mapping[str, str] | None = None,
    ) -> None:
        self._context, self._name = context, name
        self._keys, self._former = keys or {}, former or {}
        self._record = Record.of_memory(context.memory.get(name, {}))
        todo = self._record.todo
        self._task = task if todo is None else task.only(todo)
        self._fleet, self._settings = context.fleet, context.device_settings

    def _read(self, hosts: Iterable[str]) -> Result[Reading]:
        wanted = {host: self._task.intents(host) for host in hosts}
        return self._fleet.read(wanted, self._keys) if wanted else {}

    def _keep_text(self, reading: Reading, when: str) -> None:
        """Keep the configuration, without our own passphrases even where the driver forgot."""
        text = reading.configuration
        for key in (*self._keys.values(), *self._former.values()):
            text = text.replace(key, "<masked>")
        self._context.keep_configuration(reading.host, when, text)

    def _arm(self, hosts: Iterable[str]) -> Result[Applied]:
        """Send the change under its timer, once it is written down when that has fired."""
        record = self._record
        orders = {host: self._order(host) for host in hosts}
        record.armed |= {host: self._expiry(order.minutes) for host, order in orders.items()}
        self._keep(record)
        self._tell("device:armed", say("Changing under a timer: %(hosts)s"), orders)
        return self._fleet.apply(orders)

    def _confirm(self, orders: Mapping[str, Order]) -> dict[str, StepFailure]:
        """Disarm and save there. Returns the failures."""
        record = self._record
        if not orders:
            return {}
        self._context.devices.check()
        answers = self._fleet.confirm(orders)
        kept = [host for host, a in answers.items() if isinstance(a, Confirmed) and a.kept]
        record.confirmed += kept
        self._keep(record)
        self._tell("device:confirmed", say("Kept and saved: %(hosts)s"), kept)
        return failures_in(answers)

    def _revert(self, hosts: Iterable[str]) -> dict[str, StepFailure]:
        """Take back what stands there. Returns the failures.

        Once our timer must have ended, one that runs is somebody else's.
        """
        record = self._record
        self._context.devices.check()
        ended = [h for h in hosts if (at := record.expires(h)) is not None and at < now()]
        found = self._read(ended)
        failures = failures_in(found)
        for host, reading in answers_in(found).items():
            if reading.pending is not None and not self._own(reading):
                failures[host] = refusals.strange_timer(reading)
        answers = self._fleet.revert({h: self._order(h) for h in hosts if h not in failures})
        for host, answer in answers_in(answers).items():
            record.reverted[host] = answer.how
            if host in ended or ((at := record.expires(host)) and now() > at - self._slack()):
                record.outlasted |= host in record.silent and record.asked < SOON
        return failures | failures_in(answers)

    def _own(self, reading: Reading) -> bool:
        """Whether the timer that runs there is ours; a platform without tokens tells it by time."""
        record, host = self._record, reading.host
        preview = record.previews.get(host) or record.loose.get(host)
        if preview is None:
            return False
        ends = record.expires(host)
        return reading.pending == preview["token"] or (ends is not None and now() < ends)

    def _without_own_timers(self, found: Result[Reading], half: bool = False) -> Result[Reading]:
        """Where a timer of ours runs still, take back and look again (``half``: only where the
        change is not whole)."""
        timed = [
            host for host, reading in answers_in(found).items()
            if reading.pending is not None and self._own(reading)
            and not (half and not self._task.unmet(reading))
        ]  # fmt: skip
        if not timed:
            return found
        self._context.devices.check()
        answers = self._fleet.revert({host: self._order(host) for host in timed})
        return {**found, **self._read(answers_in(answers)), **failures_in(answers)}

    def _order(self, host: str) -> Order:
        preview = self._record.previews.get(host) or self._record.loose[host]
        return Order(
            Preview.from_json(preview), preview["token"], preview["minutes"], self._keys,
            self._former,
        )  # fmt: skip

    @property
    def _token(self) -> str:
        return f"{self._context.run_id}-{self._name}-{self._record.round}"

    def _expiry(self, minutes: int) -> str:
        """When a timer armed from now on has fired for certain; empty where none is armed."""
        if not minutes:
            return ""
        span = timedelta(seconds=minutes * self._settings.minute)
        return (now() + span + self._slack()).isoformat()

    def _slack(self) -> timedelta:
        """What may lie between our writing it down and the start of the device's timer."""
        return timedelta(seconds=self._settings.connect)

    def _keep(self, record: Record) -> None:
        """Write it down, unless the devices are another's by now."""
        self._context.devices.check()
        self._record = record
        self._context.remember({self._name: record.to_memory()})

    def _tell(self, tag: str, text: Message, hosts: Iterable[str]) -> None:
        named = sorted(hosts)
        if named:
            filled = Message(text.template, {"hosts": ", ".join(named)})
            self._context.tell(tag, filled, {"hosts": named})


def failures_in(results: Result[_R]) -> dict[str, StepFailure]:
    return {h: a for h, a in results.items() if isinstance(a, StepFailure)}


def answers_in(results: Result[_R]) -> dict[str, _R]:
    return {h: a for h, a in results.items() if not isinstance(a, StepFailure)}
