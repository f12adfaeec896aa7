"""Judges of clusters, nodes, storages, tasks and public services, and what is foreign to a VM."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioner.checks.model import Place, Target
from provisioner.checks.rules.all import RULES
from provisioner.drivers.hypervisor.failures import CertificateChanged, TokenRefused
from provisioner.drivers.hypervisor.health import FailedTask
from provisioner.drivers.outlook import Fetched
from provisioner.errors import ActionNeeded, Retriable, StepFailure
from provisioner.instances.service import ACTIONS
from provisioner.texts import render, say
from tests.unit.cluster_seen import HEALTH, NOW, URL, VM, findings, node, results, seen, storage

CLUSTER = Target("cluster", "dc1")
SOON = NOW + timedelta(days=13)


def failed(id: str, hours: float = 1, kind: str = "vzdump") -> FailedTask:
    return FailedTask("pve1", kind, id, NOW - timedelta(hours=hours), "job errors")


def with_storage(*readings: Any) -> dict[str, Any]:
    names = {(each.node, each.name) for each in readings}
    kept = [each for each in HEALTH.storages if (each.node, each.name) not in names]
    return {"storages": (*kept, *readings)}


FULL = storage("pve1", "shared", "images", True, used=95)


@pytest.mark.parametrize(
    ("cluster", "key", "part", "weight"),
    [
        ({"quorate": False}, "cluster.no_quorum", "", "broken"),
        ({"nodes": (node("pve1", online=False), node("pve2"))}, "node.offline", "pve1", "broken"),
        ({"nodes": (node("pve1", cpu_percent=99.0),)}, "node.cpu", "pve1", "weak"),
        ({"nodes": (node("pve1", memory_percent=97.0),)}, "node.memory", "pve1", "weak"),
        ({"nodes": (node("pve1", root_percent=91.0),)}, "node.root_full", "pve1", "weak"),
        ({"nodes": (node("pve1", root_percent=96.0),)}, "node.root_full", "pve1", "broken"),
        ({"nodes": (node("pve1", clock_offset=-31.0),)}, "node.clock", "pve1", "weak"),
        ({"nodes": (node("pve1", certificate_until=SOON),)},
         "certificate.expiring", "pve1", "weak"),
        ({"nodes": (node("pve1", certificate_until=NOW),)},
         "certificate.expired", "pve1", "broken"),
        (with_storage(FULL), "storage.full", "shared", "broken"),
        (with_storage(replace(FULL, free_gb=10)), "storage.filling", "shared", "weak"),
        (with_storage(replace(FULL, active=False), replace(FULL, node="pve2", active=False)),
         "storage.inactive", "shared", "broken"),
        (with_storage(storage("pve1", "backup", "backup", True, 99)),
         "storage.full", "backup", "weak"),
        ({"failed": (failed("2001"), failed("2001", 2))}, "task.failed", "", "weak"),
    ],
)  # fmt: skip
def test_one_finding_for_one_fault(
    cluster: dict[str, Any], key: str, part: str, weight: str
) -> None:
    read = seen({"backups": ()} if key == "task.failed" else None, cluster=cluster)
    (found,) = [found for found in findings(read) if found.key != "vm.backup_none"]
    assert (found.key, found.place.part, found.weight) == (key, part, weight)
    rule = next(rule for rule in RULES if rule.finding == key)
    filled = replace(rule.cause, values={"place": str(found.place), **found.values})
    assert render(filled, "id") != render(filled, "en")


@pytest.mark.parametrize(
    "cluster",
    [
        {"nodes": (node("pve1"), node("pve2", online=False, clock_offset=900.0))},
        with_storage(storage("pve2", "local-lvm", "images", False, 99)),
        with_storage(storage("pve1", "local-lvm", "images", False, 99)),
        with_storage(storage("pve1", "isos", "iso", True, 99)),
        with_storage(replace(FULL, node="pve2", active=False)),
        {"failed": (failed("101"), failed(""), failed("2001", kind="vncproxy"))},
        {"failed": (failed("2001", hours=20),)},
        {"nodes": (node("pve1", cpu_percent=None, memory_percent=None, root_percent=None,
                        clock_offset=None, certificate_until=None),)},
        {"untold": {"quorum": "403"}, "quorate": True},
    ],
)  # fmt: skip
def test_what_does_not_concern_the_vm_is_no_finding(cluster: dict[str, Any]) -> None:
    assert findings(seen(cluster=cluster)) == []


def test_a_cluster_as_target_is_looked_at_whole() -> None:
    cluster = {
        "nodes": (node("pve1"), node("pve2", online=False)),
        "failed": (failed("101"), failed("")),
        **with_storage(storage("pve1", "local-lvm", "images", False, 99)),
    }
    read = seen(cluster=cluster, target=CLUSTER)
    assert {(found.key, found.place) for found in findings(read)} == {
        ("node.offline", Place("node", "dc1", "pve2")),
        ("task.failed", Place("cluster", "dc1")),
        ("storage.full", Place("storage", "dc1", "pve1/local-lvm")),
    }


def test_storages_of_a_node_that_is_off_are_not_blamed() -> None:
    away = [replace(s, active=False) for s in HEALTH.storages if s.node == "pve2"]
    nodes = (node("pve1"), node("pve2", online=False))
    read = seen(cluster={"nodes": nodes, **with_storage(*away)}, target=CLUSTER)
    assert {found.key for found in findings(read)} == {"node.offline"}


def test_tasks_that_could_not_be_read_are_not_green() -> None:
    read = seen(cluster={"untold": {"tasks pve1": "403"}})
    assert not [result for result in results(read) if result.check == "task.backup"]


TEXTS = {"meaning": say("m"), "next": say("n")}


@pytest.mark.parametrize(
    ("failure", "key"),
    [
        (Retriable(say("away"), **TEXTS), "cluster.unreachable"),
        (TokenRefused(say("no"), **TEXTS), "cluster.login"),
        (ActionNeeded(say("no right"), **TEXTS), "cluster.login"),
        (CertificateChanged(say("other"), **TEXTS), "cluster.certificate_changed"),
    ],
)
def test_a_cluster_that_could_not_be_asked(failure: StepFailure, key: str) -> None:
    read = seen(clusters={"dc1": failure}, vms={VM: failure})
    assert [found.key for found in findings(read)] == [key]
    left_out = [result for result in results(read) if result.check.startswith(("node", "storage"))]
    assert left_out
    assert all(result.skipped for result in left_out)


@pytest.mark.parametrize(
    ("fetched", "keys"),
    [
        (Fetched(URL, 404, 5.0), []),
        (Fetched(URL, 301, 5.0), []),
        (Fetched(URL, error="timeout"), ["service.down"]),
        (Fetched(URL, 502, 5.0), ["service.error"]),
        (Fetched(URL, 200, certificate_until=SOON), ["service.certificate_expiring"]),
        (
            Fetched(URL, 200, certificate_until=NOW, certificate_error="certificate has expired"),
            ["service.certificate_expired"],
        ),
        (
            Fetched(URL, 200, certificate_until=SOON, certificate_error="self-signed certificate"),
            ["service.certificate_invalid"],
        ),
    ],
)
def test_a_public_service(fetched: Fetched, keys: list[str]) -> None:
    assert [found.key for found in findings(seen(fetched={URL: fetched}))] == keys


def test_rules_offer_only_what_an_instance_can_do() -> None:
    actions = {action for found in ACTIONS.values() for action in found}
    offered = {name for rule in RULES for name in rule.remedies if name.startswith("instance.")}
    assert offered
    assert {name.removeprefix("instance.") for name in offered} <= actions
