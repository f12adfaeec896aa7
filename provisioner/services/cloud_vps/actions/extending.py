"""Plans to keep a VM longer; pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from provisioner.plans.model import Change, Plan, Risk
from provisioner.plans.refusals import refuse
from provisioner.services.booking import rfc3339
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting
from provisioner.services.cloud_vps.actions_details import ExtendDetails
from provisioner.texts import Message, say


def plan_extend(acting: Acting, details: ExtendDetails) -> Plan:
    """A later last day of use; nothing changes on the cluster."""
    record, zone = acting.record, acting.inventory.office.zone
    if record.ends_at is None:
        refuse(
            say("%(vm)s has no last day of use; it does not need to be extended.", vm=acting.name)
        )
    ends = datetime.combine(details.until + timedelta(days=1), time(), zone).astimezone(UTC)
    before = (record.ends_at.astimezone(zone) - timedelta(seconds=1)).date()
    if ends <= max(record.ends_at, acting.facts.at):
        refuse(
            say(
                "The last day of use of %(vm)s is %(before)s; the new one has to be later.",
                vm=acting.name,
                before=before,
            ),
            pointer="/details/until",
        )
    after = details.until
    step = on_vm.vm_step(
        record,
        "instance.extend",
        say("Keep it until %(after)s", after=after),
        {
            "instance": record.id,
            "before": rfc3339(record.ends_at),
            "ends_at": rfc3339(ends),
        },
        driver=on_vm.BOOKS,
        changes=[
            Change(
                say("last day of use of %(vm)s", vm=acting.name),
                Message("%(day)s", {"day": before}),
                Message("%(day)s", {"day": after}),
            )
        ],
        undo=say("The earlier end counts again."),
    )
    risks = []
    if record.state == "suspended":
        risks.append(Risk("low", say("It stays switched off until it is resumed.")))
    if record.remove_at is not None:
        risks.append(Risk("low", say("Its removal is called off.")))
    return acting.plan(
        [step],
        say(
            "Keeps %(vm)s until %(after)s instead of %(before)s. Nothing changes on the cluster.",
            vm=acting.name,
            after=after,
            before=before,
        ),
        1,
        choices={"ends_at": rfc3339(ends)},
        objects=acting.state(power=False, ends_at=rfc3339(record.ends_at)),
        risks=risks,
    )
