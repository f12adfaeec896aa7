"""What the doctor says of a cluster's nodes, storages, bridges, pool, backup job and numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.drivers.hypervisor import BackupJob, ClusterFacts, FirewallReading, FirewallRule
from provisioner.errors import Retriable
from provisioner.settings import ClusterSettings
from provisioner.texts import say
from tests.unit.doctor_world import Still, facts, findings, granted, ill, settings
from tests.unit.plans_world import guest, template

JOB = BackupJob("nightly", True, frozenset(), None, True, "local")


def test_a_sound_cluster_has_nothing_to_mend_and_few_calls() -> None:
    still = Still(job=JOB, pools_={"opd": frozenset()})
    config = settings(backup_job="nightly", backup_storage="local", pool="opd")
    found = findings(still, config)
    assert {f.verdict for f in found} == {"ok"}, [str(f.what) for f in found]
    assert sorted(still.calls) == sorted(
        ["rights", "facts", "pools", "backup_job", *["machine", "firewall"] * 3]
    )


def test_who_may_not_sign_in_learns_nothing_more() -> None:
    away = Retriable(say("It is away."), meaning=say("x"), next=say("Wait."))
    (found,) = findings(Still(rights_=away))
    assert (found.verdict, str(found.what), str(found.next)) == ("failed", "It is away.", "Wait.")


def one_node(**changes: object) -> ClusterFacts:
    base = facts()
    first, *rest = base.nodes
    return replace(base, nodes=(replace(first, **changes), *rest))  # type: ignore[arg-type]


def without(content: str, name: str = "local") -> ClusterFacts:
    base = facts()
    return replace(
        base,
        storages=tuple(
            replace(s, content=s.content - {content}) if s.name == name else s
            for s in base.storages
        ),
    )


def asleep(*nodes: str) -> ClusterFacts:
    base = facts()
    return replace(
        base,
        storages=tuple(
            replace(s, active=False) if s.name == "local-lvm" and s.node in nodes else s
            for s in base.storages
        ),
    )


def bare(node: str) -> ClusterFacts:
    return facts(bridges={**facts().bridges, node: frozenset({"vmbr7"})})


WITH_JOB = settings(backup_job="nightly")
OFF = FirewallReading(True, "DROP", False, (), frozenset(), on_cluster=False)


@pytest.mark.parametrize(
    ("still", "config", "verdict", "what", "command"),
    [
        (Still(facts_=facts(quorate=False)), settings(), "failed",
         "The cluster has no quorum; it refuses changes.", "pvecm status"),
        (Still(facts_=one_node(online=False)), settings(), "warning",
         "Node pve1 is offline.", None),
        (Still(facts_=one_node(maintenance=True)), settings(), "warning",
         "Node pve1 is in maintenance; nothing new goes there.",
         "ha-manager crm-command node-maintenance disable pve1"),
        (Still(facts_=without("images", "local-lvm")), settings(), "failed",
         "No node has an active storage local-lvm for disks.",
         "pvesm set local-lvm --content images,rootdir"),
        (Still(), settings(disk_storage="nowhere"), "failed",
         "No node has an active storage nowhere for disks.", "pvesm status"),
        (Still(facts_=asleep("pve2")), settings(), "warning",
         "Storage local-lvm is not active on pve2.", "pvesm status"),
        (Still(facts_=asleep("pve1", "pve2", "pve3")), settings(), "failed",
         "No node has an active storage local-lvm for disks.", "pvesm status"),
        (Still(facts_=without("backup")), settings(backup_storage="local"), "failed",
         "No node has an active storage local for backups.",
         "pvesm set local --content backup,import,iso"),
        (Still(facts_=without("import")), settings(), "warning",
         "No storage takes images for `provisioner template import`.",
         "pvesm set local --content backup,import,iso"),
        (
            Still(),
            settings(backup_storage=None),
            "warning",
            "There are no backups before a server ends: `backup_storage` is not set.",
            None,
        ),
        (Still(facts_=bare("pve3")), settings(), "warning",
         "Network server-opd: bridge vmbr0 is missing on pve3.", None),
        (Still(), WITH_JOB, "failed", "There is no backup job nightly.",
         "pvesh create /cluster/backup --id nightly --storage local --schedule 21:00 --mode "
         "snapshot --all 1 --prune-backups keep-daily=7,keep-weekly=4 --enabled 1"),
        (Still(job=replace(JOB, enabled=False)), WITH_JOB, "failed",
         "The backup job nightly is switched off.",
         "pvesh set /cluster/backup/nightly --enabled 1"),
        (Still(job=replace(JOB, everything=False, pool="other")), WITH_JOB, "failed",
         "The backup job nightly covers the pool other only, which new servers are not in.",
         "pvesh set /cluster/backup/nightly --delete pool --all 1"),
        (Still(job=replace(JOB, storage="local-lvm")), WITH_JOB, "failed",
         "No node has an active storage local-lvm for backups.",
         "pvesm set local-lvm --content backup,images,rootdir"),
        (Still(firewall_=OFF), settings(), "warning",
         "The firewall of the datacenter is off; no server's rules count.",
         "pvesh set /cluster/firewall/options --enable 1"),
        (Still(rights_=granted(pool=frozenset({"Pool.Allocate"}))), settings(pool="opd"), "failed",
         "The pool opd is not there, and the token may not make it.", "pveum pool add opd"),
        (Still(facts_=facts(guests=(*facts().guests, guest(2005), guest(2007)))), settings(),
         "warning", "2 guests that are not ours have numbers of vmid_range: 2005, 2007.", None),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_the_line_that_mends_it(
    still: Still, config: ClusterSettings, verdict: str, what: str, command: str | None
) -> None:
    found = ill(still, config)
    assert what in found, list(found)
    assert found[what].verdict == verdict
    assert (found[what].commands or (None,))[0] == command


def test_our_own_servers_in_the_range_are_no_strangers() -> None:
    ours = guest(2005, tags=frozenset({"provisioner", "vps-2026-0001"}))
    assert not ill(Still(facts_=facts(guests=(*facts().guests, ours))))


def test_a_firewall_that_is_not_wanted_is_not_looked_at() -> None:
    still = Still(firewall_=OFF)
    assert not ill(still, settings(firewall=False))
    assert "firewall" not in still.calls


# ------------------------------------------------------------- templates (pitfalls 21, 25, 32)


def lacking(*keys: str, **more: str) -> Still:
    options = {k: v for k, v in Still().options.items() if k not in keys} | more
    return Still(options=options, facts_=alone())


def alone(**changes: object) -> ClusterFacts:
    """One node with one template."""
    base = facts()
    return replace(
        base,
        nodes=base.nodes[:1],
        templates=(template(9001, "pve1", **changes),),
        guests=base.guests[:1],
    )


RULED = FirewallReading(True, "DROP", False, (FirewallRule("tcp", 22, "old"),) * 2, frozenset())


@pytest.mark.parametrize(
    ("still", "verdict", "what", "command"),
    [
        (Still(facts_=alone(cloud_init=False)), "failed",
         "Template 9001 has no cloud-init drive.", "qm set 9001 --ide2 local-lvm:cloudinit"),
        (lacking(cicustom="user=local:snippets/x"), "failed",
         "Template 9001 has user data of its own, which replaces ours.",
         "qm set 9001 --delete cicustom"),
        (Still(facts_=alone(agent=False)), "warning",
         "Template 9001 does not use the guest agent.", "qm set 9001 --agent enabled=1"),
        (lacking("serial0"), "warning",
         "Template 9001 has no serial console, which cloud images write to.",
         "qm set 9001 --serial0 socket --vga serial0"),
        (lacking("boot"), "warning", "Template 9001 does not boot from scsi0 first.",
         "qm set 9001 --boot order=scsi0"),
        (lacking("scsihw"), "warning", "Template 9001 has a slow controller for its disk.",
         "qm set 9001 --scsihw virtio-scsi-single"),
        (Still(facts_=alone(disk="ide0")), "warning",
         "The disk of template 9001 is on the slow bus ide0.", None),
        (Still(facts_=alone(net0="virtio=BC:24:11:00:00:01,bridge=vmbr9,firewall=0,mtu=1")),
         "warning",
         "The network card of template 9001 has its firewall off; rules of a server made from it "
         "may not count.",
         "qm set 9001 --net0 virtio=BC:24:11:00:00:01,bridge=vmbr9,mtu=1,firewall=1"),
        (Still(facts_=alone(), firewall_=RULED), "warning",
         "Template 9001 has 2 firewall rules, which every server made from it gets too.",
         "pvesh get /nodes/pve1/qemu/9001/firewall/rules"),
        (Still(facts_=alone(), lock="clone"), "warning", "Template 9001 is locked (clone).",
         "qm unlock 9001"),
        (Still(facts_=replace(facts(), templates=facts().templates[:2])), "warning",
         "Image debian-13: its template is on a local storage, and there is none on pve3.", None),
        (Still(facts_=replace(alone(), templates=(), guests=())), "failed",
         "Image debian-13: no template has the tag tpl-debian-13.", None),
        (Still(facts_=replace(
            alone(), templates=(), guests=(guest(9001, tags=frozenset({"tpl-debian-13"})),))),
         "failed", "Image debian-13: VM 9001 is no template.", "qm template 9001"),
    ],
)  # fmt: skip
def test_each_missing_part_of_a_template_is_named_with_its_line(
    still: Still, verdict: str, what: str, command: str | None
) -> None:
    found = ill(still)
    assert what in found, list(found)
    assert found[what].verdict == verdict
    assert (found[what].commands or (None,))[0] == command
