"""What the pieces of the service desk are made from, and what each gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from provisioner.catalogue import Inventory
from provisioner.checks.service import CheckService
from provisioner.database import Database
from provisioner.instances.service import InstanceService
from provisioner.outbox import Handler
from provisioner.people.service import PeopleService
from provisioner.reports.labels import Labels
from provisioner.reports.posters import Posters
from provisioner.reports.service import ReportService
from provisioner.requests.files import LetterFiles
from provisioner.requests.service import RequestService
from provisioner.secrets import Handovers, SecretStore
from provisioner.settings import Settings

_Service = TypeVar("_Service")


@dataclass(frozen=True)
class Core:
    """What stands before the service desk."""

    settings: Settings
    database: Database
    inventory: Inventory
    secrets: SecretStore
    handovers: Handovers
    files: LetterFiles
    people: PeopleService
    requests: RequestService
    reports: ReportService
    instances: InstanceService
    checks: CheckService
    posters: Posters
    labels: Labels


@dataclass(frozen=True)
class Piece(Generic[_Service]):
    """One service, with what the outbox, housekeeping (5 min) and the clock (60 s) call of it."""

    service: _Service
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    chores: Sequence[Callable[[], object]] = ()
    watchers: Sequence[Callable[[], object]] = ()
