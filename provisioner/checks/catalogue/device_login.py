"""Does the device let us in, and does it answer then?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from provisioner.checks.catalogue.device_reach import answers
from provisioner.checks.judging import Look, Pen
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.network import Examination, Host, System
from provisioner.drivers.outlook import Reached
from provisioner.drivers.sessions import failures
from provisioner.errors import StepFailure
from provisioner.texts import say

SLOW = 5.0
"""Seconds that a login may take; devices under load or with a slow login server take longer."""
CHECK = Check(
    "device.login",
    title=say("Login by SSH"),
    proves=say("The device shows the host key on record, lets us in and answers in time."),
    meaning=say("The device cannot be looked at or changed from here; users may still work."),
    next=say("Log in by hand or on its own console, and see what it says."),
    needs=frozenset({"reach"}),
)
_ANY = Host("", "", frozenset(), "", 22, "")
_CHANGED = failures.strange_key(_ANY, "", known=True).what.template
_REFUSED = frozenset(
    failure.what.template
    for failure in (
        failures.strange_key(_ANY, "", known=False),
        failures.no_login(_ANY),
        failures.no_privilege(_ANY),
        failures.old_algorithms(_ANY, ""),
    )
)
_SILENT = failures.unreachable(_ANY, "").what.template
_MUTE = frozenset(
    failure.what.template
    for failure in (
        failures.unanswered(_ANY, ""),
        failures.cut_before_work(_ANY, "", ()),
        failures.rejected(_ANY, "", "", ()),
    )
)


def judge(seen: Seen) -> Iterator[Result]:
    pen = Pen(CHECK, seen.at)
    for device in seen.chain.devices:
        found = seen.examined.get(device)
        if isinstance(found, StepFailure):
            yield _refused(pen, seen, Place("device", device), found)
        elif found is not None:
            yield _let_in(Look(pen, seen, device, found))
        elif _is_closed(reached := seen.reached.get(device)):
            why = ", ".join(f"TCP {port}" for port in sorted(reached.ports))
            yield pen.wrong("device.login", Place("device", device), why, "weak", why=why)


def _is_closed(reached: Reached | None) -> TypeGuard[Reached]:
    """Whether somebody is there, but takes no connection."""
    if reached is None or not reached.ports or not answers(reached):
        return False
    return all(ms is None for ms in reached.ports.values())


def _refused(pen: Pen, seen: Seen, place: Place, failure: StepFailure) -> Result:
    what, kind, told = failure.what, failure.what.template, str(failure.what)
    reached = seen.reached.get(place.name)
    if kind == _CHANGED:
        return pen.wrong("device.key_changed", place, told, "weak", why=what)
    if kind in _MUTE:
        return pen.wrong("device.hangs", place, told, "weak", why=what)
    if kind in _REFUSED or (kind == _SILENT and reached is not None and answers(reached)):
        return pen.wrong("device.login", place, told, "weak", why=what)
    return pen.skip(place, failure.what)


def _let_in(look: Look) -> Result:
    health = look.health
    if health.cut is not None or _is_rubbish(health):
        why = health.cut or "; ".join(sorted(set(health.untold.values())))
        return look.wrong("device.hangs", str(why), weight="weak", why=why)
    took = f"{health.login_seconds:.1f} s"
    if health.login_seconds > SLOW:
        return look.wrong("device.slow_login", took, weight="weak", seconds=took)
    return look.ok(took)


def _is_rubbish(health: Examination) -> bool:
    """Several things were asked, and nothing that came could be read."""
    said = health.ports or health.neighbors or health.arp or health.radios or health.scopes
    return len(health.untold) >= 3 and not said and health.system == System()
