"""Which templates a cluster has, what they are for and how many servers hang on each."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.doctor.look import Look, Setup, sights
from provisioner.doctor.templates import is_of
from provisioner.drivers.hypervisor import Hypervisor, Rights, TemplateKey, VolumeReading

_TELLING_KINDS = frozenset({"dir", "nfs", "cifs", "cephfs", "btrfs", "zfspool", "rbd"})
"""Storages where a linked clone's volume names the volume that it hangs on."""


@dataclass(frozen=True)
class TemplateRow:
    """One template; ``clones`` None: the storage does not tell."""

    cluster: str
    vmid: int
    node: str
    name: str
    storage: str
    images: tuple[str, ...]
    clones: int | None


def look_at_templates(setup: Setup, driver: Hypervisor) -> Look:
    """All templates of the cluster, those that the catalogue does not name too."""
    present = driver.facts()
    keys = tuple(TemplateKey(vmid=guest.vmid) for guest in present.guests if guest.template)
    facts = driver.facts(keys) if keys else present
    seen = sights(driver, facts.templates, firewall=setup.settings.firewall)
    return Look(setup, Rights(facts.version, {}), facts, templates=seen)


def rows(look: Look, driver: Hypervisor) -> list[TemplateRow]:
    """One row per template, by number."""
    facts, volumes = look.facts, driver.stored()
    kinds = {storage.name: storage.kind for storage in facts.storages}
    return [
        TemplateRow(
            look.setup.name,
            sight.reading.vmid,
            sight.reading.node,
            sight.reading.name,
            sight.reading.storage,
            tuple(i for i, key in look.setup.images.items() if is_of(sight, key, facts)),
            clones_of(sight.reading.vmid, volumes)
            if kinds.get(sight.reading.storage) in _TELLING_KINDS
            else None,
        )
        for sight in sorted(look.templates, key=lambda sight: sight.reading.vmid)
    ]


def clones_of(template: int, volumes: tuple[VolumeReading, ...]) -> int:
    """How many servers have a disk that hangs on one of the template's."""
    hanging = (v.vmid for v in volumes if f"base-{template}-" in v.volume and v.vmid != template)
    return len({vmid for vmid in hanging if vmid is not None})
