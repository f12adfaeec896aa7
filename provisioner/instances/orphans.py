"""Finds what nobody owns: VMs, disks, backups, pools, claims, addresses; never removes anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

from provisioner.catalogue import Network
from provisioner.database import Database, now
from provisioner.drivers.hypervisor import ClusterFacts, Hypervisor, Machine
from provisioner.drivers.seat import UserSeat
from provisioner.errors import NotFound, StepFailure
from provisioner.facts.cloud_vps import probe
from provisioner.instances import looks
from provisioner.instances.leftovers import (
    Books,
    Cluster,
    Orphan,
    backups,
    disks,
    is_suspect,
    marks,
    pools,
    strangers,
    vm,
)
from provisioner.instances.orphan_views import OrphansView, orphans_view
from provisioner.instances.ownership import books, requests_named, stale_claims
from provisioner.people.rules import Actor, sees_all
from provisioner.settings import ClusterSettings
from provisioner.texts import say

EVERY = timedelta(hours=24)
AT_ONCE = 4
"""VMs of one cluster that are read at the same time."""
PROBES_AT_ONCE = 16
"""Addresses that are looked at at the same time."""


class OrphanService:
    """Looks for what is left over, and remembers the last result of each cluster.

    Read only: each find says what a person may do about it after having checked.
    """

    def __init__(
        self,
        database: Database,
        clusters: Mapping[str, ClusterSettings],
        hypervisors: Mapping[str, Hypervisor],
        network: Network,
        seat: UserSeat,
    ) -> None:
        self._database, self._clusters, self._hypervisors = database, clusters, hypervisors
        self._network, self._seat = network, seat

    def once(self) -> None:
        """Look at every cluster that was not looked at for a day. Harmless to repeat."""
        moment = now()
        with self._database.read() as session:
            last = looks.looks(session, map(_subject, self._clusters))
        for cluster in sorted(self._clusters):
            seen = last.get(_subject(cluster))
            if seen is None or seen.looked_at + EVERY <= moment:
                self.sweep(cluster)

    def sweep(self, cluster: str, *, addresses: bool = False) -> None:
        """Look at one cluster now; with ``addresses`` also at every free address of its networks.

        A cluster that does not answer is written down as such; the last result stays.
        """
        found: Sequence[Orphan] | StepFailure
        try:
            found = self.find(cluster, addresses=addresses)
        except StepFailure as failure:
            found = failure
        kept = found if isinstance(found, StepFailure) else [one.to_json() for one in found]
        with self._database.write() as session:
            looks.keep(session, _subject(cluster), kept)

    def find(self, cluster: str, *, addresses: bool = False) -> tuple[Orphan, ...]:
        """Everything on that cluster that nobody owns, as of now.

        Our books are read before and after the cluster: what any of both knows is left out, so
        that nothing shows that a run makes or removes just now. Raises the failures of a look at
        the world; storages that do not answer are left out.
        """
        hypervisor = self._hypervisors[cluster]
        before = self._books(cluster)
        facts = hypervisor.facts()
        volumes, members = hypervisor.stored(), hypervisor.pools()
        suspects = [g.vmid for g in facts.guests if is_suspect(g, self._clusters[cluster], before)]
        machines = self._machines(hypervisor, suspects)
        ours = {former.vmid for former in before.former}
        low, high = self._clusters[cluster].vmid_range
        with_disks = {v.vmid for v in volumes if v.content == "images" and v.vmid is not None}
        wanted = {vmid for vmid in with_disks if low <= vmid <= high or vmid in ours}
        gone = self._gone(hypervisor, facts, wanted)
        answering = self._answering(cluster, before) if addresses else {}
        named = [marks(text) for text in (m.description for m in machines)]
        named += [marks(volume.notes) for volume in volumes]
        known = self._with_requests(before.joined(self._books(cluster)), named)
        seen = Cluster(cluster, self._clusters[cluster], facts, volumes, members, gone)
        found = [
            *(vm(machine, known) for machine in machines if machine.vmid not in known.owned),
            *disks(seen, known),
            *backups(seen, known),
            *pools(seen, known),
            *strangers(answering, known),
        ]
        with self._database.read() as session:
            found += stale_claims(session, cluster, self._networks(cluster))
        return tuple(found)

    def last(self, actor: Actor, cluster: str) -> OrphansView:
        """The last result. Raises NotFound, also for who is not of the office."""
        if cluster not in self._clusters or not sees_all(actor):
            raise NotFound(say("There is no cluster %(name)s.", name=cluster[:40]))
        with self._database.read() as session:
            return orphans_view(cluster, looks.look(session, _subject(cluster)), actor.language)

    # ------------------------------------------------------------------ inside

    def _books(self, cluster: str) -> Books:
        with self._database.read() as session:
            return books(session, cluster, self._networks(cluster), now())

    def _with_requests(self, known: Books, named: Sequence[str | None]) -> Books:
        numbers = {number for number in named if number} | {f.number for f in known.former}
        with self._database.read() as session:
            return replace(known, requests=requests_named(session, numbers))

    def _networks(self, cluster: str) -> tuple[str, ...]:
        found = self._network.networks.items()
        return tuple(name for name, network in found if network.cluster == cluster)

    def _machines(self, hypervisor: Hypervisor, vmids: Sequence[int]) -> list[Machine]:
        """The listing lags: what is gone by now is left out."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [found for found in pool.map(hypervisor.machine, vmids) if found is not None]

    def _gone(self, hypervisor: Hypervisor, facts: ClusterFacts, vmids: set[int]) -> frozenset[int]:
        """Those that no guest of the cluster has, listed or not yet listed."""
        unlisted = sorted(vmids - {guest.vmid for guest in facts.guests})
        is_there = partial(_is_there, hypervisor.machine)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            there = pool.map(is_there, unlisted)
            return frozenset(v for v, found in zip(unlisted, there, strict=True) if not found)

    def _answering(self, cluster: str, known: Books) -> dict[str, tuple[str, str]]:
        """Address to its network and what answers there, of every address that nobody has."""
        places = [
            (name, str(address), self._network.networks[name].ssh_port)
            for name in self._networks(cluster)
            for address in self._network.networks[name].addresses()
            if str(address) not in known.addresses
        ]

        def look(place: tuple[str, str, int]) -> str | None:
            return probe(self._seat, (place[1],), place[2]).get(place[1])

        with ThreadPoolExecutor(PROBES_AT_ONCE) as pool:
            answers = list(pool.map(look, places))
        return {
            address: (network, how)
            for (network, address, _), how in zip(places, answers, strict=True)
            if how is not None
        }


def _is_there(machine: Callable[[int], Machine | None], vmid: int) -> bool:
    """A VM that cannot be read may well be there: its disks are nobody's to free."""
    try:
        return machine(vmid) is not None
    except StepFailure:
        return True


def _subject(cluster: str) -> str:
    return f"orphans:{cluster}"
