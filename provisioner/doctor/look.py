"""What the doctor reads of one cluster, once, and never changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from provisioner.catalogue import CloudVpsOffer, Inventory
from provisioner.catalogue.network import ServerNetwork
from provisioner.drivers.hypervisor import (
    BackupJob,
    ClusterFacts,
    FirewallReading,
    Hypervisor,
    Machine,
    Rights,
    TemplateKey,
    TemplateReading,
)
from provisioner.errors import StepFailure
from provisioner.settings import ClusterSettings

_AT_ONCE = 4
_T = TypeVar("_T")


@dataclass(frozen=True)
class Setup:
    """What the configuration says of one cluster; nothing of the inventory where it has faults."""

    name: str
    settings: ClusterSettings
    offer: CloudVpsOffer | None = None
    networks: Mapping[str, ServerNetwork] | None = None

    @property
    def subject(self) -> str:
        return f"clusters.{self.name}"

    @property
    def images(self) -> Mapping[str, TemplateKey]:
        """Image of the catalogue to its template on this cluster."""
        return {
            image: TemplateKey(vmid=reference.vmid, tag=reference.tag)
            for image, entry in (self.offer.images if self.offer else {}).items()
            if (reference := entry.templates.get(self.name))
        }

    @property
    def disk_storages(self) -> frozenset[str]:
        """Every storage that servers of this cluster may be put on."""
        wanted = {self.settings.disk_storage}
        if self.offer:
            wanted |= {size.disk_storage for size in self.offer.sizes.values() if size.disk_storage}
            images = (entry for entry in self.offer.images.values() if self.name in entry.templates)
            wanted |= {entry.disk_storage for entry in images if entry.disk_storage}
        return frozenset(wanted)


@dataclass(frozen=True)
class TemplateSight:
    """A template with all its settings; ``firewall`` None: not read, or it could not be."""

    reading: TemplateReading
    machine: Machine
    firewall: FirewallReading | None = None


@dataclass(frozen=True)
class Look:
    """Everything that was read. ``failure``: why the facts could not be, which are empty then."""

    setup: Setup
    rights: Rights
    facts: ClusterFacts
    failure: StepFailure | None = None
    templates: tuple[TemplateSight, ...] = ()
    pools: frozenset[str] | None = None
    job: BackupJob | StepFailure | None = None


def setup_of(name: str, settings: ClusterSettings, inventory: Inventory | None) -> Setup:
    """The cluster with what the inventory wants of it."""
    if inventory is None:
        return Setup(name, settings)
    networks = inventory.network.networks.items()
    mine = {key: network for key, network in networks if network.cluster == name}
    return Setup(name, settings, inventory.cloud_vps, mine)


def look(setup: Setup, driver: Hypervisor) -> Look:
    """Read the cluster: a handful of calls, and a few for each template.

    Raises the failures of ``Hypervisor.rights`` alone: who may not even sign in learns nothing.
    """
    rights, failure = driver.rights(), None
    try:
        facts = driver.facts(tuple(setup.images.values()))
    except StepFailure as refused:
        facts = ClusterFacts(setup.name, datetime.now(UTC), True, (), (), (), ())
        failure = refused
    return Look(
        setup,
        rights,
        facts,
        failure,
        templates=sights(driver, facts.templates, firewall=setup.settings.firewall),
        pools=_or_none(lambda: frozenset(driver.pools())) if setup.settings.pool else None,
        job=_job(setup, driver),
    )


def sights(
    driver: Hypervisor, readings: Iterable[TemplateReading], *, firewall: bool
) -> tuple[TemplateSight, ...]:
    """Each template's settings; one that went away or does not answer is left out."""

    def one(reading: TemplateReading) -> TemplateSight | None:
        machine = _or_none(lambda: driver.machine(reading.vmid))
        if machine is None:
            return None
        rules = _or_none(lambda: driver.firewall(machine)) if firewall else None
        return TemplateSight(reading, machine, rules)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(sight for sight in pool.map(one, readings) if sight)


def _job(setup: Setup, driver: Hypervisor) -> BackupJob | StepFailure | None:
    job = setup.settings.backup_job
    if job is None:
        return None
    try:
        return driver.backup_job(job)
    except StepFailure as failure:
        return failure


def _or_none(read: Callable[[], _T]) -> _T | None:
    """What was read; None where the cluster does not tell: the rights say why, if it is those."""
    try:
        return read()
    except StepFailure:
        return None
