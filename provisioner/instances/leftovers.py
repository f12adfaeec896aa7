"""What on a cluster belongs to nobody, judged from its listing and from our books; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from provisioner.drivers.hypervisor import ClusterFacts, GuestReading, Machine, VolumeReading
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, Phrase, pack, say

Kind = Literal["vm", "disk", "backup", "pool", "claim", "address"]
TAG = "provisioner"
LAST = "last backup"
"""What the notes of the backup say that is made at a VM's end."""
YOUNG = timedelta(minutes=10)
"""What is younger may be in the making."""
_MARK = re.compile(r"provisioner: request ([A-Z]+-\d{4}-\d+)")


@dataclass(frozen=True)
class Orphan:
    """One thing that nobody owns. ``key`` is stable and unique on its cluster."""

    kind: Kind
    key: str
    what: Phrase
    where: str
    whose: Phrase
    """Whose it seems to be."""
    advice: Phrase
    """What to check before doing anything."""
    line: str | None
    """What a person may run on ``where`` after having checked; never run by the product."""
    size_gb: float | None = None
    since: datetime | None = None
    number: str | None = None
    """The request that its mark names."""

    def to_json(self) -> dict[str, Any]:
        """For the last look; texts packed."""
        return {
            "kind": self.kind,
            "key": self.key,
            "what": pack(self.what),
            "where": self.where,
            "whose": pack(self.whose),
            "advice": pack(self.advice),
            "line": self.line,
            "size_gb": self.size_gb,
            "since": self.since.isoformat() if self.since else None,
            "number": self.number,
        }


@dataclass(frozen=True)
class Former:
    """A VM of ours that has ended."""

    instance: str
    number: str
    vmid: int
    name: str
    ended_at: datetime | None


@dataclass(frozen=True)
class Books:
    """What we know of one cluster."""

    owned: frozenset[int]
    """VMIDs that an instance or a live request has, or had until a moment ago."""
    standing: Mapping[int, tuple[str, datetime]]
    """VMID to the request of the instance that stands there, and when it was made."""
    former: Sequence[Former]
    addresses: frozenset[str]
    """Claimed, resting or in use by an instance."""
    at_work: frozenset[str]
    """Departments for which a run is at work or was a moment ago."""
    at: datetime
    requests: Mapping[str, tuple[Message, str]] = field(default_factory=dict)
    """Number to state and department, of the requests that marks name."""

    def joined(self, later: Books) -> Books:
        """What either knows; the later one's view of what has ended."""
        return replace(
            later,
            owned=self.owned | later.owned,
            standing={**self.standing, **later.standing},
            addresses=self.addresses | later.addresses,
            at_work=self.at_work | later.at_work,
        )


@dataclass(frozen=True)
class Cluster:
    """What one cluster showed."""

    name: str
    settings: ClusterSettings
    facts: ClusterFacts
    volumes: Sequence[VolumeReading]
    pools: Mapping[str, frozenset[int]]
    gone: frozenset[int]
    """VMIDs that volumes carry and that no guest has, each asked for by itself."""

    def is_ours(self, vmid: int | None) -> bool:
        """Whether the number is one that only we give."""
        low, high = self.settings.vmid_range
        return vmid is not None and low <= vmid <= high


def marks(text: str) -> str | None:
    """The request that a description or note names as its maker."""
    found = _MARK.search(text)
    return found[1] if found else None


def is_suspect(guest: GuestReading, settings: ClusterSettings, known: Books) -> bool:
    """Whether a VM of the listing has one of our numbers or our tag and no owner in our books."""
    low, high = settings.vmid_range
    ours = low <= guest.vmid <= high or TAG in guest.tags
    return ours and not guest.template and guest.vmid not in known.owned


def vm(machine: Machine, known: Books) -> Orphan:
    """A VM that no instance and no live run owns."""
    number = marks(machine.description)
    vmid = machine.vmid
    line = f"qm destroy {vmid} --purge 1 --destroy-unreferenced-disks 1"
    if machine.options.get("protection") == "1":
        line = f"qm set {vmid} --protection 0 && {line}"
    if machine.power != "stopped":
        line = f"qm stop {vmid} && {line}"
    if number is None:
        advice = say(
            "It has a number of ours but not our mark, so somebody made it by hand. Ask who, and "
            "have it moved to a number outside our range."
        )
    else:
        advice = say(
            "Look into it and ask the department before removing it: nothing of it comes back."
        )
    return Orphan(
        kind="vm",
        key=f"vm:{vmid}",
        what=say(
            "VM %(vmid)s %(name)s (%(power)s)", vmid=vmid, name=machine.name,
            power=say("on") if machine.power == "running" else say("off"),
        ),
        where=machine.node,
        whose=_whose(number, known),
        advice=advice,
        line=line if number else f"qm config {vmid}",
        size_gb=round(sum(machine.disks_gb.values()), 1),
        since=_made_at(machine),
        number=number,
    )  # fmt: skip


def disks(seen: Cluster, known: Books) -> Iterator[Orphan]:
    """Disks with a number of ours, or one that a VM of ours had, that no VM has."""
    ours = {former.vmid: former for former in known.former}
    for volume in _once(seen.volumes):
        vmid = volume.vmid
        if volume.content != "images" or vmid is None or vmid not in seen.gone:
            continue
        young = volume.made_at is not None and volume.made_at > known.at - YOUNG
        if young or vmid in known.owned or not (seen.is_ours(vmid) or vmid in ours):
            continue
        former = ours.get(vmid)
        yield Orphan(
            kind="disk",
            key=f"disk:{volume.node}:{volume.volume}",
            what=say("disk %(volume)s", volume=volume.volume),
            where=volume.node,
            whose=_whose(former.number if former else None, known),
            advice=say(
                "No VM %(vmid)s is on the cluster. Look for linked copies of it first.", vmid=vmid
            ),
            line=f"pvesm free {shlex.quote(volume.volume)}",
            size_gb=volume.size_gb,
            since=volume.made_at,
            number=former.number if former else None,
        )


def backups(seen: Cluster, known: Books) -> Iterator[Orphan]:
    """Backups with our mark or a number of ours whose VM is not ours to back up any more."""
    for volume in _once(seen.volumes):
        if volume.content != "backup" or volume.vmid is None:
            continue
        number = marks(volume.notes)
        if number is None and not seen.is_ours(volume.vmid):
            continue
        if _is_owned(volume, number, known):
            continue
        yield _backup(volume, number, known)


def _is_owned(volume: VolumeReading, number: str | None, known: Books) -> bool:
    """Whether it is a backup of what stands there now, not of an earlier VM of that number."""
    owner = known.standing.get(volume.vmid or 0)
    if owner is None:
        return volume.vmid in known.owned
    mark, made_at = owner
    earlier = volume.made_at is not None and volume.made_at < made_at - YOUNG
    return number == mark or (number is None and not earlier)


def _backup(volume: VolumeReading, number: str | None, known: Books) -> Orphan:
    advice: Message
    if number is None:
        advice = say("It does not carry our mark; the cluster's own job may have made it.")
    elif LAST in volume.notes:
        advice = say(
            "It is kept on purpose, as the last backup before its end. Ask the department whether "
            "it is still needed."
        )
    else:
        advice = say("It carries our mark; it may be the last copy. Ask the department.")
    if volume.protected:
        advice = say("%(advice)s It is protected against removal.", advice=advice)
    return Orphan(
        kind="backup",
        key=f"backup:{volume.volume}",
        what=say("backup of VM %(vmid)s: %(volume)s", vmid=volume.vmid, volume=volume.volume),
        where=volume.node,
        whose=_whose(number, known),
        advice=advice,
        line=f"pvesm free {shlex.quote(volume.volume)}",
        size_gb=volume.size_gb,
        since=volume.made_at,
        number=number,
    )


def pools(seen: Cluster, known: Books) -> Iterator[Orphan]:
    """Pools of departments in which nothing is, and for which nothing is being made."""
    pattern = seen.settings.pool
    if pattern is None:
        return
    before, _, behind = pattern.partition("{department}")
    for name, members in sorted(seen.pools.items()):
        fits = (
            name.startswith(before) and name.endswith(behind) and len(name) > len(before + behind)
        )
        department = name[len(before) : len(name) - len(behind)]
        if members or not fits or department in known.at_work:
            continue
        yield Orphan(
            kind="pool",
            key=f"pool:{name}",
            what=say("empty pool %(name)s", name=name),
            where=seen.name,
            whose=say("department %(department)s", department=department),
            advice=say("The next VM of that department makes it again. Storages may be in it too."),
            line=f"pveum pool delete {shlex.quote(name)}",
        )


def strangers(answering: Mapping[str, tuple[str, str]], known: Books) -> Iterator[Orphan]:
    """Addresses that something answers at and that nobody has; by address its network and how."""
    for address, (network, how) in sorted(answering.items()):
        if address not in known.addresses:
            yield Orphan(
                kind="address",
                key=f"address:{network}:{address}",
                what=say("something answers at %(address)s (%(how)s)", address=address, how=how),
                where=network,
                whose=say("not in our books"),
                advice=say(
                    "Find out what it is; the address is passed over while it answers. If it is "
                    "to stay, note it as reserved in network.yml."
                ),
                line=None,
            )


def _whose(number: str | None, known: Books) -> Message:
    if number is None:
        return say("unknown: it carries no mark of ours")
    if number not in known.requests:
        return say(
            "request %(number)s, which is not in our books: perhaps of another installation",
            number=number,
        )
    state, department = known.requests[number]
    return say(
        "request %(number)s of %(department)s (%(state)s)",
        number=number, department=department, state=state,
    )  # fmt: skip


def _made_at(machine: Machine) -> datetime | None:
    """The cluster notes when a VM was made (``meta: creation-qemu=10.0.2,ctime=1763800000``)."""
    found = re.search(r"\bctime=(\d+)", machine.options.get("meta", ""))
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _once(volumes: Sequence[VolumeReading]) -> Iterator[VolumeReading]:
    """Each volume once, though several nodes see a shared storage."""
    seen: set[tuple[str, str]] = set()
    for one in sorted(volumes, key=lambda v: (v.volume, v.node)):
        if (one.node, one.volume) not in seen:
            seen.add((one.node, one.volume))
            yield one
