"""Imports every module that declares tables, so that ``Base.metadata`` is whole."""

from __future__ import annotations

from provisioner import events, idempotency, outbox, secrets
from provisioner.approvals import model as approvals
from provisioner.checks import tables as checks
from provisioner.database import Base
from provisioner.facts import capacity, devices
from provisioner.instances import looks
from provisioner.instances import model as instances
from provisioner.people import model as people
from provisioner.plans import record as plans
from provisioner.requests import model as requests
from provisioner.runs import model as runs

MODULES = (
    events,
    idempotency,
    outbox,
    secrets,
    approvals,
    capacity,
    checks,
    devices,
    instances,
    looks,
    people,
    plans,
    requests,
    runs,
)
METADATA = Base.metadata
