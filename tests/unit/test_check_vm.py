"""Judges of VMs: what is found, what is left out, what is no finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioner.checks.model import Place, Target
from provisioner.checks.rules.all import RULES
from provisioner.drivers.hypervisor import GuestFacts, GuestReport
from provisioner.drivers.outlook import Reached
from provisioner.errors import Retriable
from provisioner.texts import render, say
from tests.unit.cluster_seen import (
    MACHINE,
    NOW,
    OURS,
    VM,
    VM_HEALTH,
    backup,
    findings,
    results,
    seen,
    snapshot,
)

SILENT = GuestReport(answering=False, detail="QEMU guest agent is not running")
PLACE = Place("vm", VM)


def test_all_in_order_is_all_green() -> None:
    found = results(seen())
    assert {result.check for result in found} == set(OURS)
    assert all(result.passed for result in found)


def test_each_place_has_one_result_of_each_check() -> None:
    found = results(seen(target=Target("cluster", "dc1")))
    assert len({(result.check, result.place) for result in found}) == len(found)


@pytest.mark.parametrize(
    ("vm", "key", "weight"),
    [
        ({"machine": None}, "vm.missing", "broken"),
        ({"machine": replace(MACHINE, power="stopped")}, "vm.stopped", "broken"),
        ({"machine": replace(MACHINE, power="paused"), "state": "io-error"}, "vm.paused", "broken"),
        ({"machine": replace(MACHINE, lock="backup")}, "vm.locked", "weak"),
        ({"report": SILENT, "inside": None}, "vm.agent", "weak"),
        (
            {"report": GuestReport(answering=True, addresses=frozenset({"10.10.10.99"}))},
            "vm.address",
            "broken",
        ),
        ({"report": GuestReport(answering=True)}, "vm.address", "broken"),
        ({"inside": GuestFacts(filesystems={"/": (9.5, 10), "/b": (1, 9)})},
         "vm.disk_full", "broken"),
        ({"inside": GuestFacts(filesystems={"/": (8.6, 10.0)})}, "vm.disk_filling", "weak"),
        ({"memory_percent": 99.5}, "vm.memory", "weak"),
        ({"backups": (backup(2.1),)}, "vm.backup_old", "weak"),
        ({"backups": (backup(91),)}, "vm.backup_none", "weak"),
        ({"backups": ()}, "vm.backup_none", "weak"),
        ({"snapshots": (snapshot(15), snapshot(1))}, "vm.snapshot_old", "weak"),
    ],
)  # fmt: skip
def test_one_finding_for_one_fault(vm: dict[str, Any], key: str, weight: str) -> None:
    (found,) = findings(seen(vm))
    assert (found.key, found.place, found.weight) == (key, PLACE, weight)
    rule = next(rule for rule in RULES if rule.finding == key and not rule.along)
    for text in (rule.cause, rule.next):
        filled = replace(text, values={"place": str(PLACE), **found.values})
        assert render(filled, "en")
        assert render(filled, "id") != render(filled, "en")


@pytest.mark.parametrize(
    "vm",
    [
        {"machine": replace(MACHINE, lock="backup"), "working": "vzdump"},
        {"report": None, "inside": None},
        {"report": SILENT, "inside": None, "uptime": 20.0},
        {"inside": GuestFacts(filesystems={"/": (8.4, 10.0), "/none": (0.0, 0.0)})},
        {"memory_percent": 98.0},
        {"memory_percent": None, "uptime": None},
        {"snapshots": (snapshot(13.9),)},
        {"backups": (backup(1.9), backup(30))},
        {"node_online": False, "machine": None, "untold": {"machine": "node pve1 is off"}},
    ],
)
def test_what_is_no_finding(vm: dict[str, Any]) -> None:
    assert findings(seen(vm)) == []


def test_a_vm_that_is_meant_to_be_off_may_be_off() -> None:
    off = {"machine": replace(MACHINE, power="stopped"), "report": None, "inside": None}
    silent = Reached("10.10.10.100", None, pinged=True, ports={22: None})
    assert findings(seen(off, point={"running": False}, reached={VM: silent})) == []


@pytest.mark.parametrize(
    ("untold", "check"),
    [("backups", "vm.backup"), ("snapshots", "vm.snapshot"), ("agent", "vm.disk")],
)
def test_what_was_not_told_is_left_out(untold: str, check: str) -> None:
    read = seen({"untold": {untold: "403"}, "backups": (), "snapshots": (), "inside": None})
    (result,) = [r for r in results(read) if r.check == check]
    assert result.passed is None
    assert "403" in str(result.skipped)


def test_a_fresh_backup_counts_although_a_storage_is_silent() -> None:
    assert findings(seen({"untold": {"backups": "storage pbs does not answer"}})) == []
    green = [r for r in results(seen({"untold": {"backups": "x"}})) if r.check == "vm.backup"]
    assert green[0].passed


@pytest.mark.parametrize(
    ("point", "passed"),
    [
        ({"backed_up": False}, None),
        ({"since": None}, None),
        ({"since": NOW - timedelta(days=1)}, True),
    ],
)
def test_no_backup_is_no_finding(point: dict[str, Any], passed: bool | None) -> None:
    read = seen({"backups": ()}, point=point)
    assert findings(read) == []
    assert {r.passed for r in results(read) if r.check == "vm.backup"} <= {passed}


def test_a_vm_that_could_not_be_read_is_left_out_and_told_to_be() -> None:
    away = Retriable(say("away"), meaning=say("m"), next=say("n"))
    failed = seen(vms={VM: away}, clusters={"dc1": away})
    assert [found.key for found in findings(failed)] == ["cluster.unreachable"]
    assert any(r.skipped and str(r.skipped) == "away" for r in results(failed))
    only_it = seen(vms={VM: away})
    [found] = findings(only_it)
    assert (found.key, found.weight) == ("vm.unread", "weak"), (
        "nothing is known is not: all is well"
    )


@pytest.mark.parametrize(
    ("reached", "keys"),
    [
        (Reached("a", None, pinged=True, ports={22: 2.0}), set()),
        (Reached("a", 1.0, pinged=True, ports={22: None}), {"vm.unreachable"}),
        (Reached("a", None, pinged=True, ports={22: None}), {"vm.unreachable", "vm.ping"}),
        (Reached("a", None, ports={22: None}), {"vm.unreachable"}),
        (
            Reached("a", None, pinged=True, ports={22: None}, refused=frozenset({22})),
            {"vm.unreachable"},
        ),
        (Reached("a", None, ports={22: None, 443: 3.0}), set()),
        (Reached("a", None), set()),
    ],
)
def test_from_the_office(reached: Reached, keys: set[str]) -> None:
    assert {found.key for found in findings(seen(reached={VM: reached}))} == keys


def test_judging_twice_says_the_same() -> None:
    assert results(seen()) == results(seen())
    assert VM_HEALTH.machine is MACHINE
