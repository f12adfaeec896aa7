"""Looking for faults, wired: who looks, who asks for it, who carries it out, who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from provisioner.bootstrap.world import World
from provisioner.catalogue import Inventory
from provisioner.checks import store
from provisioner.checks.alerts import Alerts
from provisioner.checks.catalogue import CATALOGUE
from provisioner.checks.chain import Net
from provisioner.checks.examining import Examiner
from provisioner.checks.finishing import Finishing
from provisioner.checks.looking import Looker
from provisioner.checks.model import Target
from provisioner.checks.rules.all import RULES
from provisioner.checks.schedule import CheckSchedule
from provisioner.checks.service import CheckService
from provisioner.checks.worker import CheckWorker
from provisioner.database import Database, now
from provisioner.drivers.network.intents import Security
from provisioner.drivers.office import OfficeOutlook
from provisioner.instances.checked import CheckedRecords
from provisioner.instances.drift import DriftService
from provisioner.instances.model import Instance, InstanceState
from provisioner.instances.network_drift import NetworkDriftService
from provisioner.instances.network_records import key_owners
from provisioner.instances.remedying import OnFinished, OnSubmitted
from provisioner.notifications import NOTIFY, Notifications
from provisioner.outbox import Handler
from provisioner.requests.intake import REQUEST_SUBMITTED
from provisioner.runs.configurations import ConfigurationHistory
from provisioner.settings import Settings


@dataclass(frozen=True)
class Checking:
    """The services, what a clock and housekeeping call, and what handles the outbox."""

    examiner: Examiner
    records: CheckedRecords
    service: CheckService
    worker: CheckWorker
    watchers: Sequence[Callable[[], object]]
    chores: Sequence[Callable[[], object]]
    handlers: Mapping[str, Handler]
    run_finished: Handler
    """Besides what else a finished run sets off."""


def checking_of(
    settings: Settings,
    database: Database,
    inventory: Inventory,
    world: World,
    network_drift: NetworkDriftService,
    vm_drift: DriftService,
    history: ConfigurationHistory,
    passphrase_of: Callable[[str], str | None],
) -> Checking:
    """All of it, on the clusters and devices of the configuration."""
    network, clusters = inventory.network, settings.clusters
    records = CheckedRecords(database, network, clusters, network_drift, vm_drift, history)
    looker = Looker(
        world.fleet, world.clusters, OfficeOutlook(), world.probes, records, settings.checks,
        partial(_key_of, database, passphrase_of),
    )  # fmt: skip
    examiner = Examiner(
        looker, records, lambda: network, world.hosts, tuple(clusters), settings.checks
    )
    notices = Notifications(settings.notifications.urls, settings.secret)
    finish = Finishing(database, records, Alerts(notices.announce, settings.web.public_url))
    worker = CheckWorker(database, examiner, finish)
    catalogue = {key: module.CHECK for key, module in CATALOGUE.items()}
    service = CheckService(database, examiner.ground, records, catalogue, RULES, worker.wake)
    every = [Target("site", key) for key in network.sites]
    every += [Target("cluster", name) for name in clusters]
    schedule = CheckSchedule(
        database, examiner.ground, records, lambda: every, settings.checks, inventory.office.zone
    )
    return Checking(
        examiner=examiner,
        records=records,
        service=service,
        worker=worker,
        watchers=(schedule.once,),
        chores=(partial(_prune, database, timedelta(days=settings.checks.keep_days)),),
        handlers={NOTIFY: notices.deliver, REQUEST_SUBMITTED: OnSubmitted(database, service)},
        run_finished=OnFinished(database, service),
    )


def _prune(database: Database, keep: timedelta) -> None:
    with database.write() as session:
        store.prune(session, now() - keep)


def _key_of(
    database: Database, passphrase_of: Callable[[str], str | None], net: Net
) -> tuple[Security, str] | None:
    """How somebody joins that network's WiFi; None where its passphrase is not kept."""
    query = select(Instance.facts).where(
        Instance.request_number == net.number, Instance.state != InstanceState.ENDED
    )
    with database.read() as session:
        facts: Mapping[str, Any] | None = session.scalars(query).first()
        owner = key_owners(session, [net.number]).get(net.number, net.number)
    security: Security | None = facts.get("security") if facts else None
    if security is None or security == "open":
        return ("open", "") if security else None
    key = passphrase_of(owner)
    return (security, key) if key else None
