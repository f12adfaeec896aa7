"""What has to stand on a cluster around its servers: storages, bridges, pool, backup, firewall."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from provisioner.doctor.finding import Finding, Verdict
from provisioner.doctor.look import Look
from provisioner.drivers.hypervisor import BackupJob, ClusterFacts
from provisioner.errors import StepFailure
from provisioner.texts import Message, say


def examine_surroundings(look: Look) -> Iterator[Finding]:
    """All of it, from what was read."""
    yield from _storages(look)
    yield from _bridges(look)
    yield from _pool(look)
    yield from _job(look)
    yield from _firewall(look)


def _storages(look: Look) -> Iterator[Finding]:
    settings, facts = look.setup.settings, look.facts
    for name in sorted(look.setup.disk_storages):
        missing = say("No node has an active storage %(name)s for disks.", name=name)
        yield from _storage(look, name, "images", missing)
    if backups := settings.backup_storage:
        missing = say("No node has an active storage %(name)s for backups.", name=backups)
        yield from _storage(look, backups, "backup", missing)
    elif (offer := look.setup.offer) and offer.last_backup:
        yield Finding(
            look.setup.subject,
            "warning",
            say("There are no backups before a server ends: `backup_storage` is not set."),
            say("Set it in provisioner.toml, or last_backup: false in catalogue.yml."),
        )
    if not any("import" in storage.content for storage in facts.storages):
        files = sorted({s.name for s in facts.storages if s.content & {"iso", "vztmpl", "backup"}})
        yield Finding(
            look.setup.subject,
            "warning",
            say("No storage takes images for `provisioner template import`."),
            say("Allow it on one that keeps files. On one node:"),
            _content(facts, files[0], "import") if files else (),
        )


def _storage(look: Look, name: str, content: str, missing: Message) -> Iterator[Finding]:
    facts, subject = look.facts, look.setup.subject
    there = [storage for storage in facts.storages if storage.name == name]
    fitting = [storage for storage in there if content in storage.content]
    if not there:
        yield Finding(
            subject,
            "failed",
            missing,
            say("Correct the name in the configuration, or let the token see it. On one node:"),
            ("pvesm status",),
        )
    elif not fitting:
        todo = say("It is not allowed to hold them. On one node:")
        yield Finding(subject, "failed", missing, todo, _content(facts, name, content))
    elif away := sorted(storage.node for storage in fitting if not storage.active):
        all_away = len(away) == len(fitting)
        what = say("Storage %(name)s is not active on %(nodes)s.", name=name, nodes=", ".join(away))
        verdict: Verdict = "failed" if all_away else "warning"
        todo = say("See what is wrong with it, there:")
        yield Finding(subject, verdict, missing if all_away else what, todo, ("pvesm status",))


def _content(facts: ClusterFacts, name: str, more: str) -> tuple[str, ...]:
    """The whole list, since `pvesm set` replaces it."""
    present = {kind for s in facts.storages if s.name == name for kind in s.content}
    return (f"pvesm set {name} --content {','.join(sorted(present | {more}))}",)


def _bridges(look: Look) -> Iterator[Finding]:
    for key, network in (look.setup.networks or {}).items():
        bridges = look.facts.bridges.items()
        lacking = sorted(node for node, names in bridges if network.bridge not in names)
        if lacking:
            yield Finding(
                look.setup.subject,
                "warning",
                say(
                    "Network %(network)s: bridge %(bridge)s is missing on %(nodes)s.",
                    network=key,
                    bridge=network.bridge,
                    nodes=", ".join(lacking),
                ),
                say("Make the bridge, correct network.yml, or let the token see it (SDN.Audit)."),
            )
        elif network.vlan:
            yield Finding(
                look.setup.subject,
                "ok",
                say(
                    "Network %(network)s: bridge %(bridge)s is on every node; whether it is "
                    "VLAN-aware only a node itself shows.",
                    network=key,
                    bridge=network.bridge,
                ),
            )


def _pool(look: Look) -> Iterator[Finding]:
    """A pool is made when it is first needed, where the token may do so."""
    pool = look.setup.settings.pool
    if pool is None or look.pools is None or "{" in pool or pool in look.pools:
        return
    if look.rights.has(f"/pool/{pool}", "Pool.Allocate"):
        return
    what = say("The pool %(pool)s is not there, and the token may not make it.", pool=pool)
    yield Finding(
        look.setup.subject, "failed", what, say("On one node:"),
        (f"pveum pool add {shlex.quote(pool)}",),
    )  # fmt: skip


def _job(look: Look) -> Iterator[Finding]:
    job, wanted, subject = look.job, look.setup.settings.backup_job, look.setup.subject
    if wanted is None:
        return
    path = f"/cluster/backup/{wanted}"
    if isinstance(job, StepFailure):
        yield Finding(subject, "failed", job.what, job.next)
    elif job is None:
        storage = look.setup.settings.backup_storage or "STORAGE"
        scope = "--all 1"
        if (pool := look.setup.settings.pool) and "{" not in pool:
            scope = f"--pool {shlex.quote(pool)}"
        yield Finding(
            subject,
            "failed",
            say("There is no backup job %(job)s.", job=wanted),
            say("Make it, with a schedule and a retention of your own. On one node:"),
            (
                f"pvesh create /cluster/backup --id {wanted} --storage {storage} --schedule 21:00 "
                f"--mode snapshot {scope} --prune-backups keep-daily=7,keep-weekly=4 --enabled 1",
            ),
        )
    else:
        yield from _job_as_it_stands(look, job, path)


def _job_as_it_stands(look: Look, job: BackupJob, path: str) -> Iterator[Finding]:
    subject, pool = look.setup.subject, look.setup.settings.pool
    if not job.enabled:
        what = say("The backup job %(job)s is switched off.", job=job.id)
        yield Finding(
            subject, "failed", what, say("On one node:"), (f"pvesh set {path} --enabled 1",)
        )
    elsewhere = job.pool is not None and not job.everything and job.pool != pool
    if elsewhere:
        yield Finding(
            subject,
            "failed",
            say(
                "The backup job %(job)s covers the pool %(pool)s only, which new servers are not "
                "in.",
                job=job.id,
                pool=job.pool,
            ),
            say("Let it cover all guests, or give `pool` in provisioner.toml. On one node:"),
            (f"pvesh set {path} --delete pool --all 1",),
        )
    if job.storage and not _holds_backups(look.facts, job.storage):
        what = say("No node has an active storage %(name)s for backups.", name=job.storage)
        todo = say("The backup job %(job)s writes there. On one node:", job=job.id)
        yield Finding(subject, "failed", what, todo, _content(look.facts, job.storage, "backup"))
    if job.enabled and not elsewhere:
        yield Finding(subject, "ok", say("The backup job %(job)s runs.", job=job.id))


def _holds_backups(facts: ClusterFacts, name: str) -> bool:
    there = [storage for storage in facts.storages if storage.name == name]
    return any(storage.active and "backup" in storage.content for storage in there)


def _firewall(look: Look) -> Iterator[Finding]:
    """Told by any VM's firewall; without a template to look at it stays unknown."""
    if not look.setup.settings.firewall:
        return
    read = [sight.firewall for sight in look.templates if sight.firewall]
    if read and not read[0].on_cluster:
        yield Finding(
            look.setup.subject,
            "warning",
            say("The firewall of the datacenter is off; no server's rules count."),
            say(
                "First allow what the nodes themselves need (8006, 22 and the cluster's own "
                "traffic are allowed from the local network), then on one node:"
            ),
            ("pvesh set /cluster/firewall/options --enable 1",),
        )
