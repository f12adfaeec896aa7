"""Where a VM differs from our record of it, and how each difference may be settled; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from provisioner.drivers.hypervisor import FirewallReading, Machine
from provisioner.facts.cloud_vps import Standing, VmRecord, carries_mark, mark
from provisioner.plans.model import RiskLevel
from provisioner.services.cloud_vps.drift_options import OptionDifference, option_differences
from provisioner.services.cloud_vps.drift_wanted import Expected, Rule, WantedFirewall
from provisioner.texts import Message, Phrase, pack, say

Way = Literal["adopt", "restore", "accept"]
ACCEPT: frozenset[Way] = frozenset({"accept"})
_MOVING = frozenset({"migrate", "clone", "create", "rollback"})
"""Locks under which node, power and disks are on their way somewhere."""


@dataclass(frozen=True)
class Finding:
    """One difference. ``key`` is stable (``cores``, ``disk:scsi0`` …), so is ``seen``.

    A finding that was accepted is silent as long as ``seen`` stays the same.
    """

    key: str
    what: Phrase
    expected: Phrase
    found: Phrase
    seen: str
    """What was found, as a value that does not depend on the language."""
    severity: RiskLevel
    ways: frozenset[Way] = ACCEPT
    restore: Mapping[str, str] = field(default_factory=dict)
    """Options that a ``vm.reconfigure`` writes to restore it."""
    delete: tuple[str, ...] = ()
    """Options that it takes away."""
    step: str | None = None
    """The kind of another step that restores it (``vm.power``, ``vm.firewall`` …)."""
    params: Mapping[str, Any] = field(default_factory=dict)
    """That step's own params, without cluster, vmid and vm."""
    adopt: Mapping[str, Any] = field(default_factory=dict)
    """What adopting changes in ``wanted`` (see ``drift_wanted.adopted``)."""
    caution: Message | None = None
    """What a person should know before restoring it."""

    def to_json(self) -> dict[str, Any]:
        """For the instance's last look, pages and programs; texts as packed messages."""
        return {
            "key": self.key,
            "what": pack(self.what),
            "expected": pack(self.expected),
            "found": pack(self.found),
            "seen": self.seen,
            "severity": self.severity,
            "ways": sorted(self.ways),
            "caution": pack(self.caution) if self.caution else None,
        }


def findings(
    record: VmRecord,
    standing: Standing,
    expected: Expected,
    *,
    at: datetime,
    accepted: Mapping[str, str] | None = None,
    pool: str | None = None,
    look_at_pool: bool = False,
) -> tuple[Finding, ...]:
    """Every difference, gravest first; nothing for a VM that is as our plans left it.

    ``accepted``: key to the ``seen`` that a person has accepted, the record's own if None.
    ``pool``: the one that the VM is in, compared only with ``look_at_pool``. Firewall and backup
    job are compared where ``standing`` has them. A VM that is gone or is not ours gives exactly
    one finding, which can only be accepted or answered by an end: nothing else of a stranger's VM
    is our business.
    """
    found = list(_all(record, standing, expected, at))
    ours = standing.machine is not None and standing.is_ours
    if look_at_pool and ours and expected.pool and pool != expected.pool:
        found.append(_pool(expected.pool, pool))
    known = record.accepted if accepted is None else accepted
    order = {"high": 0, "medium": 1, "low": 2}
    loud = [one for one in found if known.get(one.key) != one.seen]
    return tuple(sorted(loud, key=lambda one: (order[one.severity], one.key)))


def _all(
    record: VmRecord, standing: Standing, expected: Expected, at: datetime
) -> Iterator[Finding]:
    machine = standing.machine
    if machine is None:
        yield Finding(
            "gone", say("the virtual machine"), say("VM %(vmid)s", vmid=record.vmid),
            say("not on the cluster"), "gone", "high",
        )  # fmt: skip
        return
    if stranger := _stranger(record, machine):
        yield stranger
        return
    yield from _identity(record, machine)
    yield from map(_of_option, option_differences(expected, machine, standing.pending))
    if machine.lock not in _MOVING:
        yield from _place_and_power(record, machine, expected)
        yield from _disks(machine, expected)
    if standing.firewall is not None and expected.firewall is not None:
        yield from _firewall(standing.firewall, expected.firewall)
    yield from _backup_job(standing, expected)
    yield from _snapshots(standing, expected, at)


def _stranger(record: VmRecord, machine: Machine) -> Finding | None:
    uuid = (machine.uuid or "").lower()
    if uuid != record.uuid.lower():
        return Finding(
            "uuid", say("its identity (SMBIOS UUID)"), record.uuid.lower(),
            say("%(uuid)s: somebody else's VM has its number now", uuid=uuid or "-"),
            uuid, "high",
        )  # fmt: skip
    if not carries_mark(machine.description, record.number):
        return Finding(
            "mark", say("our mark in its notes"),
            mark(record.number),
            say("missing"), "missing", "high",
            caution=say(
                "Without the mark it is not ours to change. If it is the same machine, write the "
                "mark back into its notes on the cluster by hand."
            ),
        )  # fmt: skip
    return None


def _identity(record: VmRecord, machine: Machine) -> Iterator[Finding]:
    if machine.template:
        yield Finding(
            "template", say("kind of machine"), say("a virtual machine"),
            say("a template, which cannot be started"), "template", "high",
        )  # fmt: skip
    if machine.name != record.name:
        yield Finding(
            "name", say("name"), record.name, machine.name or "-", machine.name, "low",
            frozenset({"restore", "accept"}), restore={"name": record.name},
        )  # fmt: skip


def _of_option(one: OptionDifference) -> Finding:
    ways: set[Way] = {"accept"}
    if one.adoptable:
        ways.add("adopt")
    if one.restorable:
        ways.add("restore")
    return Finding(
        one.key, one.what, one.expected, one.found, one.seen, one.severity, frozenset(ways),
        restore=one.restore, delete=one.delete,
        adopt={"options": one.adopt} if one.adoptable else {},
        caution=one.caution,
    )  # fmt: skip


def _place_and_power(record: VmRecord, machine: Machine, expected: Expected) -> Iterator[Finding]:
    if machine.node != record.node and not machine.ha_managed:  # HA moves it as it sees fit
        yield Finding(
            "node", say("node"), record.node, machine.node, machine.node, "low",
            frozenset({"adopt", "restore", "accept"}),
            step="vm.migrate", params={"target": record.node, "storage": None},
            adopt={"node": machine.node},
        )  # fmt: skip
    if machine.power not in ("unknown", expected.power):
        words = {"running": say("on"), "stopped": say("off"), "paused": say("paused")}
        yield Finding(
            "power", say("power"), words[expected.power], words[machine.power], machine.power,
            "high" if expected.power == "running" else "medium",
            frozenset({"restore", "accept"}),
            step="vm.power", params={"wanted": expected.power},
        )  # fmt: skip


def _disks(machine: Machine, expected: Expected) -> Iterator[Finding]:
    if not expected.disks:
        return  # the plan that made it does not tell
    for disk, wanted in sorted(expected.disks.items()):
        has = machine.disks_gb.get(disk)
        what = say("disk %(disk)s", disk=disk)
        if has is None:
            yield Finding(f"disk:{disk}", what, _gb(wanted), say("missing"), "missing", "high")
        elif has > wanted + _ROUNDING:
            yield Finding(
                f"disk:{disk}", what, _gb(wanted), _gb(has), f"{has:g}", "medium",
                frozenset({"adopt", "accept"}), adopt={"disks": {disk: has}},
                caution=say("Disks never shrink."),
            )  # fmt: skip
        elif has < wanted - _ROUNDING:
            yield Finding(
                f"disk:{disk}", what, _gb(wanted), _gb(has), f"{has:g}", "medium",
                frozenset({"adopt", "restore", "accept"}),
                step="vm.grow_disk", params={"disk": disk, "size_gb": round(wanted)},
                adopt={"disks": {disk: has}},
            )  # fmt: skip
    for disk in sorted(set(machine.disks_gb) - set(expected.disks)):
        has = machine.disks_gb[disk]
        yield Finding(
            f"disk:{disk}", say("disk %(disk)s", disk=disk), say("none"), _gb(has), f"{has:g}",
            "medium", frozenset({"adopt", "accept"}), adopt={"disks": {disk: has}},
        )  # fmt: skip


def _firewall(reading: FirewallReading, wanted: WantedFirewall) -> Iterator[Finding]:
    faults = list(_firewall_faults(reading, wanted))
    if faults:
        doors = ", ".join(map(str, wanted.rules)) or "-"
        yield Finding(
            "firewall", say("firewall"), say("on, open: %(doors)s", doors=doors), _together(faults),
            "; ".join(map(str, faults)), "high", frozenset({"restore", "accept"}),
            step="vm.firewall", params=wanted.params,
        )  # fmt: skip
    known = {rule.door for rule in wanted.rules}
    for rule in sorted({Rule.of_reading(r) for r in reading.rules}, key=str):
        if rule.door in known:
            continue
        ours = "provisioner:" in rule.comment
        yield Finding(
            f"firewall:{rule}", say("firewall rule"), say("none"), str(rule), str(rule), "high",
            frozenset({"restore", "accept"}) if ours else ACCEPT,
            step="vm.firewall" if ours else None, params=wanted.params if ours else {},
            caution=None if ours else say(
                "The rule does not carry our mark: only a person takes it away."
            ),
        )  # fmt: skip


def _firewall_faults(reading: FirewallReading, wanted: WantedFirewall) -> Iterator[Message]:
    if not wanted.enabled:
        return
    if not reading.enabled:
        yield say("switched off")
    if reading.policy_in.upper() == "ACCEPT":
        yield say("lets everything in")
    if wanted.addresses and not reading.ip_filter:
        yield say("does not check the sender's address")
    elif wanted.addresses and frozenset(wanted.addresses) != reading.addresses:
        shown = ", ".join(sorted(reading.addresses)) or "-"
        yield say("may send as %(addresses)s", addresses=shown)
    doors = {Rule.of_reading(rule).door for rule in reading.rules}
    for rule in wanted.rules:
        if rule.door not in doors:
            yield say("%(rule)s is closed", rule=str(rule))


def _backup_job(standing: Standing, expected: Expected) -> Iterator[Finding]:
    job, machine = standing.backup_job, standing.machine
    if expected.backup_job is None or job is None or machine is None:
        return
    if job.id != expected.backup_job or job.covers(machine.vmid, expected.pool):
        return
    yield Finding(
        "backup_job", say("regular backup"),
        say("in the job %(job)s", job=expected.backup_job), say("not in it"), "left", "high",
        frozenset({"restore", "accept"}), step="vm.backup_job",
        params={"job": expected.backup_job},
    )  # fmt: skip


def _snapshots(standing: Standing, expected: Expected, at: datetime) -> Iterator[Finding]:
    """Those that should be gone: the product removes them by itself, which may take a while."""
    for snapshot in standing.snapshots:
        until = expected.snapshots.get(snapshot.name)
        ours = carries_mark(snapshot.description, standing.record.number)
        if ours and until is not None and until + _TIDYING < at:
            yield Finding(
                f"snapshot:{snapshot.name}", say("snapshot %(name)s", name=snapshot.name),
                say("kept until %(day)s", day=until.date()), say("still there"),
                snapshot.taken_at.isoformat(), "low", frozenset({"restore", "accept"}),
                step="vm.delete_snapshot", params={"name": snapshot.name},
            )  # fmt: skip


def _pool(wanted: str, has: str | None) -> Finding:
    return Finding(
        "pool", say("pool"), wanted, has or say("none"), has or "-", "medium",
        frozenset({"restore", "accept"}), step="vm.pool", params={"pool": wanted},
    )  # fmt: skip


def _together(messages: Sequence[Message]) -> Message:
    first, *rest = messages
    return say("%(first)s; %(rest)s", first=first, rest=_together(rest)) if rest else first


def _gb(size: float) -> str:
    return f"{size:g} GB"


_TIDYING = timedelta(days=1)
_ROUNDING = 0.01
"""GiB; a cloud image's disk is not always a whole number."""
