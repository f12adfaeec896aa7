"""Which code carries out which kind of step."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.runs.steps import (
    access,
    books,
    booting,
    checking,
    cloning,
    colocation,
    ending,
    guest,
    machine,
    manual,
    moving,
    network,
    ownership,
    proof,
    remedies,
    site,
    snapshots,
    standing,
    surroundings,
)
from provisioner.runs.steps.base import StepAction

ACTIONS: Mapping[str, StepAction] = {
    # making a VM
    "vm.pool": surroundings.MakePool(),
    ownership.CLONE: cloning.CloneVm(),
    ownership.WAIT_CLONE: cloning.WaitForClone(),
    "vm.configure": machine.ConfigureVm(),
    "vm.grow_disk": machine.GrowVmDisk(),
    "vm.add_disk": machine.AddVmDisk(),
    "vm.firewall": surroundings.SetVmFirewall(),
    "vm.start": machine.StartVm(),
    proof.WAIT_BOOT: booting.WaitForBoot(),
    proof.PROVE: proof.ProveVm(),
    "vm.baseline": guest.SettleGuest(),
    "vm.facts": guest.NoteFacts(),
    "vm.backup_job": surroundings.EnterBackupJob(),
    "vm.protect": standing.SetProtection(),
    proof.HAND_OVER: proof.HandOver(),
    # living on
    "vm.reconfigure": standing.Reconfigure(),
    "vm.power": standing.SetPower(),
    "vm.restart": standing.RestartVm(),
    "vm.snapshot": snapshots.SnapshotVm(),
    "vm.rollback": snapshots.RollBackVm(),
    "vm.delete_snapshot": snapshots.DropSnapshotOfVm(),
    "vm.add_key": access.AddKey(),
    "vm.migrate": moving.MoveVm(),
    "vm.backup": moving.BackUpVm(),
    "vm.restore": moving.RestoreVm(),
    "vm.reach": access.ReachVm(),
    "vm.accepts": access.AcceptsKeys(),
    "vm.remove": ending.RemoveVm(),
    "vm.prove_gone": ending.ProveGone(),
    # network devices
    network.CHANGE: network.ChangeDevices(),
    network.PROVE: network.ProveNetwork(),
    network.PROVE_OFF: network.ProveNetwork(),
    # a connected site
    "site.prove": network.ProveNetwork(),
    "site.prove_gone": network.ProveNetwork(),
    "site.hand_over": site.HandOverSite(),
    # a department's own server in a rack
    manual.TASK: manual.ManualTask(),
    "colocation.prove": colocation.ProveServer(),
    "colocation.prove_gone": colocation.ProveGone(),
    "colocation.hand_over": colocation.HandOverServer(),
    # a fault
    "checks.diagnose": checking.Diagnose(),
    "checks.again": checking.CheckAgain(),
    "device.remedy": remedies.RemedyDevice(),
    # our books
    "wifi.extend": books.ProlongInstance(),
    "instance.extend": books.ProlongInstance(),
    "instance.note": books.NoteOnInstance(),
}
