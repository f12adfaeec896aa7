"""Looks at one installation from its files to its clusters, and says what to mend and how."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from sqlalchemy.exc import SQLAlchemyError

from provisioner import schema
from provisioner.catalogue import CloudVpsOffer, Inventory, check_inventory, load_inventory
from provisioner.database import Database
from provisioner.drivers.hypervisor import ClusterFacts, Hypervisor, TemplateKey
from provisioner.errors import Misconfigured, ProvisionerError, StepFailure
from provisioner.secrets import SecretStore
from provisioner.settings import ClusterSettings, Settings
from provisioner.texts import Message, render, say

Verdict = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``next`` says what to do about it."""

    subject: str
    verdict: Verdict
    what: Message
    next: Message | None = None

    def to_json(self, language: str) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "verdict": self.verdict,
            "what": render(self.what, language),
            "next": render(self.next, language) if self.next else None,
        }


def examine(settings: Settings, hypervisor: Callable[[str], Hypervisor]) -> Iterator[Finding]:
    """Every finding as soon as it is made; nothing is changed anywhere.

    ``hypervisor`` gives the driver of a cluster by name.
    """
    yield _data_dir(settings)
    yield _private_file(settings, "secrets.key", settings.secrets.key)
    yield _database(settings)
    yield _identity(settings)
    faults = check_inventory(settings)
    for fault in faults:
        yield Finding("inventory", "failed", fault.what)
    if not faults:
        yield Finding("inventory", "ok", say("All files are sound."))
    inventory = None if faults else load_inventory(settings)
    if not settings.clusters:
        yield Finding(
            "clusters", "failed", say("None is configured."),
            say("Add a section [clusters.NAME] to provisioner.toml; docs/operations.md says how."),
        )  # fmt: skip
    for name, cluster in settings.clusters.items():
        yield from _cluster(name, cluster, inventory, hypervisor)


def _data_dir(settings: Settings) -> Finding:
    path = settings.path(settings.data_dir)
    try:
        with tempfile.NamedTemporaryFile(dir=path):
            return Finding("data_dir", "ok", say("%(path)s can be written to.", path=str(path)))
    except OSError as error:
        what = say("%(path)s cannot be written to: %(why)s", path=str(path), why=error.strerror)
        todo = say("Make the folder, owned by the account that runs provisioner.")
        return Finding("data_dir", "failed", what, todo)


def _private_file(settings: Settings, subject: str, reference: str) -> Finding:
    kind, _, name = reference.partition(":")
    try:
        settings.secret(reference)
    except Misconfigured as fault:
        return Finding(subject, "failed", fault.what, say("`provisioner init` makes a new one."))
    path = settings.path(Path(name))
    if kind == "file" and path.stat().st_mode & 0o077:
        what = say("%(path)s can be read by other accounts.", path=str(path))
        return Finding(subject, "failed", what, say("chmod 600 %(path)s", path=str(path)))
    return Finding(subject, "ok", say("It is there, and for its owner only."))


def _database(settings: Settings) -> Finding:
    database = Database(settings.absolute_database_url)
    try:
        schema.check(database, str(settings.base / "provisioner.toml"))
        count = SecretStore(database, lambda: settings.secret(settings.secrets.key)).check()
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        what = say("It does not answer: %(why)s", why=why)
        return Finding("database", "failed", what, say("Check database_url and the server."))
    except Misconfigured as fault:
        return Finding("database", "failed", fault.what)
    finally:
        database.close()
    return Finding("database", "ok", say("Up to date; %(count)s secrets can be read.", count=count))


def _identity(settings: Settings) -> Finding:
    reference = settings.ssh.identity
    finding = _private_file(settings, "ssh.identity", reference)
    if finding.verdict != "ok":
        return finding
    try:
        load_ssh_private_key(settings.secret(reference).encode() + b"\n", password=None)
    except ValueError:
        what = say("It is no OpenSSH private key without a passphrase.")
        todo = say("Make one with `ssh-keygen -t ed25519 -N ''`, or move it away and run init.")
        return Finding("ssh.identity", "failed", what, todo)
    return finding


def _cluster(
    name: str,
    cluster: ClusterSettings,
    inventory: Inventory | None,
    hypervisor: Callable[[str], Hypervisor],
) -> Iterator[Finding]:
    subject = f"clusters.{name}"
    offer = inventory.cloud_vps if inventory else None
    wanted = _templates(name, offer)
    try:
        facts = hypervisor(name).facts(tuple(wanted.values()))
    except StepFailure as failure:
        yield Finding(subject, "failed", failure.what, failure.next)
        return
    except ProvisionerError as error:
        yield Finding(subject, "failed", error.what)
        return
    count = len(facts.nodes)
    yield Finding(subject, "ok", say("It answers and is trusted: %(count)s nodes.", count=count))
    if not facts.quorate:
        what = say("The cluster has no quorum; it refuses changes.")
        yield Finding(subject, "failed", what, say("See `pvecm status` on a node."))
    for node in facts.nodes:
        if not node.online:
            what = say("Node %(node)s is offline.", node=node.name)
            yield Finding(subject, "warning", what)
    yield from _storages(subject, cluster, offer, facts)
    for image, key in wanted.items():
        yield _template(subject, image, key, facts)
    if inventory:
        yield from _bridges(subject, name, inventory, facts)


def _templates(cluster: str, offer: CloudVpsOffer | None) -> dict[str, TemplateKey]:
    return {
        image: TemplateKey(vmid=reference.vmid, tag=reference.tag)
        for image, entry in (offer.images if offer else {}).items()
        if (reference := entry.templates.get(cluster))
    }


def _storages(
    subject: str, cluster: ClusterSettings, offer: CloudVpsOffer | None, facts: ClusterFacts
) -> Iterator[Finding]:
    wanted = {cluster.disk_storage}
    if offer:
        wanted |= {size.disk_storage for size in offer.sizes.values() if size.disk_storage}
        wanted |= {image.disk_storage for image in offer.images.values() if image.disk_storage}
    present = {s.name for s in facts.storages if s.active and "images" in s.content}
    for storage in sorted(wanted - present):
        what = say("No node has an active storage %(name)s for disks.", name=storage)
        todo = say("Correct disk_storage, or allow content `images` on it.")
        yield Finding(subject, "failed", what, todo)


def _template(subject: str, image: str, key: TemplateKey, facts: ClusterFacts) -> Finding:
    found = [
        t
        for t in facts.templates
        if t.vmid == key.vmid
        or any(g.vmid == t.vmid and key.tag in g.tags for g in facts.guests if key.tag)
    ]
    if not found:
        what = say("The template of image %(image)s is not there.", image=image)
        todo = say("Make it, or let the token see it: VM.Audit and VM.Clone on its path.")
        return Finding(subject, "failed", what, todo)
    for template in found:
        if not template.cloud_init:
            what = say("Template %(vmid)s has no cloud-init drive.", vmid=template.vmid)
            todo = say("qm set %(vmid)s --ide2 STORAGE:cloudinit", vmid=template.vmid)
            return Finding(subject, "failed", what, todo)
        if not template.agent:
            what = say("Template %(vmid)s does not use the guest agent.", vmid=template.vmid)
            todo = say(
                "qm set %(vmid)s --agent 1, with qemu-guest-agent installed inside; else a person "
                "has to confirm each new server's host key.",
                vmid=template.vmid,
            )
            return Finding(subject, "warning", what, todo)
    return Finding(subject, "ok", say("Image %(image)s has its template.", image=image))


def _bridges(
    subject: str, name: str, inventory: Inventory, facts: ClusterFacts
) -> Iterator[Finding]:
    for key, network in inventory.network.networks.items():
        if network.cluster != name:
            continue
        lacking = [node for node, names in facts.bridges.items() if network.bridge not in names]
        if lacking:
            what = say(
                "Network %(network)s: bridge %(bridge)s is missing on %(nodes)s.",
                network=key,
                bridge=network.bridge,
                nodes=", ".join(sorted(lacking)),
            )
            yield Finding(subject, "warning", what, say("Make the bridge, or correct network.yml."))
