"""What lies outside: clusters, devices, guests; here alone drivers are chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
)

from provisioner.database import Database
from provisioner.drivers import platforms
from provisioner.drivers.ansible.guests import Guests
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.drivers.ansible.runner import Runner as Playbooks
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.hypervisor import VolumeReading
from provisioner.drivers.network import Reading, Result
from provisioner.drivers.probe import Probes
from provisioner.drivers.probes import InventoryProbes
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.sessions.batches import Sessions
from provisioner.drivers.ssh import SshSeat
from provisioner.errors import Misconfigured
from provisioner.facts.devices import DeviceSights
from provisioner.settings import Settings
from provisioner.texts import say


@dataclass(frozen=True)
class World:
    """What lies outside: clusters, devices, guests; nothing connects before its first call."""

    clusters: Mapping[str, ProxmoxCluster]
    seat: SshSeat
    guests: Guests
    office_key: Callable[[], str]
    hosts: Hosts
    sights: DeviceSights
    fleet: Fleet
    probes: Probes

    def backups(self, cluster: str, vmid: int) -> Sequence[VolumeReading]:
        """What that cluster keeps of a VMID."""
        return self.clusters[cluster].backups(vmid)


def world_of(settings: Settings, database: Database) -> World:
    """The drivers that the configuration asks for."""
    hosts, sights, playbooks = Hosts(settings), DeviceSights(database), Playbooks.of(settings)
    return World(
        clusters={name: hypervisor(settings, name) for name in settings.clusters},
        seat=SshSeat(partial(settings.secret, settings.ssh.identity)),
        guests=Guests(playbooks),
        office_key=_office_key(settings),
        hosts=hosts,
        sights=sights,
        fleet=network_fleet(settings, hosts, sights.keep),
        probes=InventoryProbes(_sessions(settings, hosts)),
    )


def hypervisor(settings: Settings, name: str) -> ProxmoxCluster:
    """The driver of one configured cluster; it connects at its first call."""
    cluster = settings.clusters[name]
    secret = partial(settings.secret, cluster.token_secret)
    return ProxmoxCluster(name, cluster, secret, settings.base)


def network_fleet(
    settings: Settings,
    hosts: Hosts,
    seen: Callable[[Result[Reading]], None] = lambda results: None,
) -> Fleet:
    """The drivers of all network devices; they connect at their first call."""
    playbooks = replace(Playbooks.of(settings), identity=_identity(settings))
    means = platforms.Means(_sessions(settings, hosts), playbooks)
    driven = {name: platforms.platform(name, means) for name in platforms.names()}
    return Fleet(hosts, driven, seen)


def _sessions(settings: Settings, hosts: Hosts) -> Sessions:
    known_hosts = settings.path(settings.ssh.known_hosts)
    return Sessions(hosts, settings.devices, known_hosts, _identity(settings))


def _identity(settings: Settings) -> Callable[[], str]:
    """The office's private key for network devices."""
    return partial(settings.secret, settings.devices.identity or settings.ssh.identity)


def _office_key(settings: Settings) -> Callable[[], str]:
    """The public half of the office's identity, ``type base64``, computed once."""

    @cache
    def public() -> str:
        reference = settings.ssh.identity
        try:
            private = load_ssh_private_key(settings.secret(reference).encode() + b"\n", None)
        except ValueError as error:
            raise Misconfigured(
                "provisioner.toml",
                "ssh.identity",
                say(
                    "%(where)s is not an OpenSSH private key without a passphrase", where=reference
                ),
            ) from error
        return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    return public
