"""Looks at one installation from its files to its clusters, and says what to mend and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provisioner.catalogue import check_inventory, load_inventory
from provisioner.doctor.cluster import examine_cluster
from provisioner.doctor.finding import Finding, Verdict
from provisioner.doctor.installation import examine_installation
from provisioner.doctor.look import setup_of
from provisioner.doctor.outward import examine_holidays, examine_mail
from provisioner.drivers.hypervisor import Hypervisor
from provisioner.settings import Settings
from provisioner.texts import say

__all__ = ["Finding", "Verdict", "examine"]


def examine(settings: Settings, hypervisor: Callable[[str], Hypervisor]) -> Iterator[Finding]:
    """Every finding as soon as it is made; nothing is changed anywhere.

    ``hypervisor`` gives the driver of a cluster by name.
    """
    yield from examine_installation(settings)
    faults = check_inventory(settings)
    for fault in faults:
        yield Finding("inventory", "failed", fault.what)
    if not faults:
        yield Finding("inventory", "ok", say("All files are sound."))
    inventory = None if faults else load_inventory(settings)
    if inventory is not None:
        yield from examine_holidays(inventory)
    yield from examine_mail(settings)
    if not settings.clusters:
        yield Finding(
            "clusters", "failed", say("None is configured."),
            say("Add a section [clusters.NAME] to provisioner.toml; docs/operations.md says how."),
        )  # fmt: skip
    for name, cluster in settings.clusters.items():
        yield from examine_cluster(setup_of(name, cluster, inventory), hypervisor)
