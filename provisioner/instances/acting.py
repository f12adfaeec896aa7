"""What an action that was carried out changes in the record of its VM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from provisioner.database import now
from provisioner.instances.ending import write_ended
from provisioner.instances.making import Finished, made_machine
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.records import making_plan
from provisioner.instances.upkeep import next_tidy
from provisioner.plans import store as plans
from provisioner.plans.model import Plan
from provisioner.services.cloud_vps.drift_wanted import adopted, wanted_after


@dataclass(frozen=True)
class Acted:
    """One action whose run has succeeded."""

    session: Session
    instance: Instance
    done: Finished
    grace: timedelta

    @property
    def plan(self) -> Plan:
        return self.done.plan

    def note(self, **values: Any) -> None:
        """Replace keys of the instance's facts; None removes one."""
        merged = {**self.instance.facts, **values}
        self.instance.facts = {k: v for k, v in merged.items() if v is not None}


def write_acted(acted: Acted) -> None:
    """The record after the action; the claims of the action belong to the instance, or are gone."""
    instance, action = acted.instance, str(acted.plan.choices["action"])
    before = instance.facts.get("wanted") or {}
    after = wanted_after(before or wanted_after({}, _made_by(acted)), acted.plan.to_json())
    adopt = dict(instance.facts.get("adopt", {}))
    if node := adopt.pop("node", None):
        instance.node = str(node)
        plans.move_capacity(acted.session, instance.id, instance.node)
    if adopt:
        plans.settle_capacity(acted.session, instance.id, _amounts(adopt))
    acted.note(wanted=adopted(after, adopt), adopt=None)
    _WRITERS.get(action, _nothing)(acted)
    if action == "move":
        claim = next(claim for claim in acted.plan.claims if claim.kind == "capacity")
        place = {key: claim.amounts[key] for key in ("storage", "shared") if key in claim.amounts}
        node = str(acted.plan.choices["node"])
        plans.move_capacity(acted.session, instance.id, node, place)
        plans.release(acted.session, acted.done.request.id, now())
    elif instance.state != InstanceState.ENDED:
        plans.give_to_instance(acted.session, acted.done.request.id, instance.id)


def write_suspended(instance: Instance, grace: timedelta) -> None:
    """It is off; what is left of its time is the grace (drift knows of both by the state)."""
    instance.state = InstanceState.SUSPENDED
    instance.remove_at = instance.remove_at or now() + grace
    instance.upkeep_run_id = None


def write_tidied(instance: Instance, plan: Plan) -> None:
    """A snapshot that had had its time is gone."""
    names = {str(s.params["name"]) for s in plan.steps if s.kind == "vm.delete_snapshot"}
    kept = {k: v for k, v in instance.facts.get("snapshots", {}).items() if k not in names}
    instance.facts = {**instance.facts, "snapshots": kept}
    instance.next_tidy_at = next_tidy(instance.facts)
    instance.upkeep_run_id = None


def _amounts(adopt: Mapping[str, Any]) -> dict[str, float]:
    """What an adopted difference means for the capacity that the VM takes."""
    options, disks = adopt.get("options", {}), adopt.get("disks", {})
    found: dict[str, float] = {}
    if options.get("cores"):
        found["cores"] = int(options["cores"])
    if options.get("memory"):
        found["memory_mb"] = int(options["memory"])
    if boot := next((size for disk, size in sorted(disks.items()) if disk.endswith("0")), None):
        found["disk_gb"] = float(boot)
    return found


def _made_by(acted: Acted) -> Mapping[str, Any]:
    return making_plan(acted.session, acted.instance).to_json()


def _nothing(acted: Acted) -> None:
    """The action leaves the record as it is."""


def _resized(acted: Acted) -> None:
    acted.instance.size = str(acted.plan.choices["size"])


def _snapshot(acted: Acted) -> None:
    choices = acted.plan.choices
    days = choices.get("keep_days")
    until = (now() + timedelta(days=int(days))).isoformat() if days else None
    kept = {**acted.instance.facts.get("snapshots", {}), str(choices["snapshot"]): until}
    acted.note(snapshots=kept)
    acted.instance.next_tidy_at = next_tidy(acted.instance.facts)


def _snapshot_gone(acted: Acted) -> None:
    write_tidied(acted.instance, acted.plan)


def _rebuilt(acted: Acted) -> None:
    """As made new: another identity and host key, the same number, name and address."""
    new, instance = made_machine(acted.done), acted.instance
    instance.uuid, instance.node, instance.image = (
        new.uuid,
        new.node,
        str(acted.plan.choices["image"]),
    )
    instance.facts = {**new.facts, "wanted": acted.instance.facts["wanted"]}
    instance.made_by_run, instance.made_at = acted.done.run.id, now()
    instance.next_tidy_at = None


def _moved(acted: Acted) -> None:
    acted.instance.node = str(acted.plan.choices["node"])


def _prolonged(acted: Acted) -> None:
    acted.instance.remove_at, acted.instance.warned_days = None, None


def _suspended(acted: Acted) -> None:
    acted.instance.state = InstanceState.SUSPENDED


def _resumed(acted: Acted) -> None:
    acted.instance.state = InstanceState.ACTIVE
    acted.instance.remove_at = None


def _ended(acted: Acted) -> None:
    instance = acted.instance
    if acted.plan.choices["mode"] != "grace":
        write_ended(acted.session, instance.id, acted.done.run.id)
        plans.release(acted.session, acted.done.request.id, now())
        return
    write_suspended(instance, acted.grace)


_WRITERS: Mapping[str, Callable[[Acted], None]] = {
    "resize": _resized,
    "snapshot": _snapshot,
    "delete_snapshot": _snapshot_gone,
    "rebuild": _rebuilt,
    "move": _moved,
    "extend": _prolonged,
    "suspend": _suspended,
    "resume": _resumed,
    "end": _ended,
}
