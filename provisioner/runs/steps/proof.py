"""Proving a VM from its user's seat, and handing it over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.database import now
from provisioner.drivers.seat import Door
from provisioner.errors import ActionNeeded, Retriable
from provisioner.runs.steps.base import Context, Done, Proof, Wait
from provisioner.runs.steps.machine import CONSOLE_PASSWORD
from provisioner.runs.steps.ownership import own_machine, vmid_of
from provisioner.services.checks import check
from provisioner.services.cloud_vps.acceptance import (
    AGENT_ADDRESS,
    CLOUD_INIT_DONE,
    SSH_APPLICANT_KEY,
    SSH_HOST_KEY,
    SSH_OFFICE_LOGIN,
    TCP_SSH,
)
from provisioner.services.cloud_vps.ssh_keys import fingerprint
from provisioner.texts import say

PROVE = "vm.prove"
HAND_OVER = "vm.hand_over"
WAIT_BOOT = "vm.wait_boot"
_PREFERRED = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "ssh-rsa")


class ProveVm:
    """Every check of the service's acceptance, made now, each with its evidence."""

    def apply(self, context: Context) -> Done | Wait:
        proofs: list[Proof] = []
        machine = own_machine(context)
        context.sight.leave(machine)  # nothing of it is changed here
        address, port = str(context.params["address"]), int(context.params["port"])
        report = context.sight.take_report() or context.hypervisor.guest(machine)
        target = f"VM {machine.vmid}"
        add_proof(proofs, AGENT_ADDRESS, target, address in report.addresses,
             ", ".join(sorted(report.addresses)))  # fmt: skip
        add_proof(proofs, CLOUD_INIT_DONE, target, report.cloud_init == "done", report.cloud_init)
        endpoint = f"{address}:{port}"
        add_proof(proofs, TCP_SSH, endpoint, context.seat.open(address, port), "connect")
        require(proofs, context)
        door = Door(address, port, str(context.params["user"]), _pin(context, report.host_keys))
        for key in context.params["ssh_keys"]:
            add_proof(proofs, SSH_APPLICANT_KEY, endpoint, context.seat.accepts_key(door, key),
                 fingerprint(key))  # fmt: skip
        require(proofs, context)
        result = context.seat.login(door, "hostname")
        add_proof(
            proofs, SSH_OFFICE_LOGIN, endpoint, result.status == 0, result.output.strip()[:100]
        )
        # the login was only possible with the pinned key: the seat refuses any other
        add_proof(proofs, SSH_HOST_KEY, endpoint, True, fingerprint(door.host_key))
        require(proofs, context)
        return Done(changed=False, evidence=[proof.to_json() for proof in proofs])

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(changed=False)


class HandOver:
    """Leave or take away the office's own key, as the catalogue says."""

    def apply(self, context: Context) -> Done | Wait:
        if context.params["office_key"] == "keep":
            return Done(changed=False, evidence=({"office_key": "kept"},))
        door, office = self._door(context), context.office_key
        if not context.seat.accepts_key(door, office):
            return Done(changed=bool(context.memory.get("asked")))
        if context.memory.get("asked", 0) >= 3:
            raise ActionNeeded(
                say("The office's key is still accepted by the VM."),
                meaning=say("It was to be removed at hand-over and could not be."),
                next=say("Remove it from authorized_keys in the VM, then choose retry."),
            )
        context.remember({"asked": context.memory.get("asked", 0) + 1})
        body = office.split()[1]  # base64: nothing in it that a shell or sed would read
        context.seat.login(door, rf"sed -i '\|{body}|d' ~/.ssh/authorized_keys")
        return Wait(0.0, say("Checking that the office's key is gone"))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        secret = context.find_secret(CONSOLE_PASSWORD)
        return ({"secret_to_hand_over": secret is not None},)

    def undo(self, context: Context) -> Done | Wait:
        return Done(changed=False)

    @staticmethod
    def _door(context: Context) -> Door:
        host_key = context.recall(PROVE).get("host_key")
        return Door(
            str(context.params["address"]),
            int(context.params["port"]),
            str(context.params["user"]),
            str(host_key),
        )


def _pin(context: Context, seen: tuple[str, ...]) -> str:
    """The VM's host key as the agent shows it over the cluster, never as the network shows it."""
    keys = list(seen) or list(context.recall(WAIT_BOOT).get("host_keys", []))
    if not keys:
        raise ActionNeeded(
            say("The host key of VM %(vmid)s cannot be read.", vmid=vmid_of(context)),
            meaning=say(
                "Without it nobody can tell whether the server that answers is this VM: the "
                "guest agent does not show the key file."
            ),
            next=say(
                "Give the token the right VM.GuestAgent.FileRead (PVE 8: VM.Monitor), or mend "
                "the guest agent in the VM; then choose retry."
            ),
            who="administrator",
        )
    keys.sort(key=lambda key: _rank(key.split()[0]))
    context.remember({"host_key": keys[0]})
    return str(keys[0])


def _rank(algorithm: str) -> int:
    return _PREFERRED.index(algorithm) if algorithm in _PREFERRED else len(_PREFERRED)


def add_proof(proofs: list[Proof], check: str, target: str, passed: bool, evidence: str) -> None:
    """One more check as it was made just now."""
    proofs.append(Proof(check, target, passed, evidence, now()))


def require(proofs: list[Proof], context: Context) -> None:
    """Every check so far has to be green. Raises Retriable with what is not yet."""
    red = [proof for proof in proofs if not proof.passed]
    if not red:
        return
    first, about = red[0], check(red[0].check)
    context.remember({"last_proof": [proof.to_json() for proof in proofs]})
    raise Retriable(
        say(
            "Check “%(check)s” of %(target)s has not passed.",
            check=about.title,
            target=first.target,
        ),
        meaning=about.meaning,
        next=about.next,
        log=[f"{p.check} {p.target}: {'✓' if p.passed else '✗'} {p.evidence}" for p in proofs],
        after=3,
    )
