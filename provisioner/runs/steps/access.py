"""Who gets into a VM: a further key through the agent, and proofs that it can be reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.drivers.hypervisor import Machine, WriteGuestFile
from provisioner.drivers.seat import Door
from provisioner.errors import ActionNeeded
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.runs.steps.orders import still_ours
from provisioner.runs.steps.ownership import own_machine, take_vm
from provisioner.runs.steps.proof import add_proof, require
from provisioner.services.cloud_vps.acceptance import SSH_APPLICANT_KEY, SSH_HOST_KEY, TCP_SSH
from provisioner.services.cloud_vps.ssh_keys import fingerprint
from provisioner.texts import say


class AddKey:
    """The keys stand in the user's authorized_keys; every other line stays as it is."""

    def apply(self, context: Context) -> Done | Wait:
        if wait := take_vm(context):
            return wait
        machine, path = own_machine(context), _key_file(context)
        text = context.hypervisor.guest_file(machine, path)
        missing = [key for key in context.params["keys"] if _body(key) not in _bodies(text)]
        if not missing:
            return Done(changed=bool(context.memory.get("added")))
        if context.memory.get("tries", 0) >= 3:
            context.remember({"tries": None})
            raise ActionNeeded(
                say("The keys do not stay in %(path)s.", path=path),
                meaning=say("They were written through the guest agent and are not there."),
                next=say("Look at the file inside the VM, then choose retry."),
            )
        added = [*context.memory.get("added", []), *(_body(key) for key in missing)]
        context.remember({"added": added, "tries": context.memory.get("tries", 0) + 1})
        lines = [*(text or "").splitlines(), *missing]
        _write(context, machine, lines)
        return Wait(0.0, say("Reading back what the cluster has done"))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return tuple({"key": fingerprint(key)} for key in context.params["keys"])

    def undo(self, context: Context) -> Done | Wait:
        added = set(context.memory.get("added", []))
        machine = still_ours(context) if added else None
        if machine is None:
            return Done(changed=False)
        text = context.hypervisor.guest_file(machine, _key_file(context)) or ""
        kept = [line for line in text.splitlines() if not added & set(line.split())]
        if kept != text.splitlines():
            _write(context, machine, kept)
        return Done(changed=True)


class ReachVm:
    """The VM answers at its address, and with the host key that we pinned."""

    def apply(self, context: Context) -> Done | Wait:
        proofs: list[Proof] = []
        door = _door(context)
        endpoint = f"{door.address}:{door.port}"
        open_ = context.seat.open(door.address, door.port)
        add_proof(proofs, TCP_SSH, endpoint, open_, "connect")
        require(proofs, context)
        if door.host_key:
            # whatever the server says to the key: the seat refuses any host key but the pinned one
            context.seat.accepts_key(door, context.office_key)
            add_proof(proofs, SSH_HOST_KEY, endpoint, True, fingerprint(door.host_key))
        return Done(changed=False, evidence=[proof.to_json() for proof in proofs])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(changed=False)


class AcceptsKeys(ReachVm):
    """The VM accepts the keys (RFC 4252 section 7, nothing signed)."""

    def apply(self, context: Context) -> Done | Wait:
        reached = super().apply(context)
        if isinstance(reached, Wait):
            return reached
        proofs: list[Proof] = []
        door = _door(context)
        for key in context.params["ssh_keys"]:
            accepted = context.seat.accepts_key(door, key)
            target = f"{door.address}:{door.port}"
            add_proof(proofs, SSH_APPLICANT_KEY, target, accepted, fingerprint(key))
        require(proofs, context)
        return Done(False, evidence=[*reached.evidence, *(proof.to_json() for proof in proofs)])


def _door(context: Context) -> Door:
    params = context.params
    return Door(
        str(params["address"]),
        int(params["port"]),
        str(params["user"]),
        str(params["host_key"] or ""),
    )


def _key_file(context: Context) -> str:
    user = context.params["user"]
    return f"/{'root' if user == 'root' else f'home/{user}'}/.ssh/authorized_keys"


def _write(context: Context, machine: Machine, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    context.hypervisor.submit(WriteGuestFile(machine.vmid, machine.node, _key_file(context), text))


def _body(key: str) -> str:
    return key.split()[1]


def _bodies(text: str | None) -> set[str]:
    return {word for line in (text or "").splitlines() for word in line.split()}
