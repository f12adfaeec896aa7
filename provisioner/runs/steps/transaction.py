"""A change of several network devices as one: all of them hold it in the end, or none does.

DESIGN section 5: leases, read, refuse what others changed, arm the timers, apply, verify on new
sessions, decide in our database, and only then confirm and save. Without the decision recovery
takes everything back; with it recovery goes forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from provisioner.database import now
from provisioner.drivers.network import Reading, Result
from provisioner.errors import ActionNeeded, StepFailure
from provisioner.runs.leases import LeaseLost
from provisioner.runs.steps import refusals
from provisioner.runs.steps.base import Done, Wait
from provisioner.runs.steps.devices import told
from provisioner.runs.steps.touches import LOOKS, Touches, answers_in, failures_in
from provisioner.texts import say

LINE = 1.0
"""Seconds between two looks whether the devices are free."""
RETURNING = 15.0
"""Seconds between two looks whether a device that was left has come back."""
BREAKS = 3
"""How often the process may end in the middle before a person is asked."""
_R = TypeVar("_R")


class Transaction(Touches):
    """One task on its way; every call goes on from the record, whatever happened in between.

    Raises failures of ``errors``, and then no timer of ours runs any more, unless the change was
    decided: then it waits to go forward.
    """

    @property
    def undecided(self) -> bool:
        """Whether it was begun and is not decided."""
        return self._record.phase in ("applying", "reverting")

    @property
    def decided(self) -> bool:
        """Whether it goes forward, whatever happens."""
        return self._record.phase == "decided"

    def advance(self) -> Done | Wait:
        """Go on until it is done, has to wait, or has failed with everything taken back.

        Once it is done it asks for no device any more: who takes it back would lose the place in
        the line for that.
        """
        if self._record.finished:
            return self._done()
        waits = self._in_line()
        if waits is not None:
            return waits
        try:
            return self._go_on()
        except LeaseLost:
            raise
        except StepFailure as failure:
            if self._record.phase == "applying":
                return self._turn_back(failure)
            if self._record.phase == "new":
                self._context.devices.give_back()
            raise

    def abandon(self) -> Wait | None:
        """Take back whatever was not decided; None once nothing of it stands."""
        waits = self._in_line() or self._take_back()
        if waits is None:
            self._keep(self._record.next_round())
            self._context.devices.give_back()
        return waits

    # ------------------------------------------------------------------ going forward

    def _go_on(self) -> Done | Wait:
        record = self._record
        if record.phase == "applying":  # the process ended in the middle
            return self._begin_again() if self._task.tolerant else self._turn_back(None)
        if record.phase == "reverting":
            return self._turn_back_again()
        readings: dict[str, Reading] = {}
        if record.phase == "new":
            readings = self._look()
            self._prepare(readings)
            if record.previews:
                self._apply_waves()
                readings |= self._verify()
                self._decide()
        self._settle()
        return self._finish(readings)

    def _look(self) -> dict[str, Reading]:
        """Read every device; nothing has been touched. Raises what keeps us from beginning."""
        found = self._without_own_timers(self._read(self._task.wishes))
        readings = self._judged(self._good(found), self._obstacle)
        for reading in readings.values():
            self._keep_text(reading, "before")
        changed = [text for reading in readings.values() for text in self._task.objections(reading)]
        if changed and not self._task.tolerant:
            raise refusals.changed_meanwhile(changed)
        return readings

    def _obstacle(self, reading: Reading) -> StepFailure | None:
        if reading.hostname.lower() != reading.host.lower():
            return refusals.other_host(reading)
        if reading.pending is not None:
            return refusals.strange_timer(reading)
        if reading.no_timer and self._fleet.hosts()[reading.host].dead_man == "required":
            return refusals.no_timer(reading)
        return None

    def _prepare(self, readings: Mapping[str, Reading]) -> None:
        """Write down what will be sent; nothing where all is as wished and saved already."""
        record = self._record
        for host, reading in readings.items():
            try:
                preview = self._fleet.preview(reading, self._task.still_wished(reading))
            except StepFailure as failure:
                self._leave({host: failure})
                continue
            if preview.lines or host in record.loose:
                timed = (
                    self._settings.timer_minutes if preview.lines and not reading.no_timer else 0
                )
                record.previews[host] = {
                    **preview.to_json(), "minutes": timed, "token": self._token
                }  # fmt: skip

    def _apply_waves(self) -> None:
        """Arm and apply, the far end first. Raises at the first failure; the caller takes back."""
        record = self._record
        record.phase = "applying"
        for wave in self._task.waves:
            hosts = [host for host in wave if host in record.previews]
            if not hosts:
                continue
            self._tell("device:applied", say("Changed: %(hosts)s"), self._good(self._arm(hosts)))

    def _verify(self) -> dict[str, Reading]:
        """On new sessions: every device answers and is as wished. Raises when not."""
        found = self._read(host for host in self._task.wishes if host not in self._record.left)
        if failures_in(found):
            again = self._read(failures_in(found))  # for a hiccup
            found = {**found, **again, **refusals.no_answer(failures_in(again))}
        return self._judged(self._good(found), self._failed)

    def _failed(self, reading: Reading) -> StepFailure | None:
        unmet = self._task.unmet(reading)
        if unmet and reading.pending is None and self._record.armed.get(reading.host):
            return refusals.lost(reading.host)
        return refusals.not_as_wished(unmet) if unmet else None

    def _decide(self) -> None:
        """The commit point: from here on it goes forward. Raises when a timer is about to fire.

        What the first confirmation does not reach is for ``_settle``.
        """
        record = self._record
        limit = now() + timedelta(seconds=self._settings.minute / 4) + self._slack()
        late = [h for h in record.previews if (at := record.expires(h)) is not None and at < limit]
        self._left_or_raised(dict.fromkeys(late, refusals.too_slow()))
        record.phase, record.decision = "decided", "commit"
        self._keep(record)
        self._tell("device:decided", say("Proven everywhere, so it is kept: %(hosts)s"),
                   record.previews)  # fmt: skip
        self._confirm({host: self._order(host) for host in record.open})

    def _settle(self) -> None:
        """Decided, but not known to be saved everywhere: look; change it again where a timer took
        it back; then confirm. Raises when a device is open still."""
        record = self._record
        if not record.open:
            return
        found = self._without_own_timers(self._read(record.open), half=True)
        failures = failures_in(found)
        readings = answers_in(found)
        for host, reading in list(readings.items()):
            if reading.pending is not None and not self._own(reading):
                failures[host] = refusals.strange_timer(readings.pop(host))
        again = [host for host, reading in readings.items() if self._task.unmet(reading)]
        if again:
            self._tell("device:again", say("Taken back by a timer, so changed again: %(hosts)s"),
                       again)  # fmt: skip
            failures |= failures_in(self._arm(again))
        orders = {
            host: self._order(host) if host in again or reading.pending else
            replace(self._order(host), minutes=0)
            for host, reading in readings.items()
            if host not in failures
        }  # fmt: skip
        failures |= self._confirm(orders)
        failures = {**dict.fromkeys(record.open, refusals.too_slow()), **failures}
        if failures and not self._task.tolerant:
            raise refusals.unfinished(failures)
        self._leave(failures)

    def _finish(self, readings: Mapping[str, Reading]) -> Done | Wait:
        record = self._record
        found = {**self._read(h for h in record.previews if h not in readings), **readings}
        for reading in answers_in(found).values():
            self._keep_text(reading, "after")
        for host in failures_in(found):
            self._context.keep_configuration(host, "unread", "")
        self._tell("device:unread", say("Kept, but gave no answer since: %(hosts)s"),
                   failures_in(found))  # fmt: skip
        record.done += told(record.previews)
        if record.left:
            return self._follow()
        self._context.devices.give_back()
        record.finished = True
        self._keep(record)
        return self._done()

    def _done(self) -> Done:
        return Done(bool(self._record.done), tuple(self._record.done))

    def _follow(self) -> Wait:
        """Those that were left get another round."""
        record = self._record
        self._tell("device:left", say("The others go on without these: %(hosts)s"), record.news)
        quick = any(left["kind"] in refusals.PASSING for left in record.left.values())
        text = say(
            "The rest is done; these follow as soon as they answer again: %(hosts)s",
            hosts=", ".join(record.left),
        )
        self._keep(record.next_round())
        self._context.devices.give_back()
        return Wait(RETURNING if quick else 4 * RETURNING, text)

    def _begin_again(self) -> Wait:
        """After a crash, where every device stands for itself: look at all of them anew."""
        self._leave(dict.fromkeys(self._task.wishes, refusals.interrupted()))
        self._keep(self._record.next_round())
        return Wait(0.0, refusals.interrupted().what)

    # ------------------------------------------------------------------ taking back

    def _turn_back(self, failure: StepFailure | None) -> Done | Wait:
        """Take everything back because of a failure, or because the process had ended."""
        record = self._record
        record.phase = "reverting"
        if failure is None:
            record.breaks += 1
        else:
            who = failure.who if isinstance(failure, ActionNeeded) else "technician"
            record.because = {**failure.to_json(), "who": who}
        self._keep(record)
        return self._turn_back_again()

    def _turn_back_again(self) -> Done | Wait:
        """Go on taking back; then raise what led to it, or begin anew after a crash."""
        record = self._record
        waits = self._take_back()
        if waits is not None:
            return waits
        self._tell("device:back", say("As before again: %(hosts)s"), record.reverted)
        because, breaks = record.because, record.breaks
        self._keep(record.next_round())
        self._context.devices.give_back()
        if because is not None:
            raise refusals.after_taking_back(because, outlasted=record.outlasted)
        if breaks > BREAKS:
            raise refusals.too_many_breaks()
        return Wait(0.0, refusals.interrupted().what)

    def _take_back(self) -> Wait | None:
        """Revert what was armed; None once every device is known to be as before."""
        record = self._record
        if not record.standing:
            return None
        failures = self._revert(record.standing)
        record.silent = sorted({*record.silent, *failures})
        expiries = [at for host in record.standing if (at := record.expires(host)) is not None]
        running = bool(expiries) and now() < max(expiries)
        record.asked += bool(record.standing) and not running
        self._keep(record)
        if not record.standing:
            return None
        waiting = ", ".join(record.standing)
        if running:
            text = say("Waits until the timer has taken it back: %(hosts)s", hosts=waiting)
            return Wait(2.0, text)
        if record.asked < LOOKS:
            return Wait(min(2.0**record.asked, 60.0), say("Asks again: %(hosts)s", hosts=waiting))
        raise refusals.not_taken_back(failures)

    # ------------------------------------------------------------------ small things

    def _in_line(self) -> Wait | None:
        blocked = self._context.devices.take(list(self._task.wishes))
        if blocked is None:
            return None
        return Wait(LINE, say("Waits for its turn: %(number)s is at work there", number=blocked))

    def _good(self, results: Result[_R]) -> dict[str, _R]:
        """The answers without failures; raises the gravest, or leaves those devices for later."""
        failures = failures_in(results)
        self._record.silent = [h for h, f in failures.items() if f.kind in refusals.PASSING]
        self._left_or_raised(failures)
        return answers_in(results)

    def _judged(
        self, readings: dict[str, Reading], fault: Callable[[Reading], StepFailure | None]
    ) -> dict[str, Reading]:
        """Those without a fault; the others are treated as if they had failed."""
        faults = {h: f for h, r in readings.items() if (f := fault(r)) is not None}
        self._left_or_raised(faults)
        return {host: reading for host, reading in readings.items() if host not in faults}

    def _left_or_raised(self, failures: Mapping[str, StepFailure]) -> None:
        if failures and not self._task.tolerant:
            raise refusals.worst(failures)
        self._leave(failures)

    def _leave(self, failures: Mapping[str, StepFailure]) -> None:
        """The others go on; these follow. What stands there now, is looked at then."""
        record = self._record
        for host, failure in failures.items():
            record.left[host] = {"kind": failure.kind, "what": failure.what.to_json()}
            preview = record.previews.pop(host, None)
            if preview is not None and host in record.armed:
                record.loose[host] = preview
