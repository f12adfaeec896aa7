"""One cluster from its certificate to its guests; each thing read once."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509

from provisioner.doctor.finding import Finding
from provisioner.doctor.look import Look, Setup, look
from provisioner.doctor.privileges import FIRST, version_of
from provisioner.doctor.rights import examine_rights
from provisioner.doctor.surroundings import examine_surroundings
from provisioner.doctor.templates import examine_templates
from provisioner.drivers.hypervisor import ClusterFacts, Hypervisor
from provisioner.errors import ProvisionerError, StepFailure
from provisioner.texts import say

_CERTIFICATE_DAYS = 21
_CONNECT_SECONDS = 5.0
OUR_TAG = "provisioner"
"""Every VM that we make carries it."""


def examine_cluster(setup: Setup, hypervisor: Callable[[str], Hypervisor]) -> Iterator[Finding]:
    """Every finding of one cluster; what cannot be read does not hide the rest."""
    subject = setup.subject
    try:
        seen = look(setup, hypervisor(setup.name))
    except StepFailure as failure:
        yield Finding(subject, "failed", failure.what, failure.next)
        return
    except ProvisionerError as error:
        yield Finding(subject, "failed", error.what)
        return
    yield from _version(seen)
    yield from examine_rights(seen)
    if seen.failure:
        yield Finding(subject, "failed", seen.failure.what, seen.failure.next)
        return
    yield from _nodes(seen, seen.facts)
    yield from _addresses(setup, seen.facts)
    yield from _numbers(setup, seen.facts)
    yield from examine_surroundings(seen)
    yield from examine_templates(seen)


def _version(seen: Look) -> Iterator[Finding]:
    subject, version = seen.setup.subject, version_of(seen.rights.version)
    if version is None:
        what = say("The cluster does not tell its version; it is taken for Proxmox VE 9.")
        yield Finding(subject, "warning", what)
    elif version < FIRST:
        what = say("Proxmox VE %(version)s is too old.", version=seen.rights.version)
        yield Finding(subject, "failed", what, say("Upgrade the cluster to version 8 or 9."))


def _nodes(seen: Look, facts: ClusterFacts) -> Iterator[Finding]:
    subject, count = seen.setup.subject, len(facts.nodes)
    version = seen.rights.version or "?"
    yield Finding(
        subject,
        "ok",
        say(
            "It answers and is trusted: %(count)s nodes, Proxmox VE %(version)s.",
            count=count,
            version=version,
        ),
    )
    if not facts.quorate:
        what = say("The cluster has no quorum; it refuses changes.")
        yield Finding(subject, "failed", what, say("See on a node:"), ("pvecm status",))
    for node in facts.nodes:
        if not node.online:
            yield Finding(subject, "warning", say("Node %(node)s is offline.", node=node.name))
        elif node.maintenance:
            what = say("Node %(node)s is in maintenance; nothing new goes there.", node=node.name)
            command = f"ha-manager crm-command node-maintenance disable {node.name}"
            todo = say("When the work on it is done, on one node:")
            yield Finding(subject, "warning", what, todo, (command,))


def _addresses(setup: Setup, facts: ClusterFacts) -> Iterator[Finding]:
    """Each URL on its own: calls go to the next one when a node is away, so it must answer too."""
    urls = setup.settings.urls
    if len(urls) == 1 < len(facts.nodes):
        what = say("Only one node's address is configured; while that node is away, all waits.")
        yield Finding(setup.subject, "warning", what, say("Add the other nodes to `urls`."))
    for url in urls:
        try:
            ends = _certificate_end(url)
        except (OSError, ValueError) as error:
            what = say("%(url)s does not answer: %(why)s", url=url, why=str(error))
            yield Finding(setup.subject, "warning", what, say("Check the node, or correct `urls`."))
            continue
        if ends - datetime.now(UTC) < timedelta(days=_CERTIFICATE_DAYS):
            yield Finding(
                setup.subject,
                "warning",
                say(
                    "The certificate of %(url)s ends on %(date)s.",
                    url=url,
                    date=ends.date().isoformat(),
                ),
                say(
                    "A node renews its own certificate about two weeks before; when it has, run "
                    "`provisioner trust %(cluster)s`.",
                    cluster=setup.name,
                ),
            )


def _certificate_end(url: str) -> datetime:
    """What is shown, trusted or not; nothing is sent."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 8006)
    try:
        shown = ssl.get_server_certificate(address, timeout=_CONNECT_SECONDS)
    except socket.gaierror as error:
        raise OSError(error.strerror) from error
    return x509.load_pem_x509_certificate(shown.encode()).not_valid_after_utc


def _numbers(setup: Setup, facts: ClusterFacts) -> Iterator[Finding]:
    """Strangers in our range are passed over, but they eat it, and someone counts on it too."""
    low, high = setup.settings.vmid_range
    others = sorted(g.vmid for g in facts.guests if low <= g.vmid <= high and OUR_TAG not in g.tags)
    if others:
        shown = ", ".join(map(str, others[:10])) + (" …" if len(others) > 10 else "")
        what = say(
            "%(count)s guests that are not ours have numbers of vmid_range: %(vmids)s.",
            count=len(others),
            vmids=shown,
        )
        todo = say("They are left alone. Better choose a range that nobody else uses.")
        yield Finding(setup.subject, "warning", what, todo)
