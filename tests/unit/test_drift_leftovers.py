"""What belongs to nobody, judged from listings and books made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioner.drivers.hypervisor import Machine, VolumeReading
from provisioner.facts.cloud_vps import mark
from provisioner.instances.leftovers import (
    Books,
    Cluster,
    Former,
    backups,
    disks,
    is_suspect,
    marks,
    pools,
    strangers,
    vm,
)
from provisioner.texts import say
from tests.unit.plans_world import SETTINGS, cluster, guest

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)
NUMBER, OLD = "VPS-2026-0001", "VPS-2024-0007"
BOOKS = Books(
    owned=frozenset({2001}),
    standing={2001: (NUMBER, AT - timedelta(days=30))},
    former=[],
    addresses=frozenset({"10.10.10.100"}),
    at_work=frozenset({"dinkes"}),
    at=AT,
    requests={OLD: (say("Done"), "dinkes")},
)


def seen(*volumes: VolumeReading, gone: set[int] | None = None, **more: Any) -> Cluster:
    vmids = {one.vmid or 0 for one in volumes} - {2001}
    gone_now = frozenset(vmids if gone is None else gone)
    return Cluster("dc1", SETTINGS, cluster(), volumes, more.get("pools", {}), gone_now)


def disk(vmid: int, **changes: Any) -> VolumeReading:
    base = VolumeReading(
        "pve1", "local-lvm", f"local-lvm:vm-{vmid}-disk-0", "images", vmid, 10.0,
        made_at=AT - timedelta(days=3),
    )  # fmt: skip
    return replace(base, **changes)


def backup(vmid: int, notes: str = "", **changes: Any) -> VolumeReading:
    name = f"backup:backup/vzdump-qemu-{vmid}-2026_01_01-00_00_00.vma.zst"
    base = VolumeReading(
        "pve1", "backup", name, "backup", vmid, 4.0, made_at=AT - timedelta(days=3), notes=notes
    )
    return replace(base, **changes)


def former() -> Former:
    return Former("vm-old", OLD, 2050, "old", AT - timedelta(days=5))


@pytest.mark.parametrize(
    ("volume", "gone", "found"),
    [
        (disk(2050), None, True),
        (disk(2050, made_at=None), None, True),
        (disk(2050), set(), False),
        (disk(2001), {2001}, False),
        (disk(700), None, False),
        (disk(2050, made_at=AT - timedelta(minutes=9)), None, False),
    ],
    ids=["left behind", "of unknown age", "its VM is there", "ours", "others' number", "young"],
)
def test_disks(volume: VolumeReading, gone: set[int] | None, found: bool) -> None:
    """Only what has one of our numbers, no VM, and is not in the making."""
    assert bool(list(disks(seen(volume, gone=gone), BOOKS))) is found


def test_a_disk_of_a_vm_that_once_was_ours_beyond_the_range() -> None:
    """The range may have been changed since."""
    once = replace(former(), vmid=700)
    (orphan,) = disks(seen(disk(700)), replace(BOOKS, former=[once]))
    assert orphan.number == OLD
    assert f"{OLD} of dinkes" in str(orphan.whose)


def test_names_that_a_shell_would_take_apart_are_quoted() -> None:
    (orphan,) = disks(seen(disk(2050, volume="x:vm-2050-disk-0; rm -rf /")), BOOKS)
    assert orphan.line == "pvesm free 'x:vm-2050-disk-0; rm -rf /'"


@pytest.mark.parametrize(
    ("volume", "found"),
    [
        (backup(2001, mark(NUMBER)), False),
        (backup(2001, "nightly"), False),
        (backup(2001, mark(OLD)), True),
        (backup(2001, "nightly", made_at=AT - timedelta(days=40)), True),
        (backup(2050, "nightly"), True),
        (backup(700, mark(OLD)), True),
        (backup(700, "somebody's"), False),
    ],
    ids=[
        "its own", "its own, by the job", "of an earlier VM", "by the job, of an earlier VM",
        "of nobody", "our mark, another number", "others'",
    ],
)  # fmt: skip
def test_backups(volume: VolumeReading, found: bool) -> None:
    assert bool(list(backups(seen(volume), BOOKS))) is found


def test_a_last_backup_is_told_to_be_kept_on_purpose() -> None:
    """By what its notes say; any other with our mark may be the last copy all the same."""
    notes = f"{mark(OLD)} by VPS-2026-0011; last backup"
    (last,) = backups(seen(backup(2050, notes, protected=True)), BOOKS)
    assert "on purpose" in str(last.advice)
    assert "protected" in str(last.advice)
    (other,) = backups(seen(backup(2050, mark(OLD))), BOOKS)
    assert "on purpose" not in str(other.advice)


def test_a_shared_volume_that_each_node_shows_is_told_once() -> None:
    both = [disk(2050), disk(2050)]
    assert len(list(disks(seen(*both), BOOKS))) == 1


def test_pools() -> None:
    """Empty ones of our naming, unless something of that department is being made."""
    shown = {
        "opd-dinkes": frozenset[int](), "opd-disdik": frozenset[int](), "opd-": frozenset[int](),
        "opd-pu": frozenset({2001}), "lab": frozenset[int](),
    }  # fmt: skip
    assert [one.key for one in pools(seen(pools=shown), BOOKS)] == ["pool:opd-disdik"]
    without = replace(seen(pools=shown), settings=SETTINGS.model_copy(update={"pool": None}))
    assert list(pools(without, BOOKS)) == []


def test_strangers() -> None:
    """What became ours while it was looked at is no stranger."""
    answering = {"10.10.10.100": ("server-opd", "tcp/22"), "10.10.10.150": ("server-opd", "icmp")}
    assert [one.key for one in strangers(answering, BOOKS)] == ["address:server-opd:10.10.10.150"]


@pytest.mark.parametrize(
    ("vmid", "changes", "suspect"),
    [
        (2050, {}, True),
        (2050, {"template": True}, False),
        (2001, {}, False),
        (700, {}, False),
        (700, {"tags": frozenset({"provisioner"})}, True),
    ],
)
def test_suspects(vmid: int, changes: dict[str, Any], suspect: bool) -> None:
    assert is_suspect(guest(vmid, **changes), SETTINGS, BOOKS) is suspect


def test_when_a_vm_was_made() -> None:
    """As the cluster notes it; unknown of older ones."""
    machine = Machine(
        vmid=2050, node="pve1", name="x", power="stopped", lock=None, uuid=None,
        description=mark(OLD), tags=frozenset(), template=False, cores=1, memory_mb=512,
        disks_gb={"scsi0": 10.0, "scsi1": 5.0}, digest="",
        options={"meta": "creation-qemu=10.0.2,ctime=1763780400"},
    )  # fmt: skip
    orphan = vm(machine, BOOKS)
    assert orphan.since == datetime.fromtimestamp(1763780400, UTC)
    assert (orphan.size_gb, orphan.number) == (15.0, OLD)
    assert orphan.line == "qm destroy 2050 --purge 1 --destroy-unreferenced-disks 1"
    assert vm(replace(machine, options={}), BOOKS).since is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"{mark(OLD)} department dinkes\n", OLD),
        ("a note\n\n" + mark(OLD), OLD),
        ("provisioner: request", None),
        ("", None),
    ],
)
def test_marks(text: str, number: str | None) -> None:
    assert marks(text) == number
