"""Inside a VM: the office's baseline by Ansible, and what the system says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.drivers.seat import Door
from provisioner.errors import ActionNeeded, Retriable
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.ownership import own_machine
from provisioner.runs.steps.proof import PROVE
from provisioner.texts import say


class SettleGuest:
    """The VM keeps to the office's baseline; a second look changes nothing."""

    def apply(self, context: Context) -> Done | Wait:
        own_machine(context)
        params = context.params
        host_key = params.get("host_key") or context.recall(PROVE).get("host_key")
        door = Door(str(params["address"]), int(params["port"]), str(params["user"]), str(host_key))
        settled = context.guests.settle(door, params["baseline"], params.get("ports", ()))
        return Done(settled.changed, diff=settled.lines)

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        """It goes with the VM that the run made."""
        return Done(changed=False)


class NoteFacts:
    """System, kernel and file systems of the guest stand on the record."""

    def apply(self, context: Context) -> Done | Wait:
        machine = own_machine(context)
        try:
            found = context.hypervisor.guest_facts(machine)
        except ActionNeeded as failure:  # a right is missing: worth a remark, not a halt
            context.warn(say("The system in the VM is not on record: %(why)s", why=failure.what))
            return Done(changed=False)
        if not found.system and context.memory.get("looks", 0) < 2:
            context.remember({"looks": context.memory.get("looks", 0) + 1})
            raise Retriable(
                say("The guest agent does not tell which system runs in the VM."),
                meaning=say("It may be restarting; nothing depends on it."),
                next=say("Nothing to do: it is tried again by itself."),
                after=2,
            )
        facts = {
            "system": found.system,
            "kernel": found.kernel,
            "hostname": found.hostname,
            "filesystems": {
                name: [round(used, 2), round(size, 2)]
                for name, (used, size) in sorted(found.filesystems.items())
            },
        }
        context.remember({"facts": facts})
        return Done(changed=False, evidence=(facts,))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(changed=False)
