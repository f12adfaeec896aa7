"""Waiting until a VM has booted and its first set-up has finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.database import now
from provisioner.drivers.hypervisor import GuestReport, Placed
from provisioner.errors import ActionNeeded
from provisioner.runs.steps.base import Context, Done, Wait
from provisioner.runs.steps.orders import seconds_since
from provisioner.runs.steps.ownership import identity, own_machine
from provisioner.texts import say


class WaitForBoot:
    """Wait until the guest agent shows the planned address and cloud-init has finished."""

    def apply(self, context: Context) -> Done | Wait:
        if "began" not in context.memory:
            context.remember({"began": now().isoformat()})
        report = self._look(context)
        address = context.params["address"]
        if address in report.addresses and report.cloud_init in ("done", "error"):
            return self._booted(context, report)
        waited = seconds_since(context.memory.get("began") or now().isoformat())
        if waited > float(context.params["timeout"]):
            context.remember({"began": None, "node": None})
            raise self._too_late(context, report, waited)
        if not report.answering:
            return Wait(_boot_pace(waited), say("Starting: the guest agent does not answer yet"))
        if address not in report.addresses:
            return Wait(_boot_pace(waited), say("Starting: the network is not set up yet"))
        return Wait(_boot_pace(waited), say("Starting: the first set-up inside the VM goes on"))

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        return ()

    def undo(self, context: Context) -> Done | Wait:
        return Done(changed=False)

    @staticmethod
    def _look(context: Context) -> GuestReport:
        """What its agent says; the VM itself is read at first, and when it is not where it was."""
        if node := context.memory.get("node"):
            report = context.hypervisor.guest(Placed(identity(context).vmid, node))
            if report.running:
                return report
        machine = own_machine(context)
        if machine.power != "running":
            context.remember({"began": None, "node": None})
            raise ActionNeeded(
                say("VM %(vmid)s has switched itself off.", vmid=machine.vmid),
                meaning=say("It was started but does not run any more."),
                next=say("Look at its console on the cluster, start it, then choose retry."),
            )
        context.remember({"node": machine.node})
        return context.hypervisor.guest(machine)

    @staticmethod
    def _booted(context: Context, report: GuestReport) -> Done:
        if report.cloud_init == "error":
            raise ActionNeeded(
                say("The first set-up inside the VM ended with errors."),
                meaning=say(
                    "cloud-init reports: %(errors)s",
                    errors="; ".join(report.cloud_init_errors)[:500] or "?",
                ),
                next=say("Mend it in the VM or its template, then choose retry, or stop."),
                log=report.cloud_init_errors,
            )
        context.remember({"host_keys": list(report.host_keys)})
        context.sight.leave_report(report)
        seconds = seconds_since(context.memory["began"])
        addresses = sorted(report.addresses)
        return Done(
            changed=True,
            evidence=(
                {"addresses": addresses, "cloud_init": "done", "seconds": round(seconds, 1)},
            ),
        )

    @staticmethod
    def _too_late(context: Context, report: GuestReport, waited: float) -> ActionNeeded:
        address = context.params["address"]
        if not report.answering:
            open_ = context.seat.open(address, int(context.planned("vm.prove")["port"]))
            return ActionNeeded(
                say("The guest agent has not answered for %(s)s seconds.", s=int(waited)),
                meaning=(
                    say("The VM answers on the network, so it runs without its agent.")
                    if open_
                    else say(
                        "The VM does not answer on the network either; it may not have booted."
                    )
                ),
                next=say(
                    "Look at the VM's console on the cluster. Start or install qemu-guest-agent "
                    "in it, then choose retry, or stop to undo everything."
                ),
                log=(report.detail,) if report.detail else (),
            )
        if address not in report.addresses:
            seen = ", ".join(sorted(report.addresses)) or "-"
            return ActionNeeded(
                say("The VM has address %(seen)s, not the planned %(planned)s.",
                    seen=seen, planned=address),
                meaning=say("The network settings were not taken over inside the VM."),
                next=say("Look at cloud-init in the VM's console, then choose retry, or stop."),
            )  # fmt: skip
        return ActionNeeded(
            say("The first set-up inside the VM has not finished in %(s)s seconds.", s=int(waited)),
            meaning=say("cloud-init is still at work, or hangs."),
            next=say("Look at the VM's console on the cluster, then choose retry, or stop."),
        )


def _boot_pace(waited: float) -> float:
    """Each look is later by two fifths of the time waited, by 0.6 to 5 seconds."""
    return min(5.0, max(0.6, waited * 0.4))
