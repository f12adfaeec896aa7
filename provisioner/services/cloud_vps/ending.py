"""The end of a VM: switched off for its days of grace, then removed with every trace; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioner.catalogue import CloudVpsOffer
from provisioner.facts.cloud_vps import VmRecord
from provisioner.plans.model import Plan, Step
from provisioner.services.cloud_vps import on_vm
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, say

SERVICE = "cloud_vps"
_OFF_SECONDS, _BACKUP_SECONDS, _REMOVE_SECONDS = 60, 300, 60
"""For an estimate shown to people."""


def suspend_plan(
    record: VmRecord,
    *,
    at: datetime,
    settings: ClusterSettings,
    offer: CloudVpsOffer,
    by: str | None = None,
) -> Plan:
    """Off, not to start with its node, and backed up once more where there is a storage for it.

    Nothing is lost yet: a resumption brings it back. ``by`` is the number of the request that asks
    for the end; without one the backup is marked with the moment ``at`` of the expiry. Like every
    end it depends on no reading, because nothing that has changed on the cluster may block it.
    """
    steps = [on_vm.power(record, settings, "stopped"), on_vm.start_at_boot(record, on=False)]
    seconds = _OFF_SECONDS
    if offer.last_backup and settings.backup_storage:
        text = on_vm.note(record, by or at.strftime("expiry %Y-%m-%dT%H:%M:%SZ"), "last backup")
        steps.append(on_vm.backup(record, settings.backup_storage, text))
        seconds += _BACKUP_SECONDS
    summary = say("Switches %(vm)s off at the end of its time.", vm=on_vm.vm_name(record))
    return _plan(record, {"ends": record.number, "stage": "suspend"}, summary, steps, seconds)


def remove_plan(
    record: VmRecord, *, at: datetime, settings: ClusterSettings, offer: CloudVpsOffer
) -> Plan:
    """Gone with its disks, firewall, pool and backup job, proven; a stranger's VM is left alone.

    Backups stay for as long as their storage keeps them.
    """
    steps = removal(record, settings)
    summary = say(
        "Removes %(vm)s with its disks and every trace on the cluster. Backups stay.",
        vm=on_vm.vm_name(record),
    )
    choices = {"ends": record.number, "stage": "remove"}
    return _plan(record, choices, summary, steps, _REMOVE_SECONDS)


def removal(record: VmRecord, settings: ClusterSettings) -> list[Step]:
    """The steps that remove it and prove it."""
    choices = record.plan.get("choices")
    pool = choices.get("pool") if isinstance(choices, Mapping) else None
    return [on_vm.remove(record, settings), on_vm.prove_gone(record, settings, pool)]


def snapshot_plan(record: VmRecord, name: str) -> Plan:
    """Remove a snapshot whose days are over."""
    summary = say(
        "Removes the snapshot %(name)s of %(vm)s, whose days are over.",
        name=name,
        vm=on_vm.vm_name(record),
    )
    choices = {"expires": record.number, "snapshot": name}
    return _plan(record, choices, summary, [on_vm.delete_snapshot(record, name)], _OFF_SECONDS)


def _plan(
    record: VmRecord, choices: Mapping[str, Any], summary: Message, steps: list[Step], seconds: int
) -> Plan:
    return Plan(
        service=SERVICE,
        choices={
            "instance": record.id,
            "cluster": record.cluster,
            "vmid": record.vmid,
            **choices,
        },
        objects={},
        summary=summary,
        steps=tuple(steps),
        claims=(),
        risks=(),
        expected_seconds=seconds,
    )
