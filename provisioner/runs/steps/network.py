"""The steps of an event's WiFi: change the devices as one, prove it, prolong it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from provisioner.database import now
from provisioner.drivers.network import Reading
from provisioner.drivers.probe import ProbeReport
from provisioner.errors import Refused, Retriable, StepFailure
from provisioner.requests.store import service_of
from provisioner.runs.steps import refusals
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.runs.steps.devices import Task
from provisioner.runs.steps.transaction import Transaction
from provisioner.services import probe_proving
from provisioner.services.event_wifi.acceptance import Judgement, judge
from provisioner.services.passphrases import generate_passphrase
from provisioner.texts import render, say

CHANGE, PROVE, PROVE_OFF = "network.change", "wifi.prove", "wifi.prove_off"
PASSPHRASES = ("event_wifi.passphrase", "internet.passphrase")
"""Kinds of the secret that the users of a WiFi type in, by service."""
_DO, _UNDO = "do", "undo"
ON_THE_AIR = 5
"""How often it is looked whether the access points announce it, before it counts as failed."""
LOOK = 3.0
"""Seconds between two looks."""


def passphrase_kind(number: str) -> str:
    """The kind under which the passphrase of that request is kept."""
    return f"{service_of(number)}.passphrase"


class ChangeDevices:
    """All devices of the plan hold its wishes, or none does."""

    def apply(self, context: Context) -> Done | Wait:
        task = Task.of_params(context.params)
        ends = context.params.get("ends_at")
        going = Transaction(context, task, _DO, _keys(context, task), _former(context, task))
        if ends and datetime.fromisoformat(ends) <= now() and not going.decided:
            if going.undecided and (waits := going.abandon()) is not None:
                return waits
            raise Refused(
                say("The event is over."),
                meaning=say("Nothing is switched on any more."),
                next=say("Nothing to do, unless the event goes on: then enter a new request."),
            )
        return going.advance()

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        """The transaction has looked on new sessions before it decided."""
        return ()

    def undo(self, context: Context) -> Done | Wait:
        task = Task.of_params(context.params)
        keys, former = _keys(context, task), _former(context, task)
        done = Transaction(context, task, _DO, keys, former)
        if done.undecided:
            waits = done.abandon()
            return waits or Done(True)
        if not done.decided:
            return Done(False)
        forward = done.advance()  # decided is decided: it is whole before it is taken back
        if isinstance(forward, Wait):
            return forward
        back = {**keys, **former}
        return Transaction(context, task.reverse(), _UNDO, back, keys).advance()


class ProveNetwork:
    """What the plan promised is so, on every device; the check keys say what was looked at."""

    def apply(self, context: Context) -> Done | Wait:
        readings = _readings(context)
        verdicts = judge(context.params, readings)
        failed = [verdict for verdict in verdicts if not verdict.passed]
        looks = int(context.memory.get("looks", 0)) + 1
        if failed and looks < ON_THE_AIR:
            context.remember({"looks": looks})
            return Wait(LOOK, say("Looks again: %(what)s", what=failed[0].evidence))
        context.remember({"looks": None})
        if not failed:
            verdicts += _tried_there(context)
            failed = [verdict for verdict in verdicts if not verdict.passed]
        if failed:
            raise _not_proven(failed)
        return Done(False, evidence=[_proof(verdict) for verdict in verdicts])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(False)


def _keys(context: Context, task: Task) -> dict[str, str]:
    """The passphrase by the mark; made here where nobody gave one and one is needed.

    A change of what stands says whose passphrase holds from then on (``key_of``).
    """
    if not task.has_key:
        return {}
    owner = str(context.planned(CHANGE).get("key_of", context.number))
    kept = context.find_secret(passphrase_kind(owner), owner)
    if kept is None and task.needs_key and owner == context.number:
        context.keep_secret(passphrase_kind(owner), generate_passphrase())
        kept = context.find_secret(passphrase_kind(owner))
    return {task.mark: kept} if kept else {}


def _former(context: Context, task: Task) -> dict[str, str]:
    """The passphrase that stood before a change, by the mark; empty where it makes the first."""
    owner = context.planned(CHANGE).get("key_before")
    if not owner or not task.has_key:
        return {}
    kept = context.find_secret(passphrase_kind(str(owner)), str(owner))
    return {task.mark: kept} if kept else {}


def _readings(context: Context) -> dict[str, Reading]:
    """A fresh look at every device. Raises the gravest failure."""
    task = Task.of_params({"waves": [], "expected": {}, **context.params})
    found = context.fleet.read(
        {host: task.intents(host) for host in task.wishes}, _keys(context, task)
    )
    failures = {h: f for h, f in found.items() if isinstance(f, StepFailure)}
    if failures:
        raise refusals.worst(failures)
    return {h: r for h, r in found.items() if isinstance(r, Reading)}


def _tried_there(context: Context) -> list[Judgement]:
    """What the probes met where the WiFi was switched on; a probe that cannot try proves nothing,
    neither that it works nor that it does not."""
    if context.probes is None:
        return []
    task = Task.of_params({"waves": [], "expected": {}, **context.params})
    hosts = context.fleet.hosts()
    sites = {hosts[host].site for host in task.wishes if host in hosts}
    orders = probe_proving.orders(
        context.params,
        hosts,
        {site: context.probes.at(site) for site in sites if site},
        context.check_settings,
        _keys(context, task).get(task.mark, ""),
    )
    found = context.probes.try_out(orders) if orders else {}
    for failure in found.values():
        if isinstance(failure, StepFailure):
            context.warn(failure.what)
    return [probe_proving.judged(each) for each in found.values() if isinstance(each, ProbeReport)]


def _proof(verdict: Judgement) -> dict[str, Any]:
    return Proof(verdict.check, verdict.target, verdict.passed, verdict.evidence, now()).to_json()


def _not_proven(failed: Sequence[Judgement]) -> StepFailure:
    return Retriable(
        say("Not proven: %(what)s", what=failed[0].evidence),
        meaning=say("The devices took the change, but it is not as it has to be."),
        next=say("It is tried again by itself; look at the device named if it stays so."),
        log=[f"{v.check} {v.target}: {render(v.evidence, 'en')}" for v in failed],
        after=5,
    )
