"""Which node has room: live readings, reserves, overcommit and what we promised already; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from provisioner.drivers.hypervisor import ClusterFacts, NodeReading, StorageReading
from provisioner.plans.claims import Ledger
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, say


@dataclass(frozen=True)
class Need:
    """What a VM asks of a node; MiB and GiB."""

    cores: int
    memory_mb: int
    disk_gb: int


@dataclass(frozen=True)
class Amount:
    """One kind of capacity: ``used`` by VMs that are listed, ``promised`` to those not yet there.

    ``limit`` is the line that planning does not cross, ``total`` what the hardware has.
    """

    total: float
    limit: float
    used: float
    promised: float

    @property
    def free(self) -> float:
        """What may still be given away; negative when the line has been crossed already."""
        return self.limit - self.used - self.promised

    def share(self, more: float) -> float:
        """The part of the limit that is taken once ``more`` has been added."""
        return (self.used + self.promised + more) / self.limit if self.limit > 0 else float("inf")

    def to_json(self, more: float) -> dict[str, float]:
        """For the capacity picture; ``this`` is the VM being planned."""
        return {
            "total": round(self.total, 1),
            "limit": round(self.limit, 1),
            "used": round(self.used, 1),
            "promised": round(self.promised, 1),
            "this": more,
        }


@dataclass(frozen=True)
class NodeRoom:
    """What one node has left. ``storages`` are those it sees, by name."""

    node: str
    online: bool
    maintenance: bool
    memory: Amount
    cores: Amount
    storages: Mapping[str, StorageRoom]
    memory_really_used: float
    """Share of the physical memory in use at this moment, 0 to 1."""
    own_by_department: Mapping[str, int]
    own_by_application: Mapping[tuple[str, str], int]
    """(department, application) to how many VMs of it are, or will be, here."""

    def why_not(self, need: Need, storage: str) -> tuple[Message, ...]:
        """Why a VM cannot come here with its disk on ``storage``; empty if it can."""
        if not self.online:
            return (say("the node is offline"),)
        if self.maintenance:
            return (say("the node is in maintenance"),)
        return self.shortages(need, storage)

    def shortages(self, need: Need, storage: str) -> tuple[Message, ...]:
        """What is missing for ``need``, where more of nothing is never missing."""
        found = [
            *_shortage(say("memory"), "MB", need.memory_mb, self.memory),
            *_shortage(say("cores"), "", need.cores, self.cores),
        ]
        if need.disk_gb <= 0:
            return tuple(found)
        room = self.storages.get(storage)
        if room is None:
            found.append(say("there is no storage %(storage)s", storage=storage))
        elif not room.active:
            found.append(say("the storage %(storage)s does not answer", storage=storage))
        elif not room.takes_disks:
            found.append(
                say("the storage %(storage)s does not accept disks of VMs", storage=storage)
            )
        else:
            label = say("room on the storage %(storage)s", storage=storage)
            found += _shortage(label, "GB", need.disk_gb, room.disk)
        return tuple(found)

    def share(self, need: Need, storage: str) -> float:
        """The taken part of the scarcest resource afterwards.

        A shared storage is the same for every node and therefore tells nothing.
        """
        shares = [self.memory.share(need.memory_mb), self.cores.share(need.cores)]
        room = self.storages.get(storage)
        if room is not None and not room.shared:
            shares.append(room.disk.share(need.disk_gb))
        return max(shares)

    def score(self, need: Need, storage: str, department: str) -> tuple[float, int, str]:
        """Lower is better: share of the scarcest resource afterwards, own VMs, name."""
        own = self.own_by_department.get(department, 0)
        return (round(self.share(need, storage), 3), own, self.node)


@dataclass(frozen=True)
class StorageRoom:
    """What one storage has left, as one node sees it."""

    name: str
    shared: bool
    active: bool
    takes_disks: bool
    disk: Amount


@dataclass(frozen=True)
class Promise:
    """What all claims of one VM add up to; ``disk_gb`` is its boot disk, ``extra_gb`` its second.

    ``node`` and ``storage`` are those of its first claim.
    """

    node: str
    storage: str
    shared: bool
    cores: float
    memory_mb: float
    disk_gb: float
    extra_gb: float
    department: str
    application: str | None


@dataclass(frozen=True)
class Promises:
    """Every capacity claim of a cluster: by VMID, and those of VMs on their way to another node."""

    of: Mapping[int, Promise]
    moving: Sequence[tuple[int, Promise]]


def promises(ledger: Ledger, cluster: str) -> Promises:
    """The claims of each VM taken together: a resize claims the difference, a move all of it."""
    found: dict[int, Promise] = {}
    moving: list[tuple[int, Promise]] = []
    for node, vmid, claim in ledger.capacity(cluster):
        one = _promise(node, claim.amounts)
        if claim.amounts.get("moving"):
            moving.append((vmid, one))
        elif vmid in found:
            found[vmid] = _added(found[vmid], one)
        else:
            found[vmid] = one
    return Promises(found, moving)


def rooms(facts: ClusterFacts, settings: ClusterSettings, ledger: Ledger) -> dict[str, NodeRoom]:
    """What every node has left, by name.

    A VM that is listed counts with the larger of its listed size and the sum of our claims, on the
    node where it is listed; a claim whose VM is not listed yet (the listing lags by up to ten
    seconds) counts where it was promised, and so does one of a VM that is to move there. Stopped
    VMs count like running ones, templates do not. The listing shows no second disks: what we
    promised for them counts as long as the claim stands.
    """
    claimed = promises(ledger, facts.cluster)
    used: dict[str, _Tally] = defaultdict(_Tally)
    promised: dict[str, _Tally] = defaultdict(_Tally)
    growing: dict[tuple[str, str], float] = defaultdict(float)
    listed = {}
    for guest in facts.guests:
        listed[guest.vmid] = guest
        if not guest.template:
            used[guest.node].count(guest.cores, guest.memory_mb, claimed.of.get(guest.vmid))
    for vmid, promise in claimed.of.items():
        there = listed.get(vmid)
        if there is None:
            promised[promise.node].count(promise.cores, promise.memory_mb, promise)
        missing = max(0.0, promise.disk_gb - (there.disk_gb if there else 0.0)) + promise.extra_gb
        place = "" if promise.shared else there.node if there else promise.node
        growing[place, promise.storage] += missing
    for vmid, promise in claimed.moving:
        if vmid not in listed or listed[vmid].node != promise.node:
            promised[promise.node].count(promise.cores, promise.memory_mb, promise)
            if not promise.shared:
                growing[promise.node, promise.storage] += promise.disk_gb + promise.extra_gb
    storages: dict[str, list[StorageReading]] = defaultdict(list)
    for storage in facts.storages:
        storages[storage.node].append(storage)
    return {
        node.name: _room(
            node, used[node.name], promised[node.name], storages[node.name], settings, growing
        )
        for node in facts.nodes
    }


def picture(
    found: Mapping[str, NodeRoom],
    need: Need,
    storage: str,
    chosen: str,
    refused: Mapping[str, Sequence[Message]],
) -> dict[str, Any]:
    """Per node what is used, promised and asked for, and the line not to cross; JSON."""
    nodes = []
    for name, room in sorted(found.items()):
        here = name == chosen
        disk = room.storages.get(storage)
        nodes.append(
            {
                "node": name,
                "chosen": here,
                "why_not": [message.to_json() for message in refused.get(name, ())],
                "memory_mb": room.memory.to_json(need.memory_mb if here else 0),
                "cores": room.cores.to_json(need.cores if here else 0),
                "disk_gb": disk.disk.to_json(need.disk_gb if here else 0) if disk else None,
            }
        )
    return {"storage": storage, "nodes": nodes}


class _Tally:
    """What the VMs counted so far take on one node, and whose they are."""

    def __init__(self) -> None:
        self.cores = self.memory_mb = 0.0
        self.departments: Counter[str] = Counter()
        self.applications: Counter[tuple[str, str]] = Counter()

    def count(self, cores: float, memory_mb: float, promise: Promise | None) -> None:
        """One more VM, with the larger of its own size and the promise."""
        self.cores += max(cores, promise.cores if promise else 0)
        self.memory_mb += max(memory_mb, promise.memory_mb if promise else 0)
        if promise is not None:
            self.departments[promise.department] += 1
            if promise.application:
                self.applications[promise.department, promise.application] += 1


def _room(
    node: NodeReading,
    used: _Tally,
    promised: _Tally,
    storages: Sequence[StorageReading],
    settings: ClusterSettings,
    growing: Mapping[tuple[str, str], float],
) -> NodeRoom:
    reserve, overcommit = settings.reserve, settings.overcommit
    kept = node.memory_mb * reserve.memory_percent / 100
    limit = node.memory_mb * overcommit.memory - kept
    return NodeRoom(
        node=node.name,
        online=node.online,
        maintenance=node.maintenance,
        memory=Amount(node.memory_mb, limit, used.memory_mb, promised.memory_mb),
        cores=Amount(node.cores, node.cores * overcommit.cores, used.cores, promised.cores),
        storages={s.name: _storage(s, reserve.disk_percent, growing) for s in storages},
        memory_really_used=node.memory_used_mb / node.memory_mb if node.memory_mb else 0.0,
        own_by_department=used.departments + promised.departments,
        own_by_application=used.applications + promised.applications,
    )


def _promise(node: str, amounts: Mapping[str, Any]) -> Promise:
    application = amounts.get("application")
    return Promise(
        node=node,
        storage=str(amounts.get("storage", "")),
        shared=bool(amounts.get("shared")),
        cores=float(amounts.get("cores", 0)),
        memory_mb=float(amounts.get("memory_mb", 0)),
        disk_gb=float(amounts.get("disk_gb", 0)),
        extra_gb=float(amounts.get("extra_disk_gb", 0)),
        department=str(amounts.get("department", "")),
        application=str(application) if application else None,
    )


def _added(one: Promise, more: Promise) -> Promise:
    return replace(
        one,
        cores=one.cores + more.cores,
        memory_mb=one.memory_mb + more.memory_mb,
        disk_gb=one.disk_gb + more.disk_gb,
        extra_gb=one.extra_gb + more.extra_gb,
    )


def _storage(
    reading: StorageReading, kept_percent: float, growing: Mapping[tuple[str, str], float]
) -> StorageRoom:
    place = "" if reading.shared else reading.node
    return StorageRoom(
        name=reading.name,
        shared=reading.shared,
        active=reading.active,
        takes_disks="images" in reading.content,
        disk=Amount(
            total=reading.total_gb,
            limit=reading.total_gb * (1 - kept_percent / 100),
            used=reading.total_gb - reading.free_gb,
            promised=growing.get((place, reading.name), 0.0),
        ),
    )


def _shortage(what: Message, unit: str, need: float, amount: Amount) -> list[Message]:
    if need <= max(0, amount.free):
        return []
    return [
        say(
            "not enough %(what)s: %(need)g %(unit)s asked for, %(free)g %(unit)s free",
            what=what,
            need=need,
            free=max(0, round(amount.free, 1)),
            unit=unit,
        )
    ]
