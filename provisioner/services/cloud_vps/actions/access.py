"""Plans to give further people access to a VM; pure."""

from __future__ import annotations

from provisioner.plans.model import Change, Plan, Risk
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting, check_running
from provisioner.services.cloud_vps.actions_details import AddKeyDetails
from provisioner.services.cloud_vps.ssh_keys import fingerprint
from provisioner.services.cloud_vps.steps import SSH
from provisioner.texts import say

_SECONDS = 15


def plan_add_key(acting: Acting, details: AddKeyDetails) -> Plan:
    """Further keys for its user, through the guest agent; cloud-init's own settings stay.

    Those are left alone on purpose: changed, they make cloud-init take the VM for a new one.
    """
    check_running(acting)
    record = acting.record
    keys = list(details.ssh_keys)
    shown = ", ".join(fingerprint(key) for key in keys)
    what = say("further SSH keys of the user %(user)s on %(vm)s", user=record.user, vm=acting.name)
    add = on_vm.vm_step(
        record,
        "vm.add_key",
        say("Add the keys through the guest agent"),
        {"user": record.user, "keys": keys},
        changes=[Change(what, None, shown)],
        undo=say("The keys added are taken away again; the others stay."),
    )
    accepts = on_vm.vm_step(
        record,
        "vm.accepts",
        say("Prove that the VM accepts the keys"),
        {**on_vm.door_of(record), "ssh_keys": keys},
        driver=SSH,
    )
    return acting.plan(
        [add, accepts],
        say(
            "Lets %(count)d further keys into %(vm)s as the user %(user)s.",
            count=len(keys),
            vm=acting.name,
            user=record.user,
        ),
        _SECONDS,
        objects=acting.state(),
        risks=[
            Risk(
                "medium",
                say(
                    "Whoever has these keys may do everything on the VM. Make sure that they are "
                    "of people of the department."
                ),
            ),
            Risk("low", say("It needs the guest agent in the VM to answer.")),
        ],
    )
