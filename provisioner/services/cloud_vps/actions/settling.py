"""Plans to settle differences between our record of a VM and the cluster; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.plans.capacity import promises
from provisioner.plans.claims import capacity_scope, further_key
from provisioner.plans.model import Change, Claim, Plan, Risk, Step
from provisioner.plans.refusals import refuse
from provisioner.services.cloud_vps import on_vm
from provisioner.services.cloud_vps.actions.acting import Acting
from provisioner.services.cloud_vps.actions.disks import boot_disk, second_disk
from provisioner.services.cloud_vps.actions_details import SettleDetails
from provisioner.services.cloud_vps.drift import Finding, findings
from provisioner.services.cloud_vps.drift_wanted import adopted, expect
from provisioner.texts import Message, say

_SECONDS = 20
_SIZES = frozenset({"cores", "memory", "balloon"})


def plan_settle(acting: Acting, details: SettleDetails) -> Plan:
    """Restore what our plans left, adopt what stands into our record, or accept it as it is."""
    found = _differences(acting)
    chosen = [_find(found, key) for key in dict.fromkeys(details.what)]
    for finding in chosen:
        if details.how not in finding.ways:
            refuse(
                say(
                    "The difference %(key)s cannot be settled in that way. Possible: %(ways)s.",
                    key=finding.key,
                    ways=", ".join(sorted(finding.ways)),
                ),
                pointer="/details/how",
            )
    if details.how == "restore":
        steps, summary = _restoring(acting, chosen), _RESTORE
    else:
        steps = [_in_the_books(acting, chosen, details.how)]
        summary = _ADOPT if details.how == "adopt" else _ACCEPT
    cautions = [Risk("medium", f.caution) for f in chosen if f.caution and steps]
    pending = any(step.kind == "vm.reconfigure" for step in steps) and acting.runs
    if pending:
        text = say("Some settings may take effect only when the VM is restarted.")
        cautions.append(Risk("low", text))
    return acting.plan(
        steps,
        say("%(what)s (%(vm)s, %(count)d).", what=summary, vm=acting.name, count=len(chosen)),
        _SECONDS * len(steps),
        choices={"how": details.how, "what": sorted(details.what)},
        objects={
            **acting.state(power=False),
            **{f"difference {finding.key}": finding.seen for finding in chosen},
        },
        claims=_claims(acting, chosen) if details.how == "adopt" else (),
        risks=cautions,
    )


_RESTORE = say("Restores on the cluster what our plans left")
_ADOPT = say("Takes into our record what stands on the cluster")
_ACCEPT = say("Accepts differences as they are")


def _differences(acting: Acting) -> dict[str, Finding]:
    """Every difference by its key, also those that were accepted before."""
    record, guests = acting.record, acting.facts.cluster.guests
    listed = next((guest for guest in guests if guest.vmid == record.vmid), None)
    found = findings(
        record,
        acting.standing,
        expect(record),
        at=acting.facts.at,
        accepted={},
        pool=listed.pool if listed else None,
        look_at_pool=listed is not None,
    )
    return {finding.key: finding for finding in found}


def _find(found: Mapping[str, Finding], key: str) -> Finding:
    if key not in found:
        refuse(
            say(
                "There is no difference %(key)s any more. There are: %(keys)s.",
                key=key,
                keys=", ".join(sorted(found)) or "-",
            ),
            pointer="/details/what",
        )
    return found[key]


def _in_the_books(acting: Acting, chosen: Sequence[Finding], how: str) -> Step:
    record = acting.record
    if how == "adopt":
        adopt: dict[str, Any] = {}
        for finding in chosen:
            adopt = adopted(adopt, finding.adopt)
        values: dict[str, Any] = {"adopt": adopt}
        title, undo = _ADOPT, say("The record is as it was.")
    else:
        values = {"accept": {**record.accepted, **{f.key: f.seen for f in chosen}}}
        title, undo = _ACCEPT, say("The differences are told again.")
    return on_vm.vm_step(
        record,
        "instance.note",
        title,
        {"instance": record.id, **values},
        driver=on_vm.BOOKS,
        changes=[
            Change(say("our record: %(what)s", what=f.what), f.expected, f.found) for f in chosen
        ],
        undo=undo,
    )


def _restoring(acting: Acting, chosen: Sequence[Finding]) -> list[Step]:
    """All options in one step; every other finding by the step that it names, each once."""
    steps = []
    by_options = [f for f in chosen if f.restore or f.delete]
    if by_options:
        steps.append(_options(acting, by_options))
    given: dict[str, int] = {}
    done: list[tuple[str, Mapping[str, Any]]] = []
    for finding in chosen:
        if finding.step is None or (finding.step, finding.params) in done:
            continue
        done.append((finding.step, finding.params))
        given[finding.step] = given.get(finding.step, 0) + 1
        key = finding.step if given[finding.step] == 1 else f"{finding.step}.{given[finding.step]}"
        steps.append(_named(acting, finding, key))
    return steps


def _options(acting: Acting, chosen: Sequence[Finding]) -> Step:
    options: dict[str, str] = {}
    delete: list[str] = []
    for finding in chosen:
        options |= finding.restore
        delete += finding.delete
    has = acting.machine.options
    before = {key: has[key] for key in (*options, *delete) if key in has}
    changes = [Change(f.what, f.found, f.expected) for f in chosen]
    title = say("Put its settings back")
    return on_vm.reconfigure(acting.record, title, options, before, changes, delete)


def _named(acting: Acting, finding: Finding, key: str) -> Step:
    params, record = dict(finding.params), acting.record
    if finding.step == "vm.power":
        params["seconds"] = acting.settings.timeouts.shutdown
    if finding.step == "vm.pool":
        params["comment"] = f"provisioner: department {record.department}"
    if finding.step == "vm.migrate":
        params["storage"] = _local_storage(acting)
    return on_vm.vm_step(
        record,
        str(finding.step),
        say("Put back: %(what)s", what=finding.what),
        params,
        key=key,
        changes=[Change(finding.what, finding.found, finding.expected)],
        undo=_UNDO.get(str(finding.step)),
    )


_UNDO: Mapping[str, Message] = {
    "vm.power": say("It is brought back to the state it had."),
    "vm.migrate": say("It is moved back."),
    "vm.grow_disk": say("A disk that has grown cannot be made smaller again."),
    "vm.delete_snapshot": on_vm.NO_WAY_BACK,
    "vm.firewall": say("The rules set are taken away again."),
    "vm.backup_job": say("It is taken out of the backup job."),
    "vm.pool": say("The pool stays: it belongs to the department."),
}


def _local_storage(acting: Acting) -> str | None:
    boot = boot_disk(acting.record, acting.machine)
    storage = acting.storage(boot.storage) if boot else None
    return storage.name if storage is not None and not storage.shared else None


def _claims(acting: Acting, chosen: Sequence[Finding]) -> list[Claim]:
    """What stands is claimed from now on, where a size was adopted."""
    sized = any(f.key in _SIZES or f.key.startswith("disk:") for f in chosen)
    boot = boot_disk(acting.record, acting.machine)
    if not sized or boot is None:
        return []
    machine, record = acting.machine, acting.record
    sums = promises(acting.ledger, record.cluster).of.get(record.vmid)
    second, storage = second_disk(record, machine), acting.storage(boot.storage)
    amounts = {
        "cores": machine.cores - (round(sums.cores) if sums else 0),
        "memory_mb": machine.memory_mb - (round(sums.memory_mb) if sums else 0),
        "disk_gb": round(boot.size_gb) - (round(sums.disk_gb) if sums else 0),
        "extra_disk_gb": round(second.size_gb if second else 0)
        - (round(sums.extra_gb) if sums else 0),
        "storage": boot.storage,
        "shared": bool(storage and storage.shared),
        "department": record.department,
    }
    scope = capacity_scope(record.cluster, machine.node)
    return [Claim("capacity", scope, further_key(record.vmid, acting.number), amounts)]
