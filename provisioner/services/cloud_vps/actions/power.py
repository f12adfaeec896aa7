"""Plans to restart, stop, start, suspend and resume a VM; pure."""

from __future__ import annotations

from provisioner.plans.model import Change, Plan, Risk
from provisioner.plans.refusals import refuse
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting, check_running
from provisioner.services.cloud_vps.actions_details import (
    RestartDetails,
    ResumeDetails,
    StartDetails,
    StopDetails,
    SuspendDetails,
)
from provisioner.texts import Message, say

_DOWN_SECONDS, _UP_SECONDS = 30, 60


def plan_restart(acting: Acting, _details: RestartDetails) -> Plan:
    """Shut down and start, so that what is pending takes effect."""
    check_running(acting)
    pending = ", ".join(sorted(acting.standing.pending))
    changes = []
    if pending:
        what = say("settings of %(vm)s that wait for a restart", vm=acting.name)
        changes.append(Change(what, pending, say("in effect")))
    restart = on_vm.vm_step(
        acting.record,
        "vm.restart",
        say("Restart it"),
        {"seconds": acting.settings.timeouts.shutdown, "only_if_pending": False},
        changes=changes,
        undo=on_vm.NO_WAY_BACK,
    )
    return acting.plan(
        [restart, on_vm.reach(acting.record)],
        say("Restarts %(vm)s.", vm=acting.name),
        _DOWN_SECONDS + _UP_SECONDS,
        objects=acting.state(),
        risks=[down_for(acting, say("some minutes"))],
    )


def plan_stop(acting: Acting, _details: StopDetails) -> Plan:
    """Shut down; it starts again with its node, or when somebody asks for it."""
    check_running(acting)
    return acting.plan(
        [on_vm.power(acting.record, acting.settings, "stopped")],
        say("Shuts %(vm)s down. It keeps its disks, its address and its place.", vm=acting.name),
        _DOWN_SECONDS,
        objects=acting.state(),
        risks=[
            unreachable(acting),
            Risk(
                "low",
                say("It starts by itself when its node is restarted. To keep it off, suspend it."),
            ),
        ],
    )


def plan_start(acting: Acting, _details: StartDetails) -> Plan:
    """Switch on."""
    if acting.runs:
        refuse(say("%(vm)s is switched on already.", vm=acting.name))
    return acting.plan(
        [on_vm.power(acting.record, acting.settings, "running"), on_vm.reach(acting.record)],
        say("Switches %(vm)s on.", vm=acting.name),
        _UP_SECONDS,
        objects=acting.state(),
    )


def plan_suspend(acting: Acting, _details: SuspendDetails) -> Plan:
    """Off, and not on again with its node."""
    return acting.plan(
        [
            on_vm.power(acting.record, acting.settings, "stopped"),
            on_vm.start_at_boot(acting.record, on=False),
        ],
        say(
            "Suspends %(vm)s: it is shut down and stays off until it is resumed. It keeps its "
            "disks, its address and its place.",
            vm=acting.name,
        ),
        _DOWN_SECONDS,
        objects=acting.state(),
        risks=[unreachable(acting)],
    )


def plan_resume(acting: Acting, _details: ResumeDetails) -> Plan:
    """On again what was suspended, also in its days of grace."""
    record = acting.record
    if record.state != "suspended":
        refuse(say("%(vm)s is not suspended.", vm=acting.name))
    if record.ends_at is not None and record.ends_at <= acting.facts.at:
        refuse(say("The time of %(vm)s is over. Extend it first, then resume it.", vm=acting.name))
    risks = []
    if record.remove_at is not None:
        risks.append(Risk("low", say("Its removal is called off.")))
    return acting.plan(
        [
            on_vm.start_at_boot(record, on=True),
            on_vm.power(record, acting.settings, "running"),
            on_vm.reach(record),
        ],
        say("Resumes %(vm)s: it is switched on and starts with its node again.", vm=acting.name),
        _UP_SECONDS,
        objects=acting.state(),
        risks=risks,
    )


def down_for(acting: Acting, long: Message) -> Risk:
    """Its users cannot work meanwhile."""
    return Risk(
        "medium",
        say(
            "%(vm)s cannot be reached for %(long)s. A guest that does not shut down within "
            "%(seconds)d seconds is switched off.",
            vm=acting.name,
            long=long,
            seconds=acting.settings.timeouts.shutdown,
        ),
    )


def unreachable(acting: Acting) -> Risk:
    """Its users cannot work from then on."""
    return Risk(
        "medium",
        say("From then on nobody reaches %(vm)s and what runs on it.", vm=acting.name),
    )
