"""The composition root: the only place that reads settings and chooses drivers."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
)
from sqlalchemy.orm import Session

from provisioner import schema
from provisioner.approvals.service import ApprovalService
from provisioner.catalogue import Inventory, load_inventory
from provisioner.database import Database
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.drivers.ansible.runner import Runner as Playbooks
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.ios.platform import IosPlatform
from provisioner.drivers.network import NetworkPlatform, Reading, Result
from provisioner.drivers.openwrt import OpenWrtPlatform
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.ssh import SshSeat
from provisioner.errors import Misconfigured
from provisioner.facts.devices import DeviceSights
from provisioner.facts.rehearsal import rehearse
from provisioner.housekeeping import Housekeeping
from provisioner.instances.ending import Endings
from provisioner.instances.service import InstanceService
from provisioner.outbox import Outbox
from provisioner.people.service import PeopleService
from provisioner.plans.model import Plan
from provisioner.plans.planner import ServicePlanner
from provisioner.plans.service import PlanService
from provisioner.reports.posters import EarlyHandover, Posters
from provisioner.reports.service import ReportService
from provisioner.reports.writeback import WriteBack
from provisioner.requests.files import LetterFiles
from provisioner.requests.service import REQUEST_CLOSED, DetailsParser, RequestService
from provisioner.runs.configurations import ConfigurationFiles
from provisioner.runs.durations import measured
from provisioner.runs.engine import Engine, EngineClient, EngineSerializer
from provisioner.runs.journal import RUN_FINISHED, RUN_SCHEDULED
from provisioner.runs.reconcile import requeue_lost
from provisioner.runs.runner import Runner, Tools
from provisioner.runs.schedule import Clock, Schedule
from provisioner.runs.service import RunService
from provisioner.runs.starting import PlannedRuns
from provisioner.runs.steps.registry import ACTIONS
from provisioner.secrets import Handovers, SecretStore
from provisioner.services.cloud_vps.details import parse_details as parse_cloud_vps
from provisioner.services.cloud_vps.planning import CloudVpsPlanning
from provisioner.services.event_wifi.details import parse_details as parse_event_wifi
from provisioner.services.event_wifi.ending import off_plan
from provisioner.services.event_wifi.planning import EventWifiPlanning
from provisioner.settings import Settings
from provisioner.texts import say

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Product:
    """Everything, wired; ``start`` and ``stop`` are called by the process that serves."""

    settings: Settings
    database: Database
    inventory: Inventory
    clusters: Mapping[str, ProxmoxCluster]
    hosts: Hosts
    fleet: Fleet
    sights: DeviceSights
    people: PeopleService
    requests: RequestService
    plans: PlanService
    approvals: ApprovalService
    runs: RunService
    reports: ReportService
    instances: InstanceService
    secrets: SecretStore
    handovers: Handovers
    posters: Posters
    outbox: Outbox
    tools: Tools
    """What runs reach the world with."""
    engine: Engine
    client: EngineClient
    housekeeping: Housekeeping
    clock: Clock

    def look_around(self) -> None:
        """Log in to every network device once and remember how that went."""
        driven = [name for name, host in self.hosts().items() if self.fleet.drives(host)]
        self.fleet.read(dict.fromkeys(driven, ()))

    def start(self, *, worker: bool) -> None:
        """With ``worker`` carry out runs in this process. Raises Conflict(``engine-running``)."""
        if worker:
            self.engine.start()
            self.outbox.start()
            self.housekeeping.start()
            self.clock.start()

    def stop(self) -> None:
        """End what ``start`` began and give all connections back."""
        self.clock.stop()
        self.housekeeping.stop()
        self.outbox.stop()
        self.engine.stop()
        self.client.close()
        for cluster in self.clusters.values():
            cluster.close()
        self.database.close()


@dataclass(frozen=True)
class _World:
    """What lies outside: clusters, devices, guests; nothing connects before its first call."""

    clusters: Mapping[str, ProxmoxCluster]
    seat: SshSeat
    office_key: Callable[[], str]
    hosts: Hosts
    sights: DeviceSights
    access_points: OpenWrtPlatform
    fleet: Fleet


def build(settings: Settings) -> Product:
    """Wire the product. Raises Misconfigured with file, key and remedy."""
    inventory = load_inventory(settings)
    database = Database(settings.absolute_database_url)
    schema.check(database, str(settings.base / "provisioner.toml"))
    secrets = SecretStore(database, partial(settings.secret, settings.secrets.key))
    handovers = Handovers(database, secrets)
    world = _world(settings, database)
    serializer = EngineSerializer(secrets.encrypt, secrets.decrypt)
    client = EngineClient(settings.absolute_database_url, serializer)
    endings = Endings(database, client.enqueue, off_plan)
    durations = _Durations(database, inventory)
    plans = PlanService(database, _planners(settings, inventory, world, endings, durations))
    outbox = Outbox(
        database,
        {
            REQUEST_CLOSED: lambda payload: plans.forget(int(payload["request_id"])),
            RUN_SCHEDULED: EarlyHandover(database, secrets, handovers),
            RUN_FINISHED: WriteBack(database, secrets, handovers, inventory.office.zone),
        },
    )
    tools = _tools(settings, world, endings, secrets, plans)
    runner = Runner(database, tools, time.sleep, finished=outbox.wake)
    data_dir = settings.path(settings.data_dir)
    files = LetterFiles(data_dir / "letters")
    requests = RequestService(database, inventory, files, _parsers(inventory), secrets)
    return Product(
        settings=settings,
        database=database,
        inventory=inventory,
        clusters=world.clusters,
        hosts=world.hosts,
        fleet=world.fleet,
        sights=world.sights,
        people=PeopleService(database),
        requests=requests,
        plans=plans,
        approvals=ApprovalService(database, PlannedRuns(client.enqueue, durations.lead)),
        runs=RunService(database, client.enqueue, client.wake),
        reports=ReportService(database, handovers, settings.web.public_url),
        instances=InstanceService(database, requests),
        secrets=secrets,
        handovers=handovers,
        posters=Posters(database, inventory),
        outbox=outbox,
        tools=tools,
        engine=Engine(settings.absolute_database_url, data_dir, serializer, runner.turn),
        client=client,
        housekeeping=Housekeeping(
            database,
            data_dir,
            [partial(requeue_lost, database, Engine.under_way, client.enqueue), Engine.prune],
        ),
        clock=Clock([Schedule(database, client.enqueue, plans.replan_pinned).once, endings.once]),
    )


def _world(settings: Settings, database: Database) -> _World:
    hosts, sights = Hosts(settings), DeviceSights(database)
    access_points = OpenWrtPlatform(hosts, Playbooks.of(settings))
    return _World(
        clusters={name: hypervisor(settings, name) for name in settings.clusters},
        seat=SshSeat(partial(settings.secret, settings.ssh.identity)),
        office_key=_office_key(settings),
        hosts=hosts,
        sights=sights,
        access_points=access_points,
        fleet=network_fleet(settings, hosts, access_points, sights.keep),
    )


def _planners(
    settings: Settings,
    inventory: Inventory,
    world: _World,
    endings: Endings,
    durations: _Durations,
) -> Mapping[str, ServicePlanner]:
    return {
        "cloud_vps": CloudVpsPlanning(
            inventory, settings.clusters, world.clusters, world.seat, world.office_key
        ),
        "event_wifi": EventWifiPlanning(
            inventory, world.hosts, world.fleet.read, endings.facts, durations.at_place,
            partial(rehearse, world.access_points),
        ),
    }  # fmt: skip


def _parsers(inventory: Inventory) -> Mapping[str, DetailsParser]:
    return {
        "cloud_vps": lambda details, complete: parse_cloud_vps(
            details, inventory, complete=complete
        ),
        "event_wifi": lambda details, complete: parse_event_wifi(
            details, inventory, complete=complete
        ),
    }


def _tools(
    settings: Settings, world: _World, endings: Endings, secrets: SecretStore, plans: PlanService
) -> Tools:
    return Tools(
        hypervisors=world.clusters,
        clusters=settings.clusters,
        seat=world.seat,
        fleet=world.fleet,
        device_settings=settings.devices,
        configurations=ConfigurationFiles(settings.path(settings.data_dir) / "configurations"),
        endings=endings,
        secrets=secrets,
        office_key=world.office_key,
        actions=ACTIONS,
        replan=plans.replan_pinned,
    )


def hypervisor(settings: Settings, name: str) -> ProxmoxCluster:
    """The driver of one configured cluster; it connects at its first call."""
    cluster = settings.clusters[name]
    secret = partial(settings.secret, cluster.token_secret)
    return ProxmoxCluster(name, cluster, secret, settings.base)


def network_fleet(
    settings: Settings,
    hosts: Hosts,
    access_points: OpenWrtPlatform | None = None,
    seen: Callable[[Result[Reading]], None] = lambda results: None,
) -> Fleet:
    """The drivers of all network devices; they connect at their first call."""
    known_hosts = settings.path(settings.ssh.known_hosts)
    identity = partial(settings.secret, settings.ssh.identity)
    platforms: Mapping[str, NetworkPlatform] = {
        "cisco_ios": IosPlatform(hosts, settings.devices, known_hosts, identity),
        "openwrt": access_points or OpenWrtPlatform(hosts, Playbooks.of(settings)),
    }
    return Fleet(hosts, platforms, seen)


class _Durations:
    """How long switching a WiFi on took before, and how early it is begun therefore."""

    def __init__(self, database: Database, inventory: Inventory) -> None:
        self._database, self._inventory = database, inventory

    def at_place(self, place: str) -> timedelta:
        """As measured; zero where nobody knows."""
        with self._database.read() as session:
            return measured(session, "event_wifi", place) or timedelta()

    def lead(self, session: Session, plan: Plan) -> timedelta:
        """As measured, else what the catalogue says."""
        offer = self._inventory.event_wifi
        unknown = timedelta(seconds=offer.default_lead_seconds) if offer else timedelta()
        return measured(session, plan.service, str(plan.choices.get("place"))) or unknown


def upgrade_database(settings: Settings) -> None:
    """Make or upgrade all tables, ours and the engine's."""
    database = Database(settings.absolute_database_url)
    try:
        schema.upgrade(database)
    finally:
        database.close()


def run_worker(settings: Settings) -> None:
    """Carry out runs until the process is told to end."""
    product = build(settings)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    product.start(worker=True)
    try:
        ending.wait()
    finally:
        product.stop()


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
