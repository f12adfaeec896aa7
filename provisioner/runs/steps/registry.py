"""Which code carries out which kind of step."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.runs.steps import cloning, machine, network, ownership, proof
from provisioner.runs.steps.base import StepAction

ACTIONS: Mapping[str, StepAction] = {
    ownership.CLONE: cloning.CloneVm(),
    ownership.WAIT_CLONE: cloning.WaitForClone(),
    "vm.configure": machine.ConfigureVm(),
    "vm.grow_disk": machine.GrowVmDisk(),
    "vm.start": machine.StartVm(),
    proof.WAIT_BOOT: machine.WaitForBoot(),
    proof.PROVE: proof.ProveVm(),
    proof.HAND_OVER: proof.HandOver(),
    network.CHANGE: network.ChangeDevices(),
    network.PROVE: network.ProveWifi(),
    network.PROVE_OFF: network.ProveWifi(),
    network.PROLONG: network.ProlongWifi(),
}
