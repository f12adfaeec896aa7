"""Plans to end a VM on request: with its days of grace, at once, or in our books alone; pure."""

from __future__ import annotations

from datetime import timedelta

from provisioner.plans.model import Change, Plan, Risk
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting, check_confirmed
from provisioner.services.cloud_vps.actions_details import EndDetails
from provisioner.services.cloud_vps.ending import removal, suspend_plan
from provisioner.texts import Message, say

_REMOVE_SECONDS = 60


def plan_end(acting: Acting, details: EndDetails) -> Plan:
    """``choices["mode"]`` says how: ``grace``, ``now`` or ``books``."""
    check_confirmed(acting, details.confirm)
    if acting.standing.machine is None:
        return _gone_already(acting)
    if not acting.standing.is_ours:
        return _in_the_books(acting)
    return _of_ours(acting)


def _of_ours(acting: Acting) -> Plan:
    record, offer, settings = acting.record, acting.offer, acting.settings
    off = suspend_plan(record, at=acting.facts.at, settings=settings, offer=offer, by=acting.number)
    days = offer.grace_days
    suspended = record.remove_at is not None
    steps = [] if suspended else list(off.steps)  # what its time ended is off already
    seconds = 0 if suspended else off.expected_seconds
    now = days == 0 or suspended
    if now:
        steps += removal(record, settings)
        seconds += _REMOVE_SECONDS
        summary = say(
            "Ends %(vm)s: it is removed with its disks and every trace on the cluster.",
            vm=acting.name,
        )
    else:
        day = (acting.facts.at + timedelta(days=days)).date()
        summary = say(
            "Ends %(vm)s: it is switched off now, and removed for good after %(days)d days "
            "(about %(day)s). Until then it can be brought back.",
            vm=acting.name,
            days=days,
            day=day,
        )
    return acting.plan(
        steps,
        summary,
        seconds,
        choices={"mode": "now" if now else "grace", "grace_days": 0 if now else days},
        objects=acting.state(power=False),
        risks=_risks(acting, now=now, days=days),
    )


def _gone_already(acting: Acting) -> Plan:
    """Somebody removed it by hand: what is left is looked for, and its place becomes free."""
    return acting.plan(
        removal(acting.record, acting.settings),
        say(
            "The cluster has %(vm)s no more. Makes sure that nothing of it is left and frees its "
            "number, address and place.",
            vm=acting.name,
        ),
        _REMOVE_SECONDS,
        choices={"mode": "now", "grace_days": 0},
        objects={f"vm {acting.record.vmid}": None},
    )


def _in_the_books(acting: Acting) -> Plan:
    """The number belongs to somebody else's VM now: nothing on the cluster is ours to touch."""
    record, machine = acting.record, acting.machine
    what = say("our record of %(vm)s", vm=acting.name)
    step = on_vm.vm_step(
        record,
        "instance.note",
        say("End it in our books alone"),
        {"instance": record.id, "accept": {**record.accepted, "end": "not-ours"}},
        driver=on_vm.BOOKS,
        changes=[Change(what, say("kept"), say("ended"))],
        undo=say("The record is as it was."),
    )
    same = (machine.uuid or "").lower() == record.uuid.lower()
    return acting.plan(
        [step],
        say("Ends %(vm)s in our books alone. Nothing on the cluster is touched.", vm=acting.name),
        1,
        choices={"mode": "books", "grace_days": 0},
        objects={f"vm {record.vmid}": {"uuid": (machine.uuid or "").lower(), "ours": False}},
        risks=[Risk("high", _mark_lost(acting) if same else _stranger(acting))],
    )


def _stranger(acting: Acting) -> Message:
    return say(
        "VM %(vmid)s on the cluster (%(name)s) is not the one of our record: it is left as it is. "
        "Its number and address are free in our books afterwards.",
        vmid=acting.record.vmid,
        name=acting.machine.name,
    )


def _mark_lost(acting: Acting) -> Message:
    return say(
        "VM %(vmid)s has lost our mark in its notes and is therefore left as it is: it goes on "
        "running. To have it removed, write the mark back into its notes on the cluster first and "
        "plan again.",
        vmid=acting.record.vmid,
    )


def _risks(acting: Acting, *, now: bool, days: int) -> list[Risk]:
    offer, settings = acting.offer, acting.settings
    risks = []
    backed_up = offer.last_backup and settings.backup_storage is not None
    if now:
        risks.append(
            Risk("high", say("Everything in %(vm)s is lost for good.", vm=acting.name)),
        )
    else:
        risks.append(
            Risk(
                "medium",
                say(
                    "From then on nobody reaches %(vm)s. After %(days)d days everything in it is "
                    "lost for good.",
                    vm=acting.name,
                    days=days,
                ),
            )
        )
    if backed_up:
        text = say(
            "A last backup on %(storage)s stays for as long as that storage keeps it.",
            storage=settings.backup_storage,
        )
        risks.append(Risk("low", text))
    else:
        risks.append(Risk("medium", say("There is no last backup.")))
    if acting.standing.snapshots:
        names = ", ".join(s.name for s in acting.standing.snapshots)
        risks.append(Risk("low", say("Its snapshots (%(names)s) go with it.", names=names)))
    return risks
