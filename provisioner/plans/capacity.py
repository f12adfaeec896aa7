"""Which node has room: live readings, reserves, overcommit and what we promised already; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.drivers.hypervisor import ClusterFacts, GuestReading, NodeReading, StorageReading
from provisioner.plans.claims import HeldClaim, Ledger
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
    memory: Amount
    cores: Amount
    storages: Mapping[str, StorageRoom]
    memory_really_used: float
    """Share of the physical memory in use at this moment, 0 to 1."""
    own_by_department: Mapping[str, int]

    def why_not(self, need: Need, storage: str) -> tuple[Message, ...]:
        """Why the VM does not fit here with its disk on ``storage``; empty if it does."""
        if not self.online:
            return (say("the node is offline"),)
        found = [
            *_shortage(say("memory"), "MB", need.memory_mb, self.memory),
            *_shortage(say("cores"), "", need.cores, self.cores),
        ]
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

    def score(self, need: Need, storage: str, department: str) -> tuple[float, int, str]:
        """Lower is better: share of the scarcest resource afterwards, own VMs, name.

        A shared storage is the same for every node and therefore tells nothing.
        """
        shares = [self.memory.share(need.memory_mb), self.cores.share(need.cores)]
        room = self.storages[storage]
        if not room.shared:
            shares.append(room.disk.share(need.disk_gb))
        return (round(max(shares), 3), self.own_by_department.get(department, 0), self.node)


@dataclass(frozen=True)
class StorageRoom:
    """What one storage has left, as one node sees it."""

    name: str
    shared: bool
    active: bool
    takes_disks: bool
    disk: Amount


def rooms(facts: ClusterFacts, settings: ClusterSettings, ledger: Ledger) -> dict[str, NodeRoom]:
    """What every node has left, by name.

    A VM that is listed counts with the larger of its listed size and our claim, on the node where
    it is listed; a claim whose VM is not listed yet (the listing lags by up to ten seconds) counts
    where it was promised. Stopped VMs count like running ones, templates do not.
    """
    listed = {guest.vmid: guest for guest in facts.guests}
    claims = {vmid: (node, claim) for node, vmid, claim in ledger.capacity(facts.cluster)}
    coming = {vmid: place for vmid, place in claims.items() if vmid not in listed}
    growing = _disk_to_come(listed, claims)
    found = {}
    for node in facts.nodes:
        guests = [g for g in facts.guests if g.node == node.name and not g.template]
        promised = [claim for name, claim in coming.values() if name == node.name]
        found[node.name] = _room(node, guests, promised, claims, settings, facts, growing)
    return found


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


def _room(
    node: NodeReading,
    guests: Sequence[GuestReading],
    promised: Sequence[HeldClaim],
    claims: Mapping[int, tuple[str, HeldClaim]],
    settings: ClusterSettings,
    facts: ClusterFacts,
    growing: Mapping[tuple[str, str], float],
) -> NodeRoom:
    own = Counter(str(c.amounts.get("department", "")) for c in promised)
    memory, cores = 0.0, 0.0
    for guest in guests:
        claimed: Mapping[str, Any] = {}
        if guest.vmid in claims:
            claimed = claims[guest.vmid][1].amounts
            own[str(claimed.get("department", ""))] += 1
        memory += max(guest.memory_mb, claimed.get("memory_mb", 0))
        cores += max(guest.cores, claimed.get("cores", 0))
    reserve, overcommit = settings.reserve, settings.overcommit
    kept = node.memory_mb * reserve.memory_percent / 100
    return NodeRoom(
        node=node.name,
        online=node.online,
        memory=Amount(
            node.memory_mb, node.memory_mb * overcommit.memory - kept, memory,
            sum(c.amounts["memory_mb"] for c in promised),
        ),
        cores=Amount(
            node.cores, node.cores * overcommit.cores, cores,
            sum(c.amounts["cores"] for c in promised),
        ),
        storages={
            s.name: _storage(s, reserve.disk_percent, growing)
            for s in facts.storages if s.node == node.name
        },
        memory_really_used=node.memory_used_mb / node.memory_mb if node.memory_mb else 0.0,
        own_by_department=own,
    )  # fmt: skip


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


def _disk_to_come(
    listed: Mapping[int, GuestReading], claims: Mapping[int, tuple[str, HeldClaim]]
) -> dict[tuple[str, str], float]:
    """(node, storage) to the GiB that were promised and are not there yet; node "" if shared."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for vmid, (node, claim) in claims.items():
        there = listed[vmid].disk_gb if vmid in listed else 0.0
        missing = max(0.0, claim.amounts["disk_gb"] - there)
        place = "" if claim.amounts.get("shared") else node
        found[place, str(claim.amounts["storage"])] += missing
    return found


def _shortage(what: Message, unit: str, need: float, amount: Amount) -> list[Message]:
    if need <= amount.free:
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
