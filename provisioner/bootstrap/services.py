"""What each service brings: how its requests are read and planned, and how its work ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from provisioner.bootstrap.troubleshooting import remedy_sight, trouble_sight
from provisioner.bootstrap.world import World
from provisioner.catalogue import Inventory
from provisioner.checks.chain import Chain
from provisioner.checks.tables import CheckRow
from provisioner.database import Database, now
from provisioner.facts.cloud_vps import VmRecord
from provisioner.facts.colocation import ServerRecord
from provisioner.facts.event_wifi import ChangedOutside
from provisioner.facts.internet import SiteRecord
from provisioner.facts.rehearsal import rehearse
from provisioner.instances.ending import Endings, OffPlan
from provisioner.instances.making import COLOCATION, EVENT_WIFI, SITE
from provisioner.instances.model import Instance
from provisioner.instances.network_drift import NetworkDriftService
from provisioner.instances.records import server_record, site_record, vm_record
from provisioner.plans import store as plans
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Plan
from provisioner.plans.planner import ServicePlanner
from provisioner.requests.intake import DetailsParser
from provisioner.runs.durations import measured
from provisioner.services.cloud_vps.details import parse_details as parse_cloud_vps
from provisioner.services.cloud_vps.planning import CloudVpsPlanning
from provisioner.services.colocation import ending as colocation_ending
from provisioner.services.colocation.details import parse_details as parse_colocation
from provisioner.services.colocation.planning import ColocationPlanning
from provisioner.services.event_wifi import ending as event_wifi_ending
from provisioner.services.event_wifi.details import parse_details as parse_event_wifi
from provisioner.services.event_wifi.planning import EventWifiPlanning
from provisioner.services.internet import ending as internet_ending
from provisioner.services.internet.details import parse_details as parse_internet
from provisioner.services.internet.planning import InternetPlanning
from provisioner.services.network_settling import SETTLE, WithSettling, parse_settle
from provisioner.services.troubleshooting.details import parse_details as parse_trouble
from provisioner.services.troubleshooting.planning import TroubleshootingPlanning
from provisioner.settings import Settings


def planners_of(
    settings: Settings,
    database: Database,
    inventory: Inventory,
    world: World,
    endings: Endings,
    durations: Durations,
    outside: ChangedOutside,
    drift: NetworkDriftService,
    chain_of: Callable[[str], Chain],
) -> Mapping[str, ServicePlanner]:
    """By service: how it is planned."""
    settling = partial(WithSettling, hosts=world.hosts, read=drift.read, record_of=drift.record)
    books = partial(_books, database)
    second_above = settings.devices.second_approver_above
    return {
        "cloud_vps": CloudVpsPlanning(
            inventory, settings.clusters, world.clusters, world.seat, world.office_key,
            partial(_vm_of, database),
        ),
        "event_wifi": settling(EventWifiPlanning(
            inventory, world.hosts, world.fleet.read, endings.facts, durations.at_place,
            partial(rehearse, world.fleet), outside, second_above, books,
        )),
        "colocation": settling(ColocationPlanning(
            inventory, world.hosts, world.fleet.read, world.seat, partial(_server_of, database),
            outside, second_above,
        )),
        "internet": settling(InternetPlanning(
            inventory, world.hosts, world.fleet.read, partial(_site_of, database), outside,
            second_above, books,
        )),
        "troubleshooting": TroubleshootingPlanning(
            partial(trouble_sight, chain_of, partial(_department_of, database)),
            partial(remedy_sight, inventory.network, world.hosts, partial(_has_check, database)),
        ),
    }  # fmt: skip


def _vm_of(database: Database, instance_id: str) -> VmRecord | None:
    with database.read() as session:
        return vm_record(session, session.get(Instance, instance_id))


def _server_of(database: Database, instance_id: str) -> ServerRecord | None:
    with database.read() as session:
        return server_record(session, session.get(Instance, instance_id))


def _site_of(database: Database, instance_id: str) -> SiteRecord | None:
    with database.read() as session:
        return site_record(session, session.get(Instance, instance_id))


def _department_of(database: Database, instance_id: str) -> str | None:
    with database.read() as session:
        found = session.get(Instance, instance_id)
        return found.department_id if found else None


def _has_check(database: Database, id: str) -> bool:
    with database.read() as session:
        return session.get(CheckRow, id) is not None


def _books(database: Database) -> Ledger:
    """All that is claimed by anybody now."""
    with database.read() as session:
        return plans.ledger(session, 0, now())


def _parser(parse: Any, inventory: Inventory, *, settles: bool = False) -> DetailsParser:
    """``settles``: its differences are settled by the form that all network services share."""

    def parsed(details: Any, complete: bool) -> Any:
        action = details.get("action") if isinstance(details, Mapping) else None
        if settles and action == SETTLE:
            return parse_settle(details)
        return parse(details, inventory, complete=complete)

    return parsed


def parsers_of(inventory: Inventory) -> Mapping[str, DetailsParser]:
    """By service: how its details are read."""
    return {
        "cloud_vps": _parser(parse_cloud_vps, inventory),
        "event_wifi": _parser(parse_event_wifi, inventory, settles=True),
        "internet": _parser(parse_internet, inventory, settles=True),
        "colocation": _parser(parse_colocation, inventory, settles=True),
        "troubleshooting": _parser(parse_trouble, inventory),
    }


OFF_PLANS: Mapping[str, OffPlan] = {
    SITE: internet_ending.off_plan,
    EVENT_WIFI: event_wifi_ending.off_plan,
    COLOCATION: colocation_ending.off_plan,
}
"""By kind of instance: how its end is planned."""


class Durations:
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
