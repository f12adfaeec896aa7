"""Proving that a department's server is reached in its rack, that it is gone, and hand-over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.database import now
from provisioner.drivers.network import AccessPort, Intent, Reading, Wish
from provisioner.errors import ActionNeeded
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.runs.steps.manual import COMPLETED
from provisioner.services.checks import check
from provisioner.services.colocation.acceptance import (
    PORT_FREED,
    PORT_SET_UP,
    SERVER_ANSWERS,
    SERVER_PORT_OPEN,
    SERVER_SILENT,
)
from provisioner.services.colocation.steps import RACK
from provisioner.texts import Phrase, render, say

LOOKS = 12
"""How often it is looked before a person is asked: a server takes a while to boot."""
PAUSE = 5.0
"""Seconds between two looks."""


class ProveServer:
    """The port is as planned, the server answers, and so does every service on TCP it named."""

    def apply(self, context: Context) -> Done | Wait:
        address = str(context.params["address"])
        proofs = [_port_set_up(context)]
        how = context.seat.answers(address, tuple(context.params["probed"]))
        proofs.append(_proof(SERVER_ANSWERS, address, how is not None, how or say("no answer")))
        for port in context.params["ports"] if how else ():
            opened = context.seat.open(address, port)
            shown = say("connected") if opened else say("no connection")
            proofs.append(_proof(SERVER_PORT_OPEN, f"{address}:{port}", opened, shown))
        return _settled(context, proofs)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(False)


class ProveGone:
    """The port no longer bears our mark, and nothing answers at the address."""

    def apply(self, context: Context) -> Done | Wait:
        address = str(context.params["address"])
        wanted, found, target = _look(context)
        left = found == wanted
        proofs = [_proof(PORT_FREED, target, not left, _shown(found))]
        how = context.seat.answers(address, tuple(context.params["probed"]))
        proofs.append(_proof(SERVER_SILENT, address, how is None, how or say("no answer")))
        return _settled(context, proofs)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(False)


class HandOverServer:
    """Write down what label and hand-over sheet say, with what was read at the racking."""

    def apply(self, context: Context) -> Done | Wait:
        told = context.recall(RACK).get(COMPLETED, {}).get("answers", {})
        serial = context.params["serial"] or told.get("serial")
        context.remember({"serial": serial})
        return Done(False, evidence=[{**context.params, "serial": serial}])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(False)


def _port_set_up(context: Context) -> Proof:
    wanted, found, target = _look(context)
    return _proof(PORT_SET_UP, target, found == wanted, _shown(found))


def _look(context: Context) -> tuple[Intent, Intent | None, str]:
    """The port as it has to be and as it is now. Raises the failure of the switch."""
    switch, wanted = str(context.params["switch"]), Wish.from_json(context.params["wish"]).intent
    answer = context.fleet.read({switch: [wanted]})[switch]
    if not isinstance(answer, Reading):
        raise answer
    target = f"{switch}:{wanted.port}" if isinstance(wanted, AccessPort) else switch
    return wanted, answer.objects.get(wanted.key), target


def _settled(context: Context, proofs: list[Proof]) -> Done | Wait:
    """Done when all have passed; looked at again for a while; then a person is asked."""
    red = [proof for proof in proofs if not proof.passed]
    looks = int(context.memory.get("looks", 0)) + 1
    if red and looks < LOOKS:
        context.remember({"looks": looks})
        return Wait(PAUSE, say("Looks again: %(what)s", what=check(red[0].check).title))
    context.remember({"looks": None})
    if red:
        raise _not_proven(red)
    return Done(False, evidence=[proof.to_json() for proof in proofs])


def _not_proven(red: Sequence[Proof]) -> ActionNeeded:
    first, about = red[0], check(red[0].check)
    return ActionNeeded(
        say(
            "Check “%(check)s” of %(target)s has not passed.",
            check=about.title,
            target=first.target,
        ),
        meaning=about.meaning,
        next=about.next,
        log=[f"{p.check} {p.target}: {render(p.evidence, 'en')}" for p in red],
    )


def _proof(key: str, target: str, passed: bool, evidence: Phrase) -> Proof:
    return Proof(key, target, passed, evidence, now())


def _shown(found: Intent | None) -> Phrase:
    if isinstance(found, AccessPort):
        return say("VLAN %(vlan)s, %(text)s", vlan=found.vlan, text=found.description or "-")
    return say("not set up")
