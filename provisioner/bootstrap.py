"""The composition root: the only place that reads settings and chooses drivers."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
)

from provisioner import schema
from provisioner.approvals.service import ApprovalService
from provisioner.catalogue import Inventory, load_inventory
from provisioner.database import Database
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.ssh import SshSeat
from provisioner.errors import Misconfigured
from provisioner.housekeeping import Housekeeping
from provisioner.instances.service import InstanceService
from provisioner.outbox import Outbox
from provisioner.people.service import PeopleService
from provisioner.plans.service import PlanService
from provisioner.reports.service import ReportService
from provisioner.reports.writeback import WriteBack
from provisioner.requests.files import LetterFiles
from provisioner.requests.service import REQUEST_CLOSED, RequestService
from provisioner.runs.engine import Engine, EngineClient, EngineSerializer
from provisioner.runs.journal import RUN_FINISHED
from provisioner.runs.reconcile import requeue_lost
from provisioner.runs.runner import Runner, Tools
from provisioner.runs.service import RunService
from provisioner.runs.starting import PlannedRuns
from provisioner.runs.steps.registry import VM_ACTIONS
from provisioner.secrets import Handovers, SecretStore
from provisioner.services.cloud_vps.details import parse_details
from provisioner.services.cloud_vps.planning import CloudVpsPlanning
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
    people: PeopleService
    requests: RequestService
    plans: PlanService
    approvals: ApprovalService
    runs: RunService
    reports: ReportService
    instances: InstanceService
    secrets: SecretStore
    handovers: Handovers
    outbox: Outbox
    engine: Engine
    client: EngineClient
    housekeeping: Housekeeping

    def start(self, *, worker: bool) -> None:
        """With ``worker`` carry out runs in this process. Raises Conflict(``engine-running``)."""
        if worker:
            self.engine.start()
            self.outbox.start()
            self.housekeeping.start()

    def stop(self) -> None:
        """End what ``start`` began and give all connections back."""
        self.housekeeping.stop()
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
    clusters = {name: hypervisor(settings, name) for name in settings.clusters}
    seat = SshSeat(partial(settings.secret, settings.ssh.identity))
    office_key = _office_key(settings)
    planning = CloudVpsPlanning(inventory, settings.clusters, clusters, seat, office_key)
    plans = PlanService(database, {"cloud_vps": planning})
    serializer = EngineSerializer(secrets.encrypt, secrets.decrypt)
    client = EngineClient(settings.absolute_database_url, serializer)
    outbox = Outbox(
        database,
        {
            REQUEST_CLOSED: lambda payload: plans.forget(int(payload["request_id"])),
            RUN_FINISHED: WriteBack(database, secrets, handovers, inventory.office.zone),
        },
    )
    tools = Tools(
        hypervisors=clusters,
        clusters=settings.clusters,
        seat=seat,
        secrets=secrets,
        office_key=office_key,
        actions=VM_ACTIONS,
        replan=plans.replan_pinned,
    )
    runner = Runner(database, tools, time.sleep, finished=outbox.wake)
    data_dir = settings.path(settings.data_dir)
    return Product(
        settings=settings,
        database=database,
        inventory=inventory,
        clusters=clusters,
        people=PeopleService(database),
        requests=RequestService(
            database,
            inventory,
            LetterFiles(data_dir / "letters"),
            {"cloud_vps": _cloud_vps_parser(inventory)},
        ),
        plans=plans,
        approvals=ApprovalService(database, PlannedRuns(client.enqueue)),
        runs=RunService(database, client.enqueue, client.wake),
        reports=ReportService(database, handovers, settings.web.public_url),
        instances=InstanceService(database),
        secrets=secrets,
        handovers=handovers,
        outbox=outbox,
        engine=Engine(settings.absolute_database_url, data_dir, serializer, runner.turn),
        client=client,
        housekeeping=Housekeeping(
            database,
            data_dir,
            [partial(requeue_lost, database, Engine.under_way, client.enqueue), Engine.prune],
        ),
    )


def hypervisor(settings: Settings, name: str) -> ProxmoxCluster:
    """The driver of one configured cluster; it connects at its first call."""
    cluster = settings.clusters[name]
    secret = partial(settings.secret, cluster.token_secret)
    return ProxmoxCluster(name, cluster, secret, settings.base)


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


def _cloud_vps_parser(inventory: Inventory) -> Callable[[Mapping[str, Any], bool], Any]:
    def parse(details: Mapping[str, Any], complete: bool) -> Any:
        if complete:
            return parse_details(details, inventory, complete=True)
        return parse_details(details, inventory, complete=False)

    return parse


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
