"""Whether the cluster has a VM set up as our record says."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.checks.machines import Judged, Values, result
from provisioner.checks.model import Check, Place, Result
from provisioner.checks.seen import Seen
from provisioner.errors import StepFailure
from provisioner.services.cloud_vps.drift import Finding
from provisioner.texts import say

CHECK = Check(
    "vm.settings",
    title=say("VM set up as planned"),
    proves=say("The cluster has the VM set up as our record says."),
    meaning=say("Somebody has changed the settings of the VM on the cluster."),
    next=say("Put it back or accept it, on the instance's page."),
    needs=frozenset({"vm"}),
)

_ELSEWHERE = ("gone", "power", "node", "name", "snapshot")
"""Told better by checks of their own, or harmless."""
_NETWORK = ("net", "firewall", "ipconfig", "nameserver")


def judge(seen: Seen) -> Iterator[Result]:
    """A result for each difference; a VM whose power or place differs is told of by others."""
    for vm in seen.chain.vms:
        place, read = Place("vm", vm.key), seen.settings.get(vm.key)
        if read is None:
            continue
        if isinstance(read, StepFailure):
            yield result(seen, CHECK, place, Judged(skipped=read.what))
            continue
        found = [each for each in read if not each.key.startswith(_ELSEWHERE)]
        for each in found:
            yield result(seen, CHECK, place, _judged(vm.name, each))
        if not found:
            yield result(seen, CHECK, place, Judged("-"))


def _judged(name: str, found: Finding) -> Judged:
    kind = "vm.network_changed" if found.key.startswith(_NETWORK) else "vm.changed"
    values: Values = {
        "vm": name, "what": found.what, "wanted": found.expected,
        "found": found.found,
    }  # fmt: skip
    return Judged(f"{found.key}: {found.expected} != {found.found}", kind, "weak", values)
