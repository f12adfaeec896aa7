"""The composition root: the only place that reads settings and chooses drivers."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from provisioner import schema
from provisioner.approvals.service import ApprovalService
from provisioner.bootstrap.checking import Checking, checking_of
from provisioner.bootstrap.core import Core
from provisioner.bootstrap.desk import Desk, desk_of
from provisioner.bootstrap.noticing import OUTWARD
from provisioner.bootstrap.people import terms_of
from provisioner.bootstrap.services import OFF_PLANS, Durations, parsers_of, planners_of
from provisioner.bootstrap.sight import passphrase_of, sight_of
from provisioner.bootstrap.world import World, hypervisor, network_fleet, world_of
from provisioner.catalogue import Inventory, load_inventory
from provisioner.checks.service import CheckService
from provisioner.checks.worker import CheckWorker
from provisioner.database import Database
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.facts.devices import DeviceSights
from provisioner.housekeeping import Housekeeping
from provisioner.instances.capacity import CapacityService
from provisioner.instances.drift import DriftService
from provisioner.instances.ending import Endings
from provisioner.instances.network_drift import NetworkDriftService
from provisioner.instances.orphans import OrphanService
from provisioner.instances.overview import OverviewService
from provisioner.instances.remedying import Remedies, both
from provisioner.instances.service import InstanceService
from provisioner.instances.terms import VmTerms
from provisioner.instances.upkeep import Upkeep
from provisioner.outbox import Handler, Outbox
from provisioner.people.service import PeopleService
from provisioner.plans.service import PlanService
from provisioner.reports.labels import Labels
from provisioner.reports.posters import EarlyHandover, Posters
from provisioner.reports.service import ReportService
from provisioner.reports.writeback import WriteBack
from provisioner.requests.files import LetterFiles
from provisioner.requests.service import REQUEST_CLOSED, RequestService
from provisioner.runs.configurations import ConfigurationHistory
from provisioner.runs.engine import Engine, EngineClient, EngineSerializer
from provisioner.runs.journal import RUN_FINISHED, RUN_SCHEDULED
from provisioner.runs.manual import ManualSteps
from provisioner.runs.outside import OutsideChanges
from provisioner.runs.reconcile import requeue_lost
from provisioner.runs.runner import Runner, Tools
from provisioner.runs.schedule import Clock, Schedule
from provisioner.runs.service import RunService
from provisioner.runs.starting import PlannedRuns
from provisioner.runs.steps.registry import ACTIONS
from provisioner.secrets import Handovers, SecretStore
from provisioner.settings import Settings
from provisioner.topology.service import TopologyService

__all__ = ["Product", "build", "hypervisor", "network_fleet", "run_worker", "upgrade_database"]


_OF_CORE = (
    "settings", "database", "inventory", "secrets", "handovers", "people", "requests", "reports",
    "instances", "checks", "posters", "labels",
)  # fmt: skip


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
    configurations: ConfigurationHistory
    network_drift: NetworkDriftService
    topology: TopologyService
    people: PeopleService
    requests: RequestService
    plans: PlanService
    approvals: ApprovalService
    runs: RunService
    manual: ManualSteps
    reports: ReportService
    instances: InstanceService
    secrets: SecretStore
    handovers: Handovers
    posters: Posters
    labels: Labels
    drift: DriftService
    orphans: OrphanService
    capacity: CapacityService
    overview: OverviewService
    checks: CheckService
    remedies: Remedies
    check_worker: CheckWorker
    desk: Desk
    outbox: Outbox
    couriers: Outbox
    """What waits for other people's servers."""
    tools: Tools
    """What runs reach the world with."""
    engine: Engine
    client: EngineClient
    housekeeping: Housekeeping
    clock: Clock
    watch: Clock
    """What looks at whole clusters, which may take a while."""

    def look_around(self) -> None:
        """Log in to every network device once and remember how that went."""
        driven = [name for name, host in self.hosts().items() if self.fleet.drives(host)]
        self.fleet.read(dict.fromkeys(driven, ()))

    def start(self, *, worker: bool) -> None:
        """With ``worker`` carry out runs in this process. Raises Conflict(``engine-running``)."""
        if worker:
            self.engine.start()
            self.outbox.start()
            self.couriers.start()
            self.housekeeping.start()
            self.clock.start()
            self.check_worker.start()
            self.watch.start()

    def stop(self) -> None:
        """End what ``start`` began and give all connections back."""
        self.watch.stop()
        self.clock.stop()
        self.check_worker.stop()
        self.housekeeping.stop()
        self.couriers.stop()
        self.outbox.stop()
        self.engine.stop()
        self.client.close()
        for cluster in self.clusters.values():
            cluster.close()
        self.database.close()


def build(settings: Settings) -> Product:
    """Wire the product. Raises Misconfigured with file, key and remedy."""
    inventory = load_inventory(settings)
    database = Database(settings.absolute_database_url)
    schema.check(database, str(settings.base / "provisioner.toml"))
    secrets = SecretStore(database, partial(settings.secret, settings.secrets.key))
    handovers = Handovers(database, secrets)
    world = world_of(settings, database)
    serializer = EngineSerializer(secrets.encrypt, secrets.decrypt)
    client = EngineClient(settings.absolute_database_url, serializer)
    endings = Endings(database, client.enqueue, OFF_PLANS)
    terms = VmTerms(settings.clusters, inventory)
    durations = Durations(database, inventory)
    history = ConfigurationHistory(settings.path(settings.data_dir) / "configurations")
    sight = sight_of(settings, database, inventory, world, secrets)
    kept = partial(passphrase_of, database, secrets)
    checking = checking_of(
        settings, database, inventory, world, sight.network_drift, sight.drift, history, kept
    )
    checks, outside = checking.service, OutsideChanges(database, history)
    plans = PlanService(
        database,
        planners_of(
            settings, database, inventory, world, endings, durations, outside,
            sight.network_drift, checks.chain,
        ),
    )  # fmt: skip
    files = LetterFiles(settings.path(settings.data_dir) / "letters")
    served = _desk(
        settings, database, inventory, world, secrets, handovers, client, checking, files
    )
    desk = desk_of(Core(files=files, **{name: served[name] for name in _OF_CORE}))
    handlers = _handlers(database, secrets, handovers, inventory, plans, terms, checking, desk)
    outbox = Outbox(database, handlers, without=OUTWARD)
    tools = _tools(settings, world, endings, secrets, plans, history, checks)
    runner = Runner(database, tools, time.sleep, finished=outbox.wake)
    data_dir = settings.path(settings.data_dir)
    engine = Engine(settings.absolute_database_url, data_dir, serializer, runner.turn)
    chores = [*_repairs(database, client), *checking.chores, *desk.chores]
    clock = _clock(database, client, plans, endings, terms)
    return Product(
        **served,
        desk=desk,
        plans=plans,
        approvals=ApprovalService(database, PlannedRuns(client.enqueue, durations.lead)),
        configurations=history,
        drift=sight.drift,
        orphans=sight.orphans,
        capacity=sight.capacity,
        network_drift=sight.network_drift,
        topology=sight.topology,
        outbox=outbox,
        couriers=Outbox(database, handlers, only=OUTWARD),
        tools=tools,
        engine=engine,
        client=client,
        housekeeping=Housekeeping(database, data_dir, chores),
        clock=clock,
        watch=Clock([*checking.watchers, *sight.watchers, *desk.watchers], every=60),
    )


def _desk(
    settings: Settings,
    database: Database,
    inventory: Inventory,
    world: World,
    secrets: SecretStore,
    handovers: Handovers,
    client: EngineClient,
    checking: Checking,
    files: LetterFiles,
) -> dict[str, Any]:
    """What people work with, by the names of ``Product``."""
    requests = RequestService(database, inventory, files, parsers_of(inventory), secrets)
    runs = RunService(database, client.enqueue, client.wake)
    instances = InstanceService(database, requests, world.backups)
    checks = checking.service
    return {
        "settings": settings,
        "database": database,
        "inventory": inventory,
        "clusters": world.clusters,
        "hosts": world.hosts,
        "fleet": world.fleet,
        "sights": world.sights,
        "people": PeopleService(database, terms_of(settings), secrets),
        "requests": requests,
        "runs": runs,
        "manual": ManualSteps(database, runs, files),
        "reports": ReportService(database, handovers, settings.web.public_url),
        "instances": instances,
        "checks": checks,
        "remedies": Remedies(database, checks, requests, instances, checking.records),
        "check_worker": checking.worker,
        "secrets": secrets,
        "handovers": handovers,
        "posters": Posters(database, inventory),
        "labels": Labels(database, settings.web.public_url),
        "overview": OverviewService(database),
    }


def _repairs(database: Database, client: EngineClient) -> list[Callable[[], object]]:
    """What keeps the engine's books in order."""
    return [partial(requeue_lost, database, Engine.under_way, client.enqueue), Engine.prune]


def _handlers(
    database: Database,
    secrets: SecretStore,
    handovers: Handovers,
    inventory: Inventory,
    plans: PlanService,
    terms: VmTerms,
    checking: Checking,
    desk: Desk,
) -> dict[str, Handler]:
    return {
        REQUEST_CLOSED: lambda payload: plans.forget(int(payload["request_id"])),
        RUN_SCHEDULED: EarlyHandover(database, secrets, handovers),
        RUN_FINISHED: both(
            WriteBack(database, secrets, handovers, inventory.office.zone, terms.grace),
            checking.run_finished,
        ),
        **checking.handlers,
        **desk.handlers,
    }


def _clock(
    database: Database,
    client: EngineClient,
    plans: PlanService,
    endings: Endings,
    terms: VmTerms,
) -> Clock:
    return Clock(
        [
            Schedule(database, client.enqueue, plans.replan_pinned).once,
            endings.once,
            Upkeep(database, client.enqueue, terms).once,
        ]
    )


def _tools(
    settings: Settings,
    world: World,
    endings: Endings,
    secrets: SecretStore,
    plans: PlanService,
    history: ConfigurationHistory,
    checks: CheckService,
) -> Tools:
    return Tools(
        hypervisors=world.clusters,
        clusters=settings.clusters,
        seat=world.seat,
        guests=world.guests,
        fleet=world.fleet,
        probes=world.probes,
        check_settings=settings.checks,
        device_settings=settings.devices,
        configurations=history,
        endings=endings,
        checks=checks,
        secrets=secrets,
        office_key=world.office_key,
        actions=ACTIONS,
        replan=plans.replan_pinned,
    )


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
