"""Whether each VM that has to be backed up was, lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from provisioner.checks.chain import VmPoint
from provisioner.checks.machines import Judged, Values, of_vms, untold
from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.drivers.hypervisor import Machine
from provisioner.drivers.hypervisor.health import VmHealth
from provisioner.texts import say

CHECK = Check(
    "vm.backup",
    title=say("VM has a fresh backup"),
    proves=say("There is a backup of the VM from the last two days."),
    meaning=say("If the VM is lost now, the work of days is lost with it."),
    next=say("Look at the backup job and at its last run in the cluster's task list."),
    needs=frozenset({"vm"}),
    limit=60.0,
)

LATEST = timedelta(days=2)


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each VM that has to be backed up; backups from before its time do not count."""

    def each(vm: VmPoint, read: VmHealth, machine: Machine) -> Judged | None:
        return _judge(vm, read, seen.at) if vm.backed_up else None

    return of_vms(seen, CHECK, each)


def _judge(vm: VmPoint, read: VmHealth, now: datetime) -> Judged:
    since = vm.since
    made = [b.made_at for b in read.backups if b.made_at and (since is None or b.made_at >= since)]
    newest = max(made, default=None)
    if newest is not None and now - newest <= LATEST:
        return Judged(f"{newest:%Y-%m-%d %H:%M}")
    if "backups" in read.untold:
        return untold(read.untold["backups"])
    if newest is not None:
        days = (now - newest).days
        values: Values = {"vm": vm.name, "days": days, "date": f"{newest:%Y-%m-%d}"}
        return Judged(f"{newest:%Y-%m-%d %H:%M}", "vm.backup_old", "weak", values)
    if since is None:
        return Judged(skipped=say("It is not known since when the VM has to be backed up."))
    if now - since <= LATEST:
        return Judged("none yet")
    return Judged("none", "vm.backup_none", "weak", {"vm": vm.name})
