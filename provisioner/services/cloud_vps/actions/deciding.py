"""Which module plans which action, and what of the VM it wants to have read beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from provisioner.plans.model import Plan
from provisioner.plans.refusals import refuse
from provisioner.services.cloud_vps.actions import (
    access,
    backups,
    ending,
    extending,
    moving,
    power,
    rebuilding,
    settling,
    sizing,
    snapshots,
)
from provisioner.services.cloud_vps.actions.acting import Acting, check_standing
from provisioner.services.cloud_vps.actions_details import FORMS
from provisioner.texts import say


@dataclass(frozen=True)
class Look:
    """What is read of a VM beside its configuration."""

    snapshots: bool = False
    backups: bool = False
    pending: bool = False
    firewall: bool = False
    """And the backup job that it has to be in."""


_PLANNERS: Mapping[str, Callable[[Acting, Any], Plan]] = {
    "resize": sizing.plan_resize,
    "snapshot": snapshots.plan_snapshot,
    "rollback": snapshots.plan_rollback,
    "delete_snapshot": snapshots.plan_delete_snapshot,
    "restart": power.plan_restart,
    "stop": power.plan_stop,
    "start": power.plan_start,
    "add_key": access.plan_add_key,
    "rebuild": rebuilding.plan_rebuild,
    "move": moving.plan_move,
    "backup": backups.plan_backup,
    "restore": backups.plan_restore,
    "extend": extending.plan_extend,
    "suspend": power.plan_suspend,
    "resume": power.plan_resume,
    "end": ending.plan_end,
    "settle": settling.plan_settle,
}
_LOOKS: Mapping[str, Look] = {
    **dict.fromkeys(
        ("snapshot", "rollback", "delete_snapshot", "rebuild", "move", "end"), Look(snapshots=True)
    ),
    "restart": Look(pending=True),
    "restore": Look(snapshots=True, backups=True),
    "settle": Look(snapshots=True, firewall=True),
}


def look_of(action: str) -> Look:
    """What planning the action wants to know."""
    return _LOOKS.get(action, Look())


def plan_action(acting: Acting, details: Mapping[str, Any]) -> Plan:
    """The plan of an action on a VM that stands.

    Raises Conflict: ``not-plannable`` when nothing may be done to the VM (it ended, is gone,
    locked, or not ours) or the action does not fit it; ``no-capacity``; ``plan-changed``.
    """
    form = FORMS.get(acting.action)
    if form is None:
        refuse(say("There is no action %(action)s.", action=acting.action))
    try:
        filled = form.model_validate(details)
    except ValidationError as error:
        fields = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors()}))
        refuse(
            say("The details do not hold any more: %(fields)s. Return the request.", fields=fields)
        )
    check_standing(acting)
    return _PLANNERS[acting.action](acting, filled)
